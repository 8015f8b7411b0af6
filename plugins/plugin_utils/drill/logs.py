# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the drill's programs wrote, as data. Pure: lines in, logs out.

Times are put on one steady axis: the wall clock at the program's start plus its monotonic clock since
then. So a clock that is set while a drill runs neither makes nor hides an outage.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping


@dataclass(frozen=True)
class Ack:
    """One acknowledged report."""

    report_id: str
    connection: int
    acked: float
    attempts: int = 1
    timeline: int | None = None
    database: str = ""
    centre: str = ""


@dataclass(frozen=True)
class ClientLog:
    """What one county saw.

    :param damaged: lines that cannot be read. Each may have been an acknowledgement.
    :param ended: when it was stopped; None when it was killed.
    """

    host: str
    acks: list[Ack] = field(default_factory=list)
    retries: list[float] = field(default_factory=list)
    pending: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    started: float | None = None
    ended: float | None = None
    damaged: int = 0


@dataclass(frozen=True)
class Written:
    """One write that a database accepted from the probe."""

    node: str
    started: float
    ended: float
    timeline: int


@dataclass(frozen=True)
class ProbeLog:
    """What one probe saw. ``tried`` holds for each node the moments at which it is known to have asked."""

    host: str
    nodes: tuple[str, ...] = ()
    writes: list[Written] = field(default_factory=list)
    tried: dict[str, list[float]] = field(default_factory=dict)
    refusals: dict[str, dict[str, int]] = field(default_factory=dict)
    started: float | None = None
    ended: float | None = None
    damaged: int = 0


class _Axis:
    """Turns a program's two clocks into one."""

    def __init__(self) -> None:
        self._offset: float | None = None

    def begin(self, line: Mapping[str, Any]) -> float:
        self._offset = float(line["at"]) - float(line["monotonic"])
        return float(line["at"])

    def moment(self, wall: Any, monotonic: Any) -> float:
        if self._offset is None or monotonic is None:
            return float(wall)
        return self._offset + float(monotonic)


def _lines(text: str) -> Iterable[dict[str, Any] | None]:
    """Each line as data, None for one that is damaged; a torn last line is none at all."""
    for line in text.split("\n")[:-1]:
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        yield found if isinstance(found, dict) else None


def parse_client(host: str, text: str) -> ClientLog:
    """Read a report_client.jsonl."""
    axis = _Axis()
    acks: list[Ack] = []
    retries: list[float] = []
    found: dict[str, Any] = {"pending": 0, "damaged": 0, "settings": {}, "started": None, "ended": None}
    for line in _lines(text):
        try:
            if line is None:
                found["damaged"] += 1
            elif line["type"] == "ack":
                acks.append(_ack(line, axis))
            elif line["type"] == "retry":
                retries.append(axis.moment(line["at"], line.get("monotonic")))
            elif line["type"] == "pending":
                found["pending"] += 1
            elif line["type"] == "start":
                begun = axis.begin(line)
                found["started"] = begun if found["started"] is None else found["started"]
                found["settings"] = {k: v for k, v in line.items() if k not in ("type", "at", "monotonic")}
                found["ended"] = None
            elif line["type"] == "end":
                found["ended"] = axis.moment(line["at"], line.get("monotonic"))
        except (KeyError, TypeError, ValueError):
            found["damaged"] += 1
    acks.sort(key=lambda ack: ack.acked)
    return ClientLog(host=host, acks=acks, retries=sorted(retries), **found)


def _ack(line: Mapping[str, Any], axis: _Axis) -> Ack:
    timeline = line.get("timeline")
    return Ack(
        report_id=str(line["report_id"]),
        connection=int(line["connection"]),
        acked=axis.moment(line["acked"], line.get("acked_monotonic")),
        attempts=int(line.get("attempts", 1)),
        timeline=None if timeline is None else int(timeline),
        database=str(line.get("database") or ""),
        centre=str(line.get("centre") or ""),
    )


def parse_probe(host: str, text: str) -> ProbeLog:
    """Read a write_probe.jsonl."""
    axis = _Axis()
    writes: list[Written] = []
    tried: dict[str, list[float]] = {}
    refusals: dict[str, dict[str, int]] = {}
    nodes: set[str] = set()
    started = ended = None
    damaged = 0
    for line in _lines(text):
        try:
            if line is None:
                damaged += 1
            elif line["type"] == "start":
                begun = axis.begin(line)
                started = begun if started is None else started
                nodes |= {str(node) for node in line["nodes"]}
            elif line["type"] == "write":
                written = _written(line, axis)
                writes.append(written)
                tried.setdefault(written.node, []).append(written.ended)
            elif line["type"] == "count" and line["attempts"]:
                tried.setdefault(line["node"], []).append(axis.moment(line["at"], line.get("monotonic")))
                _add(refusals.setdefault(line["node"], {}), line["refusals"])
            elif line["type"] == "end":
                ended = axis.moment(line["at"], line.get("monotonic"))
        except (KeyError, TypeError, ValueError, AttributeError):
            damaged += 1
    writes.sort(key=lambda write: (write.started, write.ended))
    moments = {node: sorted(tried.get(node, [])) for node in sorted(nodes | set(tried))}
    return ProbeLog(host, tuple(sorted(nodes)), writes, moments, refusals, started, ended, damaged)


def _written(line: Mapping[str, Any], axis: _Axis) -> Written:
    return Written(
        node=str(line["node"]),
        started=axis.moment(line["started"], line.get("started_monotonic")),
        ended=axis.moment(line["ended"], line.get("ended_monotonic")),
        timeline=int(line["timeline"]),
    )


def _add(sums: dict[str, int], counts: Mapping[str, Any]) -> None:
    for kind, count in counts.items():
        sums[kind] = sums.get(kind, 0) + int(count)
