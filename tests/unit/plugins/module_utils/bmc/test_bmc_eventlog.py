# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A log is erased only as far as it is archived, and nothing in it is lost, hidden or kept twice."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors, eventlog
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.archive import Archive
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.eventlog import Choice
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi import events
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.bmc import IpmiBmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.sdr import Records, decode
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Event
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Unreachable
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import bmc_records

INFO, RESERVE, ENTRY, CLEAR, TIME = 0x40, 0x42, 0x43, 0x47, 0x48
T0 = 1764000000


def record(number: int, at_s: int = T0, kind: int = 0x02, body: bytes | None = None) -> bytes:
    """An entry of the log; by default 'power supply input lost'."""
    body = bytes([0x20, 0, 4, 8, 13, 0x6F, 3, 0xFF, 0xFF]) if body is None else body
    return struct.pack("<HBI", number, kind, at_s) + body


class FakeBmc(IpmiBmc):
    """An event log in memory that is spoken to in bytes. ``before`` runs before each command."""

    name = "db"

    def __init__(self, *records: bytes, strict: bool = False) -> None:
        self.records = list(records)
        self.strict = strict
        self.reservation = 0
        self.added, self.erased = T0, T0 - 9
        self.pending = 0
        self.asked: list[int] = []
        self.before: Callable[[int, list[int]], None] = lambda _command, _data: None
        self.deadline = None
        self.session: Any = self

    def add(self, entry: bytes) -> None:
        self.records.append(entry)
        self.added += 1
        if self.strict:
            self.reservation += 1

    def command(self, what: str, netfn: int, command: int, data: Any = (), *, once: bool = False) -> bytes:
        self.before(command, list(data))
        self.asked.append(command)
        if command == 0x23:  # it has no records of sensors
            raise errors.command_failed("db", what, 0xC1)
        if command == INFO:
            return b"\x51" + struct.pack("<HHIIB", len(self.records), 64, self.added, self.erased, 2)
        if command == RESERVE:
            self.reservation += 1
            return struct.pack("<H", self.reservation)
        if command == ENTRY:
            return self._entry(what, int.from_bytes(bytes(data[2:4]), "little"))
        if command == TIME:
            return struct.pack("<I", T0)
        assert command == CLEAR
        return self._clear(what, bytes(data), once)

    def _entry(self, what: str, number: int) -> bytes:
        if not self.records:
            raise errors.command_failed("db", what, 0xCB)
        numbers = [int.from_bytes(one[:2], "little") for one in self.records]
        place = {0: 0, 0xFFFF: len(numbers) - 1}.get(number)
        place = numbers.index(number) if place is None else place
        following = numbers[place + 1] if place + 1 < len(numbers) else 0xFFFF
        return struct.pack("<H", following) + self.records[place]

    def _clear(self, what: str, data: bytes, once: bool) -> bytes:
        assert data[2:5] == b"CLR"
        if int.from_bytes(data[:2], "little") != self.reservation:
            raise errors.command_failed("db", what, 0xC5)
        if data[5] == 0xAA:
            assert once, "sent again, an erasure could meet a later record"
            self.records = []
            return b"\x00" if self.pending else b"\x01"
        self.pending -= 1
        return b"\x00" if self.pending else b"\x01"


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "db.jsonl").read_text().splitlines()]


def ids(folder: Path) -> list[str]:
    return [line["record"]["id"] for line in lines(folder) if "record" in line]


# Decoding -------------------------------------------------------------------------------

SENSORS = decode(
    [bmc_records.sensors()[0].record(), bmc_records.supply_status_record(13, "PSU2 Status", 2)],
)


def decoded(body: list[int], kind: int = 0x02) -> Event:
    return events.decode(record(1, kind=kind, body=bytes(body)), SENSORS)


