# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: hosts of the inventory as the targets of the module reachability."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

DOCUMENTATION = r"""
name: ssh_targets
short_description: Hosts of the inventory as targets of the module reachability
version_added: 0.3.0
description:
  - Takes the address of each host from C(ansible_host); one without it is asked by its name, as Ansible does.
  - A host that is named twice is asked once.
positional: hostvars
options:
  _input:
    description: Names of hosts.
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
- name: Read | who answers at all
  anjianyun.datacenter.reachability:
    targets: "{{ ansible_play_hosts | anjianyun.datacenter.ssh_targets(hostvars) }}"
  register: reach
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.reachability#module:targets) takes.
  type: list
  elements: dict
"""


def ssh_targets(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> list[dict[str, Any]]:
    """See the documentation above."""
    return [
        {"name": name, "address": hostvars[name].get("ansible_host", name)} for name in dict.fromkeys(hosts)
    ]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"ssh_targets": ssh_targets}
