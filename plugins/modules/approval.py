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
"""

RETURN = r"""
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
