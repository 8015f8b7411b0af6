# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second kind of BMC, on pyghmi's server class: ``python server_bmc.py SUITE PORT USER``.

As pyghmi ships it, it answers every proposal with suite 3, whatever was asked for: a BMC
that downgrades. Told suite 17, it speaks that in earnest; ipmitool is the witness that it
does. (``ipmi_sim`` knows no SHA-256.) The password comes on standard input.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
import sys
from types import SimpleNamespace
from typing import Any

from pyghmi.ipmi import bmc
from pyghmi.ipmi.private import constants, serversession


class Suite17Session(serversession.ServerSession):
    """pyghmi's server session with SHA-256 in the places where it has SHA-1."""

    def create_open_session_response(self, request: bytearray) -> bytearray:
        self.currhashlib = hashlib.sha256
        self.currhashlen = 16
        response: bytearray = super().create_open_session_response(request)
        response[16], response[24] = 3, 4
        return response

    def _send_rakp4(self, tag: int, status: int) -> None:
        payload = bytearray([tag, status, 0, 0]) + self.clientsessionid
        data = bytes(self.Rm) + bytes(self.managedsessionid) + bytes(self.uuiddata)
        payload += hmac.new(self.sik, data, hashlib.sha256).digest()[:16]
        self.send_payload(payload, constants.payload_types["rakp4"], retry=False)
        self.confalgo = "aes"
        self.integrityalgo = "sha256"
        self.sequencenumber = 1
        self.sessionid = struct.unpack("<I", bytes(self.clientsessionid))[0]


class Server(bmc.Bmc):
    """A server that is switched in memory."""

    state = "on"

    def get_power_state(self) -> str:
        return self.state

    def power_off(self) -> None:
        self.state = "off"

    def power_on(self) -> None:
        self.state = "on"


def main() -> None:
    suite, port, user = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if suite == 17:
        private: Any = serversession
        private.ServerSession = Suite17Session
        private.hashlib = SimpleNamespace(sha1=hashlib.sha256)
    server = Server({user: sys.stdin.readline().strip()}, port=port, address="127.0.0.1")
    print("ready", flush=True)
    server.listen()


if __name__ == "__main__":
    main()
