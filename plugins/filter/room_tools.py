# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: whether servers have the programs that later steps call, as readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.tools import tool_readings

DOCUMENTATION = r"""
name: room_tools
short_description: Whether servers have the programs that later steps call, as what a gate judges
version_added: 0.2.0
description:
  - Names server, program and package. Without what the burn-in or the line's measurement calls no yes helps,
    for those steps would stop; without what only the survey calls the run goes on with C(not_looked_at).
positional: told
options:
  _input:
    description: What P(anjianyun.datacenter.room_tools_needed#filter) says.
    type: dict
    required: true
  told:
    description:
      - Results of a loop over C(room_host), whose C(stdout_lines) are the paths of the
        programs that are there.
    type: list
    elements: dict
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
that: "{{ needs | anjianyun.datacenter.room_tools(asked.results) }}"
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.gate#module:that) takes.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"room_tools": tool_readings}
