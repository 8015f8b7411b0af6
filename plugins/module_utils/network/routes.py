# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an address leads, seen from this router, and who announces it.

OSPF knows every announcement of the area, also those that lose and those of a router that nobody
can reach any more (they stay for up to an hour). Which one wins is computed here as OSPF does:
reachable, then the lower metric, then the shorter way to the server. The routing table is the
witness: it is returned beside it. Standard library, Python 3.9.
"""

from __future__ import annotations

import ipaddress
import time
from typing import Any, Mapping, Sequence

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.frr import Frr, poll
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.service_address import (
    MAX_AGE_S,
    NO_FORWARD,
)

DAEMONS = ("zebra", "ospfd")


def read_routes(
    frr: Frr, address: str, *, origin: str | None = None, timeout_s: float = 0.0
) -> dict[str, Any]:
    """Read where an address leads; wait for an origin when one is named.

    :param address: an address, or a prefix of one address.
    :param origin: the router that is hoped to announce it; reading stops as soon as it does.
    :param timeout_s: seconds to hope. What is then read is returned as it is: judging is the caller's.
    """
    host = _checked(address)
    begun = time.monotonic()
    found: dict[str, Any] = {}
    for _elapsed in poll(timeout_s if origin is not None else 0.0):
        found = _read(frr, host)
        if origin is None or found["origin"] == origin:
            break
    return {"changed": False, "address": host, **found, "duration_s": round(time.monotonic() - begun, 3)}


def _read(frr: Frr, host: str) -> dict[str, Any]:
    (table, database, ospf, neighbours), _text = frr.read(
        [
            f"show ip route {host} json",
            f"show ip ospf database external {host} json",
            "show ip ospf route json",
            "show ip ospf neighbor json",
        ],
        daemons=DAEMONS,
    )
    route = route_in(table)
    announcements = announcements_in(database, ospf)
    own = str(database.get("routerId", ""))
    return {
        "router_id": own,
        "route": route,
        "announcements": announcements,
        "origin": origin_of(route, announcements, own),
        "ospf_neighbors": neighbours_in(neighbours),
        "bfd_peers": _bfd_peers(frr),
    }


def route_in(table: Mapping[str, Any]) -> dict[str, Any] | None:
    """The route in use, None when the address is not reachable."""
    for prefix, routes in table.items():
        for route in routes:
            if route.get("selected") and route.get("installed"):
                hops = [hop for hop in route.get("nexthops", []) if hop.get("fib")]
                return {
                    "prefix": prefix,
                    "protocol": route["protocol"],
                    "distance": route.get("distance"),
                    "metric": route.get("metric"),
                    "tag": route.get("tag", 0),
                    "next_hops": [
                        {"address": hop.get("ip"), "interface": hop.get("interfaceName")} for hop in hops
                    ],
                }
    return None


def announcements_in(database: Mapping[str, Any], ospf: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Who announces an address by OSPF, the winners marked.

    :param ospf: OSPF's routes: the ways to networks, and to the routers that announce from outside.
    """
    found = []
    for lsa in database.get("asExternalLinkStates", []):
        if int(lsa["lsaAge"]) >= MAX_AGE_S:
            continue
        router, forward = str(lsa["advertisingRouter"]), str(lsa["forwardAddress"])
        own = router == database.get("routerId")
        reachable = own or ospf.get(router, {}).get("routerType") == "asbr"
        found.append({
            "router": router,
            "metric": int(lsa["metric"]),
            "precedence": int(lsa["externalRouteTag"]),
            "forward_address": None if forward == NO_FORWARD else forward,
            "cost": _cost(router if forward == NO_FORWARD else forward, ospf) if reachable else None,
            "best": False,
        })  # fmt: skip
    usable = [one for one in found if one["cost"] is not None]
    if usable:
        best = min((one["metric"], one["cost"]) for one in usable)
        for one in usable:
            one["best"] = (one["metric"], one["cost"]) == best
    return sorted(found, key=lambda one: str(one["router"]))


def origin_of(
    route: Mapping[str, Any] | None, announcements: Sequence[Mapping[str, Any]], own: str
) -> str | None:
    """The one router whose announcement the packets follow; None when there is none, or more than one."""
    if route is None:
        return None
    if route["protocol"] == "static":
        return own
    best = [one for one in announcements if one["best"]]
    # The routing table has the last word: an announcement it does not follow (yet) is no origin.
    if route["protocol"] != "ospf" or len(best) != 1 or route["metric"] != best[0]["metric"]:
        return None
    return str(best[0]["router"])


def neighbours_in(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """OSPF neighbours, in the order of their interfaces."""
    found = [
        {
            "router_id": router_id,
            "address": one["ifaceAddress"],
            "interface": str(one["ifaceName"]).partition(":")[0],
            "state": str(one["nbrState"]).partition("/")[0],
            "full": str(one["nbrState"]).startswith("Full"),
        }
        for router_id, adjacencies in answer.get("neighbors", {}).items()
        for one in adjacencies
    ]
    return sorted(found, key=lambda one: (str(one["interface"]), str(one["address"])))


def peers_in(answer: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """BFD sessions, in the order of their interfaces."""
    found = [
        {"peer": one["peer"], "interface": one.get("interface"), "up": one["status"] == "up"}
        for one in answer
    ]
    return sorted(found, key=lambda one: (str(one["interface"]), str(one["peer"])))


def _bfd_peers(frr: Frr) -> list[dict[str, Any]] | None:
    """BFD sessions, None where BFD does not run: a route stands without it, only less watched."""
    try:
        (peers,), _text = frr.read(["show bfd peers json"], daemons=["bfdd"])
    except DatacenterError:
        return None
    return peers_in(peers)


def _cost(target: str, ospf: Mapping[str, Any]) -> int | None:
    """OSPF's cost of the way to an address, None when there is none."""
    direct = ospf.get(target)
    if direct is not None and "cost" in direct:
        return int(direct["cost"])
    address = ipaddress.IPv4Address(target)
    ways = [
        (network.prefixlen, int(route["cost"]))
        for prefix, route in ospf.items()
        # Inside the area or another one; what comes from outside of OSPF is no way to a server.
        if "/" in prefix and str(route.get("routeType", "")).strip() in ("N", "N IA")
        for network in [ipaddress.IPv4Network(prefix)]
        if address in network
    ]
    return max(ways)[1] if ways else None


def _checked(address: str) -> str:
    try:
        network = ipaddress.IPv4Network(address)
    except ValueError as error:
        raise DatacenterError("this is no IPv4 address", cause=str(error)) from error
    if network.prefixlen != 32:
        raise DatacenterError(
            f"{address} is a network", cause="routes are read for one address", next_step="give one address"
        )
    return str(network.network_address)
