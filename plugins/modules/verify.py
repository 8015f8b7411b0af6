#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: verify
short_description: Fails when an act did not have its effect
version_added: 0.1.0
description:
  - Judges readings that were taken from the devices after an act, and writes them down.
options:
  that:
    description: What was looked at. All of it is judged, also when the first is not so.
    type: list
    elements: dict
    required: true
    suboptions:
      ok:
        description: Whether it is so. Anything but true or false means not known, which never passes.
        type: raw
        required: true
      reading:
        description: What was read, as a sentence with its figures.
        type: str
        required: true
      refuse:
        description: Why it does not pass.
        type: str
      way_on:
        description: What the operator can do about it.
        type: str
      expected:
        description: What should have been read.
        type: str
      approval:
        description: Name of the approval that lets it pass all the same.
        type: str
      risk:
        description: What is approved then.
        type: str
attributes:
  check_mode:
    support: full
    description: Nothing was done, so nothing is judged; the verdict reads C(predicted).
  diff_mode:
    support: none
    description: There is no text to compare.
author:
  - the anjianyun.datacenter authors (@anjianyun)
notes:
  - Runs on the control node, as an action plugin.
  - Writes to C(journal.jsonl) in C(dr_run_directory), and fails when it cannot. Nothing secret is written.
"""

EXAMPLES = r"""
- name: Verify | the database accepts writes
  anjianyun.datacenter.verify:
    that:
      - ok: "{{ database.role == 'primary' }}"
        reading: "the database is {{ database.role }}"
        expected: primary
"""

RETURN = r"""
verdict:
  description: C(pass), C(approved), C(refuse), C(fail) or C(predicted).
  returned: always
  type: str
readings:
  description: What was judged, as it stands in the journal.
  returned: always
  type: list
  elements: dict
"""
