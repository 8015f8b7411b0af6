# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""At which address a host is used by others: its own one on its server network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def server_addresses(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> dict[str, str]:
    """Host names to addresses without prefix length.

    The first LAN interface of the plan counts; a host that is in no plan is used at ``ansible_host``.
    """
    found: dict[str, str] = {}
    for host in hosts:
        variables = hostvars[host]
        interfaces = variables.get("dc_interfaces") or []
        lan = [interface["address"] for interface in interfaces if interface.get("kind") == "lan"]
        found[str(host)] = str(lan[0] if lan else variables["ansible_host"]).split("/", 1)[0]
    return found
