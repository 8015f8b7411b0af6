#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bmc_lan
short_description: Sets the network of a BMC over that network, and takes it back when it does not work
version_added: 0.1.0
description:
  - Sets address, prefix length, gateway, source, VLAN and access of the channel that the session comes over.
  - A change counts when somebody logged in at the new address, found the same BMC by its MAC address, and
    read the new settings. When that does not come about within O(verify_s), and the BMC still answers where
    it was, the former settings are written back and seen to be in force.
  - Refuses an address that answers, or to which this machine has no way; a gateway outside the address's
    network, or none when this machine is outside it; and address and VLAN in one step.
  - Without any setting it only reads them.
attributes:
  check_mode:
    support: full
    description: Reads the settings, asks whether the new address is in use, and says what would be commanded.
  diff_mode:
    support: full
    description: Shows the settings before and after.
  idempotent:
    support: full
    description:
      - Does nothing when the settings are so.
      - With O(mac) also when the BMC has moved to O(new_address) already.
extends_documentation_fragment:
  - anjianyun.datacenter.bmc
  - anjianyun.datacenter.bmc.actiongroup
options:
  privilege:
    description:
      - Privilege level of the session. BMCs let administrators change their network, and nobody else.
    type: str
    default: administrator
    choices: [user, operator, administrator]
  new_address:
    description:
      - The address that the BMC shall have; with O(source=dhcp) the one that it will be given. O(address)
        stays the one where it is now.
    type: str
  prefix_length:
    description: Length of its network's prefix, 1 to 31.
    type: int
  gateway:
    description: Its gateway, in the same network; V(0.0.0.0) for none.
    type: str
  source:
    description: Where the address comes from.
    type: str
    choices: [static, dhcp]
  vlan:
    description: The VLAN's number; V(0) for none.
    type: int
  access:
    description:
      - When the BMC answers. The modes that would shut it off (disabled, before the boot only) cannot be set
        over the network that they are about.
    type: str
    choices: [always, shared]
  mac:
    description:
      - The MAC address of the BMC. Another one's network is then never touched.
      - Without it, a BMC that answers at O(new_address) while nobody does at O(address) is refused. It may be
        another one.
    type: str
  verify_s:
    description:
      - Seconds in which the log-in at the new address has to succeed. As many count for each step of the way
        back.
    type: float
    default: 30.0
  targets:
    description:
      - A fleet, as for every module of this group; here each may state O(mac), O(new_address),
        O(prefix_length), O(gateway) and O(vlan) of its own, too. None may be given the address that another
        has.
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
      mac:
        description: The MAC address of the BMC.
        type: str
      new_address:
        description: The address that the BMC shall have.
        type: str
      prefix_length:
        description: Length of its network's prefix.
        type: int
      gateway:
        description: Its gateway.
        type: str
      vlan:
        description: The VLAN's number.
        type: int
notes:
  - Whether an address is in use is asked by RMCP, ping and three TCP ports from the control node. A device
    behind a firewall keeps silent, so look into the plan as well.
  - A BMC cannot take a change back by itself. When this very run is killed between the change and its proof,
    run the same task again, with O(mac); it looks for the BMC at both addresses.
  - IPv4 only.
"""

EXAMPLES = r"""
- name: Act | the BMC moves into the new management network
  anjianyun.datacenter.bmc_lan:
    address: 10.10.1.21
    user: "{{ bmc_user }}"
    password: "{{ bmc_password }}"
    name: "{{ inventory_hostname }}"
    mac: "{{ bmc_mac }}"
    new_address: 10.20.1.21
    prefix_length: 24
    gateway: 10.20.1.1
  delegate_to: localhost
"""

RETURN = r"""
before:
  description:
    - The settings that were found, C(address), C(prefix_length), C(gateway), C(source), C(vlan) and
      C(access).
  returned: once the BMC was reached
  type: dict
after:
  description:
    - The settings now; in check mode, as they would be. Null when it is not known which are in force.
  returned: once the BMC was reached
  type: dict
commands:
  description: What was set, or would be in check mode.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error, requires
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls import call, lan
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    module = AnsibleModule(argument_spec=lan.LAN.spec(), supports_check_mode=True)
    try:
        requires(call.LIBRARY)
        result = call.run(lan.LAN, module.params, check=module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
