# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is of a twin, read from the kernel and from the files it lives on."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Mapping

from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import cgroups, mounts, netlink
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import NAMESPACES, Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.network import NamespaceState


@dataclass(frozen=True)
class NodeState:
    """A node as it is found.

    :param lower: the image its root stands on; empty when it is not mounted.
    :param furnished: its files of day 0 are written.
    :param kept_off: switched off, or shut down in order: nobody may start it but the switch.
    :param scripts: the texts of its power switch and of its launcher.
    """

    disk: bool = False
    lower: str = ""
    furnished: bool = False
    on: bool = False
    kept_off: bool = False
    scripts: tuple[str, str] = ("", "")
    bmc_on: bool = False


@dataclass(frozen=True)
class Reality:
    """All there is of one twin."""

    runtime: bool = False
    namespaces: Mapping[str, NamespaceState] = field(default_factory=dict)
    nodes: Mapping[str, NodeState] = field(default_factory=dict)
    disk_files: tuple[str, ...] = ()
    bmc_dirs: tuple[str, ...] = ()
    faults: frozenset[str] = frozenset()

    @property
    def live(self) -> frozenset[str]:
        """The nodes that are on."""
        return frozenset(name for name, state in self.nodes.items() if state.on)

    def targets(self, fault: str) -> frozenset[str]:
        """What faults of this kind concern."""
        prefix = f"{fault}@"
        return frozenset(name[len(prefix) :] for name in self.faults if name.startswith(prefix))


def read(names: Names) -> Reality:
    """Look at everything once."""
    table = mounts.table()
    points = {m.point: m for m in table}
    found = set(_entries(names.runtime / "nodes"))
    found |= {name for name in cgroups.children(names.group) if not name.startswith("_")}
    with_bmc = set(cgroups.children(f"{names.group}/_bmc"))
    return Reality(
        runtime=str(names.runtime) in points,
        namespaces={name: netlink.read(name) for name in netlink.namespaces(names.namespace(""))},
        nodes={name: _node(names, name, points) for name in sorted(found | with_bmc)},
        disk_files=tuple(_entries(names.state / "disks")),
        bmc_dirs=tuple(_entries(names.state / "bmc")),
        faults=frozenset(_entries(names.faults)),
    )


def _entries(directory: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return sorted(os.listdir(directory))
    return []


def _node(names: Names, name: str, points: Mapping[str, mounts.Mount]) -> NodeState:
    root, disk = points.get(str(names.root(name))), points.get(str(names.disk(name)))
    directory = names.node_dir(name)
    return NodeState(
        disk=disk is not None and not disk.stopped,
        lower=root.lower if root else "",
        furnished=(names.disk(name) / "born").exists(),
        on=cgroups.populated(names.node_group(name)),
        kept_off=(directory / "kept_off").exists(),
        scripts=(_text(directory / "power"), _text(directory / "launch")),
        bmc_on=cgroups.populated(names.bmc_group(name)),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def processes_in_namespaces(names_of: list[str]) -> dict[int, str]:
    """Processes that live in one of these network namespaces, whoever started them."""
    inodes = {}
    for name in names_of:
        with contextlib.suppress(OSError):
            inodes[os.stat(NAMESPACES / name).st_ino] = name
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                inode = os.stat(f"/proc/{entry}/ns/net").st_ino
                if inode in inodes:
                    found[int(entry)] = inodes[inode]
    return found


def processes_in_groups(prefix: str, proc: Path = Path("/proc")) -> dict[int, str]:
    """Live processes whose control group, in any hierarchy, begins so; zombies do not count."""
    found = {}
    for entry in proc.iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            groups = parse_groups((entry / "cgroup").read_text())
            group = next((g for g in groups if f"{g}/".startswith(f"{prefix}/")), None)
            if group and not is_zombie((entry / "stat").read_text()):
                found[int(entry.name)] = group
    return found


def parse_groups(text: str) -> list[str]:
    """The paths in ``/proc/<pid>/cgroup``, without their leading slash."""
    return [line.split(":", 2)[2].lstrip("/") for line in text.splitlines() if line.count(":") >= 2]


def is_zombie(stat: str) -> bool:
    """Read ``/proc/<pid>/stat``; the name in it may hold blanks and brackets."""
    return stat.rpartition(")")[2].split()[:1] in (["Z"], ["X"])
