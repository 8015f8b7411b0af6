# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""bare_metal speaks the runbooks' grammar, and leaves nobody armed however it ends."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from campaign.acts import PLAYBOOKS, tasks_of

from ansible_collections.anjianyun.datacenter.tests.unit.playbooks.test_runbook_grammar import problems_of

PATH = PLAYBOOKS / "bare_metal.yml"
PLAYS: list[dict[str, Any]] = yaml.safe_load(PATH.read_text())


@pytest.mark.parametrize("play", PLAYS, ids=lambda play: play["name"])
def test_a_step_that_acts_verifies(play: dict[str, Any]) -> None:
    assert problems_of(play, PLAYBOOKS) == []


def test_nothing_is_done_before_both_gates() -> None:
    words = [
        task["name"].partition(" | ")[0] for play in PLAYS for task in tasks_of(play["tasks"], PLAYBOOKS)
    ]
    assert words.index("Act") > max(i for i, word in enumerate(words) if word == "Gate")


def test_whoever_was_armed_is_disarmed_when_the_step_fails() -> None:
    block = next(task for play in PLAYS for task in play["tasks"] if "block" in task)
    roles = [task["ansible.builtin.include_role"]["tasks_from"] for task in block["block"] + block["always"]
             if "ansible.builtin.include_role" in task]  # fmt: skip
    assert roles == ["arm", "disarm"]
    assert block["block"][0]["ansible.builtin.include_role"]["tasks_from"] == "arm"
    assert block["always"][0]["ansible.builtin.include_role"]["tasks_from"] == "disarm"
