#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: who answers at all. The logic is in module_utils/server/reachability.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: reachability
short_description: Says which hosts answer, all asked at once
version_added: 0.1.0
description:
  - Asks each host for the greeting of its SSH server. All are asked at once, so that in a disaster the dead
    hosts cost one time-out together, and not one each.
  - A host that opens the connection and says nothing is silent.
options:
  targets:
    description: Whom to ask.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What the host is called.
        type: str
        required: true
      address:
        description: Its address.
        type: str
        required: true
      port:
        description: Port of its SSH server.
        type: int
        default: 22
  timeout_s:
    description: Seconds each host has to answer.
    type: float
    default: 1.0
author:
  - the anjianyun.datacenter authors (@anjianyun)
attributes:
  check_mode:
    support: full
    description: Reads only.
  diff_mode:
    support: none
    description: Reads only.
"""

EXAMPLES = r"""
- name: Read | who answers at all
  anjianyun.datacenter.reachability:
    targets:
      - {name: nn-db-01, address: 10.1.10.11}
      - {name: dr-db-01, address: 10.2.10.11}
  register: reach
"""

RETURN = r"""
targets:
  description: In the order asked.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: What the host is called.
      type: str
    state:
      description: C(alive), C(refused) or C(silent).
      type: str
    seconds:
      description: Seconds until that was known.
      type: float
    cause:
      description: Why it does not answer; empty when it does.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.reachability import ask_all


def main() -> None:
    target = {
        "name": {"type": "str", "required": True},
        "address": {"type": "str", "required": True},
        "port": {"type": "int", "default": 22},
    }
    module = AnsibleModule(
        argument_spec={
            "targets": {"type": "list", "elements": "dict", "required": True, "options": target},
            "timeout_s": {"type": "float", "default": 1.0},
        },
        supports_check_mode=True,
    )
    try:
        found = ask_all(module.params["targets"], module.params["timeout_s"])
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(changed=False, targets=found)


if __name__ == "__main__":
    main()
