# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: what is left of a burn-in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.burn_in import gone

DOCUMENTATION = r"""
name: burn_in_gone
short_description: What is left of a burn-in
version_added: 0.2.0
description:
  - Makes a reading for each host, good when nothing runs and nothing is left.
options:
  _input:
    description: C(results) of M(anjianyun.datacenter.burn_in) in a loop over C(burn_in_host).
    type: list
    elements: dict
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
that: "{{ told.results | anjianyun.datacenter.burn_in_gone }}"
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.verify#module:that) takes.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"burn_in_gone": gone}
