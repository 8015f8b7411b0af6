# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: restore policies of servers as what a gate judges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.readings import restore_readings

DOCUMENTATION = r"""
name: power_restore
short_description: Restore policies of servers as what a gate judges
version_added: 0.2.0
description:
  - A server that starts by itself when its power comes back, or may do so, needs an approval.
options:
  _input:
    description: C(targets) of M(anjianyun.datacenter.bmc_info) with C(power).
    type: dict
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
that: "{{ fleet.targets | anjianyun.datacenter.power_restore }}"
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.gate#module:that) takes.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"power_restore": restore_readings}
