# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way up: nobody gets power without the question, nobody who slept is woken, and each reading is one."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.tests.unit.playbooks.said import said, task

GATE = "anjianyun.datacenter.gate"


def powers(**states: str | None) -> dict[str, Any]:
    """What a fleet of BMCs says; None where one is silent."""
    return {
        "targets": {
            host: {"power": {"power": state}} if state else {"msg": "no answer"}
            for host, state in states.items()
        }
    }


@pytest.mark.parametrize(
    ("rising", "ok", "told"),
    [
        (powers(a="on", b="on"), True, "nobody"),
        (powers(a="on", b="off"), False, "b is off"),
        (powers(a="on", b=None), False, "b is unknown"),
        (powers(a="on", b="unknown"), False, "b is unknown"),
        (powers(a="on"), False, "b is unknown"),
        ({}, False, "a is unknown, b is unknown"),
    ],
)
def test_what_is_not_seen_on_gets_power_again_only_with_a_yes(
    rising: dict[str, Any], ok: bool, told: str
) -> None:
    gate = task("room_up.yml", "Gate | nobody has opened again")

    (reading,) = said(gate[GATE]["that"], gate["vars"], room_with_bmc=["a", "b"], room_rising=rising)

    assert reading["ok"] is ok
    assert told in reading["reading"]
    assert (reading["approval"], reading["this_risk"]) == ("power_again", True)
    assert ok or told in reading["risk"]
