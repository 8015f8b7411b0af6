#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bmc_info
short_description: Reads what a BMC knows of itself and of its server
version_added: 0.1.0
description:
  - Reads chassis state, firmware, network, FRU data, sensors and a summary of the event log.
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
  gather:
    description:
      - What to read. Sensors and the event log take longest.
      - V(power) is part of V(chassis), and asked for alone the quickest question there is.
      - V(power_reading) is what the server draws. Only BMCs with DCMI can tell.
    type: list
    elements: str
    default: [chassis, firmware, lan, fru, sensors, sel]
    choices: [power, chassis, firmware, lan, fru, sensors, sel, power_reading]
"""

EXAMPLES = r"""
- name: Read | which server this BMC belongs to
  anjianyun.datacenter.bmc_info:
    address: "{{ dc_bmc.address }}"
    user: "{{ bmc_user }}"
    password: "{{ bmc_password }}"
    name: "{{ inventory_hostname }}"
    gather: [chassis, fru]
  delegate_to: localhost
  register: survey
"""

RETURN = r"""
power:
  description:
    - C(power), C(restore_policy) and the moment C(at). C(power) is V(on), V(off), or V(unknown) with the
      C(cause), while the server is on the way from one to the other. It fails when the BMC told nothing.
  returned: when gathered
  type: dict
chassis:
  description: As RV(power), and C(faults), C(last_event) and C(boot).
  returned: when gathered
  type: dict
firmware:
  description:
    - C(version) and the C(session)'s algorithms; over IPMI C(ipmi_version), C(manufacturer_id) and
      C(product_id), over Redfish C(redfish_version), C(manufacturer) and C(model).
  returned: when gathered
  type: dict
lan:
  description: C(address), C(prefix_length), C(source), C(mac), C(gateway), C(vlan) and C(channel).
  returned: when gathered
  type: dict
fru:
  description:
    - What the server says it is, among it C(serial_number) and C(asset_number), and its C(processors),
      C(memory) and C(drives), each with C(slot), C(manufacturer), C(model), C(part_number), C(serial_number),
      and what else the protocol tells. A kind of which the BMC tells nothing is left out; one that could not
      be read as a whole stands in C(not_told) and why.
  returned: when gathered
  type: dict
sensors:
  description: Every sensor, as M(anjianyun.datacenter.bmc_sensor) gives it.
  returned: when gathered
  type: list
  elements: dict
sel:
  description:
    - State of the event log with C(entries), C(free_bytes), C(overflow), C(clock_ahead_s), C(by_severity) and
      the newest entries as C(last), as M(anjianyun.datacenter.bmc_sel) gives them.
    - What a protocol does not tell is null.
  returned: when gathered
  type: dict
power_reading:
  description:
    - C(watts) drawn now (null while the BMC does not measure), and C(min_watts), C(max_watts) and
      C(average_watts) of the last C(period_s) seconds.
  returned: when gathered
  type: dict
unsupported:
  description: What this BMC cannot tell, with the reason. Its value is then null.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error, requires
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls import call, facts
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    module = AnsibleModule(argument_spec=facts.INFO.spec(), supports_check_mode=True)
    try:
        requires(call.LIBRARY)
        result = call.run(facts.INFO, module.params, check=module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
