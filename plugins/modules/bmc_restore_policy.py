#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bmc_restore_policy
short_description: Sets what a server does when power returns to it
version_added: 0.1.0
description:
  - Reads, or makes sure of, the power-restore policy in a server's BMC, and reads it back.
attributes:
  check_mode:
    support: full
    description: Reads the policy, and says what would be set.
  diff_mode:
    support: full
    description: Shows the policy before and after.
  idempotent:
    support: full
    description: Does nothing when the policy already is so.
extends_documentation_fragment:
  - anjianyun.datacenter.bmc
  - anjianyun.datacenter.bmc.actiongroup
options:
  policy:
    description:
      - What to do when power returns. V(previous) is the state in which power was lost.
      - Without it the policy is only read.
    type: str
    choices: [always-on, always-off, previous]
"""

EXAMPLES = r"""
- name: Act | a server under repair stays off when power returns
  anjianyun.datacenter.bmc_restore_policy:
    address: "{{ dc_bmc.address }}"
    user: "{{ bmc_user }}"
    password: "{{ bmc_password }}"
    name: "{{ inventory_hostname }}"
    policy: always-off
  delegate_to: localhost
"""

RETURN = r"""
before:
  description: The policy before, C(unknown) when the BMC does not tell.
  returned: success
  type: str
after:
  description: The policy after; in check mode, what it would be.
  returned: success
  type: str
commands:
  description: What was commanded, or would be in check mode.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error, requires
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls import call, chassis
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    module = AnsibleModule(argument_spec=chassis.RESTORE_POLICY.spec(), supports_check_mode=True)
    try:
        requires(call.LIBRARY)
        result = call.run(chassis.RESTORE_POLICY, module.params, check=module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
