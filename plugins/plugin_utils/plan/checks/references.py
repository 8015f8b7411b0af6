# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""References that lead nowhere, or to the wrong kind of thing."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.estate import (
    SERVERS,
    Estate,
    PlacedHost,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.findings import Finding, Path
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.suggest import nearest


def unknown(what: str, name: str, known: Collection[str], path: Path) -> Finding:
    """A name that nothing in the plan bears."""
    close = sorted(known)
    return Finding(
        "unknown-reference",
        path,
        f"there is no {what} '{name}'{nearest(name, close)}",
        (", ".join(close[:12]) + (", ..." if len(close) > 12 else "")) if close else f"no {what} is stated",
        f"name an existing {what}, or add this one",
    )


def hosts(estate: Estate) -> Iterator[Finding]:
    """What carries a host, where it stands, and where its BMC has its address."""
    plan = estate.plan
    for host in estate.hosts.values():
        if host.has_bmc and host.bmc is None:
            yield Finding(
                "bmc-without-address",
                host.path,
                f"the BMC of {host.name} has no address: centre {host.centre} has no network for it",
                "a network of purpose bmc in the centre, or bmc: {network: ..., number: ...} with the host",
                "add the network, or state bmc: false when the machine has no BMC",
            )
        if host.kind == "cloud_host" and host.centre is not None:
            yield from _carrier(estate, host)
        elif host.carried_by is not None and host.kind:
            yield Finding(
                "carried-by",
                (*host.path, "carried_by"),
                f"{host.name} is a {host.kind} and cannot be carried by anything",
                "carried_by with cloud hosts only",
                "remove carried_by, or make it a cloud_host",
            )
        if host.mac is not None and host.kind not in ("physical_server", ""):
            yield Finding(
                "mac",
                (*host.path, "mac"),
                f"{host.name} is a {host.kind} and is not installed over the network",
                "mac with physical servers only",
                "remove mac",
            )
        if host.needs and host.kind not in ("control_node", ""):
            yield Finding(
                "needs",
                (*host.path, "needs"),
                f"{host.name} is a {host.kind}; what it needs is stated with services and infrastructure",
                "needs with control nodes only",
                "move it to the infrastructure or service that needs it",
            )
        for position, name in enumerate(host.needs):
            known = {*plan.infrastructure, *plan.services}
            if name not in known:
                yield unknown("service or infrastructure", name, known, (*host.path, "needs", position))
        if host.position is not None:
            yield from _position(estate, host)


def _carrier(estate: Estate, host: PlacedHost) -> Iterator[Finding]:
    path: Path = (*host.path, "carried_by")
    if host.carried_by is None:
        yield Finding(
            "carried-by",
            host.path,
            f"nothing carries the cloud host {host.name}",
            "a physical server of the same centre, or one of providers",
            "state carried_by",
        )
        return
    if host.carried_by in estate.plan.providers:
        return
    server = estate.hosts.get(host.carried_by)
    if server is None:
        known = {other.name for other in estate.hosts.values() if other.kind == "physical_server"}
        yield unknown("physical server or provider", host.carried_by, {*known, *estate.plan.providers}, path)
    elif server.kind not in ("physical_server", "") or server.centre != host.centre:
        yield Finding(
            "carried-by",
            path,
            f"{server.name} is a {server.kind} of centre {server.centre}",
            f"a physical_server of centre {host.centre}, or one of providers",
            "name another carrier",
        )


def _position(estate: Estate, host: PlacedHost) -> Iterator[Finding]:
    position = host.position
    if position is None:
        return
    path: Path = (*host.path, "position")
    if host.centre is None:
        yield Finding(
            "position",
            path,
            f"{host.name} stands in no centre",
            "a position for hosts of a centre",
            "remove position",
        )
        return
    rooms = estate.plan.centres[host.centre].rooms
    room = rooms.get(position.room)
    if room is None:
        yield unknown("room", position.room, rooms, (*path, "room"))
        return
    rack = room.racks.get(position.rack)
    if rack is None:
        yield unknown("rack", position.rack, room.racks, (*path, "rack"))
        return
    reaching = rack.feeds if rack.feeds is not None else list(room.feeds)
    for index, feed in enumerate(position.feeds or ()):
        if feed not in reaching:
            yield unknown(f"feed in rack {position.rack}", feed, reaching, (*path, "feeds", index))


def gateways(estate: Estate) -> Iterator[Finding]:
    """A network's gateway is a router or firewall that stands beside it."""
    for name, network in estate.gateways():
        if network.site is not None:
            continue
        device = estate.hosts.get(name)
        path: Path = (*network.path, "gateway")
        if device is None:
            known = {
                host.name for host in estate.hosts.values() if host.forwards and host.centre == network.centre
            }
            yield unknown("router or firewall", name, known, path)
        elif (device.kind and not device.forwards) or device.centre != network.centre:
            yield Finding(
                "gateway",
                path,
                f"{name} is a {device.kind} of {device.centre or 'no centre'}",
                f"a router or firewall of centre {network.centre}",
                "name another gateway",
            )


