# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the BMC itself in Redfish: its clock, the time-out of its sessions, who is told of events.

Its services and its time servers stand in ``network.py``.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.service import (
    Service,
    unsupported,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.session import path_of


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
    """Who is told of events: ``path``, ``destination``, ``protocol``, ``context``."""
    return [
        {
            "path": path_of(one),
            "destination": one.get("Destination"),
            "protocol": one.get("Protocol"),
            "context": one.get("Context"),
        }
        for one in service.session.members(_subscriptions(service), "read the alert targets")
    ]


def add_alert_target(service: Service, destination: str, *, protocol: str, context: str) -> None:
    """Have events told there.

    :param destination: an address as the protocol writes it (``https://...``, ``snmp://...``).
    :param protocol: ``Redfish``, ``SNMPv2c``, ``SyslogUDP``...
    """
    body: dict[str, Any] = {"Destination": destination, "Protocol": protocol, "Context": context}
    if protocol.startswith("SNMP"):
        body["SubscriptionType"] = "SNMPTrap"
    elif protocol.startswith("Syslog"):
        body["SubscriptionType"] = "Syslog"
    service.session.post(_subscriptions(service), body, "add an alert target", once=True)


def remove_alert_target(service: Service, path: str) -> None:
    service.session.delete(path, "remove an alert target")


def _subscriptions(service: Service) -> str:
    what = "read the alert targets"
    path = path_of(service.of_root("EventService", what).get("Subscriptions"))
    if path is None:
        raise unsupported(service.session, what, "it has none")
    return path