def test_a_record_is_decoded_with_its_sensors_name_and_unit() -> None:
    hot = decoded([0x20, 0, 4, 1, 1, 0x01, 0x59, 44, 42])
    assert (hot.sensor, hot.type, hot.event) == ("Inlet Temp", "Temperature", "Upper critical")
    assert (hot.detail, hot.severity, hot.asserted) == ("reading 44 °C, threshold 42 °C", "critical", True)
    assert (hot.at, hot.id) == ("2025-11-24T16:00:00Z", "1")
    lost = decoded([0x20, 0, 4, 8, 13, 0x6F, 3, 0xFF, 0xFF])
    assert (lost.sensor, lost.severity) == ("PSU2 Status", "critical")
    back = decoded([0x20, 0, 4, 8, 13, 0xEF, 3, 0xFF, 0xFF])
    assert (back.asserted, back.severity) == (False, "ok")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (0x02, [0x20, 0, 9, 1, 1, 1, 0x59, 44, 42]),  # another message format
        (0x02, [0x20, 0, 4, 0xEE, 1, 0x6F, 3, 0, 0]),  # another sensor type
        (0x02, [0x20, 0, 4, 1, 1, 0x7E, 3, 0, 0]),  # a maker's reading type
        (0xC3, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (0xE5, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ],
)
def test_what_cannot_be_decoded_is_unknown_and_keeps_its_bytes(kind: int, body: list[int]) -> None:
    event = decoded(body, kind)
    assert event.severity == "unknown"
    assert event.raw == record(1, kind=kind, body=bytes(body)).hex()
    assert event.event is None


def test_a_short_record_and_a_panic() -> None:
    assert events.decode(b"\x01\x00\x02", Records({})).severity == "unknown"
    panic = events.decode(b"\x01\x00\xf0\x20\x00Oops\0" + bytes(6), Records({}))
    assert (panic.event, panic.detail, panic.severity) == ("Linux kernel panic", "Oops", "critical")


def test_a_full_log_is_not_harmless() -> None:
    assert decoded([0x20, 0, 4, 0x10, 1, 0x6F, 4, 0xFF, 0xFF]).severity == "warning"


def test_a_clock_that_was_not_set_gives_no_time() -> None:
    assert events.decode(record(1, at_s=37), SENSORS).at is None


# Choosing -------------------------------------------------------------------------------


def test_what_is_not_known_is_always_shown() -> None:
    known = Event("1", "00", at="2025-11-24T16:00:00Z", sensor="Fan1", severity="ok")
    unknown = Event("2", "01")
    warning = Choice(severity="warning")
    late = Choice(since=eventlog.instant("2025-11-25"))
    assert [warning.takes(known), warning.takes(unknown)] == [False, True]
    assert [late.takes(known), late.takes(unknown)] == [False, True]
    assert Choice(since=eventlog.instant("2025-11-24T17:00:00+01:00")).takes(known)
    assert Choice(sensors=["fan?"]).takes(known)
    assert not Choice(sensors=["psu*"]).takes(known)


# Archiving ------------------------------------------------------------------------------


def test_a_record_is_archived_once_and_the_file_is_the_owners_alone(tmp_path: Path) -> None:
    bmc = FakeBmc(record(1), record(2))
    first = eventlog.archive(bmc, Choice(severity="failed"), tmp_path / "sel")
    assert (first["changed"], first["events"], first["archive"]["added"]) == (True, [], 2)
    bmc.add(record(3))
    assert eventlog.archive(bmc, Choice(), tmp_path / "sel")["archive"]["added"] == 1
    again = eventlog.archive(bmc, Choice(), tmp_path / "sel")
    assert (again["changed"], again["archive"]["records"]) == (False, 3)
    assert ids(tmp_path / "sel") == ["1", "2", "3"]
    assert again["archive"]["digest"] == lines(tmp_path / "sel")[-1]["digest"]
    assert (tmp_path / "sel" / "db.jsonl").stat().st_mode & 0o777 == 0o600


