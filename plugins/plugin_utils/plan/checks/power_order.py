# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether servers can be switched on at all: one at a time within the budget, and in some order."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.estate import Estate, PlacedHost
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.findings import Finding, Path
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power import graph as power
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power import house


def ups(estate: Estate) -> Iterator[Finding]:
    """Two feeds of a room hang on two UPS: else one UPS takes both with it."""
    for centre, stated in estate.plan.centres.items():
        for name, room in stated.rooms.items():
            seen: dict[str, str] = {}
            for feed, model in room.feeds.items():
                if model.ups is None:
                    continue
                other = seen.setdefault(model.ups.name, feed)
                if other != feed:
                    yield Finding(
                        "ups-shared",
                        ("centres", centre, "rooms", name, "feeds", feed, "ups"),
                        f"feeds {other} and {feed} both hang on the UPS {model.ups.name}",
                        "a UPS of its own for each feed of a room",
                        "name the feed's own UPS, or leave ups out where it has none",
                    )


def inrush(estate: Estate) -> Iterator[Finding]:
    """Every server can be switched on while all others run, without more than its PDU and feed can carry."""
    pdus: dict[tuple[Path, str], list[PlacedHost]] = {}
    feeds: dict[tuple[Path, str], list[PlacedHost]] = {}
    for host in estate.hosts.values():
        position = host.position
        if position is None or host.centre is None:
            continue
        room = estate.plan.centres[host.centre].rooms.get(position.room)
        rack = room.racks.get(position.rack) if room else None
        if room is None or rack is None:
            continue
        where: Path = ("centres", host.centre, "rooms", position.room)
        for feed in position.feeds or rack.feeds or list(room.feeds):
            pdus.setdefault(((*where, "racks", position.rack), feed), []).append(host)
            feeds.setdefault(((*where, "feeds", feed), feed), []).append(host)
    for (path, feed), hosts in pdus.items():
        room = estate.plan.centres[str(path[1])].rooms[str(path[3])]
        limit = room.racks[str(path[5])].watts
        yield from _one_start(path, f"feed {feed} in this rack", hosts, limit, room.starts.inrush_factor)
    for (path, feed), hosts in feeds.items():
        room = estate.plan.centres[str(path[1])].rooms[str(path[3])]
        if feed in room.feeds:
            model = room.feeds[feed]
            least = model.watts if model.ups is None else min(model.watts, model.ups.watts)
            yield from _one_start(path, f"feed {feed} of the room", hosts, least, room.starts.inrush_factor)


def _one_start(
    path: Path, what: str, hosts: list[PlacedHost], limit: int | None, factor: float
) -> Iterator[Finding]:
    total = sum(host.watts for host in hosts)
    worst = max(hosts, key=lambda host: host.watts)
    drawn = round(total + worst.watts * (factor - 1))
    # More than it can carry without any start is told by the check of the feeds.
    if limit is not None and total <= limit < drawn:
        yield Finding(
            "inrush-over-budget",
            path,
            f"{what} would carry {drawn} W while {worst.name} starts and the others run "
            f"({total} W, and {factor:g} times {worst.watts} W for the one that starts)",
            f"at most {limit} W",
            f"take {drawn - limit} W off it, state a stronger one, or state the room's inrush_factor "
            "as it was measured",
        )


def order(estate: Estate) -> Iterator[Finding]:
    """Some order of power exists, from whichever control node it is run."""
    whole = house_of(estate)
    controls = [name for name, device in whole.devices.items() if device.kind == "control_node"]
    told: set[str] = set()
    for control_node in [None, *controls]:
        circle = power.build(whole, control_node).circle()
        if not circle:
            continue
        kinds = power.kinds(circle)
        carried = next((edge for _name, edge in circle if edge.kind == power.CARRIES), None)
        sentence = power.spoken(circle)
        if sentence in told:
            continue
        told.add(sentence)
        if kinds[power.PATH]:
            yield Finding(
                "control-path-late",
                ("power_order", "tiers"),
                f"what carries the control path of {control_node} comes after what is switched over it: "
                f"{sentence}",
                "routers, firewalls and control nodes in tiers before the servers",
                "move their tier to the front",
            )
        elif carried is not None:
            guest = [name for name, edge in circle if edge is carried][0]
            yield Finding(
                "carried-too-late",
                (*estate.hosts[guest].path, "carried_by"),
                f"{guest} is needed before the server that carries it is switched on: {sentence}",
                "a carrier that is switched on before whoever needs its cloud hosts",
                "let another server carry it, or move the carrier's role to an earlier tier of power_order",
            )
        else:
            yield Finding(
                "tier-circle",
                ("power_order", "tiers"),
                f"there is no order in which this can be switched on: {sentence}",
                "tiers that agree with what services need",
                "put the needed tier first, or remove the dependency",
            )


def house_of(estate: Estate) -> house.House:
    """The facts of the power order, from the plan."""
    plan = estate.plan
    found = house.House(
        tiers=[house.Tier(t.name, tuple(t.kinds), tuple(t.roles)) for t in plan.power_order.tiers],
        providers={
            name: house.Provider(item.title.en, item.contact.en if item.contact else None)
            for name, item in plan.providers.items()
        },
        gateways={key: network.gateway for key, network in estate.networks.items()},
    )
    for host in estate.hosts.values():
        if host.centre is not None:
            found.devices[host.name] = house.Device(
                host.name, host.kind, host.centre, tuple(host.roles), carried_by=host.carried_by,
                network=host.network, bmc=host.bmc[0] if host.bmc else None, needs=tuple(host.needs),
            )  # fmt: skip
    for line in estate.lines.values():
        ends = line.hosts()
        if len(ends) == 2:
            found.join(ends[0], ends[1], line.ospf_cost)
    for name, service in plan.services.items():
        found.services[name] = house.Serves(
            tuple(service.depends_on),
            {centre: (tiers.database,) for centre, tiers in service.centres.items() if tiers.database},
            {centre: (tiers.application,) for centre, tiers in service.centres.items() if tiers.application},
        )
    for name, item in plan.infrastructure.items():
        by_centre: dict[str, tuple[str, ...]] = {}
        for host_name in item.runs_on:
            placed = estate.hosts.get(host_name)
            if placed is not None and placed.centre is not None:
                by_centre[placed.centre] = (*by_centre.get(placed.centre, ()), host_name)
        found.services.setdefault(name, house.Serves(tuple(item.needs), {}, by_centre))
    return found
