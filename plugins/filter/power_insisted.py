# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: what was done to servers that did not shut down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.readings import insisted

DOCUMENTATION = r"""
name: power_insisted
short_description: What was done to servers that did not shut down
version_added: 0.2.0
description:
  - Tells those that were told to shut down from those that never were, each with what happened.
positional: told, asked, loop
options:
  _input:
    description: Servers that are on all the same.
    type: list
    elements: str
    required: true
  told:
    description: Results of telling the operating systems, in a loop.
    type: list
    elements: dict
    required: true
  asked:
    description: C(targets) of M(anjianyun.datacenter.bmc_power) with C(soft).
    type: dict
    required: true
  loop:
    description: The loop's variable.
    type: str
    default: host
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
found: "{{ stuck | anjianyun.datacenter.power_insisted(told.results, asked.targets) }}"
"""

RETURN = r"""
_value:
  description: What happened to each, under C(told) and C(untold).
  type: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"power_insisted": insisted}
