# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The acts of the runbooks, read from the playbooks themselves. Pure but for reading the files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"
RUNBOOKS = ("switchover", "failover", "failback")
#: Where a play may have tasks, in the order they are run.
SECTIONS = ("pre_tasks", "tasks", "post_tasks", "handlers")
PARTS = ("block", "rescue", "always")
IMPORTS = ("ansible.builtin.import_tasks", "ansible.builtin.include_tasks")
#: Task names of the grammar begin with one of these; what a role does in between belongs to the act before.
WORDS = ("Read", "Gate", "Note", "Measure", "Act", "Verify")
_PLAYBOOK = "ansible.builtin.import_playbook"
_TEMPLATE = re.compile(r"\{\{.*?\}\}")
_VARIABLE = re.compile(r"\{\{ (\w+) \}\}")


def tasks_of(
    items: list[dict[str, Any]],
    folder: Path,
    known: Mapping[str, Any] = MappingProxyType({}),
    parts: Sequence[str] = PARTS,
) -> Iterator[dict[str, Any]]:
    """Every task, those of imported files in the place of the import.

    :param known: variables of the tasks around them, which may be part of a file's name.
    :param parts: of each block.
    """
    for item in items:
        known_here = {**known, **item.get("vars", {})}
        file = next((item[name] for name in IMPORTS if name in item), None)
        if file is not None:
            path = folder / _filled(file, known_here)
            yield from tasks_of(yaml.safe_load(path.read_text()), path.parent, known_here, parts)
        elif "block" in item:
            for part in parts:
                yield from tasks_of(item.get(part, []), folder, known_here, parts)
        else:
            yield item


def _filled(file: str, known: Mapping[str, Any]) -> str:
    return _VARIABLE.sub(lambda found: str(known[found[1]]), file)


def plays_of(path: Path) -> Iterator[tuple[dict[str, Any], Path]]:
    """Every play with the folder it stands in, those of imported playbooks in the place of the import."""
    for play in yaml.safe_load(path.read_text()):
        if _PLAYBOOK in play:
            yield from plays_of(path.parent / play[_PLAYBOOK])
        else:
            yield play, path.parent


@dataclass(frozen=True)
class Act:
    """One act of one runbook.

    :param number: its place among the runbook's acts, from 1.
    :param name: as it stands in the file, without the word before the bar.
    :param occurrence: which task of that name it is, from 1, in the files.
    :param after: where there are several of its name, the last act of another name before it, and in a run it
        is the ``nth`` of its name behind that one: a run leaves out whole files that it has no use for.
    """

    runbook: str
    number: int
    step: str
    name: str
    occurrence: int
    after: Act | None = None
    nth: int = 1

    @property
    def key(self) -> str:
        return f"{self.runbook}.{self.number:02d}"

    @property
    def title(self) -> str:
        """The name without its templates."""
        return re.sub(r"\s+", " ", _TEMPLATE.sub("…", self.name)).strip()

    def matches(self, task: str) -> bool:
        """Whether that is the name of such a task once its templates are done."""
        parts = [re.escape(part) for part in _TEMPLATE.split(f"Act | {self.name}")]
        return re.fullmatch(".*".join(parts), task, re.DOTALL) is not None


def acts_of(runbook: str, playbooks: Path = PLAYBOOKS, parts: Sequence[str] = PARTS) -> list[Act]:
    """The acts of a runbook in their order.

    :param runbook: one of :data:`RUNBOOKS`, or the name of a playbook.
    :param parts: without ``rescue`` those of a run that nothing fails in.
    """
    found: list[Act] = []
    file = f"dr_{runbook}.yml" if runbook in RUNBOOKS else f"{runbook}.yml"
    for play, folder in plays_of(playbooks / file):
        sections = [task for name in SECTIONS for task in play.get(name, [])]
        for task in tasks_of(sections, folder, parts=parts):
            word, _bar, name = str(task.get("name", "")).partition(" | ")
            if word == "Act":
                same = sum(act.name == name for act in found)
                row = _last_of(name, found)
                other = found[-len(row) - 1] if same and len(found) > len(row) else None
                found.append(
                    Act(runbook, len(found) + 1, str(play["name"]), name, same + 1, other, len(row) + 1)
                )
    return found


def _last_of(name: str, acts: list[Act]) -> list[Act]:
    """Those at the end that have this name."""
    first = len(acts)
    while first and acts[first - 1].name == name:
        first -= 1
    return acts[first:]


@dataclass(frozen=True)
class Span:
    """When an act began and ended in a run, by the run's monotonic clock; ``end`` None while it lasts.

    :param done: whether it did anything on any host: a task whose condition does not hold begins as well,
        and is over at once.
    """

    begin: float
    end: float | None
    done: bool = False


def span_of(act: Act, events: Sequence[dict[str, Any]]) -> Span | None:
    """Where an act stands in a run's events; None when it has not begun.

    It lasts until the next task of the grammar begins: an act that is a role has tasks of its own.
    """
    start = _start_of(act, events)
    if start is None:
        return None
    begin, done = events[start]["monotonic"], False
    for event in events[start + 1 :]:
        word = str(event.get("name", "")).partition(" | ")[0]
        if (event["event"] == "task" and word in WORDS) or event["event"] in ("play", "end"):
            return Span(begin, event["monotonic"], done)
        if event["event"] in ("ok", "failed"):
            done = True
    return Span(begin, None, done)


def _start_of(act: Act, events: Sequence[dict[str, Any]]) -> int | None:
    """At which event it begins."""
    first = 0
    if act.after is not None:
        before = _start_of(act.after, events)
        if before is None:
            return None
        first = before + 1
    found = (
        index
        for index in range(first, len(events))
        if events[index]["event"] == "task" and act.matches(events[index]["name"])
    )
    return next(islice(found, act.nth - 1, None), None)
