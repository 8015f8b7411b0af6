#!/bin/sh
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What is asked of a server, one function a section: it prints what it found, and fails with a sentence on
# stderr when it cannot know. Plain POSIX, no file is written: no here-document either (bash makes a file of one).
# Comments that fill a line are taken out before this is sent. Databases: probes_database.sh.

LC_ALL=C
export LC_ALL
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

no() {
    echo "$*" >&2
    return 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# bounded SECONDS COMMAND...: where there is no timeout the command has to end by itself.
bounded() {
    bounded_s=$1
    shift
    if have timeout; then timeout "$bounded_s" "$@"; else "$@"; fi
}

# Words after which a secret may stand, and addresses with one inside, lose it before anything leaves.
mask() {
    sed -e 's#\(://[^:/@ ]*\):[^@/ ]*@#\1:***@#g' \
        -e 's/\([Pp][Aa][Ss][Ss][A-Za-z]*["'\'']*[ ]*[=: ][ ]*\)[^ ]*/\1***/g' \
        -e 's/\([Pp][Ww][Dd]["'\'']*[ ]*[=:][ ]*\)[^ ]*/\1***/g' \
        -e 's/\([A-Za-z_]*\([Ss][Ee][Cc][Rr][Ee][Tt]\|[Tt][Oo][Kk][Ee][Nn]\|[Kk][Ee][Yy]\)["'\'']*[ ]*[=:][ ]*\)[^ ]*/\1***/g' \
        -e '/mysql\|mariadb\|sshpass/s/ -p *[^ ]\{1,\}/ -p***/g' -e '/curl\|wget/s/ -u *\([^ :]*\):[^ ]*/ -u \1:***/g' \
        -e 's/\([Aa]uthorization: *[A-Za-z]* *\)[^ "'\'']*/\1***/g'
}

# run_as USER COMMAND...
run_as() {
    run_as_user=$1
    shift
    if [ "$(id -un)" = "$run_as_user" ]; then
        "$@"
    elif [ "$(id -u)" != 0 ]; then
        no "needs root or $run_as_user, is $(id -un)"
    elif have runuser; then
        runuser -u "$run_as_user" -- "$@"
    else
        su -s /bin/sh "$run_as_user" -c "exec $*"
    fi
}

probe_system() {
    echo "uid=$(id -u)"
    echo "hostname=$(hostname 2>/dev/null || uname -n)"
    echo "kernel=$(uname -r)"
    echo "machine=$(uname -m)"
    echo "libc=$(getconf GNU_LIBC_VERSION 2>/dev/null)"
    echo "init=$(cat /proc/1/comm 2>/dev/null)"
    echo "cpus=$(grep -c '^processor' /proc/cpuinfo)"
    echo "product=$(cat /sys/class/dmi/id/product_name 2>/dev/null)"
    sed -n 's/^MemTotal: *\([0-9]*\) kB/memory_kb=\1/p' /proc/meminfo
    echo "uptime_s=$(cut -d. -f1 /proc/uptime)"
    echo "clock=$(date +%s)"
    if [ -r /etc/os-release ]; then
        sed -n 's/^\([A-Z_]*\)=/os.\1=/p' /etc/os-release
    else
        echo "os.PRETTY_NAME=$(head -n 1 /etc/redhat-release /etc/debian_version 2>/dev/null | tail -n 1)"
    fi
}

probe_packages() {
    if have dpkg-query; then
        # shellcheck disable=SC2016  # for dpkg-query to put in
        dpkg-query -W -f 'dpkg\t${Package}\t${Version}\t${Architecture}\t${Status}\n'
        if have apt-cache; then
            bounded 30 apt-cache policy 2>/dev/null | sed -n 's/^ *[-0-9]* \(http[^ ]*\|file:[^ ]*\) .*/source\t\1/p' | mask | sort -u
        fi
    elif have rpm; then
        rpm -qa --qf 'rpm\t%{NAME}\t%{EPOCH}:%{VERSION}-%{RELEASE}\t%{ARCH}\tinstall ok installed\n'
    else
        no "neither dpkg-query nor rpm is there"
    fi
}

probe_changed() {
    [ "$A_VERIFY" = 1 ] || { no "not asked for"; return 1; }
    if have dpkg; then
        bounded "$A_LONG" dpkg -V 2>/dev/null
    elif have rpm; then
        bounded "$A_LONG" rpm -Va --nomtime 2>/dev/null
    else
        no "neither dpkg nor rpm is there"
        return 1
    fi
    # A finding makes either end with 1; 124 is the end of the time.
    [ $? -ne 124 ] || no "not done within $A_LONG s"
}

