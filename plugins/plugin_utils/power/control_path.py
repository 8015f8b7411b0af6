# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a control node reaches the BMCs, and which devices carry that."""

from __future__ import annotations

import heapq
from collections.abc import Collection

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.house import FORWARDING, House


def way(
    house: House, control_node: str, network: str, without: Collection[str] = ()
) -> tuple[str, ...] | None:
    """The devices that the cheapest way from a control node to a network leads over, in its order.

    :param without: devices that are gone.
    :returns: None when the plan shows no way. Without a gateway, a network is reached from within alone.
    """
    start = house.devices[control_node].network
    if start is None or control_node in without:
        return None
    if start == network:
        return ()
    first, last = house.gateways.get(start), house.gateways.get(network)
    if first is None or last is None or {first, last} & set(without):
        return None
    seen: set[str] = set()
    rest: list[tuple[int, tuple[str, ...]]] = [(0, (first,))]
    while rest:
        cost, so_far = heapq.heappop(rest)
        if so_far[-1] == last:
            return so_far
        if so_far[-1] in seen:
            continue
        seen.add(so_far[-1])
        for other, more in house.joined.get(so_far[-1], {}).items():
            device = house.devices.get(other)
            # A carrier's own device is no host of a centre, and forwards.
            forwards = device is None or device.kind in FORWARDING
            if other not in seen and other not in without and forwards:
                heapq.heappush(rest, (cost + more, (*so_far, other)))
    return None


def bmc_networks(house: House, names: Collection[str]) -> dict[str, list[str]]:
    """The BMC networks of some hosts, and whose BMCs stand in them."""
    found: dict[str, list[str]] = {}
    for name in names:
        network = house.devices[name].bmc
        if network is not None:
            found.setdefault(network, []).append(name)
    return found
