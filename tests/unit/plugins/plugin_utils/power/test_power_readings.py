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
    insisted,
    left_readings,
    missing_readings,
    power_states,
    primary_readings,
    readings,
    restore_readings,
    services_of,
    serving_readings,
    unit_states,
    waiting_readings,
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
        "c": {"power_reading": None, "unsupported": {"power_reading": "no DCMI"}},
        "d": {"failed": True, "msg": "the session broke"},
        "e": {"power_reading": {"watts": None}, "unsupported": {}},
    }
    found = draw_readings(bmc, dict.fromkeys("abcde", 500))

    assert [one["ok"] for one in found] == [False, True, None, None]
    assert [one["reading"] for one in found[1:]] == [
        "b draws 500 W, the plan says 500 W at most",
        "what d draws cannot be read: the session broke",
        "what e draws cannot be read: its BMC gives no watts",
    ]


@pytest.mark.parametrize(
    ("told", "ok"),
    [
        ({"percent": 80, "at": 1000.0}, True),
        ({"percent": "80 %", "at": "1970-01-01T00:16:40+00:00"}, True),
        ({"percent": 49, "at": 1000.0}, False),
        ({"percent": 80, "at": 99.0}, None),
        ({"percent": 80, "at": 1062.0}, None),
        ({"percent": 80, "at": "just now"}, None),
        ({"percent": 80}, None),
        (80, None),
    ],
)
def test_what_a_person_read_of_a_ups_holds_for_a_quarter_of_an_hour(told: Any, ok: bool | None) -> None:
    ups = [{"name": "nn-ups-a", "charge_percent": 50}]
    [found] = charge_readings(ups, {"nn-ups-a": told}, by_person=True, now=1000.0)

    assert found["ok"] is ok
    assert '"at": "<date>T<time>"' in found["way_on"]


def test_silence_is_off_where_somebody_knows_better() -> None:
    reach = [{"name": name, "state": "silent"} for name in "vwxyz"]
    bmc = {"s": {"power": {"power": "off"}}, "t": {"power": {"power": "on"}}}

    assert power_states(
        "stvwxyz", bmc, reach, {"w": "off\n", "x": "on"}, ["y", "s"], {"v": "s", "z": "t"}
    ) == {"s": "off", "t": "on", "v": "off", "w": "off", "x": "on", "y": "off", "z": "silent"}  # fmt: skip
    assert power_states("t", bmc, [], {"t": "off"}, ["t"])["t"] == "on", "a BMC is believed first"


@pytest.mark.parametrize(
    ("policy", "ok"),
    [("always-off", True), ("previous", True), ("always-on", False), ("unknown", None), (None, None)],
)
def test_what_starts_by_itself_when_power_comes_back_is_not_let_pass(
    policy: str | None, ok: bool | None
) -> None:
    power = {"power": "on"} if policy is None else {"power": "on", "restore_policy": policy}
    [found] = restore_readings({"a": {"power": power}, "b": {"power": {"restore_policy": "previous"}}})

    assert (found["ok"], found["approval"], found["this_risk"]) == (ok, "restores_itself", True)
    assert "b" not in found["risk"].split(" may start", maxsplit=1)[0]


SERVICES = {
    "reports": {
        "centres": {
            "here": {"database": "db-a", "application": "app-a"},
            "there": {"database": "db-b", "application": "app-b"},
        }
    }
}


@pytest.mark.parametrize(
    ("roles", "hosts", "oks"),
    [
        ({"db-a": "primary", "db-b": "standby"}, ["db-a"], [False]),
        ({"db-a": "primary", "db-b": "standby"}, ["app-a", "x"], [False]),
        ({"db-a": "primary", "db-b": "standby"}, ["db-b", "app-b"], [True]),
        ({"db-a": "unknown", "db-b": "standby"}, ["app-a"], [None]),
        ({}, ["db-a", "db-b"], [None, None]),
        ({"db-b": "primary"}, ["db-a"], [True]),
        ({"db-a": "primary"}, ["x"], []),
    ],
)
def test_a_centre_that_serves_or_may_serve_is_not_taken_down_unasked(
    roles: dict[str, str], hosts: list[str], oks: list[bool | None]
) -> None:
    assert [one["ok"] for one in serving_readings(SERVICES, roles, hosts)] == oks


