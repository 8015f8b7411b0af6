# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles that load servers and lines speak the runbooks' grammar, and end what they began in any case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from campaign.acts import WORDS

from ansible_collections.anjianyun.datacenter.tests.unit.playbooks.test_runbook_grammar import problems_of

ROLES = Path(__file__).resolve().parents[4] / "roles"


def whole(tasks: Path, file: str = "main.yml") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for item in flat(yaml.safe_load((tasks / file).read_text())):
        included = item.get("ansible.builtin.include_tasks")
        found += whole(tasks, included) if included else [item]
    return found


def flat(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for item in items:
        parts = [part for name in ("block", "rescue", "always") for part in item.get(name, [])]
        found += flat(parts) if parts else [item]
    return found


@pytest.mark.parametrize("role", ["burn_in", "line_rate"])
def test_a_role_is_a_step_that_verifies_what_it_did(role: str) -> None:
    tasks = whole(ROLES / role / "tasks")

    assert {task["name"].partition(" | ")[0] for task in tasks} <= set(WORDS)
    assert problems_of({"name": role, "tasks": tasks}, ROLES / role / "tasks") == []


@pytest.mark.parametrize(("role", "file"), [("burn_in", "load.yml"), ("line_rate", "measure.yml")])
def test_what_was_begun_is_ended_and_seen_ended_also_after_a_failure(role: str, file: str) -> None:
    (block,) = yaml.safe_load((ROLES / role / "tasks" / file).read_text())
    words = [task["name"].partition(" | ")[0] for task in block["always"]]

    assert (words[0], words[-1]) == ("Act", "Verify")


OURS = "anjianyun.datacenter.burn_in"


def states(items: list[dict[str, Any]]) -> list[str]:
    return [task[OURS]["state"] for task in flat(items) if "state" in (task.get(OURS) or {})]


def test_every_load_is_told_to_stop_before_the_end_of_one_is_waited_for() -> None:
    (block,) = yaml.safe_load((ROLES / "burn_in" / "tasks" / "load.yml").read_text())
    told = block["always"][0]

    assert states(block["always"]) == ["stopping", "ended"]
    # All servers, those with the alarm first, and whatever one of them says.
    assert "burn_in_hosts" in told["loop"]
    assert told["loop"].index("aborted") < told["loop"].index("burn_in_hosts")
    assert (told["failed_when"], told["ignore_unreachable"]) == (False, True)


def test_the_sensors_are_seen_while_the_loads_begin_one_after_the_other() -> None:
    tasks = ROLES / "burn_in" / "tasks"
    (block,) = yaml.safe_load((tasks / "load.yml").read_text())
    (begins,) = [task for task in block["block"] if task.get("ansible.builtin.include_tasks") == "begin.yml"]
    begin = whole(tasks, "begin.yml")

    assert begins["loop"] == "{{ burn_in_hosts }}"
    # Within the block that ends all loads when this gate refuses.
    assert states(block["block"]) == []
    assert states(begin) == ["started"]
    assert "loop" not in begin[0]
    assert [task["name"].partition(" | ")[0] for task in begin] == ["Act", "Read", "Read", "Gate"]
