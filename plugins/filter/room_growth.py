# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: how fast the log of a database grows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.hold import growth

DOCUMENTATION = r"""
name: room_growth
short_description: How fast the log of a database grows
version_added: 0.2.0
description:
  - Stated by a person, or else the fastest of the times between two backups, and between the newest one and
    now. Positions less than an hour apart tell nothing.
positional: positions, stated
options:
  _input:
    description: What M(anjianyun.datacenter.pg_info) says of the primary.
    type: dict
    required: true
  positions:
    description: C(positions) of M(anjianyun.datacenter.pg_backup_proof).
    type: list
    elements: dict
    required: true
  stated:
    description: MiB an hour, by somebody who knows. Empty measures it.
    type: raw
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
grows: "{{ primary | anjianyun.datacenter.room_growth(backup.positions, room_growth_mib_h) }}"
"""

RETURN = r"""
_value:
  description:
    - C(mib_h), null when it is not known, and C(source), which says where it is from or why it is not known.
  type: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"room_growth": growth}
