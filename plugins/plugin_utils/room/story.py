# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a journal tells of a room's upgrade, for the report. Pure: the journal's lines in, plain data out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Entry = Mapping[str, Any]
#: The run's note and the name of what had then been done, in their order.
MILESTONES = (
    ("room_ready", "ready"),
    ("room_evacuated", "evacuated"),
    ("room_dark", "dark"),
    ("room_rises", "rises"),
    ("room_whole", "whole"),
    ("room_burned_in", "burned_in"),
)
_SURVEY = "survey_"


def story(entries: Sequence[Entry]) -> dict[str, Any] | None:
    """What was done to the room; None when the journal is of something else.

    ``milestones``: ``name`` and ``at`` of each that was reached, the run's beginning and end among them.
    ``dark_s``: seconds without power, up to the last line while it is dark.
    ``windows``: as they were given.
    ``servers``: one a server, with its survey and how it differs from the plan and from its survey.
    ``answers``: the one to each clause that stands, with how many came before it.
    """
    runs = [entry for entry in entries if entry["kind"] == "run"]
    opened = next((run for run in runs if run["state"] == "opened"), None)
    if opened is None or opened.get("runbook") != "room upgrade":
        return None
    notes = _first(entries, "note")
    reached: list[dict[str, Any]] = [
        {"name": name, "at": float(notes[note]["at"])} for note, name in MILESTONES if note in notes
    ]
    ended = runs[-1] if runs[-1]["state"] == "ended" else None
    milestones: list[dict[str, Any]] = [
        {"name": "opened", "at": float(opened["at"])},
        *reached,
        *([{"name": "home", "at": float(ended["at"])}] if ended else []),
    ]
    at = {str(milestone["name"]): float(milestone["at"]) for milestone in reached}
    dark_s = at.get("rises", float(entries[-1]["at"])) - at["dark"] if "dark" in at else None
    return {
        "ticket": _of(notes, "room_ready", "ticket"),
        "windows": [
            entry["data"] for name, entry in notes.items() if name.startswith("window_") and _is_data(entry)
        ],
        "hosts": list(_of(notes, "room_ready", "hosts") or []),
        "state": runs[-1]["state"],
        "milestones": milestones,
        "dark_s": None if dark_s is None else round(dark_s, 3),
        "pauses": sum(run["state"] == "waiting" for run in runs),
        "nodes": list(dict.fromkeys(str(run["control_node"]) for run in runs if run.get("control_node"))),
        "backup": _of(notes, "room_ready", "backup"),
        "servers": _servers(entries, notes),
        "answers": _answers(entries),
        "burn_in": notes["room_burned_in"]["data"] if "room_burned_in" in notes else None,
    }


def _first(entries: Sequence[Entry], kind: str) -> dict[str, Entry]:
    """The first line of each name, which is the one that counts."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if entry["kind"] == kind and isinstance(entry.get("name"), str):
            found.setdefault(entry["name"], entry)
    return found


def _is_data(entry: Entry) -> bool:
    return isinstance(entry.get("data"), Mapping)


def _of(notes: Mapping[str, Entry], name: str, key: str) -> Any:
    return notes[name]["data"].get(key) if name in notes and _is_data(notes[name]) else None


def _servers(entries: Sequence[Entry], notes: Mapping[str, Entry]) -> list[dict[str, Any]]:
    surveys = {
        name.removeprefix(_SURVEY): entry["data"]
        for name, entry in notes.items()
        if name.startswith(_SURVEY) and _is_data(entry)
    }
    plan, since = (_last(entries, f"differences_from_the_{what}") for what in ("plan", "survey"))
    return [
        {
            "name": host,
            "serial": (survey.get("identity") or {}).get("serial"),
            "product": (survey.get("identity") or {}).get("product"),
            "parts": {key: None if survey.get(key) is None else len(survey[key]) for key in _PARTS},
            "firmware": survey.get("firmware") or {},
            "not_told": survey.get("not_told") or {},
            "from_plan": _about(plan, host),
            "from_survey": _about(since, host),
        }
        for host, survey in surveys.items()
    ]


_PARTS = ("processors", "memory", "drives")


def _last(entries: Sequence[Entry], name: str) -> list[Entry] | None:
    """The differences as they were measured last; None when nobody measured them."""
    found = [entry for entry in entries if entry["kind"] == "measure" and entry.get("name") == name]
    return list(found[-1]["data"].get("differences") or []) if found and _is_data(found[-1]) else None


def _about(differences: Sequence[Entry] | None, host: str) -> list[Entry] | None:
    return None if differences is None else [one for one in differences if one.get("host") == host]


def _answers(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry["kind"] == "answer" and _is_data(entry):
            found.setdefault(str(entry["name"]), []).append(entry)
    return [
        {"clause": name, "before": len(given) - 1, **given[-1]["data"]}
        for name, given in sorted(found.items(), key=lambda one: _place(one[0]))
    ]


def _place(clause: str) -> list[tuple[int, str]]:
    """Where a clause stands in its standard: 8.1.1.10 after 8.1.1.9."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in clause.split(".")]