def test_check_mode_writes_nothing(tmp_path: Path) -> None:
    bmc = FakeBmc(record(1))
    foretold = eventlog.clear(bmc, Choice(), tmp_path / "sel", check=True)
    assert (foretold["changed"], foretold["cleared"], foretold["archive"]["added"]) == (True, 1, 1)
    assert not (tmp_path / "sel").exists()
    assert CLEAR not in bmc.asked


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        (lambda text: text.replace('"severity":"critical"', '"severity":"ok"', 1), "line 1: its digest"),
        (lambda text: text[text.index("\n") + 1 :], "line 1: its digest"),
        (lambda text: "nonsense\n" + text, "line 1: it is no record"),
    ],
)
def test_a_changed_archive_stops_the_erasure(tmp_path: Path, spoil: Callable[[str], str], cause: str) -> None:
    bmc = FakeBmc(record(1), record(2))
    eventlog.archive(bmc, Choice(), tmp_path)
    path = tmp_path / "db.jsonl"
    path.write_text(spoil(path.read_text()))
    with pytest.raises(DatacenterError, match=cause):
        eventlog.clear(bmc, Choice(), tmp_path)
    assert len(bmc.records) == 2


def test_a_line_torn_by_a_power_cut_is_written_again(tmp_path: Path) -> None:
    bmc = FakeBmc(record(1), record(2))
    eventlog.archive(bmc, Choice(), tmp_path)
    path = tmp_path / "db.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    assert eventlog.archive(bmc, Choice(), tmp_path)["archive"]["added"] == 1
    assert ids(tmp_path) == ["1", "2"]
    Archive(tmp_path, "db").keep([])


