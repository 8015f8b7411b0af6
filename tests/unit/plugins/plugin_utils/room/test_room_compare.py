# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stops a run after a room came back, what is told only, and what an announcement can do."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.compare import against_survey
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.plugin_utils.room.sample import survey


def changed(*steps: Any, to: Any) -> dict[str, Any]:
    """The survey with one value changed."""
    found = survey()
    of: Any = found
    for step in steps[:-1]:
        of = of[step]
    of[steps[-1]] = to
    return found


def differences(after: dict[str, Any], *expected: Any, before: dict[str, Any] | None = None) -> list[Any]:
    found = against_survey({"nn-db-01": before or survey()}, {"nn-db-01": after}, expected)
    return [(one["item"], one["weight"]) for one in found["differences"]]


@pytest.mark.parametrize(
    ("after", "item", "weight"),
    [
        (changed("identity", "serial", to="AJY-NN-0021"), "identity serial", "stops"),
        (changed("identity", "asset_tag", to="B-1"), "identity asset_tag", "told"),
        (changed("firmware", "bios", to="2.1.6"), "firmware bios", "told"),
        (changed("firmware", "bios", to="2.0.9"), "firmware bios", "stops"),
        (changed("firmware", "bios", to="U32 v2"), "firmware bios", "told"),
        (changed("memory", 1, "serial_number", to="M9"), "memory DIMM_A2", "stops"),
        (changed("memory", 1, "slot", to="DIMM_B1"), "memory M2", "told"),
        (changed("memory", 1, "health", to="critical"), "memory DIMM_A2 health", "stops"),
        (changed("memory", 1, "health", to="warning"), "memory DIMM_A2 health", "told"),
        (changed("memory", 1, "mib", to=16384), "memory DIMM_A2 mib", "stops"),
        (changed("drives", 0, "failing", to=True), "drives Bay 1 failing", "stops"),
        (changed("processors", 0, "cores", to=14), "processors CPU0 cores", "stops"),
        (changed("bmc", "address", to="10.1.20.21"), "bmc address", "stops"),
        (changed("bmc", "mac", to="ac:1f:6b:00:10:02"), "bmc mac", "stops"),
        (changed("bmc", "restore_policy", to="always-off"), "bmc restore_policy", "told"),
        (changed("power", to="off"), "power", "told"),
        (changed("inside", "kind", to="vm"), "inside kind", "stops"),
        (changed("inside", "identity", "serial", to="X"), "inside identity serial", "stops"),
        (changed("inside", "disks", 0, "smart", "passed", to=False), "inside disks sda SMART", "stops"),
        (changed("inside", "disks", 0, "smart", "failing", to=["Spin_Retry_Count"]),
         "inside disks sda SMART", "stops"),
        (changed("inside", "disks", 0, "smart", "reallocated", to=8),
         "inside disks sda SMART reallocated", "told"),
        (changed("inside", "disks", 0, "name", to="sdc"), "inside disks D1", "told"),
        (changed("inside", "software_raid", 0, "degraded", to=True), "inside array md0 degraded", "stops"),
        (changed("inside", "software_raid", 0, "at_work", to="resync 3%"),
         "inside array md0 at_work", "told"),
        (changed("inside", "raid_controllers", 0, "batteries", 0, "state", to="Failed"),
         "inside controller SV1 batteries CVPM02 state", "stops"),
        (changed("inside", "nics", 0, "link", to=False), "inside nic ac:1f:6b:00:00:01 link", "stops"),
        (changed("inside", "neighbours", 0, "port", to="Ten1/0/8"), "inside neighbour eno1", "stops"),
        (changed("sensors", to={"verdict": "critical", "beyond": [{"name": "Inlet", "verdict": "critical"}]}),
         "sensor Inlet", "stops"),
    ],
)  # fmt: skip
def test_each_difference_has_its_weight(after: dict[str, Any], item: str, weight: str) -> None:
    found = differences(after)

    assert (item, weight) in found
    assert len(found) == 1 + item.startswith("sensor "), found


def test_a_difference_says_what_was_what_is_and_the_way_on() -> None:
    (one,) = against_survey({"nn-db-01": survey()}, {"nn-db-01": changed("identity", "serial", to="X")})[
        "stops"
    ]

    assert (one["host"], one["was"], one["is"]) == ("nn-db-01", "AJY-NN-0011", "X")
    assert "another server" in one["way_on"]


def test_modules_that_changed_places_are_moved_and_not_swapped() -> None:
    after = survey()
    first, second = after["memory"]
    first["serial_number"], second["serial_number"] = second["serial_number"], first["serial_number"]

    assert differences(after) == [("memory M1", "told"), ("memory M2", "told")]


# -- accounts


