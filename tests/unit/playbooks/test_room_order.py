# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a room's upgrade asks before it switches anything stands before the first act."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from campaign.acts import PLAYBOOKS, tasks_of
from jinja2 import Environment

OURS = "anjianyun.datacenter."
PLAYS: list[dict[str, Any]] = yaml.safe_load((PLAYBOOKS / "room_upgrade.yml").read_text(encoding="utf-8"))


def tasks(step: str) -> list[dict[str, Any]]:
    play = next(play for play in PLAYS if play["name"] == step)
    return list(tasks_of(play["tasks"], PLAYBOOKS))


def place(found: list[dict[str, Any]], name: str) -> int:
    return next(n for n, task in enumerate(found) if task["name"] == name)


def before_the_first_act(step: str) -> list[str]:
    names = [task["name"] for task in tasks(step)]
    return names[: next((n for n, name in enumerate(names) if name.startswith("Act | ")), len(names))]


TIME = "Gate | what is left of the window is enough for what is still to be done"


def test_the_clock_is_asked_again_right_before_the_move_and_before_the_first_server_goes() -> None:
    ready = tasks("See that the other centre can do without this one")
    assert ready[-1]["name"] == TIME
    move = next(n for n, play in enumerate(PLAYS) if play["name"] == "Evacuate the service")
    imported = PLAYS[move - 1]["tasks"][-1]
    # Where something moves, and with the time that it takes.
    assert imported["when"] in PLAYS[move]["when"]
    assert "room_move_needs_s" in imported["vars"]["room_before_s"]

    down = tasks("Take the power down")
    people = max(n for n, task in enumerate(down) if f"{OURS}approval" in task)
    assert people < place(down, TIME) < place(down, "Note | it goes down")


def test_of_the_window_as_much_has_to_be_left_as_the_order_of_power_takes() -> None:
    found = tasks("Take the power down")
    takes = str(found[place(found, TIME)]["vars"]["room_takes_s"])

    def needed(**order: Any) -> float:
        variables = {"room_before_s": 900, "room_down_needs_s": 1800, "room_order": order}
        return float(Environment().from_string(takes).render(**variables))

    assert needed(takes_s=600) == 2700
    assert needed(takes_s=4000) == 4900
    assert needed() == 2700


@pytest.mark.parametrize(
    "gate", ["Gate | no other one names these servers", "Gate | the journal stands where it stays light"]
)
def test_it_is_asked_before_anything_goes_dark(gate: str) -> None:
    assert gate in before_the_first_act("Take the power down")


def test_the_journal_that_is_confirmed_names_the_servers_and_what_they_were() -> None:
    found = tasks("Take the power down")
    copied = [n for n, task in enumerate(found) if f"{OURS}journal_copy" in task]
    gate = place(found, "Gate | the journal stands where it stays light")

    for note in (
        "Note | it goes down",
        "Note | each restore policy as it was",
        "Note | each server as it stands",
    ):
        assert any(place(found, note) < n < gate for n in copied)
    # Nothing is written in between, or the copy would be older than what it is compared with.
    last = max(n for n in copied if n < gate)
    assert all(task["name"].startswith("Read | ") for task in found[last + 1 : gate])


def test_another_upgrade_is_looked_for_when_it_is_opened_and_originals_come_from_all() -> None:
    assert "Gate | no other one names these servers" in [task["name"] for task in tasks("Open the run")]
    down = tasks("Take the power down")
    note = down[place(down, "Note | each restore policy as it was")][f"{OURS}note"]
    assert "room_held.policies[room_host]" in note["earlier"]
