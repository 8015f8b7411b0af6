# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Can this host carry that twin? Everything that is missing is said at once, before anything is made."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import shutil
from pathlib import Path
from typing import Iterable

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import cgroups, images, netlink
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.spec import MACHINE, Spec

#: What one needs while it runs, in MiB: measured on Debian 12 machines with a database, and on FRR routers.
MACHINE_MIB, APPLIANCE_MIB, BMC_MIB = 160, 45, 2
#: What its disk and the images take of this host's, in MiB: disks are sparse, so what a rehearsal writes.
MACHINE_DISK_MIB, IMAGE_DISK_MIB = 400, 700
COMMANDS = {
    "systemd-nspawn": "systemd-container",
    "mmdebstrap": "mmdebstrap",
    "ipmi_sim": "openipmi",
    "gcc": "gcc",
    "mkfs.ext4": "e2fsprogs",
    "ssh-keygen": "openssh-client",
    "nsenter": "util-linux",
    "ip": "iproute2",
}


def check(spec: Spec, allow_overlap: bool = False) -> None:
    """Look at this host.

    :param allow_overlap: build the twin although this host itself uses addresses of the plan.
    :raises Refused: naming everything that is missing.
    """
    if os.geteuid() != 0:
        raise _refused(["this is not root: namespaces, mounts and machines need it"], "run it as root")
    problems = _commands() + _kernel() + short_of(spec)
    if not allow_overlap:
        problems += _overlap(spec)
    if problems:
        raise _refused(problems, "put that right, or choose a part of the plan (twin_only)")


def check_plan(spec: Spec, names: Names) -> None:
    """See that the twin of that name is one of this plan: the next step would make it over.

    :raises Refused: when it is another plan's.
    """
    try:
        there = str(json.loads(names.spec_file.read_text())["plan"]["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return
    if there != spec.plan.get("name", ""):
        raise Refused(
            "there is a twin of that name already",
            device=spec.twin_id,
            cause=f"it is one of the plan {there}, and this is {spec.plan.get('name', '')}",
            next_step="take that one away first (make twin-down), or give this one another twin_id",
        )


def _refused(problems: list[str], next_step: str) -> Refused:
    return Refused(
        "this host cannot carry the twin",
        device=os.uname().nodename,
        cause="; ".join(problems),
        next_step=next_step,
    )


def _commands() -> list[str]:
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return [
        f"{command} is not there (Debian's package {package})"
        for command, package in COMMANDS.items()
        if not shutil.which(command, path=path)
    ]


def _kernel() -> list[str]:
    """What the kernel must have; tried out where a look does not tell."""
    problems = []
    kinds = Path("/proc/filesystems").read_text().split()
    if "overlay" not in kinds and not _loads("overlay"):
        problems.append("the kernel has no overlayfs")
    if not Path("/dev/loop-control").exists():
        problems.append("the kernel has no loop devices (/dev/loop-control)")
    root = cgroups.unified_root()
    if not (root / "cgroup.procs").exists():
        problems.append("there is no unified control group hierarchy (mount -t cgroup2)")
    problems += netlink.missing_features()
    return problems


def _loads(module: str) -> bool:
    with contextlib.suppress(OSError):
        return os.spawnlp(os.P_WAIT, "modprobe", "modprobe", "-q", module) == 0
    return False


def needed_mib(spec: Spec) -> tuple[int, int]:
    """Memory and disk that the twin needs, in MiB. Pure, but for which images are there already."""
    machines = [node for node in spec.rooted() if node.kind == MACHINE]
    appliances = len(spec.rooted()) - len(machines)
    bmcs = sum(1 for node in spec.nodes.values() if node.bmc)
    memory = MACHINE_MIB * len(machines) + APPLIANCE_MIB * appliances + BMC_MIB * bmcs
    missing = [name for name in {n.image for n in spec.rooted()} if not images.path_of(name).is_dir()]
    return memory, MACHINE_DISK_MIB * len(machines) + IMAGE_DISK_MIB * len(missing)


def short_of(spec: Spec) -> list[str]:
    """The memory and the disk that this host has too little of."""
    memory, disk = needed_mib(spec)
    fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    available = int(fields["MemAvailable"].split()[0]) // 1024
    usage = os.statvfs("/var")
    free = usage.f_bavail * usage.f_frsize // (1024 * 1024)
    problems = []
    if available < memory:
        problems.append(f"{memory} MiB of memory are needed, {available} MiB are available")
    if free < disk:
        problems.append(f"{disk} MiB of disk are needed below /var, {free} MiB are free")
    return problems


def _overlap(spec: Spec) -> list[str]:
    """Addresses of the plan that this host itself has or routes.

    The twin is sealed and would not mind. But then this host can reach the estate, or something that
    has its addresses, and whoever forgets to enter the twin would be talking to that.
    """
    plan = [ipaddress.ip_network(network.prefix) for network in spec.networks.values()]
    return sorted(
        f"this host {verb} {found}, which the plan uses ({clash})"
        for verb, found in netlink.own_networks()
        for clash in _clashing(ipaddress.ip_network(found), plan)
    )


def _clashing(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network,
    plan: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network],
) -> list[str]:
    return [str(each) for each in plan if each.version == network.version and each.overlaps(network)][:1]