@pytest.mark.parametrize(
    ("names", "hosts", "oks"),
    [
        ("dr", ["db-b"], [False]),
        ("", ["db-b"], [True]),
        (None, ["db-b"], [None]),
        # The primary goes as well, or what it waits for stays.
        ("dr", ["db-a", "db-b"], []),
        ("dr", ["app-b"], []),
    ],
)
def test_a_standby_that_commits_wait_for_is_not_taken_down_unasked(
    names: str | None, hosts: list[str], oks: list[bool | None]
) -> None:
    settings = {} if names is None else {"synchronous_standby_names": names}
    told = {"db-a": {"role": "primary", "settings": settings}, "db-b": {"role": "standby", "settings": {}}}

    found = waiting_readings(SERVICES, told, hosts)

    assert [one["ok"] for one in found] == oks
    assert all((one["approval"], one["this_risk"]) == ("standby_goes", True) for one in found)
    assert all("commits on db-a wait" in one["reading"] for one in found)


@pytest.mark.parametrize(
    ("replication", "told", "oks"),
    [
        ("sync", {}, [None]),
        ("sync", {"db-a": {"role": "unknown"}}, [None]),
        ("sync", {"db-a": {"role": "stopped"}}, []),
        ("async", {}, []),
    ],
)
def test_a_primary_that_cannot_be_asked_may_wait_where_the_plan_says_so(
    replication: str, told: dict[str, Any], oks: list[bool | None]
) -> None:
    services = {"reports": {**SERVICES["reports"], "replication": replication}}

    assert [one["ok"] for one in waiting_readings(services, told, ["db-b"])] == oks


@pytest.mark.parametrize(
    ("roles", "oks"),
    [
        ({"db-a": "primary", "db-b": "primary"}, [False]),
        ({"db-a": "primary", "db-b": "unknown"}, [None]),
        ({"db-a": "primary", "db-b": "standby"}, [True]),
        ({"db-a": "primary"}, []),
    ],
)
def test_two_primaries_never_pass(roles: dict[str, str], oks: list[bool | None]) -> None:
    found = primary_readings(SERVICES, roles)

    assert [one["ok"] for one in found] == oks
    assert not any("approval" in one for one in found)


def test_the_services_of_hosts_are_those_of_which_they_carry_a_tier() -> None:
    assert services_of(SERVICES, ["app-b", "x"]) == ["reports"]
    assert services_of(SERVICES, ["x"]) == []


def test_who_was_never_told_to_shut_down_is_told_apart_with_the_cause() -> None:
    told = [{"host": "a", "rc": 0}, {"host": "b", "unreachable": True, "msg": "Permission denied"}]
    asked = {
        "a": {"failed": True, "changed": False, "msg": "no session left"},
        "b": {"failed": True, "changed": True, "msg": "it did not come"},
        "c": {"unreachable": True, "msg": "no answer"},
    }

    assert insisted(["a", "b", "c", "d"], told, asked) == {
        "told": {
            "a": "its operating system was told; its BMC did not ask it (no session left)",
            "b": "its operating system was not told (Permission denied); its BMC asked it",
        },
        "untold": {
            "c": "its operating system was not told (it did not answer on SSH); "
            "its BMC did not ask it (no answer)",
            "d": "its operating system was not told (it did not answer on SSH); "
            "its BMC did not ask it (no answer)",
        },
    }  # fmt: skip


def test_what_starts_without_what_it_needs_takes_a_yes_to_those_very_hosts() -> None:
    [found] = missing_readings(["db: off, and needed"], ["b", "a"])

    assert (found["ok"], found["approval"], found["this_risk"]) == (False, "start_without", True)
    assert found["risk"] == "a, b start without what they need: db: off, and needed"
    assert missing_readings([], ["a"])[0]["ok"] is True


def test_what_is_left_on_without_what_it_needs_takes_a_yes_to_those_very_hosts() -> None:
    [found] = left_readings(["x stays on: it needs a"], ["a"])

    assert (found["ok"], found["approval"], found["this_risk"]) == (False, "leave_behind", True)
    assert "x stays on" in found["risk"]
    assert left_readings([], ["a"])[0]["ok"] is True


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
