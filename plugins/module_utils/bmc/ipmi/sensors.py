# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sensors in IPMI (chapters 35, 36, 42 and 43).

A look costs one question a record and one a sensor. The BMC's own comparison comes with the reading, so
thresholds are asked for only where somebody has to be told which one was crossed.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi import sdr
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.events import signed
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.helpers import health
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import Session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import (
    SEVERITIES,
    UNKNOWN,
    VERDICTS,
    Sensor,
    Wanted,
)

_SENSOR = 0x04
_GET_FACTORS, _GET_THRESHOLDS, _GET_READING = 0x23, 0x27, 0x2D
_BMC = 0x20
#: Second byte of a reading (section 35.14).
_SCANNED, _UNAVAILABLE = 0x40, 0x20
_THRESHOLD, _SENSOR_SPECIFIC = 0x01, 0x6F
_NOT_NUMERIC = 3
_INVERSE = 7
#: Beyond it the factors of the conversion differ from reading to reading (section 36.2).
_LAST_FIXED = 11

#: Bits of the comparison and of the masks, and the order of *get sensor thresholds* (35.9, 35.14).
_BITS = (
    "lower_non_critical",
    "lower_critical",
    "lower_non_recoverable",
    "upper_non_critical",
    "upper_critical",
    "upper_non_recoverable",
)
#: Where a full record has them (table 43-1, bytes 37 to 42, counted from 0), its mask, and what it supports.
_IN_RECORD = {
    "upper_non_recoverable": 36,
    "upper_critical": 37,
    "upper_non_critical": 38,
    "lower_non_recoverable": 39,
    "lower_critical": 40,
    "lower_non_critical": 41,
}
_CAPABILITIES, _READABLE = 11, 18
_NO_ACCESS, _FIXED = 0, 3
_NO_STATE = "the BMC tells no state of it"


def read_sensors(
    session: Session, records: sdr.Records, wanted: Wanted | None = None, *, live: bool = False
) -> list[Sensor]:
    """The sensors that are wanted; a filter saves their questions, too."""
    chosen = [
        record
        for record in records.sensors.values()
        if record.raw[3] != sdr.EVENT_ONLY
        and (wanted is None or wanted(record.name, record.entry.sensor_type))
    ]
    return [_read(session, record, live) for record in chosen]


def _read(session: Session, record: sdr.Record, live: bool) -> Sensor:
    entry = record.entry
    about: dict[str, Any] = {
        "name": record.name,
        "type": entry.sensor_type,
        "unit": entry.unit_suffix.strip() or None,
        **_recorded(record),
    }
    if entry.sensor_owner != _BMC:
        cause = f"it belongs to another controller (0x{entry.sensor_owner:02x}), which is not asked"
        return Sensor(**about, cause=cause)
    try:
        answer = session.command(
            f"read the sensor {record.name}", _SENSOR, _GET_READING, [record.number], lun=entry.sensor_lun
        )
        if len(answer) < 2 or answer[1] & _UNAVAILABLE or not answer[1] & _SCANNED:
            cause = "the BMC has no reading of it now (what it measures may be off or not there)"
            return Sensor(**about, cause=cause)
        if _numeric(entry) or entry.reading_type == _THRESHOLD:
            return _analogue(session, record, answer, about, live)
    except errors.PrivilegeTooLow:
        raise
    except errors.BmcError as error:
        return Sensor(**about, cause=error.cause)
    return _discrete(record, answer, about)


def _numeric(entry: Any) -> bool:
    """Whether the reading is a number. Compact records never have one."""
    if entry.numeric_format == _NOT_NUMERIC or entry.linearization is None:
        return False
    return entry.numeric_format != 0 or entry.has_thresholds or entry.reading_type == _THRESHOLD


def _analogue(
    session: Session, record: sdr.Record, answer: bytes, about: dict[str, Any], live: bool
) -> Sensor:
    entry = record.entry
    reading = _value(session, record, answer[0]) if _numeric(entry) else None
    compared = entry.reading_type == _THRESHOLD and len(answer) > 2
    bits = answer[2] if compared else 0
    crossed = [_named(name, entry) for bit, name in enumerate(_BITS) if bits >> bit & 1]
    if entry.reading_type != _THRESHOLD:
        return replace(_discrete(record, answer, about), reading=reading)
    if crossed or live or not compared:
        about.update(_in_force(session, record) or {})
    if about.get("thresholds_from") == "sensor" and reading is not None:
        # Some firmware compares nothing. What is beyond a threshold in force is not fine.
        crossed += [name for name, limit in about["thresholds"].items() if _beyond(name, reading, limit)]
    elif not compared:
        return Sensor(**about, reading=reading, cause=_NO_STATE)
    if reading is None and not crossed and _numeric(entry):
        # The comparison may be made with the same number that is none.
        return Sensor(**about, cause="its raw reading stands for no number")
    worst = max(crossed, key=lambda name: SEVERITIES.index(VERDICTS[name]), default=None)
    return Sensor(
        **about,
        reading=reading,
        states=tuple(sorted({name.replace("_", " ") for name in crossed})),
        verdict=VERDICTS[worst] if worst else "ok",
        crossed=worst,
    )


