# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a run's directory: everything a report is made from, and nothing else."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.logs import (
    ClientLog,
    ProbeLog,
    parse_client,
    parse_probe,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.loss import Surviving
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.trace import NAME as TRACE
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.trace import Task
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.trace import parse as parse_trace
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal import chain
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal.file import NAME

#: surviving-<n>-<kind>.txt: the ids that the surviving database held after the n-th phase.
_AFTER = re.compile(r"surviving-(\d+)-[a-z]+\.txt")
#: Where a report leaves the journal's seal.
REPORT = "report.json"


#: What a line must have to be understood, by its kind; besides what every line has.
_EVERY = {"at", "kind", "step", "task"}
_FIELDS = {
    "run": {"state"},
    "phase": {"state", "phase"},
    "gate": {"verdict", "readings"},
    "verify": {"verdict", "readings"},
    "approval": {"name", "risk", "operator", "expires_at"},
    "attestation": {"name", "statement", "risk", "operator", "expires_at"},
    "answer": {"name", "data"},
    "proof": {"method", "device", "readings", "data"},
}


@dataclass(frozen=True)
class Evidence:
    """What was found in a run's directory.

    :param entries: the journal's lines that can be understood.
    :param problems: what speaks against the journal.
    """

    journal: chain.Judgement
    entries: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    clients: list[ClientLog] = field(default_factory=list)
    probes: list[ProbeLog] = field(default_factory=list)
    surviving: Surviving = field(default_factory=Surviving)
    tasks: list[Task] = field(default_factory=list)


def read(directory: Path) -> Evidence:
    """Read the evidence of a run.

    :raises DatacenterError: when there is no journal: without it there is no run to report.
    """
    path = directory / NAME
    try:
        journal = chain.judge(chain.text_of(path.read_bytes()), _seal(directory / REPORT))
        entries = [entry for entry in journal.entries if _understood(entry)]
        problems = list(journal.problems)
        if len(entries) < len(journal.entries):
            problems.append(f"{len(journal.entries) - len(entries)} lines are not as docs/journal.md says")
        return Evidence(
            journal=journal,
            entries=entries,
            problems=problems,
            clients=[parse_client(host, text) for host, text in _logs(directory, "report_client")],
            probes=[parse_probe(host, text) for host, text in _logs(directory, "write_probe")],
            surviving=_surviving(directory),
            tasks=parse_trace(_text(directory / TRACE)),
        )
    except FileNotFoundError as error:
        raise DatacenterError(
            "there is no run to report",
            device=str(directory),
            cause=f"{NAME} is not there",
            next_step="give the directory of a run (dr_run_directory)",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise DatacenterError(
            "the evidence cannot be read", device=str(directory), cause=str(error)
        ) from error


def _understood(entry: dict[str, Any]) -> bool:
    return _EVERY | _FIELDS.get(str(entry.get("kind")), set()) <= entry.keys()


def _text(path: Path) -> str:
    """What a file holds, nothing when it is not there: the trace is no evidence, only an explanation."""
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _logs(directory: Path, program: str) -> list[tuple[str, str]]:
    return [
        (path.stem.removeprefix(f"{program}-"), path.read_text(encoding="utf-8", errors="replace"))
        for path in sorted(directory.glob(f"{program}-*.jsonl"))
    ]


def _seal(report: Path) -> chain.Seal | None:
    """What an earlier report kept of the journal: a line that was there then is there now."""
    try:
        kept = json.loads(report.read_text(encoding="utf-8"))["journal"]
        return chain.Seal(int(kept["lines"]), str(kept["head"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _ids(path: Path) -> frozenset[str]:
    return frozenset(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())


def _surviving(directory: Path) -> Surviving:
    after: dict[int, frozenset[str]] = {}
    for path in sorted(directory.glob("surviving-*.txt")):
        match = _AFTER.fullmatch(path.name)
        if match:
            after[int(match[1])] = _ids(path)
    final: frozenset[str] | None = None
    plain, structured = directory / "surviving_ids.txt", directory / "surviving.json"
    if plain.exists():
        final = _ids(plain)
    elif structured.exists():
        final = _structured(structured)
    return Surviving(final, after)


def _structured(path: Path) -> frozenset[str]:
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
        return frozenset(str(report_id) for report_id in found["ids"])
    except (ValueError, KeyError, TypeError) as error:
        raise DatacenterError(
            "the list of surviving reports cannot be read", device=str(path), cause=str(error)
        ) from error
