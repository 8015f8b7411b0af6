# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands where, hangs on which feed, and needs what: the facts of the power order, whoever gives them.

The plan's checks make them of the plan itself, a runbook makes them of the inventory's variables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

#: Seconds from power on until the operating system answers, where the plan's class does not say.
START_S = {
    "physical_server": 300,
    "legacy_server": 300,
    "storage": 600,
    "router": 180,
    "firewall": 180,
    "load_balancer": 180,
    "control_node": 180,
    "cloud_host": 60,
}
#: Operating systems that systemd ends: what :attr:`Device.system` begins with.
SYSTEMS = ("debian", "ubuntu", "kylin", "uos", "openeuler")
#: Kinds that forward packets.
FORWARDING = ("router", "firewall")
#: The tier of hosts that no tier names.
OTHERS = "others"


@dataclass(frozen=True)
class Ups:
    """:param charge_percent: with less than this nothing is switched on."""

    name: str
    watts: int
    charge_percent: int = 50


@dataclass(frozen=True)
class Feed:
    watts: int
    order: int = 1
    ups: Ups | None = None

    @property
    def limit(self) -> int:
        """What it can carry: the weaker of itself and its UPS."""
        return self.watts if self.ups is None else min(self.watts, self.ups.watts)


@dataclass(frozen=True)
class Starts:
    """See ``starts`` of a room in the plan."""

    per_pdu: int = 2
    per_second: float = 0.2
    inrush_factor: float = 1.5
    inrush_s: int = 10


@dataclass(frozen=True)
class Rack:
    """:param watts: what one feed can carry in it, which is what its PDU can."""

    units: int = 42
    watts: int | None = None
    order: int = 1


@dataclass(frozen=True)
class Room:
    feeds: Mapping[str, Feed] = field(default_factory=dict)
    racks: Mapping[str, Rack] = field(default_factory=dict)
    starts: Starts = field(default_factory=Starts)


@dataclass(frozen=True)
class Device:
    """One host of a centre.

    :param room: empty for what stands nowhere: a cloud host.
    :param bmc: the network that its BMC stands in; None without one.
    :param needs: for control nodes, infrastructure without which no runbook runs from it.
    :param system: the operating system as the plan names it, such as ``debian-12``.
    """

    name: str
    kind: str
    centre: str
    roles: tuple[str, ...] = ()
    room: str = ""
    rack: str = ""
    unit: int = 0
    height_u: int = 1
    watts: int = 0
    feeds: tuple[str, ...] = ()
    start_s: int = 0
    carried_by: str | None = None
    network: str | None = None
    bmc: str | None = None
    needs: tuple[str, ...] = ()
    serial: str | None = None
    system: str = ""

    @property
    def told(self) -> bool:
        """Whether it has an operating system that can be told to shut down."""
        return self.system.startswith(SYSTEMS)

    @property
    def ready_s(self) -> int:
        """Seconds from power on until it answers."""
        return self.start_s or START_S.get(self.kind, 300)

    @property
    def pdus(self) -> list[Pdu]:
        return [Pdu(self.centre, self.room, self.rack, feed) for feed in self.feeds] if self.room else []


@dataclass(frozen=True, order=True)
class Pdu:
    """One feed in one rack."""

    centre: str
    room: str
    rack: str
    feed: str

    def __str__(self) -> str:
        return f"{self.centre}/{self.room}/{self.rack}/{self.feed}"


@dataclass(frozen=True)
class Tier:
    name: str
    kinds: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Provider:
    """Who carries cloud hosts for us, and whom to call there."""

    title: str
    contact: str | None = None


@dataclass(frozen=True)
class Serves:
    """A service or a piece of infrastructure.

    :param databases: by centre.
    :param others: the remaining hosts that carry it, by centre.
    """

    needs: tuple[str, ...] = ()
    databases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def hosts(self, centre: str | None = None) -> list[str]:
        found: list[str] = []
        for stated in (self.databases, self.others):
            for place, names in stated.items():
                if centre in (None, place):
                    found += names
        return found


@dataclass(frozen=True)
class Cable:
    """One end of a line, at the device that it is listed under."""

    interface: str
    line: str
    other: str
    other_interface: str


@dataclass
class House:
    """Everything at once.

    :param joined: neighbours of each device by lines, with the line's cost.
    :param gateways: gateway of each network; None for a network without.
    :param cables: lines by the device that they end at, for the sheets.
    """

    devices: dict[str, Device] = field(default_factory=dict)
    rooms: dict[tuple[str, str], Room] = field(default_factory=dict)
    tiers: list[Tier] = field(default_factory=list)
    services: dict[str, Serves] = field(default_factory=dict)
    providers: dict[str, Provider] = field(default_factory=dict)
    joined: dict[str, dict[str, int]] = field(default_factory=dict)
    gateways: dict[str, str | None] = field(default_factory=dict)
    cables: dict[str, list[Cable]] = field(default_factory=dict)

    def join(self, a: str, b: str, cost: int) -> None:
        """Lay a line; of two the cheaper one counts."""
        for one, other in ((a, b), (b, a)):
            known = self.joined.setdefault(one, {})
            known[other] = min(cost, known.get(other, cost))

    def room_of(self, device: Device) -> Room | None:
        return self.rooms.get((device.centre, device.room))

    def ours(self, device: Device) -> bool:
        """Whether its power is ours to switch: not what a provider carries."""
        return device.carried_by not in self.providers

    def carried(self, names: Iterable[str]) -> list[str]:
        """The cloud hosts that these servers carry."""
        carriers = set(names)
        return [device.name for device in self.devices.values() if device.carried_by in carriers]

    def tier(self, device: Device) -> int:
        """Number of its tier, the last for those that no tier names. A role counts before a kind."""
        for number, tier in enumerate(self.tiers):
            if set(device.roles) & set(tier.roles):
                return number
        for number, tier in enumerate(self.tiers):
            if device.kind in tier.kinds:
                return number
        return len(self.tiers)

    def tier_name(self, device: Device) -> str:
        number = self.tier(device)
        return self.tiers[number].name if number < len(self.tiers) else OTHERS