@pytest.mark.parametrize("name", ["../db", "a/b", ".hidden", "", "a b"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatacenterError, match="plain 'name'"):
        Archive(tmp_path, name)


# Erasing --------------------------------------------------------------------------------


def test_an_erased_log_is_in_the_archive(tmp_path: Path) -> None:
    bmc = FakeBmc(record(1), record(2))
    bmc.pending = 2
    done = eventlog.clear(bmc, Choice(), tmp_path)
    assert (done["changed"], done["cleared"], done["left"], bmc.records) == (True, 2, [], [])
    assert lines(tmp_path)[-1]["cleared"] == 2
    assert bmc.asked.count(CLEAR) == 3
    again = eventlog.clear(bmc, Choice(), tmp_path)
    assert (again["changed"], again["cleared"]) == (False, 0)


def test_an_equal_record_after_the_erasure_is_another_one(tmp_path: Path) -> None:
    """A BMC without a clock begins anew with the same id and the same time."""
    bmc = FakeBmc(record(1, at_s=5))
    eventlog.clear(bmc, Choice(), tmp_path)
    bmc.add(record(1, at_s=5))
    assert eventlog.archive(bmc, Choice(), tmp_path)["archive"]["added"] == 1
    assert ids(tmp_path) == ["1", "1"]


# On a BMC that keeps the reservation there are milliseconds that it cannot be kept out of.
@pytest.mark.parametrize(("when", "strict"), [(INFO, False), (INFO, True), (CLEAR, True)])
def test_a_record_that_comes_between_is_archived_before(tmp_path: Path, when: int, strict: bool) -> None:
    bmc = FakeBmc(record(1), strict=strict)

    def comes(command: int, _data: list[int]) -> None:
        # The second question for the log's state is the comparison right before the erasure.
        if command == when and bmc.asked.count(when) == (1 if when == INFO else 0):
            bmc.before = lambda _command, _data: None
            bmc.add(record(2))

    bmc.before = comes
    done = eventlog.clear(bmc, Choice(), tmp_path)
    assert (done["cleared"], done["archive"]["added"]) == (2, 2)
    assert ids(tmp_path) == ["1", "2"]
    assert bmc.records == []


def test_a_ring_that_overwrites_is_noticed_by_its_newest_record(tmp_path: Path) -> None:
    """Count and times are the same; the oldest record made room for a new one within a second."""
    bmc = FakeBmc(record(1), record(2))

    def turns(command: int, _data: list[int]) -> None:
        if command == INFO and bmc.asked.count(INFO) == 1:
            bmc.before = lambda _command, _data: None
            bmc.records = [record(2), record(3)]

    bmc.before = turns
    eventlog.clear(bmc, Choice(), tmp_path)
    assert ids(tmp_path) == ["1", "2", "3"]


def test_a_log_that_never_rests_is_archived_and_left_alone(tmp_path: Path) -> None:
    bmc = FakeBmc(record(1))

    def keeps_coming(command: int, _data: list[int]) -> None:
        if command == INFO:
            bmc.add(record(len(bmc.records) + 1))

    bmc.before = keeps_coming
    with pytest.raises(errors.LogChanged, match="what keeps writing") as error:
        eventlog.clear(bmc, Choice(), tmp_path)
    assert (error.value.result["changed"], error.value.result["cleared"]) == (True, 0)
    assert CLEAR not in bmc.asked
    assert len(ids(tmp_path)) == error.value.result["archive"]["added"] > 4


def test_a_bmc_that_says_yes_and_erases_nothing_is_found_out(tmp_path: Path) -> None:
    bmc = FakeBmc(record(1))
    bmc._clear = lambda what, data, once: b"\x01"  # type: ignore[method-assign]
    with pytest.raises(errors.NotConfirmed, match="1 of 1 records"):
        eventlog.clear(bmc, Choice(), tmp_path)
    assert "cleared" not in lines(tmp_path)[-1]


@pytest.mark.parametrize("done", [True, False])
def test_an_erasure_without_an_answer_is_read_from_the_log(tmp_path: Path, done: bool) -> None:
    bmc = FakeBmc(record(1))

    def silent(what: str, data: bytes, once: bool) -> bytes:
        if done:
            bmc.records = []
        raise Unreachable("erase the event log", device="db", cause="no answer")

    bmc._clear = silent  # type: ignore[method-assign]
    if done:
        assert eventlog.clear(bmc, Choice(), tmp_path)["cleared"] == 1
    else:
        with pytest.raises(Unreachable) as error:
            eventlog.clear(bmc, Choice(), tmp_path)
        assert error.value.result["archive"]["added"] == 1


def silent(*_words: Any) -> Any:
    raise Unreachable("ask it", device="db", cause="no answer")


def never_ends(bmc: FakeBmc) -> None:
    """It erases, says that it is at it, and is gone."""
    bmc.pending = 1
    erase = bmc._clear

    def gone(what: str, data: bytes, once: bool) -> bytes:
        if not once:
            bmc.before = silent
            silent()
        return erase(what, data, once)

    bmc._clear = gone  # type: ignore[method-assign]


def answers_and_is_gone(bmc: FakeBmc) -> None:
    """It erases and says so, and cannot be read any more."""
    erase = bmc._clear

    def last(what: str, data: bytes, once: bool) -> bytes:
        bmc.before = silent
        return erase(what, data, once)

    bmc._clear = last  # type: ignore[method-assign]


def cannot_tell(bmc: FakeBmc) -> None:
    """It erases, and has no answer to how far it is, nor to anything else for a while."""
    erase = bmc._clear

    def no_word(what: str, data: bytes, once: bool) -> bytes:
        erase(what, data, once)
        bmc.before = silent
        raise errors.command_failed("db", what, 0xFF) if not once else Unreachable(what, device="db")

    bmc._clear = no_word  # type: ignore[method-assign]


@pytest.mark.parametrize("breaks", [never_ends, answers_and_is_gone, cannot_tell])
def test_an_erasure_whose_end_was_not_seen_is_noted_all_the_same(
    tmp_path: Path, breaks: Callable[[FakeBmc], None]
) -> None:
    """Else the next record of a BMC without a clock is taken for the one before, and lost."""
    bmc = FakeBmc(record(1, at_s=5))
    breaks(bmc)
    with pytest.raises(DatacenterError) as error:
        eventlog.clear(bmc, Choice(), tmp_path)
    assert (error.value.result["changed"], error.value.result["cleared"]) == (True, None)
    assert bmc.records == []
    assert eventlog.archive(FakeBmc(record(1, at_s=5)), Choice(), tmp_path)["archive"]["added"] == 1


def test_what_was_never_sent_is_not_noted(tmp_path: Path) -> None:
    bmc = FakeBmc(record(1))
    eventlog.archive(bmc, Choice(), tmp_path)
    asked = bmc.asked.count(INFO)

    def gone(command: int, data: list[int]) -> None:
        if bmc.asked.count(INFO) > asked and command == INFO:
            bmc.before = silent
            silent()

    bmc.before = gone
    with pytest.raises(Unreachable) as error:
        eventlog.clear(bmc, Choice(), tmp_path)
    assert error.value.result["changed"] is False
    assert eventlog.archive(FakeBmc(record(1)), Choice(), tmp_path)["archive"]["added"] == 0


def test_a_bmc_that_refuses_every_word_while_it_erases_is_waited_for(tmp_path: Path) -> None:
    bmc = FakeBmc(record(1))
    bmc.pending = 3
    answer = bmc._clear

    def busy(what: str, data: bytes, once: bool) -> bytes:
        done = answer(what, data, once)
        if not once and done == b"\x00":
            raise errors.command_failed("db", what, 0x81)
        return done

    bmc._clear = busy  # type: ignore[method-assign]
    assert eventlog.clear(bmc, Choice(), tmp_path)["cleared"] == 1


def test_an_archive_that_cannot_be_told_of_the_erasure_says_that_it_was_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_archive: Archive, _records: int) -> None:
        raise DatacenterError("the archive cannot be used", cause="no space", next_step="nothing was erased")

    monkeypatch.setattr(Archive, "note_cleared", full)
    with pytest.raises(DatacenterError, match="was erased, and its archive could not be told") as error:
        eventlog.clear(FakeBmc(record(1)), Choice(), tmp_path)
    assert error.value.result["changed"] is True
    assert "nothing was erased" not in str(error.value)


