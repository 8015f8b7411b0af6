# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each PDU, feed and room carries while servers start, and whether one more may start now."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.house import Device, House, Starts


@dataclass(frozen=True)
class Load:
    """What one PDU, feed or room carries at one moment, in watts.

    Of two feeds each is counted as carrying everything alone, which it does when the other fails.

    :param kind: ``pdu``, ``feed`` or ``room``.
    :param running: what has started, at its greatest power.
    :param drawn: that, and what starts, at its inrush.
    :param limit: None where the plan states none.
    """

    kind: str
    name: str
    running: int
    drawn: int
    limit: int | None

    def as_dict(self) -> dict[str, object]:
        return {**vars(self)}


Place = tuple[str, str]


class Meter:
    """Counts along a clock that only goes forward, in whole seconds."""

    def __init__(self, house: House, running: Iterable[Device]) -> None:
        self.house = house
        self.now = 0
        self.settled: dict[Place, int] = {}
        self.starting: list[tuple[int, Device]] = []
        self.started: dict[tuple[str, str], list[int]] = {}
        for device in running:
            self._count(self.settled, device, device.watts)

    # Time

    def until(self, second: int) -> None:
        """Let time pass: what has started by then runs at its ordinary power."""
        self.now = max(self.now, second)
        over = [item for item in self.starting if item[0] <= self.now]
        self.starting = [item for item in self.starting if item[0] > self.now]
        for _end, device in over:
            self._count(self.settled, device, device.watts)

    def next_change(self, waiting: Iterable[Device]) -> int | None:
        """The next second at which something more may be possible; None when time alone changes nothing."""
        ends = [end for end, _device in self.starting]
        for key in {(device.centre, device.room) for device in waiting}:
            window, most = _pace(self._starts(key))
            recent = [at for at in self.started.get(key, ()) if at + window > self.now]
            if len(recent) >= most:
                ends.append(min(recent) + window)
        later = [end for end in ends if end > self.now]
        return min(later) if later else None

    # Starting and stopping

    def start(self, device: Device) -> bool:
        """Start a device now, if that is allowed. What stands in no room draws nothing of its own."""
        if not device.room:
            return True
        if not self._in_turn(device) or self.over(device):
            return False
        self.starting.append((self.now + self._starts(_room(device)).inrush_s, device))
        self.started.setdefault(_room(device), []).append(self.now)
        return True

    def stop(self, device: Device) -> None:
        self._count(self.settled, device, -device.watts)

    def over(self, device: Device) -> list[Load]:
        """What would carry too much if it started now."""
        drawn = self._drawn()
        self._count(drawn, device, self._inrush(device))
        found = [self._load(place, drawn) for place in _places(device)]
        return [load for load in found if load.limit is not None and load.drawn > load.limit]

    def _in_turn(self, device: Device) -> bool:
        key = _room(device)
        starts = self._starts(key)
        window, most = _pace(starts)
        if sum(at + window > self.now for at in self.started.get(key, ())) >= most:
            return False
        pdus = set(device.pdus)
        return all(sum(pdu in other.pdus for _end, other in self.starting) < starts.per_pdu for pdu in pdus)

    # Watts

    def loads(self, devices: Iterable[Device]) -> list[Load]:
        """What carries these devices, now."""
        drawn = self._drawn()
        places = dict.fromkeys(place for device in devices for place in _places(device))
        return [self._load(place, drawn) for place in sorted(places)]

    def _drawn(self) -> dict[Place, int]:
        drawn = dict(self.settled)
        for _end, device in self.starting:
            self._count(drawn, device, self._inrush(device))
        return drawn

    def _load(self, place: Place, drawn: dict[Place, int]) -> Load:
        kind, name = place
        starting = [device for _end, device in self.starting if place in _places(device)]
        running = self.settled.get(place, 0) + sum(device.watts for device in starting)
        return Load(kind, name, running, drawn.get(place, 0), self._limit(place))

    def _limit(self, place: Place) -> int | None:
        kind, name = place
        parts = name.split("/")
        room = self.house.rooms.get((parts[0], parts[1]))
        if room is None or kind == "room":
            return None
        if kind == "pdu":
            rack = room.racks.get(parts[2])
            return rack.watts if rack else None
        feed = room.feeds.get(parts[2])
        return feed.limit if feed else None

    def _inrush(self, device: Device) -> int:
        return math.ceil(device.watts * self._starts(_room(device)).inrush_factor)

    def _starts(self, key: tuple[str, str]) -> Starts:
        room = self.house.rooms.get(key)
        return room.starts if room else Starts()

    @staticmethod
    def _count(sums: dict[Place, int], device: Device, watts: int) -> None:
        for place in _places(device):
            sums[place] = sums.get(place, 0) + watts


def _room(device: Device) -> tuple[str, str]:
    return device.centre, device.room


def _places(device: Device) -> list[Place]:
    if not device.room:
        return []
    where = f"{device.centre}/{device.room}"
    return [
        ("room", where),
        *(("feed", f"{where}/{feed}") for feed in device.feeds),
        *(("pdu", str(pdu)) for pdu in device.pdus),
    ]


def _pace(starts: Starts) -> tuple[int, int]:
    """So many seconds, and how many may start within."""
    if starts.per_second < 1:
        return math.ceil(1 / starts.per_second), 1
    return 1, math.floor(starts.per_second)