probe_services() {
    if [ "$(cat /proc/1/comm 2>/dev/null)" = systemd ] && have systemctl; then
        systemctl list-unit-files --no-legend --no-pager --type=service,timer,socket | sed 's/^/file /'
        systemctl list-units --all --plain --no-legend --no-pager --type=service | sed 's/^/unit /'
        systemctl list-timers --all --no-legend --no-pager | sed 's/^/timer /'
        for unit in /etc/systemd/system/*.service /usr/local/lib/systemd/system/*.service; do
            if [ ! -f "$unit" ] || [ -L "$unit" ]; then continue; fi
            sed -n "s#^ExecStart=#local ${unit##*/} #p" "$unit" | mask
        done
    else
        for link in /etc/rc[2345].d/S* /etc/runlevels/*/*; do
            [ -e "$link" ] && echo "started ${link##*/}"
        done
        for script in /etc/init.d/*; do
            [ -x "$script" ] && echo "script ${script##*/}"
        done
    fi
    return 0
}

probe_accounts() {
    sed -n 's/^\([^:]*\):[^:]*:\([0-9].*\)/passwd:\1:\2/p' /etc/passwd
    sed -n 's/^\([^:]*\):[^:]*:\([0-9].*\)/group:\1:\2/p' /etc/group
    # Of a password only how it is kept.
    if [ -r /etc/shadow ]; then
        awk -F: '{
            kind = "other"
            if ($2 == "") kind = "empty"
            else if ($2 ~ /^[!*]/) kind = "locked"
            else if ($2 ~ /^[$]1[$]/) kind = "md5"
            else if ($2 ~ /^[$]2[abxy]*[$]/) kind = "bcrypt"
            else if ($2 ~ /^[$]5[$]/) kind = "sha256"
            else if ($2 ~ /^[$]6[$]/) kind = "sha512"
            else if ($2 ~ /^[$]y[$]/) kind = "yescrypt"
            else if (length($2) == 13) kind = "des"
            print "shadow:" $1 ":" kind
        }' /etc/shadow
    else
        echo "noshadow:"
    fi
}

probe_sudo() {
    [ -r /etc/sudoers ] || { [ -e /etc/sudoers ] && { no "/etc/sudoers is not readable"; return 1; }; return 0; }
    for file in /etc/sudoers /etc/sudoers.d/*; do
        [ -f "$file" ] && sed -e '/^[[:space:]]*#/d' -e '/^[[:space:]]*$/d' -e "s#^#${file}	#" "$file"
    done | mask
}

probe_cron() {
    for file in /etc/crontab /etc/anacrontab /etc/cron.d/* /var/spool/cron/crontabs/* /var/spool/cron/*; do
        [ -f "$file" ] && [ -r "$file" ] && sed -e '/^[[:space:]]*#/d' -e '/^[[:space:]]*$/d' -e "s#^#${file}	#" "$file"
    done | mask
    for file in /etc/cron.hourly/* /etc/cron.daily/* /etc/cron.weekly/* /etc/cron.monthly/*; do
        [ -x "$file" ] && printf '%s\t%s\n' "$file" script
    done
    [ "$(id -u)" = 0 ] || no "the jobs of other users are not readable without root"
}

probe_mounts() {
    sed 's/^/mount /' /proc/self/mounts
    # A dead file server lets df wait for ever.
    bounded 10 df -Pk 2>/dev/null | sed -n '2,$s/^/df /p'
    bounded 10 df -Pi 2>/dev/null | sed -n '2,$s/^/inodes /p'
    grep -v '^[[:space:]]*#' /etc/fstab 2>/dev/null | sed -n 's/^\([^ \t][^ \t]*[ \t]*[^ \t]*[ \t]*[^ \t]*\).*/fstab \1/p'
    for disk in /sys/block/*; do
        [ -r "$disk/size" ] && echo "disk ${disk##*/} $(cat "$disk/size")"
    done
    return 0
}

sockets() {
    for table in tcp tcp6 udp udp6; do
        [ -r "/proc/net/$table" ] && sed "s/^/$table /" "/proc/net/$table"
    done
    return 0
}

probe_sockets() {
    sockets
    # shellcheck disable=SC2012  # one process for all of them, and only links are read
    ls -l /proc/[0-9]*/fd 2>/dev/null | sed -n -e 's#^/proc/\([0-9]*\)/fd:.*#pid \1#p' -e 's/.*socket:\[\([0-9]*\)\].*/inode \1/p'
    [ "$(id -u)" = 0 ] || no "the processes of other users' sockets are not readable without root"
}

