# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: what stands in a room and its upgrade does not switch, as readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.scope import left_out_readings

DOCUMENTATION = r"""
name: room_left_out
short_description: What a room's upgrade leaves to people, as what a gate judges
version_added: 0.2.0
description:
  - One reading of all of it. It passes with a yes to this very list.
options:
  _input:
    description: C(left_out) of P(anjianyun.datacenter.room_hosts#filter).
    type: list
    elements: dict
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
that: "{{ room_scope.left_out | anjianyun.datacenter.room_left_out }}"
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.gate#module:that) takes.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"room_left_out": left_out_readings}
