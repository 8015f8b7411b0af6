# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a lock of the kernel's, but not for ever. Standard library, Python 3.9."""

from __future__ import annotations

import time
from typing import Callable


def taken(take: Callable[[], object], wait_s: float, pause_s: float = 0.05) -> bool:
    """Try until the lock is ours, or ``wait_s`` seconds are over; whether it is ours.

    :param take: one try that does not block (``LOCK_NB``). That somebody else has it is EAGAIN, or for a
        part of a file EACCES (fcntl(2)); any other error is the caller's.
    """
    end = time.monotonic() + wait_s
    while True:
        try:
            take()
            return True
        except (BlockingIOError, PermissionError):
            if time.monotonic() > end:
                return False
        time.sleep(pause_s)
