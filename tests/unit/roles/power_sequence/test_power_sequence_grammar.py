# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role speaks the runbooks' grammar in both directions: whoever acts verifies, and a gate never acts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from campaign.acts import WORDS

from ansible_collections.anjianyun.datacenter.tests.unit.playbooks.test_runbook_grammar import problems_of

ROOT = Path(__file__).resolve().parents[4]
TASKS = ROOT / "roles" / "power_sequence" / "tasks"


def whole(direction: str, file: str = "main.yml") -> list[dict[str, Any]]:
    """The role's tasks as one direction runs them."""
    text = (TASKS / file).read_text().replace("{{ power_sequence_direction }}.yml", f"{direction}.yml")
    found: list[dict[str, Any]] = []
    for item in tasks_of_block(yaml.safe_load(text)):
        included = item.get("ansible.builtin.include_tasks") or item.get("ansible.builtin.import_tasks")
        found += whole(direction, included) if included else [item]
    return found


def tasks_of_block(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [task for item in items for task in (tasks_of_block(item["block"]) if "block" in item else [item])]


@pytest.mark.parametrize("direction", ["down", "up"])
def test_each_direction_is_a_step_that_verifies_what_it_did(direction: str) -> None:
    tasks = whole(direction)

    assert {task["name"].partition(" | ")[0] for task in tasks} <= set(WORDS)
    assert problems_of({"name": direction, "tasks": tasks}, TASKS) == []


@pytest.mark.parametrize("direction", ["down", "up"])
def test_each_stage_verifies_before_the_next_begins(direction: str) -> None:
    stage = yaml.safe_load((TASKS / f"stage_{direction}.yml").read_text())
    words = [str(task["name"]).partition(" | ")[0] for task in stage]

    assert "Act" in words
    assert "Verify" in words[max(i for i, word in enumerate(words) if word == "Act") :]
