# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of a service's databases is the primary? Read from what they are, not from what was planned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def decide_primary(databases: Mapping[str, Mapping[str, Any]], planned: str) -> dict[str, Any]:
    """Decide from what ``pg_info`` said of each database of a service.

    :param planned: the host that the plan makes the first primary; it counts only while no host
        holds any data.
    :returns: ``ok``, ``primary`` (None when it cannot be said), ``fresh`` (nothing was there yet),
        ``reason``, a sentence, and ``way_on`` when it is not ok.
    """
    primaries = sorted(name for name, info in databases.items() if info["role"] == "primary" and _holds(info))
    holders = sorted(name for name, info in databases.items() if _holds(info))
    if len(primaries) == 1:
        return _yes(primaries[0], False, f"{primaries[0]} is the primary")
    if len(primaries) > 1:
        return _no(
            f"{' and '.join(primaries)} both accept writes", "fence one of them, then run pg_rejoin on it"
        )
    if not holders:
        return _yes(planned, True, f"no database yet; the plan begins in {planned}")
    if holders == [planned] and databases[planned]["role"] == "stopped":
        return _yes(planned, True, f"only {planned} holds data, and no other centre ever did")
    return _no(
        f"{' and '.join(holders)} hold data and none of them is a primary",
        "this is no deployment but a recovery: dr_failover.yml or dr_failback.yml",
    )


def _holds(info: Mapping[str, Any]) -> bool:
    return info["role"] != "absent" and bool(info.get("holds_data", True))


def _yes(primary: str, fresh: bool, reason: str) -> dict[str, Any]:
    return {"ok": True, "primary": primary, "fresh": fresh, "reason": reason, "way_on": None}


def _no(reason: str, way_on: str) -> dict[str, Any]:
    return {"ok": False, "primary": None, "fresh": False, "reason": reason, "way_on": way_on}
