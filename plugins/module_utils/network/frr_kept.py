# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services' routes on a router where somebody's change waits for its confirmation (``frr_commit.py``).

A service moves in an outage, and waits for no operator who is trying out something else. So what the
router would go back to gets the service's routes too, before they are entered; then it does not matter
whether that change is confirmed or taken back. Standard library, Python 3.9.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Iterator, Sequence

from ansible_collections.anjianyun.datacenter.plugins.module_utils.locks import taken
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.frr_text import (
    STATE,
    noted,
    rewrite,
)

#: What a router goes back to, running and after a restart; the last change may be undone as well.
_FOLDERS = ("pending", "undoing", "done")
_FILES = ("before.conf", "boot.conf")


def waiting(state: str = STATE) -> bool:
    """Whether a change waits on this router, or is being taken back."""
    return any(os.path.isdir(os.path.join(state, name)) for name in ("pending", "undoing"))


def keep(prefix: str, routes: Sequence[str], timeout_s: float, state: str = STATE) -> bool:
    """Have these routes to a prefix, and no others, in whatever this router may go back to.

    :param timeout_s: seconds to wait for whoever holds the state; after them it is done all the same.
    :returns: whether a change waits.
    """
    if not os.path.isdir(state):
        return False
    with _alone(state, timeout_s):
        for name in _FOLDERS:
            folder = os.path.join(state, name)
            # A replacement takes away what is not in it while it is being entered.
            whole = (noted(folder, "job.json") or {}).get("mode") == "replace"
            for file in (*_FILES, *(["candidate.conf"] if whole else [])):
                with contextlib.suppress(FileNotFoundError):
                    _put(Path(folder, file), prefix, routes)
        return waiting(state)


def save(path: Path, prefix: str, routes: Sequence[str], timeout_s: float, state: str = STATE) -> bool:
    """Write these routes into the boot configuration and nothing else of what is running.

    :returns: false when that could not be done, since somebody writes it or it is not one file.
    """
    with _alone(state, timeout_s) as mine:
        if not mine or not path.exists():
            return False
        _put(path, prefix, routes)
        return True


def with_routes(text: str, routes: Sequence[str]) -> str:
    """A configuration with further routes, before its first interface as FRR writes it."""
    if not routes:
        return text
    before, interface, after = text.partition("\ninterface ")
    return "\n".join([before, *routes, "!"]) + interface + after


def _put(path: Path, prefix: str, routes: Sequence[str]) -> None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    others = [line for line in lines if not line.startswith(f"ip route {prefix} ")]
    found = sorted(line.strip() for line in lines if line.startswith(f"ip route {prefix} "))
    if found != sorted(routes):
        rewrite(str(path), with_routes("".join(others), routes))


@contextlib.contextmanager
def _alone(state: str, timeout_s: float) -> Iterator[bool]:
    """The lock of the state (``frr_commit.alone``), as far as it is to be had in time."""
    with open(os.path.join(state, "lock"), "a") as lock:
        yield taken(lambda: fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB), timeout_s, pause_s=0.02)
