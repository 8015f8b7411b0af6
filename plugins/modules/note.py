#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: note
short_description: Writes down what no device can tell later
version_added: 0.1.0
description:
  - The first note of a name is the original and stays; a later one changes nothing and returns the original.
  - Without O(data) it only reads.
options:
  name:
    description: What it is called.
    type: str
    required: true
  data:
    description: What is written down.
    type: dict
  from:
    description: Directory of another run to read from.
    type: path
  left_by_us:
    description:
      - What an earlier run of this runbook leaves on the device. When O(data) is equal to it, it is no
        original, and the note of the newest earlier run of the same id is carried on.
    type: dict
  earlier:
    description:
      - What is carried on instead, from a run of another id, when O(data) is equal to O(left_by_us). Empty
        says that there is none, and that O(data) is the original.
    type: dict
    version_added: 0.2.0
extends_documentation_fragment:
  - anjianyun.datacenter.runbook
attributes:
  check_mode:
    support: full
    description: Writes nothing, and returns what it would write.
"""

EXAMPLES = r"""
- name: Note | the restore policy as it was
  anjianyun.datacenter.note:
    name: restore_policy_nn-db-01
    data: {policy: previous}
    left_by_us: {policy: always-off}
"""

RETURN = r"""
data:
  description: What stands in the journal under that name; empty when nothing does.
  returned: success
  type: dict
first:
  description: Whether this task wrote it.
  returned: success
  type: bool
"""
