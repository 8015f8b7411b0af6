# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server says it is, and what parts it has: field replaceable units (IPMI 2.0, chapter 34).

Unit 0 is the server. Which others there are, and what of the server each of them is, the FRU device locators
among the sensor data records say (section 43.8). A locator stands for a place, not for a part: whether
something is in that place, only the unit itself tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.helpers import decoders
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.sdr import BMC, Locator
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import Session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    Unreachable,
)

_STORAGE = 0x0A
_GET_FRU_SIZE, _READ_FRU = 0x10, 0x11
#: Bytes asked for at once, the least of them, and the codes that mean 'too much'.
_FRU_CHUNK, _FRU_LEAST = 128, 8
_TOO_MUCH = frozenset({0xC7, 0xC8, 0xC9, 0xCA, 0xFF})
#: Nothing is in that place (table 5-2: requested sensor, data, or record not present).
_NOT_PRESENT = 0xCB
#: What a place is for, by its entity id (table 43-13): processor and its module, memory module and memory
#: device, disk or its bay.
_KINDS = {3: "processors", 9: "processors", 8: "memory", 32: "memory", 4: "drives"}
#: The part is a memory module that tells of itself by its SPD data (table 43-12): in a chip of its own, or
#: behind a controller, as a unit that FRU commands read is mostly described.
_SPD_TYPES, _SPD = range(0x08, 0x11), 0x01
#: Version of the format, the first byte of all FRU data, and what memory holds that nobody has programmed.
_FRU_FORMAT, _BLANK = 0x01, frozenset({0x00, 0xFF})
#: Our words for a part, and where FRU data has it: of the product, or of the board where there is no product.
_WORDS = {
    "manufacturer": ("manufacturer", "board_manufacturer"),
    "model": ("product_name", "board_product_name"),
    "part_number": ("model", "board_model"),
    "serial_number": ("serial_number", "board_serial_number"),
}


def fru(session: Session, locators: Iterable[Locator] = (), unread: str | None = None) -> dict[str, Any]:
    """What the server says it is, empty fields left out, and its ``processors``, ``memory`` and ``drives``.

    A kind of part of which the BMC has no place is left out: it is not known, which is not the same as none.
    Where a place could not be read, ``not_told`` says of which kind, and why.

    :param unread: why it is not known which places there are.
    """
    found = _told(session, 0)
    parts: dict[str, list[dict[str, Any]]] = {}
    not_told = dict.fromkeys(_KINDS.values(), unread) if unread else {}
    for locator in locators:
        kind = _KINDS.get(locator.entity)
        # Unit 0 of the BMC is the server itself; that of another controller is not.
        if kind is None or (locator.owner, locator.number, locator.lun) == (BMC, 0, 0):
            continue
        there = parts.setdefault(kind, [])
        try:
            there.append(_part(session, locator))
        except Unreachable:
            # Whoever has gone silent is not asked for each of his parts.
            raise
        except DatacenterError as error:
            if getattr(error, "completion", None) == _NOT_PRESENT:
                continue
            reason = f"{locator.name or locator.number}: {error.cause or error}"
            not_told[kind] = f"{not_told[kind]}; {reason}" if kind in not_told else reason
    # Of a kind that was read in part, what is missing could be what was not read.
    found.update({kind: there for kind, there in parts.items() if kind not in not_told})
    if not_told:
        found["not_told"] = not_told
    return found


def _part(session: Session, locator: Locator) -> dict[str, Any]:
    """One part, in the words that Redfish has for it."""
    if locator.owner != BMC:
        # Its number means another unit to the BMC.
        cause = f"it belongs to another controller (0x{locator.owner:02x}), which is not asked"
        raise _unread(session, cause)
    if locator.type in _SPD_TYPES and locator.modifier == _SPD:
        return {"slot": locator.name, **_spd(session, locator)}
    told = _told(session, locator.number, locator.lun)
    return {
        "slot": locator.name,
        **{word: next((told[key] for key in keys if told.get(key)), None) for word, keys in _WORDS.items()},
    }


def _unread(session: Session, cause: str) -> DatacenterError:
    return DatacenterError(
        "read a part", device=session.name, cause=cause, next_step="look at the server itself for this part"
    )


def _spd(session: Session, locator: Locator) -> dict[str, Any]:
    from pyghmi.ipmi.private.spd import SPD

    data = _fru_data(session, locator.number, locator.lun)
    with decoders(session, "decode the memory module's data"):
        told: Mapping[str, Any] = SPD(bytearray(data)).info
    return {
        "type": told.get("memory_type"),
        "mib": None if told.get("capacity_mb") is None else int(told["capacity_mb"]),
        "manufacturer": told.get("manufacturer"),
        "model": None,
        "part_number": _plain(told.get("model")),
        "serial_number": None if told.get("serial") is None else str(told["serial"]),
    }


def _told(session: Session, number: int, lun: int = 0) -> dict[str, Any]:
    from pyghmi.ipmi.fru import FRU

    data = _fru_data(session, number, lun)
    if number and data and data[0] != _FRU_FORMAT and not _BLANK.issuperset(data):
        # pyghmi's decoder would find nothing in it and say so of a part that tells something.
        raise _unread(session, f"its data is no FRU data (its first byte is 0x{data[0]:02x})")
    with decoders(session, "decode the FRU data"):
        # A memory that nobody has programmed has no data in it.
        found = (FRU(rawdata=data).info if data else None) or {}
    return {_key(name): _plain(value) for name, value in found.items() if value not in (None, "", b"", [])}


def _fru_data(session: Session, number: int, lun: int = 0) -> bytearray:
    """The bytes of a unit. BMCs differ in how much they give at once: ask for less on a no."""
    answer = session.command("read the FRU's size", _STORAGE, _GET_FRU_SIZE, [number], lun=lun)
    size = int.from_bytes(answer[:2], "little")
    data = bytearray()
    chunk = _FRU_CHUNK
    while len(data) < size:
        request = [number, len(data) & 0xFF, len(data) >> 8, min(chunk, size - len(data))]
        try:
            answer = session.command("read the FRU data", _STORAGE, _READ_FRU, request, lun=lun)
        except errors.BmcError as error:
            if error.completion not in _TOO_MUCH or chunk <= _FRU_LEAST:
                raise
            chunk //= 2
            continue
        if not answer or not answer[0]:
            break
        data += answer[1 : 1 + answer[0]]
    return data


def _key(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | bytearray):
        return value.decode("ascii", "replace").strip("\x00 ")
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.strip("\x00 ") if isinstance(value, str) else value
