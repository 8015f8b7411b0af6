# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Announce a service's address from this device, or withdraw it; then see that it is so.

The announcement is one static route to the application's server, which the device redistributes
into OSPF (role frr_router). Three things must agree before it counts: the route in the
configuration, the route in use, and the LSA that tells everybody. It is on the path of an outage,
so it is two calls of vtysh where all goes well: read, then change with the reading after it.
Standard library, Python 3.9.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import time
from typing import Any, Sequence

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network import frr_kept
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.frr import (
    CONFIG_DIRECTORY,
    SAVED_FILES,
    Frr,
    poll,
)

DAEMONS = ("zebra", "staticd", "ospfd")
# An LSA of this age is being withdrawn; it stays in the database until every neighbour has said so.
MAX_AGE_S = 3600
NO_FORWARD = "0.0.0.0"
_ROUTE = re.compile(r"^ip route (?P<prefix>\S+) (?P<next_hop>.+?)(?: tag (?P<tag>\d+))?$")


@dataclasses.dataclass(frozen=True)
class Announcement:
    """What a device tells the others of an address: the contents of its LSA."""

    metric: int
    tag: int
    #: Where packets are to go; None is the device itself.
    forward_address: str | None


@dataclasses.dataclass(frozen=True)
class Reading:
    """What a device says of one address, at one moment."""

    #: Static routes as (next hop, precedence), in the running configuration.
    configured: tuple[tuple[str, int], ...]
    #: Next hops of the static route that is in use; empty when none is.
    installed: tuple[str, ...]
    #: What this device tells the others, None when it tells nothing.
    announced: Announcement | None

    def as_data(self, saved: Sequence[tuple[str, int]]) -> dict[str, Any]:
        """As a result of a module; ``saved`` are the routes that a restart would bring."""
        return {
            "configured": _as_data(self.configured),
            "saved": _as_data(saved),
            "installed": list(self.installed),
            "announced": None if self.announced is None else dataclasses.asdict(self.announced),
        }


def set_announcement(
    frr: Frr, prefix: str, *, next_hop: str | None, precedence: int, timeout_s: float, dry_run: bool
) -> dict[str, Any]:
    """Make this device announce a service's address, or stop.

    :param next_hop: the application's server; None withdraws the address.
    :param precedence: 1 to 3, the higher wins against another centre's announcement.
    Somebody's change that waits on this device (``net_config``) neither hinders it nor takes it back.

    :raises DeadlineExceeded: when the device does not show it in time; what it shows is in the result.
    """
    prefix = _checked(prefix, next_hop)
    wanted = ((next_hop, precedence),) if next_hop is not None else ()
    begun = time.monotonic()
    before, saved = read(frr, prefix), saved_routes(frr, prefix)
    commands = commands_for(prefix, before.configured, wanted)
    pending, unsaved = frr_kept.waiting(), bool(commands) or saved != wanted
    result: dict[str, Any] = {
        "changed": unsaved,
        "commands": [*commands, *(["write memory"] if unsaved and not pending else [])],
        "pending": pending,
        "before": before.as_data(saved),
        "after": before.as_data(saved),
        "changed_at": None,
    }
    if dry_run:
        if result["changed"]:
            result["after"] = _predicted(wanted)
        return {**result, "confirmed_at": None, "duration_s": round(time.monotonic() - begun, 3)}
    try:
        if result["changed"]:
            result["pending"] = _enter(frr, prefix, commands, _lines(prefix, wanted))
            result["changed_at"] = time.time()
        if result["changed"] or missing(before, wanted):
            result["after"] = _wait(frr, prefix, wanted, timeout_s).as_data(saved_routes(frr, prefix))
    except DatacenterError as error:
        error.result = {**result, **error.result}
        raise
    return {**result, "confirmed_at": time.time(), "duration_s": round(time.monotonic() - begun, 3)}


def _enter(frr: Frr, prefix: str, commands: Sequence[str], routes: Sequence[str]) -> bool:
    """Enter and save; whether somebody's change waits on this device.

    What is wrong with that change's state hinders no service: it is said after the route was entered.
    """
    trouble: OSError | None = None
    try:
        waits = frr_kept.keep(prefix, routes, frr.timeout_s)
    except OSError as error:
        waits, trouble = True, error
    if not waits:
        frr.configure(commands)
    elif commands:
        # write memory would save what nobody has confirmed.
        frr.configure(commands, save=False)
    try:
        # Again: a change that began a moment ago has read the configuration without these routes.
        begun = frr_kept.keep(prefix, routes, frr.timeout_s)
        saved = not waits or frr_kept.save(CONFIG_DIRECTORY / SAVED_FILES[0], prefix, routes, frr.timeout_s)
    except OSError as error:
        raise DatacenterError(
            "the route is in effect, but may be taken back with somebody's change that waits",
            device=frr.device,
            cause=str(trouble or error),
            next_step="let that change be confirmed or taken back (net_config), then run this again",
            result={"changed": True, "pending": True},
        ) from error
    if not saved:
        frr.configure([])
    return waits or begun


def read(frr: Frr, prefix: str) -> Reading:
    """Read one address from the device: configuration, routing table and OSPF database in one call."""
    address = prefix.partition("/")[0]
    (table, database), running = frr.read(
        [
            f"show ip route {prefix} json",
            f"show ip ospf database external {address} self-originate json",
        ],
        text="show running-config staticd",
        daemons=DAEMONS,
    )
    return Reading(routes_in(running, prefix), installed_in(table, prefix), announced_in(database))


