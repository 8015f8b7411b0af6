#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bmc_power
short_description: Switches a server by its BMC, and reads back that it is so
version_added: 0.1.0
description:
  - Switches a server on or off, shuts it down, cycles or resets it through its BMC.
  - A state counts when so many consecutive readings as O(readings) say it. What is not known (the BMC
    does not answer, gives an error, contradicts itself) is neither on nor off, and then nothing is done.
attributes:
  check_mode:
    support: full
    description: Reads the state, and says what would be commanded.
  diff_mode:
    support: full
    description: Shows the power state before and after.
  idempotent:
    support: partial
    description: States V(on), V(off) and V(soft) are; V(cycle) and V(reset) act each time.
extends_documentation_fragment:
  - anjianyun.datacenter.bmc
  - anjianyun.datacenter.bmc.confirmation
  - anjianyun.datacenter.bmc.actiongroup
options:
  state:
    description:
      - V(on) and V(off) switch at once; V(off) is hard, as if the cord were pulled.
      - V(soft) asks the operating system to shut down and waits for off.
      - V(cycle) switches off and on; it counts when off was seen in between. V(reset) presses the reset
        button; a BMC cannot show that it took effect, so RV(confirmed) is false.
      - V(cycle) and V(reset) are refused when the server is off, and never sent twice.
    type: str
    required: true
    choices: ["on", "off", soft, cycle, reset]
"""

EXAMPLES = r"""
- name: Act | switch the server off, three readings in a row must say so
  anjianyun.datacenter.bmc_power:
    address: "{{ dc_bmc.address }}"
    user: "{{ bmc_user }}"
    password: "{{ bmc_password }}"
    name: "{{ inventory_hostname }}"
    state: "off"
    readings: 3
    interval_s: 0.2
    deadline_s: 10
  delegate_to: localhost
  register: power
"""

RETURN = r"""
before:
  description: Power state before, C(on) or C(off).
  returned: success
  type: str
after:
  description: Power state after; in check mode, what it would be.
  returned: success
  type: str
confirmed:
  description: Whether the effect itself was read back. False after a reset, and in check mode.
  returned: success
  type: bool
readings:
  description: Every reading that was taken, in order, also when the module fails.
  returned: always, once the BMC was reached
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
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error, requires
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls import call, chassis
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    module = AnsibleModule(argument_spec=chassis.POWER.spec(), supports_check_mode=True)
    try:
        requires(call.LIBRARY)
        result = call.run(chassis.POWER, module.params, check=module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
