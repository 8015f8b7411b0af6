# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: power states from what BMCs and SSH ports answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.readings import power_states

DOCUMENTATION = r"""
name: power_states
short_description: Power states of hosts from what was read
version_added: 0.2.0
description:
  - Gives C(on), C(off), C(unknown), and C(silent) for a host without BMC that does not answer and of which
    nobody knows better.
positional: bmc, reach, carried, attested, carriers
options:
  _input:
    description: Names of hosts.
    type: list
    elements: str
    required: true
  bmc:
    description: C(targets) of M(anjianyun.datacenter.bmc_info) with C(power), or none.
    type: dict
  reach:
    description: C(targets) of M(anjianyun.datacenter.reachability), or none.
    type: list
    elements: dict
  carried:
    description: What servers say of their cloud hosts, C(on) or C(off) by the cloud host's name.
    type: dict
  attested:
    description: Hosts that a person answers for to have no power.
    type: list
    elements: str
    default: []
  carriers:
    description: Which server carries a cloud host.
    type: dict
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
reality: "{{ hosts | anjianyun.datacenter.power_states(fleet.targets, reach.targets) }}"
"""

RETURN = r"""
_value:
  description: State of each host by its name.
  type: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"power_states": power_states}
