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
