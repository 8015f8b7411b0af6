# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A journal's lines as phases and steps. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping, Sequence

Entry = Mapping[str, Any]


@dataclass
class Step:
    """The lines of one step that follow each other.

    A step begins where the one before ended: the journal's lines are written after the work.

    :param superseded: the run broke here, was run again, and passed.
    """

    title: str
    started: float
    ended: float
    gate: str | None = None
    verdict: str | None = None
    superseded: bool = False

    def take(self, entry: Entry) -> None:
        """One more line of it. What went wrong ends a step, so that nothing after it hides it."""
        self.ended = float(entry["at"])
        if entry["kind"] == "gate" and (self.gate != "approved" or bad(entry)):
            self.gate = str(entry["verdict"])
        if entry["kind"] == "verify":
            self.verdict = str(entry["verdict"])


@dataclass
class Phase:
    """From where a phase begins to where it ends."""

    kind: str
    begins: Entry
    ends: Entry | None = None
    entries: list[Entry] = field(default_factory=list)

    @property
    def begun(self) -> float:
        return float(self.begins["at"])

    def of_kind(self, *kinds: str) -> list[Entry]:
        """Its lines of these kinds."""
        return [entry for entry in self.entries if entry["kind"] in kinds]

    @property
    def approval(self) -> Entry | None:
        """The approval that the phase itself was ordered by; others let single gates pass."""
        return next((e for e in self.of_kind("approval") if e["name"] == self.kind), None)

    @property
    def proof(self) -> Entry | None:
        """What the promotion was shown, the last time."""
        return next(iter(reversed(self.of_kind("proof"))), None)


def phases(entries: Iterable[Entry]) -> list[Phase]:
    """The phases in the order in which they were begun."""
    found: list[Phase] = []
    current: Phase | None = None
    for entry in entries:
        if entry["kind"] == "phase" and entry["state"] == "begins":
            current = Phase(str(entry["phase"]), entry)
            found.append(current)
        if current is not None:
            current.entries.append(entry)
            if entry["kind"] == "phase" and entry["state"] == "ends":
                current.ends = entry
                current = None
    return found


def outside(entries: Sequence[Entry]) -> list[Entry]:
    """The lines that belong to no phase."""
    inside = {id(entry) for phase in phases(entries) for entry in phase.entries}
    return [entry for entry in entries if id(entry) not in inside]


def steps(phase: Phase) -> list[Step]:
    """The steps of a phase. One whose refusal or failure was judged again, and passed, is marked."""
    found: list[Step] = []
    since = phase.begun
    again = True
    for place, entry in enumerate(phase.entries):
        if entry["kind"] == "run":
            # The pause until a person ran it again belongs to no step.
            since = float(entry["at"])
            again = True
            continue
        if entry is phase.begins:
            continue
        if again or found[-1].title != entry["step"]:
            found.append(Step(str(entry["step"]), since, float(entry["at"])))
            again = False
        found[-1].take(entry)
        since = float(entry["at"])
        if bad(entry):
            # It stopped the run here: what follows was run again, after a pause that no line tells.
            later = phase.entries[place + 1 :]
            found[-1].superseded = any(same_judgement(entry, other) and not bad(other) for other in later)
            since = float(later[0]["at"]) if later else since
            again = True
    return found


def bad(entry: Entry) -> bool:
    """Whether it is a judgement that stopped the run."""
    return entry["kind"] in ("gate", "verify") and entry["verdict"] in ("refuse", "fail")


def same_judgement(one: Entry, other: Entry) -> bool:
    """Whether both judge the same thing."""
    return all(one[key] == other[key] for key in ("kind", "step", "task"))
