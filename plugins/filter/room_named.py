# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: hosts that approvals name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.approved import named

DOCUMENTATION = r"""
name: room_named
short_description: Hosts that approvals name
version_added: 0.2.0
description:
  - Of some hosts those of which a person said beforehand that they are dealt with otherwise than the rest.
positional: approvals, prefix
options:
  _input:
    description: Names of hosts.
    type: list
    elements: str
    required: true
  approvals:
    description: C(dr_approvals), as a list or as a text with commas.
    type: raw
    required: true
  prefix:
    description: What stands before a host's name in an approval.
    type: str
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
woken: "{{ ['nn-old-01'] | anjianyun.datacenter.room_named('power_up,wake_nn-old-01', 'wake_') }}"
"""

RETURN = r"""
_value:
  description: Names of hosts.
  type: list
  elements: str
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"room_named": named}
