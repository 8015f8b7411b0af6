# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control groups: what belongs to a node of a twin, and killing all of it at once.

A node owns one group in the unified hierarchy and, on hosts that still carry systemd's
version 1 hierarchy beside it, the same path there (a booting systemd needs both). The
unified one tells whether the node is on: ``cgroup.events`` says ``populated 1`` as long
as one live process is left in it or below it.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Iterator

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

TREE = "anjianyun"
_HYBRID = Path("/sys/fs/cgroup/unified")
_PLAIN = Path("/sys/fs/cgroup")
_NAMED = Path("/sys/fs/cgroup/systemd")
#: How long processes may take to die after SIGKILL, in seconds.
KILL_DEADLINE_S = 5.0


def unified_root() -> Path:
    """The mount point of the unified hierarchy."""
    return _HYBRID if (_HYBRID / "cgroup.procs").exists() else _PLAIN


def roots() -> list[Path]:
    """Every hierarchy in which a node owns a group; the unified one first."""
    found = [unified_root()]
    if (_NAMED / "cgroup.procs").exists() and _NAMED not in found:
        found.append(_NAMED)
    return found


def all_hierarchies() -> list[Path]:
    """Every mounted hierarchy, version 1 controllers included, for the search for leaks."""
    if (_PLAIN / "cgroup.procs").exists():
        return [_PLAIN]
    with contextlib.suppress(OSError):
        return [path for path in sorted(_PLAIN.iterdir()) if (path / "cgroup.procs").exists()]
    return []


def is_populated(events: str) -> bool:
    """Read ``cgroup.events``: whether a live process is in the group or below it."""
    return "populated 1" in events.splitlines()


def populated(path: str) -> bool:
    """Whether the group of this relative path holds a live process; False when it is not there."""
    try:
        return is_populated((unified_root() / path / "cgroup.events").read_text())
    except OSError:
        return False


def ensure(path: str) -> None:
    """Make the group in every hierarchy a node needs."""
    for root in roots():
        (root / path).mkdir(parents=True, exist_ok=True)


def processes(path: str) -> list[int]:
    """The processes in the group and below it."""
    found: list[int] = []
    for directory, _below, files in os.walk(unified_root() / path):
        if "cgroup.procs" in files:
            with contextlib.suppress(OSError):
                found += [int(line) for line in (Path(directory) / "cgroup.procs").read_text().split()]
    return found


def strike(path: str) -> None:
    """SIGKILL to everything in the group and below it, waiting for nothing.

    None of it runs another instruction of its own; a system call under way may still end.
    """
    with contextlib.suppress(FileNotFoundError):
        (unified_root() / path / "cgroup.kill").write_text("1")


def kill(path: str, deadline_s: float = KILL_DEADLINE_S) -> bool:
    """Kill everything in the group and below it at once, and wait until it is empty.

    :returns: whether anything was there to kill.
    :raises DatacenterError: when processes are left after ``deadline_s`` seconds.
    """
    if not populated(path):
        return False
    strike(path)
    end = time.monotonic() + deadline_s
    while populated(path):
        if time.monotonic() > end:
            raise DatacenterError(
                "processes survive SIGKILL",
                device=path,
                cause=f"still there after {deadline_s:g} s: {processes(path)[:10]}",
                next_step="look for what they wait in (ps -o pid,stat,wchan), then run this again",
            )
        time.sleep(0.005)
    return True


def freeze(path: str, frozen: bool) -> None:
    """Stop, or let go on, everything in the group."""
    (unified_root() / path / "cgroup.freeze").write_text("1" if frozen else "0")


def frozen_groups(path: str) -> list[str]:
    """The groups at or below ``path`` that were frozen, as paths relative to the hierarchy."""
    root = unified_root()
    found = []
    for directory, _below, files in os.walk(root / path):
        if "cgroup.freeze" in files:
            with contextlib.suppress(OSError):
                if (Path(directory) / "cgroup.freeze").read_text().strip() == "1":
                    found.append(str(Path(directory).relative_to(root)))
    return sorted(found)


def remove(path: str) -> None:
    """Remove the group and those below it, deepest first, in every hierarchy; none is fine."""
    for root in all_hierarchies():
        for directory in _deepest_first(root / path):
            # Emptied a moment ago, a group can be busy until the kernel has let go of it.
            for attempt in range(50):
                try:
                    directory.rmdir()
                except FileNotFoundError:
                    break
                except OSError:
                    if attempt == 49:
                        raise
                    time.sleep(0.01)
                else:
                    break


def remove_if_empty(path: str) -> None:
    """Remove this one group, in every hierarchy in which nothing is below it or in it."""
    for root in all_hierarchies():
        with contextlib.suppress(OSError):
            (root / path).rmdir()


def _deepest_first(top: Path) -> Iterator[Path]:
    for directory, _below, _files in os.walk(top, topdown=False):
        yield Path(directory)


def children(path: str) -> list[str]:
    """The names of the groups directly below ``path``, over all hierarchies."""
    names: set[str] = set()
    for root in all_hierarchies():
        with contextlib.suppress(OSError):
            names |= {p.name for p in (root / path).iterdir() if p.is_dir()}
    return sorted(names)
