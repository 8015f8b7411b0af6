#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: net_facts
short_description: Reads what a network device says of itself, in the same words for every make
version_added: 0.1.0
description:
  - Calls NAPALM's getters in one session. Beside those, C(ospf_neighbors) and C(bfd_neighbors) give a list of
    neighbours with address, interface, C(is_up) and state.
  - Every result is the device's answer of that moment; nothing is cached.
extends_documentation_fragment: anjianyun.datacenter.netdevice
attributes:
  check_mode:
    support: full
    description: It only reads.
  diff_mode:
    support: none
    description: There is nothing to show.
  idempotent:
    support: full
    description: It only reads.
options:
  getters:
    description:
      - Names of getters without C(get_).
    type: list
    elements: str
    default: [facts]
  arguments:
    description:
      - Arguments of a getter, by its name. C(config) is read without passwords unless it says otherwise.
    type: dict
    default: {}
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
- name: Facts, addresses, and where a service is
  anjianyun.datacenter.net_facts:
    driver: frr
    host: "{{ ansible_host }}"
    user: root
    getters: [facts, interfaces_ip, route_to, ospf_neighbors]
    arguments:
      route_to: {destination: 10.100.0.1/32}
  register: router

- name: Verify | every neighbour is up
  ansible.builtin.assert:
    that: router.getters.ospf_neighbors | rejectattr('is_up') | length == 0
"""

RETURN = r"""
getters:
  description: The answers, by the getter's name.
  returned: success
  type: dict
unsupported:
  description: Getters that this driver does not have.
  returned: success
  type: list
  elements: str
ansible_facts:
  description: The same answers as C(net).
  returned: success
  type: dict
  contains:
    net:
      description: By the getter's name.
      type: dict
"""

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error, requires
from ansible_collections.anjianyun.datacenter.plugins.module_utils.discreet import DiscreetModule
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice import arguments
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.getters import read_getters


def main() -> None:
    spec = arguments.device_argument_spec()
    spec["getters"] = {"type": "list", "elements": "str", "default": ["facts"]}
    spec["arguments"] = {"type": "dict", "default": {}}
    module = DiscreetModule(argument_spec=spec, supports_check_mode=True)
    module.no_log_values.update(arguments.secrets(module.params))
    try:
        requires("napalm", "paramiko")
        result = read_getters(
            arguments.device_from(module.params), module.params["getters"], module.params["arguments"]
        )
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(
        changed=False,
        getters=result["found"],
        unsupported=result["unsupported"],
        ansible_facts={"net": result["found"]},
    )


if __name__ == "__main__":
    main()
