# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the firmware tells the operating system of its machine: identity, processors, memory modules.

The tables are read as the kernel shows them, which needs no tool but root. Offsets are those of the System
Management BIOS reference (DSP0134 3.7): sections 6.1.2 (header and strings), 7.2 (type 1), 7.5 (type 4),
7.18 (type 17).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterator

from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.machine import Machine, NotTold

TABLES = "/sys/firmware/dmi/tables/DMI"

_SYSTEM, _PROCESSOR, _MEMORY, _END = 1, 4, 17, 127
#: Type of a memory device (7.18.2), those that are found in servers.
_MEMORY_TYPES = {
    0x12: "DDR",
    0x13: "DDR2",
    0x18: "DDR3",
    0x1A: "DDR4",
    0x22: "DDR5",
    0x20: "HBM",
    0x21: "HBM2",
}
#: What makers leave in a field that nobody filled in.
_EMPTY = (
    "", "none", "unknown", "not specified", "not provided", "no dimm", "default string", "undefined",
    "to be filled by o.e.m.", "0", "00000000", "n/a", "na", "system serial number", "system product name",
    "system manufacturer",
)  # fmt: skip
_POPULATED = 0x40


@dataclass(frozen=True)
class Structure:
    """One structure: its type, its formatted part with header, and its strings."""

    kind: int
    data: bytes
    strings: tuple[str, ...]

    def number(self, offset: int, size: int) -> int | None:
        """A field in little endian; None when this structure is too short to have it."""
        if len(self.data) < offset + size:
            return None
        return int.from_bytes(self.data[offset : offset + size], "little")

    def string(self, offset: int) -> str | None:
        """The string that a field points to; None when it says nothing."""
        index = self.number(offset, 1)
        if not index or index > len(self.strings):
            return None
        text = self.strings[index - 1].strip()
        return None if text.lower() in _EMPTY else text


def read(machine: Machine) -> list[Structure]:
    """All structures.

    :raises NotTold: the kernel does not show them, or not to us.
    """
    try:
        data = machine.path(TABLES).read_bytes()
    except PermissionError as error:
        raise NotTold(
            "read the DMI tables", cause=f"only root may read {TABLES}", next_step="run it as root"
        ) from error
    except OSError as error:
        raise NotTold(
            "read the DMI tables",
            cause=f"the kernel shows no {TABLES} ({error.strerror})",
            next_step="read the BMC's FRU data, or the modules themselves",
        ) from error
    return list(structures(data))


def structures(data: bytes) -> Iterator[Structure]:
    """Cut the tables into structures; what is broken off ends them."""
    at = 0
    while at + 4 <= len(data):
        kind, length = data[at], data[at + 1]
        if length < 4 or at + length > len(data):
            return
        end = data.find(b"\x00\x00", at + length)
        if end < 0:
            return
        strings = tuple(
            part.decode("utf-8", "replace") for part in data[at + length : end].split(b"\x00") if part
        )
        yield Structure(kind, data[at : at + length], strings)
        if kind == _END:
            return
        at = end + 2


def identity(found: list[Structure]) -> dict[str, Any]:
    """Which machine this is (type 1)."""
    for one in found:
        if one.kind == _SYSTEM:
            return {"manufacturer": one.string(0x04), "product": one.string(0x05), "serial": one.string(0x07)}
    return {"manufacturer": None, "product": None, "serial": None}


def processors(found: list[Structure]) -> list[dict[str, Any]]:
    """The sockets that have a processor (type 4), in the shape of a BMC's FRU data."""
    parts = []
    for one in found:
        if one.kind != _PROCESSOR or not (one.number(0x18, 1) or 0) & _POPULATED:
            continue
        cores = one.number(0x23, 1)
        if cores == 0xFF:
            cores = one.number(0x2A, 2)
        parts.append(
            {
                "slot": one.string(0x04),
                "cores": cores or None,
                "manufacturer": one.string(0x07),
                "model": one.string(0x10),
                "part_number": one.string(0x22),
                "serial_number": one.string(0x20),
            }
        )
    return parts


def memory(found: list[Structure]) -> list[dict[str, Any]]:
    """The slots that have a module (type 17), in the shape of a BMC's FRU data."""
    parts = []
    for one in found:
        if one.kind != _MEMORY:
            continue
        size = one.number(0x0C, 2) or 0
        if size == 0:
            continue
        locator, bank = one.string(0x10), one.string(0x11)
        parts.append(
            {
                "slot": locator or bank,
                "bank": bank,
                "mib": _mib(one, size),
                "type": _MEMORY_TYPES.get(one.number(0x12, 1) or 0),
                "mt_per_s": one.number(0x20, 2) or one.number(0x15, 2) or None,
                "manufacturer": one.string(0x17),
                "part_number": one.string(0x1A),
                "serial_number": one.string(0x18),
            }
        )
    return _told_apart(parts)


def _mib(one: Structure, size: int) -> int | None:
    """The size in MiB. 0xFFFF is unknown, 0x7FFF refers to the extended size, bit 15 says KiB."""
    if size == 0xFFFF:
        return None
    if size == 0x7FFF:
        extended = one.number(0x1C, 4)
        return extended & 0x7FFFFFFF if extended else None
    return (size & 0x7FFF) // 1024 if size & 0x8000 else size


def _told_apart(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Some firmware names the slots of each processor alike, and tells them apart by the bank alone."""
    slots = [part["slot"] for part in parts]
    for part in parts:
        if slots.count(part["slot"]) > 1 and part["bank"] and part["bank"] != part["slot"]:
            part["slot"] = f"{part['bank']} {part['slot']}"
    return parts
