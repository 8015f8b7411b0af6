# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The physical clauses of MLPS level 3, what people answer to them, and what stands answered."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused
from ansible_collections.anjianyun.datacenter.plugins.module_utils.moments import as_utc, moment
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.findings import PlanError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.source import Source, read_source
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room import evidence

CLAUSES = Path(__file__).parent / "data" / "mlps3_physical.yml"
#: What may be answered, in English or as assessors say it. ``open`` takes an answer back.
STATES = {
    "met": "met", "符合": "met",
    "not_met": "not_met", "不符合": "not_met",
    "not_applicable": "not_applicable", "不适用": "not_applicable",
    "open": "open",
}  # fmt: skip
_KEYS = ("state", "by", "at", "note", "evidence")
#: By how much a watch may be ahead of the control node's clock.
_AHEAD_S = 300
_NAME_CHARACTERS, _NOTE_CHARACTERS = 64, 2000


@dataclass(frozen=True)
class Clause:
    """One clause, in both languages; ``evidence`` is what assessors commonly accept."""

    id: str
    en: str
    zh: str
    evidence: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """Clauses about one thing, such as fire."""

    id: str
    name: str
    en: str
    zh: str
    clauses: tuple[Clause, ...]


@dataclass(frozen=True)
class Answer:
    """What a person answers, and the files that show it."""

    state: str
    by: str
    at: str
    note: str
    evidence: tuple[tuple[Path, evidence.Piece], ...] = ()

    def data(self) -> dict[str, Any]:
        """For the journal."""
        return {
            "state": self.state,
            "by": self.by,
            "at": self.at,
            "note": self.note,
            # One file under two paths is one.
            "evidence": list({piece.sha256: piece.as_dict() for _path, piece in self.evidence}.values()),
        }


@cache
def groups() -> tuple[Group, ...]:
    """The clauses in the standard's order."""
    read = yaml.safe_load(CLAUSES.read_text(encoding="utf-8"))
    return tuple(
        Group(
            g["id"], g["name"], g["title"]["en"], g["title"]["zh"], tuple(Clause(**c) for c in g["clauses"])
        )
        for g in read["groups"]
    )


@cache
def clauses() -> dict[str, Clause]:
    """All clauses by their number."""
    return {clause.id: clause for group in groups() for clause in group.clauses}


def read(path: Path, now: float | None = None) -> dict[str, Answer]:
    """Read the file that people fill; clauses that nobody has touched are left out.

    :param now: this moment in epoch seconds, if it is not the clock's.
    :raises Refused: with every mistake, by its clause.
    """
    try:
        source = read_source(path)
    except PlanError as error:
        raise _refused(
            path, [f"{f.where or path}: {f.found}. Next: {f.next_step}" for f in error.findings]
        ) from error
    except OSError as error:
        raise _refused(path, [f"it cannot be read: {error}"]) from error
    reader = _Reader(source, path.parent, time.time() if now is None else now)
    found = {name: reader.answer(name, given) for name, given in source.data.items()}
    if reader.mistakes:
        raise _refused(path, reader.mistakes)
    return {name: given for name in clauses() if (given := found.get(name)) is not None}


def _refused(path: Path, mistakes: list[str]) -> Refused:
    lines = "".join(f"\n  - {mistake}" for mistake in mistakes)
    count = f"{len(mistakes)} mistake{'s' if len(mistakes) != 1 else ''}"
    return Refused(
        f"{count} in the answers, nothing was recorded:{lines}",
        device=str(path),
        result={"mistakes": mistakes},
    )


