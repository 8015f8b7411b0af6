# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pings without the program ping, which small appliances and control nodes do not have.

Runs here, and is sent to routers: standard library, Python 3.9, nothing of this collection. Needs root, or
``net.ipv4.ping_group_range``. RFC 792 and RFC 4443.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import struct
import sys
import time
from typing import Any

_REQUEST: dict[int, int] = {socket.AF_INET: 8, socket.AF_INET6: 128}
_REPLY: dict[int, int] = {socket.AF_INET: 0, socket.AF_INET6: 129}


def echo(
    address: str, *, source: str = "", count: int = 1, timeout_s: float = 2.0, size: int = 56, ttl: int = 255
) -> dict[str, Any]:
    """Send pings one after the other.

    :param source: own address, or an interface's name.
    :returns: ``sent`` and ``times_ms`` of those that were answered, or ``error``.
    """
    try:
        family, _kind, _protocol, _name, where = socket.getaddrinfo(address, None, type=socket.SOCK_DGRAM)[0]
        with _open(family) as sock:
            _prepare(sock, family, source, ttl)
            times = [_once(sock, family, where, number, timeout_s, size) for number in range(count)]
    except OSError as error:
        return {"error": f"{address}: {error}"}
    return {"sent": count, "times_ms": [value for value in times if value is not None]}


def _open(family: int) -> socket.socket:
    protocol = socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
    try:
        return socket.socket(family, socket.SOCK_RAW, protocol)
    except PermissionError:
        return socket.socket(family, socket.SOCK_DGRAM, protocol)


def _prepare(sock: socket.socket, family: int, source: str, ttl: int) -> None:
    if family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ttl)
    if source and source in (name for _index, name in socket.if_nameindex()):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, source.encode() + b"\0")
    elif source:
        sock.bind((source, 0))


def _once(
    sock: socket.socket, family: int, where: Any, number: int, timeout_s: float, size: int
) -> float | None:
    """Milliseconds until the answer; None when none came. What cannot be sent is not answered."""
    identity = os.getpid() & 0xFFFF
    payload = os.urandom(8) + bytes(max(0, size - 8))
    header = struct.pack("!BBHHH", _REQUEST[family], 0, 0, identity, number)
    # The kernel fills in the checksum of ICMPv6, and of datagram sockets.
    header = struct.pack("!BBHHH", _REQUEST[family], 0, _checksum(header + payload), identity, number)
    begun = time.monotonic()
    with contextlib.suppress(OSError):
        sock.sendto(header + payload, where)
    while True:
        left = begun + timeout_s - time.monotonic()
        if left <= 0 or not select.select([sock], [], [], left)[0]:
            return None
        with contextlib.suppress(OSError):
            packet = sock.recv(65535)
            raw = family == socket.AF_INET and sock.type == socket.SOCK_RAW
            body = packet[(packet[0] & 0x0F) * 4 :] if raw else packet
            # The random bytes tell our answer from those to other programs.
            if body[:1] == bytes([_REPLY[family]]) and body[8:16] == payload[:8]:
                return round((time.monotonic() - begun) * 1000, 3)


def _checksum(data: bytes) -> int:
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def main(address: str, **options: Any) -> None:
    """Answer with one line of JSON."""
    sys.stdout.write(json.dumps(echo(address, **options)) + "\n")
