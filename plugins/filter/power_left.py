# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: who is left on without what he needs, as what a gate judges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.readings import left_readings

DOCUMENTATION = r"""
name: power_left
short_description: Who is left on without what he needs, as what a gate judges
version_added: 0.2.0
description:
  - Nothing may be left on that needs what goes down, but with an approval.
positional: going
options:
  _input:
    description: C(left) of M(anjianyun.datacenter.power_schedule).
    type: list
    elements: str
    required: true
  going:
    description: What goes down.
    type: list
    elements: str
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
that: "{{ schedule.left | anjianyun.datacenter.power_left(['nn-db-01']) }}"
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.gate#module:that) takes.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"power_left": left_readings}
