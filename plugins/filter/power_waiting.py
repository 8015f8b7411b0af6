# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: whether a primary waits for a standby that goes down, as what a gate judges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.readings import waiting_readings

DOCUMENTATION = r"""
name: power_waiting
short_description: Whether a primary waits for a standby that goes down, as what a gate judges
version_added: 0.2.0
description:
  - A primary that is synchronous hangs at its next commit when its standby goes down.
positional: databases, hosts
options:
  _input:
    description: C(dc_services) of the plan.
    type: dict
    required: true
  databases:
    description: What M(anjianyun.datacenter.pg_info) says of each database that answers, by its host's name.
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
that: "{{ dc_services | anjianyun.datacenter.power_waiting({'nn-db-01': told}, ['dr-db-01']) }}"
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.gate#module:that) takes.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"power_waiting": waiting_readings}
