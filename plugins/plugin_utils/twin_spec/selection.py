# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts a part of an estate needs to stand by itself. Pure.

Somebody asks for two database servers; what joins them comes along: the gateways of their
networks, the shortest way between them over planned lines, and the control nodes of their
centres, without which nobody could talk to them.
"""

from __future__ import annotations

import heapq
from typing import Any, Iterable, Mapping

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

Hosts = Mapping[str, Mapping[str, Any]]


def named(hosts: Hosts, groups: Mapping[str, Iterable[str]], only: Iterable[str]) -> set[str]:
    """The hosts of these groups, or of these names; all hosts of the plan when none is given.

    :raises DatacenterError: naming every word that is neither.
    """
    wanted = list(only)
    if not wanted:
        return set(hosts)
    found: set[str] = set()
    unknown = []
    for word in wanted:
        if word in groups:
            found |= {name for name in groups[word] if name in hosts}
        elif word in hosts:
            found.add(word)
        else:
            unknown.append(word)
    if unknown or not found:
        raise DatacenterError(
            "nothing in the plan is meant by that",
            device=", ".join(unknown or wanted),
            cause="neither a group nor a host with dc_kind" if unknown else "these groups are empty",
            next_step="see the groups with ansible-inventory --graph",
        )
    return found


def closure(
    hosts: Hosts, networks: Mapping[str, Any], lines: Mapping[str, Any], wanted: set[str]
) -> set[str]:
    """The wanted hosts and all that they need to reach each other."""
    found = set(wanted)
    centres = {hosts[name].get("dc_centre") for name in wanted} - {None}
    found |= {
        name
        for name, v in hosts.items()
        if v.get("dc_kind") == "control_node" and v.get("dc_centre") in centres
    }
    for name in sorted(found):
        found |= gateways(hosts[name], networks) & set(hosts)
    return _join(neighbours(hosts, networks, lines), found)


def gateways(host: Mapping[str, Any], networks: Mapping[str, Any]) -> set[str]:
    """The gateways of the networks the host, or its BMC, stands in."""
    mine = {i["network"] for i in host.get("dc_interfaces", ()) if i.get("kind") == "lan"}
    bmc = host.get("dc_bmc") or {}
    if bmc.get("network"):
        mine.add(bmc["network"])
    return {networks[name]["gateway_host"] for name in mine if name in networks}


def neighbours(
    hosts: Hosts, networks: Mapping[str, Any], lines: Mapping[str, Any]
) -> dict[str, dict[str, int]]:
    """Who is next to whom, and at what cost (a line's OSPF cost; 1 to one's gateway)."""
    graph: dict[str, dict[str, int]] = {name: {} for name in hosts}
    edges = [
        (line["a"]["host"], line["b"]["host"], int(line.get("ospf_cost") or 10)) for line in lines.values()
    ]
    for name, host in hosts.items():
        edges += [(name, gateway, 1) for gateway in gateways(host, networks) if gateway != name]
    for a, b, cost in edges:
        if a in graph and b in graph:
            graph[a][b] = min(cost, graph[a].get(b, cost))
            graph[b][a] = min(cost, graph[b].get(a, cost))
    return graph


def _join(graph: Mapping[str, Mapping[str, int]], wanted: set[str]) -> set[str]:
    """Grow a tree from the first host to the others, each by the shortest way there is."""
    order = sorted(wanted)
    tree = {order[0]} if order else set()
    for target in order[1:]:
        tree |= _path(graph, tree, target) or {target}
    return tree


def _path(graph: Mapping[str, Mapping[str, int]], starts: set[str], target: str) -> set[str]:
    """The hosts on the shortest way from any start to the target; empty when there is none."""
    queue = [(0, name) for name in sorted(starts)]
    heapq.heapify(queue)
    before: dict[str, str] = {}
    done: set[str] = set()
    costs = dict.fromkeys(starts, 0)
    while queue:
        cost, name = heapq.heappop(queue)
        if name in done:
            continue
        done.add(name)
        if name == target:
            way = {name}
            while name in before:
                name = before[name]
                way.add(name)
            return way
        for other, step in sorted(graph[name].items()):
            if other not in costs or cost + step < costs[other]:
                costs[other] = cost + step
                before[other] = name
                heapq.heappush(queue, (cost + step, other))
    return set()
