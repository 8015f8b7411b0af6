#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bmc_settings
short_description: Makes sure of a BMC's settings
version_added: 0.1.0
description:
  - Makes sure of the clock of a BMC's event log, where it sends its alerts, and by which ways it can be
    reached. What is stated is read, written where it differs, and read back.
  - What the protocol, or this BMC, cannot have is refused by name before anything is written.
attributes:
  check_mode:
    support: full
    description: Reads the settings, and says what would be set.
  diff_mode:
    support: full
    description: Shows the stated settings before and after.
  idempotent:
    support: full
    description: Writes only what differs.
extends_documentation_fragment:
  - anjianyun.datacenter.bmc
  - anjianyun.datacenter.bmc.actiongroup
options:
  clock:
    description: Sets the clock of the event log to the control node's time (UTC) when it is off by more.
    type: dict
    suboptions:
      tolerance_s:
        description: Seconds that it may be off. BMCs count whole seconds.
        type: float
        default: 5.0
  ntp:
    description: Servers that the BMC takes its time from. IPMI has no command for it, so it is refused.
    type: list
    elements: str
  session_timeout_s:
    description:
      - Seconds after which a silent session ends. IPMI fixes it at 60 s over LAN, so it is refused.
    type: int
  alert:
    description:
      - Where the BMC sends its alerts, as SNMP traps (PET). Which events raise one stays as the maker's
        filters have it. The administrator's privilege is needed to set it.
    type: dict
    suboptions:
      destination:
        description: The number of the destination in the BMC, from 1.
        type: int
        default: 1
      address:
        description: Its IPv4 address.
        type: str
        required: true
      acknowledged:
        description: Sent again until it is acknowledged.
        type: bool
        default: false
      enabled:
        description: Whether alerts leave for it.
        type: bool
        default: true
  services:
    description:
      - Ways to the BMC. IPMI can only make sure of itself on the channel that it is spoken over; switching
        that off would cut this very session and is refused, as is every other service.
    type: dict
    suboptions:
      ipmi:
        description: IPMI over LAN.
        type: bool
      http:
        description: The web interface without encryption.
        type: bool
      https:
        description: The web interface.
        type: bool
      ssh:
        description: The shell.
        type: bool
      snmp:
        description: The SNMP agent.
        type: bool
  channels:
    description:
      - Access by channel, now and after the BMC's next start. The administrator's privilege is needed to
        set it. The channel that this session comes over is never disabled.
    type: list
    elements: dict
    suboptions:
      channel:
        description: The channel's number, from 1 to 11.
        type: int
        required: true
      access:
        description: Whether sessions are accepted there.
        type: str
        required: true
        choices: [always_available, disabled]
"""

EXAMPLES = r"""
- name: Act | event logs have the right time
  anjianyun.datacenter.bmc_settings:
    targets: "{{ bmcs }}"
    clock:
      tolerance_s: 3
  delegate_to: localhost

- name: Act | alerts go to the room's monitor
  anjianyun.datacenter.bmc_settings:
    targets: "{{ bmcs }}"
    privilege: administrator
    alert:
      address: 10.1.0.20
  delegate_to: localhost
"""

RETURN = r"""
before:
  description:
    - The stated settings as they were. The clock as C(ahead_s), seconds by which it is ahead of the control
      node, or null when it was never set.
  returned: success
  type: dict
after:
  description: The same after; in check mode, what they would be.
  returned: success
  type: dict
commands:
  description: Which settings were written, or would be in check mode.
  returned: success
  type: list
  elements: str
refused:
  description: Why a setting cannot be had, by name.
  returned: when one is refused
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error, requires
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls import call, settings
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    module = AnsibleModule(argument_spec=settings.SETTINGS.spec(), supports_check_mode=True)
    try:
        requires(call.LIBRARY)
        result = call.run(settings.SETTINGS, module.params, check=module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
