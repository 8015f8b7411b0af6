# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether anybody answers at an address, and whether there is a way to it, before a BMC is given it.

Any answer counts, a refusal too. Silence is no proof that it is free: a host behind a firewall says nothing.
"""

from __future__ import annotations

import errno
import selectors
import socket
import time

#: RMCP presence ping (IPMI 2.0 section 13.2.3, ASF 2.0 section 3.2.4.2): who has it answers as a BMC.
_PRESENCE_PING = bytes.fromhex("0600ff06 000011be 80000000")
_RMCP_PORT = 623
#: What servers, BMCs and network devices have open, or refuse.
_TCP_PORTS = (22, 80, 443)
_HEAR_S = 1.5
_ECHO_REQUEST = bytes.fromhex("0800f7fe 00000001")


def answers(address: str, seconds: float = _HEAR_S) -> str | None:
    """What was heard of an address within so many seconds, ``None`` when it is silent.

    All questions are asked at once; the first answer ends it.
    """
    with selectors.DefaultSelector() as selector:
        try:
            for port in _TCP_PORTS:
                if heard := _knock(selector, address, port):
                    return heard
            _send(selector, address, socket.IPPROTO_UDP, _RMCP_PORT, _PRESENCE_PING)
            _send(selector, address, socket.IPPROTO_ICMP, 0, _ECHO_REQUEST)
            return _listen(selector, address, seconds)
        finally:
            for key in list(selector.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]


def way_to(address: str) -> str | None:
    """This machine's own address towards that one, ``None`` when it has no way there. Sends nothing.

    Silence on the way to nowhere is not that of an address that is free.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect((address, _RMCP_PORT))
        except OSError:
            return None
        return str(asking.getsockname()[0])


def _knock(selector: selectors.BaseSelector, address: str, port: int) -> str | None:
    knocking = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    knocking.setblocking(False)
    code = knocking.connect_ex((address, port))
    if code == errno.EINPROGRESS:
        selector.register(knocking, selectors.EVENT_WRITE, f"TCP port {port}")
        return None
    knocking.close()
    return f"it answers at TCP port {port}" if code in (0, errno.ECONNREFUSED) else None


def _send(selector: selectors.BaseSelector, address: str, protocol: int, port: int, question: bytes) -> None:
    try:
        asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, protocol)
    except PermissionError:
        # Pings are not everybody's (net.ipv4.ping_group_range); the other questions are asked.
        return
    asking.setblocking(False)
    name = "ping" if protocol == socket.IPPROTO_ICMP else f"UDP port {port}"
    selector.register(asking, selectors.EVENT_READ, name)
    try:
        asking.connect((address, port))
        asking.send(question)
    except OSError:
        # No way there: then nobody answers either.
        selector.unregister(asking)
        asking.close()


def _listen(selector: selectors.BaseSelector, address: str, seconds: float) -> str | None:
    end = time.monotonic() + seconds
    while selector.get_map() and (left := end - time.monotonic()) > 0:
        for key, _events in selector.select(left):
            sock = key.fileobj
            if not isinstance(sock, socket.socket):
                raise AssertionError("only sockets were registered")
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code in (0, errno.ECONNREFUSED):
                return f"{address} answers ({key.data})"
            # 'No such host', said by a router or by the neighbour cache: that question is settled.
            selector.unregister(sock)
            sock.close()
    return None
