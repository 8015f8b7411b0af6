# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the estate to what an inventory holds: hosts with variables, groups, common variables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.estate import (
    SERVERS,
    Estate,
    PlacedHost,
    PlacedLine,
    PlacedNetwork,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.base import Title

#: Group of each kind. Carriers' devices are routers too, but not ``network_devices``: those are managed.
KIND_GROUPS = {
    "physical_server": "physical_servers",
    "cloud_host": "cloud_hosts",
    "legacy_server": "legacy_servers",
    "storage": "storage",
    "load_balancer": "load_balancers",
    "router": "routers",
    "firewall": "firewalls",
    "terminal": "terminals",
    "control_node": "control_nodes",
}
#: Groups of roles whose plural reads better.
ROLE_GROUPS = {"database": "databases", "application": "applications"}
#: Group of the hosts that are told all lines, networks and centres. Plain servers are not: there may be
#: ten thousand, and whoever lists the inventory would get all lines and networks with each of them.
ESTATE_WIDE = "estate_wide"
#: Groups that hold groups, in the order in which they are shown.
PARENTS = ("centres", "cities", "counties", "servers", "lines", "handovers", "services")


@dataclass
class InventoryData:
    """What an inventory holds, as plain data that a cache can keep.

    :param hosts: variables by host.
    :param groups: hosts by group.
    :param children: groups by parent group.
    :param variables: variables by group.
    """

    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=dict)
    variables: dict[str, dict[str, Any]] = field(default_factory=dict)


def group_name(*parts: str) -> str:
    """A group's name: Ansible allows letters, digits and underscores."""
    return "_".join(parts).replace("-", "_")


def inventory_data(estate: Estate, digest: str) -> InventoryData:
    """Everything the inventory shows; hosts of one class share the dictionaries they have in common."""
    return _Deriver(estate, digest).run()


