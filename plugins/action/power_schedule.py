# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: what is to be switched when, from the plan's variables and from what was just read."""

from __future__ import annotations

import ipaddress
import math
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power import sheet, variables
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.house import House
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.schedule import UP, schedule
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.action import RunbookAction, refuse

#: What the notes of starts are called: before one, and behind it.
STARTS, STARTED = "power_start_", "_done"


class ActionModule(RunbookAction):
    """See the documentation of the module of the same name."""

    ARGUMENTS = {
        "direction": {"type": "str", "required": True, "choices": ["down", "up"]},
        "hosts": {"type": "list", "elements": "str", "required": True},
        "reality": {"type": "dict", "required": True},
        "control_node": {"type": "str"},
        "stop_s": {"type": "int", "default": 120},
        "by_hand": {"type": "list", "elements": "str", "default": []},
        "languages": {"type": "list", "elements": "str", "default": ["en"], "choices": ["en", "zh"]},
        "show": {"type": "bool", "default": True},
        "on_refusal": {"type": "str", "default": "fail", "choices": ["fail", "hand_over"]},
    }

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        house = self._house(arguments["hosts"])
        node = arguments["control_node"] or here(house, self.variables["hostvars"])
        found = schedule(
            house,
            arguments["direction"],
            arguments["hosts"],
            {name: str(state) for name, state in arguments["reality"].items()},
            node,
            stop_s=arguments["stop_s"],
        )
        by_hand = arguments["by_hand"]
        tables = {language: sheet.schedule_lines(found, language, by_hand) for language in sheet.WORDS}
        if arguments["show"]:
            for language in arguments["languages"]:
                self._display.display("\n".join(tables[language]))
        if found.refusals and arguments["on_refusal"] == "fail":
            raise refuse("refused, nothing was changed", found.refusals, sheet=tables)
        members = [name for stage in found.stages for name in stage.hosts]
        return {
            **found.as_dict(),
            "refusals": found.refusals,
            "sheet": tables,
            "racks": racks(house, members, by_hand),
            "watts": {name: house.devices[name].watts for name in members},
            "with_system": [name for name in members if house.devices[name].told],
            "wait_s": self._wait_s(house, members) if arguments["direction"] == UP else 0,
        }

    def _wait_s(self, house: House, members: Iterable[str]) -> int:
        """How long the inrush of what this run started last still lasts, from its journal's notes."""
        if not self.variables.get("dr_run_directory"):
            return 0
        return still_inrush_s(house, members, self.journal.read(), time.time())

    def _house(self, hosts: Iterable[str]) -> House:
        groups: Mapping[str, list[str]] = self.variables["groups"]
        hostvars: Mapping[str, Mapping[str, Any]] = self.variables["hostvars"]
        shared = next(iter(groups.get("estate_wide", ())), None)
        if shared is None or hostvars[shared].get("dc_power_order") is None:
            raise DatacenterError(
                "the order of power is not known",
                cause="the inventory is not that of a site plan, or of an older one",
                next_step="run with -i <estate>/site_plan.yml",
            )
        estate = {name: hostvars[shared].get(name) for name in variables.ESTATE}
        # Everything of the centres concerned; of the others what they may need, and the ways between.
        wanted = {name: None for name in hosts if name in hostvars}
        for centre in {hostvars[name].get("dc_centre") for name in wanted} - {None}:
            group = f"centre_{centre}".replace("-", "_")
            wanted.update(dict.fromkeys(groups.get(group, ())))
        for group in ("control_nodes", "network_devices"):
            wanted.update(dict.fromkeys(groups.get(group, ())))
        for item in (estate["dc_infrastructure"] or {}).values():
            wanted.update(dict.fromkeys(item["runs_on"]))
        for service in (estate["dc_services"] or {}).values():
            for tiers in service["centres"].values():
                wanted.update(dict.fromkeys(tiers.values()))
        return variables.house(
            {
                name: {key: hostvars[name].get(key) for key in variables.HOST}
                for name in wanted
                if name in hostvars
            },
            estate,
        )


def still_inrush_s(
    house: House, members: Iterable[str], entries: Iterable[Mapping[str, Any]], now: float
) -> int:
    """Seconds until the inrush of the last start that a run noted is over.

    A start that was noted before and not after it may have begun a moment ago.
    """
    rooms = (house.room_of(house.devices[name]) for name in members)
    inrush_s = max((room.starts.inrush_s for room in rooms if room is not None), default=0)
    begun: dict[str, None] = {}
    ended: list[float] = []
    for entry in entries:
        if entry["kind"] == "note" and str(entry["name"]).startswith(STARTS):
            key = str(entry["name"]).removesuffix(STARTED)
            if key == entry["name"]:
                begun[key] = None
            else:
                begun.pop(key, None)
                ended.append(float(entry["at"]))
    if begun:
        return inrush_s
    return max(0, min(inrush_s, math.ceil(max(ended, default=0.0) + inrush_s - now)))


def here(
    house: House, hostvars: Mapping[str, Mapping[str, Any]], ours: Iterable[str] | None = None
) -> str | None:
    """The control node of the plan whose address this machine has.

    :param ours: the machine's addresses.
    :raises DatacenterError: when it has those of several.
    """
    addresses = set(own_addresses() if ours is None else ours)
    found = [
        name
        for name, device in house.devices.items()
        if device.kind == "control_node" and str(hostvars[name].get("ansible_host") or "") in addresses
    ]
    if len(found) > 1:
        raise DatacenterError(
            "not known from which control node this is run",
            cause=f"this machine has the addresses of {', '.join(sorted(found))}",
            next_step="name the one that it is (control_node, in the role power_sequence_control_node)",
        )
    return found[0] if found else None


def own_addresses(net: Path = Path("/proc/net")) -> set[str]:
    """The addresses that the kernel lists as this machine's own.

    Whether an address can be bound says less: a setting (ip_nonlocal_bind) lets any be.
    """
    found: set[str] = set()
    address = ""
    for line in _lines(net / "fib_trie"):
        leaf = re.fullmatch(r"\s*\|-- (\S+)", line)
        if leaf:
            address = leaf[1]
        elif "/32 host LOCAL" in line:
            found.add(address)
    for line in _lines(net / "if_inet6"):
        found.add(str(ipaddress.IPv6Address(int(line.split()[0], 16))))
    return found


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def racks(house: House, members: Iterable[str], by_hand: Sequence[str] = ()) -> dict[str, dict[str, str]]:
    """The sheets of the racks in which these hosts stand, and what people switch, in every language."""
    found: dict[str, dict[str, str]] = {}
    for name in (*members, *(name for name in by_hand if name in house.devices)):
        device = house.devices[name]
        room = house.room_of(device)
        key = f"{device.centre}/{device.room}/{device.rack}"
        if room is not None and device.rack in room.racks and key not in found:
            where = (device.centre, device.room, device.rack)
            found[key] = {
                language: sheet.rack_sheet(house, *where, language, by_hand) for language in sheet.WORDS
            }
    return dict(sorted(found.items()))
