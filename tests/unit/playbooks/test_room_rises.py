# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way up: nobody gets power without the question, nobody who slept is woken, and each reading is one."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.readings import (
    lit_readings,
    slept_readings,
)
from ansible_collections.anjianyun.datacenter.tests.unit.playbooks.said import PLAYBOOKS, said, shared, task

GATE = "anjianyun.datacenter.gate"


def powers(**states: str | None) -> dict[str, Any]:
    """What a fleet of BMCs says; None where one is silent."""
    return {
        "targets": {
            host: {"power": {"power": state}} if state else {"msg": "no answer"}
            for host, state in states.items()
        }
    }


@pytest.mark.parametrize(
    ("rising", "ok", "told"),
    [
        (powers(a="on", b="on"), True, "nobody"),
        (powers(a="on", b="off"), False, "b is off"),
        (powers(a="on", b=None), False, "b is unknown"),
        (powers(a="on", b="unknown"), False, "b is unknown"),
        (powers(a="on"), False, "b is unknown"),
        ({}, False, "a is unknown, b is unknown"),
    ],
)
def test_what_is_not_seen_on_gets_power_again_only_with_a_yes(
    rising: dict[str, Any], ok: bool, told: str
) -> None:
    gate = task("room_up.yml", "Gate | nobody has opened again")

    (reading,) = said(
        gate[GATE]["that"], gate["vars"], room_with_bmc=["a", "b"], room_slept=[], room_rising=rising
    )

    assert reading["ok"] is ok
    assert told in reading["reading"]
    assert (reading["approval"], reading["this_risk"]) == ("power_again", True)
    assert ok or told in reading["risk"]


SURVEYS = {
    host: {"name": host, "power": power, "identity": {"serial": host}, "memory": []}
    for host, power in {"a": "on", "spare": "off"}.items()
}
MEMBERS = ["a", "spare", "old"]


def test_who_is_off_at_the_survey_sleeps() -> None:
    keep = task("room_survey.yml", "Read | keep who is off already")
    gate = task("room_survey.yml", "Gate | what stands there")

    assert said(keep["ansible.builtin.set_fact"], room_with_bmc=["a", "spare"], room_surveys=SURVEYS) == {
        "room_slept": ["spare"]
    }
    readings = said(
        gate[GATE]["that"], room_with_bmc=["a", "spare"], room_surveys=SURVEYS,
        room_differences={"differences": []},
    )  # fmt: skip
    assert (
        "spare is off, and stays so when the power returns, unless dr_approvals=wake_spare is given then"
        in [one["reading"] for one in readings if one["ok"] is True]
    )


def test_a_server_that_is_seen_neither_on_nor_off_goes_no_further() -> None:
    found = slept_readings({"a": {"power": "on"}, "b": {"power": None}, "c": {"power": "unknown"}}, "abcd")

    assert [one["ok"] for one in found] == [True, None, None, None]


def test_the_run_remembers_who_slept_and_forgets_who_was_woken() -> None:
    noted = task("room_down.yml", "Note | it goes down")["anjianyun.datacenter.note"]["data"]
    assert said(noted, room_members=MEMBERS, room_slept=["spare"])["off"] == ["spare"]

    ask = task("room_open.yml", "Read | who of those that were off")
    notes: list[dict[str, Any]] = [
        {"room_name_of_note": "room_moves", "data": {}, "at": None},
        {"room_name_of_note": "room_goes_down", "data": {"hosts": MEMBERS, "off": ["spare", "b"]}, "at": 1},
    ]
    assert said(ask["loop"], room_notes={"results": notes}) == ["spare", "b"]
    # A run that began before this was written down.
    assert said(ask["loop"], room_notes={"results": [{**notes[1], "data": {"hosts": MEMBERS}}]}) == []

    keep = task("room_open.yml", "Read | keep how far")
    woken = [{"room_host": "spare", "at": None}, {"room_host": "b", "at": 12}]
    found = said(keep["ansible.builtin.set_fact"]["room_slept"], room_woken={"results": woken})
    assert found == ["spare"]