class _Deriver:
    def __init__(self, estate: Estate, digest: str) -> None:
        self.estate = estate
        self.digest = digest
        self.data = InventoryData()
        self.lines_at = estate.lines_at()
        self.behind: dict[str, list[PlacedNetwork]] = {}
        for gateway, network in estate.gateways():
            self.behind.setdefault(gateway, []).append(network)
        self.hardware: dict[int, dict[str, Any]] = {}
        self.bearers = {name for service in estate.plan.services for name in self._members(service)}
        self.bearers.update(name for item in estate.plan.infrastructure.values() for name in item.runs_on)

    def run(self) -> InventoryData:
        for parent in PARENTS:
            self.data.children[parent] = []
        self.data.groups[ESTATE_WIDE] = []
        self._group_variables()
        for host in self.estate.hosts.values():
            self.data.hosts[host.name] = self._variables(host)
            self._group(host)
        for line in self.estate.lines.values():
            if line.kind in ("leased", "handover"):
                parent = "lines" if line.kind == "leased" else "handovers"
                name = group_name("line" if line.kind == "leased" else "handover", line.name)
                self._child(parent, name)
                self.data.groups[name] = line.hosts()
        for name in self.estate.plan.services:
            group = group_name("service", name)
            self._child("services", group)
            self.data.groups[group] = self._members(name)
        witnesses = [
            name
            for service in self.estate.plan.services.values()
            if service.lease
            for name in service.lease.witnesses
        ]
        if witnesses:
            self.data.groups["witnesses"] = list(dict.fromkeys(witnesses))
        return self.data

    def _members(self, service: str) -> list[str]:
        """The hosts that carry a service, in both centres."""
        found = [
            member
            for tiers in self.estate.plan.services[service].centres.values()
            for member in (tiers.database, tiers.application, tiers.announcer)
            if member is not None
        ]
        return list(dict.fromkeys(found))

    # -- variables of groups

    def _group_variables(self) -> None:
        estate, plan = self.estate, self.estate.plan
        # Few and small, and the runbooks' plays on the control node need them: localhost is in no group.
        self.data.variables["all"] = {
            "dc_plan": {"name": plan.plan.name, "digest": self.digest},
            "dc_services": {name: self._service(name) for name in plan.services},
        }
        if plan.monitoring is not None:
            self.data.variables["all"]["dc_monitoring"] = plan.monitoring.model_dump(exclude_none=True)
        if plan.migration is not None:
            self.data.variables["all"]["dc_migration"] = self._migration()
        self.data.variables[ESTATE_WIDE] = wide = {
            "dc_centres": {
                name: {
                    "number": centre.number,
                    "code": centre.code,
                    "title": _title(centre.title),
                    "rooms": {
                        room: model.model_dump(exclude_none=True) for room, model in centre.rooms.items()
                    },
                }
                for name, centre in plan.centres.items()
            },
            "dc_networks": {key: _network(network) for key, network in estate.networks.items()},
            "dc_lines": {name: self._line(line) for name, line in estate.lines.items()},
        }
        wide["dc_power_order"] = self._power_order()
        if plan.infrastructure:
            wide["dc_infrastructure"] = {
                name: {"title": _title(item.title), "runs_on": item.runs_on, "needs": item.needs}
                for name, item in plan.infrastructure.items()
            }

    def _migration(self) -> dict[str, Any]:
        stated = self.estate.plan.migration
        told: dict[str, Any] = stated.model_dump(exclude_none=True) if stated is not None else {}
        for system in told.get("systems", {}).values():
            reached = system.get("application", {}).get("address")
            if reached:
                reached["prefix"] = f"{self.estate.service_address(reached['number']).partition('/')[0]}/32"
        return told

    def _power_order(self) -> dict[str, Any]:
        plan = self.estate.plan
        providers = {
            name: {"title": _title(item.title), "contact": _title(item.contact) if item.contact else None}
            for name, item in plan.providers.items()
        }
        return {
            "tiers": [tier.model_dump() for tier in plan.power_order.tiers],
            "providers": providers,
            "hard_alone": plan.power_order.hard_alone,
        }

    def _line(self, line: PlacedLine) -> dict[str, Any]:
        ends = {
            key: {
                "host": stated[0],
                "interface": stated[1],
                "address": f"{self.estate.line_address(line, end)}/31",
            }
            for end, (key, stated) in enumerate(zip("ab", line.ends, strict=True))
            if stated is not None
        }
        return {
            **ends,
            "rate_mbit": line.rate_mbit,
            "medium": line.medium,
            "redundancy_group": line.redundancy_group,
            "kind": line.kind,
            "ospf_cost": line.ospf_cost,
        }

    def _service(self, name: str) -> dict[str, Any]:
        service = self.estate.plan.services[name]
        stated = service.model_dump(exclude_none=True, exclude={"number", "title", "centres"})
        return {
            "title": _title(service.title),
            "address": self.estate.service_address(service.number),
            **stated,
            "centres": {
                centre: tiers.model_dump(exclude_none=True) for centre, tiers in service.centres.items()
            },
        }

    # -- variables of one host

    def _variables(self, host: PlacedHost) -> dict[str, Any]:
        estate = self.estate
        loopback = estate.loopback(host)
        network = estate.networks.get(host.network) if host.network else None
        address = network.address(host.number) if network else loopback
        values: dict[str, Any] = {
            "ansible_host": address,
            "dc_kind": host.kind,
            "dc_roles": host.roles,
            "dc_managed": host.carrier is None,
            "dc_interfaces": self._interfaces(host, network, loopback),
        }
        for key, value in (
            ("dc_centre", host.centre),
            ("dc_city", host.city),
            ("dc_site", host.site),
            ("dc_carrier", host.carrier),
            ("dc_os", host.os),
            ("dc_loopback", loopback),
            ("dc_carried_by", host.carried_by),
            ("dc_mac", host.mac),
            ("dc_start_s", host.class_.start_s if host.class_ else None),
            ("dc_needs", host.needs or None),
        ):
            if value is not None:
                values[key] = value
        if network is not None and network.gateway is not None:
            values["dc_gateway"] = network.address(network.gateway_number)
        if host.bmc is not None:
            values["dc_bmc"] = {**self._bmc(*host.bmc), **host.bmc_spoken_to}
        if host.position is not None:
            values["dc_power"] = self._power(host)
        hardware = self._hardware(host)
        if hardware:
            values["dc_hardware"] = hardware
        return values

    def _interfaces(
        self, host: PlacedHost, network: PlacedNetwork | None, loopback: str | None
    ) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        if loopback is not None:
            found.append({"name": "lo", "kind": "loopback", "address": f"{loopback}/32"})
        if network is not None:
            found.append(_lan(network, host.number))
        for behind in self.behind.get(host.name, ()):
            found.append(_lan(behind, behind.gateway_number))
        for line, end in self.lines_at.get(host.name, ()):
            stated = line.ends[end]
            if stated is not None:
                found.append(
                    {
                        "name": stated[1],
                        "kind": "line",
                        "address": f"{self.estate.line_address(line, end)}/31",
                        "line": line.name,
                    }
                )
        return found

    def _bmc(self, key: str, number: int) -> dict[str, Any]:
        network = self.estate.networks[key]
        found: dict[str, Any] = {
            "address": network.address(number),
            "prefix_length": network.length,
            "network": key,
        }
        if network.gateway is not None:
            found["gateway"] = network.address(network.gateway_number)
        return found

    def _power(self, host: PlacedHost) -> dict[str, Any]:
        position = host.position
        if position is None or host.centre is None:
            return {}
        room = self.estate.plan.centres[host.centre].rooms.get(position.room)
        rack = room.racks.get(position.rack) if room else None
        feeds = position.feeds or (rack.feeds if rack else None) or (list(room.feeds) if room else [])
        return {
            "room": position.room,
            "rack": position.rack,
            "unit": position.unit,
            "height_u": host.height_u,
            "watts": host.watts,
            "feeds": feeds,
        }

    def _hardware(self, host: PlacedHost) -> dict[str, Any]:
        class_ = host.class_
        if class_ is None:
            return {"serial": host.serial} if host.serial else {}
        shared = self.hardware.get(id(class_))
        if shared is None:
            shared = class_.model_dump(
                include={"cores", "memory_gib", "disk_gib", "vendor", "model"}, exclude_none=True
            )
            self.hardware[id(class_)] = shared
        return {**shared, "serial": host.serial} if host.serial else shared

    # -- groups

    def _group(self, host: PlacedHost) -> None:
        groups = [KIND_GROUPS[host.kind]]
        if host.carrier is not None:
            groups.append("carrier")
        elif host.forwards:
            groups.append("network_devices")
        elif groups[0] in ("physical_servers", "cloud_hosts"):
            self._child("servers", groups[0])
        if host.centre is not None:
            groups.append(group_name("centre", host.centre))
            self._child("centres", groups[-1])
        elif host.county is not None:
            groups.append(group_name("county", host.county))
            self._child("counties", groups[-1])
        elif host.city is not None:
            groups.append(group_name("city", host.city))
            self._child("cities", groups[-1])
        if host.bmc is not None:
            groups.append("bmc")
        if host.kind not in SERVERS or host.name in self.bearers:
            groups.append(ESTATE_WIDE)
        for role in host.roles:
            groups.append(ROLE_GROUPS.get(role) or group_name(role))
        for group in groups:
            self.data.groups.setdefault(group, []).append(host.name)

    def _child(self, parent: str, child: str) -> None:
        children = self.data.children[parent]
        if child not in children:
            children.append(child)


def _lan(network: PlacedNetwork, number: int) -> dict[str, str]:
    return {
        "name": network.local,
        "kind": "lan",
        "address": f"{network.address(number)}/{network.length}",
        "network": network.key,
    }


def _network(network: PlacedNetwork) -> dict[str, Any]:
    found: dict[str, Any] = {"prefix": network.prefix, "purpose": network.purpose}
    if network.gateway is not None:
        found["gateway"] = network.address(network.gateway_number)
        found["gateway_host"] = network.gateway
    for key, value in (("centre", network.centre), ("site", network.site)):
        if value is not None:
            found[key] = value
    return found


def _title(title: Title) -> dict[str, str]:
    return {"en": title.en, "zh": title.zh}
