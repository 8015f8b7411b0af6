# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for what BMCs say, for many threads at once.

pyghmi lets any thread that waits handle the packets of all, and wakes them all for each packet: with a
thousand sessions that is a million wake-ups. Here one thread handles packets, and a waiter wakes when its own
answer is there.
"""

from __future__ import annotations

import contextlib
import threading
import time

# Its absence is said properly by adapter.requires() before anything is called.
with contextlib.suppress(ImportError):
    from pyghmi.ipmi.private import session as pyghmi_session

#: How long the handling thread looks away at most: a repetition that is due, or the end of the last wait, is
#: noticed this late.
_SLICE_S = 0.2
#: After a packet that could not be handled, so that a cause that stays does not eat a processor.
_PAUSE_S = 0.01


class Pump:
    """The thread that handles packets. It lives while somebody waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiters = 0
        self._thread: threading.Thread | None = None

    def wait(self, answered: threading.Event, seconds: float) -> bool:
        """Wait for an event that the handling of a packet sets.

        :returns: whether it came.
        """
        if seconds <= 0:
            return answered.is_set()
        with self._lock:
            self._waiters += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="bmc-packets", daemon=True)
                self._thread.start()
        try:
            return answered.wait(seconds)
        finally:
            with self._lock:
                self._waiters -= 1

    def join(self) -> None:
        """Wait for the thread's end, when nobody waits for an answer any more."""
        if (thread := self._thread) is not None:
            thread.join()

    def _run(self) -> None:
        while True:
            try:
                pyghmi_session.Session.wait_for_rsp(timeout=_SLICE_S)
            except Exception:
                # What one BMC sent cannot be handled. Whoever waits for it comes to its deadline; the others
                # go on.
                time.sleep(_PAUSE_S)
            with self._lock:
                if not self._waiters:
                    self._thread = None
                    return


PUMP = Pump()
