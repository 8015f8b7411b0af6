# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of a room that its upgrade does not move: each is seen away or stopped, or out by a yes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.readings import services_of

Reading = dict[str, Any]
#: What a database says of itself that takes no writes.
_IDLE = ("standby", "stopped", "absent")


def other_readings(
    services: Mapping[str, Any], roles: Mapping[str, str], hosts: Collection[str], moved: str, hours: Any
) -> list[Reading]:
    """Whether anybody else is served from what goes dark, a reading a service.

    :param services: of the plan.
    :param roles: what each database says it is; who was not read is not known.
    :param hosts: what goes dark, with the cloud hosts that it carries.
    :param moved: the service that the upgrade moves itself.
    :param hours: of the hold.
    """
    others = [name for name in services_of(services, hosts) if name != moved]
    if not others:
        return [{"ok": True, "reading": "no other service has servers there"}]
    return [_reading(name, services[name]["centres"], roles, hosts, hours) for name in others]


def _reading(
    name: str,
    centres: Mapping[str, Mapping[str, str]],
    roles: Mapping[str, str],
    hosts: Collection[str],
    hours: Any,
) -> Reading:
    held = {
        centre: roles.get(tiers.get("database", ""), "unknown") or "unknown"
        for centre, tiers in centres.items()
    }
    going = {centre: sorted(set(hosts) & set(tiers.values())) for centre, tiers in centres.items()}
    serves = sorted(centre for centre, role in held.items() if role == "primary")
    dark = sorted(centre for centre, members in going.items() if members)
    names = ", ".join(host for centre in dark for host in going[centre])
    said = ", ".join(f"{role} in {centre}" for centre, role in sorted(held.items()))
    stays = [centre for centre in centres if centre not in dark]
    if any(centre in dark for centre in serves):
        ok, state = False, "is served from there"
    elif serves:
        ok, state = True, f"is served from {', '.join(serves)}"
    elif all(role in _IDLE for role in held.values()):
        ok, state = True, "is stopped"
    else:
        ok, state = None, "may be served from there"
    move = (
        f"move it (dr_switchover.yml -e dr_service={name} -e dr_to={stays[0]}), and home in the end"
        if stays
        else "there is no centre without servers that go dark to move it to"
    )
    return {
        "ok": ok,
        "reading": f"{name} {state} (its database is {said})",
        "refuse": f"{name} {state}, and {names} go dark",
        "way_on": f"{move}; or stop its database in order; or say that it may be out",
        "approval": f"out_{name}",
        "risk": f"{name} is out for the whole hold of {hours} h, and until a person brings it back: {names} "
        "go dark, and nothing of this run moves or starts it",
        "this_risk": True,
    }
