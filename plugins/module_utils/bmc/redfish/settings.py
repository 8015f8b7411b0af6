# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the BMC itself in Redfish: its clock, the time-out of its sessions, who is told of events.

``network.py`` has the resource of its services and its time servers.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish import network
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.service import (
    Service,
    unsupported,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.session import path_of


def refused(service: Service, name: str, wanted: Any) -> str | None:
    """Why it cannot be set; ``None`` when it can."""
    if name == "channels":
        return "Redfish has no channels"
    try:
        found = read(service, name, wanted)
    except errors.CommandUnsupported as error:
        return str(error.cause)
    if name == "services":
        if wanted.get("https") is False:
            return "this very session comes over HTTPS, and would be the last"
        untold = sorted(word for word in wanted if found.get(word) is None)
        return f"the service does not tell {', '.join(untold)}" if untold else None
    return None


def read(service: Service, name: str, wanted: Any) -> Any:
    """As it is, in the shape of what is wanted."""
    if name == "clock":
        return {"ahead_s": clock_ahead_s(service)}
    if name == "ntp":
        found = network.ntp(service)
        return found["servers"] if found["enabled"] else []
    if name == "session_timeout_s":
        return session_timeout_s(service)
    if name == "alert":
        return _alert(service, wanted)
    told = network.services(service)
    return {word: told.get(word, {}).get("enabled") for word in wanted}


def write(service: Service, name: str, wanted: Any) -> None:
    """Set it. Nothing that :func:`refused` refuses comes here."""
    if name == "clock":
        write_clock(service, datetime.now(timezone.utc))
    elif name == "ntp":
        network.write_ntp(service, enabled=bool(wanted), servers=list(wanted))
    elif name == "session_timeout_s":
        write_session_timeout(service, wanted)
    elif name == "alert":
        _write_alert(service, wanted)
    else:
        for word, enabled in wanted.items():
            network.write_service(service, word, enabled)


def _context(wanted: Mapping[str, Any]) -> str:
    """By what our subscription is known again: Redfish numbers none."""
    return f"destination {wanted['destination']}"


def _ours(service: Service, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [one for one in alert_targets(service) if one["context"] == _context(wanted)]


def _alert(service: Service, wanted: Mapping[str, Any]) -> dict[str, Any]:
    ours = _ours(service, wanted)
    if not ours:
        # Where no alert is wanted, none is what is wanted.
        return {**wanted, "enabled": False}
    host = urlsplit(str(ours[0]["destination"])).hostname
    inform = ours[0]["kind"] == "SNMPInform"
    return {**wanted, "address": host, "acknowledged": inform, "enabled": True}


def _write_alert(service: Service, wanted: Mapping[str, Any]) -> None:
    for one in _ours(service, wanted):
        remove_alert_target(service, str(one["path"]))
    if wanted["enabled"]:
        kind = "SNMPInform" if wanted["acknowledged"] else "SNMPTrap"
        add_alert_target(service, f"snmp://{wanted['address']}", kind=kind, context=_context(wanted))


def clock_ahead_s(service: Service) -> float | None:
    """Seconds by which its clock is ahead of this machine's, to about one: it tells whole seconds."""
    before = time.time()
    return round(clock(service).timestamp() + 0.5 - (before + time.time()) / 2, 1)


def clock(service: Service) -> datetime:
    """What its clock says, in UTC."""
    what = "read the clock"
    manager = service.manager(what)
    stated = str(manager.get("DateTime") or "")
    try:
        found = datetime.fromisoformat(stated.replace("Z", "+00:00"))
    except ValueError as error:
        raise unsupported(service.session, what, f"it says '{stated}'") from error
    if found.tzinfo is None:
        offset = str(manager.get("DateTimeLocalOffset") or "+00:00").replace("Z", "+00:00")
        found = datetime.fromisoformat(f"{stated}{offset}")
    return found.astimezone(timezone.utc)


def write_clock(service: Service, moment: datetime) -> None:
    """Set its clock."""
    stated = moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    service.session.patch(service.manager_path(), {"DateTime": stated}, "set the clock")


def session_timeout_s(service: Service) -> int | None:
    """Seconds of silence after which it ends a session."""
    stated = service.of_root("SessionService", "read the time-out of sessions").get("SessionTimeout")
    return None if stated is None else int(stated)


def write_session_timeout(service: Service, seconds: int) -> None:
    what = "set the time-out of sessions"
    path = path_of(service.of_root("SessionService", what))
    service.session.patch(str(path), {"SessionTimeout": seconds}, what)


def alert_targets(service: Service) -> list[dict[str, Any]]:
    """Who is told of events: ``path``, ``destination``, ``kind``, ``context``."""
    return [
        {
            "path": path_of(one),
            "destination": one.get("Destination"),
            "kind": one.get("SubscriptionType"),
            "context": one.get("Context"),
        }
        for one in service.session.members(_subscriptions(service), "read the alert targets")
    ]


def add_alert_target(service: Service, destination: str, *, kind: str, context: str) -> None:
    """Have events told there by SNMP.

    :param kind: ``SNMPTrap``, or ``SNMPInform``, which is acknowledged.
    """
    body = {
        "Destination": destination,
        "Protocol": "SNMPv2c",
        "SubscriptionType": kind,
        "Context": context,
    }
    service.session.post(_subscriptions(service), body, "add an alert target", once=True, read_back=True)


def remove_alert_target(service: Service, path: str) -> None:
    service.session.delete(path, "remove an alert target")


def _subscriptions(service: Service) -> str:
    what = "read the alert targets"
    path = path_of(service.of_root("EventService", what).get("Subscriptions"))
    if path is None:
        raise unsupported(service.session, what, "it has none")
    return path
