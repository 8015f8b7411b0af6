# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: whether other services are served from what goes dark, as readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.others import other_readings

DOCUMENTATION = r"""
name: room_others
short_description: Whether other services are served from what goes dark, as what a gate judges
version_added: 0.2.0
description:
  - One reading a service. It passes when its database is seen to be the primary in a centre that loses none
    of its servers, or is seen to be a primary nowhere. Else it needs C(out_<service>), a yes of its own that
    says how long it is out.
positional: roles, hosts, moved, hours
options:
  _input:
    description: C(dc_services) of the plan.
    type: dict
    required: true
  roles:
    description: C(role) of each database by M(anjianyun.datacenter.pg_info).
    type: dict
    required: true
  hosts:
    description: What goes dark.
    type: list
    elements: str
    required: true
  moved:
    description: The service that is moved by the run itself.
    type: str
    required: true
  hours:
    description: Hours of the hold.
    type: float
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
that: "{{ dc_services | anjianyun.datacenter.room_others(roles, ['nn-pm-01'], 'hidden_danger', 72) }}"
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.gate#module:that) takes.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"room_others": other_readings}
