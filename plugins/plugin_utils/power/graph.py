# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who must be ready before whom. The way down is the same graph, read from its end."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.control_path import (
    bmc_networks,
    way,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.house import (
    FORWARDING,
    OTHERS,
    House,
)

#: Why one comes before another.
TIER, DATABASE, NEEDS, CARRIES, PATH = "tier", "database", "needs", "carries", "path"


@dataclass(frozen=True)
class Edge:
    """:param before: must be ready before what the edge belongs to."""

    before: str
    kind: str
    reason: str


@dataclass
class Graph:
    """Hosts and, between them, marks that stand for 'all of those are ready'.

    :param edges: what must be ready before each node.
    :param marks: nodes that are no hosts.
    """

    edges: dict[str, list[Edge]] = field(default_factory=dict)
    marks: set[str] = field(default_factory=set)

    def add(self, node: str, before: str, kind: str, reason: str) -> None:
        self.edges.setdefault(before, [])
        self.edges.setdefault(node, []).append(Edge(before, kind, reason))

    def mark(self, name: str) -> str:
        self.marks.add(name)
        self.edges.setdefault(name, [])
        return name

    def order(self) -> list[str]:
        """Every node after those that must be before it.

        :raises ValueError: when there is no such order; :meth:`circle` says why.
        """
        found, circle = self._walk()
        if circle:
            raise ValueError("the order of power bites its own tail")
        return found

    def circle(self) -> list[tuple[str, Edge]]:
        """A host that must be ready before itself: each node with the edge that leads to the one after it."""
        return self._walk()[1]

    def _walk(self) -> tuple[list[str], list[tuple[str, Edge]]]:
        done: dict[str, None] = {}
        for start in self.edges:
            stack: list[tuple[str, Iterator[Edge]]] = [(start, iter(self.edges[start]))]
            way_here: dict[str, Edge | None] = {start: None}
            while stack and start not in done:
                node, rest = stack[-1]
                for edge in rest:
                    if edge.before in way_here:
                        return [], self._closed(list(way_here.items()), edge)
                    if edge.before not in done:
                        way_here[edge.before] = edge
                        stack.append((edge.before, iter(self.edges[edge.before])))
                        break
                else:
                    done[node] = None
                    del way_here[node]
                    stack.pop()
        return list(done), []

    @staticmethod
    def _closed(way_here: list[tuple[str, Edge | None]], last: Edge) -> list[tuple[str, Edge]]:
        names = [name for name, _edge in way_here]
        part = way_here[names.index(last.before) :]
        edges = [edge for _name, edge in part[1:] if edge is not None] + [last]
        return [(name, edge) for (name, _edge), edge in zip(part, edges, strict=True)]

    def levels(self, members: Collection[str]) -> dict[str, int]:
        """The wave of each member: as early as what must be before it allows, counting members alone."""
        counted = set(members)
        level: dict[str, int] = {}
        for node in self.order():
            level[node] = max(
                (level[edge.before] + (edge.before in counted) for edge in self.edges[node]), default=0
            )
        return {name: level[name] for name in members}

    def leaning(self, going: Collection[str]) -> dict[str, Edge]:
        """Hosts that need one of these, at one remove or several, with the edge by which they do."""
        found: dict[str, Edge] = {}
        for node in self.order():
            if node in going:
                continue
            for edge in self.edges[node]:
                if edge.before in going or edge.before in found:
                    found[node] = edge
                    break
        return {name: edge for name, edge in found.items() if name not in self.marks}

    def hosts_before(self, node: str) -> set[str]:
        """Every host that must be ready before this one."""
        found: set[str] = set()
        rest = [edge.before for edge in self.edges.get(node, ())]
        while rest:
            name = rest.pop()
            if name not in found:
                found.add(name)
                rest += [edge.before for edge in self.edges[name]]
        return found - self.marks


def build(house: House, control_node: str | None = None) -> Graph:
    """The graph of all hosts whose power is ours.

    :param control_node: where the sequence is run from; the control path is part of the order then.
    """
    graph = Graph()
    for device in house.devices.values():
        if house.ours(device):
            graph.edges.setdefault(device.name, [])
    _carriers(house, graph)
    _services(house, graph)
    _tiers(house, graph)
    if control_node is not None:
        _control_path(house, graph, control_node)
    return graph


