# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A room's upgrade as its journal tells it, and the page that shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal.file import Journal
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.files import make_report
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.story import story

PART = {"slot": "A1", "serial_number": "M1"}
SURVEY = {
    "identity": {"serial": "S1", "product": "NF"},
    "firmware": {"bmc": "4.1"},
    "memory": [PART],
    "drives": None,
    "processors": [],
    "not_told": {"drives": "no answer <in time>"},
}
DIFFERENT = {"host": "a", "item": "memory A1", "was": "M1", "is": None, "weight": "stops", "way_on": "look"}


def answer(state: str, note: str = "") -> dict[str, Any]:
    return {"state": state, "by": "Li", "at": "2026-12-03T02:00:00Z", "note": note, "evidence": []}


def lines() -> list[dict[str, Any]]:
    def run(state: str, node: str, **more: Any) -> dict[str, Any]:
        return {"kind": "run", "state": state, "control_node": node, "world": "twin", **more}

    def note(name: str, **data: Any) -> dict[str, Any]:
        return {"kind": "note", "name": name, "data": data}

    def measure(name: str, *found: dict[str, Any]) -> dict[str, Any]:
        return {"kind": "measure", "name": name, "data": {"differences": list(found)}}

    return [
        run("opened", "ctl-a", runbook="room upgrade", operator="li"),
        note("window_1", said="A/B", ticket="T1"),
        measure("differences_from_the_plan"),
        note("survey_a", **SURVEY),
        note("room_ready", ticket="T1", hosts=["a"], backup="20261201T020000Z"),
        note("room_dark", hosts=["a"]),
        run("waiting", "ctl-a"),
        run("resumed", "ctl-b"),
        {"kind": "answer", "name": "8.1.1.10.a", "data": answer("met")},
        {"kind": "answer", "name": "8.1.1.2.a", "data": answer("not_met", "no lock yet")},
        {"kind": "answer", "name": "8.1.1.2.a", "data": answer("met")},
        note("room_rises", ticket="T1"),
        measure("differences_from_the_survey", DIFFERENT),
        measure("differences_from_the_survey"),
        note("room_whole"),
        run("ended", "ctl-b"),
    ]


def written(tmp_path: Path) -> Path:
    journal = Journal(tmp_path)
    for line in lines():
        journal.append({"run": "r", "phase": "", "step": "s", "task": "t", **line}, [])
    return tmp_path


def told(tmp_path: Path) -> dict[str, Any]:
    found = story(Journal(written(tmp_path)).read())
    assert found is not None
    return found


def test_a_journal_of_something_else_has_no_room() -> None:
    entry = {"kind": "run", "state": "opened", "at": 1.0, "runbook": "drill"}
    assert story([entry]) is None
    assert story([]) is None


def test_milestones_pauses_and_control_nodes(tmp_path: Path) -> None:
    found = told(tmp_path)

    assert [one["name"] for one in found["milestones"]] == [
        "opened",
        "ready",
        "dark",
        "rises",
        "whole",
        "home",
    ]
    assert (found["ticket"], found["hosts"], found["backup"]) == ("T1", ["a"], "20261201T020000Z")
    assert found["pauses"] == 1
    assert found["nodes"] == ["ctl-a", "ctl-b"]
    assert found["dark_s"] >= 0
    assert [window["said"] for window in found["windows"]] == ["A/B"]


def test_the_last_comparison_counts_and_one_that_was_not_made_is_not_equal(tmp_path: Path) -> None:
    (server,) = told(tmp_path)["servers"]

    assert (server["name"], server["serial"]) == ("a", "S1")
    assert server["parts"] == {"processors": 0, "memory": 1, "drives": None}
    # The module was put back before it went on.
    assert (server["from_plan"], server["from_survey"]) == ([], [])
    before = [line for line in lines() if line.get("name") != "differences_from_the_survey"]
    (server,) = (story([{"at": 1.0, **line} for line in before]) or {})["servers"]
    assert server["from_survey"] is None


def test_answers_stand_in_the_standards_order_and_say_how_often_they_changed(tmp_path: Path) -> None:
    found = told(tmp_path)["answers"]

    assert [(one["clause"], one["state"], one["before"]) for one in found] == [
        ("8.1.1.2.a", "met", 1), ("8.1.1.10.a", "met", 0),
    ]  # fmt: skip


def test_the_page_shows_it_and_what_devices_said_is_escaped(tmp_path: Path) -> None:
    make_report(written(tmp_path))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")

    assert "机房改造报告" in page
    assert "no answer &lt;in time&gt;" in page
    assert page.index("8.1.1.2.a") < page.index("8.1.1.10.a")
