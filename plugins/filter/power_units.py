# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: units that failed, by host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.readings import unit_states

DOCUMENTATION = r"""
name: power_units
short_description: Units of systemd that failed or are still starting, by host
version_added: 0.2.0
description:
  - Gives C(none) for a host without such units, and C(unknown) for one that did not answer.
positional: host, ignored
options:
  _input:
    description: Results of a loop of C(systemctl list-units --plain --no-legend).
    type: list
    elements: dict
    required: true
  host:
    description: Name of the loop's variable.
    type: str
    required: true
  ignored:
    description: Units that do not count.
    type: list
    elements: str
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
units: "{{ listed.results | anjianyun.datacenter.power_units('item', []) }}"
"""

RETURN = r"""
_value:
  description: The units of each host, as one text.
  type: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"power_units": unit_states}
