#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bmc_sol_capture
short_description: Writes down what a server prints at its console
version_added: 0.1.0
description:
  - Opens the server's serial console through its BMC (serial over LAN) for a while, and writes what it prints
    to a file on the control node. What did it say while it did not boot?
  - Types nothing unless O(send) or O(send_secret) is given, and gives the console back whatever happens.
  - Refuses when somebody else has the console, and says who, as far as the BMC tells.
attributes:
  check_mode:
    support: full
    description: Asks who has the console, and opens neither it nor the file.
  diff_mode:
    support: none
    description: There is nothing to compare.
  idempotent:
    support: none
    description: Each run captures anew, and makes the file anew.
extends_documentation_fragment:
  - anjianyun.datacenter.bmc
  - anjianyun.datacenter.bmc.actiongroup
options:
  path:
    description:
      - The file, made anew, for its owner alone (0600), because people type passwords at consoles. With
        O(targets) each has its own.
      - Each of its lines is on its way to the disk when the console ends it, so it can be followed while this
        runs.
    type: path
  seconds:
    description: How long at most. It counts beyond O(deadline_s).
    type: float
    default: 60.0
  until:
    description:
      - A regular expression of Python; the capture ends as soon as it is found in what was printed. Control
        sequences are left out before it is looked for.
    type: str
  silence_s:
    description: The capture ends when nothing was printed for so many seconds.
    type: float
  send:
    description:
      - Typed first. Mind that a return is V(\\r), in double quotes. Without it nothing is ever typed.
      - It is shown in results and logs; a password belongs into O(send_secret).
    type: str
  send_secret:
    description:
      - As O(send), for what nobody is to read. It is left out of RV(tail) where the console repeats it in one
        piece, and it is in the file, which is its owner's alone (0600).
    type: str
  stamps:
    description: Each line of the file begins with the moment (UTC) at which it began.
    type: bool
    default: true
  plain:
    description: Control sequences (colours, movements of the cursor) are left out of the file.
    type: bool
    default: true
  take_over:
    description: Take the console from whoever has it.
    type: bool
    default: false
  tail:
    description: So many last lines are given back.
    type: int
    default: 20
  targets:
    description:
      - A fleet, as for every module of this group; here each may state a O(path) of its own, too.
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
      path:
        description: The target's own file.
        type: path
notes:
  - A BMC keeps nothing of what was printed before the console was opened. Open it first, and switch the
    server on then.
  - The session's account needs the privilege that the BMC has for serial over LAN, operator in most.
"""

EXAMPLES = r"""
- name: Act | what does it print while it starts
  anjianyun.datacenter.bmc_sol_capture:
    address: "{{ dc_bmc.address }}"
    user: "{{ bmc_user }}"
    password: "{{ bmc_password }}"
    name: "{{ inventory_hostname }}"
    path: "/var/log/consoles/{{ inventory_hostname }}.log"
    seconds: 300
    until: "login:|Kernel panic"
    silence_s: 60
  delegate_to: localhost
  register: console
"""

RETURN = r"""
path:
  description: The file.
  returned: always, once the BMC was reached
  type: str
taken_from:
  description: Who had the console before, null when it was free.
  returned: always, once the BMC was reached
  type: str
ended_by:
  description: C(time), C(pattern) or C(silence).
  returned: success, not in check mode
  type: str
bytes:
  description: How many bytes were printed, also when the console was lost on the way.
  returned: once the file was made
  type: int
tail:
  description: The last lines, without control sequences, also when the console was lost on the way.
  returned: once the file was made
  type: list
  elements: str
dropped:
  description: Whether the BMC says that it had to drop something that was printed.
  returned: success, not in check mode
  type: bool
seconds:
  description: How long it took.
  returned: once the file was made
  type: float
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error, requires
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls import call, console
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    module = AnsibleModule(argument_spec=console.SOL_CAPTURE.spec(), supports_check_mode=True)
    try:
        requires(call.LIBRARY)
        result = call.run(console.SOL_CAPTURE, module.params, check=module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
