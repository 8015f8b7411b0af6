# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel 'critical path': the spans of ``phases[].trace`` that somebody waited for. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.trace import (
    ANSWER,
    BETWEEN,
    CLIENT,
    LEAST_S,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.charts import WIDTH, Span

#: A window is drawn as it is up to so many rows; the shortest spans of a longer one are left out and counted.
MOST_ROWS = 40
ROW, TOP, LEFT = 22.0, 8.0, 470.0
#: Whose time a part is: the word that the sums are made by.
WHOSE = {
    BETWEEN: "engine", CLIENT: "client", ANSWER: "way", "started": "way", "stopped": "database",
    "checkpointed": "database", "writable": "database", "promote_sent": "database", "handed": "way",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One span on the panel.

    :param first: whether it is the first of its task, whose name then stands before it.
    """

    title: str
    part: str
    host: str
    whose: str
    first: bool
    y: float
    x: float
    width: float
    seconds: float

    @property
    def label_left(self) -> bool:
        """Whether its seconds stand before it: behind it there is no room."""
        return self.x + self.width > WIDTH - 75


@dataclass(frozen=True)
class Path:
    """The panel of one phase.

    :param of: ``failover`` or ``planned``: what is waited for.
    :param sums: whose time it was, in seconds, the most first.
    """

    of: str
    seconds: float
    span: Span
    rows: list[Row]
    sums: list[tuple[str, float]]
    row: float
    height: float


def critical_path(part: Mapping[str, Any]) -> Path | None:
    """The panel of a phase of report.json; None when there is no trace, or nobody was kept waiting."""
    begin, end = part["outage_from"], part["outage_to"]
    failover = part["kind"] == "failover"
    if failover and part["approved_at"] is not None and begin is not None:
        # What was lost before the approval is the disaster's, and the deciding people's.
        begin = max(begin, part["approved_at"])
    spans = [
        {**one, "started": max(one["started"], begin), "ended": min(one["ended"], end)}
        for one in part.get("trace", [])
        if begin is not None
        and end is not None
        and one["started"] < end - LEAST_S
        and one["ended"] > begin + LEAST_S
    ]
    if not spans:
        return None
    sums: dict[str, float] = {}
    for one in spans:
        whose = whose_of(one["part"])
        sums[whose] = sums.get(whose, 0.0) + one["ended"] - one["started"]
    drawn = Span(begin, end, left=LEFT)
    longest = sorted(spans, key=lambda one: one["started"] - one["ended"])[:MOST_ROWS]
    rows = _rows([one for one in spans if one in longest], drawn)
    return Path(
        of="failover" if failover else "planned",
        seconds=end - begin,
        span=drawn,
        rows=rows,
        sums=sorted(sums.items(), key=lambda item: -item[1]),
        row=ROW,
        height=TOP + ROW * len(rows) + 26,
    )


def whose_of(part: str) -> str:
    """Whose time a part of a task is."""
    return WHOSE.get(part, "device")


def _rows(spans: list[dict[str, Any]], drawn: Span) -> list[Row]:
    rows: list[Row] = []
    before = ""
    for place, one in enumerate(spans):
        x, until = drawn.x(one["started"]), drawn.x(one["ended"])
        # The way to a task has no name of its own.
        title = (
            "" if one["part"] in (BETWEEN, CLIENT) else str(one["title"]).partition(" | ")[2] or one["title"]
        )
        rows.append(
            Row(
                title=title,
                part=one["part"],
                host=one["host"],
                whose=whose_of(one["part"]),
                first=bool(title) and title != before,
                y=TOP + ROW * place,
                x=x,
                width=round(max(1.5, until - x), 2),
                seconds=one["ended"] - one["started"],
            )
        )
        before = title or before
    return rows
