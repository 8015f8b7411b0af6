# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Did two databases accept writes? From what the probe got accepted, straight at both. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.logs import ProbeLog, Written

#: A node that was not asked for longer than this may have accepted writes unseen.
BLIND_S = 2.0


@dataclass(frozen=True)
class Writers:
    """``found`` is True, False, or None when it is not known; ``why`` is a sentence."""

    found: bool | None
    why: str
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
            older, newer = pair
            how = "while" if newer.started < older.ended else "after"
            return Writers(
                True,
                f"{newer.node} accepted a write on timeline {newer.timeline} {how} {older.node} accepted one "
                f"on timeline {older.timeline}",
                total,
            )
    if not logs:
        return Writers(None, "no probe tried to write to the databases")
    reasons = [blind(log, begin, end) for log in logs]
    if all(reasons):
        return Writers(None, str(reasons[0]), total)
    return Writers(
        False, f"{total} writes of the probe were accepted, never by two databases at a time", total
    )


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


def blind(log: ProbeLog, begin: float, end: float) -> str | None:
    """Why the probe's silence proves nothing; None when it asked every node all the time."""
    if log.damaged:
        return f"{log.damaged} lines of the probe's log on {log.host} cannot be read"
    if len(log.nodes) < 2:
        return f"the probe on {log.host} asked fewer than two databases"
    for node in log.nodes:
        moments = [m for m in log.tried.get(node, []) if begin - BLIND_S <= m <= end + BLIND_S]
        for before, after in zip([begin, *moments], [*moments, end], strict=True):
            if after - before > BLIND_S:
                return f"the probe on {log.host} did not ask {node} for {after - before:.1f} s"
    return None
