# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second witness beside the BMC: does the server itself still answer in its own network?

A BMC may say 'off' and be wrong, or lie. A machine without power answers nothing; a frozen one does, for its
kernel completes the handshake. Silence proves nothing by itself, an answer disproves the BMC.
"""

from __future__ import annotations

import errno
import socket

#: Handshakes that are tried: one packet may be lost.
TRIES = 2
TRY_S = 0.25


def answer(address: str, port: int, try_s: float = TRY_S) -> str | None:
    """What the server answered, as a sentence; None when nothing came."""
    for _ in range(TRIES):
        try:
            with socket.create_connection((address, port), timeout=try_s):
                return f"{address} accepts a connection to port {port}"
        except OSError as error:
            if error.errno == errno.ECONNREFUSED:
                return f"{address} refuses a connection to port {port}, so it runs"
    return None
