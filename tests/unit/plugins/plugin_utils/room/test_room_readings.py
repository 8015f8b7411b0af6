# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a gate or a verify is told of a room's servers: what is not known never passes."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room import readings


def difference(host: str, item: str, weight: str, **more: Any) -> dict[str, Any]:
    return {
        "host": host,
        "item": item,
        "was": "a",
        "is": "b",
        "weight": weight,
        "way_on": f"mend {item}",
        **more,
    }


def test_without_differences_there_is_one_good_reading() -> None:
    assert readings.difference_readings([], "the plan", "as_found", "") == [
        {"ok": True, "reading": "no difference from the plan"}
    ]


def test_each_server_is_judged_by_what_stops_and_shows_all() -> None:
    found = readings.difference_readings(
        [
            difference("nn-db-01", "serial", "stops"),
            difference("nn-db-01", "firmware bios", "told", was=None),
            difference("nn-app-01", "firmware bios", "told"),
        ],
        "the survey",
        "as_it_is",
        "it goes on",
    )

    app, db = found
    assert app == {"ok": True, "reading": "nn-app-01 differs from the survey: firmware bios a -> b"}
    assert db["ok"] is False
    assert db["reading"] == "nn-db-01 differs from the survey: serial a -> b; firmware bios nothing -> b"
    assert db["way_on"] == "mend serial"
    # A yes counts for these very differences, and the risk is what says which they are.
    assert db["this_risk"] is True
    assert "serial a -> b" in db["risk"]
    assert "bios" not in db["risk"]


def test_a_weight_that_nobody_knows_stops() -> None:
    (found,) = readings.difference_readings([difference("x", "serial", "?")], "the plan", "a", "r")

    assert found["ok"] is False


def survey(**more: Any) -> dict[str, Any]:
    return {
        "events": {"entries": 3, "critical": []},
        "sensors": {"verdict": "ok", "beyond": []},
        "not_told": {},
        **more,
    }


def test_a_healthy_server_passes() -> None:
    assert [one["ok"] for one in readings.health_readings({"a": survey()}, ["a"])] == [True, True]


@pytest.mark.parametrize(
    ("more", "ok"),
    [
        (
            {"events": {"entries": 1, "critical": [{"at": "t", "sensor": "PSU 1", "event": "lost"}]}},
            [False, True],
        ),
        ({"events": None}, [None, True]),
        (
            {"sensors": {"verdict": "critical", "beyond": [{"name": "Inlet", "verdict": "critical"}]}},
            [True, False],
        ),
        (
            {"sensors": {"verdict": "warning", "beyond": [{"name": "Inlet", "verdict": "warning"}]}},
            [True, True],
        ),
        ({"sensors": None, "not_told": {"sensors": "time-out"}}, [True, None]),
    ],
)
def test_what_is_open_or_not_read_does_not_pass(more: dict[str, Any], ok: list[bool | None]) -> None:
    assert [one["ok"] for one in readings.health_readings({"a": survey(**more)}, ["a"])] == ok


def test_a_server_without_a_survey_is_not_known() -> None:
    assert [one["ok"] for one in readings.health_readings({}, ["a"])] == [None, None]


def told(power: str, policy: str) -> dict[str, Any]:
    return {"power": {"power": power, "restore_policy": policy}}


@pytest.mark.parametrize(
    ("target", "ok"),
    [
        (told("off", "always-off"), True),
        (told("off", "previous"), False),
        (told("on", "always-off"), False),
        (told("unknown", "always-off"), None),
        (told("off", "unknown"), None),
        ({"msg": "no answer"}, None),
        (None, None),
    ],
)
def test_dark_is_off_and_staying_off(target: dict[str, Any] | None, ok: bool | None) -> None:
    (found,) = readings.dark_readings({"a": target} if target else {}, ["a"])

    assert found["ok"] is ok


@pytest.mark.parametrize(
    ("target", "policy", "ok"),
    [
        (told("on", "previous"), "previous", True),
        (told("on", "always-off"), "previous", False),
        (told("off", "previous"), "previous", False),
        # Nobody knew it before, so it cannot be asked for.
        (told("on", "always-off"), "unknown", True),
        (told("on", "unknown"), "unknown", True),
        (told("on", "unknown"), "previous", None),
        ({}, "unknown", None),
    ],
)
def test_lit_is_on_with_the_policy_that_was(target: dict[str, Any], policy: str, ok: bool | None) -> None:
    (found,) = readings.lit_readings({"a": target}, ["a"], {"a": policy})

    assert found["ok"] is ok


def test_a_stand_in_of_less_cores_or_memory_is_told() -> None:
    hostvars = {
        "big": {"dc_hardware": {"cores": 16, "memory_gib": 64}},
        "same": {"dc_hardware": {"cores": 16, "memory_gib": 64}},
        "less": {"dc_hardware": {"cores": 8, "memory_gib": 64}},
        "none": {},
    }

    assert readings.smaller([["same", "big"]], hostvars) == []
    assert readings.smaller([["less", "big"]], hostvars) == ["less (8 cores for 16 of big)"]
    assert readings.smaller([["none", "big"]], hostvars) == [
        "none (? cores for 16, ? GiB of memory for 64 of big)"
    ]


def test_what_was_read_before_and_is_not_now_is_not_known() -> None:
    before = {"a": {"memory": [{"slot": "A1"}], "drives": None, "bmc": {"users": [{"name": "x"}]}}}

    def judged(**after: Any) -> Any:
        (found,) = readings.still_told_readings(before, {"a": {"bmc": {"users": []}, **after}})
        return found["ok"]

    assert judged(memory=[{"slot": "A1"}]) is True
    # There are none, which is known; that it differs is another reading.
    assert judged(memory=[]) is True
    assert judged(memory=None) is None
    assert judged(memory=[], bmc={}) is None
    assert readings.still_told_readings(before, {})[0]["ok"] is None
