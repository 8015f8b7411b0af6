# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event log of a simulated BMC: archived, erased, and what ipmitool and freeipmi see of it."""

from __future__ import annotations

import json
import struct
import time
from pathlib import Path
from typing import Any

import pytest
from bmc_bench import VIEWER, Simulated

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors, eventlog
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.eventlog import Choice
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.bmc import IpmiBmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Log
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import bmc_sim

#: What the simulated BMC begins with.
STORY = 5
LOST_INPUT = bytes([0x20, 0, 4, 8, 12, 0x6F, 3, 0xFF, 0xFF])
#: A sensor type and a reading type that no table knows.
STRANGE = bytes([0x20, 0, 4, 0xEE, 9, 0x7E, 1, 2, 3])


def add(sim: Simulated, body: bytes = LOST_INPUT) -> None:
    """Another client adds a record."""
    record = struct.pack("<HBI", 0, 2, 0) + body
    sim.ipmitool("raw", "0x0a", "0x44", *(f"0x{byte:02x}" for byte in record))


def seen_by_ipmitool(sim: Simulated) -> list[str]:
    return [line for line in sim.ipmitool("sel", "list").splitlines() if "|" in line]


def archived(folder: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "nn-db-01.jsonl").read_text().splitlines()]
    return [line["record"] for line in lines if "record" in line]


def test_events_are_what_two_witnesses_say(elsewhere: Simulated) -> None:
    sim = elsewhere
    add(sim)
    add(sim, STRANGE)
    with connect(sim.target(user=VIEWER, privilege="user")) as bmc:
        shown = eventlog.read(bmc, Choice())
    assert shown["log"]["entries"] == STORY + 2 == len(seen_by_ipmitool(sim))
    assert abs(shown["log"]["clock_ahead_s"]) < 3
    lost, strange = shown["events"][-2:]
    assert (lost["sensor"], lost["type"], lost["severity"]) == ("PSU1 Status", "Power Supply", "critical")
    assert abs(eventlog.instant(lost["at"]).timestamp() - time.time()) < 10
    assert (strange["severity"], strange["event"]) == ("unknown", None)
    assert bytes.fromhex(strange["raw"])[7:] == STRANGE
    words = ("--output-event-state", "--comma-separated-output", "--no-header-output")
    witness = sim.freeipmi("ipmi-sel", *words, f"--sdr-cache-directory={sim.directory}")
    told = [line.split(",") for line in witness.splitlines()]
    assert [line[0] for line in told] == [event["id"] for event in shown["events"]]
    assert told[STORY][3:6] == ["PSU1 Status", "Power Supply", "Critical"]
    assert "input lost" in told[STORY][-1]


def test_a_log_in_four_runs(sim: Simulated, tmp_path: Path) -> None:
    for act in (eventlog.archive, eventlog.clear):
        with connect(sim.target()) as bmc:
            assert act(bmc, Choice(), tmp_path, check=True)["changed"] is True
        assert not list(tmp_path.glob("*.jsonl"))
    with connect(sim.target()) as bmc:
        done = eventlog.clear(bmc, Choice(), tmp_path)
    assert (done["cleared"], done["archive"]["added"], done["left"]) == (STORY, STORY, [])
    assert seen_by_ipmitool(sim) == []
    assert [record["id"] for record in archived(tmp_path)] == [str(n) for n in range(1, STORY + 1)]
    with connect(sim.target()) as bmc:
        for check in (False, True):
            again = eventlog.clear(bmc, Choice(), tmp_path, check=check)
            assert (again["changed"], again["cleared"]) == (False, 0)


class Interrupted:
    """A BMC whose log takes a record from another client right before it would be erased."""

    def __init__(self, bmc: IpmiBmc, sim: Simulated, times: int) -> None:
        self._bmc, self._sim, self._times = bmc, sim, times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bmc, name)

    def clear_log(self, read: Log) -> None:
        if self._times > 0:
            self._times -= 1
            add(self._sim)
        self._bmc.clear_log(read)


def test_a_record_that_comes_between_archive_and_erasure_is_archived_first(
    sim: Simulated, tmp_path: Path
) -> None:
    with connect(sim.target()) as bmc:
        assert isinstance(bmc, IpmiBmc)
        done = eventlog.clear(Interrupted(bmc, sim, 2), Choice(), tmp_path)
    assert (done["cleared"], done["archive"]["added"]) == (STORY + 2, STORY + 2)
    assert len(archived(tmp_path)) == STORY + 2
    assert seen_by_ipmitool(sim) == []


def test_a_log_that_never_rests_is_archived_and_left_alone(sim: Simulated, tmp_path: Path) -> None:
    with connect(sim.target()) as bmc:
        assert isinstance(bmc, IpmiBmc)
        with pytest.raises(errors.LogChanged):
            eventlog.clear(Interrupted(bmc, sim, 99), Choice(), tmp_path)
    assert len(seen_by_ipmitool(sim)) > len(archived(tmp_path)) > STORY


def test_a_log_that_overflowed_says_so_and_is_emptied(
    sim: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = bmc_sim._emulator
    monkeypatch.setattr(
        bmc_sim, "_emulator", lambda *spec: whole(*spec).replace("sel_enable 0x20 1000", "sel_enable 0x20 6")
    )
    sim.stop()
    sim.start()
    add(sim)
    with pytest.raises(AssertionError, match="ut of space"):
        add(sim)
    assert "Overflow         : true" in sim.ipmitool("sel", "info")
    with connect(sim.target()) as bmc:
        done = eventlog.clear(bmc, Choice(), tmp_path)
        assert (done["log"]["overflow"], done["log"]["free_bytes"], done["cleared"]) == (True, 0, 6)
        assert eventlog.read(bmc, Choice())["log"]["overflow"] is False
    assert "Overflow         : false" in sim.ipmitool("sel", "info")


def test_an_archive_that_cannot_be_written_leaves_the_log(sim: Simulated, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with connect(sim.target()) as bmc, pytest.raises(errors.DatacenterError, match="nothing was erased"):
        eventlog.clear(bmc, Choice(), tmp_path / "file")
    assert len(seen_by_ipmitool(sim)) == STORY


def test_who_may_only_look_erases_nothing(sim: Simulated, tmp_path: Path) -> None:
    with connect(sim.target(user=VIEWER, privilege="user")) as bmc, pytest.raises(errors.PrivilegeTooLow):
        eventlog.clear(bmc, Choice(), tmp_path)
    assert len(seen_by_ipmitool(sim)) == STORY
