#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_share
short_description: Makes a host's share of a call on a fleet its own result
version_added: 0.2.0
description:
  - A task with C(targets) of a BMC module asks a whole fleet in one process, once. Here each host takes what
    was found out about it, and is ok, changed, failed or unreachable by it. So C(limit), C(serial), C(rescue)
    and failed hosts keep their meaning.
options:
  of:
    description: Name (not the value) of the variable that the call registered.
    type: str
    required: true
  name:
    description: Name of the target, when the host is called otherwise.
    type: str
attributes:
  check_mode:
    support: full
    description: Only hands on what was registered.
  diff_mode:
    support: full
    description: Shows the share's difference, if it has one.
  idempotent:
    support: full
    description: Changes nothing by itself.
author:
  - the anjianyun.datacenter authors (@anjianyun)
notes:
  - Runs on the control node, as an action plugin, and needs no connection to the host.
seealso:
  - module: anjianyun.datacenter.bmc_info
"""

EXAMPLES = r"""
- name: Read | the power of every server, in one call
  anjianyun.datacenter.bmc_info:
    targets: "{{ room_bmcs }}"
    user: "{{ bmc_user }}"
    password: "{{ bmc_password }}"
    gather: [chassis]
    on_failure: hand_over
  run_once: true
  delegate_to: localhost
  register: fleet

- name: Read | each server's own
  anjianyun.datacenter.fleet_share:
    of: fleet
  register: survey
"""

RETURN = r"""
seconds:
  description: What this target took, retries included. Beside it stands all that the module returns for one
    BMC.
  returned: always
  type: float
attempts:
  description: Log-ins that were tried.
  returned: always
  type: int
"""
