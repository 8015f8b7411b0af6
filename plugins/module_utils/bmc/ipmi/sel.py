# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system event log in IPMI (chapter 31): reading and erasing it. ``events.py`` decodes its records."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi import events, sdr
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.helpers import moment
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import Session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Log, LogState
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
)

_STORAGE = 0x0A
_GET_INFO, _RESERVE, _GET_ENTRY, _CLEAR, _GET_TIME = 0x40, 0x42, 0x43, 0x47, 0x48
_FIRST, _LAST = 0x0000, 0xFFFF
_NONE_THERE, _RESERVATION_LOST = 0xCB, 0xC5
#: 'Cannot execute command, SEL erase in progress'.
_ERASING = 0x81
_RESERVES, _OVERFLOW = 0x02, 0x80
_ERASED = 0x01
_ERASE, _HOW_FAR = 0xAA, 0x00
_MOST_RECORDS = 0xFFFE
#: Between two looks at an erasure, and what it may take where the session has no end of its own.
_LOOK_S, _ERASURE_S = 0.2, 30.0


@dataclass(frozen=True)
class _Ticket:
    """What the log was when it was read. ``info``: count, time of the last record, of the last erasure."""

    reservation: int | None
    info: tuple[int, int, int]
    last: bytes


def read_log(session: Session, sensors: Callable[[], sdr.Records]) -> Log:
    """The whole log, reserved first: some BMCs then refuse by themselves to erase what came later.

    :param sensors: gives the records of sensors, for their names; without them events name sensors by number.
    """
    info = _info(session)
    reservation = _reserve(session) if info[13] & _RESERVES else None
    counted = _counted(info)
    raw = _entries(session) if counted[0] else []
    try:
        records = sensors() if raw else sdr.Records({})
    except errors.CommandUnsupported:
        records = sdr.Records({})
    state = LogState(
        entries=len(raw),
        free_bytes=struct.unpack_from("<H", info, 3)[0],
        overflow=bool(info[13] & _OVERFLOW),
        last_added=moment(counted[1]),
        last_erased=moment(counted[2]),
        clock_ahead_s=_clock_ahead(session),
    )
    ticket = _Ticket(reservation, counted, raw[-1] if raw else b"")
    return Log(state, tuple(events.decode(record, records) for record in raw), ticket)


def clear_log(session: Session, read: Log) -> None:
    """Erase what was read (section 31.9).

    Not every BMC ends a reservation when a record comes, so count, times and the newest record are
    compared right before. On one that does not, a record of the last few milliseconds would be lost.
    """
    ticket: _Ticket = read.ticket
    try:
        seen = _counted(_info(session))
        newest = _entry(session, _LAST)
    except DatacenterError as error:
        # Whatever went wrong, it was before the command.
        error.result["changed"] = False
        raise
    if seen != ticket.info or (newest[1] if newest else b"") != ticket.last or seen[0] != len(read.events):
        raise _changed(session, f"{seen[0]} records are there, {len(read.events)} were read")
    try:
        done = _clear(session, ticket.reservation, _ERASE)
    except errors.BmcError as error:
        if error.completion not in (_RESERVATION_LOST, _ERASING):
            raise
        cause = "another erasure is under way" if error.completion == _ERASING else "it ended the reservation"
        raise _changed(session, cause) from error
    try:
        _see_erased(session, ticket.reservation, done)
    except DatacenterError as error:
        error.result["changed"] = True
        raise


def _changed(session: Session, cause: str) -> errors.LogChanged:
    return errors.LogChanged(
        "the event log has changed since it was read, so it was not erased",
        device=session.name,
        cause=cause,
        next_step="read and archive it again, then erase it",
    )


def _see_erased(session: Session, reservation: int | None, done: bool) -> None:
    """Wait for the erasure's end: the command only starts it."""
    end = time.monotonic() + (session.deadline.remaining() if session.deadline else _ERASURE_S)
    ended = False
    while not done:
        if time.monotonic() + _LOOK_S > end:
            raise DeadlineExceeded(
                "the erasure of the event log has not ended",
                device=session.name,
                cause="the BMC still says that it is under way",
                next_step="look at the log again in a minute; what was in it is archived",
            )
        time.sleep(_LOOK_S)
        try:
            if ended:
                reservation, ended = _reserve(session), False
            done = _clear(session, reservation, _HOW_FAR)
        except errors.BmcError as error:
            # The erasure ends the reservation on some; what it became is then asked anew. Others say yes or
            # no to nothing before it is over.
            if error.completion not in (_RESERVATION_LOST, _ERASING):
                raise
            ended = ended or error.completion == _RESERVATION_LOST


def _clear(session: Session, reservation: int | None, action: int) -> bool:
    """:returns: whether the erasure has ended."""
    request = [*struct.pack("<H", reservation or 0), *b"CLR", action]
    # Sent again, an erasure could meet a record that came after the first.
    answer = session.command("erase the event log", _STORAGE, _CLEAR, request, once=action == _ERASE)
    return not answer or answer[0] & 0x0F == _ERASED


def _reserve(session: Session) -> int:
    answer = session.command("reserve the event log", _STORAGE, _RESERVE)
    return int(struct.unpack_from("<H", answer)[0])


def _info(session: Session) -> bytes:
    answer = session.command("read the event log's state", _STORAGE, _GET_INFO)
    if len(answer) < 14:
        raise DatacenterError(
            "read the event log's state",
            device=session.name,
            cause=f"its answer has {len(answer)} bytes of 14",
            next_step="look for newer firmware",
        )
    return answer


def _counted(info: bytes) -> tuple[int, int, int]:
    count, _free, added, erased = struct.unpack_from("<HHII", info, 1)
    return count, added, erased


def _entries(session: Session) -> list[bytes]:
    """All records, the oldest first. A record that goes away meanwhile ends the chain (ring logs)."""
    records: list[bytes] = []
    next_id = _FIRST
    while next_id != _LAST and len(records) < _MOST_RECORDS:
        entry = _entry(session, next_id)
        if entry is None:
            break
        next_id, record = entry
        records.append(record)
    return records


def _entry(session: Session, record_id: int) -> tuple[int, bytes] | None:
    """The next record's id, and this record whole; ``None`` when there is none."""
    request = [*struct.pack("<HHBB", 0, record_id, 0, 0xFF)]
    try:
        answer = session.command("read a record of the event log", _STORAGE, _GET_ENTRY, request)
    except errors.BmcError as error:
        if error.completion == _NONE_THERE:
            return None
        raise
    return int.from_bytes(answer[:2], "little"), answer[2:]


def read_clock(session: Session) -> int:
    """The clock of the event log, in seconds (section 31.10)."""
    answer = session.command("read the clock", _STORAGE, _GET_TIME)
    return int.from_bytes(answer[:4], "little")


def _clock_ahead(session: Session) -> float | None:
    """``None`` when its clock was never set, or it does not tell."""
    before = time.time()
    try:
        clock = read_clock(session)
    except errors.CommandUnsupported:
        return None
    return None if moment(clock) is None else round(clock - (before + time.time()) / 2, 1)
