# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judgement: evidence in, the report's figures and a verdict with its reasons out. Pure.

What is not known is null, and a null is a reason against.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill import loss, measures, trace, writers
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.evidence import Evidence
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.fence import judge_fence
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.logs import Ack
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.outage import Outage
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.phases import (
    Entry,
    Phase,
    phases,
    steps,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.reasons import Reason
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.story import story

SCHEMA = 1
#: A drill is all of them; a run by itself is one.
DRILL_KINDS = ("switchover", "failover", "failback")


@dataclass(frozen=True)
class Measured:
    """One phase with what was measured of it."""

    phase: Phase
    place: int
    end: float
    outage: Outage
    rto_s: float | None
    acks: Sequence[Ack]
    lost: Sequence[Ack] | None
    rpo_s: float | None

    @property
    def outage_s(self) -> float | None:
        return self.outage.gap.seconds if self.outage.gap else None


def judge(evidence: Evidence) -> dict[str, Any]:
    """The report as data: schema 1 of docs/make-targets.md, and what the page shows besides."""
    entries = evidence.entries
    found = measure(evidence)
    run = next((e for e in entries if e["kind"] == "run" and e["state"] == "opened"), {})
    span = (found[0].phase.begun, found[-1].end) if found else (0.0, 0.0)
    two = writers.judge(evidence.probes, *span)
    reasons = _whole(evidence, run, [m.phase for m in found]) + ([two.reason] if two.reason else [])
    parts = []
    for measured in found:
        against = _phase_reasons(measured, evidence)
        reasons += against
        parts.append(_phase(measured, evidence, against))
    return {
        "schema": SCHEMA,
        "plan": run.get("plan", {"name": "", "digest": ""}),
        "world": run.get("world"),
        "started": entries[0]["at"] if entries else None,
        "ended": entries[-1]["at"] if entries else None,
        **{key: run.get(key) for key in ("run", "runbook", "service", "from", "to", "twin_id", "operator")},
        "versions": run.get("versions", {}),
        "phases": parts,
        "room": story(entries),
        "acknowledged": len({a.report_id for c in evidence.clients for a in c.acks})
        if evidence.clients
        else None,
        "lost_acknowledged": _sum([part["lost_acknowledged"] for part in parts]),
        "two_writers": two.found,
        "probe_writes": two.writes,
        "clients": [_client(client) for client in evidence.clients],
        "journal": {
            "lines": evidence.journal.seal.lines,
            "head": evidence.journal.seal.head,
            "verified": not evidence.problems and bool(entries),
            "torn": evidence.journal.torn,
            "problems": list(evidence.problems),
        },
        "verdict": "fail" if reasons else "pass",
        "reasons": [reason.as_dict() for reason in reasons],
    }


def measure(evidence: Evidence) -> list[Measured]:
    """Every phase's figures from the clients' logs."""
    found = phases(evidence.entries)
    last = float(evidence.entries[-1]["at"]) if found else 0.0
    ends = [float(phase.ends["at"]) if phase.ends else last for phase in found]
    acks = sorted((ack for client in evidence.clients for ack in client.acks), key=lambda ack: ack.acked)
    shares = loss.share(acks, ends)
    missing: list[list[Ack] | None] = (
        loss.lost(shares, evidence.surviving) if evidence.clients else [None] * len(found)
    )
    measured = []
    for place, phase in enumerate(found):
        worst = measures.worst_outage(evidence.clients, phase.begun, ends[place])
        measured.append(
            Measured(
                phase=phase,
                place=place + 1,
                end=ends[place],
                outage=worst,
                rto_s=measures.rto_s(evidence.clients, phase, ends[place]),
                acks=shares[place],
                lost=missing[place],
                rpo_s=loss.rpo_s(missing[place], worst.gap),
            )
        )
    return measured


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


# Reasons


def _whole(evidence: Evidence, run: Mapping[str, Any], found: Sequence[Phase]) -> list[Reason]:
    """Against the drill as a whole."""
    reasons = []
    entries = evidence.entries
    if evidence.problems:
        reasons.append(Reason("journal_broken", figures={"cause": "; ".join(evidence.problems)}))
    if run.get("world") not in ("twin", "estate"):
        reasons.append(Reason("world_unknown"))
    states = [entry["state"] for entry in entries if entry["kind"] == "run"]
    if not states or states[-1] != "ended":
        reasons.append(Reason("run_open"))
    if not found:
        reasons.append(Reason("no_phase"))
    absent = [kind for kind in DRILL_KINDS if kind not in {phase.kind for phase in found}]
    if run.get("runbook") == "drill" and found and absent:
        reasons.append(Reason("phases_missing", figures={"kinds": ", ".join(absent)}))
    if not evidence.clients:
        reasons.append(Reason("no_client"))
    elif not any(client.acks for client in evidence.clients):
        reasons.append(Reason("nothing_acknowledged"))
    for client in evidence.clients:
        if client.damaged:
            reasons.append(Reason("client_damaged", figures={"count": client.damaged, "host": client.host}))
    return reasons


def _phase_reasons(measured: Measured, evidence: Evidence) -> list[Reason]:
    """Against one phase."""
    phase = measured.phase

    def reason(code: str, **figures: Any) -> Reason:
        return Reason(code, measured.place, phase.kind, figures)

    codes: list[tuple[str, dict[str, Any]]] = []
    if phase.ends is None:
        codes.append(("phase_open", {}))
    codes += _steps_against(phase)
    if phase.approval is None:
        codes.append(("not_approved", {}))
    codes += _time_against(measured)
    if evidence.clients:
        codes += _loss_against(measured)
    if phase.kind == "failover":
        codes += judge_fence(phase, measured.outage.gap)
    return [reason(code, **figures) for code, figures in codes]


Against = list[tuple[str, dict[str, Any]]]


def _steps_against(phase: Phase) -> Against:
    found: Against = []
    for step in steps(phase):
        if not step.superseded and step.gate == "refuse":
            found.append(("gate_refused", {"step": step.title}))
        if not step.superseded and step.verdict == "fail":
            found.append(("verify_failed", {"step": step.title}))
    return found


def _time_against(measured: Measured) -> Against:
    """A planned move is judged by the outage, for the service works until it begins; a failover by the
    time since it was approved: what was lost before is the disaster's."""
    target = measured.phase.begins.get("rto_target_s")
    found: Against = []
    if measured.outage.why in ("silent", "early"):
        found.append((f"outage_{measured.outage.why}", {}))
    if target is None:
        return [*found, ("target_unknown", {"target": "RTO"})]
    if measured.phase.kind != "failover":
        if measured.outage_s is not None and measured.outage_s > target:
            found.append(("outage_over", {"value": measured.outage_s, "target": target}))
    elif measured.rto_s is None:
        found.append(("rto_unknown", {}))
    elif measured.rto_s > target:
        found.append(("rto_over", {"value": measured.rto_s, "target": target}))
    return found


def _loss_against(measured: Measured) -> Against:
    """Nothing may be lost, but by a failover whose commits did not wait for the other centre."""
    if measured.lost is None:
        return [("loss_unknown", {})]
    replication = measured.phase.begins.get("replication")
    if measured.phase.kind != "failover" or replication == "sync":
        return [("lost", {"count": len(measured.lost)})] if measured.lost else []
    target = measured.phase.begins.get("rpo_target_s")
    if replication != "async":
        return [("replication_unknown", {})]
    if target is None:
        return [("target_unknown", {"target": "RPO"})]
    if measured.rpo_s is None:
        return [("rpo_unknown", {})]
    if measured.rpo_s > target:
        return [("rpo_over", {"value": measured.rpo_s, "target": target})]
    return []


# Parts of the report


def _phase(measured: Measured, evidence: Evidence, against: Sequence[Reason]) -> dict[str, Any]:
    phase, begins = measured.phase, measured.phase.begins
    gap = measured.outage.gap
    done = steps(phase)
    return {
        "n": measured.place,
        "kind": phase.kind,
        "trigger": begins.get("trigger"),
        "started": phase.begun,
        "ended": float(phase.ends["at"]) if phase.ends else None,
        "approved_at": phase.approval["at"] if phase.approval else None,
        "outage_s": _rounded(measured.outage_s),
        "outage_from": gap.start if gap else None,
        "outage_to": gap.end if gap else None,
        "outage_worst_connection_s": _rounded(
            measures.worst_connection(evidence.clients, phase.begun, measured.end)
        ),
        "rto_s": _rounded(measured.rto_s),
        "rto_target_s": begins.get("rto_target_s"),
        "rto_judged_by": "rto_s" if phase.kind == "failover" else "outage_s",
        "rpo_s": _rounded(measured.rpo_s),
        "rpo_target_s": begins.get("rpo_target_s"),
        "acknowledged": len(measured.acks) if evidence.clients else None,
        "lost_acknowledged": None if measured.lost is None else len(measured.lost),
        "replication": begins.get("replication"),
        "fence": _fence(phase.proof),
        "proof": _proof(phase.proof),
        "steps": [
            {
                "n": number,
                "of": len(done),
                "title": step.title,
                "gate": step.gate,
                "verdict": step.verdict,
                "started": step.started,
                "ended": step.ended,
                "superseded": step.superseded,
            }
            for number, step in enumerate(done, start=1)
        ],
        "trace": trace.as_data(trace.spans(evidence.tasks, phase.begun, measured.end, gap, measured.acks)),
        # What nobody measured is a reason against the drill as a whole, and no phase passes on it.
        "verdict": "fail" if against or None in (measured.outage_s, measured.lost) else "pass",
    }


def _fence(proof: Entry | None) -> dict[str, Any] | None:
    """A shutdown is no fence: the old primary took part in it."""
    if proof is None or proof["method"] == "shutdown":
        return None
    return {"method": proof["method"], "device": proof["device"], "readings": proof["readings"]}


def _proof(proof: Entry | None) -> dict[str, Any] | None:
    if proof is None:
        return None
    return {key: proof.get(key) for key in ("at", "method", "device", "readings", "data")}


def _client(client: Any) -> dict[str, Any]:
    return {
        "host": client.host,
        "acknowledged": len(client.acks),
        "retries": len(client.retries),
        "pending": client.pending,
        "connections": client.settings.get("connections"),
        "rate": client.settings.get("rate"),
        "damaged": client.damaged,
    }


def _rounded(value: float | None) -> float | None:
    """Milliseconds are what the clocks of a drill give."""
    return None if value is None else round(value, 3)
