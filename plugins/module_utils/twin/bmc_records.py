# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bytes a simulated BMC tells of its server: FRU, sensor records, event log. Pure.

Formats: Platform Management FRU Information Storage Definition 1.0 rev 1.3; IPMI 2.0
rev 1.1 tables 32-1 (event log record), 43-1 (full sensor record) and 43-15 (units).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

# FRU ---------------------------------------------------------------------------------

#: Board manufacturing dates count minutes from 1996-01-01 00:00 UTC.
FRU_EPOCH_S = 820454400
FRU_SIZE = 1024


def fru(vendor: str, model: str, serial: str, asset_tag: str, made_at_s: int = 1735689600) -> bytes:
    """FRU device 0: chassis, board and product area, padded to :data:`FRU_SIZE`.

    :param made_at_s: manufacturing date in seconds since 1970.
    """
    rack_mount = 0x17
    english = 25
    chassis = _area(bytes([rack_mount]), ["CH-" + model[:20], "C" + serial])
    minutes = max(0, (made_at_s - FRU_EPOCH_S) // 60)
    board = _area(
        bytes([english]) + struct.pack("<I", minutes)[:3],
        [vendor, f"{model} system board", "B" + serial, "PN-" + model[:20], ""],
    )
    product = _area(bytes([english]), [vendor, model, "PN-" + model[:20], "1.0", serial, asset_tag, ""])
    offset = 8
    offsets = []
    for area in (chassis, board, product):
        offsets.append(offset // 8)
        offset += len(area)
    header = bytes([1, 0, offsets[0], offsets[1], offsets[2], 0, 0])
    data = header + _checksum(header) + chassis + board + product
    return data.ljust(FRU_SIZE, b"\0")


@dataclass(frozen=True)
class Part:
    """A part with a FRU of its own.

    :param number: of its FRU; 0 is the server itself.
    :param entity: what it is (IPMI 2.0 table 43-13).
    """

    number: int
    name: str
    entity: int
    instance: int
    vendor: str
    model: str
    part_number: str

    def fru(self, serial: str) -> bytes:
        """Its product area, padded to :data:`PART_FRU_SIZE`."""
        english = 25
        product = _area(bytes([english]), [self.vendor, self.model, self.part_number, "1.0", serial, "", ""])
        header = bytes([1, 0, 0, 0, 1, 0, 0])
        return (header + _checksum(header) + product).ljust(PART_FRU_SIZE, b"\0")

    def locator(self) -> bytes:
        """The FRU device locator (section 43.8) that says where it is."""
        logical, inventory = 0x80, 0x10
        name = self.name.encode("ascii")[:16]
        body = bytes([0x20, self.number, logical, 0, 0, inventory, 0, self.entity, self.instance, 0])
        return _sdr(0x11, body + bytes([0xC0 | len(name)]) + name)


PART_FRU_SIZE = 256


def parts() -> list[Part]:
    """What stands in each server of a twin: two memory modules and a drive."""
    return [
        Part(1, "DIMM_A1", ENTITY_MEMORY, 1, "Anjianyun", "DDR4-3200 512 MB", "AJY-D4-512"),
        Part(2, "DIMM_A2", ENTITY_MEMORY, 2, "Anjianyun", "DDR4-3200 512 MB", "AJY-D4-512"),
        Part(3, "DRIVE_0", ENTITY_DRIVE, 1, "Anjianyun", "Twin disk", "AJY-DISK"),
    ]


def _area(start: bytes, fields: list[str]) -> bytes:
    body = b"".join(_text(field) for field in fields) + b"\xc1"
    length = 2 + len(start) + len(body) + 1
    padding = -length % 8
    area = bytes([1, (length + padding) // 8]) + start + body + b"\0" * padding
    return area + _checksum(area)


def _text(value: str) -> bytes:
    """Type/length byte 'eight-bit ASCII', then the text.

    A length of one would read as the end mark 0xC1, so one character gets a blank.
    """
    data = value.encode("ascii", "replace")[:62]
    if len(data) == 1:
        data += b" "
    return bytes([0xC0 | len(data)]) + data


def _checksum(data: bytes) -> bytes:
    return bytes([-sum(data) & 0xFF])


# Sensors -----------------------------------------------------------------------------

TEMPERATURE, VOLTAGE, CURRENT, FAN, POWER_SUPPLY = 0x01, 0x02, 0x03, 0x04, 0x08
DEGREES, VOLTS, WATTS, RPM = 1, 4, 6, 18
ENTITY_PROCESSOR, ENTITY_BOARD, ENTITY_SUPPLY, ENTITY_FAN, ENTITY_INLET = 3, 7, 10, 29, 55
ENTITY_DRIVE, ENTITY_MEMORY = 4, 32
THRESHOLD, DISCRETE = 0x01, 0x6F


@dataclass(frozen=True)
class Sensor:
    """One analogue sensor: value = raw * factor * 10**exponent.

    ``upper`` and ``lower`` are (non-critical, critical, non-recoverable) in the sensor's
    unit, ``None`` where a server of this kind sets none.
    """

    number: int
    name: str
    kind: int
    unit: int
    entity: int
    instance: int
    value: float
    factor: int = 1
    exponent: int = 0
    upper: tuple[float, float, float] | None = None
    lower: tuple[float, float, float] | None = None

    def raw(self, value: float) -> int:
        """The byte that stands for this value."""
        return max(0, min(255, round(value / (self.factor * 10.0**self.exponent))))

    @property
    def thresholds(self) -> list[int]:
        """Raw thresholds as the simulator wants them: bits 5 (upper) to 0 (lower)."""
        upper = [self.raw(v) for v in reversed(self.upper)] if self.upper else [0, 0, 0]
        lower = [self.raw(v) for v in reversed(self.lower)] if self.lower else [0, 0, 0]
        return upper + lower

    @property
    def enabled(self) -> str:
        return ("111" if self.upper else "000") + ("111" if self.lower else "000")

    @property
    def event_mask(self) -> str:
        """15 bits: 'going high' of the upper, 'going low' of the lower thresholds."""
        high = sum(1 << bit for bit in (7, 9, 11)) if self.upper else 0
        low = sum(1 << bit for bit in (0, 2, 4)) if self.lower else 0
        return format(high | low, "015b")

    def record(self) -> bytes:
        """The full sensor record that describes it to clients."""
        mask = int(self.enabled, 2)
        events = int(self.event_mask, 2)
        unr, uc, unc, lnr, lc, lnc = self.thresholds
        name = self.name.encode("ascii")[:16]
        body = struct.pack("<BBB", 0x20, 0, self.number)
        body += bytes([self.entity, self.instance, 0x7F, 0x68, self.kind, THRESHOLD])
        body += struct.pack("<HHBB", events, events, mask, mask)
        body += bytes([0, self.unit, 0, 0])  # unsigned, unit, no modifier, linear
        body += bytes([self.factor & 0xFF, (self.factor >> 2) & 0xC0, 0, 0, 0])
        body += bytes([(self.exponent & 0xF) << 4])
        body += bytes([0x01, self.raw(self.value), 255, 0, 255, 0])
        body += bytes([unr, uc, unc, lnr, lc, lnc, 1, 1, 0, 0, 0, 0xC0 | len(name)])
        return _sdr(0x01, body + name)


def supply_status_record(number: int, name: str, instance: int) -> bytes:
    """A compact sensor record (table 43-2) of a power supply's state bits."""
    text = name.encode("ascii")[:16]
    body = bytes([0x20, 0, number, ENTITY_SUPPLY, instance, 0x67, 0x40, POWER_SUPPLY, DISCRETE])
    body += struct.pack("<HHH", 0x0B, 0x0B, 0x0B)
    body += bytes([0xC0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xC0 | len(text)])
    return _sdr(0x02, body + text)


def _sdr(kind: int, body: bytes) -> bytes:
    return bytes([0, 0, 0x51, kind, len(body)]) + body


def sensors() -> list[Sensor]:
    """What a two-socket rack server shows."""
    return [
        Sensor(1, "Inlet Temp", TEMPERATURE, DEGREES, ENTITY_INLET, 1, 23, upper=(38, 42, 47)),
        Sensor(2, "CPU1 Temp", TEMPERATURE, DEGREES, ENTITY_PROCESSOR, 1, 47, upper=(85, 95, 100)),
        Sensor(3, "CPU2 Temp", TEMPERATURE, DEGREES, ENTITY_PROCESSOR, 2, 45, upper=(85, 95, 100)),
        *(_fan(number, instance) for instance, number in enumerate(range(4, 8), start=1)),
        _rail(8, "12V", 1, 12.1, factor=60, upper=(12.9, 13.2, 13.8), lower=(11.1, 10.8, 10.2)),
        _rail(9, "3.3V", 2, 3.32, factor=20, upper=(3.46, 3.56, 3.7), lower=(3.14, 3.04, 2.9)),
        _input(10, "PSU1 Input", 1, 156),
        _input(11, "PSU2 Input", 2, 148),
    ]


Three = tuple[float, float, float]


def _fan(number: int, instance: int) -> Sensor:
    value = 5340 + 60 * instance
    lower = (1800, 1200, 600)
    return Sensor(number, f"Fan{instance}", FAN, RPM, ENTITY_FAN, instance, value, factor=60, lower=lower)


def _rail(
    number: int, name: str, instance: int, value: float, *, factor: int, upper: Three, lower: Three
) -> Sensor:
    return Sensor(
        number,
        name,
        VOLTAGE,
        VOLTS,
        ENTITY_BOARD,
        instance,
        value,
        factor,
        exponent=-3,
        upper=upper,
        lower=lower,
    )


def _input(number: int, name: str, instance: int, value: float) -> Sensor:
    upper = (880, 920, 960)
    return Sensor(number, name, CURRENT, WATTS, ENTITY_SUPPLY, instance, value, factor=4, upper=upper)


#: Number, name and instance of the power supplies' state sensors.
SUPPLIES = ((12, "PSU1 Status", 1), (13, "PSU2 Status", 2))


# Event log ---------------------------------------------------------------------------


def events(now_s: int) -> list[bytes]:
    """Some days of a quiet server's life, as 16-byte records, the oldest first."""
    day = 86400
    asserted, deasserted = 0x00, 0x80
    story = [
        (now_s - 41 * day, 0x10, 0x01, asserted | DISCRETE, b"\x02\xff\xff"),  # log cleared
        (now_s - 40 * day, 0x08, SUPPLIES[1][0], asserted | DISCRETE, b"\x03\xff\xff"),  # input lost
        (now_s - 40 * day + 95, 0x08, SUPPLIES[1][0], deasserted | DISCRETE, b"\x03\xff\xff"),
        (now_s - 12 * day, 0x1D, 0x20, asserted | DISCRETE, b"\x00\xff\xff"),  # initiated by power up
        (now_s - 12 * day + 140, 0x1F, 0x21, asserted | DISCRETE, b"\x01\xff\xff"),  # booted from C:
    ]
    return [
        struct.pack("<HBIHBBBB", number, 2, at_s, 0x0020, 4, kind, sensor, event) + data
        for number, (at_s, kind, sensor, event, data) in enumerate(story, start=1)
    ]


def persisted_events(records: list[bytes], now_s: int) -> str:
    """The log in the text format in which ``ipmi_sim`` keeps it over restarts.

    It reads its file backwards, so the newest record stands first.
    """
    lines = [
        f"{struct.unpack_from('<H', record)[0]}:d:" + "".join(f"\\{byte:02x}" for byte in record)
        for record in reversed(records)
    ]
    return "\n".join([*lines, f"last_erase_time:i:{now_s - 41 * 86400}", f"last_add_time:i:{now_s}", ""])
