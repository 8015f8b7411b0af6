# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May these servers be installed? What a gate judges before anything is switched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Reading = dict[str, Any]


def pxe_ready(
    names: Iterable[str],
    hostvars: Mapping[str, Any],
    bmc: Mapping[str, Any],
    reach: Iterable[Mapping[str, Any]],
) -> list[Reading]:
    """The readings of each server.

    :param bmc: ``targets`` of a fleet's call for power and FRU, by name.
    :param reach: ``targets`` of a question who answers at the servers' own addresses.
    """
    answers = {one["name"]: one["state"] for one in reach}
    found: list[Reading] = []
    for name in names:
        host, answer = hostvars[name], bmc.get(name) or {}
        power = (answer.get("power") or {}).get("power", "unknown")
        found += [
            _stated(name, host),
            _identity(name, host, answer.get("fru") or {}),
            _power(name, power),
        ]
        if power == "off":
            found.append(_address(name, host, answers.get(name, "unknown")))
    return found


def _stated(name: str, host: Mapping[str, Any]) -> Reading:
    system = host.get("dc_os") or "no system"
    well = bool(host.get("dc_mac")) and str(system).startswith("debian-")
    mac = host.get("dc_mac") or "no MAC address"
    return {
        "ok": well,
        "reading": f"the plan states {mac} and {system} for {name}",
        "refuse": f"the plan states {mac} and {system} for {name}",
        "way_on": "state its mac, and an os that is Debian's",
    }


def _identity(name: str, host: Mapping[str, Any], fru: Mapping[str, Any]) -> Reading:
    planned = (host.get("dc_hardware") or {}).get("serial")
    told = fru.get("serial_number")
    said = (
        f"the BMC of {name} is in the server {told or 'that it does not name'}; "
        f"the plan says {planned or 'nothing'}"
    )
    return {
        "ok": None if told is None or planned is None else told == planned,
        "reading": said,
        "refuse": said,
        "way_on": "look which server it is; behind a BMC at another's address the wrong one is overwritten",
    }


def _power(name: str, power: str) -> Reading:
    return {
        "ok": None if power not in ("on", "off") else power == "off",
        "reading": f"{name} is {power}",
        "refuse": f"{name} is {power}, and may be at work",
        "way_on": "shut it down, when it is nobody's",
        "approval": "switch_off",
        # A yes to one server's end is none to another's.
        "this_risk": True,
        "risk": f"{name} is switched off hard and installed anew; whatever runs on it ends",
    }


def _address(name: str, host: Mapping[str, Any], state: str) -> Reading:
    address = host.get("ansible_host")
    return {
        "ok": None if state == "unknown" else state == "silent",
        "reading": f"{address}, the address of {name}, is {state} while {name} is off",
        "refuse": f"{name} is off, and another machine answers at its address {address}",
        "way_on": "find the machine, by the MAC address that its gateway has of it",
    }
