# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which announcement wins, as OSPF decides it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.routes import (
    announcements_in,
    neighbours_in,
    origin_of,
    peers_in,
    route_in,
)

NN, DR = "10.255.1.2", "10.255.2.2"
NN_APP, DR_APP = "10.1.10.21", "10.2.10.21"
WAYS: dict[str, Any] = {
    # Wider than the networks of the servers: the longest prefix is the way.
    "10.2.0.0/16": {"routeType": "N IA", "cost": 1},
    "10.2.10.21/32": {"routeType": "N E2", "cost": 1},
    "10.1.10.0/24": {"routeType": "N", "cost": 41},
    "10.2.10.0/24": {"routeType": "N", "cost": 51},
    NN: {"routeType": "R ", "cost": 40, "routerType": "asbr"},
    DR: {"routeType": "R ", "cost": 50, "routerType": "asbr"},
}


def lsa(router: str, metric: int, forward: str, age: int = 1) -> dict[str, Any]:
    return {
        "advertisingRouter": router, "metric": metric, "externalRouteTag": 1, "forwardAddress": forward,
        "lsaAge": age,
    }  # fmt: skip


def winners(
    *lsas: dict[str, Any], ways: dict[str, Any] | None = None, own: str = "10.255.102.21"
) -> list[str]:
    database = {"routerId": own, "asExternalLinkStates": list(lsas)}
    return [
        one["router"] for one in announcements_in(database, WAYS if ways is None else ways) if one["best"]
    ]


def test_the_lower_metric_wins_however_far_it_is() -> None:
    assert winners(lsa(NN, 90, NN_APP), lsa(DR, 70, DR_APP)) == [DR]


def test_of_equal_metrics_the_nearer_server_wins() -> None:
    assert winners(lsa(NN, 90, NN_APP), lsa(DR, 90, DR_APP)) == [NN]


def test_without_a_forward_address_the_way_to_the_router_counts() -> None:
    assert winners(lsa(NN, 90, "0.0.0.0"), lsa(DR, 90, "0.0.0.0")) == [NN]


def test_a_router_that_cannot_be_reached_does_not_win() -> None:
    lost = {key: way for key, way in WAYS.items() if key != DR}
    assert winners(lsa(NN, 90, NN_APP), lsa(DR, 70, DR_APP), ways=lost) == [NN]


def test_nor_does_one_whose_server_cannot_be_reached() -> None:
    lost = {key: way for key, way in WAYS.items() if not key.startswith("10.2.")}
    assert winners(lsa(NN, 90, NN_APP), lsa(DR, 70, DR_APP), ways=lost) == [NN]


def test_nor_one_that_is_being_withdrawn() -> None:
    assert winners(lsa(NN, 90, NN_APP), lsa(DR, 70, DR_APP, age=3600)) == [NN]


def test_the_announcer_itself_needs_no_way_to_itself() -> None:
    assert winners(lsa(DR, 70, DR_APP), own=DR) == [DR]


OSPF_ROUTE = {"protocol": "ospf", "metric": 90}


@pytest.mark.parametrize(
    ("route", "best", "origin"),
    [
        (OSPF_ROUTE, [(NN, 90)], NN),
        ({"protocol": "static", "metric": 0}, [(NN, 90)], "own"),
        (None, [(NN, 90)], None),
        (OSPF_ROUTE, [(NN, 90), (DR, 90)], None),
        (OSPF_ROUTE, [], None),
        # The database is ahead of the routing table: packets do not go there yet.
        (OSPF_ROUTE, [(DR, 70)], None),
        ({"protocol": "connected", "metric": 0}, [], None),
    ],
)
def test_the_origin_is_one_router_that_the_packets_follow(
    route: dict[str, Any] | None, best: list[tuple[str, int]], origin: str | None
) -> None:
    announcements = [{"router": router, "metric": metric, "best": True} for router, metric in best]
    assert origin_of(route, announcements, "own") == origin


def test_the_route_in_use_is_the_one_that_is_installed() -> None:
    table = {
        "10.100.0.1/32": [
            {"protocol": "ospf", "selected": True, "nexthops": []},
            {
                "protocol": "static", "selected": True, "installed": True, "metric": 0, "distance": 1,
                "nexthops": [
                    {"ip": "10.0.0.1", "interfaceName": "a", "fib": True},
                    {"ip": "10.0.0.2", "interfaceName": "b"},
                ],
            },
        ]
    }  # fmt: skip
    route = route_in(table)
    assert route is not None
    assert route["protocol"] == "static"
    assert route["next_hops"] == [{"address": "10.0.0.1", "interface": "a"}]
    assert route_in({"0.0.0.0/0": []}) is None


def test_neighbours_and_peers_in_the_order_of_their_interfaces() -> None:
    def neighbour(interface: str, state: str) -> dict[str, Any]:
        return {"ifaceAddress": "10.0.0.1", "ifaceName": f"{interface}:10.0.0.0", "nbrState": state}

    answer = {"neighbors": {"1.1.1.1": [neighbour("b", "Full/-")], "2.2.2.2": [neighbour("a", "ExStart/-")]}}
    assert [(one["router_id"], one["interface"], one["full"]) for one in neighbours_in(answer)] == [
        ("2.2.2.2", "a", False),
        ("1.1.1.1", "b", True),
    ]
    peers = [
        {"peer": "10.0.0.1", "interface": "b", "status": "up"},
        {"peer": "10.0.0.3", "interface": "a", "status": "down"},
    ]
    assert [(one["interface"], one["up"]) for one in peers_in(peers)] == [("a", False), ("b", True)]
