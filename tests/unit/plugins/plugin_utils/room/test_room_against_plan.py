# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A survey beside the plan: is it the server that the plan means, and is it in a state to be switched off."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.house import Cable, Device, House
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.against_plan import against_plan
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.plugin_utils.room.sample import survey

PLANNED: dict[str, Any] = {
    "dc_hardware": {
        "serial": "AJY-NN-0011", "vendor": "INSPUR", "model": "NF-5280 M6", "cores": 28, "memory_gib": 64,
        "disk_gib": 960,
    },
    "dc_bmc": {"address": "10.1.20.11"},
}  # fmt: skip


def house(*cables: Cable) -> House:
    devices = {
        name: Device(name, "physical_server", "nanning", serial=serial)
        for name, serial in (("nn-db-01", "AJY-NN-0011"), ("nn-app-01", "AJY-NN-0021"))
    }
    return House(devices, cables={"nn-db-01": list(cables)})


def compared(of: dict[str, Any], *cables: Cable, **hardware: Any) -> dict[str, Any]:
    planned = {**PLANNED, "dc_hardware": {**PLANNED["dc_hardware"], **hardware}}
    return against_plan({"nn-db-01": of}, {"nn-db-01": planned}, house(*cables))


def found(of: dict[str, Any], *cables: Cable, **hardware: Any) -> list[tuple[str, str]]:
    return [(one["item"], one["weight"]) for one in compared(of, *cables, **hardware)["differences"]]


def test_what_is_as_the_plan_says_differs_in_nothing() -> None:
    assert compared(survey()) == {"differences": [], "stops": [], "not_told": [], "not_seen": []}


def test_the_serial_of_a_neighbour_names_him() -> None:
    one = survey()
    one["identity"]["serial"] = "AJY-NN-0021"

    (difference,) = compared(one)["stops"]

    assert difference["item"] == "identity serial"
    assert "nn-app-01" in difference["way_on"]
    assert (difference["was"], difference["is"]) == ("AJY-NN-0011", "AJY-NN-0021")


def test_a_bmc_on_another_server_than_its_system_is_found_without_a_planned_serial() -> None:
    one = survey()
    one["inside"]["identity"]["serial"] = "AJY-NN-0021"

    assert found(one, serial=None) == [("inside identity serial", "stops")]


@pytest.mark.parametrize(
    ("hardware", "expected"),
    [
        ({"memory_gib": 128}, [("memory memory_gib", "stops")]),
        ({"memory_gib": 32}, [("memory memory_gib", "told")]),
        ({"cores": 56}, [("processors cores", "stops")]),
        ({"disk_gib": 4000}, [("drives disk_gib", "stops")]),
        ({"vendor": "Huawei"}, [("identity manufacturer", "told")]),
        ({"model": "NF8480"}, [("identity product", "told")]),
        ({"memory_gib": None, "cores": None, "disk_gib": None, "vendor": None, "model": None}, []),
    ],
)
def test_less_than_planned_stops(hardware: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert found(survey(), **hardware) == expected


def test_the_operating_system_tells_what_its_bmc_does_not() -> None:
    one = survey(memory=None, not_told={"memory": "its BMC tells no parts of this kind"})

    assert compared(one) == {"differences": [], "stops": [], "not_told": [], "not_seen": []}
    one["inside"]["memory"] = None
    assert [told["item"] for told in compared(one)["not_told"]] == ["memory memory_gib"]
    assert "tells no parts" in compared(one)["not_told"][0]["reason"]


def test_another_bmc_address_stops() -> None:
    one = survey()
    one["bmc"]["address"] = "10.1.20.99"

    assert found(one) == [("bmc address", "stops")]


def test_what_is_ill_before_the_power_goes_stops() -> None:
    one = survey()
    one["inside"]["disks"][1]["smart"]["passed"] = False
    one["inside"]["software_raid"][0]["degraded"] = True
    one["inside"]["raid_controllers"][0]["batteries"][0]["state"] = "Failed"
    one["drives"][0]["failing"] = True

    assert found(one) == [
        ("drives Bay 1 health", "stops"),
        ("inside disks sdb SMART", "stops"),
        ("inside array md0", "stops"),
        ("inside controller 9361-8i batteries CVPM02", "stops"),
    ]


def test_a_line_of_the_plan_is_looked_for_where_it_ends() -> None:
    right = Cable("eno1", "nn-sw", "nn-sw-01", "Ten1/0/7")
    wrong = Cable("eno1", "nn-sw", "nn-sw-01", "Ten1/0/9")
    dark = Cable("eno2", "nn-sw", "nn-sw-01", "Ten1/0/9")

    assert found(survey(), right) == []
    assert found(survey(), wrong) == [("inside neighbour eno1", "stops")]
    assert [one["item"] for one in compared(survey(), dark)["not_told"]] == ["inside neighbour eno2"]
    assert compared(survey(inside=None), right)["not_told"][0]["item"] == "inside neighbours"


def test_a_bmc_that_failed_is_not_told_and_no_difference() -> None:
    nothing = {
        "identity": {"serial": None}, "memory": None, "drives": None, "processors": None, "bmc": {},
        "inside": None,
        "not_told": {"identity": "it does not answer", "memory": "it does not answer"},
    }  # fmt: skip

    result = compared(nothing)

    assert result["differences"] == []
    assert ("identity serial", "it does not answer") in [
        (one["item"], one["reason"]) for one in result["not_told"]
    ]