probe_processes() {
    grep -s . /proc/[0-9]*/comm | sed 's/^/comm /'
    grep -s '^Uid:' /proc/[0-9]*/status | sed 's/^/uid /'
    grep -sE '^(0:|[0-9]*:name=systemd):' /proc/[0-9]*/cgroup | sed 's/^/cgroup /'
    # shellcheck disable=SC2012
    ls -l /proc/[0-9]*/exe /proc/[0-9]*/ns/pid 2>/dev/null | sed -n 's#.* \(/proc/[0-9]*/.*\) -> #link \1 #p'
    echo "self $(readlink /proc/$$/ns/pid)"
    return 0
}

probe_network() {
    # Every address of this host without any tool.
    awk '/32 host LOCAL/ { print "address " before } { before = $2 }' /proc/net/fib_trie | sort -u
    [ -r /proc/net/if_inet6 ] && sed 's/^/inet6 /' /proc/net/if_inet6
    sed 's/^/route /' /proc/net/route
    sed -n 's/^nameserver/resolver/p' /etc/resolv.conf 2>/dev/null
    sed -e '/^[[:space:]]*#/d' -e '/^[[:space:]]*$/d' -e 's/^/hosts /' /etc/hosts 2>/dev/null
    return 0
}

# in_time RESULT: of a search, of which 124 is the end of its time.
in_time() {
    [ "$1" -ne 124 ] || no "the search was not done within $A_LONG s"
}

# Which files name which addresses: the ways of nightly jobs, which no sample sees. Addresses only, no lines.
probe_references() {
    grep -rsIoE --exclude-dir=x x /dev/null
    [ $? -lt 2 ] || { no "this grep cannot search directories"; return 1; }
    address='([0-9]{1,3}\.){3}[0-9]{1,3}' late=0
    bounded "$A_LONG" grep -rsIoE "$address" /etc --exclude-dir=ssl --exclude-dir=pki --exclude-dir=alternatives --exclude=services
    [ $? -ne 124 ] || late=124
    for root in $A_ROOTS; do
        [ -d "$root" ] || continue
        bounded "$A_LONG" find "$root" -xdev -type f -size -64k \( -name '*.conf' -o -name '*.cfg' -o -name '*.ini' -o -name '*.php' -o -name '*.yml' -o -name '*.yaml' -o -name '*.properties' -o -name '*.xml' -o -name '*.env' -o -name '.env' -o -name 'settings.py' -o -name '*.sh' \) -exec grep -sIoHE "$address" '{}' + 2>/dev/null
        [ $? -ne 124 ] || late=124
    done
    in_time "$late"
}

probe_time_locale() {
    echo "zone=$(readlink /etc/localtime 2>/dev/null | sed 's#.*zoneinfo/##')"
    echo "zone_file=$(cat /etc/timezone 2>/dev/null)"
    echo "offset=$(date +%z)"
    sed -n 's/^\(export \)*\(LANG\|LC_[A-Z]*\)=/default.\2=/p' /etc/default/locale /etc/locale.conf /etc/sysconfig/i18n 2>/dev/null
    locale -a 2>/dev/null | sed 's/^/locale=/'
    for daemon in chronyd ntpd systemd-timesyncd; do
        grep -qs "^$(printf '%.15s' "$daemon")" /proc/[0-9]*/comm && echo "clock_by=$daemon"
    done
    return 0
}

