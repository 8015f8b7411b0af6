# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions and makers in IPMI: device id (section 20.1), system info (22.14b), the FRU's product."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.fru import fru
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import Session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Firmware
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Unreachable

_APP = 0x06
_GET_DEVICE_ID, _GET_SYSTEM_INFO = 0x01, 0x59
_SYSTEM_FIRMWARE = 1
_DEVICE_ID_BYTES = 11
#: Table 22-16c: encodings, and what the first of the blocks of 16 bytes has before the text.
_ENCODINGS = {0: "latin-1", 1: "utf-8", 2: "utf-16-le"}
_BLOCK, _BEFORE = 16, 2

#: Makers of servers and of their BMCs, by the number that IANA gave them
#: (https://www.iana.org/assignments/enterprise-numbers), in the words people use.
MAKERS = {
    2: "IBM",
    11: "HP",
    42: "Oracle (Sun)",
    116: "Hitachi",
    119: "NEC",
    343: "Intel",
    674: "Dell",
    2011: "Huawei",
    3902: "ZTE",
    4753: "MontaVista (OpenIPMI's simulator)",
    5771: "Cisco",
    6569: "Inventec",
    6653: "Tyan",
    7244: "Quanta",
    10368: "Fujitsu",
    10876: "Supermicro",
    11161: "Wistron",
    11183: "Mitac",
    11408: "FiberHome",
    15370: "Gigabyte",
    19046: "Lenovo",
    20301: "IBM (System x)",
    20974: "American Megatrends",
    22238: "Foxconn",
    25506: "H3C",
    27500: "Dawning (Sugon)",
    37945: "Inspur",
    40092: "Wiwynn",
    47196: "Hewlett Packard Enterprise",
    49622: "ASRock Rack",
    49871: "OpenBMC",
    52538: "Ampere",
    55380: "Nettrix",
    58132: "xFusion",
    59176: "PowerLeader",
}


def read_firmware(session: Session) -> Firmware:
    """Everything that needs no maker's own commands."""
    data = session.command("read the device id", _APP, _GET_DEVICE_ID)
    if len(data) < _DEVICE_ID_BYTES:
        raise DatacenterError(
            "read the device id",
            device=session.name,
            cause=f"its answer has {len(data)} bytes of {_DEVICE_ID_BYTES}",
            next_step="look for newer firmware",
        )
    maker = int.from_bytes(data[6:9], "little") & 0xFFFFF
    unsupported: dict[str, str] = {}
    return Firmware(
        components={"bmc": version(data), "bios": _optional("bios", _bios, session, unsupported)},
        product=_optional("product", _product, session, unsupported),
        unsupported=unsupported,
        manufacturer=MAKERS.get(maker),
        manufacturer_id=maker,
        product_id=int.from_bytes(data[9:11], "little"),
        ipmi_version=f"{data[4] & 0xF}.{data[4] >> 4}",
        device_revision=data[1] & 0x0F,
        auxiliary=data[11:15].hex(" ") or None,
    )


def version(data: bytes) -> str:
    """Major, and minor in BCD; a minor that is none, as some firmware has it, in hexadecimal all the same."""
    return f"{data[2] & 0x7F}.{data[3]:02x}"


def _optional(
    what: str, read: Callable[[Session], str | None], session: Session, unsupported: dict[str, str]
) -> str | None:
    """What a BMC need not have. Silence is no such answer, and ends it."""
    try:
        found = read(session)
    except Unreachable:
        raise
    except DatacenterError as error:
        unsupported[what] = error.cause or error.what
        return None
    if not found:
        unsupported[what] = "nobody has told the BMC"
    return found or None


def _bios(session: Session) -> str | None:
    """The system firmware's version, which the BIOS leaves with the BMC at its start."""
    text = b""
    length, encoding, block = 1, 0, 0
    while len(text) < length:
        answer = session.command(
            "read the system firmware's version", _APP, _GET_SYSTEM_INFO, [0, _SYSTEM_FIRMWARE, block, 0]
        )
        data = answer[2 : 2 + _BLOCK]
        if block == 0:
            if len(data) < _BEFORE:
                return None
            encoding, length = data[0] & 0x0F, data[1]
            data = data[_BEFORE:]
        if not data:
            break
        text += data
        block += 1
    return text[:length].decode(_ENCODINGS.get(encoding, "latin-1"), "replace").strip("\x00 ") or None


def _product(session: Session) -> str | None:
    found = fru(session)
    return found.get("product_name") or found.get("model")
