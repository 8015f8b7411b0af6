# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report for programs that show tests: a case a step, and the judgements of the drill."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any, Mapping, Sequence

#: Reasons by the case that they make fail. Every code stands in exactly one of them.
JUDGEMENTS: dict[str, tuple[str, ...]] = {
    "the journal is whole": ("journal_broken", "world_unknown"),
    "everything was run to its end": ("no_phase", "phases_missing", "phase_open", "run_open"),
    "each phase was approved": ("not_approved",),
    "the client's log is complete": (
        "no_client",
        "client_damaged",
        "nothing_acknowledged",
    ),
    "the service was back within its target": (
        "outage_silent",
        "outage_early",
        "outage_over",
        "rto_over",
        "rto_unknown",
        "target_unknown",
    ),
    "no more was lost than promised": (
        "loss_unknown",
        "lost",
        "rpo_over",
        "rpo_unknown",
        "replication_unknown",
    ),
    "one database accepted writes at any time": (
        "writers_overlap",
        "writers_after",
        "probe_none",
        "probe_damaged",
        "probe_one",
        "probe_blind",
    ),
    "the old primary was fenced before the failover": ("no_fence", "fence_weak", "opened_before_proof"),
    "every gate and verify passed": ("gate_refused", "verify_failed"),
}


def junit(report: Mapping[str, Any]) -> str:
    """The report as JUnit XML."""
    root = ET.Element("testsuites", name=str(report["title"]))
    for phase in report["phases"]:
        _suite(
            root,
            f"{phase['n']} {phase['kind']}",
            [(step["title"], step["ended"] - step["started"], _against(step)) for step in phase["steps"]],
        )
    reasons = report["reasons"]
    _suite(
        root,
        "judgement",
        [
            (name, 0.0, [_sentence(r) for r in reasons if r["code"] in codes])
            for name, codes in JUDGEMENTS.items()
        ],
    )
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _sentence(reason: Mapping[str, Any]) -> str:
    where = f"phase {reason['phase']} ({reason['kind']}): " if reason["phase"] else ""
    return f"{where}{reason['text']}"


def _against(step: Mapping[str, Any]) -> list[str] | None:
    """What failed in a step; None when it was run again afterwards."""
    if step["superseded"]:
        return None
    found = ["the gate refused"] if step["gate"] == "refuse" else []
    return found + (["the effect was not there"] if step["verdict"] == "fail" else [])


def _suite(root: ET.Element, name: str, cases: Sequence[tuple[str, float, list[str] | None]]) -> None:
    failures = sum(bool(against) for _title, _seconds, against in cases)
    skipped = sum(against is None for _title, _seconds, against in cases)
    suite = ET.SubElement(
        root,
        "testsuite",
        name=name,
        tests=str(len(cases)),
        failures=str(failures),
        skipped=str(skipped),
        errors="0",
    )
    for number, (title, seconds, against) in enumerate(cases, start=1):
        case = ET.SubElement(
            suite, "testcase", classname=name, name=f"{number:02d} {title}", time=f"{seconds:.3f}"
        )
        if against is None:
            ET.SubElement(case, "skipped", message="the run broke here and was run again")
        elif against:
            ET.SubElement(case, "failure", message=against[0]).text = "\n".join(against)
