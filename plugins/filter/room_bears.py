# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: whether the database that is left alone can bear the hold, as readings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.hold import (
    backups_more,
    hold_readings,
)

DOCUMENTATION = r"""
name: room_bears
short_description: Whether the database that is left alone can bear the hold, as what a gate judges
version_added: 0.2.0
description:
  - Its disk against what data, log and backups take in the hours of the hold, and, when its standby goes
    dark, the log that it keeps for it against what it writes.
positional: name, hours, grows
options:
  _input:
    description: What M(anjianyun.datacenter.pg_info) says of it.
    type: dict
    required: true
  name:
    description: Its host.
    type: str
    required: true
  hours:
    description: Hours of the hold.
    type: float
    required: true
  grows:
    description: What P(anjianyun.datacenter.room_growth#filter) says.
    type: dict
    required: true
  away:
    description: Host of the standby that goes dark; empty when it stays on.
    type: str
    default: ""
  backup:
    description:
      - What M(anjianyun.datacenter.pg_backup_proof) says, when the backups lie on the same host; empty when
        they do not.
    type: dict
    default: {}
  keep:
    description: How many backups are kept.
    type: int
    default: 0
  reserve_mib:
    description: MiB that stay free.
    type: float
    default: 0
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
that: >-
  {{ standby | anjianyun.datacenter.room_bears('dr-db-01', 72, grows, away='nn-db-01', backup=proof, keep=7,
                                               reserve_mib=256) }}
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.gate#module:that) takes.
  type: list
  elements: dict
"""


def room_bears(
    info: Mapping[str, Any],
    name: str,
    hours: Any,
    grows: Mapping[str, Any],
    away: str = "",
    backup: Mapping[str, Any] | None = None,
    keep: Any = 0,
    reserve_mib: Any = 0,
) -> list[dict[str, Any]]:
    """See the documentation above."""
    return hold_readings(
        info,
        name,
        hours,
        grows,
        away=away,
        backup_bytes=(backup or {}).get("bytes"),
        backups_more=backups_more(hours, keep, len(backup.get("positions") or ())) if backup else 0,
        reserve_mib=float(reserve_mib),
    )


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"room_bears": room_bears}
