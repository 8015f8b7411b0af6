# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rooms, racks, feeds and physical servers can bear."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.estate import Estate, PlacedHost
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.findings import Finding, Path
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.centre import Feed, Rack, Room


def _racked(estate: Estate) -> Iterator[tuple[Room, Rack, Path, list[PlacedHost]]]:
    """Every rack that holds something, with what it holds."""
    held: dict[tuple[str, str, str], list[PlacedHost]] = {}
    for host in estate.hosts.values():
        if host.position is not None and host.centre is not None:
            held.setdefault((host.centre, host.position.room, host.position.rack), []).append(host)
    for (centre, room_name, rack_name), hosts in held.items():
        room = estate.plan.centres[centre].rooms.get(room_name)
        rack = room.racks.get(rack_name) if room else None
        if room is not None and rack is not None:
            yield room, rack, ("centres", centre, "rooms", room_name, "racks", rack_name), hosts


def racks(estate: Estate) -> Iterator[Finding]:
    """A rack holds no more than it has units, and no two devices in one unit."""
    for _room, rack, path, hosts in _racked(estate):
        total = sum(host.height_u for host in hosts)
        if total > rack.units:
            yield Finding(
                "rack-full",
                path,
                f"{len(hosts)} devices of together {total} U stand in a rack of {rack.units} U",
                f"at most {rack.units} U",
                f"move devices of {total - rack.units} U or more to another rack",
            )
        below: PlacedHost | None = None
        for host in sorted(hosts, key=_unit):
            top = _unit(host) + host.height_u - 1
            if top > rack.units:
                yield Finding(
                    "rack-position",
                    (*host.path, "position", "unit"),
                    f"{host.name} takes units {_unit(host)} to {top} of a rack of {rack.units} U",
                    f"1 to {rack.units}",
                    "choose a lower unit",
                )
            if below is not None and _unit(host) < _unit(below) + below.height_u:
                yield Finding(
                    "rack-position",
                    (*host.path, "position", "unit"),
                    f"{host.name} stands on unit {_unit(host)}, which {below.name} takes",
                    "units that no other device takes",
                    "choose another unit",
                )
            if below is None or top >= _unit(below) + below.height_u - 1:
                below = host


def _unit(host: PlacedHost) -> int:
    return host.position.unit if host.position is not None else 0


def feeds(estate: Estate) -> Iterator[Finding]:
    """Each feed carries everything plugged into it alone: that is what the second one is for."""
    rooms: dict[tuple[Path, str], tuple[int, Feed]] = {}
    for room, rack, path, hosts in _racked(estate):
        reaching = rack.feeds if rack.feeds is not None else list(room.feeds)
        for feed in reaching:
            watts = sum(host.watts for host in hosts if feed in (_feeds(host) or reaching))
            if rack.watts is not None and watts > rack.watts:
                yield _overload(path, f"feed {feed} in this rack", watts, rack.watts)
            if feed in room.feeds:
                key = ((*path[:4], "feeds", feed), feed)
                rooms[key] = (rooms.get(key, (0, room.feeds[feed]))[0] + watts, room.feeds[feed])
    for (path, feed), (watts, stated) in rooms.items():
        if watts > stated.watts:
            yield _overload(path, f"feed {feed} of the room", watts, stated.watts)
        elif stated.ups is not None and watts > stated.ups.watts:
            what = f"the UPS {stated.ups.name} of feed {feed}"
            yield _overload((*path, "ups"), what, watts, stated.ups.watts)


def _feeds(host: PlacedHost) -> list[str] | None:
    return host.position.feeds if host.position is not None else None


def _overload(path: Path, what: str, watts: int, limit: int) -> Finding:
    return Finding(
        "feed-overload",
        path,
        f"{what} would have to carry {watts} W when the other feed fails",
        f"at most {limit} W",
        f"take {watts - limit} W off it, or state a stronger feed",
    )


def carried(estate: Estate) -> Iterator[Finding]:
    """Cloud hosts fit on the physical server that carries them."""
    limits = estate.plan.limits
    load: dict[str, list[int]] = {}
    for host in estate.hosts.values():
        if host.carried_by in estate.hosts and host.class_ is not None:
            sums = load.setdefault(str(host.carried_by), [0, 0])
            sums[0] += host.class_.cores or 0
            sums[1] += host.class_.memory_gib or 0
    for name, (cores, memory) in load.items():
        server = estate.hosts[name]
        for what, unit, asked, has, ratio in (
            ("cores", "", cores, server.class_.cores if server.class_ else None, limits.cores_overcommit),
            (
                "memory",
                " GiB",
                memory,
                server.class_.memory_gib if server.class_ else None,
                limits.memory_overcommit,
            ),
        ):
            if has is not None and asked > has * ratio:
                yield Finding(
                    "overcommit",
                    server.path,
                    f"the cloud hosts that {name} carries have together {asked}{unit} {what}; "
                    f"it has {has}{unit}",
                    f"at most {ratio:g} times what the server has ({has * ratio:g}{unit})",
                    "carry some of them elsewhere, or state a greater ratio in limits",
                )
