# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: servers that are on with their restore policies as they were, as readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.readings import lit_readings

DOCUMENTATION = r"""
name: room_lit
short_description: Servers that are on again as what a verify judges
version_added: 0.2.0
description:
  - One reading a server, of its power and of its restore policy.
positional: hosts, policies, slept
options:
  _input:
    description: C(targets) of a fleet's call of M(anjianyun.datacenter.bmc_info) for C(power).
    type: dict
    required: true
  hosts:
    description: The servers.
    type: list
    elements: str
    required: true
  policies:
    description: The restore policy of each as it was, C(unknown) where nobody knew it.
    type: dict
    required: true
  slept:
    description: Servers that were off before. They have to be off.
    type: list
    elements: str
    default: []
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
that: "{{ told.targets | anjianyun.datacenter.room_lit(['nn-db-01'], {'nn-db-01': 'previous'}) }}"
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.verify#module:that) takes.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"room_lit": lit_readings}
