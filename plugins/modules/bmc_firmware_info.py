#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bmc_firmware_info
short_description: Reads firmware versions, and compares them with the least they have to be
version_added: 0.1.0
description:
  - Reads the versions of the BMC's firmware and of the server's BIOS, the maker, the product and the IPMI
    version, and lists what is older than expected.
attributes:
  check_mode:
    support: full
    description: Reads only.
  diff_mode:
    support: none
    description: Reads only.
  idempotent:
    support: full
    description: Reads only.
extends_documentation_fragment:
  - anjianyun.datacenter.bmc
  - anjianyun.datacenter.bmc.actiongroup
options:
  expected:
    description:
      - The least version by component. Write them between quotes, or V(4.30) becomes V(4.3).
      - Numbers are compared as numbers, V(2.9) is older than V(2.19). What is not known, or written in
        another way, is listed as a difference.
    type: dict
    default: {}
    suboptions:
      bmc:
        description: The BMC's own firmware.
        type: str
      bios:
        description:
          - The server's BIOS or UEFI, as it told the BMC at its start. Many BMCs keep it only for their
            maker's own commands; it is not known then.
        type: str
"""

EXAMPLES = r"""
- name: Read | whose firmware is too old
  anjianyun.datacenter.bmc_firmware_info:
    targets: "{{ bmcs }}"
    expected:
      bmc: "7.00"
      bios: "2.19.1"
  delegate_to: localhost
  register: firmware
"""

RETURN = r"""
components:
  description: Versions of C(bmc) and C(bios); null where it is not known.
  returned: success
  type: dict
unsupported:
  description: Why something is not known.
  returned: success
  type: dict
manufacturer:
  description: The maker by the number that IANA gave it; null for one that is not in the list.
  returned: success
  type: str
manufacturer_id:
  description: That number.
  returned: success
  type: int
product:
  description: The server's name in its FRU.
  returned: success
  type: str
product_id:
  description: The maker's number of the BMC's kind.
  returned: success
  type: int
ipmi_version:
  description: The version of IPMI that it speaks.
  returned: success
  type: str
device_revision:
  description: The revision of the BMC's hardware.
  returned: success
  type: int
auxiliary:
  description: The maker's own further firmware revision, four bytes in hexadecimal.
  returned: success
  type: str
meets:
  description: Whether there are no differences.
  returned: success
  type: bool
differences:
  description:
    - What is not known to be as new as O(expected), with C(component), C(expected), C(found) and C(cause).
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error, requires
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls import call, facts
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    module = AnsibleModule(argument_spec=facts.FIRMWARE_INFO.spec(), supports_check_mode=True)
    try:
        requires(call.LIBRARY)
        result = call.run(facts.FIRMWARE_INFO, module.params, check=module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
