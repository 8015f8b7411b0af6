#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bmc_identify
short_description: Lights a server's locator
version_added: 0.1.0
description:
  - Lights the locator of a server, for a time or until told otherwise, or puts it out, so that the person
    in the room finds the right one. It is read back where the BMC tells.
attributes:
  check_mode:
    support: full
    description: Reads the state where the BMC tells, and says what would be done.
  diff_mode:
    support: full
    description: Shows the state before and after.
  idempotent:
    support: partial
    description:
      - Does nothing when it is out, or lit until told otherwise, already. With O(seconds), and on a BMC
        that cannot tell, it acts each time.
extends_documentation_fragment:
  - anjianyun.datacenter.bmc
  - anjianyun.datacenter.bmc.actiongroup
options:
  state:
    description: Lit or out.
    type: str
    default: "on"
    choices: ["on", "off"]
  seconds:
    description: Lit for so long, from 1 to 255. Without it, until it is put out. For O(state=on).
    type: int
"""

EXAMPLES = r"""
- name: Act | mark the servers of the rack for four minutes
  anjianyun.datacenter.bmc_identify:
    targets: "{{ bmcs_of_the_rack }}"
    seconds: 240
  delegate_to: localhost
"""

RETURN = r"""
before:
  description: C(off), C(timed) (goes out by itself), C(on), or C(unknown) where the BMC cannot tell.
  returned: success
  type: str
after:
  description: The same after; in check mode, and when it is not confirmed, what it would be.
  returned: success
  type: str
confirmed:
  description: Whether it was read back from the BMC.
  returned: success
  type: bool
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
    module = AnsibleModule(argument_spec=chassis.IDENTIFY.spec(), supports_check_mode=True)
    try:
        requires(call.LIBRARY)
        result = call.run(chassis.IDENTIFY, module.params, check=module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