def _ranks(house: House, graph: Graph) -> dict[str, int]:
    """The tier of each host: its own, or the earlier one of whoever it is needed by or carries.

    A database is never drawn forward by its application: where the plan puts it later, the plan is wrong.
    """
    ranks = {name: house.tier(house.devices[name]) for name in graph.edges}
    rest = list(ranks)
    while rest:
        name = rest.pop()
        for edge in graph.edges[name]:
            if edge.kind != DATABASE and ranks[edge.before] > ranks[name]:
                ranks[edge.before] = ranks[name]
                rest.append(edge.before)
    return ranks


def _tiers(house: House, graph: Graph) -> None:
    """In each centre one tier after the other. Between two tiers stands a mark, so that edges stay few."""
    held: dict[str, dict[int, list[str]]] = {}
    for name, rank in _ranks(house, graph).items():
        held.setdefault(house.devices[name].centre, {}).setdefault(rank, []).append(name)
    names = [tier.name for tier in house.tiers] + [OTHERS]
    for centre, tiers in held.items():
        before: str | None = None
        for number in sorted(tiers):
            tier = names[number]
            ready = graph.mark(f"{tier} of {centre}")
            reason = f"the tier {tier} of {centre} is ready"
            for name in tiers[number]:
                graph.add(ready, name, TIER, reason)
                if before is not None:
                    graph.add(name, before, TIER, f"{name} is of the later tier {tier}")
            before = ready


def _carriers(house: House, graph: Graph) -> None:
    for device in house.devices.values():
        if device.carried_by in graph.edges and device.name in graph.edges:
            graph.add(device.name, device.carried_by, CARRIES, f"{device.carried_by} carries {device.name}")


def _services(house: House, graph: Graph) -> None:
    """A service's application after its database; both after what the service depends on.

    Of what stands in several centres the part in the own centre counts, where there is one.
    """
    for name, service in house.services.items():
        centres = {house.devices[host].centre for host in service.hosts() if host in house.devices}
        for centre in sorted(centres):
            hosts = _switched(house, graph, service.hosts(centre))
            databases = _switched(house, graph, list(service.databases.get(centre, ())))
            for host in hosts:
                for database in databases:
                    if host not in databases and host != database:
                        graph.add(
                            host, database, DATABASE, f"{name} on {host} needs its database on {database}"
                        )
                for item in service.needs:
                    _needed(house, graph, (name, host, centre), item)


def _needed(house: House, graph: Graph, who: tuple[str, str, str], item: str) -> None:
    name, host, centre = who
    serves = house.services.get(item)
    if serves is None:
        return
    for other in _switched(house, graph, serves.hosts(centre) or serves.hosts()):
        if other != host:
            graph.add(host, other, NEEDS, f"{name} on {host} needs {item} on {other}")


def _switched(house: House, graph: Graph, names: list[str]) -> list[str]:
    """Those that are ours, and no network device: that announces a service, and waits for none."""
    return [n for n in names if n in graph.edges and house.devices[n].kind not in FORWARDING]


def _control_path(house: House, graph: Graph, control_node: str) -> None:
    """What carries the control path is ready before whatever is switched over it."""
    for network, names in bmc_networks(house, [n for n in graph.edges if n not in graph.marks]).items():
        devices = [name for name in way(house, control_node, network) or () if name in graph.edges]
        for one, other in zip(devices, devices[1:], strict=False):
            graph.add(other, one, PATH, f"the way from {control_node} leads over {one} to {other}")
        if not devices:
            continue
        there = graph.mark(f"way from {control_node} to {network}")
        graph.add(there, devices[-1], PATH, f"{control_node} reaches {network} over {devices[-1]}")
        for name in names:
            if name not in devices and name != control_node:
                graph.add(name, there, PATH, f"the BMC of {name} stands in {network}")


def spoken(circle: list[tuple[str, Edge]]) -> str:
    """A circle as a sentence.

    The edges lead backwards, so the sentence is read from its end: what is first comes last.
    """
    parts: list[str] = []
    for _name, edge in reversed(circle):
        if edge.reason not in parts:
            parts.append(edge.reason)
    return "; ".join(parts)


def kinds(circle: list[tuple[str, Edge]]) -> Mapping[str, bool]:
    """Which kinds of edge a circle has."""
    found = {edge.kind for _name, edge in circle}
    return {kind: kind in found for kind in (TIER, DATABASE, NEEDS, CARRIES, PATH)}
