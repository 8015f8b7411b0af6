# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: a line's rate against the plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.line_rate import judged

DOCUMENTATION = r"""
name: line_rate_judged
short_description: A line's rate against the plan
version_added: 0.2.0
description:
  - Makes of what iperf3 measured a reading for each direction, and a result to be written down.
positional: lines, routes
options:
  _input:
    description: C(results) of iperf3 in a loop over C(line_rate_way).
    type: list
    elements: dict
    required: true
  lines:
    description: What P(anjianyun.datacenter.line_rate_lines#filter) found.
    type: list
    elements: dict
    required: true
  routes:
    description: C(results) of M(anjianyun.datacenter.route_info) in a loop over C(line_rate_router).
    type: list
    elements: dict
    required: true
  share:
    description: Share of the plan's rate that has to be reached.
    type: float
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
found: "{{ measured | anjianyun.datacenter.line_rate_judged(lines, routes.results, share=0.8) }}"
"""

RETURN = r"""
_value:
  description: With C(readings) and C(result).
  type: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"line_rate_judged": judged}
