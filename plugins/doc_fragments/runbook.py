# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the words of the runbook grammar have in common."""

from __future__ import annotations


class ModuleDocFragment:
    # They run on the control node and write the journal.
    DOCUMENTATION = r"""
options: {}
attributes:
  diff_mode:
    support: none
    description: There is no text to compare.
author:
  - the anjianyun.datacenter authors (@anjianyun)
notes:
  - Runs on the control node, as an action plugin.
  - Writes to C(journal.jsonl) in C(dr_run_directory), and fails when it cannot. Nothing secret is written.
"""

    # What a gate and a verify judge.
    READINGS = r"""
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
      this_risk:
        description:
          - Only a yes to this very risk lets it pass, and none to another of that name. A yes given
            beforehand counts once this risk was told, by a run that refused with it.
        type: bool
        default: false
        version_added: 0.2.0
"""
