# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event log: shown, archived, and erased only as far as it is archived."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.archive import Archive
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import (
    SEVERITIES,
    UNKNOWN,
    Bmc,
    Event,
    Log,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
    Unreachable,
)

STATES = ("read", "archived", "cleared")
#: How often a log that takes records while it is read is archived again before it is left alone.
_ROUNDS = 5


@dataclass(frozen=True)
class Choice:
    """Which events are shown. What is not known (severity, time) is shown, too.

    :param severity: at least so bad.
    :param since: not older.
    :param sensors: names, with ``*`` and ``?``; all when empty.
    :param cache: a folder in which the names of the sensors are kept.
    """

    severity: str = "ok"
    since: datetime | None = None
    sensors: Sequence[str] = ()
    cache: Path | None = None

    def takes(self, event: Event) -> bool:
        if event.severity != UNKNOWN and SEVERITIES.index(event.severity) < SEVERITIES.index(self.severity):
            return False
        if self.since is not None and event.at is not None and instant(event.at) < self.since:
            return False
        name = (event.sensor or "").casefold()
        return not self.sensors or any(fnmatchcase(name, one.casefold()) for one in self.sensors)


def instant(text: str) -> datetime:
    """A moment in ISO 8601; without a zone it is UTC.

    :raises ValueError: when it is none.
    """
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def summary(log: Log, last: int = 10) -> dict[str, Any]:
    """How full it is, how many of what severity, and the newest."""
    counted = Counter(event.severity for event in log.events)
    return {
        **log.state.as_dict(),
        "by_severity": dict(sorted(counted.items())),
        "last": [event.as_dict() for event in log.events[-last:]],
    }


def read(bmc: Bmc, choice: Choice) -> dict[str, Any]:
    """The log, changing nothing."""
    return {"changed": False, **_shown(bmc.read_log(choice.cache), choice)}


def archive(bmc: Bmc, choice: Choice, folder: Path, *, check: bool = False) -> dict[str, Any]:
    """Keep every record in the BMC's file, whatever is shown.

    :returns: as :func:`read`, and ``archive``.
    """
    log = bmc.read_log(choice.cache)
    kept = Archive(folder, bmc.name).keep(log.events, check=check)
    return {"changed": kept["added"] > 0, **_shown(log, choice), "archive": kept}


def clear(bmc: Bmc, choice: Choice, folder: Path, *, check: bool = False) -> dict[str, Any]:
    """Archive every record, then erase the log; a record that comes meanwhile is archived first.

    :returns: as :func:`archive` with all records that were erased, ``cleared`` (how many) and ``left``:
        what is in the log afterwards (many BMCs note the erasure itself).
    :raises errors.LogChanged: records came each time; all are archived, nothing was erased.
    :raises errors.NotConfirmed: the BMC said yes, and archived records are still there.
    """
    file = Archive(folder, bmc.name)
    added = 0
    changed = errors.LogChanged("the log was not erased", device=bmc.name)
    for _round in range(_ROUNDS):
        log = bmc.read_log(choice.cache)
        kept = file.keep(log.events, check=check)
        added += kept["added"]
        result = {
            "changed": bool(log.events) or added > 0,
            **_shown(log, choice),
            "archive": {**kept, "added": added},
            "cleared": len(log.events),
            "left": [],
        }
        if check or not log.events:
            return result
        try:
            left = _erase(bmc, log, choice.cache)
        except errors.LogChanged as error:
            changed = error
            continue
        except DatacenterError as error:
            begun = error.result.get("changed", False)
            error.result = {**result, "cleared": None, **error.result, "changed": added > 0 or begun}
            if begun:
                _note(bmc, file, len(log.events), error.result, error)
            raise
        _note(bmc, file, len(log.events), result)
        return {**result, "left": [event.as_dict() for event in left]}
    changed.result = {**result, "changed": added > 0, "cleared": 0}
    changed.next_step = "find out what keeps writing to the log; all it held is archived"
    raise changed


def _erase(bmc: Bmc, log: Log, cache: Path | None) -> tuple[Event, ...]:
    """Erase, and read back.

    :returns: what is there now.
    :raises DatacenterError: with ``changed`` in its result when records are gone, or may be.
    """
    lost: DatacenterError | None = None
    try:
        bmc.clear_log(log)
    except DatacenterError as error:
        unanswered = isinstance(error, Unreachable | DeadlineExceeded)
        if isinstance(error, errors.LogChanged) or not error.result.get("changed", unanswered):
            raise
        # It was sent once. Whether it was done shows the log, not the answer.
        lost = error
    try:
        after = bmc.read_log(cache)
    except DatacenterError as error:
        (lost or error).result["changed"] = True
        raise (lost or error) from error
    archived = {event.raw for event in log.events}
    still = [event.id for event in after.events if event.raw in archived]
    if still and lost:
        if len(still) < len(log.events):
            lost.result["changed"] = True
        raise lost
    if still:
        raise errors.NotConfirmed(
            f"{len(still)} of {len(log.events)} records are still in the event log after it was erased",
            device=bmc.name,
            cause="the BMC accepted the command without, or with half the, effect",
            next_step="erase it in the BMC's own interface; all records are archived",
            result={
                "changed": len(still) < len(log.events),
                "left": [event.as_dict() for event in after.events],
            },
        )
    return after.events


def _note(
    bmc: Bmc, file: Archive, records: int, result: dict[str, Any], failed: DatacenterError | None = None
) -> None:
    """Note the erasure, also one whose end was not seen: better a record kept twice than an equal one lost.

    :param failed: what else went wrong, which the caller raises.
    """
    try:
        file.note_cleared(records)
    except DatacenterError as error:
        before = f"; before it: {failed.what}, {failed.cause}" if failed else ""
        raise DatacenterError(
            f"the event log {'may have been' if failed else 'was'} erased, and its archive could not be told",
            device=bmc.name,
            cause=f"{error.cause}{before}",
            next_step=f"see to the disk and put {file.path} aside before the next run: a new record that "
            "equals an old one would be taken for it, and not be kept",
            result={**result, "changed": True},
        ) from error


def _shown(log: Log, choice: Choice) -> dict[str, Any]:
    events = [event.as_dict() for event in log.events if choice.takes(event)]
    return {
        "log": log.state.as_dict(),
        "events": events,
        "open": [event.as_dict() for event in still_open(log.events)],
    }


def still_open(events: Sequence[Event]) -> list[Event]:
    """The critical ones, whatever is chosen, of which no later event says that they are over.

    One that nothing can end, because its protocol or its kind knows no end, stays open until it is cleared.
    """
    found: dict[object, Event] = {}
    for event in events:
        what = event.occasion or (event.sensor, event.event)
        # What comes again is newer than what it replaces.
        if event.asserted is False:
            found.pop(what, None)
        elif event.severity in ("critical", "failed"):
            found.pop(what, None)
            found[what] = event
    return list(found.values())
