# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a PXE server has to know of each server that it installs, from the inventory's variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Interface
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def pxe_hosts(names: Iterable[str], hostvars: Mapping[str, Any], disk: str = "") -> list[dict[str, Any]]:
    """Name, MAC address, address with network, gateway, serial number and disk of each.

    :param disk: of servers that do not state ``bare_metal_disk``.
    :raises DatacenterError: with all that is missing, by server.
    """
    found, missing = [], []
    for name in names:
        host = hostvars[name] if name in hostvars else {}  # noqa: SIM401 (Ansible's has its own get)
        lan = next((one for one in host.get("dc_interfaces") or () if one.get("kind") == "lan"), None)
        known = {
            "name": name,
            "mac": host.get("dc_mac"),
            "disk": host.get("bare_metal_disk") or disk,
            "serial": (host.get("dc_hardware") or {}).get("serial", ""),
            "gateway": host.get("dc_gateway", ""),
        }
        lacks = [
            key for key, value in (("dc_mac", known["mac"]), ("bare_metal_disk", known["disk"])) if not value
        ]
        if lan is None:
            lacks.append("dc_interfaces with one of kind lan")
        else:
            address = IPv4Interface(lan["address"])
            known.update(
                address=str(address.ip),
                netmask=str(address.netmask),
                network=str(address.network.network_address),
            )
        if lacks:
            missing.append(f"{name} has no {' and no '.join(lacks)}")
        found.append(known)
    if missing:
        raise DatacenterError(
            "servers cannot be installed over the network",
            device=", ".join(names),
            cause="; ".join(missing),
            next_step="state mac with the server in the site plan, and bare_metal_disk in the inventory",
        )
    return found
