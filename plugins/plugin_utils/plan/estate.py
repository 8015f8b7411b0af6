# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan laid out flat: every host, network and line with its place and its numbers.

What the checks look at and what the inventory is derived from. Nothing here decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.findings import Path
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.hosts import (
    FORWARDING,
    HostClass,
    Position,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.plan import SitePlan

#: Kinds that the plan's readers count as servers.
SERVERS = ("physical_server", "cloud_host")

#: Base and length of a network whose stated prefix is none.
NOWHERE = (0, 16)


def ip_text(value: int) -> str:
    """An IPv4 address from its number; ``ipaddress`` takes ten times as long."""
    return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"


@dataclass(slots=True)
class PlacedNetwork:
    """A network with its prefix.

    :param base: the prefix's address as a number.
    :param local: its name within its centre (``lan`` at a site), which names interfaces in it.
    """

    key: str
    path: Path
    local: str
    base: int
    length: int
    purpose: str
    gateway: str | None
    gateway_number: int
    centre: str | None = None
    site: str | None = None

    @property
    def prefix(self) -> str:
        """Such as 10.1.10.0/24."""
        return f"{ip_text(self.base)}/{self.length}"

    @property
    def last_number(self) -> int:
        """The greatest host number: the broadcast address is not one."""
        return (1 << (32 - self.length)) - 2

    def address(self, number: int) -> str:
        """The address of a host number, without prefix length."""
        return ip_text(self.base + number)


@dataclass(slots=True)
class PlacedHost:
    """A host with its place.

    :param kind: empty when the plan does not say it, which is a finding of its own.
    :param place: code or slug with which its name begins by the naming standard.
    :param network: key of the network it stands in; None for devices that forward packets.
    :param loopback: number of its loopback address.
    :param bmc: key of the BMC's network and its number there.
    :param bmc_spoken_to: how, as options of a BMC module.
    """

    name: str
    path: Path
    kind: str
    number: int
    place: str
    os: str | None
    roles: list[str]
    class_: HostClass | None
    centre: str | None = None
    city: str | None = None
    county: str | None = None
    carrier: str | None = None
    network: str | None = None
    loopback: int | None = None
    has_bmc: bool = False
    bmc: tuple[str, int] | None = None
    bmc_spoken_to: dict[str, Any] = field(default_factory=dict)
    carried_by: str | None = None
    position: Position | None = None
    serial: str | None = None
    mac: str | None = None
    needs: list[str] = field(default_factory=list)

    @property
    def forwards(self) -> bool:
        """Routers and firewalls."""
        return self.kind in FORWARDING

    @property
    def site(self) -> str | None:
        """Slug of the county or city it stands in."""
        return self.county or self.city

    @property
    def height_u(self) -> int:
        """Rack units it takes."""
        if self.position is not None and self.position.height_u is not None:
            return self.position.height_u
        return (self.class_.height_u if self.class_ else None) or 1

    @property
    def watts(self) -> int:
        """Greatest power it draws."""
        if self.position is not None and self.position.watts is not None:
            return self.position.watts
        return (self.class_.watts if self.class_ else None) or 0


@dataclass(slots=True)
class PlacedLine:
    """A line with its index in the pool of /31s.

    :param ends: (host, interface) of a and b; None for an end that is not stated.
    :param below: slug of the site whose uplink it is.
    """

    name: str
    path: Path
    index: int
    ends: tuple[tuple[str, str] | None, tuple[str, str] | None]
    rate_mbit: int
    kind: str
    medium: str
    redundancy_group: str | None
    ospf_cost: int
    oversubscription: float | None
    below: str | None = None

    def hosts(self) -> list[str]:
        """Names of the devices at its stated ends."""
        return [end[0] for end in self.ends if end is not None]


@dataclass(slots=True)
class PlacedSite:
    """A city or county."""

    slug: str
    path: Path
    code: str
    city: str
    county: str | None
    router: str
    accepts_loss_with: str | None


@dataclass
class Estate:
    """Everything the plan states, laid out flat."""

    plan: SitePlan
    hosts: dict[str, PlacedHost] = field(default_factory=dict)
    networks: dict[str, PlacedNetwork] = field(default_factory=dict)
    lines: dict[str, PlacedLine] = field(default_factory=dict)
    sites: dict[str, PlacedSite] = field(default_factory=dict)
    lines_base: int = 0
    loopbacks_base: int = 0
    services_base: int = 0

    def loopback(self, host: PlacedHost) -> str | None:
        """Loopback address, without prefix length."""
        return None if host.loopback is None else ip_text(self.loopbacks_base + host.loopback)

    def line_address(self, line: PlacedLine, end: int) -> str:
        """Address of end 0 (a) or 1 (b) in the line's /31, without prefix length."""
        return ip_text(self.lines_base + 2 * line.index + end)

    def service_address(self, number: int) -> str:
        """Address of a service, without prefix length."""
        return ip_text(self.services_base + number)

    def centre_network(self, centre: str, purpose: str) -> PlacedNetwork | None:
        """The first network of that purpose in a centre."""
        for network in self.networks.values():
            if network.centre == centre and network.purpose == purpose:
                return network
        return None

    def lines_at(self) -> dict[str, list[tuple[PlacedLine, int]]]:
        """For each device the lines that end at it, and at which end."""
        found: dict[str, list[tuple[PlacedLine, int]]] = {}
        for line in self.lines.values():
            for end, stated in enumerate(line.ends):
                if stated is not None:
                    found.setdefault(stated[0], []).append((line, end))
        return found

    def gateways(self) -> Iterator[tuple[str, PlacedNetwork]]:
        """Each network with a gateway, by the gateway's name."""
        for network in self.networks.values():
            if network.gateway is not None:
                yield network.gateway, network
