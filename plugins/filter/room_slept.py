# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: whether servers are on before an upgrade, as readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.readings import slept_readings

DOCUMENTATION = r"""
name: room_slept
short_description: Whether servers are on before a room's upgrade, as what a gate judges
version_added: 0.2.0
description:
  - One reading a server. One that is off passes and is told, since it stays off when the power returns.
  - One that is neither seen on nor off does not pass.
positional: with_bmc
options:
  _input:
    description: Surveys by server.
    type: dict
    required: true
  with_bmc:
    description: The servers that have a BMC.
    type: list
    elements: str
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
that: "{{ surveys | anjianyun.datacenter.room_slept(['nn-db-01']) }}"
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.gate#module:that) takes.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"room_slept": slept_readings}
