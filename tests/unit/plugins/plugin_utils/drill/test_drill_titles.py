# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every step of every runbook has its name in Chinese: a report in two languages has none in one only."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.titles import STEPS

PLAYBOOKS = Path(__file__).resolve().parents[5] / "playbooks"


def steps() -> dict[str, str]:
    """Name of each play, with the playbook that has it. What a playbook imports has its own plays."""
    return {
        str(play.get("name", "a play without a name")): path.name
        for path in sorted(PLAYBOOKS.glob("*.yml"))
        for play in yaml.safe_load(path.read_text(encoding="utf-8"))
        if "hosts" in play
    }


@pytest.mark.parametrize(("title", "playbook"), sorted(steps().items()))
def test_a_step_has_a_name_in_chinese(title: str, playbook: str) -> None:
    chinese = STEPS.get(title, "")

    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese), f"{playbook}: {title!r} is {chinese!r}"


def test_a_name_in_chinese_belongs_to_a_step() -> None:
    assert set(STEPS) - set(steps()) == set()


def test_there_are_steps_to_read() -> None:
    assert {"room_upgrade.yml", "dr_failover.yml", "power.yml"} <= set(steps().values())
