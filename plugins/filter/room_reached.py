# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: servers without a BMC that are on or off, as readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.readings import reached_readings

DOCUMENTATION = r"""
name: room_reached
short_description: Servers without a BMC that answer or are silent, as what a verify judges
version_added: 0.2.0
description:
  - One reading a server. One that answers is on. One that is silent is off when a person answers for that.
positional: hosts, power, attested
options:
  _input:
    description: C(targets) of M(anjianyun.datacenter.reachability).
    type: list
    elements: dict
    required: true
  hosts:
    description: The servers.
    type: list
    elements: str
    required: true
  power:
    description: What they should be.
    type: str
    choices: ['on', 'off']
    required: true
  attested:
    description: Those of whom a person says that they have no power.
    type: list
    elements: str
    default: []
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
that: "{{ reach.targets | anjianyun.datacenter.room_reached(['nn-old-01'], 'on') }}"
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.verify#module:that) takes.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"room_reached": reached_readings}
