# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is switched when, from the graph and from what is on and off now. Nothing is ever over the budget."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power import refusals
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.control_path import (
    bmc_networks,
    way,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.graph import Graph, build
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.house import Device, House, Ups
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.meter import Load, Meter

UP, DOWN = "up", "down"
#: Power states. ``silent`` is said of what has no BMC and does not answer.
ON, OFF, SILENT, UNKNOWN = "on", "off", "silent", "unknown"
#: What is done to a host: its BMC switches it on; it is shut down and seen off; a cloud host comes with its
#: server; a person does it.
SWITCH_ON, SHUT_DOWN, COMES, BY_HAND = "on", "shutdown", "comes", "hand"


@dataclass(frozen=True)
class Step:
    """What begins in one second.

    :param at_s: seconds from the beginning, if nothing takes longer than the plan expects.
    """

    number: int
    stage: int
    at_s: int
    action: str
    hosts: tuple[str, ...]
    loads: tuple[Load, ...]

    def as_dict(self) -> dict[str, Any]:
        return {**vars(self), "hosts": list(self.hosts), "loads": [load.as_dict() for load in self.loads]}


@dataclass
class Stage:
    """Hosts that wait for nothing but the stages before. All of them are ready before the next one begins.

    :param hosts: all of them, also those that are as they should be.
    :param ready_s: seconds that the slowest of them needs from power on until it answers.
    """

    number: int
    tiers: list[str]
    hosts: list[str]
    ready_s: int = 0
    begins_s: int = 0
    ends_s: int = 0
    steps: list[Step] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {**vars(self), "steps": [step.as_dict() for step in self.steps]}


@dataclass
class Schedule:
    """:param refusals: why it must not be done; the stages are then to be looked at only.
    :param later: hosts whose BMCs are reached only once this schedule has been done.
    :param around: hosts beside the sequence whose power has to be known: on the way up what it needs, on the
        way down what needs it.
    :param left: who would be left on without what he needs.
    :param missing: what would be started without something that it needs.
    """

    direction: str
    control_node: str | None
    stages: list[Stage] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    later: list[str] = field(default_factory=list)
    around: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    ups: list[Ups] = field(default_factory=list)

    @property
    def steps(self) -> list[Step]:
        return [step for stage in self.stages for step in stage.steps]

    @property
    def takes_s(self) -> int:
        return max((stage.ends_s for stage in self.stages if stage.steps), default=0)

    def as_dict(self) -> dict[str, Any]:
        return {
            "direction": self.direction,
            "control_node": self.control_node,
            "stages": [stage.as_dict() for stage in self.stages],
            "steps": [step.as_dict() for step in self.steps],
            "already": self.already,
            "later": self.later,
            "around": self.around,
            "left": self.left,
            "missing": self.missing,
            "remarks": self.remarks,
            "takes_s": self.takes_s,
            "ups": [{"name": ups.name, "charge_percent": ups.charge_percent} for ups in self.ups],
        }


def schedule(
    house: House,
    direction: str,
    hosts: Iterable[str],
    reality: Mapping[str, str],
    control_node: str | None,
    *,
    stop_s: int = 120,
) -> Schedule:
    """Work out what is still to do.

    :param hosts: what is to be down, or up; cloud hosts of the servers among them come by themselves.
    :param reality: power state of each as it was just read.
    :param control_node: where it is run from.
    :param stop_s: what an orderly shutdown takes at most.
    """
    found = Schedule(direction, control_node)
    asked = list(dict.fromkeys(hosts))
    found.refusals += refusals.unknown_hosts(house, asked)
    known = [name for name in asked if name in house.devices]
    guests = [name for name in house.carried(known) if name not in known]
    found.remarks += [
        f"{name} goes with {house.devices[name].carried_by}, which carries it" for name in guests
    ]
    members = known + guests
    found.refusals += refusals.others_power(house, members)
    members = [name for name in members if house.ours(house.devices[name])]
    found.refusals += refusals.control_node(house, direction == DOWN, members, control_node)
    found.remarks += refusals.placeless(house, members)
    graph = build(house, control_node if control_node in house.devices else None)
    circle = graph.circle()
    if circle:
        found.refusals += refusals.no_order(circle)
        return found
    found.around = _around(graph, direction, members, control_node)
    states = {name: _state(house, name, reality, direction) for name in [*members, *found.around]}
    outside = set(found.around)
    if direction == UP and control_node in house.devices:
        members = _reached(house, graph, found, {name: states[name] for name in members})
    found.refusals += refusals.not_known([name for name in members if states[name] == UNKNOWN])
    found.stages = _stages(house, graph, members, direction)
    wanted = ON if direction == UP else OFF
    found.already = [name for name in members if states[name] == wanted]
    todo = set(members) - set(found.already)
    if direction == DOWN:
        if control_node in house.devices:
            going = [[name for name in stage.hosts if name in todo] for stage in found.stages]
            found.refusals += refusals.cut(house, str(control_node), going)
        found.left = refusals.left_behind(graph, members, states)
        _down(house, found, todo, stop_s)
    else:
        needed = {name for member in members for name in graph.hosts_before(member)} & outside
        found.missing = refusals.not_on(
            [name for name in found.around if name in needed and states[name] != ON], states
        )
        found.ups = _ups(house, todo)
        found.refusals += _up(house, found, todo, members)
    return found


def _around(graph: Graph, direction: str, members: Collection[str], control_node: str | None) -> list[str]:
    """Whose power has to be known beside the members'. Where this is run from is on."""
    if direction == DOWN:
        found = set(graph.leaning(members))
    else:
        found = {name for member in members for name in graph.hosts_before(member)}
    return [name for name in graph.edges if name in found and name not in members and name != control_node]


def _state(house: House, name: str, reality: Mapping[str, str], direction: str) -> str:
    """What is known of a host; silence says nothing of one that has a BMC to be asked.

    On the way down silence is no proof: a machine whose network has failed is silent too. It is one for a
    cloud host alone whose server is off. On the way up nothing is lost when what is silent is started.
    """
    state = reality.get(name, UNKNOWN)
    if state == SILENT:
        device = house.devices[name]
        carrier_off = device.carried_by is not None and reality.get(device.carried_by) == OFF
        return OFF if carrier_off or (device.bmc is None and direction == UP) else UNKNOWN
    return state if state in (ON, OFF) else UNKNOWN


def _reached(house: House, graph: Graph, found: Schedule, states: Mapping[str, str]) -> list[str]:
    """Who can be switched on now. In a dark room a BMC says nothing before the router to it is on.

    Then what carries the control path is all that is done, and the rest is read and scheduled after it.
    """
    path: set[str] = set()
    for network in bmc_networks(house, [n for n in states if states[n] == UNKNOWN]):
        off = {n for n in way(house, str(found.control_node), network) or () if states.get(n) == OFF}
        path |= off
    if not path:
        return list(states)
    first = path | {name for device in path for name in graph.hosts_before(device)}
    found.later = [name for name in states if name not in first]
    found.remarks.append(
        f"{refusals.names(found.later)}: read and scheduled once {refusals.names(sorted(path))} "
        "can be passed, over which their BMCs are reached"
    )
    return [name for name in states if name in first]


def _stages(house: House, graph: Graph, members: Collection[str], direction: str) -> list[Stage]:
    levels = graph.levels(members)
    held: dict[int, list[Device]] = {}
    for name, level in levels.items():
        held.setdefault(level, []).append(house.devices[name])
    stages: list[Stage] = []
    for level in sorted(held, reverse=direction == DOWN):
        devices = sorted(held[level], key=lambda device: _turn(house, device))
        tiers = list(dict.fromkeys(house.tier_name(device) for device in devices))
        slowest = max(device.ready_s for device in devices)
        stages.append(Stage(len(stages) + 1, tiers, [device.name for device in devices], slowest))
    return stages


def _turn(house: House, device: Device) -> tuple[Any, ...]:
    """Whose turn it is within a stage: by the order of the racks, from the bottom up."""
    room = house.room_of(device)
    rack = room.racks.get(device.rack) if room else None
    return (rack.order if rack else 0, device.centre, device.room, device.rack, device.unit, device.name)


def action(device: Device, direction: str) -> str:
    """How this host is switched."""
    if device.kind == "cloud_host":
        return COMES if direction == UP else SHUT_DOWN
    if direction == DOWN:
        return SHUT_DOWN if device.bmc is not None or device.told else BY_HAND
    return BY_HAND if device.bmc is None else SWITCH_ON


def _running(house: House, members: Collection[str], on: Collection[str]) -> list[Device]:
    """What draws power beside what is still to be switched on: everything else that stands in those rooms."""
    rooms = {(house.devices[name].centre, house.devices[name].room) for name in members}
    return [
        device
        for device in house.devices.values()
        if (device.centre, device.room) in rooms and (device.name not in members or device.name in on)
    ]


def _down(house: House, found: Schedule, todo: Collection[str], stop_s: int) -> None:
    members = [name for stage in found.stages for name in stage.hosts]
    meter = Meter(house, _running(house, members, todo))
    second = 0
    for stage in found.stages:
        stage.begins_s = second
        by_action: dict[str, list[Device]] = {}
        for name in stage.hosts:
            if name in todo:
                device = house.devices[name]
                by_action.setdefault(action(device, DOWN), []).append(device)
        for what in sorted(by_action, reverse=True):
            for device in by_action[what]:
                meter.stop(device)
            _step(found, stage, meter, second, what, by_action[what])
        second += stop_s if by_action else 0
        stage.ends_s = second


def _up(house: House, found: Schedule, todo: Collection[str], members: Collection[str]) -> list[str]:
    """Fill in the steps; what cannot be started is returned as sentences."""
    refused: list[str] = []
    meter = Meter(house, _running(house, members, found.already))
    for stage in found.stages:
        stage.begins_s = stage.ends_s = meter.now
        waiting = [house.devices[name] for name in stage.hosts if name in todo]
        while waiting:
            begun = [device for device in waiting if meter.start(device)]
            waiting = [device for device in waiting if device not in begun]
            by_action: dict[str, list[Device]] = {}
            for device in begun:
                by_action.setdefault(action(device, UP), []).append(device)
                stage.ends_s = max(stage.ends_s, meter.now + device.ready_s)
            for what, devices in by_action.items():
                _step(found, stage, meter, meter.now, what, devices)
            later = meter.next_change(waiting) if waiting else None
            if waiting and later is None:
                refused += [refusals.too_weak(device.name, meter.over(device)) for device in waiting]
                break
            if later is not None:
                meter.until(later)
        meter.until(stage.ends_s)
    return refused


def _step(found: Schedule, stage: Stage, meter: Meter, second: int, what: str, devices: list[Device]) -> None:
    names = tuple(device.name for device in devices)
    loads = tuple(meter.loads(devices))
    stage.steps.append(Step(len(found.steps) + 1, stage.number, second, what, names, loads))


def _ups(house: House, todo: Iterable[str]) -> list[Ups]:
    """The UPS that what is to be switched on hangs on."""
    found: dict[str, Ups] = {}
    for name in todo:
        device = house.devices[name]
        room = house.room_of(device)
        for feed in device.feeds if room else ():
            stated = room.feeds.get(feed) if room else None
            if stated is not None and stated.ups is not None:
                found[stated.ups.name] = stated.ups
    return [found[name] for name in sorted(found)]
