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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

RELAY = 6623
#: A log-in has eight packets, four of which nobody may repeat (a BMC that is only slow would answer both, and
#: a right password look wrong). It begins anew when one is lost: the first count at which it comes through.
NTH = 9
#: On such a wire it never does. What is spared then is the log-in alone.
WORST = 3
#: As in earnest: a lost packet costs half of it.
ANSWER_S = 3.0
_RMCP_PLUS = 0x06


def of_log_in(data: bytes) -> bool:
    """Whether a packet belongs to a log-in: it has no session yet (IPMI 2.0 tables 13-8 and 13-9)."""
    session = data[6:10] if data[4] == _RMCP_PLUS else data[9:13]
    return not any(session)


#: How many packets there are to one that is lost, and which are never lost.
WIRES: dict[str, tuple[int, Callable[[bytes], bool] | None]] = {
    "every ninth": (NTH, None),
    "every third after the log-in": (WORST, of_log_in),
}


@contextmanager
def every_nth_lost(
    nth: int, port: int, to: int, spared: Callable[[bytes], bool] | None = None
) -> Iterator[dict[str, int]]:
    """Hand on what comes to a port of 127.0.0.1, and the answers, but for each nth packet.

    :param spared: packets that are neither counted nor lost.
    :returns: counts of what was ``handed_on`` and what was ``lost``.
    """
    with every_nth_lost_of_each({port: nth}, {port: to}, spared) as counts:
        yield counts[port]


@contextmanager
def every_nth_lost_of_each(
    nth: Mapping[int, int], to: Mapping[int, int], spared: Callable[[bytes], bool] | None = None
) -> Iterator[dict[int, dict[str, int]]]:
    """The same for many BMCs, each at a port and with a count of its own."""
    counts = {port: {"handed_on": 0, "lost": 0} for port in to}

    def fate(port: int, data: bytes, _answer: bool) -> float | None:
        if spared is not None and spared(data):
            return 0.0
        mine = counts[port]
        gone = (mine["handed_on"] + mine["lost"] + 1) % nth[port] == 0
        mine["lost" if gone else "handed_on"] += 1
        return None if gone else 0.0

    with _relay(to, fate):
        yield counts


@contextmanager
def slow_answers(port: int, to: int, seconds: Callable[[bytes], float]) -> Iterator[None]:
    """Hand on what comes to a port of 127.0.0.1 at once, and each answer after its own seconds."""
    with _relay({port: to}, lambda _port, data, answer: seconds(data) if answer else 0.0):
        yield


@contextmanager
def _relay(to: Mapping[int, int], fate: Callable[[int, bytes, bool], float | None]) -> Iterator[None]:
    """:param fate: of a packet at a port, and whether it is an answer: its delay in seconds, ``None``: it is
    lost."""
    stop = threading.Event()
    near = {port: socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for port in to}
    for port, one in near.items():
        one.bind(("127.0.0.1", port))
    port_of = {one: port for port, one in near.items()}
    #: By the port and the client's address, and back.
    ways: dict[tuple[int, tuple[str, int]], socket.socket] = {}
    clients: dict[socket.socket, tuple[int, tuple[str, int]]] = {}
    held: list[tuple[float, Callable[[], object]]] = []

    def hand_on(sock: socket.socket) -> None:
        data, peer = sock.recvfrom(4096)
        asked = sock in port_of
        client = (port_of[sock], peer) if asked else clients[sock]
        if client not in ways:
            way = ways[client] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            way.connect(("127.0.0.1", to[client[0]]))
            clients[way] = client
        delay_s = fate(client[0], data, not asked)
        if delay_s is None:
            return
        if asked:
            send = functools.partial(ways[client].send, data)
        else:
            send = functools.partial(near[client[0]].sendto, data, client[1])
        held.append((time.monotonic() + delay_s, send))

    def run() -> None:
        while not stop.is_set():
            for sock in select.select([*port_of, *clients], [], [], 0.02)[0]:
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
        for sock in (*port_of, *clients):
            sock.close()