def test_what_the_bmc_notes_of_the_erasure_is_left_and_told(tmp_path: Path) -> None:
    bmc = FakeBmc(record(1))
    erase = bmc._clear

    def noting(what: str, data: bytes, once: bool) -> bytes:
        answer = erase(what, data, once)
        bmc.records = [record(1, T0 + 60, body=bytes([0x20, 0, 4, 0x10, 9, 0x6F, 2, 0xFF, 0xFF]))]
        return answer

    bmc._clear = noting  # type: ignore[method-assign]
    (left,) = eventlog.clear(bmc, Choice(), tmp_path)["left"]
    assert left["event"] == "Log clear"


def supply(event: int, number: int = 12, *, over: bool = False) -> Event:
    """A power supply's own state: 3 is 'input lost'."""
    return decoded([0x20, 0, 4, 0x08, number, 0x6F | (0x80 if over else 0), event, 0xFF, 0xFF])


def test_critical_events_are_open_until_one_says_that_they_are_over() -> None:
    lost, restored = supply(3), supply(3, over=True)
    assert lost.severity == "critical"
    # The words differ; it is the same occasion.
    assert (lost.event, restored.event) == ("Power input lost", "Power input restored")

    assert eventlog.still_open([lost]) == [lost]
    assert eventlog.still_open([lost, restored]) == []
    assert eventlog.still_open([lost, restored, lost]) == [lost]
    # The other supply's end ends nothing of this one.
    assert eventlog.still_open([lost, supply(3, number=13, over=True)]) == [lost]


def test_without_an_occasion_the_words_tie_an_event_to_its_end() -> None:
    came = Event("1", "aa", sensor="PSU1", event="lost", severity="critical")
    over = Event("2", "bb", sensor="PSU1", event="lost", severity="ok", asserted=False)

    assert eventlog.still_open([came, over]) == []
    assert eventlog.still_open([over, came]) == [came]