def routes_in(configuration: str, prefix: str) -> tuple[tuple[str, int], ...]:
    """Static routes to a prefix in a configuration, as (next hop, precedence).

    What else a route may say (an interface, a distance) stays part of its next hop: such a route is
    none of ours, and it is removed as it is written.
    """
    found = [_ROUTE.match(line.strip()) for line in configuration.splitlines()]
    return tuple(
        sorted((m["next_hop"], int(m["tag"] or 0)) for m in found if m is not None and m["prefix"] == prefix)
    )


def installed_in(table: dict[str, Any], prefix: str) -> tuple[str, ...]:
    """Next hops of the static route to a prefix that the kernel uses."""
    return tuple(
        sorted(
            hop["ip"]
            for route in table.get(prefix, [])
            if route.get("protocol") == "static" and route.get("selected") and route.get("installed")
            for hop in route.get("nexthops", [])
            if hop.get("fib") and "ip" in hop
        )
    )


def announced_in(database: dict[str, Any]) -> Announcement | None:
    """What this device tells the others; None when it tells nothing, or is taking it back."""
    for lsa in database.get("asExternalLinkStates", []):
        if int(lsa["lsaAge"]) < MAX_AGE_S:
            forward = str(lsa["forwardAddress"])
            return Announcement(
                metric=int(lsa["metric"]),
                tag=int(lsa["externalRouteTag"]),
                forward_address=None if forward == NO_FORWARD else forward,
            )
    return None


def commands_for(
    prefix: str, configured: Sequence[tuple[str, int]], wanted: Sequence[tuple[str, int]]
) -> list[str]:
    """What to enter, the new route before the old one goes, so that there is no moment without any."""
    if tuple(configured) == tuple(wanted):
        return []
    keep = {next_hop for next_hop, _precedence in wanted}
    return _lines(prefix, wanted) + [
        f"no ip route {prefix} {next_hop}" for next_hop, _tag in configured if next_hop not in keep
    ]


def _lines(prefix: str, routes: Sequence[tuple[str, int]]) -> list[str]:
    return [f"ip route {prefix} {next_hop} tag {precedence}" for next_hop, precedence in routes]


def saved_routes(frr: Frr, prefix: str) -> tuple[tuple[str, int], ...]:
    """The routes that a restart of the device would bring."""
    return routes_in("\n".join(frr.saved_lines()), prefix)


def missing(reading: Reading, wanted: Sequence[tuple[str, int]]) -> str:
    """What is not yet as it is wanted, as a sentence; empty when all agrees."""
    if reading.configured != tuple(wanted):
        return f"the configuration has {_named(reading.configured)} in place of {_named(wanted)}"
    next_hops = tuple(next_hop for next_hop, _precedence in wanted)
    if reading.installed != next_hops:
        if wanted and not reading.installed:
            return f"the route is not in use: {next_hops[0]} is in no network that this device is in"
        return f"the routing table leads to {', '.join(reading.installed) or 'nothing'}"
    if not wanted:
        return "" if reading.announced is None else "the address is still announced by OSPF"
    return _missing_in_ospf(reading.announced, *wanted[0])


def _missing_in_ospf(announced: Announcement | None, next_hop: str, precedence: int) -> str:
    if announced is None:
        return "OSPF does not announce it: the role frr_router makes the device redistribute it"
    if announced.tag != precedence:
        return f"OSPF still announces precedence {announced.tag}"
    if announced.forward_address not in (None, next_hop):
        return f"OSPF still leads to {announced.forward_address}"
    return ""


def _wait(frr: Frr, prefix: str, wanted: Sequence[tuple[str, int]], timeout_s: float) -> Reading:
    reading: Reading | None = None
    lacks = ""
    for _elapsed in poll(timeout_s):
        reading = read(frr, prefix)
        lacks = missing(reading, wanted)
        if not lacks:
            return reading
    raise DeadlineExceeded(
        f"{prefix} is not {'announced' if wanted else 'withdrawn'} within {timeout_s:g} s",
        device=frr.device,
        cause=lacks,
        next_step="the command stays in effect; see 'after', repair what it shows, and run this again",
        result={"after": reading.as_data(saved_routes(frr, prefix)) if reading else None},
    )


def _checked(prefix: str, next_hop: str | None) -> str:
    try:
        network = ipaddress.IPv4Network(prefix)
        if next_hop is not None:
            ipaddress.IPv4Address(next_hop)
    except ValueError as error:
        raise DatacenterError("this is no IPv4 address", cause=str(error)) from error
    if network.prefixlen != 32:
        raise DatacenterError(
            f"{prefix} is no service's address",
            cause="a service has one address",
            next_step=f"give {network.network_address}/32",
        )
    return str(network)


def _predicted(wanted: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """What a device will say; the metric is left out, since the device's own route map makes it."""
    return {
        "configured": _as_data(wanted),
        "saved": _as_data(wanted),
        "installed": [next_hop for next_hop, _precedence in wanted],
        "announced": {"tag": wanted[0][1], "forward_address": wanted[0][0]} if wanted else None,
    }


def _as_data(routes: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"next_hop": next_hop, "precedence": precedence} for next_hop, precedence in routes]


def _named(routes: Sequence[tuple[str, int]]) -> str:
    named = [f"{next_hop} with precedence {precedence}" for next_hop, precedence in routes]
    return ", ".join(named) or "no route"
