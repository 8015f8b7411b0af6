# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: at which address hosts are used by others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.database.addresses import server_addresses

DOCUMENTATION = r"""
name: server_addresses
short_description: Says at which address hosts are used by others
version_added: 0.1.0
description:
  - The address of the first interface of kind C(lan) in C(dc_interfaces), else C(ansible_host),
    without prefix length.
positional: hostvars
options:
  _input:
    description: Inventory names.
    type: list
    elements: str
    required: true
  hostvars:
    description: Ansible's C(hostvars).
    type: dict
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
- ansible.builtin.debug:
    msg: "{{ ['nn-db-01', 'dr-db-01'] | anjianyun.datacenter.server_addresses(hostvars) }}"
"""

RETURN = r"""
_value:
  description: Inventory names to addresses.
  type: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"server_addresses": server_addresses}
