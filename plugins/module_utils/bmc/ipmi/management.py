# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The management controller itself in IPMI: its firmware and its network."""

from __future__ import annotations

import struct
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import Session, algorithms
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.versions import version

_APP, _TRANSPORT = 0x06, 0x0C
_GET_DEVICE_ID, _GET_CHANNEL_INFO = 0x01, 0x42
_GET_LAN_PARAMETER = 0x02
_THIS_CHANNEL = 0x0E
_ADDRESS_SOURCES = {0: "unspecified", 1: "static", 2: "dhcp", 3: "bios", 4: "other"}


def firmware(session: Session) -> dict[str, Any]:
    """Versions and maker of the BMC itself (IPMI 2.0, section 20.1)."""
    data = session.command("read the device id", _APP, _GET_DEVICE_ID)
    return {
        "device_id": data[0],
        "device_revision": data[1] & 0x0F,
        "version": version(data),
        "ipmi_version": f"{data[4] & 0xF}.{data[4] >> 4}",
        "manufacturer_id": int.from_bytes(data[6:9], "little"),
        "product_id": int.from_bytes(data[9:11], "little"),
        "session": {
            "cipher_suite": session.target.cipher_suite,
            "algorithms": algorithms(session.target.cipher_suite),
        },
    }


def lan(session: Session) -> dict[str, Any]:
    """Addresses of the channel that this session came over (IPMI 2.0, table 23-4)."""
    data = session.command("read the channel", _APP, _GET_CHANNEL_INFO, [_THIS_CHANNEL])
    channel = data[0] & 0x0F

    def parameter(number: int) -> bytes:
        answer = session.command(
            f"read LAN parameter {number}", _TRANSPORT, _GET_LAN_PARAMETER, [channel, number, 0, 0]
        )
        return answer[1:]

    mask = int.from_bytes(parameter(6), "big")
    vlan = struct.unpack("<H", parameter(20)[:2])[0]
    return {
        "channel": channel,
        "address": _dotted(parameter(3)),
        "prefix_length": mask.bit_count(),
        "source": _ADDRESS_SOURCES.get(parameter(4)[0] & 0x0F, "unknown"),
        "mac": parameter(5).hex(":"),
        "gateway": _dotted(parameter(12)),
        "vlan": vlan & 0xFFF if vlan & 0x8000 else None,
    }


def _dotted(data: bytes) -> str:
    return ".".join(str(byte) for byte in data[:4])
