# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory says of a plan: variables, groups, the digest."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path

import pytest

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.derive import InventoryData
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.load import load_plan

ROOT = Path(__file__).resolve().parents[5]
SOUND = ROOT / "tests" / "plans" / "base"


@cache
def sound() -> InventoryData:
    return load_plan(SOUND).inventory()


def copied(folder: Path) -> Path:
    return Path(shutil.copytree(SOUND, folder / "plan"))


def edited(plan: Path, file: str, old: str, new: str) -> Path:
    text = (plan / file).read_text()
    assert text.count(old) == 1
    (plan / file).write_text(text.replace(old, new))
    return plan


def test_a_server_knows_its_addresses_its_place_and_its_power() -> None:
    assert sound().hosts["dr-db-01"] == {
        "ansible_host": "10.2.10.11",
        "dc_kind": "physical_server",
        "dc_roles": ["database"],
        "dc_managed": True,
        "dc_centre": "dr",
        "dc_os": "debian-12",
        "dc_interfaces": [
            {"name": "servers", "kind": "lan", "address": "10.2.10.11/24", "network": "dr-servers"}
        ],
        "dc_gateway": "10.2.10.1",
        "dc_bmc": {"address": "10.2.20.11", "prefix_length": 24, "network": "dr-bmc", "gateway": "10.2.20.1"},
        "dc_power": {
            "room": "main",
            "rack": "r01",
            "unit": 1,
            "height_u": 2,
            "watts": 500,
            "feeds": ["A", "B"],
        },
        "dc_hardware": {"cores": 16, "memory_gib": 64},
    }


def test_a_router_has_a_loopback_its_networks_and_its_lines() -> None:
    router = sound().hosts["nn-rt-01"]
    assert router["ansible_host"] == router["dc_loopback"] == "10.255.1.1"
    assert "dc_gateway" not in router
    assert [(i["kind"], i["name"], i["address"]) for i in router["dc_interfaces"]] == [
        ("loopback", "lo", "10.255.1.1/32"),
        ("lan", "servers", "10.1.10.1/24"),
        ("lan", "bmc", "10.1.20.1/24"),
        ("lan", "management", "10.1.30.1/24"),
        ("line", "nn-dr-1", "10.254.128.2/31"),
        ("line", "nn-dr-2", "10.254.128.4/31"),
        ("line", "nn-edge", "10.254.128.6/31"),
    ]


def test_a_countys_addresses_follow_from_its_code() -> None:
    router = sound().hosts["liujiang-rt-01"]
    assert {i["name"]: i["address"] for i in router["dc_interfaces"]} == {
        "lo": "10.255.102.21/32",
        "lan": "10.102.21.1/24",
        "liujiang": "10.254.1.187/31",
    }
    assert sound().hosts["liujiang-pc-01"]["ansible_host"] == "10.102.21.11"


def test_the_two_ends_of_a_line_are_one_pair_of_addresses() -> None:
    line = sound().variables["estate_wide"]["dc_lines"]["liujiang"]
    assert (line["a"]["host"], line["a"]["address"]) == ("liuzhou-rt-01", "10.254.1.186/31")
    assert (line["b"]["host"], line["b"]["address"]) == ("liujiang-rt-01", "10.254.1.187/31")


def test_a_service_has_one_address_wherever_it_is() -> None:
    service = sound().variables["all"]["dc_services"]["hidden_danger"]
    assert service["address"] == "10.100.0.1"
    assert {centre: tiers["database"] for centre, tiers in service["centres"].items()} == {
        "nanning": "nn-db-01",
        "dr": "dr-db-01",
    }


@pytest.mark.parametrize(
    ("group", "hosts"),
    [
        ("databases", ["dr-db-01", "nn-db-01"]),
        ("service_hidden_danger", ["nn-db-01", "nn-app-01", "nn-rt-01", "dr-db-01", "dr-app-01", "dr-rt-01"]),
        ("line_nn_dr_1", ["nn-rt-01", "dr-rt-01"]),
        ("county_liujiang", ["liujiang-rt-01", "liujiang-pc-01"]),
        ("carrier", ["gx-edge-01"]),
    ],
)
def test_groups(group: str, hosts: list[str]) -> None:
    assert sound().groups[group] == hosts


