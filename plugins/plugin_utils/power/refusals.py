# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a sequence must not be done, each as a sentence with the way on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.control_path import bmc_networks, way
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.graph import Edge, Graph, spoken
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.house import FORWARDING, House
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.meter import Load

#: Names that a sentence lists.
_NAMED = 8


def names(of: Sequence[str]) -> str:
    """A few names, and how many more."""
    more = f" and {len(of) - _NAMED} more" if len(of) > _NAMED else ""
    return ", ".join(of[:_NAMED]) + more


def unknown_hosts(house: House, asked: Iterable[str]) -> list[str]:
    missing = [name for name in asked if name not in house.devices]
    if not missing:
        return []
    return [
        f"{names(missing)}: no host of a centre in the plan. Next: correct the names, or add them to the plan"
    ]


def others_power(house: House, members: Iterable[str]) -> list[str]:
    """What a provider carries is not ours to switch."""
    carried: dict[str, list[str]] = {}
    for name in members:
        device = house.devices[name]
        if not house.ours(device):
            carried.setdefault(str(device.carried_by), []).append(name)
    found = []
    for provider, hosts in carried.items():
        stated = house.providers[provider]
        whom = stated.contact or f"{stated.title} (the plan's providers.{provider} states no contact)"
        found.append(
            f"{names(hosts)}: carried by {stated.title}, whose power is not ours. "
            f"Next: call {whom}, and leave them out here"
        )
    return found


def not_known(hosts: Sequence[str]) -> list[str]:
    """On or off is not known: neither is assumed."""
    if not hosts:
        return []
    return [
        f"{names(hosts)}: not known whether on or off. Next: look at the servers themselves and mend their "
        "BMCs, or leave them out"
    ]


def not_on(hosts: Sequence[str], states: Mapping[str, str]) -> list[str]:
    """What is needed on the way up, and is not among what is switched on, must be on."""
    off = [name for name in hosts if states[name] == "off"]
    unknown = [name for name in hosts if states[name] not in ("off", "on")]
    found = []
    if off:
        found.append(
            f"{names(off)}: off, and needed by what is to be switched on. Next: add "
            f"{'it' if len(off) == 1 else 'them'} to the hosts (power_hosts)"
        )
    if unknown:
        found.append(
            f"{names(unknown)}: needed by what is to be switched on, and not known to be on. Next: look "
            "whether they serve and mend the way to them, or add them to the hosts (power_hosts)"
        )
    return found


def control_node(house: House, down: bool, members: Sequence[str], node: str | None) -> list[str]:
    """Where it is run from must be known, must stay, and must keep what it cannot do without."""
    if node is None or node not in house.devices:
        return [
            f"not known from which control node this is run ({node or 'none has an address here'}). "
            "Next: run it on a control node of the plan, or name that one"
        ]
    if not down:
        return []
    found = []
    if node in members:
        found.append(
            f"{node}: the sequence is run from it and would cut itself off. Next: run it from the control "
            f"node of another centre, or leave {node} out and switch it off by hand at the end"
        )
    for item in _all_needed(house, house.devices[node].needs):
        serves = house.services[item].hosts()
        if serves and set(serves) <= set(members):
            found.append(
                f"{item}: {node}, from which this is run, needs it, and all that provide it would go down "
                f"({names(serves)}). Next: leave one of them on, or run it from where it is not needed"
            )
    return found


def _all_needed(house: House, start: Iterable[str]) -> list[str]:
    found: dict[str, None] = {}
    rest = list(start)
    while rest:
        item = rest.pop(0)
        if item in house.services and item not in found:
            found[item] = None
            rest += house.services[item].needs
    return list(found)


def no_order(circle: list[tuple[str, Edge]]) -> list[str]:
    return [f"the plan allows no order: {spoken(circle)}. Next: mend the plan (tools/plan.py says where)"]


def cut(house: House, node: str, stages: Sequence[Sequence[str]]) -> list[str]:
    """Devices whose going down leaves BMCs without a way that are still needed, and those BMCs.

    What goes down in a stage must be read as off at its end, so the way must outlast the stage, but for what
    a person switches off.
    """
    found = []
    gone: set[str] = set()
    for number, stage in enumerate(stages):
        forwarding = [name for name in stage if house.devices[name].kind in FORWARDING]
        later = [name for rest in stages[number:] for name in rest]
        for network, hosts in bmc_networks(house, later).items():
            if not forwarding or way(house, node, network, gone) is None:
                # A way that the plan does not show at all is no way that is cut here.
                continue
            if way(house, node, network, gone | set(forwarding)) is None:
                guilty = [
                    n for n in forwarding if way(house, node, network, gone | {n}) is None
                ] or forwarding
                found.append(
                    f"{names(guilty)}: the way from {node} to the BMCs of {names(hosts)} leads over it, and "
                    "they are still to be switched or seen off. Next: leave it out and switch it off by hand "
                    "at the end, or run this from a control node beside those BMCs"
                )
        gone |= set(stage)
    return found


def left_behind(graph: Graph, members: Sequence[str], states: Mapping[str, str]) -> list[str]:
    """Hosts that stay on, as far as is known, and need one that goes down."""
    return [
        f"{name} {'stays on' if states.get(name) == 'on' else 'is not known to be off'}: {edge.reason}"
        for name, edge in graph.leaning(members).items()
        if states.get(name) != "off"
    ]


def placeless(house: House, members: Sequence[str]) -> list[str]:
    """Servers whose watts the plan counts nowhere."""
    found = [n for n in members if not house.devices[n].room and house.devices[n].kind != "cloud_host"]
    if not found:
        return []
    return [f"{names(found)}: the plan says not where it stands, so its watts are counted nowhere"]


def too_weak(name: str, over: Sequence[Load]) -> str:
    said = "; ".join(f"{load.kind} {load.name} would carry {load.drawn} of {load.limit} W" for load in over)
    return (
        f"{name} cannot be started within the budget: {said or 'its room allows no start'}. "
        "Next: leave something else off first, or state a stronger feed"
    )
