# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time on a twin; the kernel drops the lock when its holder dies, however it dies."""

from __future__ import annotations

import contextlib
import fcntl
import zlib
from typing import Iterator

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused
from ansible_collections.anjianyun.datacenter.plugins.module_utils.locks import taken
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import CACHE, Names

#: How long to wait for another run, in seconds: enough for one that is just ending.
WAIT_S = 15.0


@contextlib.contextmanager
def alone(names: Names, wait_s: float = WAIT_S) -> Iterator[None]:
    """Keep other runs on the same twin out.

    :raises Refused: when another run keeps the lock for longer than ``wait_s`` seconds.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    # One byte of one file for each twin: a lock file of its own would be left behind.
    with (CACHE / "locks").open("a+b") as file:
        byte = zlib.crc32(names.twin_id.encode())
        if not taken(lambda: fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte), wait_s):
            raise Refused(
                "another run is at work on this twin",
                device=names.twin_id,
                cause=f"it has kept the twin locked for more than {wait_s:g} s",
                next_step=f"wait for it, or end it (fuser -v {CACHE}/locks), then run this again",
            )
        yield
