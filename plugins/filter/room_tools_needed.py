# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: the programs that later steps of a room's upgrade call on its servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.tools import needed

DOCUMENTATION = r"""
name: room_tools_needed
short_description: The programs that later steps of a room's upgrade call on its servers
version_added: 0.2.0
description:
  - What the burn-in, the measurement of the line and, on real machines, the survey call.
positional: line_from, line_to, surveys
options:
  _input:
    description: Hosts that are to be loaded.
    type: list
    elements: str
    required: true
  line_from:
    description: Host from which the line is measured. Without both ends no line is.
    type: str
    required: true
  line_to:
    description: Host to which the line is measured.
    type: str
    required: true
  surveys:
    description: Surveys by server, as the filter P(anjianyun.datacenter.room_survey#filter) makes them.
    type: dict
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
needs: "{{ ['nn-db-01'] | anjianyun.datacenter.room_tools_needed('nn-db-01', 'dr-db-01', room_surveys) }}"
"""

RETURN = r"""
_value:
  description: By host, each program that is called there, and what for.
  type: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"room_tools_needed": needed}