def test_a_handover_is_no_rented_line() -> None:
    children = sound().children
    assert "handover_dr_edge" in children["handovers"]
    assert "line_dr_edge" not in children["lines"]


def test_plain_servers_are_not_told_every_line_but_bearers_of_services_and_infrastructure_are() -> None:
    told = set(sound().groups["estate_wide"])
    assert {"nn-db-01", "nn-app-101", "nn-rt-01", "gx-edge-01", "nn-ctl-01", "liujiang-pc-01"} <= told
    assert not {"nn-app-103", "dr-app-103"} & told


def test_every_host_is_told_who_watches_the_estate_if_somebody_does(tmp_path: Path) -> None:
    stated = {"alertmanager": "https://10.1.10.9:9093/alerts", "ca_file": "/etc/alerts-ca.pem"}
    plan = copied(tmp_path)
    (plan / "monitoring.yml").write_text(f"monitoring: {json.dumps(stated)}\n")
    assert load_plan(plan).inventory().variables["all"]["dc_monitoring"] == stated
    assert "dc_monitoring" not in sound().variables["all"]


def test_the_digest_is_of_what_the_plan_says_not_of_how_it_is_written(tmp_path: Path) -> None:
    whole = "\n".join(file.read_text() for file in (SOUND / "plan.yml", SOUND / "region.yml"))
    plan = copied(tmp_path)
    (plan / "region.yml").unlink()
    (plan / "plan.yml").unlink()
    (plan / "z.yml").write_text(f"# another layout\n{whole}")
    assert load_plan(plan).digest == load_plan(SOUND).digest


def test_the_digest_changes_with_what_the_plan_says(tmp_path: Path) -> None:
    plan = edited(copied(tmp_path), "services.yml", "rpo_s: 60", "rpo_s: 61")
    assert load_plan(plan).digest != load_plan(SOUND).digest


def test_a_device_may_name_its_feeds_and_a_host_its_bmc(tmp_path: Path) -> None:
    plan = edited(
        copied(tmp_path),
        "centre-dr.yml",
        "position: {room: main, rack: r01, unit: 1}",
        "position: {room: main, rack: r01, unit: 1, feeds: [B]}, bmc: {network: management, number: 77}",
    )
    host = load_plan(plan).inventory().hosts["dr-db-01"]
    assert host["dc_power"]["feeds"] == ["B"]
    assert (host["dc_bmc"]["network"], host["dc_bmc"]["address"]) == ("dr-management", "10.2.30.77")


def test_a_bmc_may_say_how_it_is_spoken_to(tmp_path: Path) -> None:
    stated = {"protocol": "redfish", "https_port": 8443, "ca_file": "/etc/bmc-ca.pem", "system": "1"}
    plan = edited(
        copied(tmp_path),
        "centre-dr.yml",
        "position: {room: main, rack: r01, unit: 1}",
        f"position: {{room: main, rack: r01, unit: 1}}, bmc: {json.dumps(stated)}",
    )
    usual = load_plan(SOUND).inventory().hosts["dr-db-01"]["dc_bmc"]
    assert load_plan(plan).inventory().hosts["dr-db-01"]["dc_bmc"] == {**usual, **stated}


def test_what_moves_in_is_known_to_every_host(tmp_path: Path) -> None:
    plan = copied(tmp_path)
    moving = (SOUND.parent / "same-place" / "change.yml").read_text().partition("put: |\n")[2]
    (plan / "migration.yml").write_text(moving.replace("names: [site]}", "names: [portal]}", 1))
    told = load_plan(plan).inventory().variables["all"]["dc_migration"]
    assert told["systems"]["site"]["application"]["trees"] == [{"source": "/srv/site"}]
    assert told["systems"]["site"]["keep_days"] == 30
    assert [system["wave"] for system in told["systems"].values()] == [1, 2]
    assert "dc_migration" not in sound().variables["all"]
