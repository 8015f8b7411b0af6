# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: the lines between two centres."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.line_rate import lines_between

DOCUMENTATION = r"""
name: line_rate_lines
short_description: The lines between two centres
version_added: 0.2.0
description:
  - Finds the lines of the plan that lead from one centre to the other, the cheapest first.
positional: here, there, hostvars
options:
  _input:
    description: C(dc_lines).
    type: dict
    required: true
  here:
    description: The centre whose routers and interfaces are told.
    type: str
    required: true
  there:
    description: The other centre.
    type: str
    required: true
  hostvars:
    description: Ansible's C(hostvars).
    type: dict
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
lines: "{{ dc_lines | anjianyun.datacenter.line_rate_lines('nanning', 'dr', hostvars) }}"
"""

RETURN = r"""
_value:
  description: With C(name), C(rate_mbit), C(ospf_cost), C(router) and C(interface).
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"line_rate_lines": lines_between}
