#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: phase
short_description: Marks where a phase of a run begins and ends
version_added: 0.1.0
description:
  - Between the marks the journal's lines belong to C(dr_phase). A phase that is open already is gone on with.
options:
  state:
    description: Which mark.
    type: str
    choices: [begins, ends]
    required: true
  trigger:
    description: What it was ordered for, as a sentence.
    type: str
  replication:
    description: V(async) or V(sync), as the plan has it.
    type: str
  rto_target_s:
    description: The recovery time that was promised, in seconds.
    type: float
  rpo_target_s:
    description: The loss that was accepted, in seconds.
    type: float
extends_documentation_fragment:
  - anjianyun.datacenter.runbook
attributes:
  check_mode:
    support: full
    description: Writes nothing.
"""

EXAMPLES = r"""
- name: Note | the phase begins
  anjianyun.datacenter.phase:
    state: begins
    trigger: ordered by the operator
    rto_target_s: 30
"""

RETURN = r"""
state:
  description: The mark.
  returned: success
  type: str
at:
  description: When, in epoch seconds.
  returned: success
  type: float
"""
