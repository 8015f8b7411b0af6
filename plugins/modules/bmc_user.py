#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bmc_user
short_description: Keeps the accounts of a BMC, and rotates passwords without ever losing one
version_added: 0.1.0
description:
  - Makes sure of an account on a BMC (name, privilege, enabled, password), or that there is none; disables
    the accounts that vendors deliver; rotates the passwords of a fleet.
  - A password counts when somebody logged in with it. It is not written again when it already works.
  - Nobody locks himself out. The account of the session and the last administrator are never disabled,
    demoted or removed.
  - Without O(account) and O(lock_defaults) it only reads the accounts.
attributes:
  check_mode:
    support: full
    description: Reads the accounts, tests passwords, and says what would be commanded. No file is made.
  diff_mode:
    support: full
    description: Shows the account before and after; nothing of a password.
  idempotent:
    support: full
    description: Does nothing to an account that is as it should be, and nothing to a rotation that is done.
extends_documentation_fragment:
  - anjianyun.datacenter.bmc
  - anjianyun.datacenter.bmc.actiongroup
options:
  privilege:
    description: Privilege level of the session. BMCs let administrators change accounts, and nobody else.
    type: str
    default: administrator
    choices: [user, operator, administrator]
  state:
    description:
      - V(present) and V(absent) are about O(account).
      - V(rotated) replaces a password, that of the session's own account unless O(account) is given, and
        writes both down in O(ledger) first.
    type: str
    default: present
    choices: [present, absent, rotated]
  account:
    description: Name of the account, 16 bytes at most.
    type: str
  account_privilege:
    description: >-
      What the account may, on the channel that this session comes over. For V(present). A new account needs
      it; without it that of an account that is there is left alone.
    type: str
    choices: [user, operator, administrator]
  enabled:
    description: Whether it can log in. For V(present).
    type: bool
    default: true
  slot:
    description:
      - The account's place in the BMC, when it matters. Without it a new one gets the first free place from 2
        on.
    type: int
  new_password:
    description:
      - The account's password. A new account needs one. Without it V(present) leaves the password alone, and
        V(rotated) makes one of 16 signs.
      - It must have 12 to 20 bytes of printable ASCII without blanks, three of capitals, small letters,
        digits and other signs, and contain neither the account's name nor a password that a vendor delivers
        (GB/T 22239, 8.1.4.1.a and 8.1.4.2.b).
      - The password of the session's own account is changed by V(rotated) only.
    type: str
  old_password:
    description: >-
      For V(rotated) of another account than the session's, its present password, as far as it is known. It is
      written to O(ledger).
    type: str
  lock_defaults:
    description:
      - Disable the accounts that vendors deliver (ADMIN, Administrator, USERID, admin, root) and the one
        without a name, but for the session's own and the last administrator; RV(kept) says which had to stay.
    type: bool
    default: false
  ledger:
    description:
      - The file of a rotation, on the control node, for its owner alone. A line of JSON for each step of each
        BMC; the last line of a BMC counts. One file a rotation, the same one when it has to be run again.
    type: path
  targets:
    description:
      - A fleet, as for every module of this group; here each may state O(account), O(new_password) and
        O(old_password) of its own, too.
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
      account:
        description: Name of the account.
        type: str
      new_password:
        description: The account's password.
        type: str
      old_password:
        description: Its present password.
        type: str
notes:
  - A rotation that breaks off (a killed run, a BMC that loses power in the middle, an answer that does not
    come) is finished by the same task with the same O(ledger). It tries the new password and the old one, and
    goes on from the one that works. Log-ins that fail are kept few, because BMCs lock accounts.
  - The O(ledger) is not encrypted while a rotation runs. It has to be on the disk before each BMC is touched,
    which Vault's format does not allow (it is one piece, encrypted anew as a whole, after half a second of
    key derivation each time); and it is read when something broke, perhaps by hand and on another machine,
    when a file that needs a second secret would be one more thing to lose. It is for its owner alone (0600).
    When the rotation is done, take the passwords over into your Vault and remove it, or encrypt it with
    C(ansible-vault encrypt).
  - When a BMC takes a password and lets nobody in with it, the old one is set again and seen to work; the
    file then says C(kept). It says so, too, when the BMC refuses a password; another one may be given then.
    A password that is C(kept) is still tried, as the last one, by the runs after.
  - IPMI knows no way to delete an account. V(absent) disables it, takes its access and clears its name.
"""

EXAMPLES = r"""
- name: Act | an account for the monitoring, on every BMC
  anjianyun.datacenter.bmc_user:
    user: "{{ bmc_user }}"
    password: "{{ bmc_password }}"
    targets: "{{ bmcs }}"
    account: monitor
    account_privilege: user
    new_password: "{{ monitor_password }}"
    lock_defaults: true
  delegate_to: localhost

- name: Act | new passwords for all, run again until it does not fail
  anjianyun.datacenter.bmc_user:
    user: "{{ bmc_user }}"
    targets: "{{ bmcs }}"  # each with its own password
    state: rotated
    ledger: "{{ playbook_dir }}/rotation-2026-11.jsonl"
  delegate_to: localhost

- name: Read | the new passwords, for Vault
  ansible.builtin.set_fact:
    bmc_passwords: "{{ dict(done | map(attribute='name') | zip(done | map(attribute='new'))) }}"
  vars:
    done: >-
      {{ lookup('ansible.builtin.file', playbook_dir ~ '/rotation-2026-11.jsonl').splitlines()
         | map('from_json') | selectattr('state', 'eq', 'done') }}
  no_log: true
"""

RETURN = r"""
accounts:
  description: The accounts afterwards; in check mode, as they are. Empty places are left out.
  returned: success, but for a rotation with which the BMC ended the session
  type: list
  elements: dict
  contains:
    slot:
      description: The BMC's own number for it.
      type: int
    name:
      description: Its name; empty for the anonymous account.
      type: str
    enabled:
      description: Whether it can log in, as far as the BMC tells.
      type: bool
    privilege:
      description: C(user), C(operator), C(administrator), C(callback), C(oem) or C(no_access).
      type: str
before:
  description:
    - The account before, null when there was none; for a rotation what the file said of it, if anything.
  returned: with O(account), or O(state=rotated)
  type: raw
after:
  description: The account after, null when there is none; for a rotation C(done), C(pending) or C(kept).
  returned: with O(account), or O(state=rotated)
  type: raw
proved:
  description:
    - How the password was seen to work, by C(log-in) or by the BMC's own C(test); null when it was not.
  returned: with O(account)
  type: str
locked:
  description: Names of the accounts that were disabled; in check mode, that would be.
  returned: with O(lock_defaults)
  type: list
  elements: str
kept:
  description: Default accounts that had to stay enabled, with C(name) and C(reason).
  returned: with O(lock_defaults)
  type: list
  elements: dict
commands:
  description: What was commanded, or would be in check mode.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error, requires
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls import accounts, call
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    module = AnsibleModule(argument_spec=accounts.USER.spec(), supports_check_mode=True)
    try:
        requires(call.LIBRARY)
        result = call.run(accounts.USER, module.params, check=module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
