# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base images of a twin's machines: what goes into each, as data.

A recipe is everything that decides what an image holds, so its digest names the image:
change a recipe and the next twin builds a new one, beside the old.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Mapping

# Raised when the builder itself changes what it makes of a recipe.
_BUILDER = 1


@dataclass(frozen=True)
class Recipe:
    """One base image.

    :param masked: systemd units linked to /dev/null: what a rehearsal never needs and
        what costs time at boot.
    :param disabled: services that are installed but not started at boot until a role says so.
    :param files: text by absolute path, written over what the packages brought.
    :param early_files: written before the packages are configured.
    """

    name: str
    suite: str
    packages: tuple[str, ...]
    masked: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    early_files: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that change with anything in the recipe."""
        text = json.dumps([_BUILDER, asdict(self)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def directory(self) -> str:
        """The image's name in the cache."""
        return f"{self.name}-{self.digest}"


_BASE = (
    "acl", "ca-certificates", "curl", "iproute2", "iputils-ping", "less", "netbase", "nftables",
    "openssh-server", "openssh-client", "procps", "psmisc", "python3", "rsync", "sudo", "zstd",
)  # fmt: skip

_MASKED = (
    "apt-daily.service", "apt-daily.timer", "apt-daily-upgrade.service", "apt-daily-upgrade.timer",
    "console-getty.service", "dev-hugepages.mount", "dev-mqueue.mount", "dpkg-db-backup.timer",
    "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer", "getty.target", "getty-static.service",
    "logrotate.timer", "man-db.timer", "modprobe@.service", "proc-sys-fs-binfmt_misc.automount",
    "sys-fs-fuse-connections.mount", "sys-kernel-config.mount", "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount", "systemd-firstboot.service", "systemd-hwdb-update.service",
    "systemd-journal-flush.service", "systemd-logind.service", "systemd-machine-id-commit.service",
    "systemd-modules-load.service", "systemd-networkd.service", "systemd-networkd.socket",
    "systemd-networkd-wait-online.service", "systemd-random-seed.service", "systemd-remount-fs.service",
    "systemd-resolved.service", "systemd-timesyncd.service", "systemd-udev-trigger.service",
    "systemd-udevd.service", "systemd-udevd-control.socket", "systemd-udevd-kernel.socket",
    "systemd-update-utmp.service", "systemd-update-utmp-runlevel.service", "systemd-pstore.service",
)  # fmt: skip

_SSHD = """\
# A twin is reached by key only, and from inside the twin only.
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UseDNS no
# The runbooks open several sessions at once over one connection, and many connections at once.
MaxSessions 100
MaxStartups 100:30:200
"""

_FILES = {
    "/etc/ssh/sshd_config.d/00-twin.conf": _SSHD,
    # Kept in memory: a machine's log is read while it runs, and syncing it costs the disk.
    "/etc/systemd/journald.conf.d/twin.conf": "[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\n",
    "/etc/systemd/system.conf.d/twin.conf": "[Manager]\nDefaultTimeoutStopSec=20s\n",
    "/etc/fstab": "",
    "/etc/machine-id": "",
    # mmdebstrap leaves the name of the host that built it.
    "/etc/hostname": "",
    "/etc/resolv.conf": "# A twin has no way out, and so nobody to ask.\n",
}

# The distribution creates and starts a cluster at installation; the roles make their own.
_NO_CLUSTER = {"/etc/postgresql-common/createcluster.conf": "create_main_cluster = false\nssl = on\n"}

_MACHINE = ("cron", "postgresql-common", "python3-psycopg2", "ssl-cert", "systemd-sysv", "tzdata")

DEBIAN_12 = Recipe(
    name="debian-12",
    suite="bookworm",
    packages=tuple(sorted((*_BASE, *_MACHINE, "iperf3", "postgresql-15", "stress-ng"))),
    masked=_MASKED,
    files=_FILES,
    early_files=_NO_CLUSTER,
)

# A database that sorts by a language's rules is where a move between releases goes wrong.
_CHINESE = {"/etc/locale.gen": "zh_CN.UTF-8 UTF-8\n"}
_DATABASES = ("attr", "locales", "python3-pymysql")

DEBIAN_11 = Recipe(
    name="debian-11",
    suite="bullseye",
    packages=tuple(sorted((*_BASE, *_MACHINE, *_DATABASES, "postgresql-13", "mariadb-server-10.5"))),
    masked=_MASKED,
    disabled=("mariadb.service",),
    files=_FILES,
    early_files={**_NO_CLUSTER, **_CHINESE},
)

# What a legacy server moves to. Without the load of a burn-in: its graphics libraries are half of an image.
DEBIAN_13 = Recipe(
    name="debian-13",
    suite="trixie",
    packages=tuple(sorted((*_BASE, *_MACHINE, *_DATABASES, "iperf3", "mariadb-server", "postgresql-17"))),
    masked=_MASKED,
    disabled=("mariadb.service",),
    files=_FILES,
    early_files={**_NO_CLUSTER, **_CHINESE},
)

# What an appliance runs in place of systemd. Without watchfrr: a daemon that dies stays dead,
# and routers start in a fraction of a second.
_APPLIANCE_INIT = """\
#!/bin/sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# The namespace outlives a power cycle, and rules of the last run with it.
nft flush ruleset
[ -s /etc/nftables.conf ] && nft -f /etc/nftables.conf
if [ -e /etc/frr/frr.conf ]; then
  install -d -o frr -g frr -m 755 /run/frr
  touch /etc/frr/vtysh.conf
  chown -R frr:frr /etc/frr
  chmod 640 /etc/frr/frr.conf /etc/frr/vtysh.conf
  /usr/lib/frr/zebra -d -A 127.0.0.1 -s 90000000
  for daemon in staticd ospfd bfdd; do
    /usr/lib/frr/$daemon -d -A 127.0.0.1
  done
  vtysh -b
fi
mkdir -p /run/sshd
exec /usr/sbin/sshd -D
"""

NETWORK = Recipe(
    name="network",
    suite="bookworm",
    packages=tuple(sorted((*_BASE, "frr", "frr-pythontools", "iperf3", "python3-psycopg2", "tzdata"))),
    files={**_FILES, "/usr/local/sbin/appliance-init": _APPLIANCE_INIT, "/etc/nftables.conf": ""},
)

RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in (DEBIAN_13, DEBIAN_12, DEBIAN_11, NETWORK)}
