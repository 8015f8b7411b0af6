# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a migration came to, from its journal alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Entry = Mapping[str, Any]

#: What became of a system.
CONFIRMED, TAKEN_BACK, STOPPED, WAITS = "confirmed", "taken back", "stopped", "waits"
PASS, FAIL = "pass", "fail"


def judge(entries: Iterable[Entry], problems: Iterable[str] = ()) -> dict[str, Any]:
    """The report as data.

    :param entries: the journal's, in their order.
    :param problems: what speaks against the journal itself.
    :returns: ``verdict`` (pass, fail or waits), ``reasons``, and by its name each system: what became of it,
        for how long its users waited (from the stop of serving at the old server to the first answer at the
        new one), for how long no write was accepted, what was compared, and every difference.
    """
    written = list(entries)
    plan = _last(written, "migration_plan") or {}
    systems = {
        name: _system(name, stated, written) for name, stated in dict(plan.get("systems") or {}).items()
    }
    reasons = [*problems]
    for name, system in systems.items():
        reasons += [f"{name}: {reason}" for reason in system["reasons"]]
    if not systems:
        reasons.append("the journal does not say what was to move")
    waits = any(system["state"] == WAITS for system in systems.values())
    return {
        "verdict": FAIL if reasons else WAITS if waits else PASS,
        "reasons": reasons,
        "ticket": plan.get("ticket"),
        "window": plan.get("window"),
        "started": written[0]["at"] if written else None,
        "ended": written[-1]["at"] if written else None,
        "systems": systems,
        "approvals": [
            {key: entry.get(key) for key in ("name", "operator", "risk", "at")}
            for entry in written
            if entry.get("kind") == "approval"
        ],
    }


def _system(name: str, stated: Mapping[str, Any], entries: list[Entry]) -> dict[str, Any]:
    rows, files = _last(entries, "migration_rows", name), _last(entries, "migration_files", name)
    stopped = _last(entries, "migration_stopped", name)
    # A run that finds it moved already has nothing to measure.
    moves = [entry["data"] for entry in _measures(entries, "migration_moved", name)]
    moved = next((move for move in reversed(moves) if move.get("refused_s") is not None), None)
    closed = _note(entries, f"migration_closed_{name}")
    state = closed.get("how") if closed else STOPPED if stopped and not _later(entries, name) else WAITS
    out_s = _out(entries, name)
    found: dict[str, Any] = {
        "title": stated.get("title"),
        "state": state,
        "out_s": out_s,
        "out_target_s": stated.get("out_s"),
        "refused_s": (moved or {}).get("refused_s"),
        "acts": (moved or {}).get("acts") or [],
        "rows": rows,
        "files": files,
        # Byte for byte, while the old server ran: what it changed meanwhile differed.
        "files_running": _last(entries, "migration_files_running", name),
        "copied": _sum(entries, name),
        "files_back": _back(entries, name),
        "stopped": stopped if state == STOPPED else None,
        "keep_days": stated.get("keep_days"),
    }
    return {**found, "reasons": _reasons(found, stated)}


def _reasons(found: Mapping[str, Any], stated: Mapping[str, Any]) -> list[str]:
    """Why it did not pass; none for what waits."""
    state = found["state"]
    if state == STOPPED:
        return [f"stopped at {found['stopped'].get('step')}: {found['stopped'].get('why')}"]
    if state == TAKEN_BACK:
        return ["it was taken back to the old server", *_reasons_back(found, stated)]
    reasons = []
    for what, part in (("rows", "database"), ("files", "application")):
        if part in stated and found[what] is None and state == CONFIRMED:
            reasons.append(f"its {what} were not compared")
        elif found[what] is not None and not found[what].get("identical"):
            count = len(found[what].get("differences") or [])
            reasons.append(f"its {what} differ in {count} places")
    if state == CONFIRMED and found["out_s"] is None and "application" in stated:
        reasons.append("for how long it was out is not known")
    elif found["out_s"] is not None and found["out_s"] > float(found["out_target_s"] or 0):
        reasons.append(f"it was out for {found['out_s']:.1f} s, and {found['out_target_s']:g} s were allowed")
    return reasons