@pytest.mark.parametrize(
    ("yes", "rises"), [([], ["a", "old"]), ("power_up,wake_spare", MEMBERS), (["wake_a"], ["a", "old"])]
)
def test_who_slept_gets_power_by_name_alone(yes: Any, rises: list[str]) -> None:
    gate = task("room_up.yml", "Gate | what was off before")
    woken = said(gate["loop"], gate["vars"], room_slept=["spare"], dr_approvals=yes)
    for host in woken:
        (reading,) = said(gate[GATE]["that"], room_host=host)
        assert (reading["ok"], reading["approval"]) == (False, f"wake_{host}")

    keep = task("room_up.yml", "Read | keep who sleeps on")
    fact = said(
        keep["ansible.builtin.set_fact"], gate["vars"], room_slept=["spare"], dr_approvals=yes
    )  # fmt: skip
    up = task("room_up.yml", "Act | up in order")
    hosts = said(up["vars"]["power_sequence_hosts"], room_members=MEMBERS, **fact)
    assert sorted(hosts) == sorted(rises)


def test_who_slept_has_to_be_off_and_the_others_on() -> None:
    lit = lit_readings(powers(a="on", spare="off")["targets"], ["a", "spare"], {}, ["spare"])
    assert [one["ok"] for one in lit] == [True, True]

    woken = lit_readings(powers(a="off", spare="on")["targets"], ["a", "spare"], {}, ["spare"])
    assert [one["ok"] for one in woken] == [False, False]
    assert "wake_spare" in woken[1]["way_on"]
    assert lit_readings({}, ["spare"], {}, ["spare"])[0]["ok"] is None


def test_who_sleeps_is_not_asked_about_a_second_power_up() -> None:
    gate = task("room_up.yml", "Gate | nobody has opened again")

    (reading,) = said(
        gate[GATE]["that"], gate["vars"], room_with_bmc=["a", "spare"], room_slept=["spare"],
        room_rising=powers(a="on", spare="off"),
    )  # fmt: skip

    assert reading["ok"] is True


def test_who_sleeps_is_neither_loaded_nor_asked_whether_it_is_well() -> None:
    shares = shared("room.yml")
    given = {"room_with_bmc": ["a", "spare"], "room_slept": ["spare"], "groups": {"bmc": ["a", "spare"]}}
    assert said("{{ room_load_hosts }}", **{**shares, **given}) == ["a"]

    gate = task("room_compare.yml", "Gate | what came back")
    since = task("room_compare.yml", "Measure | where it differs")["vars"]
    surveyed = [{"room_host": host, "data": SURVEYS[host]} for host in SURVEYS]
    silent = {"spare": {"name": "spare", "power": "off"}, "a": {**SURVEYS["a"], "power": "on"}}
    readings = said(
        gate[GATE]["that"], since, room_surveyed={"results": surveyed}, room_surveys=silent,
        room_expected=[], **given,
    )  # fmt: skip
    told = [one["reading"] for one in readings]
    assert [one for one in told if "off as before" in one and "spare" in one]
    assert [one for one in told if one.startswith("the sensors of a")]
    assert not [one for one in told if one.startswith(("the sensors of spare", "spare: "))]


@pytest.mark.parametrize(("stage", "asked"), [("stands", True), ("goes down", False), ("rises", False)])
def test_what_is_left_to_people_is_asked_before_anything_moves(stage: str, asked: bool) -> None:
    gate = task("room_open.yml", "Gate | this may be done")
    left = [{"name": "rt", "reason": "it carries the way to the BMCs", "goes": True}]

    readings = said(
        gate[GATE]["that"], {"room_when": {"that": []}, "room_where": []}, room_stage=stage,
        room_scope={"left_out": left},
    )  # fmt: skip

    assert [one["approval"] for one in readings] == (["by_hand"] if asked else [])


def test_what_is_left_to_people_stands_on_schedule_and_sheets() -> None:
    by_hand = shared("room.yml")["room_by_hand"]
    left = [{"name": "rt", "goes": True}, {"name": "fw", "goes": False}]
    assert said(by_hand, room_scope={"left_out": left}) == ["rt"]

    for name in ("Read | in which order", "Read | what the racks hold"):
        given = task("room_down.yml", name)["anjianyun.datacenter.power_schedule"]["by_hand"]
        assert said(given, room_by_hand=["rt"]) == ["rt"]
    for file, name in (("room_down.yml", "Act | down in order"), ("room_up.yml", "Act | up in order")):
        assert said(task(file, name)["vars"]["power_sequence_beside"], room_by_hand=["rt"]) == ["rt"]


