# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wire on which packets are lost, or come late: a UDP relay before a simulated BMC, in the tests' own
namespace."""

from __future__ import annotations

import functools
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

RELAY = 6623
#: A log-in has eight packets and begins anew when one is lost: the first count at which it comes through.
NTH = 9
#: As in earnest: a lost packet costs half of it.
ANSWER_S = 3.0


@contextmanager
def every_nth_lost(nth: int, port: int, to: int) -> Iterator[dict[str, int]]:
    """Hand on what comes to a port of 127.0.0.1, and the answers, but for each nth packet.

    :returns: counts of what was ``handed_on`` and what was ``lost``.
    """
    counts = {"handed_on": 0, "lost": 0}

    def fate(_data: bytes, _answer: bool) -> float | None:
        gone = (counts["handed_on"] + counts["lost"] + 1) % nth == 0
        counts["lost" if gone else "handed_on"] += 1
        return None if gone else 0.0

    with _relay(port, to, fate):
        yield counts


@contextmanager
def slow_answers(port: int, to: int, seconds: Callable[[bytes], float]) -> Iterator[None]:
    """Hand on what comes to a port of 127.0.0.1 at once, and each answer after its own seconds."""
    with _relay(port, to, lambda data, answer: seconds(data) if answer else 0.0):
        yield


@contextmanager
def _relay(port: int, to: int, fate: Callable[[bytes, bool], float | None]) -> Iterator[None]:
    """:param fate: of a packet, and whether it is an answer: its delay in seconds, ``None``: it is lost."""
    stop = threading.Event()
    near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    near.bind(("127.0.0.1", port))
    ways: dict[tuple[str, int], socket.socket] = {}
    held: list[tuple[float, Callable[[], object]]] = []

    def hand_on(sock: socket.socket) -> None:
        data, peer = sock.recvfrom(4096)
        if sock is near and peer not in ways:
            ways[peer] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            ways[peer].connect(("127.0.0.1", to))
        delay_s = fate(data, sock is not near)
        if delay_s is None:
            return
        if sock is near:
            send = functools.partial(ways[peer].send, data)
        else:
            client = next(client for client, way in ways.items() if way is sock)
            send = functools.partial(near.sendto, data, client)
        held.append((time.monotonic() + delay_s, send))

    def run() -> None:
        while not stop.is_set():
            for sock in select.select([near, *ways.values()], [], [], 0.02)[0]:
                hand_on(sock)
            for one in [one for one in held if one[0] <= time.monotonic()]:
                held.remove(one)
                one[1]()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        for sock in (near, *ways.values()):
            sock.close()
