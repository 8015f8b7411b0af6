# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: the services that hosts serve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.readings import services_of

DOCUMENTATION = r"""
name: power_services
short_description: The services that hosts serve
version_added: 0.2.0
description:
  - Names the services of which one of the hosts carries a tier.
positional: hosts
options:
  _input:
    description: C(dc_services) of the plan.
    type: dict
    required: true
  hosts:
    description: Names of hosts.
    type: list
    elements: str
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
locks: "{{ dc_services | anjianyun.datacenter.power_services(['nn-db-01']) }}"
"""

RETURN = r"""
_value:
  description: Names of services.
  type: list
  elements: str
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"power_services": services_of}
