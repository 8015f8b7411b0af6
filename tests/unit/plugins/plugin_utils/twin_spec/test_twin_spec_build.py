# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the shipped rehearsal estate to its twin, whole or a part that stands by itself."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.spec import Spec, parse
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.load import load_plan
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.twin_spec import selection
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.twin_spec.build import build

ROOT = Path(__file__).resolve().parents[5]


@cache
def estate() -> tuple[dict[str, dict[str, Any]], dict[str, list[str]]]:
    """Hostvars and groups, as Ansible has them."""
    data = load_plan(ROOT / "inventory/rehearsal/plan").inventory()

    def members(group: str) -> list[str]:
        below = [name for child in data.children.get(group, ()) for name in members(child)]
        return sorted({*data.groups.get(group, ()), *below})

    groups = {name: members(name) for name in {*data.groups, *data.children}} | {"all": sorted(data.hosts)}
    hostvars: dict[str, dict[str, Any]] = {
        name: {**data.variables.get("all", {}), **values} for name, values in data.hosts.items()
    }
    for group, values in data.variables.items():
        for name in groups.get(group, ()):
            hostvars[name] = {**values, **hostvars[name]}
    return hostvars, groups


def twin(*only: str, **options: Any) -> Spec:
    """What the filter makes of it, read by what builds it."""
    hostvars, groups = estate()
    return parse(build(hostvars, groups, "tw1", only, **options))


def test_the_twin_has_every_host_network_and_line_of_the_plan() -> None:
    spec, (hostvars, groups) = twin(), estate()
    assert set(spec.nodes) == {name for name, values in hostvars.items() if "dc_kind" in values}
    with_bmc = {name for name, values in hostvars.items() if "dc_bmc" in values}
    assert {n.name for n in spec.nodes.values() if n.bmc} == with_bmc <= set(groups["physical_servers"])
    common = next(values for values in hostvars.values() if "dc_lines" in values)
    assert set(spec.lines) == set(common["dc_lines"])
    assert set(spec.networks) == set(common["dc_networks"])


def test_each_host_keeps_the_addresses_of_the_estate() -> None:
    hostvars, _groups = estate()
    for name, node in twin().nodes.items():
        assert node.address == hostvars[name]["ansible_host"]
        assert [i.address for i in node.interfaces] == [i["address"] for i in hostvars[name]["dc_interfaces"]]


def test_legacy_servers_stand_on_their_old_release() -> None:
    spec = twin()
    assert spec.nodes["nn-old-01"].image == "debian-11"
    assert spec.nodes["nn-db-01"].image == "debian-12"


def test_the_first_configuration_goes_to_the_appliance_it_is_for() -> None:
    spec = twin(files={"nn-fw-01": {"/etc/nftables.conf": "table inet x {}\n"}})
    assert spec.nodes["nn-fw-01"].files == {"/etc/nftables.conf": "table inet x {}\n"}
    assert not spec.nodes["dr-fw-01"].files


def test_no_disk_is_larger_than_the_cap() -> None:
    disks = {node.disk_mib for node in twin(disk_cap_gib=1).nodes.values() if node.kind == "machine"}
    assert disks == {1024}


def test_one_server_comes_with_its_gateways_and_its_centres_control_node_and_nothing_else() -> None:
    spec = twin("nn-db-01")
    assert set(spec.nodes) == {"nn-db-01", "nn-ctl-01", "nn-fw-01", "nn-rt-01"}
    assert spec.nodes["nn-db-01"].bmc is not None
    assert all({line.a_host, line.b_host} <= set(spec.nodes) for line in spec.lines.values())


def test_two_centres_are_joined_by_the_lines_between_them() -> None:
    spec = twin("nn-db-01", "dr-db-01")
    assert {"nn-dr-1", "nn-dr-2"} <= set(spec.lines)
    assert "gx-edge-01" not in spec.nodes


def test_a_county_and_a_centre_bring_the_way_between_them() -> None:
    assert {"liuzhou-rt-01", "gx-edge-01", "nn-rt-01"} <= set(twin("liujiang-pc-01", "nn-app-01").nodes)


@pytest.mark.parametrize("group", ["databases", "physical_servers", "centre_dr", "counties"])
def test_a_group_of_the_plan_makes_a_part_that_fits_together(group: str) -> None:
    _hostvars, groups = estate()
    assert set(groups[group]) <= set(twin(group).nodes)


def test_every_word_that_means_nothing_is_named() -> None:
    with pytest.raises(DatacenterError, match="nn-db-99, wrong.*neither a group nor a host"):
        twin("nn-db-01", "nn-db-99", "wrong")


def test_a_group_without_hosts_makes_no_twin_of_everything() -> None:
    hostvars, groups = estate()
    with pytest.raises(DatacenterError, match="these groups are empty"):
        build(hostvars, {**groups, "nobody": []}, "tw1", ["nobody"])


def test_an_inventory_without_a_plan_is_refused() -> None:
    with pytest.raises(DatacenterError, match="no plan in this inventory"):
        build({"localhost": {}}, {"all": ["localhost"]}, "tw1")


def test_the_way_between_two_is_the_cheapest() -> None:
    hosts = {name: {"dc_kind": "router"} for name in "abcd"}
    ends = [("a", "b", 10), ("b", "d", 10), ("a", "c", 5), ("c", "d", 5), ("a", "d", 100)]
    lines = {f"{a}{b}": {"a": {"host": a}, "b": {"host": b}, "ospf_cost": cost} for a, b, cost in ends}
    assert selection.closure(hosts, {}, lines, {"a", "d"}) == {"a", "c", "d"}


def test_what_no_line_reaches_still_stands() -> None:
    hosts = {"a": {"dc_kind": "router"}, "z": {"dc_kind": "router"}}
    assert selection.closure(hosts, {}, {}, {"a", "z"}) == {"a", "z"}
