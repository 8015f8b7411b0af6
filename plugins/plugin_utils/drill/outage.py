# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the service was out, from the moments at which it acknowledged. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Iterable, Sequence

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.logs import Ack


@dataclass(frozen=True)
class Gap:
    """From the last acknowledgement before to the first one after."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Outage:
    """The longest gap that touches a span of time, or why it is not known.

    :param why: ``silent``: nothing was acknowledged any more; ``early``: nothing was acknowledged before;
        ``none``: there are no acknowledgements.
    """

    gap: Gap | None
    why: str = ""


def gaps(times: Sequence[float], begin: float, end: float) -> list[Gap]:
    """Every gap between two acknowledgements that touches the span from ``begin`` to ``end``.

    :param times: in order.
    """
    first = max(0, bisect_right(times, begin) - 1)
    last = min(len(times), bisect_left(times, end) + 1)
    return [Gap(times[i], times[i + 1]) for i in range(first, last - 1)]


def outage(times: Sequence[float], begin: float, end: float) -> Outage:
    """The service's outage in a span.

    A gap whose begin or end was not seen is longer than it looks. When such a one is the longest, the
    outage is not known.
    """
    if not times:
        return Outage(None, "none")
    seen = gaps(times, begin, end)
    longest = max(seen, key=lambda gap: gap.seconds, default=None)
    known = longest.seconds if longest else 0.0
    if end - times[-1] > known:
        return Outage(None, "silent")
    if times[0] - begin > known:
        return Outage(None, "early")
    return Outage(longest)


def worst_connection(acks: Iterable[Ack], begin: float, end: float) -> float | None:
    """The longest that one connection alone had to wait; None when one of them never came back."""
    by_connection: dict[int, list[float]] = {}
    for ack in acks:
        by_connection.setdefault(ack.connection, []).append(ack.acked)
    found = [outage(times, begin, end).gap for times in by_connection.values()]
    waits = [gap.seconds for gap in found if gap is not None]
    return max(waits) if waits and len(waits) == len(found) else None


def bins(times: Sequence[float], begin: float, end: float, width: float) -> list[int]:
    """How many fall into each bin of ``width`` seconds."""
    counts = [0] * max(1, round((end - begin) / width))
    for moment in times[bisect_left(times, begin) : bisect_left(times, end)]:
        counts[min(int((moment - begin) / width), len(counts) - 1)] += 1
    return counts
