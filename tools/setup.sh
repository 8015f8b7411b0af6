#!/bin/sh
# Makes a fresh checkout ready for work: system packages, the locked Python environment, and the
# links by which Ansible and mypy find this tree as ansible_collections/anjianyun/datacenter.
# A second run finds everything there and takes under a second.
set -eu
cd "$(dirname "$0")/.."

# Debian's own interpreter, whatever stands before it on the PATH.
python=${PYTHON:-/usr/bin/python3}
profiles='test twin'

say() { printf 'setup: %s\n' "$*"; }

die() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

no_start=/usr/sbin/policy-rc.d
no_start_mark='# anjianyun.datacenter: no daemon starts while packages are installed'
no_cluster=/etc/postgresql-common/createcluster.d/anjianyun.conf

# Whatever a killed run left goes, too; a policy that the machine has of its own stays.
daemons_may_start() {
    if grep -qsF "$no_start_mark" "$no_start"; then rm -f "$no_start"; fi
    rm -f "$no_cluster"
}

daemons_may_not_start() {
    if [ ! -e "$no_start" ]; then
        printf '#!/bin/sh\n%s\nexit 101\n' "$no_start_mark" >"$no_start"
        chmod 755 "$no_start"
    fi
    mkdir -p "${no_cluster%/*}"
    echo 'create_main_cluster = false' >"$no_cluster"
}

# apt_install PACKAGE...: asks nothing, starts nothing.
apt_install() {
    [ "$(id -u)" = 0 ] || die "these packages are missing and only root can install them: $*"
    command -v apt-get >/dev/null || die "no apt-get here; install the counterparts of: $*"
    say "installing packages: $*"
    trap daemons_may_start EXIT
    trap 'exit 130' INT TERM
    daemons_may_not_start
    mkdir -p build/logs
    if ! { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q install -y \
        --no-install-recommends -o Dpkg::Options::=--force-confold \
        -o DPkg::Lock::Timeout=300 "$@"; } >build/logs/packages.log 2>&1 </dev/null; then
        tail -n 20 build/logs/packages.log >&2
        die "apt-get failed; all it said is in build/logs/packages.log"
    fi
    daemons_may_start
    trap - EXIT INT TERM
}

# What has to be there before the list of packages can be read at all.
bootstrap() {
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null || [ ! -e /etc/ssl/certs/ca-certificates.crt ]; then
        apt_install python3 python3-venv ca-certificates
    fi
    "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' ||
        die "$python is $("$python" --version); Python 3.11 to 3.13 is needed (PYTHON=... names another)"
    if ! cmp -s tools/bootstrap.txt build/bootstrap/bootstrap.txt; then
        say "installing uv and bindep"
        rm -rf build/bootstrap
        "$python" -m venv build/bootstrap
        build/bootstrap/bin/pip --disable-pip-version-check install -qq --require-hashes -r tools/bootstrap.txt
        cp tools/bootstrap.txt build/bootstrap/
    fi
}

packages() {
    # Asked again only when the list, the release or anything installed has changed.
    state="$(cat bindep.txt /etc/os-release | sha256sum) $(stat -c %Y.%s /var/lib/dpkg/status 2>/dev/null || true)"
    if [ "$state" = "$(cat build/bootstrap/packages 2>/dev/null)" ]; then return; fi
    # bindep ends with 1 when something is missing, and names it.
    # shellcheck disable=SC2086 # several profiles
    missing=$(build/bootstrap/bin/bindep --brief --file bindep.txt $profiles) || [ -n "$missing" ] ||
        die "bindep could not read bindep.txt"
    if [ -n "$missing" ]; then
        # shellcheck disable=SC2086 # several packages
        apt_install $missing
    fi
    printf '%s %s\n' "$(cat bindep.txt /etc/os-release | sha256sum)" \
        "$(stat -c %Y.%s /var/lib/dpkg/status 2>/dev/null || true)" >build/bootstrap/packages
}

# environment DIRECTORY INTERPRETER: the locked environment, with this tree in it as the collection.
environment() {
    if ! cmp -s uv.lock "$1/uv.lock" || ! cmp -s pyproject.toml "$1/pyproject.toml"; then
        say "installing the locked environment into $1"
        env -u VIRTUAL_ENV UV_PROJECT_ENVIRONMENT="$1" UV_PYTHON_DOWNLOADS=never \
            build/bootstrap/bin/uv sync -q --locked --compile-bytecode --python "$2"
        link_collection "$("$1/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
        cp uv.lock pyproject.toml "$1/"
    fi
}

# link_collection DIRECTORY: makes this tree importable from there.
link_collection() {
    mkdir -p "$1/ansible_collections/anjianyun"
    ln -sfn "$PWD" "$1/ansible_collections/anjianyun/datacenter"
}

bootstrap
packages
environment .venv "$python"
if [ ! -e build/typing/ansible_collections/anjianyun/datacenter/galaxy.yml ]; then
    link_collection build/typing
fi

# The tests run on the newest Python that is there, too; WITH_NEWEST=1 prepares for them.
if [ "${WITH_NEWEST:-0}" = 1 ]; then
    newest=$(sh tools/newest-python.sh "$python")
    if [ -n "$newest" ]; then environment build/venv-newest "$newest"; fi
fi
