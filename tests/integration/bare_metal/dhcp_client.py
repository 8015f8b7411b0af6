# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DHCP client: ``python dhcp_client.py INTERFACE MAC SECONDS ARCHITECTURE [USER CLASS]``.

Says the offer that it gets as JSON, or ``null`` (RFC 2131; options 77 and 93).
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys

COOKIE = b"\x63\x82\x53\x63"


def main() -> None:
    interface, mac, seconds, architecture = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
    user_class = sys.argv[5].encode() if len(sys.argv) > 5 else b""
    number = os.urandom(4)
    packet = struct.pack("!BBBB4sHH", 1, 1, 6, 0, number, 0, 0x8000) + bytes(16)
    packet += bytes.fromhex(mac.replace(":", "")).ljust(16, b"\0") + bytes(192) + COOKIE
    packet += b"\x35\x01\x01\x5d\x02" + struct.pack("!H", architecture) + b"\x37\x03\x01\x03\x43"
    if user_class:
        packet += bytes([77, len(user_class)]) + user_class
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        peer.bind(("", 68))
        peer.settimeout(seconds)
        peer.sendto(packet + b"\xff", ("255.255.255.255", 67))
        try:
            answer = peer.recv(2048)
            while answer[4:8] != number:
                answer = peer.recv(2048)
        except TimeoutError:
            print("null")
            return
    print(json.dumps(_said(answer)))


def _said(answer: bytes) -> dict[str, str]:
    options: dict[int, bytes] = {}
    at = 240
    while at < len(answer) and answer[at] != 255:
        if answer[at]:
            options[answer[at]] = answer[at + 2 : at + 2 + answer[at + 1]]
            at += 1 + answer[at + 1]
        at += 1
    file = options.get(67) or answer[108:236]
    return {
        "address": socket.inet_ntoa(answer[16:20]),
        "router": socket.inet_ntoa(options[3]) if 3 in options else "",
        "file": file.rstrip(b"\0").decode(),
    }


if __name__ == "__main__":
    main()
