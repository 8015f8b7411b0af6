#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: server_hardware
short_description: Says what hardware a server is made of, as its own operating system sees it
version_added: 0.2.0
description:
  - Tells disks with their SMART health, RAID and its batteries, memory modules, processors, network
    interfaces and what LLDP sees at the other end of their cables.
  - Tells all that of real machines only. In a virtual machine or a container it says that it is one, and
    nothing that belongs to the machine below.
  - What cannot be told stands in RV(not_told) with the reason and the next step. Nothing is installed.
  - Needs root for the memory modules and for SMART.
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
- name: Read | what the server is made of
  anjianyun.datacenter.server_hardware:
  register: hardware
"""

RETURN = r"""
kind:
  description:
    - C(metal), C(vm), C(container) or C(unknown), as C(systemd-detect-virt) says; without it by the files
      that it looks at. What is unknown is not taken for metal.
  returned: success
  type: str
technology:
  description: What the virtual machine or container is made with, in systemd's words; null on metal.
  returned: success
  type: str
evidence:
  description: What RV(kind) was read from.
  returned: success
  type: str
identity:
  description: C(manufacturer), C(product) and C(serial) of the machine in its firmware's tables.
  returned: success, null when it cannot be told
  type: dict
processors:
  description: Sockets with a processor, each with C(slot), C(cores), C(model) and C(serial_number).
  returned: success, null when they cannot be told
  type: list
  elements: dict
memory:
  description: >-
    Memory modules, each with C(slot), C(mib), C(type), C(mt_per_s), C(manufacturer), C(part_number) and
    C(serial_number).
  returned: success, null when they cannot be told
  type: list
  elements: dict
disks:
  description:
    - Disks with C(name), C(model), C(serial), C(bytes), C(rotational), C(transport) and C(smart), which is
      null when it cannot be told.
    - C(smart) has C(passed), C(failing) and C(failed_before) (names of attributes), C(hours), C(celsius),
      and what the drive counts, such as C(reallocated), C(pending), C(media_errors), C(wear_percent).
  returned: success, null when they cannot be told
  type: list
  elements: dict
software_raid:
  description: >-
    Arrays of the kernel with C(name), C(level), C(state), C(degraded), C(members), C(failed) and C(at_work),
    such as C(recovery 12.6%).
  returned: success, null when they cannot be told
  type: list
  elements: dict
raid_controllers:
  description: >-
    Controllers with C(model), C(serial), C(state), C(arrays), C(drives) and C(batteries), by C(storcli) or
    C(perccli). The tools of other makers print no JSON.
  returned: success, null when they cannot be told
  type: list
  elements: dict
nics:
  description: >-
    Interfaces that are hardware, with C(name), C(mac) (the card's own), C(link) (null while it is switched
    off) and C(mbit_s).
  returned: success, null when they cannot be told
  type: list
  elements: dict
neighbours:
  description: >-
    What LLDP sees, with C(interface), C(system), C(chassis), C(port) and C(port_description). By C(lldpcli).
  returned: success, null when they cannot be told
  type: list
  elements: dict
not_told:
  description: Reason and next step for each part that cannot be told.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.hardware import survey


def main() -> None:
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    try:
        found = survey()
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
