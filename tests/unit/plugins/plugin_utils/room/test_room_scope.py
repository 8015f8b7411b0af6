# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom the work in a room concerns: nobody is forgotten, nobody is cut off by mistake."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.anjianyun.datacenter.plugins.filter.room_hosts import room_hosts
from ansible_collections.anjianyun.datacenter.plugins.filter.room_left_out import FilterModule
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.load import load_plan
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.house import (
    Device,
    Feed,
    House,
    Rack,
    Room,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.scope import Scope, Wanted, scope

ROOT = Path(__file__).resolve().parents[5]
room_left_out = FilterModule().filters()["room_left_out"]
GROUPS = {"network_devices": ["rt"], "control_nodes": ["ctl"]}


@cache
def inventory() -> tuple[dict[str, Any], dict[str, list[str]]]:
    """hostvars and groups of the rehearsal estate, as Ansible has them."""
    data = load_plan(ROOT / "inventory" / "rehearsal" / "plan").inventory()
    hostvars = {name: dict(values) for name, values in data.hosts.items()}
    for group in ("all", "estate_wide"):
        for name in data.groups.get(group, data.hosts):
            hostvars[name] = {**data.variables[group], **hostvars[name]}
    return hostvars, data.groups


def asked(*place: str, **more: Any) -> dict[str, Any]:
    hostvars, groups = inventory()
    return room_hosts(hostvars, groups, *place, **more)


def house() -> House:
    """A room with two feeds, its servers on one or both, and a cloud host."""
    devices = [
        Device("both", "physical_server", "c", (), "main", "r1", 1, feeds=("A", "B")),
        Device("a", "physical_server", "c", (), "main", "r1", 5, feeds=("A",)),
        Device("b", "physical_server", "c", (), "main", "r2", 1, feeds=("B",)),
        Device("rt", "router", "c", (), "main", "r2", 40, feeds=("A", "B")),
        Device("ctl", "control_node", "c", (), "main", "r2", 38, feeds=("A",)),
        Device("side", "physical_server", "c", (), "side", "r1", 1, feeds=("A",)),
        Device("cloud", "cloud_host", "c", carried_by="a"),
    ]
    rooms = {("c", name): Room({"A": Feed(9), "B": Feed(9)}, {"r1": Rack(), "r2": Rack()})
             for name in ("main", "side")}  # fmt: skip
    return House({one.name: one for one in devices}, rooms)


def of(**place: Any) -> Scope:
    return scope(house(), Wanted("c", "main", **place), GROUPS)


def test_a_room_is_everything_in_it_but_the_control_path() -> None:
    found = asked("nanning", "main")

    assert found["dark"] == ["nn-db-01", "nn-app-01", "nn-old-01", "nn-old-02"]
    assert found["thin"] == []
    assert [one["name"] for one in found["left_out"]] == ["nn-ctl-01", "nn-fw-01", "nn-rt-01"]


def test_a_rack_is_what_stands_in_it() -> None:
    assert asked("nanning", "main", rack="r02")["dark"] == ["nn-old-01", "nn-old-02"]


def test_on_a_feed_alone_is_dark_and_on_both_is_thin() -> None:
    found = of(feed="A")

    assert (found.dark, found.thin) == (["a"], ["both"])
    assert {one["name"]: "goes dark" in one["reason"] for one in found.left_out} == {"ctl": True, "rt": False}


def test_a_feed_in_a_rack_is_one_pdu() -> None:
    assert (of(feed="B", rack="r1").dark, of(feed="B", rack="r1").thin) == ([], ["both"])
    assert of(feed="B", rack="r2").dark == ["b"]


def test_cloud_hosts_go_with_what_carries_them() -> None:
    assert of(rack="r1").carried == ["cloud"]
    assert of(rack="r2").carried == []


def test_what_the_run_leaves_on_needs_a_yes_to_that_very_list() -> None:
    (reading,) = room_left_out(asked("nanning", "main")["left_out"])

    assert (reading["ok"], reading["approval"], reading["this_risk"]) == (False, "by_hand", True)
    for name in ("nn-ctl-01", "nn-fw-01", "nn-rt-01"):
        assert name in reading["reading"]
        assert name in reading["risk"]
    assert "nn-ctl-01, nn-fw-01, nn-rt-01 are shut down by hand" in reading["risk"]
    assert [one["ok"] for one in room_left_out(asked("nanning", "main", rack="r02")["left_out"])] == [True]


def test_what_keeps_another_feed_is_told_and_not_to_be_switched() -> None:
    (reading,) = room_left_out(of(feed="B").left_out)

    assert "rt: it carries the way" in reading["risk"]
    assert "by hand" not in reading["risk"]


def test_names_are_taken_as_they_are_the_control_path_included() -> None:
    found = asked("nanning", "main", hosts="nn-rt-01, nn-db-01,nn-db-01")

    assert found == {"dark": ["nn-rt-01", "nn-db-01"], "thin": [], "left_out": [], "carried": []}
    assert asked("nanning", "main", hosts=["nn-db-01"], rack="", feed="")["dark"] == ["nn-db-01"]


@pytest.mark.parametrize(
    ("place", "more", "said"),
    [
        (("naning", "main"), {}, ["centre 'naning' (did you mean 'nanning'?)", "the plan has dr, nanning"]),
        (("nanning", "west"), {}, ["no room 'west'", "centre nanning has main"]),
        (("nanning", "main"), {"rack": "r1"}, ["no rack 'r1'", "room main has r01, r02"]),
        (("nanning", "main"), {"feed": "C"}, ["no feed 'C'", "room main has A, B"]),
        (
            ("nanning", "main"),
            {"hosts": "nn-db-02"},
            ["nn-db-02 (did you mean 'nn-db-01'?)", "stand nn-db-01"],
        ),
        (("nanning", "main"), {"hosts": "dr-db-01"}, ["dr-db-01", "not of room main"]),
        (("nanning", "main"), {"hosts": "nn-db-01", "rack": "r01"}, ["named together with a rack"]),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(
    place: tuple[str, ...], more: dict[str, Any], said: list[str]
) -> None:
    with pytest.raises(AnsibleFilterError) as refused:
        asked(*place, **more)

    for words in said:
        assert words in str(refused.value)


def test_an_inventory_without_a_plan_says_so() -> None:
    with pytest.raises(AnsibleFilterError, match="site plan"):
        room_hosts({}, {}, "nanning", "main")