def _reasons_back(found: Mapping[str, Any], stated: Mapping[str, Any]) -> list[str]:
    """Whether what was written at the new server is at the old one; nothing was before it has served."""
    back = found["files_back"]
    if back is not None and not back.get("identical"):
        return [f"its files differ at the old server in {back.get('count')} places"]
    if back is None and found["out_s"] is not None and "application" in stated:
        return ["whether its files went back with it is not known"]
    return []


def _measures(entries: Iterable[Entry], what: str, system: str | None = None) -> list[Entry]:
    return [
        entry
        for entry in entries
        if entry.get("kind") == "measure"
        and entry.get("name") == what
        and (system is None or (entry.get("data") or {}).get("system") == system)
    ]


def _last(entries: Iterable[Entry], what: str, system: str | None = None) -> dict[str, Any] | None:
    found = _measures(entries, what, system)
    return dict(found[-1]["data"]) if found else None


def _note(entries: Iterable[Entry], name: str) -> dict[str, Any]:
    found = [entry for entry in entries if entry.get("kind") == "note" and entry.get("name") == name]
    return dict(found[-1]["data"]) if found else {}


def _later(entries: list[Entry], system: str) -> bool:
    """Whether something of it was done after it had been stopped the last time."""
    done = [
        entry["at"]
        for what in ("migration_moved", "migration_rows", "migration_files", "migration_files_copied")
        for entry in _measures(entries, what, system)
    ]
    stopped = [entry["at"] for entry in _measures(entries, "migration_stopped", system)]
    return bool(done) and max(done) > max(stopped)


def _out(entries: list[Entry], system: str) -> float | None:
    """Seconds from the first stop that led to the move, to the answer after it.

    A cutover that broke and was gone on with counts from its first stop: its users waited all the time.
    """
    serves = [entry["at"] for entry in _measures(entries, "migration_serves", system)]
    if not serves:
        return None
    given_up = [
        entry["at"] for entry in _measures(entries, "migration_stopped", system) if entry["at"] < serves[-1]
    ]
    since = max(given_up, default=0.0)
    # Whoever runs it once more sees it serve once more.
    first = min(at for at in serves if at > since)
    stops = [
        entry["at"]
        for entry in _measures(entries, "migration_stops_serving", system)
        if since < entry["at"] < first
    ]
    return first - min(stops) if stops else None


def _back(entries: list[Entry], system: str) -> dict[str, Any] | None:
    """What went back of its files, the last time that it served at the new server."""
    serves = [entry["at"] for entry in _measures(entries, "migration_serves", system)]
    found = _measures(entries, "migration_files_back", system)
    return dict(found[-1]["data"]) if found and found[-1]["at"] > max(serves, default=0.0) else None


def _sum(entries: list[Entry], system: str) -> dict[str, Any]:
    """What was copied of its files in all rounds."""
    found = [entry["data"] for entry in _measures(entries, "migration_files_copied", system)]
    return {key: sum(one.get(key) or 0 for one in found) for key in ("bytes", "files", "seconds")}


def _told_back(system: Mapping[str, Any]) -> str:
    back = system["files_back"]
    if back is None:
        return ""
    kept = f", what was there is in {back['kept']}" if back.get("kept") else ""
    return (
        f", files gone back: {back['made']} made, {back['altered']} altered, {back['removed']} removed{kept}"
    )


def summary(report: Mapping[str, Any]) -> str:
    """A few lines for a terminal."""
    lines = [f"migration {report['ticket'] or ''}: {report['verdict'].upper()}"]
    for name, system in report["systems"].items():
        out = "not known" if system["out_s"] is None else f"{system['out_s']:.1f} s"
        refused = "not known" if system["refused_s"] is None else f"{system['refused_s']:.2f} s"
        lines.append(
            f"  {name}: {system['state']}, out for {out}, writes refused for {refused}{_told_back(system)}"
        )
    lines += [f"  because {reason}" for reason in report["reasons"]]
    return "\n".join(lines)
