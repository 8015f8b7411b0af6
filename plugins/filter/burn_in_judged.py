# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: what a burn-in showed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.burn_in import judged

DOCUMENTATION = r"""
name: burn_in_judged
short_description: What a burn-in showed
version_added: 0.2.0
description:
  - Makes of the loads' ends and of the watch a reading for each host, and a result to be written down.
positional: ended, watch
options:
  _input:
    description: Names of hosts.
    type: list
    elements: str
    required: true
  ended:
    description: C(results) of M(anjianyun.datacenter.burn_in) in a loop over C(burn_in_host).
    type: list
    elements: dict
    required: true
  watch:
    description: What P(anjianyun.datacenter.burn_in_watched#filter) made.
    type: dict
    required: true
  seconds:
    description: Seconds that the load should last.
    type: int
    required: true
  broke:
    description: Why it broke off, besides what the watch saw.
    type: str
    default: ''
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
found: "{{ hosts | anjianyun.datacenter.burn_in_judged(ended.results, watch, seconds=600) }}"
"""

RETURN = r"""
_value:
  description: With C(readings) and C(result).
  type: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"burn_in_judged": judged}