class _Reader:
    def __init__(self, source: Source, folder: Path, now: float) -> None:
        self.source = source
        self.folder = folder
        self.now = now
        self.mistakes: list[str] = []

    def _wrong(self, path: tuple[str | int, ...], what: str) -> None:
        self.mistakes.append(f"{self.source.where(path)}: {path[0]}: {what}")

    def answer(self, name: str, given: Any) -> Answer | None:
        """One clause's answer; None when nobody has touched it, or when it is wrong."""
        before = len(self.mistakes)
        if name not in clauses():
            near = ", ".join(each for each in clauses() if each.rpartition(".")[0] == name.rpartition(".")[0])
            self._wrong((name,), "is no clause of the list" + (f"; there is {near}" if near else ""))
        elif given is not None and not isinstance(given, dict):
            self._wrong((name,), f"an answer has {', '.join(_KEYS)}")
        elif given:
            for key in sorted(set(given) - set(_KEYS)):
                self._wrong((name, key), f"{key} is no part of an answer; it has {', '.join(_KEYS)}")
            if any(value not in (None, "", []) for value in given.values()):
                found = self._answer(name, given)
                return found if len(self.mistakes) == before else None
        return None

    def _answer(self, name: str, given: Mapping[str, Any]) -> Answer:
        state = STATES.get(str(given.get("state")), "")
        if not state:
            said = given.get("state")
            shown = "state is missing" if said in (None, "") else f"state is {said!r}"
            self._wrong(
                (name, "state"), f"{shown}: write met, not_met or not_applicable (open takes it back)"
            )
        by = self._line(name, "by", given.get("by"))
        note = str(given.get("note") or "").strip()
        if state and state != "met" and not note:
            self._wrong((name, "note"), f"note is missing: {state} needs a reason")
        if len(note) > _NOTE_CHARACTERS:
            self._wrong(
                (name, "note"), f"note has {len(note)} characters, at most {_NOTE_CHARACTERS} are kept"
            )
        return Answer(state, by, self._at(name, given.get("at")), note, tuple(self._evidence(name, given)))

    def _line(self, name: str, key: str, value: Any) -> str:
        text = value.strip() if isinstance(value, str) else ""
        if not text:
            self._wrong((name, key), f"{key} is missing: write the name of the person who looked")
        elif not text.isprintable() or len(text) > _NAME_CHARACTERS:
            self._wrong((name, key), f"{key} is a name, on one line of at most {_NAME_CHARACTERS} characters")
        return text

    def _at(self, name: str, value: Any) -> str:
        if value in (None, ""):
            self._wrong((name, "at"), "at is missing: write when it was looked at")
            return ""
        try:
            when = moment(str(value))
        except ValueError as error:
            self._wrong((name, "at"), f"at: {error}")
            return ""
        if when.timestamp() > self.now + _AHEAD_S:
            self._wrong((name, "at"), f"at: {value} is still to come")
        return as_utc(when)

    def _evidence(self, name: str, given: Mapping[str, Any]) -> Iterable[tuple[Path, evidence.Piece]]:
        paths = given.get("evidence") or []
        if not isinstance(paths, list) or not all(isinstance(path, str) and path for path in paths):
            self._wrong((name, "evidence"), "evidence is a list of paths")
            return
        for index, text in enumerate(paths):
            path = self.folder / Path(text).expanduser()
            try:
                yield path, evidence.look(path)
            except ValueError as error:
                self._wrong((name, "evidence", index), f"evidence: {error}")


def standing(entries: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The last answer to each clause that a journal has."""
    return {str(entry["name"]): dict(entry["data"]) for entry in entries if entry["kind"] == "answer"}


def summary(answers: Mapping[str, Mapping[str, Any]], lost: Iterable[evidence.Piece] = ()) -> dict[str, Any]:
    """How far the list is, and what a gate judges of it.

    :param answers: what stands, by clause.
    :param lost: evidence that the journal names and that is not here.
    """
    by_state: dict[str, list[str]] = {state: [] for state in ("met", "not_met", "not_applicable", "open")}
    for name in clauses():
        by_state[answers.get(name, {}).get("state", "open")].append(name)
    not_met = [{"clause": name, **_texts(name), **answers[name]} for name in by_state["not_met"]]
    return {
        "answered": [name for name in clauses() if name not in by_state["open"]],
        "open": by_state["open"],
        "not_met": not_met,
        "not_applicable": by_state["not_applicable"],
        "complete": not by_state["open"],
        "missing_evidence": [piece.as_dict() for piece in lost],
        "that": [_answered(by_state["open"]), _met(not_met), _there(list(lost))],
    }


def _texts(name: str) -> dict[str, str]:
    return {"en": clauses()[name].en, "zh": clauses()[name].zh}


def _answered(left: list[str]) -> dict[str, Any]:
    count = len(clauses())
    shown = ", ".join(left)
    return {
        "ok": not left,
        "reading": f"{count - len(left)} of {count} clauses are answered"
        + (f", open: {shown}" if left else ""),
        "refuse": f"{len(left)} of {count} clauses are open: {shown}",
        "way_on": "let somebody look and fill them in, then run this again",
    }


def _met(not_met: list[dict[str, Any]]) -> dict[str, Any]:
    shown = "; ".join(f"{item['clause']} ({item['en']}): {item['note']}" for item in not_met)
    return {
        "ok": not not_met,
        "reading": f"not met: {shown}" if not_met else "no clause is answered with not_met",
        "refuse": f"{len(not_met)} clauses are not met: {shown}",
        "way_on": "mend it and answer again",
        "approval": "clauses_not_met",
        "risk": f"the room is used while it does not meet {shown}",
        "this_risk": True,
    }


def _there(lost: list[evidence.Piece]) -> dict[str, Any]:
    shown = ", ".join(f"{piece.name} ({piece.sha256[:12]})" for piece in lost)
    return {
        "ok": not lost,
        "reading": f"evidence is missing here: {shown}" if lost else "the evidence is all here, as handed in",
        "refuse": f"{len(lost)} pieces of evidence are missing here: {shown}",
        "way_on": "copy them from the control node where they were handed in, or hand them in again",
    }
