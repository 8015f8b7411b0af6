# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of the power order, from the variables that a plan gives the hosts of an inventory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.house import (
    Cable,
    Device,
    Feed,
    House,
    Provider,
    Rack,
    Room,
    Serves,
    Starts,
    Tier,
    Ups,
)

#: What is read of a host.
HOST = (
    "dc_kind", "dc_centre", "dc_roles", "dc_power", "dc_bmc", "dc_carried_by", "dc_start_s", "dc_needs",
    "dc_interfaces", "dc_hardware", "dc_os",
)  # fmt: skip
#: What the whole estate shares.
ESTATE = ("dc_centres", "dc_networks", "dc_lines", "dc_infrastructure", "dc_services", "dc_power_order")


def house(hosts: Mapping[str, Mapping[str, Any]], estate: Mapping[str, Any]) -> House:
    """Put the facts together.

    :param hosts: variables of each host, at least those of :data:`HOST` that it has. Hosts of no centre are
        passed over.
    :param estate: :data:`ESTATE`.
    """
    order = estate.get("dc_power_order") or {}
    found = House(
        devices={
            name: _device(name, values)
            for name, values in hosts.items()
            if values.get("dc_centre") is not None
        },
        rooms={
            (centre, name): _room(room)
            for centre, stated in estate["dc_centres"].items()
            for name, room in stated["rooms"].items()
        },
        tiers=[Tier(t["name"], tuple(t["kinds"]), tuple(t["roles"])) for t in order.get("tiers", ())],
        providers={
            name: Provider(stated["title"]["en"], (stated.get("contact") or {}).get("en"))
            for name, stated in order.get("providers", {}).items()
        },
        gateways={key: network.get("gateway_host") for key, network in estate["dc_networks"].items()},
    )
    for name, line in estate["dc_lines"].items():
        if "a" in line and "b" in line:
            found.join(line["a"]["host"], line["b"]["host"], line["ospf_cost"])
            for one, other in ((line["a"], line["b"]), (line["b"], line["a"])):
                cable = Cable(one["interface"], name, other["host"], other["interface"])
                found.cables.setdefault(one["host"], []).append(cable)
    for name, service in (estate.get("dc_services") or {}).items():
        found.services[name] = Serves(
            tuple(service.get("depends_on", ())),
            _tier(service["centres"], "database"),
            _tier(service["centres"], "application"),
        )
    for name, item in (estate.get("dc_infrastructure") or {}).items():
        by_centre: dict[str, tuple[str, ...]] = {}
        for host in item["runs_on"]:
            device = found.devices.get(host)
            if device is not None:
                by_centre[device.centre] = (*by_centre.get(device.centre, ()), host)
        found.services.setdefault(name, Serves(tuple(item["needs"]), {}, by_centre))
    return found


def _tier(centres: Mapping[str, Mapping[str, str]], tier: str) -> dict[str, tuple[str, ...]]:
    return {centre: (stated[tier],) for centre, stated in centres.items() if stated.get(tier)}


def _device(name: str, values: Mapping[str, Any]) -> Device:
    power = values.get("dc_power") or {}
    interfaces: list[Mapping[str, Any]] = values.get("dc_interfaces") or []
    networks = [one["network"] for one in interfaces if one["kind"] == "lan"]
    return Device(
        name,
        values["dc_kind"],
        values["dc_centre"],
        tuple(values.get("dc_roles") or ()),
        power.get("room", ""),
        power.get("rack", ""),
        power.get("unit", 0),
        power.get("height_u", 1),
        power.get("watts", 0),
        tuple(power.get("feeds", ())),
        values.get("dc_start_s") or 0,
        values.get("dc_carried_by"),
        networks[0] if networks else None,
        (values.get("dc_bmc") or {}).get("network"),
        tuple(values.get("dc_needs") or ()),
        (values.get("dc_hardware") or {}).get("serial"),
        str(values.get("dc_os") or ""),
    )


def _room(stated: Mapping[str, Any]) -> Room:
    return Room(
        {name: _feed(feed) for name, feed in stated.get("feeds", {}).items()},
        {
            name: Rack(rack.get("units", 42), rack.get("watts"), rack.get("order", 1))
            for name, rack in stated.get("racks", {}).items()
        },
        Starts(**stated.get("starts", {})),
    )


def _feed(stated: Mapping[str, Any]) -> Feed:
    ups = stated.get("ups")
    return Feed(stated["watts"], stated.get("order", 1), Ups(**ups) if ups else None)
