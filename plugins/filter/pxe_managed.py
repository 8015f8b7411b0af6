# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: whether servers that were installed are managed hosts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.pxe.progress import pxe_managed

DOCUMENTATION = r"""
name: pxe_managed
short_description: Whether servers that were installed over the network are managed hosts
version_added: 0.2.0
description:
  - Makes one reading a server, from what it says that it is called, or from where it was lost.
positional: said, lost
options:
  _input:
    description: Names of servers.
    type: list
    elements: str
    required: true
  said:
    description: What those who were asked said that they are called, by name.
    type: dict
    required: true
  lost:
    description: RV(anjianyun.datacenter.pxe_progress#filter:_value) has it as C(lost).
    type: dict
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
that: "{{ names | anjianyun.datacenter.pxe_managed({'nn-pm-03': 'nn-pm-03'}, progress.lost) }}"
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.verify#module:that) takes.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"pxe_managed": pxe_managed}
