#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lease
short_description: Reads a granter's leases, and lets it refuse a holder
version_added: 0.1.0
description:
  - Runs on a host that grants leases on being a service's primary (role
    P(anjianyun.datacenter.lease#role)), a witness or the other centre's database server.
  - A granter that refuses a holder goes on refusing, after a restart, too. It knows by its own clock when the
    last lease that it gave has run out.
  - All granters refusing, and none of their leases running, is the proof C(lease) that
    M(anjianyun.datacenter.pg_promote) takes.
options:
  holder:
    description:
      - Database server whose lease is meant, by its inventory name.
    type: str
    required: true
  state:
    description:
      - V(read) changes nothing.
      - V(refused) gives the holder no lease from now on. A primary that nobody else grants one ends itself
        when the last one is over.
      - V(allowed) grants again.
      - V(held) reads what the holder on this very host holds; O(holder) is this host.
      - V(alone) lets the holder on this very host serve while nobody at all answers it, until somebody does.
        Only for a primary whose only rivals are fenced.
    type: str
    choices: [read, refused, allowed, held, alone]
    default: read
  reason:
    description:
      - Why it is refused; the holder is told.
    type: str
    default: ''
  by:
    description:
      - Who says so.
    type: str
    default: ''
  wait:
    description:
      - Seconds to wait until the last lease has run out. RV(over) says whether it has.
    type: float
    default: 0
  refused_for:
    description:
      - Seconds to wait until the granter has refused the holder for so long since it was last told to. After
        a whole lease, whatever lease anybody gave the holder before that moment has run out. RV(refused_s)
        says for how long it was.
      - For a holder of whose granters one cannot be asked; of what that one does, it says nothing.
    type: float
    default: 0
author:
  - the anjianyun.datacenter authors (@anjianyun)
attributes:
  check_mode:
    support: full
    description: Reads, and does not wait.
  diff_mode:
    support: none
    description: There is no text to compare.
"""

EXAMPLES = r"""
- name: Act | nobody renews the lease of the old primary
  anjianyun.datacenter.lease:
    holder: nn-db-01
    state: refused
    reason: failover of hidden_danger to dr
    by: operator
  delegate_to: "{{ item }}"
  loop: [dr-db-01, liuzhou-wit-01]

- name: Read | has the last lease run out
  anjianyun.datacenter.lease:
    holder: nn-db-01
    wait: 15
  delegate_to: liuzhou-wit-01

- name: Act | nobody is there to renew its lease
  anjianyun.datacenter.lease:
    holder: dr-db-01
    state: alone
    reason: nn-db-01 is fenced, and no witness answers
  delegate_to: dr-db-01
"""

RETURN = r"""
granter:
  description: Name of the granter.
  returned: when O(state) is V(read), V(refused) or V(allowed)
  type: str
holder:
  description: The holder.
  returned: success
  type: str
refusing:
  description: Whether the holder is refused.
  returned: when O(state) is V(read), V(refused) or V(allowed)
  type: bool
reason:
  description: Why it is refused; empty when it is not.
  returned: when O(state) is V(read), V(refused) or V(allowed)
  type: str
over:
  description: Whether each lease that this granter ever gave the holder has run out.
  returned: when O(state) is V(read), V(refused) or V(allowed)
  type: bool
told_s_ago:
  description:
    - Seconds since the granter was last told to refuse the holder, by its own clock; empty when it was not
      since its start.
  returned: when O(state) is V(read), V(refused) or V(allowed)
  type: float
refused_s:
  description: Seconds for which the holder has been refused since; 0 when it is not.
  returned: when O(refused_for) is given, and not in check mode
  type: float
remaining_s:
  description: Seconds until then.
  returned: when O(state) is V(read), V(refused) or V(allowed)
  type: float
asked_s_ago:
  description: Seconds since the holder was last granted a lease; empty when it was not since the start.
  returned: when O(state) is V(read), V(refused) or V(allowed)
  type: float
serving:
  description: Whether its database answered when it last asked.
  returned: when O(state) is V(read), V(refused) or V(allowed)
  type: bool
gated:
  description: Whether it had a gate of the kernel when it last asked; empty when it never asked.
  returned: when O(state) is V(read), V(refused) or V(allowed)
  type: bool
clock_s:
  description: How far its wall clock was ahead of the granter's when it last asked; empty when not said.
  returned: when O(state) is V(read), V(refused) or V(allowed)
  type: float
asks:
  description:
    - Names of all granters that the holder says may renew its lease, from its own configuration; empty when
      it never asked, or did not say it. The proof C(lease) needs each of them to have been read.
  returned: when O(state) is V(read), V(refused) or V(allowed)
  type: list
  elements: str
writable:
  description:
    - Whether the granter can write to its disk. One that cannot renews a lease, and takes no refusal.
  returned: when O(state) is V(read), V(refused) or V(allowed)
  type: bool
state:
  description: C(holds), C(standby), C(alone), C(asks), C(lapsed), C(down) or C(silent).
  returned: when O(state) is V(held)
  type: str
left_s:
  description: Seconds that the lease on this host lasts.
  returned: when O(state) is V(held)
  type: float
answers:
  description: What each granter last answered.
  returned: when O(state) is V(held)
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.lease import granter


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "holder": {"type": "str", "required": True},
            "state": {
                "type": "str",
                "choices": ["read", "refused", "allowed", "held", "alone"],
                "default": "read",
            },
            "reason": {"type": "str", "default": ""},
            "by": {"type": "str", "default": ""},
            "wait": {"type": "float", "default": 0},
            "refused_for": {"type": "float", "default": 0},
        },
        required_if=[("state", "refused", ("reason", "by")), ("state", "alone", ("reason",))],
        supports_check_mode=True,
    )
    given = module.params
    try:
        result = granter.carry_out(
            given["state"],
            given["holder"],
            reason=given["reason"],
            by=given["by"],
            wait_s=given["wait"],
            refused_for_s=given["refused_for"],
            dry_run=module.check_mode,
        )
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
