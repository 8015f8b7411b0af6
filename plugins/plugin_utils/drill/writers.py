# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Did two databases accept writes? From what the probe got accepted, straight at both. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.logs import ProbeLog, Written
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.reasons import Reason

#: A node that was not asked for longer than this may have accepted writes unseen.
BLIND_S = 2.0


@dataclass(frozen=True)
class Writers:
    """``found`` is True, False, or None when it is not known; ``reason`` tells why it is not False."""

    found: bool | None
    reason: Reason | None = None
    writes: int = 0


def judge(logs: Sequence[ProbeLog], begin: float, end: float) -> Writers:
    """Whether there were two writers between ``begin`` and ``end``.

    A pair that was seen counts however blind the probe was; that none was seen counts only when it
    looked all the time.
    """
    # Logs are judged one by one: the clocks of two hosts are not compared to milliseconds.
    total = sum(len(log.writes) for log in logs)
    for log in logs:
        pair = clash(log.writes)
        if pair:
            return Writers(True, _two(*pair), total)
    reasons = [blind(log, begin, end) for log in logs]
    if None in reasons:
        return Writers(False, None, total)
    return Writers(None, reasons[0] if reasons else Reason("probe_none"), total)


def _two(older: Written, newer: Written) -> Reason:
    figures = {
        "older": older.node,
        "older_timeline": older.timeline,
        "newer": newer.node,
        "newer_timeline": newer.timeline,
    }
    return Reason("writers_overlap" if newer.started < older.ended else "writers_after", figures=figures)


def clash(writes: Sequence[Written]) -> tuple[Written, Written] | None:
    """The first two accepted writes that one writer cannot have made.

    They are on different nodes, and overlap in time, or the later one is on no newer timeline: each
    promotion begins a newer one, so whoever writes on an older one was never told to stop.

    :param writes: in the order in which they were begun.
    """
    ended: dict[str, Written] = {}
    newest: dict[str, Written] = {}
    for write in writes:
        for node in ended:
            if node == write.node:
                continue
            if ended[node].ended > write.started:
                return ended[node], write
            if newest[node].timeline >= write.timeline:
                return newest[node], write
        if write.node not in ended or write.ended > ended[write.node].ended:
            ended[write.node] = write
        if write.node not in newest or write.timeline > newest[write.node].timeline:
            newest[write.node] = write
    return None


def blind(log: ProbeLog, begin: float, end: float) -> Reason | None:
    """Why the probe's silence proves nothing; None when it asked every node all the time."""
    if log.damaged:
        return Reason("probe_damaged", figures={"host": log.host, "count": log.damaged})
    if len(log.nodes) < 2:
        return Reason("probe_one", figures={"host": log.host})
    for node in log.nodes:
        moments = [m for m in log.tried.get(node, []) if begin - BLIND_S <= m <= end + BLIND_S]
        for before, after in zip([begin, *moments], [*moments, end], strict=True):
            if after - before > BLIND_S:
                figures = {"host": log.host, "node": node, "value": after - before}
                return Reason("probe_blind", figures=figures)
    return None
