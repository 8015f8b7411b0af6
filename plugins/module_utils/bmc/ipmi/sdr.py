# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sensors a BMC has: its sensor data records (IPMI 2.0, chapters 33 and 43).

Reading them is most of what a look at the sensors costs, one command a record at best, and they hardly ever
change. So they can be kept in a file for each BMC, and are read again when the BMC says that they changed.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils import durable
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import Session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

_APP, _STORAGE = 0x06, 0x0A
_GET_DEVICE_ID, _GET_INFO, _RESERVE, _GET_RECORD = 0x01, 0x20, 0x22, 0x23
_END = 0xFFFF
_HEADER, _WHOLE = 5, 0xFF
#: What a BMC says that cannot give so many bytes at once (tables 5-2 and 33-6).
_TOO_MUCH = frozenset({0xC7, 0xC8, 0xCA, 0xFF})
_RESERVATION_LOST = 0xC5
_CHUNK, _LEAST = 32, 8
#: A BMC whose records point in a circle is given up on.
_MOST_RECORDS = 4096

FULL, COMPACT, EVENT_ONLY, FRU_LOCATOR = 0x01, 0x02, 0x03, 0x11
#: The BMC's own address among the controllers (IPMI 2.0, section 5.1); every other is behind it.
BMC = 0x20


@dataclass(frozen=True)
class Record:
    """One sensor.

    :param entry: pyghmi's decoding of its record.
    :param raw: the record from its header on.
    :param number: differs from the record's own where one record stands for several sensors.
    """

    entry: Any
    raw: bytes
    number: int
    name: str

    @property
    def key(self) -> tuple[int, int, int]:
        """Owner, unit (LUN) and number: what an event names its sensor by."""
        return self.entry.sensor_owner, self.entry.sensor_lun, self.number


@dataclass(frozen=True)
class Locator:
    """A place for a field replaceable unit (section 43.8).

    :param number: by which the unit is read.
    :param entity: what of the server it is (table 43-13).
    :param type: of its memory, with the ``modifier`` (table 43-12).
    :param owner: the controller that reads it, and its unit (``lun``).
    """

    number: int
    entity: int
    instance: int
    type: int
    modifier: int
    name: str
    owner: int = BMC
    lun: int = 0


@dataclass(frozen=True)
class Records:
    """All sensors of a BMC.

    :param fru: names of its field replaceable units, as pyghmi's decoder of events wants them.
    :param locators: the places of those units.
    :param unreadable: records that could not be decoded, in hexadecimal.
    """

    sensors: Mapping[tuple[int, int, int], Record]
    fru: Mapping[int, Any] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    locators: tuple[Locator, ...] = ()


def read(session: Session, cache: Path | None = None) -> Records:
    """The records, from the file when the BMC still has the same.

    :param cache: a folder for the files; none is kept without.
    """
    kept = _kept(cache, session)
    if kept is None:
        return decode(_fetch(session))
    device = session.command("read the device id", _APP, _GET_DEVICE_ID)
    info = session.command("read the state of the sensor records", _STORAGE, _GET_INFO)
    # Device and firmware; count and the times of the last change. Free space does not matter.
    state = device.hex() + " " + (info[:3] + info[5:13]).hex()
    raw = _from_file(kept, state)
    if raw is None:
        raw = _fetch(session)
        _to_file(kept, state, raw)
    return decode(raw)


def decode(raw: list[bytes]) -> Records:
    """What the records say; those that cannot be decoded are set aside."""
    from pyghmi.ipmi.private import constants
    from pyghmi.ipmi.sdr import SDREntry

    sensors: dict[tuple[int, int, int], Record] = {}
    fru: dict[int, Any] = {}
    locators = []
    unreadable = []
    for data in raw:
        try:
            entry = SDREntry(bytearray(data), constants)
            if data[3] in (FULL, COMPACT, EVENT_ONLY):
                for record in _sharing(entry, data):
                    sensors.setdefault(record.key, record)
            elif data[3] == FRU_LOCATOR:
                fru[entry.fru_number] = entry
                # Others stand for chips that are read in another way than by FRU commands.
                if entry.fru_logical:
                    name = str(entry.fru_name).strip("\x00 ")
                    # No address at all names no other controller.
                    owner, lun = data[5] & 0xFE or BMC, data[7] >> 3 & 3
                    locators.append(
                        Locator(data[6], data[12], data[13], data[10], data[11], name, owner, lun)
                    )
        # pyghmi says what it cannot decode in many ways, and each record is its own.
        except Exception:
            unreadable.append(data.hex())
    return Records(sensors, fru, tuple(unreadable), tuple(locators))


