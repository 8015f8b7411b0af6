# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: from an inventory to the specification of a twin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.twin_spec.build import DISK_CAP_GIB, build

DOCUMENTATION = r"""
name: twin_spec
short_description: Says what a twin of an estate consists of
version_added: 0.1.0
description:
  - Makes the specification that M(anjianyun.datacenter.twin) takes, from what the inventory plugin
    P(anjianyun.datacenter.site_plan#inventory) derived.
positional: groups, twin_id
options:
  _input:
    description: Ansible's C(hostvars).
    type: dict
    required: true
  groups:
    description: Ansible's C(groups).
    type: dict
    required: true
  twin_id:
    description: The twin's name, a small letter and up to nine more small letters and digits.
    type: str
    required: true
  only:
    description: Groups or hosts to make; what joins them comes along. Everything when it is empty.
    type: list
    elements: str
    default: []
  files:
    description: By host, text by absolute path. The first configuration of routers and firewalls.
    type: dict
    default: {}
  disk_cap_gib:
    description: No disk is larger than that many GiB, whatever the plan says.
    type: float
    default: 4
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
- anjianyun.datacenter.twin:
    spec: "{{ hostvars | anjianyun.datacenter.twin_spec(groups, 'rehearsal', only=['databases']) }}"
"""

RETURN = r"""
_value:
  description: C(twin_id), C(plan), C(nodes), C(networks), C(lines).
  type: dict
"""


def twin_spec(
    hostvars: Any,
    groups: dict[str, list[str]],
    twin_id: str,
    only: list[str] | None = None,
    files: dict[str, dict[str, str]] | None = None,
    disk_cap_gib: float = DISK_CAP_GIB,
) -> dict[str, Any]:
    """See the documentation above. :raises AnsibleFilterError: when there is no such part of a plan."""
    try:
        return build(hostvars, groups, twin_id, only or (), files, disk_cap_gib)
    except DatacenterError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"twin_spec": twin_spec}
