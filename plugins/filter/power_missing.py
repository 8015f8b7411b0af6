# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: what is started without what it needs, as what a gate judges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.readings import missing_readings

DOCUMENTATION = r"""
name: power_missing
short_description: What is started without what it needs, as what a gate judges
version_added: 0.2.0
description:
  - Nothing is started before what it needs is on, but with an approval.
positional: coming
options:
  _input:
    description: C(missing) of M(anjianyun.datacenter.power_schedule).
    type: list
    elements: str
    required: true
  coming:
    description: What is switched on.
    type: list
    elements: str
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
that: "{{ schedule.missing | anjianyun.datacenter.power_missing(['nn-app-01']) }}"
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.gate#module:that) takes.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"power_missing": missing_readings}
