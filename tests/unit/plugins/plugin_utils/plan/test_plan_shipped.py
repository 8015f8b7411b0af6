# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The estates that this collection ships, as their documents count them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.recipes import RECIPES
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.derive import InventoryData
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.load import LoadedPlan, load_plan

ROOT = Path(__file__).resolve().parents[5]


@cache
def loaded(estate: str) -> LoadedPlan:
    return load_plan(ROOT / "inventory" / estate / "plan")


@cache
def inventory(estate: str) -> InventoryData:
    return loaded(estate).inventory()


def members(estate: str, group: str) -> set[str]:
    """Hosts of a group and of those below it."""
    data = inventory(estate)
    below = [members(estate, child) for child in data.children.get(group, ())]
    return set(data.groups.get(group, ())).union(*below)


@pytest.mark.parametrize("estate", ["rehearsal", "moving"])
def test_a_shipped_estate_has_neither_errors_nor_warnings(estate: str) -> None:
    assert loaded(estate).warnings == []


def test_the_moving_estate_has_what_moves_and_where_it_goes() -> None:
    hosts = inventory("moving").hosts
    assert members("moving", "legacy_servers") == {"legacy-app-01", "legacy-report-01"}
    assert {hosts[name]["dc_os"] for name in members("moving", "legacy_servers")} == {"debian-11"}
    assert {hosts[name]["dc_os"] for name in members("moving", "servers")} == {"debian-13"}
    assert len(members("moving", "databases")) == 2
    assert len(members("moving", "applications")) == 1


@pytest.mark.parametrize("estate", ["rehearsal", "moving"])
def test_a_twin_has_an_image_for_each_server(estate: str) -> None:
    servers = members(estate, "servers") | members(estate, "legacy_servers")
    assert servers
    assert {inventory(estate).hosts[name]["dc_os"] for name in servers} <= set(RECIPES)


def test_guangxi_says_what_it_lacks_as_long_as_no_city_has_a_server() -> None:
    """The document gives no city a server that could renew leases; whoever reads the plan is told."""
    assert {finding.rule for finding in loaded("guangxi").warnings} == {"no-lease"}


@pytest.mark.parametrize(
    ("parent", "count"), [("centres", 2), ("cities", 14), ("counties", 110), ("lines", 127), ("services", 3)]
)
def test_guangxi_has_what_the_document_counts(parent: str, count: int) -> None:
    assert len(inventory("guangxi").children[parent]) == count


@pytest.mark.parametrize(
    ("group", "nanning", "dr"),
    [
        ("servers", 90, 50),
        ("cloud_hosts", 80, 40),
        ("physical_servers", 10, 10),
        ("bmc", 10, 10),
        ("legacy_servers", 20, 0),
        ("load_balancers", 2, 0),
        ("storage", 1, 1),
        ("control_nodes", 1, 1),
    ],
)
def test_guangxi_has_the_machines_of_the_document(group: str, nanning: int, dr: int) -> None:
    found = members("guangxi", group)
    assert len(found & members("guangxi", "centre_nanning")) == nanning
    assert len(found & members("guangxi", "centre_dr")) == dr
    assert len(found) == nanning + dr


def test_guangxi_rents_its_lines_at_the_stated_rates() -> None:
    rented = [line for line in loaded("guangxi").estate.lines.values() if line.kind == "leased"]
    rates = [line.rate_mbit for line in rented]
    assert {rate: rates.count(rate) for rate in rates} == {500: 2, 200: 1, 50: 14, 20: 110}


def test_guangxi_machines_have_the_stated_sizes() -> None:
    hosts = inventory("guangxi").hosts
    sizes = {
        group: {
            (hosts[name]["dc_hardware"]["cores"], hosts[name]["dc_hardware"]["memory_gib"])
            for name in members("guangxi", group)
        }
        for group in ("cloud_hosts", "physical_servers")
    }
    assert sizes == {"cloud_hosts": {(8, 32)}, "physical_servers": {(16, 64)}}


def test_guangxi_storage_is_22_and_33_terabytes() -> None:
    hosts = inventory("guangxi").hosts
    terabytes = {
        name: hosts[name]["dc_hardware"]["disk_gib"] * 2**30 / 1e12 for name in ("nn-st-01", "dr-st-01")
    }
    assert terabytes == {"nn-st-01": pytest.approx(22, abs=0.01), "dr-st-01": pytest.approx(33, abs=0.01)}


def test_guangxi_room_has_thirty_racks_in_200_square_metres() -> None:
    room = loaded("guangxi").plan.centres["nanning"].rooms["main"]
    assert (room.area_m2, len(room.racks)) == (200, 30)


def test_the_carriers_devices_stand_outside_both_centres_and_are_not_managed() -> None:
    data = inventory("guangxi")
    edges = data.groups["carrier"]
    assert edges
    for edge in edges:
        assert "dc_centre" not in data.hosts[edge]
        assert data.hosts[edge]["dc_managed"] is False
    assert not set(edges) & set(data.groups["network_devices"])


def test_guangxi_says_what_it_assumes_in_both_languages() -> None:
    assumptions = loaded("guangxi").plan.plan.assumptions
    assert len(assumptions) >= 10
    assert all(any("一" <= sign <= "鿿" for sign in one.zh) for one in assumptions)
