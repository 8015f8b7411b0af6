#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: frr_config
short_description: Makes the configuration of an FRR router what a text says, without a restart
version_added: 0.1.0
description:
  - Runs on the router. Computes the difference to the running configuration with FRR's own C(frr-reload.py),
    enters it, reads back that nothing is left to do, and saves.
  - The static routes to services' addresses stay as the device has them. A runbook moves them
    (M(anjianyun.datacenter.service_address)), and what is true now stands on the device only.
  - Refuses a difference that would take OSPF sessions down which are up, and names its lines, unless
    O(reset_sessions) allows it.
  - Refuses while a change by M(anjianyun.datacenter.net_config) waits on the router for its confirmation.
attributes:
  check_mode:
    support: full
    description: Computes the difference and enters nothing. Warns when the run would be refused.
  diff_mode:
    support: full
    description: Shows the commands that leave and enter the configuration, each in its context.
  idempotent:
    support: full
    description: Enters nothing when running and saved configuration are as wanted.
options:
  content:
    description:
      - The whole configuration.
    type: str
    required: true
  service_prefixes:
    description:
      - Services' addresses that this device may announce; routes to them are kept.
    type: list
    elements: str
    default: []
  reset_sessions:
    description:
      - Enter also what takes OSPF sessions down.
    type: bool
    default: false
  confirm_s:
    description:
      - Seconds after which the router takes the change back by itself, unless the module was run again with
        O(confirm). Until then the boot configuration is what it was, so a restart takes it back as well.
      - V(0) lets a change stand at once.
    type: float
    default: 0
  confirm:
    description:
      - The RV(token) of a change that was entered with O(confirm_s). Run over a new connection, so that a
        router which cannot be reached any more goes back to what it was.
      - Refused when the router does not run O(content) by now.
    type: str
    default: ""
  timeout:
    description:
      - Seconds that one question to the router may take.
    type: float
    default: 10
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
- name: Configure the router
  anjianyun.datacenter.frr_config:
    content: "{{ lookup('ansible.builtin.template', 'frr.conf.j2') }}"
    service_prefixes: [10.100.0.1/32]

- name: Configure it so that a mistake which cuts the way to it does not last
  anjianyun.datacenter.frr_config:
    content: "{{ lookup('ansible.builtin.template', 'frr.conf.j2') }}"
    confirm_s: 60
  register: entered

- name: Leave the session
  ansible.builtin.meta: reset_connection

- name: Let it stand
  anjianyun.datacenter.frr_config:
    content: "{{ lookup('ansible.builtin.template', 'frr.conf.j2') }}"
    confirm: "{{ entered.token }}"
  when: entered.token | default('') | length > 0
"""

RETURN = r"""
delta:
  description: What left (C(-)) and entered (C(+)) the configuration, or would.
  returned: once the router was read
  type: list
  elements: str
  sample: ["- interface dr-core / no ip ospf cost 10", "+ interface dr-core / ip ospf cost 11"]
resets:
  description: Those that take OSPF sessions down which are up.
  returned: once the router was read
  type: list
  elements: str
kept_routes:
  description: The routes to services' addresses that were found and kept.
  returned: once the router was read
  type: list
  elements: str
token:
  description: Names the change that waits to be confirmed; empty when none does.
  returned: once the router was read
  type: str
saved:
  description: Whether the running configuration is what a restart brings.
  returned: once the router was read
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.frr import Frr
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.frr_config import (
    apply_configuration,
    confirm_configuration,
)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "content": {"type": "str", "required": True},
            "service_prefixes": {"type": "list", "elements": "str", "default": []},
            "reset_sessions": {"type": "bool", "default": False},
            "confirm_s": {"type": "float", "default": 0},
            "confirm": {"type": "str", "default": ""},
            "timeout": {"type": "float", "default": 10},
        },
        supports_check_mode=True,
    )
    wanted = {"text": module.params["content"], "service_prefixes": module.params["service_prefixes"]}
    try:
        frr = Frr(module.params["timeout"])
        if module.params["confirm"] and not module.check_mode:
            result = confirm_configuration(frr, token=module.params["confirm"], **wanted)
        else:
            result = apply_configuration(
                frr,
                reset_sessions=module.params["reset_sessions"],
                confirm_s=module.params["confirm_s"],
                dry_run=module.check_mode,
                **wanted,
            )
    except DatacenterError as error:
        fail_from_error(module, error)
    for text in result.pop("warnings", []):
        module.warn(text)
    prepared = "".join(f"{line}\n" for line in result["delta"])
    module.exit_json(diff={"prepared": prepared}, **result)


if __name__ == "__main__":
    main()
