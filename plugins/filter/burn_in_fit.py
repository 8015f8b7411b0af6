# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: whether servers can be loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.burn_in import fit

DOCUMENTATION = r"""
name: burn_in_fit
short_description: Whether servers can be loaded
version_added: 0.2.0
description:
  - Makes readings of what servers have and of what their sensors say before a burn-in.
positional: told, sensors
options:
  _input:
    description: Names of hosts.
    type: list
    elements: str
    required: true
  told:
    description: C(results) of M(anjianyun.datacenter.burn_in) in a loop over C(burn_in_host).
    type: list
    elements: dict
    required: true
  sensors:
    description: C(targets) of M(anjianyun.datacenter.bmc_sensor).
    type: dict
    required: true
  disk_mb:
    description: MiB of disk that are to be loaded.
    type: int
    required: true
  memory_share:
    description: Share of the free memory that is to be loaded.
    type: float
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
that: >-
  {{ hosts | anjianyun.datacenter.burn_in_fit(told.results, fleet.targets, disk_mb=256, memory_share=0.5) }}
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.gate#module:that) takes.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"burn_in_fit": fit}
