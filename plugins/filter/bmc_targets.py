# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: hosts of the inventory as the targets of a call on a fleet of BMCs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.arguments import target_options
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

DOCUMENTATION = r"""
name: bmc_targets
short_description: Hosts of the inventory as targets of a BMC module
version_added: 0.2.0
description:
  - Takes the address of each host's BMC from its variable C(dc_bmc), which a site plan gives, and names the
    target after the host, so that M(anjianyun.datacenter.fleet_share) finds its share.
  - Options of a target that stand in C(dc_bmc) are taken over. A site plan may state C(protocol),
    C(https_port), C(ca_file) and C(system) for a BMC.
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
- name: Read | the power of every server, in one call
  anjianyun.datacenter.bmc_info:
    targets: "{{ ansible_play_hosts | anjianyun.datacenter.bmc_targets(hostvars) }}"
    user: "{{ bmc_user }}"
    password: "{{ bmc_password }}"
    gather: [power]
    on_failure: hand_over
  run_once: true
  delegate_to: localhost
  register: fleet
"""

RETURN = r"""
_value:
  description: What O(anjianyun.datacenter.bmc_info#module:targets) takes.
  type: list
  elements: dict
"""

#: What may differ between the BMCs of a fleet; the name is the host's.
_OPTIONS = tuple(name for name in target_options() if name != "name")


def bmc_targets(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> list[dict[str, Any]]:
    """See the documentation above."""
    targets, without = [], []
    for name in hosts:
        bmc = hostvars[name].get("dc_bmc")
        if not bmc or not bmc.get("address"):
            without.append(name)
            continue
        targets.append({"name": name, **{option: bmc[option] for option in _OPTIONS if option in bmc}})
    if without:
        raise AnsibleFilterError(
            str(
                DatacenterError(
                    f"{len(without)} hosts have no BMC",
                    device=", ".join(without[:5]) + (" and more" if len(without) > 5 else ""),
                    cause="dc_bmc is not set, or has no address",
                    next_step="leave them out, by the group bmc of the inventory for instance",
                )
            )
        )
    return targets


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"bmc_targets": bmc_targets}
