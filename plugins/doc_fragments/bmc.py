# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options of the BMC modules; the specs stand in module_utils/bmc/arguments.py."""

    # How to reach the BMC, or many.
    DOCUMENTATION = r"""
options:
  address:
    description: Address or name of the BMC. Needed unless there are O(targets).
    type: str
  port:
    description: UDP port of the BMC's IPMI.
    type: int
    default: 623
  user:
    description: Account on the BMC; over IPMI 16 bytes at most. Needed unless each of O(targets) has its own.
    type: str
  password:
    description: Its password; over IPMI 20 bytes at most. Needed unless each of O(targets) has its own.
    type: str
  name:
    description: What people call the server; used in messages. The address when it is not given.
    type: str
  cipher_suite:
    description:
      - Cipher suite of an IPMI session. It is used or refused; there is no fall-back to a weaker one.
      - C(17) is RAKP-HMAC-SHA256, HMAC-SHA256-128, AES-CBC-128; C(3) the same with SHA-1.
    type: int
    default: 17
    choices: [17, 3]
  privilege:
    description:
      - Privilege level of an IPMI session. It is granted or refused, never replaced by a lower one.
      - In Redfish a session has what the account's role gives it.
    type: str
    default: operator
    choices: [user, operator, administrator]
  protocol:
    description:
      - What is spoken with the BMC. When it is not V(ipmi), the result says by C(protocol) what it was.
      - V(auto) asks for the Redfish service root first, without a password, and speaks IPMI when nothing
        answers there in Redfish. A service whose certificate or TLS is refused is not gone round.
      - V(auto) is no protection against somebody who can cut the TCP port O(https_port) of the BMC. It then
        looks like one without Redfish, and an IPMI log-in gives whoever stands in the BMC's place a hash of
        the password. State V(redfish) for every BMC that is known to have it.
    type: str
    default: ipmi
    choices: [ipmi, redfish, auto]
  https_port:
    description: TCP port of the BMC's Redfish service.
    type: int
    default: 443
  ca_file:
    description:
      - Certificates, in PEM, of the authorities by which the BMC's own is signed; those that the control node
        trusts when it is not given. The certificate has to name O(address). There is no way without.
    type: path
  system:
    description:
      - Which server is meant when several stand behind one Redfish service, by its id, name, UUID, serial
        number or host name. Without it such a service is refused.
    type: str
  answer_s:
    description: Seconds after which a BMC that does not answer counts as unreachable.
    type: float
    default: 5.0
  deadline_s:
    description: Seconds for the whole operation on one BMC, log-in and retries included.
    type: float
    default: 60.0
  attempts:
    description:
      - Log-ins that are tried on a BMC that does not answer, or has no session left, with growing pauses and
        within O(deadline_s). What has begun is never repeated, and a refused password is not tried again.
      - When it is not given, 2 with O(targets) and 1 without.
    type: int
  targets:
    description:
      - A fleet, worked at in one process and at once. What a target does not state is taken from the module's
        own options; O(address) and O(name) are not looked at then. Never more than one operation is under way
        on one BMC.
      - Each target's result stands under its name in C(targets); M(anjianyun.datacenter.fleet_share) makes
        it the result of its own host. A target that fails does not keep the others from being done.
      - On the control node's own connection, where the task needs no process of its own, progress is shown.
    type: list
    elements: dict
    suboptions:
      address:
        description: Address or name of the BMC.
        type: str
        required: true
      port:
        description: UDP port of the BMC's IPMI.
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
  at_once:
    description:
      - Targets at work at one time. One that has not ended after a second counts as waiting, so that dead
        BMCs do not hold up the living.
    type: int
    default: 128
  on_failure:
    description:
      - What becomes of the task when some of O(targets) fail, after all have been tried. V(fail) fails it.
        V(hand_over) does not, but warns with their names; then each host takes its own share by
        M(anjianyun.datacenter.fleet_share).
    type: str
    default: fail
    choices: [fail, hand_over]
requirements:
  - pyghmi >= 1.6.16 on the control node
  - urllib3 >= 2.6 on the control node, for Redfish
notes:
  - With O(targets) the result has C(targets) (for each name what the module returns for one BMC, with
    C(failed) or C(unreachable) and the error when it failed, C(seconds) and C(attempts)), C(changed) when any
    has changed, C(succeeded), C(failed_targets), and C(bound_s), the seconds after which the call ends
    whatever the BMCs do.
  - Runs on the control node, under the interpreter that has pyghmi. Delegate it to C(localhost) with
    C(ansible_python_interpreter) set to C({{ ansible_playbook_python }}).
  - Speaks IPMI 2.0 over LAN, or Redfish over HTTPS. The session is always given back.
  - Redfish uses no proxy, whatever the environment says, and no certificate goes unverified. Its services
    answer more slowly than IPMI; O(answer_s) of 15 or more suits many.
  - When it fails, C(error.kind) of the result tells the cause apart. It is one of C(WrongPassword),
    C(Unreachable), C(CipherRefused), C(CertificateRefused), C(TlsRefused), C(PrivilegeTooLow),
    C(NoSessionLeft), C(CommandUnsupported), C(NotNow), C(NotConfirmed), C(LogChanged), C(SensorAlarm),
    C(StateUnknown), C(DeadlineExceeded) or C(Refused).
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

    # How often a power state is read before it counts.
    CONFIRMATION = r"""
options:
  readings:
    description: So many consecutive readings of the BMC must agree before a power state counts.
    type: int
    default: 1
  interval_s:
    description: Seconds between two readings.
    type: float
    default: 0.2
"""

    # No module needs root, or anything else, on the server itself.
    ACTIONGROUP = r"""
attributes:
  action_group:
    support: full
    description: Belongs to the action group C(anjianyun.datacenter.bmc), for C(module_defaults).
    membership: [anjianyun.datacenter.bmc]
"""
