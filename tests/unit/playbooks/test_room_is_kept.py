# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A room goes dark only when somebody who stays on holds the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

TASKS = Path(__file__).resolve().parents[3] / "playbooks" / "tasks"
HELD = {"bytes": 900}
SILENT = {"unreachable": True}
SKIPPED = {"skipped": True}


def tasks(file: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((TASKS / file).read_text())
    return found


def render(text: str, **variables: Any) -> Any:
    environment = jinja2.Environment(autoescape=False)
    environment.filters["difference"] = lambda whole, part: [one for one in whole if one not in part]
    return environment.compile_expression(text.strip().removeprefix("{{").removesuffix("}}"))(**variables)


@pytest.mark.parametrize(
    ("answers", "check", "ok"),
    [
        ({"nn-app-01": HELD, "dr-app-01": HELD}, False, True),
        # It goes dark itself.
        ({"nn-app-01": HELD, "dr-app-01": SILENT}, False, False),
        ({"nn-app-01": HELD}, False, False),
        ({}, False, False),
        ({"nn-app-01": SKIPPED, "dr-app-01": SKIPPED}, True, True),
    ],
)
def test_a_copy_counts_on_a_host_that_stays_on(answers: dict[str, Any], check: bool, ok: bool) -> None:
    (copied,) = [task for task in tasks("run_copy.yml") if task.get("register") == "run_copied"]
    assert "anjianyun.datacenter.journal_copy" in copied
    gate = tasks("room_ready.yml")[-1]
    results = [{copied["loop_control"]["loop_var"]: host, **said} for host, said in answers.items()]
    holders = render(
        gate["vars"]["room_holders"], run_copied={"results": results}, room_members=["nn-app-01", "nn-db-01"]
    )

    (reading,) = gate["anjianyun.datacenter.gate"]["that"]
    assert render(reading["ok"], room_holders=list(holders), ansible_check_mode=check) is ok


def test_it_is_asked_right_after_the_copies_were_made() -> None:
    before, gate = tasks("room_ready.yml")[-2:]

    assert before["ansible.builtin.import_tasks"] == "run_copy.yml"
    assert "anjianyun.datacenter.gate" in gate
