#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gate
short_description: Refuses a step that cannot prove that it is safe
version_added: 0.1.0
description:
  - Judges readings, writes them down, and fails with every reason and way on when one is not as it must be.
  - Changes nothing on any device.
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
    description: Judges what is known now; the verdict reads C(predicted).
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
- name: Gate | the standby is fit
  anjianyun.datacenter.gate:
    that:
      - ok: "{{ standby.lag_s is not none and standby.lag_s <= 60 }}"
        reading: "the standby is {{ standby.lag_s }} s behind"
        refuse: what it lacks may be older than the RPO allows
        way_on: wait until it has caught up
        approval: rpo
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
