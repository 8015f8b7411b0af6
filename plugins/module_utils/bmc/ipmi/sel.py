# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system event log in IPMI (chapter 31)."""

from __future__ import annotations

import struct
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.helpers import (
    decoders,
    health,
    moment,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import Session

#: How many of the newest events are given in full.
LAST_EVENTS = 10

_STORAGE = 0x0A
_GET_SEL_INFO = 0x40


def sel(session: Session) -> dict[str, Any]:
    """Summary of the event log: how full, since when, and its newest entries."""
    data = session.command("read the event log's state", _STORAGE, _GET_SEL_INFO)
    count, free, added, erased = struct.unpack_from("<HHII", data, 1)
    with decoders(session, "read the event log") as helper:
        events = [_event(event) for event in helper.get_event_log()] if count else []
    severities = [event["severity"] for event in events]
    return {
        "entries": count,
        "free_bytes": free,
        "overflow": bool(data[13] & 0x80),
        "last_added": moment(added),
        "last_erased": moment(erased),
        "by_severity": {severity: severities.count(severity) for severity in sorted(set(severities))},
        "last": events[-LAST_EVENTS:],
    }


def _event(event: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": event.get("record_id"),
        "at": event.get("timestamp"),
        "sensor": event.get("component"),
        "type": event.get("component_type"),
        "event": event.get("event"),
        "asserted": not event.get("deassertion", False),
        "severity": health(event.get("severity", 0)),
    }
