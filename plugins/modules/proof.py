#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: proof
short_description: Writes down what a promotion was shown
version_added: 0.1.0
description:
  - Writes the proof that the old primary cannot accept writes into the journal.
options:
  method:
    description: Kind of proof, as M(anjianyun.datacenter.pg_promote) takes it.
    type: str
    choices: [bmc, network, lease, attested, shutdown]
    required: true
  device:
    description: What was fenced.
    type: str
    required: true
  readings:
    description: The readings, in order.
    type: list
    elements: raw
    default: []
  data:
    description: What the promotion was given.
    type: dict
    default: {}
extends_documentation_fragment:
  - anjianyun.datacenter.runbook
attributes:
  check_mode:
    support: full
    description: Writes nothing.
"""

EXAMPLES = r"""
- name: Note | the proof
  anjianyun.datacenter.proof:
    method: bmc
    device: nn-db-01
    readings: "{{ fence.readings }}"
"""

RETURN = r"""
method:
  description: Kind of proof.
  returned: success
  type: str
"""
