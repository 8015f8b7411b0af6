# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was read of many hosts, and what it counts as."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.readings import (
    charge_readings,
    draw_readings,
    power_states,
    readings,
    unit_states,
)


def test_a_bmc_that_failed_says_nothing_and_a_silent_host_is_silent() -> None:
    bmc = {"a": {"power": {"power": "on"}}, "b": {"failed": True, "msg": "no answer"}, "c": {"power": None}}
    reach = [
        {"name": "d", "state": "silent"},
        {"name": "e", "state": "refused"},
        {"name": "f", "state": "alive"},
    ]

    assert power_states("abcdefg", bmc, reach) == {
        "a": "on", "b": "unknown", "c": "unknown", "d": "silent", "e": "on", "f": "on", "g": "unknown",
    }  # fmt: skip
    assert power_states(["a"], None, None) == {"a": "unknown"}


def test_unknown_is_neither_good_nor_bad() -> None:
    found = readings({"a": "off", "b": "on", "c": "unknown"}, ["off", "silent"])

    assert [one["ok"] for one in found] == [True, False, None]
    assert found[1]["reading"] == "b is on"
    assert found[1]["expected"] == "off or silent"


@pytest.mark.parametrize(
    ("said", "ok"),
    [(50, True), ("80 %", True), ("49.9", False), (None, None), ("full", None), (180, None), (-1, None),
     ("nan", None)],
)  # fmt: skip
def test_a_charge_that_is_no_percentage_is_not_known(said: Any, ok: bool | None) -> None:
    [found] = charge_readings([{"name": "nn-ups-a", "charge_percent": 50}], {"nn-ups-a": said})

    assert found["ok"] is ok
    assert "nn-ups-a" in found["way_on"]


def test_who_draws_more_than_the_plan_says_is_named_and_who_cannot_tell_is_left_out() -> None:
    bmc = {
        "a": {"power_reading": {"watts": 501}},
        "b": {"power_reading": {"watts": 500}},
        "c": {"power_reading": None},
        "d": {"failed": True},
        "e": {"power_reading": {"watts": None}},
    }
    found = draw_readings(bmc, dict.fromkeys("abcde", 500))

    assert [(one["reading"].split()[0], one["ok"]) for one in found] == [("a", False), ("b", True)]


def test_failed_units_are_named_and_a_host_that_does_not_answer_is_not_known() -> None:
    results = [
        {"host": "a", "rc": 0, "stdout_lines": []},
        {"host": "b", "rc": 0, "stdout_lines": ["x.service loaded failed failed X", "y.timer loaded failed"]},
        {"host": "c", "unreachable": True},
        {"host": "d", "rc": 1, "stdout_lines": []},
    ]

    assert unit_states(results, "host", ["y.timer"]) == {
        "a": "none", "b": "x.service", "c": "unknown", "d": "unknown",
    }  # fmt: skip