def rack_feeds(estate: Estate) -> Iterator[Finding]:
    """Feeds that reach a rack are feeds of its room."""
    for centre_name, centre in estate.plan.centres.items():
        for room_name, room in centre.rooms.items():
            for rack_name, rack in room.racks.items():
                for index, feed in enumerate(rack.feeds or ()):
                    if feed not in room.feeds:
                        where: Path = (
                            "centres",
                            centre_name,
                            "rooms",
                            room_name,
                            "racks",
                            rack_name,
                            "feeds",
                            index,
                        )
                        yield unknown("feed", feed, room.feeds, where)


def lines(estate: Estate) -> Iterator[Finding]:
    """A line has two ends, at two different devices that forward packets."""
    for line in estate.lines.values():
        stated = [end for end in line.ends if end is not None]
        if len(stated) < 2:
            missing = "to" if line.below else ("a" if line.ends[0] is None else "b")
            only = stated[0][0] if stated else "no device"
            yield Finding(
                "one-end",
                line.path,
                f"the line {line.name} ends at {only} only",
                "two ends",
                f"state '{missing}'",
            )
        if len(stated) == 2 and stated[0][0] == stated[1][0]:
            yield Finding(
                "one-end",
                line.path,
                f"both ends of the line {line.name} are at {stated[0][0]}",
                "two different devices",
                "correct one end",
            )
        for key, end in zip(("to", "router") if line.below else ("a", "b"), line.ends, strict=True):
            if end is None or (key == "router"):
                continue
            device = estate.hosts.get(end[0])
            if device is None:
                known = {host.name for host in estate.hosts.values() if host.forwards}
                yield unknown("router or firewall", end[0], known, (*line.path, key))
            elif device.kind and not device.forwards:
                yield Finding(
                    "line-end",
                    (*line.path, key),
                    f"{device.name} is a {device.kind}",
                    "a router or firewall: others stand in networks",
                    "end the line at a router",
                )


def services(estate: Estate) -> Iterator[Finding]:
    """Hosts that carry services, and what the services depend on."""
    plan = estate.plan
    known = {*plan.services, *plan.infrastructure}
    for name, service in plan.services.items():
        path: Path = ("services", name)
        if service.primary not in service.centres:
            yield unknown("centre of this service", service.primary, service.centres, (*path, "primary"))
        for index, needed in enumerate(service.depends_on):
            if needed not in known:
                yield unknown("service or infrastructure", needed, known, (*path, "depends_on", index))
        for centre, tiers in service.centres.items():
            if centre not in plan.centres:
                yield unknown("centre", centre, plan.centres, (*path, "centres", centre))
                continue
            for tier in ("database", "application", "announcer"):
                bearer = getattr(tiers, tier)
                if bearer is not None:
                    yield from _bearer(estate, bearer, centre, tier, (*path, "centres", centre, tier))
        for index, witness in enumerate(service.lease.witnesses if service.lease else ()):
            yield from _witness(estate, witness, service.centres, (*path, "lease", "witnesses", index))


def _witness(estate: Estate, name: str, centres: Collection[str], path: Path) -> Iterator[Finding]:
    host = estate.hosts.get(name)
    if host is None:
        known = {
            one.name for one in estate.hosts.values() if one.kind in SERVERS and one.centre not in centres
        }
        yield unknown("server outside of the service's centres", name, known, path)
    elif host.centre in centres or host.kind not in (*SERVERS, ""):
        yield Finding(
            "witness",
            path,
            f"{name} is a {host.kind} of {host.centre} and would be lost with what it is to witness"
            if host.centre in centres
            else f"{name} is a {host.kind}",
            f"a server that stands in none of {', '.join(sorted(centres))}",
            "name a city's server, or one of a third centre",
        )


def infrastructure(estate: Estate) -> Iterator[Finding]:
    """Hosts that provide infrastructure, and what it needs itself."""
    plan = estate.plan
    known = {*plan.services, *plan.infrastructure}
    for name, item in plan.infrastructure.items():
        for index, host in enumerate(item.runs_on):
            if host not in estate.hosts:
                yield unknown("host", host, estate.hosts, ("infrastructure", name, "runs_on", index))
        for index, needed in enumerate(item.needs):
            if needed not in known:
                yield unknown(
                    "service or infrastructure", needed, known, ("infrastructure", name, "needs", index)
                )


def sites(estate: Estate) -> Iterator[Finding]:
    """The centre with which a site may be lost."""
    plan = estate.plan
    for site in estate.sites.values():
        if site.accepts_loss_with is not None and site.accepts_loss_with not in plan.centres:
            yield unknown("centre", site.accepts_loss_with, plan.centres, (*site.path, "accepts_loss_with"))


def _bearer(estate: Estate, name: str, centre: str, tier: str, path: Path) -> Iterator[Finding]:
    host = estate.hosts.get(name)
    fits = (
        (lambda one: one.forwards)
        if tier == "announcer"
        else (lambda one: one.kind in (*SERVERS, "legacy_server"))
    )
    what = "router or firewall" if tier == "announcer" else "server"
    if host is None:
        yield unknown(
            what,
            name,
            {one.name for one in estate.hosts.values() if fits(one) and one.centre == centre},
            path,
        )
    elif host.centre != centre or (host.kind and not fits(host)):
        yield Finding(
            "tier-elsewhere",
            path,
            f"{name} is a {host.kind} of {host.centre or 'no centre'}",
            f"a {what} of centre {centre}",
            f"name a {what} that stands in {centre}",
        )
