# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is loaded, who has passed, and who is left out: one bad server holds nobody up, and is told."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.anjianyun.datacenter.tests.unit.playbooks.said import (
    PLAYBOOKS,
    said,
    shared,
    task,
    trusted,
)

FILE = "room_burn_in.yml"
GATE = "anjianyun.datacenter.gate"
NOTE = "anjianyun.datacenter.note"
LOAD = "Act | load on"
#: a has passed, b not yet, c has no BMC, d is off as before.
ROOM = {
    "room_members": ["a", "b", "c", "d"],
    "room_burn_in_hosts": ["a", "b", "c", "d"],
    "groups": {"bmc": ["a", "b", "d"]},
    "room_slept": ["d"],
    "room_borne": {"results": [{"room_host": "a", "at": 7, "data": {"seconds": 61}},
                               {"room_host": "b", "at": None, "data": {}}]},
    "room_line_was": {"at": None, "data": {}},
    "room_line_rate_from": "a",
    "room_line_rate_to": "z",
    "room_other": "dr",
}  # fmt: skip


def kept(**more: Any) -> dict[str, Any]:
    """What is to be loaded and measured."""
    room = {**ROOM, "room_load_hosts": shared("room.yml")["room_load_hosts"], **more}
    keep = task(FILE, "Read | keep who is to be loaded")
    return {
        **room,
        **said(keep["ansible.builtin.set_fact"], task(FILE, "Gate | what is left out")["vars"], **room),
    }


def done(name: str, **variables: Any) -> bool:
    templar = Templar(loader=DataLoader(), variables=variables)
    return bool(templar.evaluate_conditional(trusted(task(FILE, name)["when"])))


def test_only_who_has_not_passed_is_loaded() -> None:
    assert kept()["room_to_load"] == ["b"]


def test_one_who_has_neither_bmc_nor_power_is_not_loaded() -> None:
    alone = kept(room_members=["c"], room_burn_in_hosts=["c"], room_borne={"results": []})

    assert alone["room_to_load"] == []
    assert not done(LOAD, **alone)
    assert done(LOAD, **kept())


@pytest.mark.parametrize("yes", ["power_up,unburned_b", ["unburned_b", "unburned_a"]])
def test_a_bad_server_is_left_out_by_its_name_alone(yes: Any) -> None:
    gate = task(FILE, "Gate | what is left out")
    room = kept(dr_approvals=yes)

    assert room["room_to_load"] == []
    assert said(gate["loop"], gate["vars"], **room) == ["b"]
    (reading,) = said(gate[GATE]["that"], room_host="b")
    assert (reading["ok"], reading["approval"]) == (False, "unburned_b")
    assert kept(dr_approvals=["unburned"])["room_to_load"] == ["b"]


def test_who_passed_is_written_down_before_the_rest_is_judged() -> None:
    names = [one["name"] for one in yaml.safe_load((PLAYBOOKS / "tasks" / FILE).read_text())]
    note = task(FILE, "Note | who bore it")
    result = {"passed": ["b"], "asked_s": 60, "hosts": {"b": {"seconds": 61}, "e": {"seconds": 4}}}

    assert names.index(note["name"]) < names.index("Verify | all bore it")
    assert said(note["loop"], room_to_load=["b", "e"], burn_in_result=result) == ["b"]
    assert said(note["loop"], room_to_load=[]) == []
    assert said(note[NOTE], room_host="b", burn_in_result=result) == {
        "name": "burned_in_b", "data": {"seconds": 61, "asked_s": 60},
    }  # fmt: skip


def test_who_fails_hears_of_both_ways_on() -> None:
    judge = task(FILE, "Verify | all bore it")

    (reading,) = said(
        judge["anjianyun.datacenter.verify"]["that"], judge["vars"],
        burn_in_readings=[{"ok": False, "reading": "b is bad", "way_on": "x"}],
    )  # fmt: skip

    assert (reading["ok"], reading["reading"]) == (False, "b is bad")
    for words in ("only those that have not passed", "dr_approvals=unburned_"):
        assert words in reading["way_on"]


@pytest.mark.parametrize(
    ("more", "measured", "asked"),
    [
        ({}, True, False),
        ({"dr_approvals": "unmeasured_line"}, False, True),
        ({"room_line_was": {"at": 3, "data": {"rate_mbit": 100}}}, False, False),
        ({"room_line_rate_from": ""}, False, False),
    ],
)
def test_the_line_is_measured_once_or_left_out_with_a_yes(
    more: dict[str, Any], measured: bool, asked: bool
) -> None:
    room = kept(**more)

    assert done("Act | the line is filled", **room) is measured
    assert done("Verify | the line has", **room) is measured
    assert done("Gate | that the line is not measured", **room) is asked


def test_the_report_tells_who_bore_it_and_who_did_not_and_why() -> None:
    note = task(FILE, "Note | the burn-in")
    room = kept(dr_approvals="unburned_b,unmeasured_line", room_members=[*"abcde"])

    found = said(note[NOTE]["data"], note["vars"], **room)

    assert found["burn_in"] == {"a": {"seconds": 61}}
    assert found["line_rate"] == "not measured"
    assert found["not burned in"] == {
        "b": "b: not burned in: left out by its name (unburned_b)",
        "c": "c: not burned in: no BMC",
        "d": "d: not burned in: off as before",
        "e": "e: not burned in: no BMC",
    }


def test_a_line_that_was_measured_before_a_break_is_told() -> None:
    note = task(FILE, "Note | the burn-in")
    room = kept(room_line_was={"at": 3, "data": {"rate_mbit": 100}}, dr_approvals=["unburned_b"])

    assert said(note[NOTE]["data"], note["vars"], **room)["line_rate"] == {"rate_mbit": 100}
