# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: who came back and bore no load."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.burn_in import unburned

DOCUMENTATION = r"""
name: room_unburned
short_description: Servers that came back and were not burned in
version_added: 0.2.0
description:
  - Says of each why. It has no BMC, it is off as before, it was left out by its name, or nobody asked for it.
positional: passed, with_bmc, slept, meant
options:
  _input:
    description: All servers that it is about.
    type: list
    elements: str
    required: true
  passed:
    description: Those that bore it.
    type: list
    elements: str
    required: true
  with_bmc:
    description: Those that have a BMC.
    type: list
    elements: str
    required: true
  slept:
    description: Those that are off as before.
    type: list
    elements: str
    required: true
  meant:
    description: Those that were to be loaded.
    type: list
    elements: str
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
left: "{{ members | anjianyun.datacenter.room_unburned(passed, groups['bmc'], [], members) }}"
"""

RETURN = r"""
_value:
  description: A sentence by server.
  type: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"room_unburned": unburned}
