#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: break something in a twin, or mend it. The logic is in module_utils/twin/faults.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: twin_fault
short_description: Breaks something in a twin on purpose, and mends it
version_added: 0.1.0
description:
  - Injects a fault, lifts it, or lifts all. What is in force is listed with every call.
  - Only a twin can be broken; there is no such thing for the estate.
requirements:
  - root
  - pyroute2 >= 0.9
options:
  twin_id:
    description: The twin's name.
    type: str
    required: true
  state:
    description: What to do; V(listed) only lists.
    type: str
    choices: [injected, lifted, listed]
    default: listed
  fault:
    description:
      - V(line_cut) and V(line_filled) concern a line; a filled one lets a trickle through.
      - V(centre_lost) takes the power from a centre, its servers and their BMCs. Lifted, the servers do what
        their restore policies say.
      - V(machine_killed) ends a machine at once, behind its BMC's back. Lifted, it stays off until it is
        switched on. V(machine_frozen) stops every process in it until it is lifted, as if it were paused.
      - V(power_cut) ends a server at once and loses what only its page cache held; what an fsync has pushed
        out is on its disk. It closes no connection, its cables are dark. Lifted, it stays off until it is
        switched on. V(centre_lost) takes the power in the same way. With V(machine_killed) the page cache
        stays, and peers see their connections closed.
      - V(bmc_dead) is silent, V(bmc_slow) answers after O(value) seconds, V(bmc_lying) says O(value) (V(on)
        or V(off)) whatever is true and obeys nothing, V(bmc_idle) tells the truth and obeys nothing.
      - V(server_dead) is switched on by its BMC, which says on, and its operating system never comes;
        when the fault is lifted, such a server is off, and the next power-on boots it.
        V(sensor_beyond) reads what O(value) says, such as C(Inlet Temp=55). V(dimm_missing) has one memory
        module less. V(serial_swapped) says that it is another server, with the serial number O(value).
      - A BMC has one of V(bmc_slow), V(bmc_lying), V(bmc_idle) and V(server_dead) at a time; a second one is
        refused.
      - V(disk_full) leaves no room on a machine's own disk.
      - V(service_stopped) and V(service_frozen) concern a unit, with a target such as
        C(nn-db-01/cron.service).
      - Without it, O(state=lifted) lifts all faults.
    type: str
    choices:
      - line_cut
      - line_filled
      - centre_lost
      - machine_killed
      - machine_frozen
      - power_cut
      - bmc_dead
      - bmc_slow
      - bmc_lying
      - bmc_idle
      - server_dead
      - sensor_beyond
      - dimm_missing
      - serial_swapped
      - disk_full
      - service_stopped
      - service_frozen
  target:
    description: The line, centre, host or unit.
    type: str
  value:
    description: How slow, what lie, which sensor reads what, or how many Mbit/s a full line lets through.
    type: str
    default: ""
author:
  - the anjianyun.datacenter authors (@anjianyun)
attributes:
  check_mode:
    support: full
    description: Says whether something would be changed.
  diff_mode:
    support: full
    description: Shows the faults in force before and after.
"""

EXAMPLES = r"""
- name: The primary centre loses its power
  anjianyun.datacenter.twin_fault:
    twin_id: rehearsal
    fault: centre_lost
    target: nanning
    state: injected

- name: Everything is mended
  anjianyun.datacenter.twin_fault:
    twin_id: rehearsal
    state: lifted
"""

RETURN = r"""
faults:
  description: The faults in force afterwards, each with C(fault), C(target) and C(value).
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error, requires
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.faults import FAULTS, Faults
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.spec import check_twin_id


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "twin_id": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["injected", "lifted", "listed"], "default": "listed"},
            "fault": {"type": "str", "choices": list(FAULTS)},
            "target": {"type": "str"},
            "value": {"type": "str", "default": ""},
        },
        required_if=[("state", "injected", ["fault", "target"])],
        required_by={"fault": ["target"]},
        supports_check_mode=True,
    )
    params, check = module.params, module.check_mode
    try:
        requires("pyroute2")
        faults = Faults(Names(check_twin_id(params["twin_id"])))
        before = faults.listed()
        changed = False
        if params["state"] == "injected":
            changed = faults.inject(params["fault"], params["target"], params["value"], check)
        elif params["state"] == "lifted" and params["fault"]:
            changed = faults.lift(params["fault"], params["target"], check)
        elif params["state"] == "lifted":
            changed = faults.lift_all(check)
        after = faults.listed()
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(changed=changed, faults=after, diff={"before": before, "after": after})


if __name__ == "__main__":
    main()
