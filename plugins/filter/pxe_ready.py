# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: whether servers may be installed, as readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.pxe.ready import pxe_ready

DOCUMENTATION = r"""
name: pxe_ready
short_description: Whether servers may be installed over the network, as what a gate judges
version_added: 0.2.0
description:
  - Judges for each server what the plan states, whether its BMC is in the server that the plan says,
    whether it is off, and whether somebody else has its address.
  - A server that is on needs the approval C(switch_off), given to that very server.
positional: hostvars, bmc, reach
options:
  _input:
    description: Names of servers.
    type: list
    elements: str
    required: true
  hostvars:
    description: Ansible's C(hostvars).
    type: dict
    required: true
  bmc:
    description: C(targets) of M(anjianyun.datacenter.bmc_info), with C(power) and C(fru).
    type: dict
    required: true
  reach:
    description: C(targets) of M(anjianyun.datacenter.reachability), of the servers' own addresses.
    type: list
    elements: dict
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
that: "{{ names | anjianyun.datacenter.pxe_ready(hostvars, bmc.targets, reach.targets) }}"
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.gate#module:that) takes.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"pxe_ready": pxe_ready}
