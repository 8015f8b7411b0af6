# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: stand-ins that are smaller than what they stand in for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.readings import smaller

DOCUMENTATION = r"""
name: room_smaller
short_description: Servers that are smaller than those they stand in for
version_added: 0.2.0
description:
  - Compares cores and memory by the plan.
positional: hostvars
options:
  _input:
    description: Pairs of stand-in and server.
    type: list
    elements: list
    required: true
  hostvars:
    description: The variables of all hosts.
    type: dict
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
that: "{{ [['dr-db-01', 'nn-db-01']] | anjianyun.datacenter.room_smaller(hostvars) }}"
"""

RETURN = r"""
_value:
  description: A sentence for each that is smaller.
  type: list
  elements: str
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"room_smaller": smaller}