@pytest.mark.parametrize(
    ("members", "stage", "ok"),
    [
        (["nn-db-01"], "stands", True),
        (["nn-db-01", "nn-rt-01"], "stands", False),
        (["nn-rt-01"], "goes down", False),
        # It went down before this was asked, and comes up again.
        (["nn-rt-01"], "rises", True),
    ],
)
def test_the_way_to_the_bmcs_is_not_taken_down_by_the_run(members: list[str], stage: str, ok: bool) -> None:
    gate = task("room_open.yml", "Gate | this may be done")
    reading = said(
        gate["vars"]["room_where"][2], {"room_cut": gate["vars"]["room_cut"]}, room_members=members,
        room_stage=stage, groups={"network_devices": ["nn-rt-01"]},
    )  # fmt: skip

    assert reading["ok"] is ok
    assert ok or "leave nn-rt-01 out of room_hosts" in reading["way_on"]
    assert "approval" not in reading


def reach(**states: str) -> dict[str, Any]:
    return {"targets": [{"name": host, "state": state} for host, state in states.items()]}


@pytest.mark.parametrize(
    ("now", "said_by", "down", "up"),
    [
        (reach(old="alive"), [], False, True),
        (reach(old="refused"), [], False, True),
        (reach(old="silent"), [], None, False),
        (reach(old="silent"), [{"room_host": "old", "by": "li"}], True, False),
        # What a person said counts where there is silence.
        (reach(old="alive"), [{"room_host": "old", "by": "li"}], False, True),
        ({}, [{"room_host": "old", "by": "li"}], None, None),
    ],
)
def test_a_server_without_a_bmc_is_read_at_that_moment(
    now: dict[str, Any], said_by: list[Any], down: bool | None, up: bool | None
) -> None:
    room: dict[str, Any] = {
        "room_with_bmc": [],
        "room_without_bmc": ["old"],
        "room_reach": now,
        "room_slept": [],
    }
    dark = task("room_down.yml", "Verify | all is off")["anjianyun.datacenter.verify"]["that"]
    lit = task("room_up.yml", "Verify | all is on")["anjianyun.datacenter.verify"]["that"]

    off = said(dark, room_off={}, room_attested={"results": said_by}, **room)
    on = said(lit, room_on={}, **room)

    assert [one["ok"] for one in off] == [down]
    assert [one["ok"] for one in on] == [up]


def test_who_is_silent_is_attested_in_the_words_of_the_order_of_power() -> None:
    gate = task("room_down.yml", "Gate | a person answers")
    word = yaml.safe_load((PLAYBOOKS.parent / "roles/power_sequence/tasks/word.yml").read_text())[0]
    asked, before = (
        {key: one["anjianyun.datacenter.attestation"][key] for key in ("name", "statement")}
        for one in (gate, word)
    )

    assert said(gate["loop"], room_reach=reach(old="silent", other="alive")) == ["old"]
    assert said(gate["loop"]) == []
    assert said(asked, room_host="old") == said(before, power_sequence_host="old")


def test_a_locator_that_was_not_seen_lit_is_named_in_the_record() -> None:
    note = task("room_down.yml", "Note | the room is dark")
    told = {"a": {"before": "on"}, "b": {"before": "off"}, "c": {"before": "unknown"}, "d": {"msg": "no way"}}

    data = said(
        note["anjianyun.datacenter.note"]["data"], note["vars"], room_with_bmc=[*"abcd"], room_members=[],
        room_locators={"targets": told}, room_ticket="", room_window="", room_by_hand=[],
    )  # fmt: skip

    assert data["lit"] == ["a"]
    assert data["not_lit"] == {
        "b": "the locator of b is out",
        "c": "the locator of c: not known whether it is lit (its BMC does not tell it)",
        "d": "the locator of d: not known whether it is lit (no way)",
    }


def test_a_locator_that_stays_lit_is_told() -> None:
    tell = task("room_policies.yml", "Read | which locators are to be put out by hand")
    told = {"a": {"before": "off"}, "b": {"before": "timed"}}

    shown = said(
        tell["ansible.builtin.debug"]["msg"], tell["vars"], room_with_bmc=["a", "b"],
        room_locators={"targets": told},
    )  # fmt: skip

    assert shown == ["the locator of b is still lit"]


@pytest.mark.parametrize("file", ["room_down.yml", "room_policies.yml"])
def test_locators_are_read_without_being_switched(file: str) -> None:
    lit = "lit" if file == "room_down.yml" else "out"
    act, read = task(file, "Act | the locators"), task(file, f"Read | which locators are {lit}")

    assert read["check_mode"] is True
    assert act["anjianyun.datacenter.bmc_identify"] == read["anjianyun.datacenter.bmc_identify"]