def _beyond(name: str, reading: float, limit: float) -> bool:
    return reading > limit if name.startswith("upper") else reading < limit


def _named(name: str, entry: Any) -> str:
    """With 1/x a greater raw value is a smaller reading, so upper and lower change places."""
    if entry.linearization != _INVERSE:
        return name
    side, _line, rest = name.partition("_")
    return f"{'lower' if side == 'upper' else 'upper'}_{rest}"


def _recorded(record: sdr.Record) -> dict[str, Any]:
    """The thresholds that stand in the record: no question, but perhaps no longer those in force."""
    raw, entry = record.raw, record.entry
    access = raw[_CAPABILITIES] >> 2 & 3
    readable = raw[3] == sdr.FULL and len(raw) > 41 and entry.reading_type == _THRESHOLD
    if (
        not readable
        or access in (_NO_ACCESS, _FIXED)
        or not _numeric(entry)
        or entry.linearization > _LAST_FIXED
    ):
        return {}
    mask = raw[_READABLE]
    found = {name: raw[_IN_RECORD[name]] for bit, name in enumerate(_BITS) if mask >> bit & 1}
    return _thresholds({name: _fixed(entry, byte) for name, byte in found.items()}, entry, "record")


def _in_force(session: Session, record: sdr.Record) -> dict[str, Any] | None:
    """The thresholds as the sensor has them now; ``None`` when it has none, or does not tell."""
    if not _numeric(record.entry):
        return None
    what = f"read the thresholds of {record.name}"
    try:
        answer = session.command(what, _SENSOR, _GET_THRESHOLDS, [record.number], lun=record.entry.sensor_lun)
    except errors.CommandUnsupported:
        return None
    if len(answer) < 1 + len(_BITS):
        return None
    found = {name: answer[1 + bit] for bit, name in enumerate(_BITS) if answer[0] >> bit & 1}
    values = {name: _value(session, record, byte) for name, byte in found.items()}
    return _thresholds(values, record.entry, "sensor") if values else None


def _thresholds(values: Mapping[str, float | None], entry: Any, source: str) -> dict[str, Any]:
    known = {_named(name, entry): value for name, value in values.items() if value is not None}
    if not known:
        return {}
    return {
        "thresholds": known,
        "thresholds_from": source,
    }


def _value(session: Session, record: sdr.Record, raw: int) -> float | None:
    entry = record.entry
    if entry.linearization > _LAST_FIXED:
        factors = session.command(
            f"read the factors of {record.name}", _SENSOR, _GET_FACTORS, [record.number, raw],
            lun=entry.sensor_lun,
        )  # fmt: skip
        entry = copy.copy(entry)
        entry.decode_formula(factors[1:])
        entry.linearization = 0
    return _fixed(entry, raw)


def _fixed(entry: Any, raw: int) -> float | None:
    """Three digits after the point: more is an artefact of the conversion. ``None`` when it has no number."""
    try:
        return round(float(entry.decode_value(None, signed(raw, entry.numeric_format))), 3)
    except (ValueError, ZeroDivisionError, OverflowError, TypeError):
        # The logarithm of nothing, and its like (a root that is no real number): the sensor is at the end of
        # what it can tell.
        return None


def _discrete(record: sdr.Record, answer: bytes, about: dict[str, Any]) -> Sensor:
    """States by name. Those of the maker's own are told by number, and nobody knows how bad they are."""
    from pyghmi.ipmi.private import constants

    entry = record.entry
    if len(answer) < 3:
        return Sensor(**about, cause=_NO_STATE)
    bits = int.from_bytes(answer[2:4], "little") & 0x7FFF
    if entry.reading_type == _SENSOR_SPECIFIC:
        known: Mapping[int, Any] = constants.sensor_type_offsets.get(entry.sensor_type_number, {})
    else:
        known = constants.generic_type_offsets.get(entry.reading_type, {})
    states, verdicts, strange = [], ["ok"], []
    for bit in range(15):
        if not bits >> bit & 1:
            continue
        if bit in known:
            states.append(str(known[bit]["desc"]))
            verdicts.append(health(known[bit]["severity"]))
        else:
            states.append(f"state {bit}")
            strange.append(str(bit))
    worst = max(verdicts, key=SEVERITIES.index)
    unknown = bool(strange) and worst == "ok"
    return Sensor(
        **about,
        states=tuple(states),
        verdict=UNKNOWN if unknown else worst,
        cause=f"the meaning of state {', '.join(strange)} is the maker's own" if unknown else None,
    )
