# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a trial came to: figures from the logs, and what speaks against the ledger. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill import loss, outage, writers
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.logs import (
    ClientLog,
    ProbeLog,
    Written,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal import chain


@dataclass(frozen=True)
class Figures:
    """None is what is not known."""

    acknowledged: int
    lost: int | None
    two_writers: bool | None
    outage_s: float | None
    rto_s: float | None
    moves: int


def figures(
    client: ClientLog,
    probes: Sequence[ProbeLog],
    surviving: Collection[str] | None,
    span: tuple[float, float],
    approved: float | None,
) -> Figures:
    """The figures of a trial.

    :param span: wall clock, from the moment of the fault until the operator was done; the outage is the
        longest gap in it. Losses and writers are judged over the whole of the logs.
    :param approved: when the first failover was approved; the RTO counts from there.
    """
    times = [ack.acked for ack in client.acks]
    gap = outage.outage(times, *span).gap
    rto = None
    if approved is not None:
        after = outage.outage(times, approved, max(span[1], approved)).gap
        rto = None if after is None else after.end - approved
    missing = None
    if surviving is not None and times:
        (missing,) = loss.lost(loss.share(client.acks, [times[-1]]), loss.Surviving(frozenset(surviving)))
    merged = merge(probes)
    two = writers.judge([merged] if merged else [], *((times[0], times[-1]) if times else span))
    return Figures(
        acknowledged=len({ack.report_id for ack in client.acks}),
        lost=None if missing is None else len(missing),
        two_writers=two.found,
        outage_s=None if gap is None else round(gap.seconds, 3),
        rto_s=None if rto is None else round(rto, 3),
        moves=moves(merged.writes) if merged else 0,
    )


def merge(probes: Sequence[ProbeLog]) -> ProbeLog | None:
    """The probes of both centres as one that saw everything.

    A twin's machines share one clock, so their logs may be laid over each other; and what the probe of a
    centre that is cut off saw there nobody else can tell.
    """
    if not probes:
        return None
    tried: dict[str, list[float]] = {}
    for probe in probes:
        for node, moments in probe.tried.items():
            tried[node] = sorted([*tried.get(node, []), *moments])
    return ProbeLog(
        host="+".join(probe.host for probe in probes),
        nodes=tuple(sorted({node for probe in probes for node in probe.nodes})),
        writes=sorted((w for p in probes for w in p.writes), key=lambda w: (w.started, w.ended)),
        tried=tried,
        damaged=sum(probe.damaged for probe in probes),
    )


def moves(writes: Sequence[Written]) -> int:
    """How often the database that accepts writes became another one."""
    nodes = [write.node for write in writes]
    return sum(before != after for before, after in zip(nodes, nodes[1:], strict=False))


def ledger_problems(journals: Mapping[str, str], originals: Mapping[str, str]) -> list[str]:
    """What is wrong with the journals of a trial's runs, one sentence each.

    :param journals: the text of each, by run.
    :param originals: what the restore policies were before the trial, by host: what the ledger has to hold.
    """
    found = []
    for run, text in journals.items():
        judged = chain.judge(text)
        found += [f"{run}: {problem}" for problem in judged.problems]
        for entry in judged.entries:
            host = str(entry.get("name", "")).removeprefix("restore_policy_")
            if entry["kind"] != "note" or host not in originals:
                continue
            written = (entry.get("data") or {}).get("policy")
            if written != originals[host]:
                found.append(f"{run}: the original policy of {host} is {originals[host]}, noted is {written}")
        found += _unnoted(run, judged.entries, originals)
    return found


def _unnoted(run: str, entries: Sequence[Mapping[str, Any]], originals: Mapping[str, str]) -> list[str]:
    """A failover that proved by the BMC has set its policy, and has to know what it was before."""
    noted = {str(entry.get("name", "")).removeprefix("restore_policy_") for entry in entries}
    proved = any(entry["kind"] == "proof" and entry.get("method") == "bmc" for entry in entries)
    missing = proved and not noted & set(originals)
    return [f"{run}: proved by the BMC, and no original restore policy is noted"] if missing else []


def once_problems(promotions: int | None, moved: int, switched: Mapping[str, Sequence[str]]) -> list[str]:
    """What was done more than once.

    :param promotions: how many timelines were begun.
    :param moved: how often the writer changed, as the probes saw it.
    :param switched: the ``off`` and ``on`` of each watched server, in order.
    """
    found = []
    if promotions is not None and promotions > moved:
        found.append(f"{promotions} timelines were begun for {moved} moves of the writer")
    for host, states in switched.items():
        found += [
            f"{host} was switched {s} {states.count(s)} times" for s in ("off", "on") if states.count(s) > 1
        ]
    return found


def approvals_at(journals: Mapping[str, str], name: str) -> float | None:
    """When the first approval of that name was written."""
    moments = [
        float(entry["at"])
        for text in journals.values()
        for entry in chain.judge(text).entries
        if entry["kind"] == "approval" and entry.get("name") == name
    ]
    return min(moments, default=None)
