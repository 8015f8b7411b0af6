# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every house and every moment at which a sequence broke: orders, budgets, each host once.

The watts are counted anew here, second by second, and not by the meter that the schedule uses.
"""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.graph import build
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.house import (
    Device,
    Feed,
    House,
    Rack,
    Room,
    Serves,
    Starts,
    Tier,
    Ups,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.schedule import Schedule, schedule

CONTROL = "ctl"
TIERS = [
    Tier("control", ("control_node",)),
    Tier("storage", (), ("storage",)),
    Tier("databases", (), ("database",)),
    Tier("applications", (), ("application",)),
]


@st.composite
def houses(draw: st.DrawFn) -> House:
    """A room of a few racks, servers with and without BMC in them, cloud hosts, and who needs whom."""
    racks = {f"r{n}": Rack(42, None, draw(st.integers(1, 3))) for n in range(draw(st.integers(1, 3)))}
    count = draw(st.integers(1, 9))
    house = House(tiers=TIERS)
    for number in range(count):
        name = f"s{number}"
        house.devices[name] = Device(
            name, "physical_server", "here", tuple(draw(st.sets(st.sampled_from(
                ["storage", "database", "application", "other"]), max_size=1))),
            "main", draw(st.sampled_from(sorted(racks))), number + 1, 1, draw(st.integers(0, 800)),
            draw(st.sampled_from([("A",), ("B",), ("A", "B")])), draw(st.integers(1, 40)),
            bmc="bmc" if draw(st.booleans()) else None,
        )  # fmt: skip
    for number in range(draw(st.integers(0, 3))):
        name = f"v{number}"
        carrier = f"s{draw(st.integers(0, count - 1))}"
        house.devices[name] = Device(name, "cloud_host", "here", start_s=5, carried_by=carrier)
    house.devices[CONTROL] = Device(CONTROL, "control_node", "there", network="there")
    # Needs lead from a later number to an earlier one, so they alone make no circle.
    for number in range(1, count):
        if draw(st.booleans()):
            needed = f"s{draw(st.integers(0, number - 1))}"
            house.services[f"i{number}"] = Serves((), {}, {"here": (needed,)})
            house.services[f"n{number}"] = Serves((f"i{number}",), {}, {"here": (f"s{number}",)})
    starts = Starts(
        draw(st.integers(1, 3)), draw(st.sampled_from([0.1, 0.3, 1.0, 2.5])),
        draw(st.sampled_from([1.0, 1.5, 3.0])), draw(st.integers(1, 12)),
    )  # fmt: skip
    house.rooms["here", "main"] = _room(draw, house, racks, starts)
    return house


def _room(draw: st.DrawFn, house: House, racks: dict[str, Rack], starts: Starts) -> Room:
    """Feeds and racks as strong as a sound plan has them: any one server can be started beside all others."""

    def least(feed: str, rack: str | None) -> int:
        on = [d.watts for d in house.devices.values() if feed in d.feeds and (rack is None or d.rack == rack)]
        return math.ceil(sum(on) + max(on, default=0) * (starts.inrush_factor - 1)) + 1

    spare = draw(st.sampled_from([0, 100, 5000]))
    return Room(
        {
            feed: Feed(least(feed, None) + spare, 1, Ups(f"ups-{feed}", least(feed, None)))
            for feed in ("A", "B")
        },
        {
            name: Rack(42, max(least("A", name), least("B", name)) + spare, rack.order)
            for name, rack in racks.items()
        },
        starts,
    )


def some(house: House, data: st.DataObject) -> tuple[list[str], dict[str, str]]:
    """Some of the hosts, and what is on and off among all: a sequence may have broken anywhere."""
    names = [name for name in house.devices if name != CONTROL]
    wanted = data.draw(st.lists(st.sampled_from(names), unique=True, min_size=1))
    return wanted, {name: data.draw(st.sampled_from(["on", "off"])) for name in names}


def moments(found: Schedule) -> dict[str, int]:
    """When each host is acted upon."""
    acted: dict[str, int] = {}
    for step in found.steps:
        for name in step.hosts:
            assert name not in acted, f"{name} is switched twice"
            acted[name] = step.at_s
    return acted


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_every_host_is_switched_once_or_is_so_already(data: st.DataObject) -> None:
    house = data.draw(houses())
    wanted, reality = some(house, data)
    graph = build(house, CONTROL)
    for direction in ("up", "down"):
        found = schedule(house, direction, wanted, reality, CONTROL)
        if graph.circle():
            assert found.refusals
            continue
        members = set(wanted) | set(house.carried(wanted))
        # Counted here from the edges alone: what the hosts need and nobody switches on.
        needed = {n for m in members for n in graph.hosts_before(m)} - members - {CONTROL}
        missing = {n for n in needed if reality[n] == "off"} if direction == "up" else set()
        assert found.refusals == []
        assert bool(found.missing) == bool(missing)
        assert all(n in " ".join(found.missing) for n in missing)
        assert set(moments(found)) | set(found.already) == members
        assert not set(moments(found)) & set(found.already)
        assert sorted(name for stage in found.stages for name in stage.hosts) == sorted(members)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_host_starts_before_what_it_needs_is_ready_nor_stops_while_it_is_needed(
    data: st.DataObject,
) -> None:
    house = data.draw(houses())
    wanted, reality = some(house, data)
    graph = build(house, CONTROL)
    if graph.circle():
        return
    up = moments(schedule(house, "up", wanted, reality, CONTROL))
    down = moments(schedule(house, "down", wanted, reality, CONTROL, stop_s=60))
    for name in graph.edges:
        if name in graph.marks:
            continue
        for before in graph.hosts_before(name):
            if name in up and before in up:
                assert up[before] + house.devices[before].ready_s <= up[name]
            if name in down and before in down:
                assert down[name] + 60 <= down[before]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_the_way_down_is_the_way_up_read_from_its_end(data: st.DataObject) -> None:
    house = data.draw(houses())
    wanted, reality = some(house, data)
    up = schedule(house, "up", wanted, reality, CONTROL)
    down = schedule(house, "down", wanted, reality, CONTROL)

    assert [sorted(stage.hosts) for stage in down.stages] == [
        sorted(stage.hosts) for stage in reversed(up.stages)
    ]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_budget_is_exceeded_in_any_second(data: st.DataObject) -> None:
    house = data.draw(houses())
    wanted, reality = some(house, data)
    found = schedule(house, "up", wanted, reality, CONTROL)
    begun = moments(found)
    members = set(wanted) | set(house.carried(wanted))
    room = house.rooms["here", "main"]
    on = [n for n in house.devices if n not in members or n in found.already]

    def drawn(device: Device, second: int) -> float:
        if device.name in on:
            return device.watts
        at = begun.get(device.name)
        if at is None or second < at:
            return 0
        return device.watts * (room.starts.inrush_factor if second < at + room.starts.inrush_s else 1)

    for second in {moment + more for moment in begun.values() for more in (0, 1, room.starts.inrush_s)}:
        for feed, stated in room.feeds.items():
            plugged = [d for d in house.devices.values() if feed in d.feeds]
            ups = stated.ups
            assert ups is not None
            assert sum(drawn(d, second) for d in plugged) <= min(stated.watts, ups.watts)
            for name, rack in room.racks.items():
                here = [d for d in plugged if d.rack == name]
                assert sum(drawn(d, second) for d in here) <= (rack.watts or 0)
                starting = [
                    d.name for d in here if 0 <= second - begun.get(d.name, second + 1) < room.starts.inrush_s
                ]
                assert len(starting) <= room.starts.per_pdu
    _paced(sorted(at for name, at in begun.items() if house.devices[name].room), room.starts)


def _paced(at: list[int], starts: Starts) -> None:
    for first in at:
        seconds = max(1, math.ceil(1 / starts.per_second))
        assert sum(first <= other < first + seconds for other in at) <= max(1, starts.per_second * seconds)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_broken_off_after_any_step_it_goes_on_where_it_was(data: st.DataObject) -> None:
    """What was done before the break and what is left make the same steps in the same order."""
    house = data.draw(houses())
    wanted, _reality = some(house, data)
    for direction, before, after in (("up", "off", "on"), ("down", "on", "off")):
        reality: dict[str, Any] = dict.fromkeys(house.devices, before)
        whole = schedule(house, direction, wanted, reality, CONTROL)
        if not whole.steps:
            continue
        done = data.draw(st.integers(0, len(whole.steps)))
        reality.update({name: after for step in whole.steps[:done] for name in step.hosts})
        rest = schedule(house, direction, wanted, reality, CONTROL)

        def order(steps: list[Any]) -> list[tuple[int, list[str]]]:
            return [(step.stage, list(step.hosts)) for step in steps]

        left = {name for step in whole.steps[done:] for name in step.hosts}
        assert {name for step in rest.steps for name in step.hosts} == left
        assert {n: s for s, names in order(rest.steps) for n in names} == {
            n: s for s, names in order(whole.steps[done:]) for n in names
        }
