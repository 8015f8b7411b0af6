# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the time of a phase went: the tasks of the trace, cut at the moments their modules tell of. Pure.

The runbooks do one thing after the other, so every moment of an outage belongs to one span: a part of a
task, the way of Ansible from one task to the next, or, at the end, the application that finds the database.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Iterable, Mapping, Sequence

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.logs import Ack
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.outage import Gap

NAME = "trace.jsonl"
#: A mark of another host's clock that lies further outside of its task is not used.
CLOCKS_S = 0.05
#: What is shorter is not shown as a span of its own.
LEAST_S = 0.0005
#: What ended at each mark. One that a module adds and nobody knows here ends a span without a name.
MARKS = (
    "started", "checkpointed", "stop_sent", "stopped", "handed", "proved", "promote_sent", "writable",
    "changed_at", "confirmed_at",
)  # fmt: skip
#: What the application and its clients wait for.
_OPENING = ("writable", "changed_at")
#: Between two tasks; after the last mark of a task; until the first acknowledgement.
BETWEEN, ANSWER, CLIENT = "between", "answer", "client"


@dataclass(frozen=True)
class Task:
    """One line of the trace. Times in epoch seconds of the control node, marks of the host."""

    phase: str
    step: str
    title: str
    host: str
    started: float
    ended: float
    marks: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Span:
    """One stretch of the critical path.

    :param title: the task's name.
    :param part: what of it ended here, one of :data:`MARKS`, ``answer``, ``between``, ``client``, a reading's
        ``read``; empty when it is the whole task.
    """

    title: str
    part: str
    host: str
    started: float
    ended: float
    in_outage: bool = False

    @property
    def seconds(self) -> float:
        return self.ended - self.started


def marks_of(result: Mapping[str, Any]) -> dict[str, float]:
    """The moments that a module's result tells of, in epoch seconds."""
    found: dict[str, float] = {}
    times = result.get("times")
    for name, value in {**(times if isinstance(times, Mapping) else {}), **result}.items():
        if name in MARKS and isinstance(value, (int, float)) and not isinstance(value, bool):
            found[name] = round(float(value), 4)
    readings = result.get("readings")
    for number, reading in enumerate(readings if isinstance(readings, list) else [], start=1):
        moment = _moment(reading.get("at")) if isinstance(reading, Mapping) else None
        if moment is not None:
            found[f"read_{number}"] = moment
    return found


def _moment(text: Any) -> float | None:
    try:
        return round(datetime.fromisoformat(str(text)).timestamp(), 4)
    except ValueError:
        return None


def parse(text: str) -> list[Task]:
    """Read a trace.jsonl in the order of time; lines that cannot be read are left out."""
    found = []
    for line in text.splitlines():
        try:
            data = json.loads(line)
            if data["state"] == "skipped":
                continue
            found.append(
                Task(
                    phase=str(data["phase"]),
                    step=str(data["step"]),
                    title=str(data["task"]),
                    host=str(data["host"]),
                    started=float(data["started"]),
                    ended=float(data["ended"]),
                    marks={str(name): float(at) for name, at in data.get("marks", {}).items()},
                )
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return sorted(found, key=lambda task: (task.started, task.ended))


def spans(
    tasks: Iterable[Task], begin: float, end: float, gap: Gap | None, acks: Sequence[Ack] = ()
) -> list[Span]:
    """The spans of a phase, without holes, each cut where the outage begins and ends.

    :param begin: when the phase began; tasks that began between it and ``end`` are of it.
    :param acks: in order; the one that ended the outage says which database the application found.
    """
    found: list[Span] = []
    # The hosts of one task work at the same time: the path goes on where the slowest of them ended.
    until = begin
    for task in _unfolded(tasks):
        if not begin - LEAST_S <= task.started < end or task.ended - until < LEAST_S:
            continue
        started = max(task.started, until)
        if started - until >= LEAST_S:
            found.append(Span(task.title, BETWEEN, "", until, started))
        found += _parts(task, started)
        until = task.ended
    found = [piece for span in found for piece in _cut(span, gap)]
    return _with_client(found, gap, acks)


def _unfolded(tasks: Iterable[Task]) -> list[Task]:
    """A promotion that waited for its proof works while the control node is on its way to ask for the result.

    From where it had the proof (``handed``) to where writes were open it is the path, not whoever asks.
    """
    found: list[Task] = []
    for task in tasks:
        handed, opened = task.marks.get("handed"), task.marks.get("writable")
        if handed is None or opened is None or not found or handed >= task.started:
            found.append(task)
            continue
        found = _without(found, handed, opened)
        giver = found[-1] if found else task
        for place, one in enumerate(found):
            if one.ended == handed:
                giver = one
                found[place] = replace(one, marks={**one.marks, "handed": handed})
        marks = {name: at for name, at in task.marks.items() if at > handed}
        found.append(replace(giver, host=task.host, started=handed, ended=opened, marks=marks))
        found.append(replace(task, started=max(task.started, opened), marks={}))
    return sorted(found, key=lambda one: one.started)


def _without(tasks: Iterable[Task], begin: float, end: float) -> list[Task]:
    """What is left of tasks when a stretch of time belongs to another one."""
    found = []
    for one in tasks:
        if one.started < begin:
            found.append(replace(one, ended=min(one.ended, begin)))
        elif one.ended > end:
            found.append(replace(one, started=max(one.started, end)))
    return found


def _parts(task: Task, started: float) -> list[Span]:
    """A task cut at the marks that lie in it; they are of another clock."""
    near = [
        (min(max(at, started), task.ended), name)
        for name, at in task.marks.items()
        if started - CLOCKS_S <= at <= task.ended + CLOCKS_S
    ]
    found = []
    since = started
    for at, name in sorted(near, key=lambda mark: mark[0]):
        if at - since >= LEAST_S:
            found.append(Span(task.title, name.partition("_")[0] if name.startswith("read_") else name,
                              task.host, since, at))  # fmt: skip
            since = at
    if task.ended - since >= LEAST_S or not found:
        found.append(Span(task.title, ANSWER if near else "", task.host, since, task.ended))
    return found


def _cut(span: Span, gap: Gap | None) -> list[Span]:
    if gap is None:
        return [span]
    edges = [span.started, *(at for at in (gap.start, gap.end) if span.started < at < span.ended), span.ended]
    return [
        Span(span.title, span.part, span.host, one, two, gap.start <= (one + two) / 2 <= gap.end)
        for one, two in zip(edges, edges[1:], strict=False)
    ]


def _with_client(found: list[Span], gap: Gap | None, acks: Sequence[Ack]) -> list[Span]:
    """Nobody waits for the runbook from where the database accepts writes (or the address has moved, if that
    comes later) to the first acknowledgement, but for the application."""
    if gap is None:
        return found
    opened = [span.ended for span in found if span.part in _OPENING and gap.start < span.ended < gap.end]
    if not opened:
        return found
    place = bisect_left([ack.acked for ack in acks], gap.end)
    host = acks[place].database if place < len(acks) else ""
    path = [span for span in found if span.ended <= opened[-1] or span.started >= gap.end - LEAST_S]
    path.append(Span("", CLIENT, host, opened[-1], gap.end, True))
    return sorted(path, key=lambda span: span.started)


def as_data(found: Iterable[Span]) -> list[dict[str, Any]]:
    """As report.json has it."""
    return [
        {**asdict(span), "started": round(span.started, 4), "ended": round(span.ended, 4)} for span in found
    ]
