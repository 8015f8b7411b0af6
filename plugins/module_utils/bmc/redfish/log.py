# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event log in Redfish (LogService and its LogEntry resources)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.service import (
    Service,
    unsupported,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.session import path_of

#: How many of the newest events are given in full.
LAST_EVENTS = 10

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


def events(service: Service, what: str = "read the event log") -> tuple[list[dict[str, Any]], Seen]:
    """All events, the oldest first, and what :func:`clear` needs."""
    place = find(service, what)
    members = service.session.members(place.entries, what)
    found = sorted((_event(one) for one in members), key=lambda event: _order(event["at"]))
    return found, Seen(place, service.session.etag(place.entries), _ids(members))


def _ids(members: list[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(sorted(str(path_of(one)) for one in members))


def _order(at: str | None) -> float:
    """Their place in time; services give them in either order, and in several time zones."""
    try:
        return datetime.fromisoformat((at or "").replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0


def _event(one: Mapping[str, Any]) -> dict[str, Any]:
    code = str(one.get("EntryCode") or "")
    own = {name: one[name] for name in sorted(one) if not name.startswith("@")}
    return {
        "id": str(one.get("Id")),
        # What it is known by: its content, for ids are given anew after the log was cleared.
        "raw": hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest(),
        "at": one.get("EventTimestamp") or one.get("Created"),
        "sensor": one.get("Name"),
        "type": one.get("SensorType") or one.get("EntryType"),
        "event": one.get("Message"),
        "detail": one.get("Resolution") or one.get("MessageId"),
        "asserted": False if "deassert" in code.lower() else True if code else None,
        "severity": _SEVERITIES.get(str(one.get("Severity")), "unknown"),
    }


def sel(service: Service) -> dict[str, Any]:
    """Summary of the event log; Redfish tells no bytes that are free."""
    found, seen = events(service)
    severities = [event["severity"] for event in found]
    overflow = seen.place.service.get("Overflow")
    last = [{name: event[name] for name in event if name not in ("raw", "detail")} for event in found]
    return {
        "entries": len(found),
        "free_bytes": None,
        "overflow": overflow if isinstance(overflow, bool) else None,
        "last_added": found[-1]["at"] if found else None,
        "last_erased": None,
        "by_severity": {severity: severities.count(severity) for severity in sorted(set(severities))},
        "last": last[-LAST_EVENTS:],
    }


def clear(service: Service, seen: Seen) -> None:
    """Clear the log when it is still what was read.

    A service that knows ``LogEntriesETag`` compares itself. On others the ids are read again right before,
    and what comes between that and the action is lost.

    :raises errors.NotNow: an event came, and nothing was cleared.
    """
    what = "clear the event log"
    session = service.session
    action = (seen.place.service.get("Actions") or {}).get("#LogService.ClearLog") or {}
    if not action.get("target"):
        raise unsupported(session, what, "it has no action for that")
    now = session.members(seen.place.entries, what, whole=False)
    if _ids(now) != seen.ids:
        cause = f"{len(now)} entries are there, {len(seen.ids)} were read"
        raise errors.refused(
            session.name, "the event log has changed since it was read", errors.NotNow, cause
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
