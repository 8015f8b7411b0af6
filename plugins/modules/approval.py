#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: approval
short_description: Asks a person to say yes to what cannot be undone
version_added: 0.1.0
description:
  - Says what will be done, and takes a yes that was given beforehand (C(dr_approvals)) or at the terminal.
  - The operator is who the operating system says. The approval belongs to this plan and this phase, and
    expires.
options:
  name:
    description: What is approved.
    type: str
    required: true
  risk:
    description: What will be done, and what it may cost.
    type: str
    required: true
  persons:
    description:
      - How many different persons have to say yes to this very risk. The second one logs in to the control
        node under a name of his own, and goes on with the run.
      - Who somebody is, is what the operating system says of the login; a person who becomes another one by
        C(sudo) stays the same. A login as root, and a name that only the environment tells, is refused.
      - Both go on with one run, so both become the account that it belongs to (C(sudo -u) account C(-H)).
    type: int
    default: 1
    choices: [1, 2]
    version_added: 0.2.0
  this_risk:
    description:
      - Only a yes to this very risk counts, and none to another one of that name. A yes given beforehand
        counts once this risk was told, by a run that refused with it.
    type: bool
    default: false
    version_added: 0.2.0
  about:
    description: What it is about, such as servers; written down for O(alone).
    type: list
    elements: str
    default: []
    version_added: 0.2.0
  alone:
    description:
      - How many different ones, in the whole run and under whatever name, one person may approve. For more
        it needs two persons, as with O(persons).
    type: int
    version_added: 0.2.0
  planned:
    description:
      - The plan says how many that are (C(power_order.hard_alone)), and O(alone) only lowers it. No variable
        raises it. Where the inventory has no such plan it is 1.
      - What was used is written down with the approval, and with the refusal when O(this_risk) is set.
    type: bool
    default: false
    version_added: 0.2.0
extends_documentation_fragment:
  - anjianyun.datacenter.runbook
attributes:
  check_mode:
    support: full
    description: Asks nobody.
"""

EXAMPLES = r"""
- name: Gate | the failover is approved
  anjianyun.datacenter.approval:
    name: failover
    risk: nn-db-01 is switched off hard, and dr-db-01 is promoted

- name: Gate | many may be switched off hard
  anjianyun.datacenter.approval:
    name: hard_power_off
    risk: nn-pm-01, nn-pm-02 and nn-pm-03 lose what they have not written
    persons: 2
"""

RETURN = r"""
operators:
  description: Who approved, when two persons had to.
  returned: success, with two persons
  type: list
  elements: str
operator:
  description: Who approved.
  returned: success
  type: str
given:
  description: C(beforehand) or C(interactive).
  returned: success
  type: str
expires_at:
  description: Until when it holds, in epoch seconds.
  returned: success
  type: float
"""
