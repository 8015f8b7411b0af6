# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: whether a centre that serves loses hosts, as what a gate judges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.readings import serving_readings

DOCUMENTATION = r"""
name: power_serving
short_description: Whether a centre that serves loses hosts, as what a gate judges
version_added: 0.2.0
description:
  - A service stops when hosts of the centre go down whose database is the primary.
positional: roles, hosts
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
    description: What goes down.
    type: list
    elements: str
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
that: "{{ dc_services | anjianyun.datacenter.power_serving({'nn-db-01': 'primary'}, ['nn-app-01']) }}"
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.gate#module:that) takes.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"power_serving": serving_readings}
