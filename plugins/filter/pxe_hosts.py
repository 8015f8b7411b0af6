# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: servers of the inventory as what a PXE server has to know of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.pxe.hosts import pxe_hosts

DOCUMENTATION = r"""
name: pxe_hosts
short_description: Servers of the inventory as what a PXE server has to know of them
version_added: 0.2.0
description:
  - Takes C(dc_mac), C(dc_interfaces), C(dc_gateway) and the serial number, which a site plan gives, and
    C(bare_metal_disk). A server that lacks one that is needed is an error.
positional: hostvars, disk
options:
  _input:
    description: Names of servers.
    type: list
    elements: str
    required: true
  hostvars:
    description: Ansible's C(hostvars).
    type: dict
    required: true
  disk:
    description: The disk of servers without C(bare_metal_disk).
    type: str
    default: ''
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
known: "{{ ['nn-pm-01'] | anjianyun.datacenter.pxe_hosts(hostvars) }}"
"""

RETURN = r"""
_value:
  description: C(name), C(mac), C(address), C(netmask), C(network), C(gateway), C(serial) and C(disk) of each.
  type: list
  elements: dict
"""


def _hosts(names: Iterable[str], hostvars: Mapping[str, Any], disk: str = "") -> list[dict[str, Any]]:
    try:
        return pxe_hosts(list(names), hostvars, disk)
    except DatacenterError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"pxe_hosts": _hosts}
