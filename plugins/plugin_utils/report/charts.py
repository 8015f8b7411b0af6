# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things stand in the report's drawings. Pure geometry; the templates put it into SVG."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, Mapping, Sequence

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.outage import bins

WIDTH = 1000.0
LEFT, RIGHT = 52.0, 12.0
#: The finest bin, and how many fit a drawing before they are made wider.
BIN_S, MOST_BINS = 0.1, 1500


@dataclass(frozen=True)
class Span:
    """A stretch of time on a drawing."""

    begin: float
    end: float
    left: float = LEFT
    right: float = WIDTH - RIGHT

    def x(self, moment: float) -> float:
        inside = min(max(moment, self.begin), self.end)
        return round(
            self.left + (inside - self.begin) / (self.end - self.begin) * (self.right - self.left), 2
        )

    def ticks(self) -> list[tuple[float, str]]:
        """Where the time axis is marked, in seconds since its begin."""
        step = nice((self.end - self.begin) / 9)
        count = int((self.end - self.begin) / step)
        digits = 1 if step < 1 else 0
        return [
            (self.x(self.begin + i * step), f"{i * step:.{digits}f}")
            for i in range(count + 1)
            if self.x(self.begin + i * step) < self.right - 30
        ]


def nice(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50, ... that is not below the value."""
    power = 1.0
    while power > value:
        power /= 10
    while power * 10 <= value:
        power *= 10
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= value)


@dataclass(frozen=True)
class Band:
    """Something that lasts: an outage, a phase."""

    x: float
    width: float
    label: str = ""
    kind: str = ""


@dataclass(frozen=True)
class ClientChart:
    """Acknowledgements upwards, retries downwards, one bin beside the other."""

    span: Span
    top: float
    base: float
    bottom: float
    acks: str
    retries: str
    bin_s: float
    most: int
    most_retries: int
    y_ticks: list[tuple[float, str]]
    outages: list[Band] = field(default_factory=list)
    phases: list[Band] = field(default_factory=list)
    approvals: list[float] = field(default_factory=list)

    @property
    def height(self) -> float:
        return self.bottom + 24


def client_chart(
    acks: Sequence[float], retries: Sequence[float], span: Span, phases: Sequence[Mapping[str, Any]]
) -> ClientChart:
    """What the county saw in a span of time.

    :param acks: moments, in order.
    :param phases: as in report.json; what lies in the span is drawn.
    """
    seconds = span.end - span.begin
    width = BIN_S
    while seconds / width > MOST_BINS:
        width *= 2
    # Whole bins only: a part of one would look like fewer acknowledgements.
    span = replace(span, end=span.begin + math.ceil(seconds / width) * width)
    up, down = bins(acks, span.begin, span.end, width), bins(retries, span.begin, span.end, width)
    most, most_retries = max([*up, 1]), max([*down, 1])
    top, base, bottom = 40.0, 180.0, 210.0
    step = nice(most / 3)
    marks = [
        (round(base - (base - top) * i * step / most, 2), f"{i * step:g}")
        for i in range(int(most / step) + 1)
    ]
    seen = [
        phase for phase in phases if phase["started"] < span.end and (phase["ended"] or span.end) > span.begin
    ]
    return ClientChart(
        span=span,
        top=top,
        base=base,
        bottom=bottom,
        acks=area(up, span, base, (base - top) / most),
        retries=area(down, span, base + 2, -(bottom - base - 4) / most_retries),
        bin_s=width,
        most=most,
        most_retries=max(down, default=0),
        y_ticks=marks,
        outages=[
            _band(span, phase["outage_from"], phase["outage_to"], f"{phase['outage_s']:.2f} s")
            for phase in seen
            if phase["outage_s"] is not None
        ],
        phases=[
            _band(span, phase["started"], phase["ended"] or span.end, str(phase["n"]), phase["kind"])
            for phase in seen
        ],
        approvals=[
            span.x(phase["approved_at"])
            for phase in seen
            if phase["approved_at"] and span.begin <= phase["approved_at"] <= span.end
        ],
    )


def _band(span: Span, begin: float, end: float, label: str, kind: str = "") -> Band:
    return Band(span.x(begin), round(max(1.5, span.x(end) - span.x(begin)), 2), label, kind)


def area(counts: Sequence[int], span: Span, base: float, scale: float) -> str:
    """The outline of a histogram as an SVG path; bins of equal height are one line."""
    width = (span.right - span.left) / len(counts)
    parts = [f"M{span.left:g} {base:g}"]
    before = 0
    for place, count in enumerate(counts):
        if count != before:
            parts.append(f"H{span.left + place * width:.1f}V{base - count * scale:.1f}")
            before = count
    parts.append(f"H{span.right:g}V{base:g}Z")
    return "".join(parts)


@dataclass(frozen=True)
class Bar:
    """One step on the plan of a phase."""

    n: int
    title: str
    x: float
    width: float
    y: float
    seconds: float
    state: str

    @property
    def label_left(self) -> bool:
        """Whether its seconds stand before it: behind it there is no room."""
        return self.x + self.width > WIDTH - 75


@dataclass(frozen=True)
class Gantt:
    """The steps of a phase under each other, over the time that they took."""

    span: Span
    bars: list[Bar]
    outage: Band | None
    approved: float | None
    row: float
    height: float


def gantt(phase: Mapping[str, Any]) -> Gantt:
    """The steps of a phase of report.json."""
    steps = phase["steps"]
    end = max([phase["ended"] or 0, phase["started"] + 0.1, *(step["ended"] for step in steps)])
    begin = phase["started"]
    if phase["outage_from"] is not None and begin - 60 < phase["outage_from"] < begin:
        # A disaster comes before the runbook; what lies further back would leave no room for the steps.
        begin = phase["outage_from"]
    span = Span(begin, end, left=390.0)
    row, top = 26.0, 10.0
    bars = [
        Bar(
            step["n"],
            step["title"],
            span.x(step["started"]),
            round(max(2.0, span.x(step["ended"]) - span.x(step["started"])), 2),
            top + row * place,
            step["ended"] - step["started"],
            state_of(step),
        )
        for place, step in enumerate(steps)
    ]
    known = phase["outage_s"] is not None
    outage = (
        _band(span, phase["outage_from"], phase["outage_to"], f"{phase['outage_s']:.2f} s") if known else None
    )
    approved = span.x(phase["approved_at"]) if phase["approved_at"] else None
    return Gantt(span, bars, outage, approved, row, top + row * len(steps) + 26)


def state_of(step: Mapping[str, Any]) -> str:
    """One word for a step: what is worst in it."""
    if step["superseded"]:
        return "superseded"
    if step["gate"] == "refuse" or step["verdict"] == "fail":
        return "bad"
    if step["gate"] == "approved":
        return "approved"
    return "good"
