# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: what servers draw as readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.readings import draw_readings

DOCUMENTATION = r"""
name: power_draw
short_description: What servers draw, beside the plan, as what a gate judges
version_added: 0.2.0
description:
  - BMCs that have no such reading (C(unsupported)) are left out; one that failed is not known.
positional: planned
options:
  _input:
    description: C(targets) of M(anjianyun.datacenter.bmc_info) with C(power_reading).
    type: dict
    required: true
  planned:
    description: Greatest watts by name, C(watts) of M(anjianyun.datacenter.power_schedule).
    type: dict
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
that: "{{ fleet.targets | anjianyun.datacenter.power_draw(schedule.watts) }}"
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.gate#module:that) takes.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"power_draw": draw_readings}
