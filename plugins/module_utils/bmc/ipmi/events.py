# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a record of the event log says (IPMI 2.0, tables 32-1 to 32-3, 42-2 and 42-3).

The words and severities are pyghmi's tables. A record that they do not know keeps its bytes, and its
severity is unknown: never ``ok``.
"""

from __future__ import annotations

import struct
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.helpers import health, moment
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.sdr import Record, Records
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import UNKNOWN, Event

_SIZE = 16
#: Record types: below the first all is standard, below the second the time at least (table 32-1).
_OEM_TIMED, _OEM = 0xC0, 0xE0
_LINUX_PANIC = 0xF0
_DEASSERTED = 0x80
_THRESHOLD, _SENSOR_SPECIFIC = 0x01, 0x6F
_GENERIC = range(0x01, 0x0D)
#: Sensor type 10h: the log is full, nearly full. pyghmi calls that harmless; records are lost by it.
_LOG_FULL = {(0x10, 4), (0x10, 5)}


def decode(record: bytes, sensors: Records) -> Event:
    """Never raises: what cannot be decoded is given as it is."""
    id_ = str(int.from_bytes(record[:2], "little"))
    raw = record.hex()
    if len(record) < _SIZE:
        return Event(id_, raw)
    kind = record[2]
    at = moment(struct.unpack_from("<I", record, 3)[0]) if kind < _OEM else None
    if kind == _LINUX_PANIC:
        # What Linux writes when it panics (drivers/char/ipmi/ipmi_msghandler.c): the text's beginning.
        text = record[5:16].partition(b"\0")[0].decode("ascii", "replace")
        return Event(id_, raw, at, type="Operating system", event="Linux kernel panic", detail=text,
                     asserted=True, severity="critical")  # fmt: skip
    if kind >= _OEM:
        return Event(id_, raw, at, type="OEM")
    if kind >= _OEM_TIMED:
        maker = int.from_bytes(record[7:10], "little")
        return Event(id_, raw, at, type="OEM", detail=f"maker {maker}")
    try:
        return _standard(id_, raw, at, record, sensors)
    # pyghmi's tables meet whatever firmware writes; the record is kept whatever it is.
    except Exception:
        return Event(id_, raw, at)


def _standard(id_: str, raw: str, at: str | None, record: bytes, sensors: Records) -> Event:
    from pyghmi.ipmi.private import constants

    owner, unit, version, kind, number, how = record[7], record[8] & 3, record[9], *record[10:13]
    data = record[13:16]
    if version not in (0x03, 0x04):
        return Event(id_, raw, at, detail=f"message format 0x{version:02x}")
    asserted = not how & _DEASSERTED
    reading_type, offset = how & 0x7F, data[0] & 0x0F
    sensor = sensors.sensors.get((owner, unit, number))
    known: dict[str, Any] = {}
    if reading_type in _GENERIC:
        known = constants.generic_type_offsets.get(reading_type, {}).get(offset, {})
    elif reading_type == _SENSOR_SPECIFIC:
        known = constants.sensor_type_offsets.get(kind, {}).get(offset, {})
    prefix = "" if asserted else "deassertion_"
    severity = health(known[prefix + "severity"]) if prefix + "severity" in known else UNKNOWN
    if severity == "ok" and asserted and (kind, offset) in _LOG_FULL and reading_type == _SENSOR_SPECIFIC:
        severity = "warning"
    return Event(
        id_,
        raw,
        at,
        sensor=sensor.name if sensor else f"sensor {number}" if number else None,
        type=constants.sensor_type_codes.get(kind, f"type 0x{kind:02x}"),
        event=known.get(prefix + "desc") or None,
        detail=_detail(kind, reading_type, offset, data, sensor, sensors),
        asserted=asserted,
        severity=severity,
        # Who says it, of which sensor, and which of its states (table 32-1).
        occasion=f"{owner:02x}{unit:x}.{kind:02x}{number:02x}.{reading_type:02x}{offset:x}",
    )


def _detail(
    kind: int, reading_type: int, offset: int, data: bytes, sensor: Record | None, sensors: Records
) -> str | None:
    """What the second and third byte of the event say (table 29-6)."""
    from pyghmi.ipmi.events import decode_eventdata
    from pyghmi.ipmi.private import constants

    second, third = data[0] >> 6, data[0] >> 4 & 3
    if reading_type == _THRESHOLD:
        parts = [
            f"{word} {_in_units(byte, sensor)}"
            for word, byte, there in (("reading", data[1], second == 1), ("threshold", data[2], third == 1))
            if there
        ]
        return ", ".join(parts) or None
    if reading_type == _SENSOR_SPECIFIC or 3 in (second, third):
        found = decode_eventdata(kind, offset, bytearray(data), constants, sensors)
        return str(found) if found else None
    return None


def _in_units(byte: int, sensor: Record | None) -> str:
    """A reading as the sensor's record converts it; as it is where that needs a question to the BMC."""
    linear = sensor is not None and sensor.entry.linearization is not None
    if sensor is None or not linear or sensor.entry.linearization > 11 or sensor.entry.numeric_format == 3:
        return f"0x{byte:02x}"
    value = sensor.entry.decode_value(None, signed(byte, sensor.entry.numeric_format))
    return f"{round(value, 3):g} {sensor.entry.unit_suffix}".strip()


def signed(byte: int, numeric_format: int) -> int:
    """A raw byte as the number it stands for: unsigned, or in ones' or two's complement (table 43-1)."""
    if numeric_format == 2 and byte & 0x80:
        return byte - 256
    if numeric_format == 1 and byte & 0x80:
        return byte - 255
    return byte
