# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The specification of a twin from the inventory's ``dc_*`` variables. Pure.

What comes out is plain data that ``module_utils/twin/spec.py`` reads and checks.
"""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.twin_spec import selection

_KINDS = {
    "physical_server": "machine",
    "cloud_host": "machine",
    "legacy_server": "machine",
    "router": "appliance",
    "firewall": "appliance",
    "terminal": "appliance",
    "control_node": "control",
}
_FORWARDING = ("router", "firewall")
_APPLIANCE_IMAGE = "network"
#: In memory, and only what is written there. A county's client writes 3 MiB of log a minute, and a room that
#: is rebuilt on a slow machine takes the better part of an hour.
_APPLIANCE_MIB = 256
#: A rehearsal needs room for a database's files, not for the estate's data.
DISK_CAP_GIB = 4
_DEFAULT_DISK_GIB = 2
_KEYS = (
    "ansible_host", "dc_kind", "dc_centre", "dc_os", "dc_interfaces", "dc_gateway", "dc_bmc",
    "dc_hardware",
)  # fmt: skip


def build(
    hostvars: Mapping[str, Mapping[str, Any]],
    groups: Mapping[str, Iterable[str]],
    twin_id: str,
    only: Iterable[str] = (),
    files: Mapping[str, Mapping[str, str]] | None = None,
    disk_cap_gib: float = DISK_CAP_GIB,
) -> dict[str, Any]:
    """Return the specification.

    :param only: groups or hosts; what joins them comes along.
    :param files: by host, text by path: the first configuration of routers and firewalls.
    :param disk_cap_gib: no disk is larger, whatever the plan says, in GiB.
    :raises DatacenterError: when the inventory holds no plan.
    """
    hosts = {
        name: {key: hostvars[name][key] for key in _KEYS if key in hostvars[name]}
        for name in sorted(groups.get("all", hostvars))
        if name in hostvars and "dc_kind" in hostvars[name]
    }
    if not hosts:
        raise DatacenterError(
            "there is no plan in this inventory",
            cause="no host has dc_kind",
            next_step="give -i the site_plan.yml of an estate, such as inventory/rehearsal/site_plan.yml",
        )
    common = next((hostvars[name] for name in hosts if "dc_lines" in hostvars[name]), {})
    networks, lines = common.get("dc_networks", {}), common.get("dc_lines", {})
    chosen = selection.closure(hosts, networks, lines, selection.named(hosts, groups, only))
    lines_in = {
        name: line for name, line in lines.items() if {line["a"]["host"], line["b"]["host"]} <= chosen
    }
    networks_in = {n: v for n, v in networks.items() if v["gateway_host"] in chosen}
    return {
        "twin_id": twin_id,
        "plan": {key: common.get("dc_plan", {}).get(key, "") for key in ("name", "digest")},
        "nodes": {
            name: _node(hosts[name], networks_in, lines_in, dict((files or {}).get(name) or {}), disk_cap_gib)
            for name in sorted(chosen)
        },
        "networks": {
            name: {
                "prefix": value["prefix"],
                "gateway_host": value["gateway_host"],
                "centre": value.get("centre") or "",
            }
            for name, value in sorted(networks_in.items())
        },
        "lines": {
            name: {
                "a_host": value["a"]["host"],
                "a_interface": value["a"]["interface"],
                "b_host": value["b"]["host"],
                "b_interface": value["b"]["interface"],
                "rate_mbit": float(value["rate_mbit"]),
            }
            for name, value in sorted(lines_in.items())
        },
    }


def _node(
    host: Mapping[str, Any],
    networks: Mapping[str, Any],
    lines: Mapping[str, Any],
    files: dict[str, str],
    disk_cap_gib: float,
) -> dict[str, Any]:
    kind = _KINDS[host["dc_kind"]]
    hardware = host.get("dc_hardware") or {}
    interfaces = [
        {key: str(i.get(key) or "") for key in ("name", "kind", "address", "network", "line")}
        for i in host.get("dc_interfaces", ())
        if i["kind"] == "loopback" or i.get("network") in networks or i.get("line") in lines
    ]
    forwards = host["dc_kind"] in _FORWARDING
    node: dict[str, Any] = {
        "kind": kind,
        "address": host.get("ansible_host", ""),
        "centre": host.get("dc_centre") or "",
        "interfaces": interfaces,
        "forwards": forwards,
        "gateway": "" if forwards else host.get("dc_gateway") or _first_gateway(interfaces, networks),
    }
    if kind == "machine":
        disk_gib = min(float(hardware.get("disk_gib") or _DEFAULT_DISK_GIB), disk_cap_gib)
        node |= {"image": host.get("dc_os", "debian-12"), "disk_mib": int(disk_gib * 1024)}
    elif kind == "appliance":
        node |= {"image": _APPLIANCE_IMAGE, "disk_mib": _APPLIANCE_MIB, "files": files}
    bmc = host.get("dc_bmc")
    if bmc and bmc.get("network") in networks:
        node["bmc"] = {
            "address": bmc["address"],
            "prefix_length": int(bmc["prefix_length"]),
            "network": bmc["network"],
            "gateway": bmc.get("gateway") or "",
            **{key: str(hardware[key]) for key in ("vendor", "model", "serial") if hardware.get(key)},
        }
    return node


def _first_gateway(interfaces: list[dict[str, str]], networks: Mapping[str, Any]) -> str:
    """The gateway of the first network a host stands in."""
    for interface in interfaces:
        if interface["network"]:
            return str(networks[interface["network"]].get("gateway") or "")
    return ""
