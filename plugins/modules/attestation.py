#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: attestation
short_description: Asks a person to answer for what no device can say
version_added: 0.1.0
description:
  - Names the statement and the risk, and takes the word of a person, given beforehand
    (C(dr_attestations), a list of names, or the statements by name) or at the terminal. It expires, and
    counts for that very statement alone.
options:
  name:
    description: What it is called.
    type: str
    required: true
  statement:
    description: What the person answers for.
    type: str
    required: true
  risk:
    description: What happens when it is not so.
    type: str
    required: true
  expires_s:
    description: Seconds for which it holds.
    type: float
    default: 3600
  stands:
    description:
      - What the run has changed before it asks, each with C(what) and C(way_back). Where nobody answers, the
        refusal tells it, for whoever gives up here. One whose C(what) is empty is not told.
    type: list
    elements: dict
    default: []
extends_documentation_fragment:
  - anjianyun.datacenter.runbook
attributes:
  check_mode:
    support: full
    description: Asks nobody.
"""

EXAMPLES = r"""
- name: Gate | somebody answers for what no device can say
  anjianyun.datacenter.attestation:
    name: old_primary_cannot_write
    statement: nn-db-01 has no power
    risk: whoever reaches it may write to it
    stands:
      - what: dr-db-01 refuses nn-db-01 its lease
        way_back: anjianyun-lease allow nn-db-01, there
"""

RETURN = r"""
name:
  description: As O(name).
  returned: in check mode
  type: str
statement:
  description: As O(statement).
  returned: in check mode
  type: str
by:
  description: Who attests it.
  returned: success
  type: str
risk:
  description: The risk that was named.
  returned: success
  type: str
expires_at:
  description: Until when it holds, in epoch seconds.
  returned: success
  type: float
"""
