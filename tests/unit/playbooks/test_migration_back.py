# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which a system goes over and back: files are those of one server at each moment."""

from __future__ import annotations

from typing import Any

import yaml
from campaign.acts import PLAYBOOKS


def tasks_of(step: str) -> dict[str, tuple[int, dict[str, Any]]]:
    tasks = yaml.safe_load((PLAYBOOKS / "tasks" / f"migration_{step}_one.yml").read_text())
    return {task["name"]: (number, task) for number, task in enumerate(tasks)}


def test_files_are_born_at_the_new_server_only_after_its_mark_says_so() -> None:
    tasks = tasks_of("cutover")
    mark = tasks["Act | from here on its files are those of the new server"][0]
    assert tasks["Act | the last files"][0] < mark < tasks["Act | the new server serves"][0]


def test_the_way_back_stops_brings_files_and_rows_takes_the_mark_and_serves_in_this_order() -> None:
    tasks = tasks_of("return")
    names = [
        "Read | what goes back of its files", "Act | nothing sends from the new server any more",
        "Act | the files go back to the old server", "Act | the writes go back to the old database",
        "Act | from here on its files are those of the old server", "Act | the old server serves",
    ]  # fmt: skip
    order = [tasks[name][0] for name in names]
    assert order == sorted(order)
    # What a server that never served has is a copy, of an hour when the old one wrote on.
    for name in (names[0], names[2]):
        assert "migration_served" in tasks[name][1]["when"]
    assert tasks[names[0]][1]["check_mode"] is True


def test_whoever_goes_back_is_not_copied_or_cut_over_before() -> None:
    plays = yaml.safe_load((PLAYBOOKS / "migration.yml").read_text())
    loops = {
        task["vars"]["migration_step"]: task["loop"]
        for play in plays
        for task in play["tasks"]
        if "migration_step" in task.get("vars", {})
    }
    forth = [step for step, loop in loops.items() if loop == "{{ migration_forth }}"]
    assert forth == ["copy", "prove", "cutover", "proven"]
