# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: who of several servers goes on with his installation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.pxe.progress import pxe_progress

DOCUMENTATION = r"""
name: pxe_progress
short_description: Who of several servers goes on with the installation over the network
version_added: 0.2.0
description:
  - One that does not take a step is lost, and stops no other. What is left out has not been done yet.
positional: boots, dark, power, seen
options:
  _input:
    description: Names of servers.
    type: list
    elements: str
    required: true
  boots:
    description:
      - C(targets) of M(anjianyun.datacenter.bmc_info), with C(chassis), after the boot device was set.
    type: dict
    required: true
  dark:
    description: The same with C(power), of those that had to be switched off first.
    type: dict
  power:
    description: The same with C(power), after all were switched on.
    type: dict
  seen:
    description: What P(anjianyun.datacenter.pxe_seen#filter) found.
    type: dict
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
going: "{{ (names | anjianyun.datacenter.pxe_progress(chassis.targets, none, power.targets)).going }}"
"""

RETURN = r"""
_value:
  description:
    - C(going) has the names of those who go on, C(lost) by name the reading that was not good.
    - C(readings) is what O(anjianyun.datacenter.verify#module:that) takes, of those who go on, or of all when
      nobody does.
  type: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"pxe_progress": pxe_progress}
