# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking a twin away, whole or in whatever pieces a killed run left it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import (
    cgroups,
    images,
    mounts,
    netlink,
    reality,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.lock import alone
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import (
    NSPAWN_RUNTIME,
    RUNTIME,
    STATE,
    Names,
)

#: How long systemd-nspawn gets to end by itself after what it ran was killed, in seconds.
_GRACE_S = 2.0


def traces(names: Names) -> list[str]:
    """What there is of the twin, one line each; empty when there is nothing."""
    found = [f"namespace {name}" for name in netlink.namespaces(names.namespace(""))]
    found += [f"mount {m.point}" for m in mounts.below(names.runtime)]
    groups = {f"{root}/{names.group}" for root in cgroups.all_hierarchies() if (root / names.group).exists()}
    found += [f"control group {group}" for group in sorted(groups)]
    found += [f"process {pid} in {group}" for pid, group in reality.processes_in_groups(names.group).items()]
    directories = (names.runtime, names.state, *nspawn_left(names))
    return found + [f"directory {path}" for path in directories if path.exists()]


def nspawn_left(names: Names) -> list[Path]:
    """Directories that systemd-nspawn leaves of a machine that was killed."""
    return sorted(NSPAWN_RUNTIME.glob(f"*/{names.machine('*')}"))


def remove(names: Names) -> list[str]:
    """Take everything of the twin away; returns what there was. Safe to repeat.

    :raises Refused: when it would end itself, or another run is at work on the twin.
    """
    with alone(names):
        namespaces = netlink.namespaces(names.namespace(""))
        _refuse_from_inside(namespaces)
        found = traces(names)
        if found:
            _end_processes(names, namespaces)
            _unmount(names)
            for name in _all_namespace_files(names):
                netlink.delete_namespace(name)
            for path in (names.runtime, names.state, *nspawn_left(names)):
                with contextlib.suppress(FileNotFoundError):
                    shutil.rmtree(path)
            cgroups.remove(names.group)
    # What all twins share goes with the last one; also when a run that was killed got this far.
    netlink.unshare_namespaces()
    _remove_empty(RUNTIME, STATE)
    images.sweep()
    return found


def _refuse_from_inside(namespaces: list[str]) -> None:
    inside = reality.processes_in_namespaces(namespaces)
    if os.getpid() in inside:
        raise Refused(
            "this runs inside the twin it is to take away",
            device=inside[os.getpid()],
            cause="it would end itself half way",
            next_step="run it from the host's own network namespace",
        )


def _all_namespace_files(names: Names) -> list[str]:
    """Namespaces, and files under their names that a killed run left without one."""
    with contextlib.suppress(FileNotFoundError):
        prefix = names.namespace("")
        return sorted(p.name for p in netlink.NAMESPACES.iterdir() if p.name.startswith(prefix))
    return []


def _end_processes(names: Names, namespaces: list[str]) -> None:
    # BMCs and launchers first, or they would start machines again.
    for path in (f"{names.group}/_bmc", names.launchers):
        cgroups.kill(path)
    nodes = [name for name in cgroups.children(names.group) if not name.startswith("_")]
    for node in nodes:
        # What runs inside before what contains it, which then leaves no orphan.
        payload = cgroups.unified_root() / names.node_group(node) / "payload/cgroup.kill"
        with contextlib.suppress(OSError):
            payload.write_text("1")
    end = time.monotonic() + _GRACE_S
    while cgroups.populated(names.group) and time.monotonic() < end:
        time.sleep(0.01)
    cgroups.kill(names.group)
    for pid in reality.processes_in_namespaces(namespaces):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for pid in reality.processes_in_groups(names.group):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _unmount(names: Names) -> None:
    """Newest first inside a node; nodes at once, because each disk is written out."""
    table = mounts.below(names.runtime)
    by_node: dict[str, list[mounts.Mount]] = {}
    for each in table:
        parts = Path(each.point).relative_to(names.runtime).parts
        if len(parts) >= 2:
            by_node.setdefault(parts[1], []).append(each)

    def work(group: list[mounts.Mount]) -> None:
        for each in reversed(group):
            mounts.unmount(Path(each.point))

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, group) for group in by_node.values()]:
            done.result()
    mounts.unmount_below(names.runtime)


def _remove_empty(*directories: Path) -> None:
    for directory in directories:
        for path in (directory, directory.parent):
            with contextlib.suppress(OSError):
                path.rmdir()
