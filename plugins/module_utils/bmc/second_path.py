# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second witness beside the BMC: does the server itself still answer in its own network?

A BMC may say 'off' and be wrong, or lie. A machine without power answers nothing; a frozen one does, for its
kernel completes the handshake. Silence proves nothing by itself, an answer disproves the BMC.
"""

from __future__ import annotations

import concurrent.futures
import errno
import socket
from collections.abc import Callable

#: Handshakes that are tried: one packet may be lost.
TRIES = 2
TRY_S = 0.25


def answer(address: str, port: int, try_s: float = TRY_S) -> str | None:
    """What the server answered, as a sentence; None when nothing came."""
    for _attempt in range(TRIES):
        try:
            with socket.create_connection((address, port), timeout=try_s):
                return f"{address} accepts a connection to port {port}"
        except OSError as error:
            if error.errno == errno.ECONNREFUSED:
                return f"{address} refuses a connection to port {port}, so it runs"
    return None


class Beside:
    """Asks while others read: silence takes its time, and a failover waits for it.

    :param ask: as :func:`answer`, with its arguments; None asks nothing.
    """

    def __init__(self, ask: Callable[[], str | None] | None) -> None:
        self._ask = ask
        self._asked: concurrent.futures.Future[str | None] | None = None

    def begin(self) -> None:
        """Ask once, from now on; whoever begins again changes nothing."""
        if self._ask is not None and self._asked is None:
            pool = concurrent.futures.ThreadPoolExecutor(1)
            self._asked = pool.submit(self._ask)
            pool.shutdown(wait=False)

    def heard(self) -> str | None:
        """What was heard. An answer counts when it comes again now: the first may be from before the end."""
        if self._ask is None:
            return None
        self.begin()
        if self._asked is None or self._asked.result() is None:
            return None
        return self._ask()
