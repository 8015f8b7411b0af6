# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: the watch over a burn-in after one more look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.burn_in import watched

DOCUMENTATION = r"""
name: burn_in_watched
short_description: The watch over a burn-in after one more look
version_added: 0.2.0
description:
  - Adds a look at the sensors to what was seen before, and says why the load has to end.
positional: sensors, hosts
options:
  _input:
    description: The watch so far; empty at the first look.
    type: dict
    required: true
  sensors:
    description: C(targets) of M(anjianyun.datacenter.bmc_sensor).
    type: dict
    required: true
  hosts:
    description: Names of hosts.
    type: list
    elements: str
    required: true
  at:
    description: When it was, in seconds of the clock.
    type: float
    required: true
  silent_s:
    description: Seconds that a BMC may tell nothing.
    type: float
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
watch: >-
  {{ watch | anjianyun.datacenter.burn_in_watched(fleet.targets, hosts, at=now().timestamp(), silent_s=60) }}
"""

RETURN = r"""
_value:
  description: With C(began), C(at), C(looks), and by host C(heard), C(peaks) and C(aborted).
  type: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"burn_in_watched": watched}