def _sharing(entry: Any, data: bytes) -> list[Record]:
    """The sensors that a record stands for: a compact one may stand for several (table 43-2, byte 24)."""
    name = entry.sensor_name.strip("\x00 ")
    count = data[23] & 0x0F if data[3] == COMPACT else 1
    if count <= 1:
        return [Record(entry, data, entry.sensor_number, name)]
    first = data[24] & 0x7F
    letters = data[23] >> 4 & 3
    return [
        Record(entry, data, entry.sensor_number + index, name + _modifier(first + index, bool(letters)))
        for index in range(count)
    ]


def _modifier(number: int, letters: bool) -> str:
    """The end of a shared record's name: a number, or A to Z, AA and so on."""
    if not letters:
        return str(number)
    above = _modifier(number // 26 - 1, True) if number >= 26 else ""
    return above + chr(ord("A") + number % 26)


# From the BMC ------------------------------------------------------------------------


def _fetch(session: Session) -> list[bytes]:
    reader = _Reader(session)
    records: list[bytes] = []
    next_id = 0
    while next_id != _END and len(records) < _MOST_RECORDS:
        next_id, record = reader.record(next_id)
        records.append(record)
    return records


class _Reader:
    """Reads records whole, or in pieces once the BMC has said that it cannot give them whole."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.whole = True
        self.chunk = _CHUNK
        self.reservation = 0

    def record(self, record_id: int) -> tuple[int, bytes]:
        """:returns: the id of the next record, and this one."""
        data = b""
        if self.whole:
            try:
                next_id, data = self._ask(record_id, 0, _WHOLE)
            except errors.BmcError as error:
                if error.completion not in _TOO_MUCH:
                    raise
                self.whole = False
        if len(data) < _HEADER:
            next_id, data = self._piece(record_id, 0, self.chunk)
        length = _HEADER + data[4]
        while len(data) < length:
            _next, more = self._piece(record_id, len(data), length - len(data))
            if not more:
                break
            data += more
        return next_id, data[:length]

    def _piece(self, record_id: int, offset: int, size: int) -> tuple[int, bytes]:
        while True:
            if not self.reservation:
                answer = self.session.command("reserve the sensor records", _STORAGE, _RESERVE)
                (self.reservation,) = struct.unpack_from("<H", answer)
            try:
                return self._ask(record_id, offset, min(size, self.chunk))
            except errors.BmcError as error:
                if error.completion == _RESERVATION_LOST:
                    # Another client reads, too; both go on.
                    self._still_time(error)
                    self.reservation = 0
                elif error.completion in _TOO_MUCH and self.chunk > _LEAST:
                    self.chunk //= 2
                else:
                    raise

    def _still_time(self, error: errors.BmcError) -> None:
        if self.session.deadline and self.session.deadline.expired():
            raise error

    def _ask(self, record_id: int, offset: int, size: int) -> tuple[int, bytes]:
        reservation = self.reservation if size != _WHOLE else 0
        request = struct.pack("<HHBB", reservation, record_id, offset, size)
        answer = self.session.command("read a sensor record", _STORAGE, _GET_RECORD, list(request))
        if len(answer) < 3:
            raise DatacenterError(
                "read a sensor record",
                device=self.session.name,
                cause=f"its answer has {len(answer)} bytes",
                next_step="leave the sensors out, or look for newer firmware",
            )
        return int.from_bytes(answer[:2], "little"), answer[2:]


# From a file -------------------------------------------------------------------------


def _kept(cache: Path | None, session: Session) -> Path | None:
    if cache is None:
        return None
    place = f"{session.target.address}_{session.target.port}"
    return cache / ("".join(c if c.isalnum() or c in "._-" else "_" for c in place) + ".json")


def _from_file(path: Path, state: str) -> list[bytes] | None:
    """What was read before, unless the BMC has changed it since, or the file is no such file."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        content = json.loads(path.read_text())
        if content["state"] == state:
            return [bytes.fromhex(record) for record in content["records"]]
    return None


def _to_file(path: Path, state: str, records: list[bytes]) -> None:
    """A folder that cannot be written costs time at the next look, and nothing else."""
    content = json.dumps({"state": state, "records": [record.hex() for record in records]})
    with suppress(OSError):
        durable.make_directory(path.parent, 0o700)
        durable.replace(path, content.encode() + b"\n", 0o600)
