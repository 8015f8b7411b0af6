# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""bare_metal speaks the runbooks' grammar, and leaves nobody armed however it ends."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from campaign.acts import PLAYBOOKS, tasks_of

from ansible_collections.anjianyun.datacenter.tests.unit.playbooks.test_runbook_grammar import (
    OURS,
    problems_of,
)

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


def said(expression: str, **variables: Any) -> Any:
    """What an expression over the variables of the first step comes to."""
    whole = {**PLAYS[0]["vars"], **variables}
    trusted = {name: trust_as_template(v) if isinstance(v, str) else v for name, v in whole.items()}
    return Templar(DataLoader(), variables=trusted).template(trust_as_template(expression))


def test_other_servers_are_another_run_and_the_same_in_another_order_are_not() -> None:
    first, second, both, turned = (
        said("{{ dr_run_id }}", bare_metal_servers=servers)
        for servers in ("nn-pm-03", "nn-pm-04", "nn-pm-03,nn-pm-04", "nn-pm-04, nn-pm-03")
    )
    assert len({first, second, both}) == 3
    assert both == turned


def test_a_yes_to_overwrite_counts_for_the_disks_that_were_named() -> None:
    wipe = next(task[f"{OURS}approval"] for task in PLAYS[0]["tasks"] if f"{OURS}approval" in task)
    assert (wipe["name"], wipe["this_risk"]) == ("wipe", True)
    names = [f"nn-pm-{number:02}" for number in range(20, 0, -1)]
    disks = {name: f"/dev/{name}" for name in names}
    risk = said(
        wipe["risk"], bare_metal_servers=names, bare_metal_empty=names[3],
        bare_metal_known=[{"name": name, "disk": disk} for name, disk in disks.items()],
    )  # fmt: skip
    told = ", ".join(f"{disk} of {name}" for name, disk in disks.items() if name != names[3])
    assert risk == f"everything on {told} is lost; nobody has declared it empty"


def test_the_locks_of_power_and_of_the_servers_services_are_held_from_the_beginning_to_the_end() -> None:
    runs = [task[f"{OURS}run"] for play in PLAYS for task in play["tasks"] if f"{OURS}run" in task]
    assert [(run["state"], run["service"]) for run in runs] == [
        ("opened", "bare_metal"), ("ended", "bare_metal"),
    ]  # fmt: skip
    assert [run["also"] for run in runs] == ["{{ bare_metal_locks }}"] * 2
