# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for what BMCs say, for many threads at once.

pyghmi reads its sockets in a thread of its own, lets any thread that waits handle the packets of all, and
wakes them all for each packet: with a thousand sessions that is a million wake-ups. Here one thread reads and
handles packets, and a waiter wakes when its own answer is there.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from types import SimpleNamespace
from typing import Any

# Its absence is said properly by adapter.requires() before anything is called.
with contextlib.suppress(ImportError):
    from pyghmi.ipmi.private import session as pyghmi_session

#: How long the handling thread looks away at most: a repetition that is due, or the end of the last wait, is
#: noticed this late.
_SLICE_S = 0.2
#: Between two looks of pyghmi's own waits for an answer.
_LOOK_S = 0.05
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


class Sockets(list[socket.socket]):
    """pyghmi's sockets. One that is added is listened to at once, also by a reader who is asleep."""

    def __init__(self) -> None:
        super().__init__()
        self._selector: selectors.BaseSelector | None = None

    def append(self, one: socket.socket) -> None:
        # Not made before it is needed: a process that Ansible forks must not share it with its siblings.
        if self._selector is None:
            self._selector = selectors.DefaultSelector()
        super().append(one)
        self._selector.register(one, selectors.EVENT_READ)

    def readable(self, seconds: float) -> list[Any]:
        """Those that have something, after so many seconds at most."""
        if self._selector is None:
            time.sleep(seconds)
            return []
        return [key.fileobj for key, _event in self._selector.select(seconds)]


def _read(timeout: float = 0) -> bool:
    """In the place of pyghmi's hand-over from its reading thread: whether there are packets to handle."""
    if not pyghmi_session.sessionqueue:
        readable = pyghmi_session.iosockets.readable(timeout)
        while readable:
            try:
                pyghmi_session._io_graball(readable, {})
                break
            except KeyError:
                # A session that ends while a packet of it is being handed on is missing where it was a moment
                # ago: the packet is dropped, and the next one taken.
                continue
    return bool(pyghmi_session.sessionqueue)


def _wait(timeout: float, _address: Any = None, waiters: Any = None) -> None:
    """pyghmi's wait for one answer; it looks itself whether that came."""
    answered = threading.Event()
    if waiters is not None:
        waiters.append(answered)
    PUMP.wait(answered, min(timeout, _LOOK_S))


def _receive(one: socket.socket, size: int) -> tuple[bytes, Any] | None:
    """A packet, if there is one. pyghmi would switch the socket to not waiting, under a sender's hands."""
    try:
        return one.recvfrom(size, socket.MSG_DONTWAIT)
    except OSError:
        return None


def _send(one: socket.socket, packet: bytes, to: Any) -> None:
    # What is not sent is not answered, which is told; see also session.py on a missing route.
    with contextlib.suppress(OSError):
        one.sendto(packet, to)


def _take_over() -> None:
    """Have pyghmi read by :data:`PUMP`'s thread, and start none of its own."""
    pyghmi_session.iosockets = Sockets()
    pyghmi_session.iothread = SimpleNamespace(join=lambda: None)
    pyghmi_session.iothreadready = True
    pyghmi_session._poller = _read
    pyghmi_session._io_wait = _wait
    pyghmi_session._io_recvfrom = _receive
    pyghmi_session._io_sendto = _send
    # pyghmi's own reads the ticks of the process, a hundredth of a second each.
    pyghmi_session._monotonic_time = time.monotonic


if "pyghmi_session" in globals():
    _take_over()