probe_mandatory_access() {
    echo "apparmor=$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)"
    if [ -r /sys/kernel/security/apparmor/profiles ]; then
        sed 's/^/profile=/' /sys/kernel/security/apparmor/profiles
    fi
    for file in /etc/apparmor.d/local/*; do
        [ -s "$file" ] && grep -qsv '^ *#' "$file" && echo "local=$file"
    done
    if have getenforce; then echo "selinux=$(getenforce)"; fi
    sed -n 's/^SELINUX=/selinux_configured=/p' /etc/selinux/config 2>/dev/null
    return 0
}

# Certificates alone: a file that does not begin with one is left, and reading ends where the first one does.
probe_certificates() {
    have openssl || { no "openssl is not there"; return 1; }
    files=$(bounded "$A_LONG" find /etc /opt /srv /usr/local /var/lib -xdev -type f \( -name '*.crt' -o -name '*.pem' -o -name '*.cer' \) \
        ! -path '/etc/ssl/certs/*' ! -path '*/ca-certificates/*' ! -path '*/site-packages/*' ! -path '*/dist-packages/*' \
        ! -path '/var/lib/docker/*' ! -path '*/node_modules/*' ! -name '*key*' -size -100k 2>/dev/null)
    late=$?
    printf '%s\n' "$files" | head -n 500 |
        while IFS= read -r file; do
            case $(head -n 1 "$file" 2>/dev/null) in *'BEGIN CERTIFICATE'*) ;; *) continue ;; esac
            echo "file $file"
            sed '/END CERTIFICATE/q' "$file" | bounded 5 openssl x509 -noout -subject -issuer -enddate -startdate -serial -text 2>/dev/null |
                sed -n -e 's/^\(subject\|issuer\|notAfter\|notBefore\|serial\) *= */\1 /p' -e 's/^ *DNS:/names DNS:/p' -e 's/^ *IP Address:/names IP Address:/p' \
                    -e 's/^ *\(RSA \)*Public-Key: (\([0-9]*\) bit.*/bits \2/p' -e 's/^ *Public Key Algorithm: */key /p' -e 's/^ \{4\}Signature Algorithm: */signed /p'
        done
    in_time "$late" || return 1
    [ "$(printf '%s\n' "$files" | wc -l)" -le 500 ] || no "there are more than 500 such files"
}

# walk PATH TEST...: names, and //cut at the end of the time, since half a count would pass for a whole one.
walk() {
    bounded "$A_LONG" find "$@" 2>/dev/null
    [ $? -ne 124 ] || echo //cut
}

probe_roots() {
    for root in $A_ROOTS; do
        for path in "$root" "$root"/* "$root"/.[!.]*; do
            if [ ! -d "$path" ] || [ -L "$path" ]; then continue; fi
            # Of the root itself it is said that it is there; what counts is what lies below.
            if [ "$path" = "$root" ]; then echo "root $root" && continue; fi
            size=$(bounded "$A_LONG" du -skx "$path" 2>/dev/null | cut -f1)
            echo "kb ${size:-?} $path"
            walk "$path" -xdev | awk -v path="$path" '
                $0 == "//cut" { cut = 1; next } { n++; if ($0 ~ /[^ -~]/) odd++ }
                END { print "files " (cut ? "? ?" : n + 0 " " odd + 0) " " path }'
            # A list for access has a plus behind the mode; a file with holes has fewer kilobytes than bytes.
            walk "$path" -xdev \( -type f -o -type d \) -exec ls -lsnd '{}' + |
                awk -v path="$path" '$0 == "//cut" { cut = 1; next } $2 !~ /^[-d][-rwxsStT]+[.+]?$/ { next }
                    $2 ~ /[+]$/ { lists++ } $2 ~ /^d/ { next }
                    $2 ~ /[sS]/ { set++ } $3 > 1 { linked++ } $6 > 65536 && $1 * 1024 < $6 * 0.9 { holes++ }
                    END { print "special " (cut ? "? ? ? ?" : set + 0 " " linked + 0 " " lists + 0 " " holes + 0) " " path }'
            walk "$path" -xdev \( -nouser -o -nogroup -o -user 65534 -o -group 65534 \) | awk -v path="$path" '
                $0 == "//cut" { cut = 1; next } { n++ } END { print "nobody " (cut ? "?" : n + 0) " " path }'
            if have getcap; then
                walk "$path" -xdev -type f \( -perm -100 -o -perm -010 -o -perm -001 \) -exec getcap '{}' + |
                    awk -v path="$path" '$0 == "//cut" { cut = 1; next } { n++ }
                        END { print "capable " (cut ? "?" : n + 0) " " path }'
            fi
            walk "$path" -xdev -type f -mtime -1 -exec ls -ln '{}' + |
                awk -v path="$path" '$0 == "//cut" { cut = 1; next } { b += $5 }
                    END { if (cut) print "day ? " path; else printf "day %.0f %s\n", b, path }'
        done
    done
}

# Readings a second apart: load, processor, memory, disks, networks and who is connected.
probe_samples() {
    sample=0
    while [ "$sample" -le "$A_SAMPLE" ]; do
        [ "$sample" = 0 ] || sleep 1
        echo "at $(cut -d' ' -f1 /proc/uptime)"
        sed 's/^/load /' /proc/loadavg
        grep '^cpu ' /proc/stat
        grep -E '^(MemTotal|MemFree|MemAvailable|Buffers|Cached|SwapTotal|SwapFree):' /proc/meminfo | sed 's/^/memory /'
        sed 's/^/disk /' /proc/diskstats
        sed -n '3,$s/^/net /p' /proc/net/dev
        sockets | awk '$5 == "01" || $5 == "06" || $5 == "0A"'
        sample=$((sample + 1))
    done
}
