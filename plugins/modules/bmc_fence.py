#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bmc_fence
short_description: Makes sure that a server is off and stays off
version_added: 0.1.0
description:
  - In one session, sets the power-restore policy to C(always-off), switches the server off hard, and takes
    readings until as many in a row as O(readings) say off.
  - The policy comes first, so that a flicker of the room's power does not bring the server back.
  - Refuses when it is not known whether the server is on. A BMC that lost power with its server says
    nothing, and silence is no proof; fence by another path then.
  - A BMC's word is one witness. With O(second_path) the server itself is asked afterwards, and if it answers
    the BMC is disproved.
  - On the control node, under the Python of Ansible itself, no process is started for it.
attributes:
  check_mode:
    support: full
    description: Reads power and policy, and says what would be commanded.
  diff_mode:
    support: full
    description: Shows power and policy before and after.
  idempotent:
    support: full
    description: Takes its readings and changes nothing when the server is fenced already.
extends_documentation_fragment:
  - anjianyun.datacenter.bmc
  - anjianyun.datacenter.bmc.actiongroup
options:
  readings:
    description: So many consecutive readings must say off.
    type: int
    default: 3
  interval_s:
    description: Seconds between two readings.
    type: float
    default: 0.2
  require_restore_policy:
    description:
      - Refuse, and change nothing, when the BMC cannot set the restore policy.
      - When false, such a server is switched off all the same; RV(policy_after) then shows that it may
        return with the power.
    type: bool
    default: true
  second_path:
    description:
      - Where a server that runs would answer. Silence adds nothing to the readings.
      - With O(targets) each states its own.
    type: dict
    suboptions:
      address:
        description: The server's own address, not its BMC's.
        type: str
        required: true
      port:
        description: A TCP port; a refusal is an answer, too.
        type: int
        default: 22
  record_path:
    description:
      - Append what was found (power, restore policy) to this file on the control node as a line of JSON, on
        disk before anything is changed. It is what a failback restores, also when this run is killed.
    type: path
  targets:
    description:
      - A fleet, as for every module of this group; here each may state O(second_path) of its own, too.
    type: list
    elements: dict
    suboptions:
      address:
        description: Address or name of the BMC.
        type: str
        required: true
      port:
        description: UDP port of the BMC.
        type: int
      user:
        description: Account on the BMC.
        type: str
      password:
        description: Its password.
        type: str
      name:
        description: What people call the server; the name of its share. The address when it is not given.
        type: str
      cipher_suite:
        description: Cipher suite of the session.
        type: int
        choices: [17, 3]
      privilege:
        description: Privilege level of the session.
        type: str
        choices: [user, operator, administrator]
      protocol:
        description: What is spoken with the BMC.
        type: str
        choices: [ipmi, redfish, auto]
      https_port:
        description: TCP port of the BMC's Redfish service.
        type: int
      ca_file:
        description: Certificates of the authorities by which the BMC's own is signed.
        type: path
      system:
        description: Which server is meant when several stand behind one Redfish service.
        type: str
      second_path:
        description: Where this server would answer if it ran.
        type: dict
        suboptions:
          address:
            description: The server's own address, not its BMC's.
            type: str
            required: true
          port:
            description: A TCP port; a refusal is an answer, too.
            type: int
            default: 22
"""

EXAMPLES = r"""
- name: Act | fence the old primary
  anjianyun.datacenter.bmc_fence:
    address: "{{ dc_bmc.address }}"
    user: "{{ bmc_user }}"
    password: "{{ bmc_password }}"
    name: "{{ inventory_hostname }}"
    deadline_s: 10
    second_path:
      address: "{{ ansible_host }}"
  delegate_to: localhost
  register: fence
"""

RETURN = r"""
fenced:
  description: Whether it is off, was seen off as often as asked, and will stay off as far as the BMC tells.
  returned: once the BMC was reached
  type: bool
policy_before:
  description: The restore policy that was found, to be restored at failback.
  returned: once the BMC was reached
  type: str
policy_after:
  description: The restore policy in the last reading.
  returned: once the BMC was reached
  type: str
power_before:
  description: C(on) or C(off).
  returned: once the BMC was reached
  type: str
readings:
  description: Every reading, in order, also when the module fails.
  returned: once the BMC was reached
  type: list
  elements: dict
  contains:
    at:
      description: When it was taken, in UTC.
      type: str
      sample: "2026-11-24T16:10:11.302Z"
    state:
      description: C(on), C(off) or C(unknown).
      type: str
    cause:
      description: Why it is not known.
      type: str
commands:
  description: What was commanded, or would be in check mode.
  returned: once the BMC was reached
  type: list
  elements: str
times:
  description: When (epoch seconds) it C(started) and C(ended).
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error, requires
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls import call, chassis
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    module = AnsibleModule(argument_spec=chassis.FENCE.spec(), supports_check_mode=True)
    try:
        requires(call.LIBRARY)
        result = call.run(chassis.FENCE, module.params, check=module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
