# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of judged runs, so that the next one can be seen beside them.

One small file a run. It names the journal it was judged from by that journal's head, which is sealed
elsewhere, and carries a digest of itself: a file that was damaged, or changed by hand without care, is left
out and counted. It is no evidence: whoever doubts a figure asks for the journal of that head.
"""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterable, Mapping, Sequence

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal.chain import digest_of

SCHEMA = 1
#: How many runs stand beside this one, and how many of a kind are kept on the disk.
BESIDE, KEPT = 10, 100
#: What the display measured of each act, beside a run's journal.
ACTS = "acts.jsonl"
ENVIRONMENT = "ANJIANYUN_HISTORY"
#: No record is larger; what is, is none.
_MOST_BYTES = 512 * 1024
_HEAD = re.compile(r"[0-9a-f]{64}")
_RUN = (
    "world",
    "runbook",
    "service",
    "started",
    "ended",
    "verdict",
    "two_writers",
    "lost_acknowledged",
    "acknowledged",
)
_PHASE = (
    "n", "kind", "trigger", "outage_s", "rto_s", "rto_target_s", "rpo_s", "rpo_target_s", "lost_acknowledged",
    "replication", "verdict",
)  # fmt: skip
_FIGURES = ("outage_s", "rto_s", "rto_target_s", "rpo_s", "rpo_target_s", "lost_acknowledged")

Record = Mapping[str, Any]


def root(environment: Mapping[str, str] | None = None) -> Path:
    """Where the records are: ``~/.anjianyun/history``, or what ANJIANYUN_HISTORY names."""
    named = (os.environ if environment is None else environment).get(ENVIRONMENT, "")
    return Path(named) if named else Path("~/.anjianyun/history").expanduser()


@dataclass(frozen=True)
class History:
    """What was found.

    :param runs: the records that hold, the oldest first.
    :param left_out: how many files are there that cannot be trusted.
    """

    runs: Sequence[Record] = field(default_factory=tuple)
    left_out: int = 0


def record(report: Record, acts: Iterable[Record] = ()) -> dict[str, Any]:
    """What is kept of a judged run, from its report.json.

    :param acts: ``phase``, ``step``, ``act``, ``device``, ``seconds``, ``changed`` of each act that was done.
    """
    kept: dict[str, Any] = {
        "schema": SCHEMA,
        "plan": {key: report["plan"].get(key, "") for key in ("name", "digest")},
        **{key: report.get(key) for key in _RUN},
        "journal": {key: report["journal"][key] for key in ("lines", "head", "verified")},
        "phases": [
            {
                **{key: phase.get(key) for key in _PHASE},
                "fence": (phase.get("fence") or {}).get("method"),
                "steps": [
                    {"title": step["title"], "seconds": round(step["ended"] - step["started"], 3)}
                    for step in phase["steps"]
                    if not step["superseded"]
                ],
            }
            for phase in report["phases"]
        ],
        "acts": [
            {key: act[key] for key in ("phase", "step", "act", "device", "seconds", "changed")}
            for act in acts
        ],
    }
    return {**kept, "digest": digest_of(kept)}


def acts_of(directory: Path) -> list[dict[str, Any]]:
    """What the display measured in a run's directory; nothing when it did not. A torn line is passed over."""
    try:
        lines = (directory / ACTS).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            act = json.loads(line)
            if _act(act):
                found.append(act)
        except ValueError:
            continue
    return found


def keep(report: Record, acts: Iterable[Record], where: Path) -> Path | None:
    """Put a run's record into the history; the same run judged again takes the place of its record.

    :returns: the file; None when the run cannot be placed: without a beginning there is nothing to compare.
    :raises OSError: when it cannot be written. The report is not less true for that.
    """
    if report.get("started") is None or not report["plan"].get("name"):
        return None
    folder = where / _plain(str(report["plan"]["name"]))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{_stem(report)}-{_stamp(float(report['started']))}.json"
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8") as file:
            json.dump(record(report, acts), file, ensure_ascii=False, separators=(",", ":"))
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    for old in sorted(folder.glob(f"{_stem(report)}-*.json"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def before(report: Record, where: Path, most: int = BESIDE) -> History:
    """The last runs of the same plan, world, runbook and service that began before this one.

    :param report: a report.json; of it only what says which run it is.
    """
    found = read(where, str(report["plan"].get("name", "")))
    same = [
        one
        for one in found.runs
        if all(one[key] == report.get(key) for key in ("world", "runbook", "service"))
        and one["started"] < (report.get("started") or 0)
    ]
    return History(same[-most:], found.left_out)


def read(where: Path, plan: str) -> History:
    """Every record of a plan that holds, the oldest first."""
    runs, left_out = [], 0
    for path in sorted((where / _plain(plan)).glob("*.json")):
        one = _read(path)
        if one is None or one["plan"]["name"] != plan:
            left_out += 1
        else:
            runs.append(one)
    return History(sorted(runs, key=lambda one: float(one["started"])), left_out)


def last_passed(where: Path, plan: str, service: str) -> Record | None:
    """The newest run that passed and moved a service, rehearsed or real. What is kept is no evidence: of how
    long ago it was, it is word enough."""
    return next(
        (
            one
            for one in reversed(read(where, plan).runs)
            if one["verdict"] == "pass" and one["service"] == service and one["phases"]
        ),
        None,
    )


def _read(path: Path) -> dict[str, Any] | None:
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        found: Any = json.loads(path.read_text(encoding="utf-8"))
        return found if valid(found) else None
    except (OSError, ValueError):
        return None


def valid(found: Any) -> bool:
    """Whether it is a record as :func:`record` makes one, unchanged since."""
    try:
        return bool(
            found["schema"] == SCHEMA
            and found["digest"] == digest_of(found)
            and _HEAD.fullmatch(found["journal"]["head"])
            and isinstance(found["plan"]["name"], str)
            and _figure(found["started"])
            and found["verdict"] in ("pass", "fail")
            and set(_RUN) <= found.keys()
            and all(_phase(phase) for phase in found["phases"])
            and all(_act(act) for act in found["acts"])
        )
    except (KeyError, TypeError, AttributeError):
        return False


def _phase(phase: Any) -> bool:
    return (
        set(_PHASE) <= phase.keys()
        and all(phase[key] is None or _figure(phase[key]) for key in _FIGURES)
        and all(isinstance(step["title"], str) and _figure(step["seconds"]) for step in phase["steps"])
    )


def _act(act: Any) -> bool:
    return (
        isinstance(act, dict)
        and all(isinstance(act.get(key), str) for key in ("phase", "step", "act", "device"))
        and _figure(act.get("seconds"))
        and isinstance(act.get("changed"), bool)
    )


def _figure(value: Any) -> bool:
    """A number that something can have taken; NaN is none, for it equals nothing."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e12


def _stem(report: Record) -> str:
    return _plain("-".join(str(report.get(key) or "unknown") for key in ("world", "runbook", "service")))


def _stamp(at: float) -> str:
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(at))}.{int(at * 1000) % 1000:03d}Z"


def _plain(name: str) -> str:
    """A name as part of a path: nothing that leads out of the folder."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name) or "_"
