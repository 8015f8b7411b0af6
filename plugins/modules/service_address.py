#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: service_address
short_description: Announces a service's address from a device, or withdraws it
version_added: 0.1.0
description:
  - Runs on the device that announces service addresses by OSPF, as the role
    P(anjianyun.datacenter.frr_router#role) configures it. Sets or removes one static route to the
    application's server, and saves, so that a restart of the device does not change who holds the service.
  - Reads back from the device that three things agree. The route stands in the configuration, it is in use,
    and OSPF announces it with the wanted precedence. Withdrawn means that OSPF does not announce it any more.
  - While a change by M(anjianyun.datacenter.net_config) waits on this device, it does the same, and the route
    stays when that change is taken back (RV(pending)).
  - It shows what this device says. What the counties make of it is seen from their routers, with
    M(anjianyun.datacenter.route_info).
attributes:
  check_mode:
    support: full
    description: Reads the device and says which commands would be entered.
  diff_mode:
    support: full
    description: Shows configuration, routing table and announcement before and after.
  idempotent:
    support: full
    description: Enters nothing when configuration, saved configuration and announcement are as wanted.
options:
  prefix:
    description:
      - The service's address, as a prefix of one address.
    type: str
    required: true
  state:
    description:
      - Whether this device announces it.
    type: str
    choices: [announced, withdrawn]
    default: announced
  next_hop:
    description:
      - Address of the application's server. Required when O(state=announced).
    type: str
  precedence:
    description:
      - While more than one device announces the address, the highest precedence wins in the whole area,
        however far away it is. So a centre that takes over wins against one that nobody can tell to stop.
    type: int
    choices: [1, 2, 3]
    default: 1
  timeout:
    description:
      - Seconds until the device must show it.
    type: float
    default: 5
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
- name: Act | the address is announced in the surviving centre
  anjianyun.datacenter.service_address:
    prefix: 10.100.0.1/32
    next_hop: 10.2.10.21
    precedence: 3
  delegate_to: dr-fw-01

- name: Act | the address is withdrawn in the old centre
  anjianyun.datacenter.service_address:
    prefix: 10.100.0.1/32
    state: withdrawn
  delegate_to: nn-fw-01
"""

RETURN = r"""
commands:
  description: What was entered, or would be in check mode.
  returned: once the device was read
  type: list
  elements: str
  sample: ["ip route 10.100.0.1/32 10.2.10.21 tag 3", "write memory"]
pending:
  description:
    - Whether a change by M(anjianyun.datacenter.net_config) waits on this device for its confirmation. The
      route stays whatever becomes of it. Saved is the route alone, not what was not confirmed.
  returned: once the device was read
  type: bool
before:
  description: What the device said before.
  returned: once the device was read
  type: dict
  contains:
    configured:
      description: Static routes to the address, each with RV(ignore:next_hop) and RV(ignore:precedence).
      type: list
      elements: dict
    saved:
      description: The same, as a restart would bring them.
      type: list
      elements: dict
    installed:
      description: Next hops of the static route that is in use.
      type: list
      elements: str
    announced:
      description: The device's own announcement (metric, tag, forward_address), null when it makes none.
      type: dict
after:
  description: What it said last; in check mode what it would say.
  returned: once the device was read
  type: dict
changed_at:
  description: When the commands had been entered, in epoch seconds; null when nothing was to be done.
  returned: once the device was read
  type: float
confirmed_at:
  description: When the device showed it, in epoch seconds; null in check mode.
  returned: success
  type: float
duration_s:
  description: Seconds from the first question to the last answer.
  returned: success
  type: float
  sample: 0.09
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.frr import Frr
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.service_address import (
    set_announcement,
)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "prefix": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["announced", "withdrawn"], "default": "announced"},
            "next_hop": {"type": "str"},
            "precedence": {"type": "int", "choices": [1, 2, 3], "default": 1},
            "timeout": {"type": "float", "default": 5},
        },
        required_if=[("state", "announced", ["next_hop"])],
        supports_check_mode=True,
    )
    announced = module.params["state"] == "announced"
    try:
        result = set_announcement(
            Frr(module.params["timeout"]),
            module.params["prefix"],
            next_hop=module.params["next_hop"] if announced else None,
            precedence=module.params["precedence"],
            timeout_s=module.params["timeout"],
            dry_run=module.check_mode,
        )
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(diff={"before": result["before"], "after": result["after"]}, **result)


if __name__ == "__main__":
    main()
