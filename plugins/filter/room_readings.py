# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: differences of servers as readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.readings import difference_readings

DOCUMENTATION = r"""
name: room_readings
short_description: Differences of servers as what a gate judges
version_added: 0.2.0
description:
  - Makes one reading a server. What is only told passes; what stops needs a yes to these very differences.
positional: against, approval, risk
options:
  _input:
    description: What was found to differ, as the filters room_against_plan and room_against_survey give it.
    type: list
    elements: dict
    required: true
  against:
    description: What they differ from, in words.
    type: str
    required: true
  approval:
    description: The name of the yes that lets them pass.
    type: str
    required: true
  risk:
    description: What such a yes risks.
    type: str
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
that: "{{ differences | anjianyun.datacenter.room_readings('the plan', 'as_found', 'the plan stays wrong') }}"
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.gate#module:that) takes.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"room_readings": difference_readings}
