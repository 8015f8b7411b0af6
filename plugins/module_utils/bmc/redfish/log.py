# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event log in Redfish (LogService and its LogEntry resources)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Event, Log, LogState
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish import settings
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.service import (
    Service,
    unsupported,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.session import path_of

_SEVERITIES = {"OK": "ok", "Warning": "warning", "Critical": "critical"}
#: Ids that vendors give their system event log, when none says it by its kind of entries.
_CALLED = ("sel", "log1", "eventlog", "event", "iel")


@dataclass(frozen=True)
class Place:
    """A log: the paths of its service and of its entries, and what the service says."""

    path: str
    entries: str
    service: Mapping[str, Any]


@dataclass(frozen=True)
class Seen:
    """A log as it was read: what must still be so when it is cleared."""

    place: Place
    etag: str | None
    ids: tuple[str, ...]


def find(service: Service, what: str) -> Place:
    """The system event log: the server's, else the BMC's."""
    session = service.session
    found: list[Place] = []
    for holder in (service.system(what), service.manager(what)):
        path = path_of(holder.get("LogServices"))
        for one in session.members(path, what) if path else []:
            entries = path_of(one.get("Entries"))
            if entries and one.get("ServiceEnabled") is not False:
                found.append(Place(str(path_of(one)), entries, one))
    if not found:
        raise unsupported(session, what, "it has no log service")
    return min(found, key=_rank)


def _rank(place: Place) -> int:
    if place.service.get("LogEntryType") == "SEL":
        return 0
    name = str(place.service.get("Id")).lower()
    return 1 + _CALLED.index(name) if name in _CALLED else 1 + len(_CALLED)


def events(service: Service, what: str = "read the event log") -> tuple[list[Event], Seen]:
    """All events, the oldest first, and what :func:`clear` needs."""
    place = find(service, what)
    members = service.session.members(place.entries, what)
    found = sorted((_event(one) for one in members), key=lambda event: event.at or "")
    return found, Seen(place, service.session.etag(place.entries), _ids(members))


def _ids(members: list[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(sorted(str(path_of(one)) for one in members))


def _utc(stated: Any) -> str | None:
    """A moment in UTC: services tell theirs in several time zones."""
    try:
        moment = datetime.fromisoformat(str(stated or "").replace("Z", "+00:00"))
    except ValueError:
        return None
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return zoned.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def _event(one: Mapping[str, Any]) -> Event:
    code = str(one.get("EntryCode") or "")
    own = {name: one[name] for name in sorted(one) if not name.startswith("@")}
    kind = one.get("SensorType") or one.get("EntryType")
    return Event(
        id=str(one.get("Id")),
        # What it is known by: its content, for ids are given anew after the log was cleared.
        raw=hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest(),
        at=_utc(one.get("EventTimestamp") or one.get("Created")),
        sensor=one.get("Name"),
        type=None if kind is None else str(kind),
        event=one.get("Message"),
        detail=one.get("Resolution") or one.get("MessageId"),
        asserted=False if "deassert" in code.lower() else True if code else None,
        severity=_SEVERITIES.get(str(one.get("Severity")), "unknown"),
    )


def read_log(service: Service) -> Log:
    """The whole log. Redfish tells no bytes that are free, nor when it was last cleared."""
    found, seen = events(service)
    overflow = seen.place.service.get("Overflow")
    state = LogState(
        entries=len(found),
        overflow=overflow if isinstance(overflow, bool) else None,
        last_added=found[-1].at if found else None,
        clock_ahead_s=_clock_ahead_s(service),
    )
    return Log(state, tuple(found), seen)


def _clock_ahead_s(service: Service) -> float | None:
    try:
        return settings.clock_ahead_s(service)
    except errors.CommandUnsupported:
        return None


def clear(service: Service, seen: Seen) -> None:
    """Clear the log when it is still what was read.

    A service that knows ``LogEntriesETag`` compares itself. On others the ids are read again right before,
    and what comes between that and the action is lost.

    :raises errors.LogChanged: an event came, and nothing was cleared.
    """
    what = "clear the event log"
    session = service.session
    action = (seen.place.service.get("Actions") or {}).get("#LogService.ClearLog") or {}
    if not action.get("target"):
        raise unsupported(session, what, "it has no action for that")
    now = session.members(seen.place.entries, what, whole=False)
    if _ids(now) != seen.ids:
        cause = f"{len(now)} entries are there, {len(seen.ids)} were read"
        raise errors.LogChanged(
            "the event log has changed since it was read, so it was not erased",
            device=session.name,
            cause=cause,
            next_step="read and archive it again, then erase it",
        )
    body: dict[str, Any] = {}
    if seen.etag and _takes_etag(seen.place.service):
        body["LogEntriesETag"] = seen.etag
    # Sent again, it could meet an event that came after the first.
    session.post(str(action["target"]), body, what, once=True)


def _takes_etag(log: Mapping[str, Any]) -> bool:
    """The parameter came with LogService 1.3.0."""
    version = str(log.get("@odata.type") or "").partition(".v")[2].partition(".")[0].split("_")
    return len(version) == 3 and all(part.isdigit() for part in version) and [*map(int, version)] >= [1, 3, 0]
