#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: network_fence
short_description: Lets nothing pass a device from or to the fenced addresses
version_added: 0.1.0
description:
  - Runs on a firewall or router that survives, and puts up an nftables table of its own that holds everything
    from and to O(addresses), at the forward, input and output hooks. Connections that were there before end
    with it. No other rule can let through what it holds.
  - Saves it in C(/etc/nftables.d), and makes C(/etc/nftables.conf) include that directory, so that it
    survives a restart of the device. The role P(anjianyun.datacenter.firewall#role) does not touch it.
  - Reads it back from the kernel, rule by rule, and fails when it is not all there.
  - It proves only what it holds. Nothing passes B(this) device; it does not show that the fenced hosts are
    down, or that no other way leads to them. A promotion asks a person to attest the rest.
  - A service's address is not fenced with it. The new centre's announcement wins by its precedence
    (M(anjianyun.datacenter.service_address)), and to hold the address itself would hold the new centre, too.
attributes:
  check_mode:
    support: full
    description: Reads the kernel, has nft check the rules, and says what would be done.
  diff_mode:
    support: full
    description: Shows the fence before and after, without its counters.
  idempotent:
    support: full
    description: Does nothing when kernel and saved text are as wanted. The counters go on counting.
options:
  name:
    description:
      - Name of the fence, such as the fenced centre's. Up to 40 lower-case letters, digits and underscores.
    type: str
    required: true
  state:
    description:
      - Whether the fence stands.
    type: str
    choices: [present, absent]
    default: present
  addresses:
    description:
      - What is fenced off, as addresses or prefixes. Required when O(state=present).
    type: list
    elements: str
    default: []
  managers:
    description:
      - From these addresses ssh to the fenced hosts still passes, so that they can be looked at and repaired
        when they come back.
    type: list
    elements: str
    default: []
  action:
    description:
      - With V(reject) whoever asks a fenced address is refused at once and can turn elsewhere; with V(drop)
        he waits for his time-out. What comes from a fenced address is always dropped.
    type: str
    choices: [reject, drop]
    default: reject
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
- name: Act | the surviving firewall refuses the old centre
  anjianyun.datacenter.network_fence:
    name: nanning
    addresses: [10.1.10.11, 10.1.10.21]
    managers: [10.2.30.11]
  delegate_to: dr-fw-01
  register: fence

- name: Act | the fence is lifted
  anjianyun.datacenter.network_fence:
    name: nanning
    state: absent
  delegate_to: dr-fw-01
"""

RETURN = r"""
table:
  description: Family and name of the fence's table.
  returned: once the device was read
  type: str
  sample: inet ajy_fence_nanning
device:
  description: The device's own name.
  returned: once the device was read
  type: str
commands:
  description: What was done, or would be in check mode.
  returned: once the device was read
  type: list
  elements: str
before:
  description: The fence as the device had it.
  returned: once the device was read
  type: dict
  contains:
    in_force:
      description: Whether the kernel holds everything that is asked for.
      type: bool
    lacks:
      description: What the kernel's table lacks, as a sentence.
      type: str
    table:
      description: Whether there is a table of that name.
      type: bool
    addresses:
      description: The fenced addresses in the kernel.
      type: list
      elements: str
    managers:
      description: From where ssh passes, in the kernel.
      type: list
      elements: str
    counters:
      description: Packets and bytes held since the fence was put up, C(from_fenced) and C(to_fenced).
      type: dict
    file:
      description: Whether a text of it is saved.
      type: bool
    saved:
      description: Whether that is the text that is asked for.
      type: bool
    loaded_at_boot:
      description: Whether the device's rules include the directory that it is saved in.
      type: bool
after:
  description: The same, read last; in check mode what it would be.
  returned: once the device was read
  type: dict
verified:
  description: Whether it was read back from the kernel as asked for. False in check mode.
  returned: once the device was read
  type: bool
proves:
  description: What the fence shows and what it does not, as a sentence for the journal; empty when lifted.
  returned: once the device was read
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.network_fence import (
    make_fence,
    set_fence,
    without_counters,
)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "addresses": {"type": "list", "elements": "str", "default": []},
            "managers": {"type": "list", "elements": "str", "default": []},
            "action": {"type": "str", "choices": ["reject", "drop"], "default": "reject"},
        },
        supports_check_mode=True,
    )
    params = module.params
    try:
        fence = make_fence(params["name"], params["addresses"], params["managers"], params["action"])
        result = set_fence(fence, present=params["state"] == "present", dry_run=module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    diff = {side: without_counters(result[side]) for side in ("before", "after")}
    module.exit_json(diff=diff, **result)


if __name__ == "__main__":
    main()
