# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to hold after a change, seen from where it matters: this machine or another device.

A check that cannot be made has not passed.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.frr_getters import (
    bfd_neighbors,
    ospf_neighbors,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.session import (
    Device,
    Unsupported,
    translated,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.icmp_echo import echo

if TYPE_CHECKING:
    from napalm.base import NetworkDriver

KINDS = ("ping", "route_present", "neighbor_up")
PROTOCOLS = ("ospf", "bgp", "bfd", "static", "connected", "isis")
#: ``open_session``, or what stands for it in a test.
Opener = Callable[..., AbstractContextManager["NetworkDriver"]]


@dataclass(frozen=True)
class Check:
    """One thing that has to hold.

    :param target: an address (ping, neighbor_up), or an address or prefix (route_present).
    :param via: the device that is asked; none is this machine, which can ping and nothing else.
    :param protocol: of the route or of the neighbour.
    :param next_hop: of the route.
    :param source: the address that the ping comes from.
    """

    kind: str
    target: str
    via: Device | None = None
    protocol: str = ""
    next_hop: str = ""
    source: str = ""

    @property
    def title(self) -> str:
        """As a person reads it."""
        what = {
            "ping": f"{self.target} answers a ping",
            "route_present": f"a {self.protocol + ' ' if self.protocol else ''}route to {self.target}"
            + (f" by {self.next_hop}" if self.next_hop else ""),
            "neighbor_up": f"{self.protocol or 'ospf'} neighbour {self.target} is up",
        }[self.kind]
        return f"{what}, seen from {self.via.name if self.via else 'the control node'}"


def run_check(check: Check, opener: Opener, timeout_s: float) -> tuple[bool, str]:
    """Whether it holds now, and what was seen."""
    try:
        if check.via is None:
            return _ping_from_here(check, timeout_s)
        with (
            opener(check.via, timeout_s=timeout_s) as session,
            translated(check.via, "the check cannot be made"),
        ):
            return _ASKED[check.kind](session, check)
    except DatacenterError as error:
        return False, str(error)


def _ping_from_here(check: Check, timeout_s: float) -> tuple[bool, str]:
    if check.kind != "ping":
        raise DatacenterError(
            "the control node has no routing table to look at", cause=check.title,
            next_step="name the device that is asked with via",
        )  # fmt: skip
    said = echo(check.target, source=check.source, timeout_s=min(2.0, timeout_s))
    if "error" in said:
        return False, said["error"]
    return bool(said["times_ms"]), f"{said['times_ms'][0]} ms" if said["times_ms"] else "no answer"


def _ping(session: NetworkDriver, check: Check) -> tuple[bool, str]:
    said: Mapping[str, Any] = session.ping(check.target, source=check.source, count=1, timeout=2)
    if "success" not in said:
        return False, str(said.get("error", "no answer"))
    lost, sent = said["success"]["packet_loss"], said["success"]["probes_sent"]
    return lost == 0 and sent > 0, f"{lost} of {sent} lost"


def _route(session: NetworkDriver, check: Check) -> tuple[bool, str]:
    found: Mapping[str, Any] = session.get_route_to(destination=check.target, protocol=check.protocol)
    hops = [
        (prefix, hop)
        for prefix, routes in found.items()
        for hop in routes
        if hop["current_active"] and _covers(prefix, check.target)
    ]
    seen = ", ".join(f"{prefix} by {hop['next_hop'] or hop['outgoing_interface']}" for prefix, hop in hops)
    by_wanted = [hop for _prefix, hop in hops if check.next_hop in ("", hop["next_hop"])]
    return bool(by_wanted), seen or "no such route"


def _covers(prefix: str, target: str) -> bool:
    """The default route leads to everything, and so shows nothing unless it was asked for."""
    network = ipaddress.ip_network(prefix)
    return network.prefixlen > 0 or ipaddress.ip_network(target, strict=False).prefixlen == 0


def _neighbour(session: NetworkDriver, check: Check) -> tuple[bool, str]:
    protocol = check.protocol or "ospf"
    if protocol == "bgp":
        peers = {
            address: peer["is_up"]
            for vrf in session.get_bgp_neighbors().values()
            for address, peer in vrf["peers"].items()
        }
        return bool(peers.get(check.target)), _states(peers)
    if protocol not in _SHOWN:
        raise Unsupported(f"there is no check for a neighbour of {protocol}")
    found = {
        name: one["is_up"]
        for one in neighbours(session, protocol)
        for name in (one["address"], one.get("router_id", one["address"]))
    }
    return bool(found.get(check.target)), _states(found)


def _states(found: Mapping[str, bool]) -> str:
    return ", ".join(f"{name} {'up' if up else 'down'}" for name, up in found.items()) or "there is none"


def refuse_impossible(checks: Iterable[Check]) -> None:
    """Before anything is changed: a check that this kind of device cannot be asked would undo a good change.

    :raises Unsupported: with what can be checked instead.
    """
    for check in checks:
        protocol = check.protocol or "ospf"
        if check.kind != "neighbor_up" or check.via is None:
            continue
        if protocol not in ("bgp", *_SHOWN):
            raise Unsupported(
                f"there is no check for a neighbour of {protocol}", device=check.via.name, cause=check.title,
                next_step=f"check one of {', '.join(('bgp', *_SHOWN))}, or a route of {protocol}",
            )  # fmt: skip
        if protocol == "bfd" and check.via.driver not in BFD_DRIVERS:
            raise Unsupported(
                f"neighbours of BFD cannot be read with the driver {check.via.driver}",
                device=check.via.name, cause=check.title,
                next_step=f"check the protocol that BFD protects, or ask one of {', '.join(BFD_DRIVERS)}",
            )  # fmt: skip


def _eos_bfd(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """``show bfd peers`` of EOS in JSON: by VRF, address, and interface."""
    return [
        {"address": address, "interface": interface, "is_up": one["status"] == "up", "state": one["status"]}
        for vrf in found["vrfs"].values()
        for family in ("ipv4Neighbors", "ipv6Neighbors")
        for address, peer in vrf.get(family, {}).items()
        for interface, one in peer["peerStats"].items()
    ]


#: Those whose neighbours of BFD are known to be read as they are; columns stand in another order on each.
BFD_DRIVERS = ("frr", "eos")
# NAPALM has no getter for these neighbours; FRR answers in JSON, EOS and IOS in columns (EOS on BFD in JSON).
_SHOWN: dict[str, tuple[str, Callable[[Any], list[dict[str, Any]]]]] = {
    "ospf": ("show ip ospf neighbor", ospf_neighbors),
    "bfd": ("show bfd peers", bfd_neighbors),
}
_COLUMNS = re.compile(
    r"^(\d+\.\d+\.\d+\.\d+)\s.*?\b(FULL|UP|Up|up|Full)\b.*?(\d+\.\d+\.\d+\.\d+)\s+(\S+)", re.M
)


def neighbours(session: NetworkDriver, protocol: str) -> list[dict[str, Any]]:
    """The neighbours of OSPF or BFD: address, interface, is_up, state."""
    command, parse = _SHOWN[protocol]
    if getattr(session, "platform", "") == "frr":
        return parse(session.cli([command], encoding="json")[command])
    if protocol == "bfd":
        if getattr(session, "platform", "") != "eos":
            raise Unsupported("neighbours of BFD cannot be read with this driver")
        return _eos_bfd(session.cli([command], encoding="json")[command])
    said = str(session.cli([command])[command])
    return [
        {"router_id": router, "address": address, "interface": interface, "is_up": True, "state": state}
        for router, state, address, interface in _COLUMNS.findall(said)
    ]


_ASKED = {"ping": _ping, "route_present": _route, "neighbor_up": _neighbour}
