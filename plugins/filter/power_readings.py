# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: states of many hosts as readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.readings import readings

DOCUMENTATION = r"""
name: power_readings
short_description: States of many hosts as what a gate or verify judges
version_added: 0.2.0
description:
  - Makes one reading a host. C(unknown) is neither good nor bad.
positional: wanted, what, way_on
options:
  _input:
    description: State of each host by its name.
    type: dict
    required: true
  wanted:
    description: States that are good.
    type: list
    elements: str
    required: true
  what:
    description: The verb between name and state.
    type: str
    default: is
  way_on:
    description: What to do about one that is not good.
    type: str
    default: ''
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
that: "{{ states | anjianyun.datacenter.power_readings(['off']) }}"
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.verify#module:that) takes.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"power_readings": readings}
