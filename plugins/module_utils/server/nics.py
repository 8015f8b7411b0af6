# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network interfaces, and who is seen at the other end of their cables. Standard library only."""

from __future__ import annotations

from typing import Any, Iterator, Mapping

from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.machine import Machine, NotTold

_FOLDER = "/sys/class/net"


def nics(machine: Machine) -> list[dict[str, Any]]:
    """The interfaces that are hardware: ``name``, ``mac``, ``link`` (None while it is off), ``mbit_s``.

    The MAC is the card's own, which a bond covers with its first member's.
    """
    return [_nic(machine, name) for name in machine.names(_FOLDER) if _real(machine, name)]


def _real(machine: Machine, name: str) -> bool:
    """It stands on a device, and that is no virtual function of another."""
    device = machine.path(f"{_FOLDER}/{name}/device")
    return device.exists() and not (device / "physfn").exists()


def _nic(machine: Machine, name: str) -> dict[str, Any]:
    folder = f"{_FOLDER}/{name}"
    mac = machine.text(f"{folder}/bonding_slave/perm_hwaddr") or machine.text(f"{folder}/address")
    # Reading it fails while the interface is down.
    carrier = machine.text(f"{folder}/carrier")
    speed = machine.text(f"{folder}/speed") or ""
    return {
        "name": name,
        "mac": mac.lower() if mac else None,
        "link": {"0": False, "1": True}.get(carrier or ""),
        "mbit_s": int(speed) if speed.isdigit() else None,
    }


def neighbours(machine: Machine) -> list[dict[str, Any]]:
    """What LLDP has seen: ``interface``, ``system``, ``chassis``, ``port``, ``port_description``.

    :raises NotTold: lldpd is not there, or does not run.
    """
    tool = machine.tool("lldpcli")
    if tool is None:
        raise NotTold("ask LLDP", cause="there is no lldpcli", next_step="install lldpd")
    try:
        told, _code = machine.json(tool, "-f", "json", "show", "neighbors")
    except NotTold as error:
        error.next_step = "start lldpd, and give it half a minute to hear of its neighbours"
        raise
    return lldp(told)


def lldp(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What ``lldpcli -f json show neighbors`` prints. One neighbour is an object, several are a list."""
    found = []
    for interface, one in _interfaces((told.get("lldp") or {}).get("interface") or []):
        system, chassis = _named(one.get("chassis") or {})
        port = one.get("port") or {}
        found.append(
            {
                "interface": interface,
                "system": system,
                "chassis": (chassis.get("id") or {}).get("value"),
                "port": (port.get("id") or {}).get("value"),
                "port_description": port.get("descr"),
            }
        )
    return sorted(found, key=lambda one: (str(one["interface"]), str(one["system"]), str(one["port"])))


def _interfaces(stated: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for one in stated if isinstance(stated, list) else [stated]:
        if "name" in one and isinstance(one["name"], str):
            yield one["name"], one
        else:
            yield from one.items()


def _named(chassis: Mapping[str, Any]) -> tuple[str | None, Mapping[str, Any]]:
    """The system's name, which is the key of its description; one without a name has none."""
    if isinstance(chassis.get("id"), dict):
        return None, chassis
    for name, described in chassis.items():
        return name, described if isinstance(described, dict) else {}
    return None, {}