@pytest.mark.parametrize(
    ("users", "item", "weight"),
    [
        ([{"name": "backdoor", "enabled": True, "privilege": "user"}], "bmc user backdoor", "stops"),
        ([{"name": "spare", "enabled": False, "privilege": "administrator"}], "bmc user spare", "told"),
        ([{"name": "odd", "enabled": None, "privilege": "user"}], "bmc user odd", "stops"),
    ],
)
def test_a_new_account_that_can_log_in_stops(users: list[Any], item: str, weight: str) -> None:
    after = survey()
    after["bmc"]["users"] += users

    assert differences(after) == [(item, weight)]


def test_an_account_that_may_more_stops_and_one_that_may_less_is_told() -> None:
    woken = changed("bmc", "users", 1, "enabled", to=True)

    assert differences(woken) == [("bmc user ADMIN", "stops")]
    assert differences(survey(), before=woken) == [("bmc user ADMIN", "told")]
    assert differences(changed("bmc", "users", 0, "privilege", to="user")) == [("bmc user ops", "told")]


# -- announcements


def test_an_announced_swap_of_the_same_size_is_told_and_a_smaller_one_stops() -> None:
    same = changed("memory", 1, "serial_number", to="M9")
    smaller = changed("memory", 1, to={"slot": "DIMM_A2", "mib": 16384, "serial_number": "M9"})
    nothing = changed("memory", 1, to={"slot": "DIMM_A2", "serial_number": "M9"})

    assert differences(same, "nn-db-01 memory DIMM_A2") == [("memory DIMM_A2", "told")]
    assert differences(same, {"host": "nn-*", "item": "memory *"}) == [("memory DIMM_A2", "told")]
    assert differences(same, "nn-app-01 memory DIMM_A2") == [("memory DIMM_A2", "stops")]
    assert differences(smaller, "nn-db-01 memory DIMM_A2")[0] == ("memory DIMM_A2", "stops")
    assert differences(nothing, "nn-db-01 memory DIMM_A2")[0] == ("memory DIMM_A2", "stops")


def test_an_announced_part_may_go_as_seen_from_both_sides() -> None:
    after = survey()
    del after["memory"][1], after["inside"]["memory"][1]

    found = differences(after, "nn-db-01 memory *")

    assert found == [("memory DIMM_A2", "told"), ("inside memory A2", "told")]


@pytest.mark.parametrize(
    "after",
    [
        changed("identity", "serial", to="X"),
        changed("drives", 0, "failing", to=True),
        changed("inside", "disks", 0, "smart", "passed", to=False),
    ],
)
def test_no_announcement_makes_another_server_or_a_failing_drive_good(after: dict[str, Any]) -> None:
    assert [weight for _item, weight in differences(after, "nn-db-01 *")] == ["stops"]


def test_what_was_announced_and_did_not_come_is_said() -> None:
    found = against_survey({"s": survey()}, {"s": survey()}, ["s memory DIMM_A2"])

    assert found["not_seen"] == ["s memory DIMM_A2"]


# -- what is not known


def test_what_is_not_known_stops_nothing_and_has_its_reason() -> None:
    after = survey(
        memory=None, inside=None, not_told={"memory": "it tells no parts", "inside": "it is silent"}
    )

    found = against_survey({"s": survey()}, {"s": after})

    assert found["differences"] == []
    assert {one["item"]: one["reason"] for one in found["not_told"]} == {
        "memory": "it tells no parts", "inside": "it is silent",
    }  # fmt: skip


def test_a_server_without_a_second_survey_is_said() -> None:
    found = against_survey({"s": survey(), "t": survey()}, {"s": survey()})

    assert found["not_told"] == [
        {"host": "t", "item": "survey", "reason": "there is no survey of it after"}
    ]  # fmt: skip


def test_a_part_without_a_serial_is_known_by_its_slot() -> None:
    two = [{"slot": "A1", "mib": 1}, {"slot": "A2", "mib": 1}]
    before, after = changed("memory", to=list(two)), changed("memory", to=list(two))
    del after["memory"][0]

    assert differences(after, before=before) == [("memory A1", "stops")]


def test_a_serial_that_is_not_told_any_more_is_no_swap() -> None:
    found = against_survey({"s": survey()}, {"s": changed("memory", 1, "serial_number", to=None)})

    assert found["differences"] == []
    assert found["not_told"][0]["item"] == "memory DIMM_A2 serial"


def test_new_critical_events_and_an_erased_log_are_told() -> None:
    event = {"id": "0x14", "raw": "aa", "at": "2026-12-01T23:00:00Z", "sensor": "PSU1", "event": "AC lost"}

    assert differences(changed("events", to={"entries": 13, "critical": [event]})) == [("event 0x14", "told")]
    assert differences(changed("events", "entries", to=2)) == [("events entries", "told")]
    assert differences(changed("events", "entries", to=40)) == []
