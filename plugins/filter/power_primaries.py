# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: whether a service has two primaries, as what a verify judges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.readings import primary_readings

DOCUMENTATION = r"""
name: power_primaries
short_description: Whether a service has two primaries, as what a verify judges
version_added: 0.2.0
description:
  - One database of a service takes writes at most. Who does not answer at all is left out.
positional: roles
options:
  _input:
    description: C(dc_services) of the plan.
    type: dict
    required: true
  roles:
    description: C(role) of each database that answers, by M(anjianyun.datacenter.pg_info).
    type: dict
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
that: "{{ dc_services | anjianyun.datacenter.power_primaries({'nn-db-01': 'primary'}) }}"
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.verify#module:that) takes.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"power_primaries": primary_readings}
