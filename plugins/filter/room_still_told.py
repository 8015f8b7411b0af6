# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: whether what was known of servers is known still, as readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.readings import still_told_readings

DOCUMENTATION = r"""
name: room_still_told
short_description: Whether what was known of servers is known still, as what a gate judges
version_added: 0.2.0
description:
  - One reading a server. What was read before and is not now cannot be compared, and may be gone.
positional: after
options:
  _input:
    description: Surveys by server, from before.
    type: dict
    required: true
  after:
    description: Surveys by server, from now.
    type: dict
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
that: "{{ before | anjianyun.datacenter.room_still_told(surveys) }}"
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.gate#module:that) takes.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"room_still_told": still_told_readings}
