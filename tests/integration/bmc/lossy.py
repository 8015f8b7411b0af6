# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wire on which packets are lost: a UDP relay before a simulated BMC, in the tests' own namespace."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
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
    stop = threading.Event()
    near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    near.bind(("127.0.0.1", port))
    ways: dict[tuple[str, int], socket.socket] = {}

    def lost() -> bool:
        gone = (counts["handed_on"] + counts["lost"] + 1) % nth == 0
        counts["lost" if gone else "handed_on"] += 1
        return gone

    def run() -> None:
        while not stop.is_set():
            ready = select.select([near, *ways.values()], [], [], 0.05)[0]
            for sock in ready:
                data, peer = sock.recvfrom(4096)
                if sock is near and peer not in ways:
                    ways[peer] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    ways[peer].connect(("127.0.0.1", to))
                if lost():
                    continue
                if sock is near:
                    ways[peer].send(data)
                else:
                    near.sendto(data, next(client for client, way in ways.items() if way is sock))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield counts
    finally:
        stop.set()
        thread.join()
        for sock in (near, *ways.values()):
            sock.close()
