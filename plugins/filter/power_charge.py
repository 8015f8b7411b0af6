# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: the charge of UPS as readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.readings import charge_readings

DOCUMENTATION = r"""
name: power_charge
short_description: The charge of each UPS as what a gate judges
version_added: 0.2.0
description:
  - A charge that nobody gave, or that is no percentage, is not known.
positional: charges, by_person, now
options:
  _input:
    description: C(ups) of M(anjianyun.datacenter.power_schedule).
    type: list
    elements: dict
    required: true
  charges:
    description: Charge in percent by the name of the UPS.
    type: dict
    required: true
  by_person:
    description:
      - Each charge is what a person read, as C(percent) and C(at) (epoch seconds, or date and time). What is
        older than 15 minutes is not known.
    type: bool
    default: false
  now:
    description: This moment in epoch seconds, if it is not the clock's.
    type: float
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
that: "{{ schedule.ups | anjianyun.datacenter.power_charge({'nn-ups-a': 80}) }}"
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.gate#module:that) takes.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"power_charge": charge_readings}
