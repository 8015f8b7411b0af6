# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers are meant: those of a room, of a rack, of a feed, or some by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.suggest import nearest
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power import variables
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.house import Device, House, Room
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.refusals import names

Reading = dict[str, Any]
#: Hosts by which the runbook reaches the others. Taken down with a room, they would cut it off.
CONTROL_PATH = ("network_devices", "control_nodes")


@dataclass(frozen=True)
class Wanted:
    """What is asked for. A rack and a feed together are that feed in that rack; names stand alone."""

    centre: str
    room: str
    rack: str | None = None
    feed: str | None = None
    hosts: tuple[str, ...] = ()


@dataclass
class Scope:
    """:param dark: hosts that lose their power.
    :param thin: hosts that lose one of their feeds and go on by the other.
    :param left_out: hosts that stand there and are not touched, with the ``reason``, and whether they go dark
        with the power all the same (``goes``).
    :param carried: cloud hosts that go with the dark ones.
    """

    dark: list[str] = field(default_factory=list)
    thin: list[str] = field(default_factory=list)
    left_out: list[dict[str, Any]] = field(default_factory=list)
    carried: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {"dark": self.dark, "thin": self.thin, "left_out": self.left_out, "carried": self.carried}


def wanted(centre: str, room: str, rack: Any = None, feed: Any = None, hosts: Any = None) -> Wanted:
    """What was asked for, as a person writes it: empty is nothing, names may be one text with commas."""
    stated = hosts.split(",") if isinstance(hosts, str) else list(hosts or ())
    found = tuple(dict.fromkeys(str(name).strip() for name in stated if str(name).strip()))
    return Wanted(str(centre), str(room), str(rack) if rack else None, str(feed) if feed else None, found)


def of_inventory(hostvars: Mapping[str, Any], groups: Mapping[str, Sequence[str]], centre: str) -> House:
    """What stands in a centre, from the variables that a site plan gives.

    :raises DatacenterError: the inventory is none of a plan, or has no such centre.
    """
    shared = next(iter(groups.get("estate_wide", ())), None)
    estate = {name: hostvars[shared].get(name) for name in variables.ESTATE} if shared else {}
    if not estate.get("dc_centres"):
        raise DatacenterError(
            "what stands in the room is not known",
            cause="the inventory is not that of a site plan",
            next_step="run with -i <estate>/site_plan.yml",
        )
    _known(centre, estate["dc_centres"], "centre", "the plan")
    members = groups.get(f"centre_{centre}".replace("-", "_"), ())
    return variables.house(
        {name: {key: hostvars[name].get(key) for key in variables.HOST} for name in members}, estate
    )


def scope(house: House, asked: Wanted, groups: Mapping[str, Iterable[str]]) -> Scope:
    """Whom it concerns.

    :param groups: members of each group, of which :data:`CONTROL_PATH` are looked at.
    :raises DatacenterError: a room, rack, feed or host that does not exist, with those that do.
    """
    rooms = {name: room for (centre, name), room in house.rooms.items() if centre == asked.centre}
    _known(asked.room, rooms, "room", f"centre {asked.centre}")
    there = _standing(house, asked)
    if asked.hosts:
        _names_known(asked, there)
        return Scope(dark=list(asked.hosts), carried=house.carried(asked.hosts))
    _place_known(asked, rooms[asked.room])
    found = Scope()
    carries = {name: group for group in CONTROL_PATH for name in groups.get(group, ())}
    for device in there:
        if asked.rack is not None and device.rack != asked.rack:
            continue
        if asked.feed is not None and asked.feed not in device.feeds:
            continue
        stays = asked.feed is not None and len(device.feeds) > 1
        if device.name in carries:
            reason = _why_left(carries[device.name], stays)
            found.left_out.append({"name": device.name, "reason": reason, "goes": not stays})
        else:
            (found.thin if stays else found.dark).append(device.name)
    found.carried = house.carried(found.dark)
    return found


def _why_left(group: str, stays: bool) -> str:
    what = "it carries the way to the BMCs" if group == "network_devices" else "runbooks are run from it"
    effect = "loses one of its feeds" if stays else "goes dark with the power, and is switched by hand"
    return f"{what} ({group}); it {effect}"


def left_out_readings(left_out: Iterable[Mapping[str, Any]]) -> list[Reading]:
    """What stands there and the run does not switch: people have to, or to know that it stays on.

    :param left_out: of a :class:`Scope`.
    """
    stated = list(left_out)
    if not stated:
        return [{"ok": True, "reading": "all that stands there is switched by this run"}]
    said = "; ".join(f"{one['name']}: {one['reason']}" for one in stated)
    hand = [str(one["name"]) for one in stated if one["goes"]]
    by_hand = (
        f"before the power is cut {', '.join(hand)} are shut down by hand, behind all else, and they come up "
        "by hand before all else"
    )
    return [
        {
            "ok": False,
            "reading": f"not switched by this run: {said}",
            "refuse": f"these stand there, and this run leaves them on: {said}",
            "way_on": f"see who does it: {by_hand}" if hand else "see that their other supply units are well",
            "approval": "by_hand",
            "risk": f"this run leaves on: {said}" + (f"; {by_hand}" if hand else ""),
            "this_risk": True,
        }
    ]


def _standing(house: House, asked: Wanted) -> list[Device]:
    """What stands in the room, rack by rack and from the bottom up."""
    there = [one for one in house.devices.values() if (one.centre, one.room) == (asked.centre, asked.room)]
    return sorted(there, key=lambda device: (device.rack, device.unit, device.name))


def _names_known(asked: Wanted, there: Sequence[Device]) -> None:
    if asked.rack or asked.feed:
        raise DatacenterError(
            "it is not clear which servers are meant",
            cause="hosts are named together with a rack or a feed",
            next_step="give the names alone, or the rack and the feed without names",
        )
    known = [device.name for device in there]
    missing = [name for name in asked.hosts if name not in known]
    if missing:
        raise DatacenterError(
            f"not of room {asked.room}",
            device=names([f"{name}{nearest(name, known)}" for name in missing]),
            cause=f"in room {asked.room} of centre {asked.centre} stand {names(known) or 'no hosts'}",
            next_step="correct the names, or name the room that they stand in",
        )


def _place_known(asked: Wanted, room: Room) -> None:
    if asked.rack is not None:
        _known(asked.rack, room.racks, "rack", f"room {asked.room}")
    if asked.feed is not None:
        _known(asked.feed, room.feeds, "feed", f"room {asked.room}")


def _known(name: str, known: Iterable[str], what: str, where: str) -> None:
    stated = list(known)
    if name not in stated:
        raise DatacenterError(
            f"there is no {what} {name!r}{nearest(name, stated)}",
            cause=f"{where} has {', '.join(stated) or f'no {what}s'}",
            next_step=f"name one of them, or add it to the plan (room_{what})",
        )
