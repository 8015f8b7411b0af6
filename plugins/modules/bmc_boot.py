#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bmc_boot
short_description: Sets what a server starts from
version_added: 0.1.0
description:
  - Makes sure of the boot device in a server's BMC, and reads it back.
  - It takes effect at the next start; this module starts nothing.
attributes:
  check_mode:
    support: full
    description: Reads the boot device, and says what would be set.
  diff_mode:
    support: full
    description: Shows the boot device before and after.
  idempotent:
    support: full
    description: Does nothing when it already is so.
extends_documentation_fragment:
  - anjianyun.datacenter.bmc
  - anjianyun.datacenter.bmc.actiongroup
options:
  device:
    description: What to start from. V(none) leaves it to the server's own order.
    type: str
    required: true
    choices: [none, pxe, disk, diagnostics, cdrom, setup, remote_cdrom, remote_disk, floppy]
  persistent:
    description: For every start, not only for the next one.
    type: bool
    default: false
  uefi:
    description: Start by UEFI, not by legacy BIOS.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Act | the next start goes to the network, by UEFI
  anjianyun.datacenter.bmc_boot:
    address: "{{ dc_bmc.address }}"
    user: "{{ bmc_user }}"
    password: "{{ bmc_password }}"
    name: "{{ inventory_hostname }}"
    device: pxe
    uefi: true
  delegate_to: localhost
"""

RETURN = r"""
before:
  description: C(device), C(persistent) and C(uefi) before.
  returned: success
  type: dict
after:
  description: The same after; in check mode, what it would be.
  returned: success
  type: dict
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
    module = AnsibleModule(argument_spec=chassis.BOOT.spec(), supports_check_mode=True)
    try:
        requires(call.LIBRARY)
        result = call.run(chassis.BOOT, module.params, check=module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
