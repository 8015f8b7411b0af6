# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: whose locators are lit, or out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.readings import located

DOCUMENTATION = r"""
name: room_located
short_description: Servers whose locators were seen lit, or out
version_added: 0.2.0
description:
  - Of a BMC that does not tell the state of its locator nothing is known.
positional: hosts, state
options:
  _input:
    description: C(targets) of a fleet's call of M(anjianyun.datacenter.bmc_identify) in check mode.
    type: dict
    required: true
  hosts:
    description: The servers.
    type: list
    elements: str
    required: true
  state:
    description: What the locators should be.
    type: str
    choices: ['on', 'off']
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
lit: "{{ told.targets | anjianyun.datacenter.room_located(['nn-db-01'], 'on') }}"
"""

RETURN = r"""
_value:
  description: Two dicts of a sentence by server, C(seen) and C(not_seen).
  type: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"room_located": located}
