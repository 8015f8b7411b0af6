# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel that shows a run beside the last ones of its kind. Pure geometry; the template puts it into SVG.

A drill's phases are compared each with its like: the first switchover with the first of each run before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import Any, Mapping, Sequence

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.charts import nice

WIDTH, LEFT, RIGHT, TOP, BASE = 480.0, 42.0, 96.0, 22.0, 118.0
#: A target is drawn as a line when it is at most this many times the greatest value; else it is only named.
_IN_SIGHT = 2.0

Run = Mapping[str, Any]


@dataclass(frozen=True)
class Bar:
    """One run's figure.

    :param height: 0 when it is not known.
    :param state: ``good``, ``bad``, or ``unknown``.
    :param current: whether it is the run that the page is about.
    """

    x: float
    y: float
    width: float
    height: float
    state: str
    current: bool
    seconds: float | None
    started: float
    lost: int | None

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


@dataclass(frozen=True)
class Trend:
    """One figure of one phase over the runs, this one last.

    :param measure: ``outage`` or ``rto``: what a phase of this kind is judged by.
    :param target_y: None when the target lies far above all of it.
    :param median: of the runs before, in seconds.
    """

    kind: str
    number: int
    measure: str
    bars: list[Bar]
    ticks: list[tuple[float, str]]
    target_s: float | None
    target_y: float | None
    median: float | None
    median_y: float | None

    @property
    def now(self) -> float | None:
        return self.bars[-1].seconds

    @property
    def change(self) -> float | None:
        """This run against the median of those before, as a part of it: 0.1 is ten in a hundred more."""
        if self.now is None or not self.median:
            return None
        return self.now / self.median - 1


@dataclass(frozen=True)
class Row:
    """One run in the table."""

    run: Run
    current: bool
    planned_outage_s: float | None
    rto_s: float | None
    other_plan: bool


@dataclass(frozen=True)
class Panel:
    """All of it.

    :param left_out: how many records are there that cannot be trusted.
    """

    trends: list[Trend]
    rows: list[Row]
    left_out: int


def panel(report: Run) -> Panel | None:
    """From a report.json; None when it names no runs to stand beside."""
    found = report.get("history") or {"runs": [], "left_out": 0}
    runs = [*found["runs"], report]
    if len(runs) == 1 and not found["left_out"]:
        return None
    return Panel(
        [_trend(runs, key) for key in phase_keys(report)] if len(runs) > 1 else [],
        [_row(run, report) for run in reversed(runs)],
        int(found["left_out"]),
    )


def phase_keys(run: Run) -> list[tuple[str, int]]:
    """Each phase as its kind and which one of that kind it is in the run."""
    seen: dict[str, int] = {}
    keys = []
    for phase in run["phases"]:
        seen[phase["kind"]] = seen.get(phase["kind"], 0) + 1
        keys.append((str(phase["kind"]), seen[phase["kind"]]))
    return keys


def _phase(run: Run, key: tuple[str, int]) -> Run | None:
    return dict(zip(phase_keys(run), run["phases"], strict=True)).get(key)


def _trend(runs: Sequence[Run], key: tuple[str, int]) -> Trend:
    measure = "rto" if key[0] == "failover" else "outage"
    phases = [_phase(run, key) for run in runs]
    values = [phase[f"{measure}_s"] if phase else None for phase in phases]
    known = [value for value in values if value is not None]
    target = phases[-1]["rto_target_s"] if phases[-1] else None
    most = max([*known, 0.1])
    in_sight = target is not None and target <= most * _IN_SIGHT
    step = nice(max(most, target if in_sight and target else 0) / 3)
    top = math.ceil(max(most, target if in_sight and target else 0) / step) * step

    def y(value: float) -> float:
        return round(BASE - (BASE - TOP) * value / top, 2)

    slot = (WIDTH - LEFT - RIGHT) / len(runs)
    bars = [
        Bar(
            x=round(LEFT + slot * (place + 0.15), 2),
            y=BASE if value is None else min(y(value), BASE - 1.5),
            width=round(slot * 0.7, 2),
            height=0.0 if value is None else max(1.5, round(BASE - y(value), 2)),
            state="unknown"
            if value is None or phase is None
            else "good"
            if phase["verdict"] == "pass"
            else "bad",
            current=place == len(runs) - 1,
            seconds=value,
            started=float(run["started"] or 0),
            lost=phase["lost_acknowledged"] if phase else None,
        )
        for place, (run, phase, value) in enumerate(zip(runs, phases, values, strict=True))
    ]
    earlier = [value for value in values[:-1] if value is not None]
    middle = median(earlier) if earlier else None
    return Trend(
        kind=key[0],
        number=key[1],
        measure=measure,
        bars=bars,
        ticks=[(y(step * i), f"{step * i:g}") for i in range(int(round(top / step)) + 1)],
        target_s=target,
        target_y=y(target) if in_sight and target else None,
        median=middle,
        median_y=None if middle is None else y(middle),
    )


def _row(run: Run, report: Run) -> Row:
    planned = [phase["outage_s"] for phase in run["phases"] if phase["kind"] != "failover"]
    failovers = [phase["rto_s"] for phase in run["phases"] if phase["kind"] == "failover"]
    return Row(run, run is report, _worst(planned), _worst(failovers), run["plan"] != report["plan"])


def _worst(values: Sequence[float | None]) -> float | None:
    """The greatest; None when there is none, or one of them is not known."""
    return max([value for value in values if value is not None], default=None) if None not in values else None
