# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the documents of several servers: the waves they move in, with figures, findings, ways to change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess import estimate as estimates
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess import graph, judge, rules_together
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.estimate import Estimate, Line, Pace
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.finding import (
    BLOCKER,
    ONLINE,
    Finding,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.graph import Edge, Outside

Document = Mapping[str, Any]
MOST_SYSTEMS = 4


@dataclass(frozen=True)
class Wave:
    """What moves in one window; each of its groups moves or goes back as one."""

    number: int
    groups: tuple[tuple[str, ...], ...]

    @property
    def systems(self) -> list[str]:
        return [name for group in self.groups for name in group]


@dataclass(frozen=True)
class Plan:
    """Everything that is suggested, and why."""

    systems: Mapping[str, Document]
    edges: list[Edge]
    outside: list[Outside]
    waves: list[Wave]
    estimates: Mapping[str, Estimate]
    findings: Mapping[str, list[Finding]]
    line: Line

    def as_dict(self) -> dict[str, Any]:
        return {
            "waves": [self._wave(wave) for wave in self.waves],
            "edges": [asdict(edge) for edge in self.edges],
            "outside": [asdict(one) for one in self.outside],
            "estimates": {name: one.as_dict() for name, one in self.estimates.items()},
            "findings": {name: [one.as_dict() for one in found] for name, found in self.findings.items()},
            "blockers": sorted(
                {
                    f"{name}: {one.name}"
                    for name, all_ in self.findings.items()
                    for one in all_
                    if one.severity == BLOCKER
                }
            ),
        }

    def path(self, name: str) -> str:
        """Which way its databases can go as it stands: ``online`` or ``offline``, ``files`` without any."""
        if self.estimates[name].database_bytes == 0:
            return "files"
        stopping = [one for one in self.findings[name] if one.severity == BLOCKER and one.way == ONLINE]
        return "offline" if stopping else "online"

    def _wave(self, wave: Wave) -> dict[str, Any]:
        members = [self.estimates[name] for name in wave.systems]
        sizes = [one.total_bytes for one in members]
        bulk = [one.bulk_s for one in members]
        return {
            "number": wave.number,
            "groups": [list(group) for group in wave.groups],
            "systems": wave.systems,
            "because": list(self._because(wave)),
            "bytes": None if None in sizes else sum(one for one in sizes if one is not None),
            # They share the line, so their copies take as long as one after the other.
            "bulk_hours": None
            if None in bulk
            else round(sum(one for one in bulk if one is not None) / 3600, 2),
            "window_s": {
                **{way: _window((one, way) for one in members) for way in ("online", "offline")},
                "as_it_stands": _window((self.estimates[name], self.path(name)) for name in wave.systems),
            },
            "path": {name: self.path(name) for name in wave.systems},
            "ways": list(self._ways(wave)),
        }

    def _because(self, wave: Wave) -> Iterator[str]:
        for group in wave.groups:
            inside = [edge for edge in self.edges if edge.source in group and edge.target in group]
            if len(group) > 1:
                ties = ", ".join(
                    f"{edge.source} needs {edge.target} ({edge.port})" for edge in inside if edge.port
                )
                yield f"{', '.join(group)} move together: {ties}"
        earlier = {name: one.number for one in self.waves for name in one.systems if one.number < wave.number}
        for edge in self.edges:
            if edge.source in wave.systems and edge.target in earlier and edge.how == graph.CONNECTED:
                need = f"{edge.target} of wave {earlier[edge.target]}"
                yield f"{edge.source} after {need}, on which it depends ({edge.port})"

    def _ways(self, wave: Wave) -> Iterator[dict[str, Any]]:
        """Rules of firewalls, and settings of others, that name what moves here."""
        for edge in self.edges:
            if (edge.source in wave.systems) != (edge.target in wave.systems):
                yield {
                    "from": edge.source,
                    "to": edge.target,
                    "port": edge.port,
                    "how": edge.how,
                    "by": edge.by,
                }
        for one in self.outside:
            if one.system in wave.systems:
                ends = (one.peer, one.system) if one.direction == "in" else (one.system, one.peer)
                yield {"from": ends[0], "to": ends[1], "port": one.port, "how": graph.CONNECTED, "by": ""}


def _window(members: Iterable[tuple[Estimate, str]]) -> float | None:
    """Last deltas one after the other, since they share the line; everything else at once."""
    last, rest = 0.0, 0.0
    for one, way in members:
        whole = one.offline_s if way == "offline" else one.online_s
        if whole is None or one.last_s is None:
            return None
        last += one.last_s
        rest = max(rest, whole - one.last_s)
    return round(last + rest, 1)


def plan(
    documents: Iterable[Document],
    target: str,
    line: Line,
    *,
    pace: Pace | None = None,
    window_s: float | None = None,
    most_systems: int = MOST_SYSTEMS,
) -> Plan:
    """Suggest the waves.

    :param most_systems: how many move in one window at most; what must move together stays together.
    :param window_s: what a cutover may take; waves are cut so that they fit, as far as groups can be.
    :raises DatacenterError: when there is nothing to plan.
    """
    systems = graph.newest(documents)
    if not systems:
        raise DatacenterError(
            "there is nothing to plan",
            cause="no document was given",
            next_step="assess the servers with server_assess, and give what it wrote",
        )
    edges = graph.edges(systems)
    measured = {name: estimates.estimate(one, line, pace or Pace()) for name, one in systems.items()}
    together = rules_together.findings(systems)
    found = {
        name: [
            *judge.findings(one, target),
            *together[name],
            *estimates.findings(name, measured[name], line, window_s),
        ]
        for name, one in systems.items()
    }
    parts = graph.groups(systems, edges)
    by_level: dict[int, list[Sequence[str]]] = defaultdict(list)
    for part, level in zip(parts, graph.levels(parts, edges), strict=True):
        by_level[level].append(part)
    waves: list[Wave] = []
    for level in sorted(by_level):
        for packed in _packed(by_level[level], measured, most_systems, window_s):
            waves.append(Wave(len(waves) + 1, tuple(tuple(group) for group in packed)))
    return Plan(systems, edges, graph.outside(systems), waves, measured, found, line)


def _packed(
    groups: Iterable[Sequence[str]], measured: Mapping[str, Estimate], most: int, window_s: float | None
) -> Iterator[list[Sequence[str]]]:
    """Groups of one level, as many in a wave as it bears; the small ones first, to learn on."""

    def size(group: Sequence[str]) -> tuple[int, str]:
        return sum(measured[name].total_bytes or 0 for name in group), group[0]

    pending: list[Sequence[str]] = []
    for group in sorted(groups, key=size):
        together = [name for one in (*pending, group) for name in one]
        takes = _window((measured[name], "online") for name in together)
        too_long = window_s is not None and (takes is None or takes > window_s)
        if pending and (len(together) > most or too_long):
            yield pending
            pending = []
        pending.append(group)
    if pending:
        yield pending
