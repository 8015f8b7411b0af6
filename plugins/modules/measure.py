#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: measure
short_description: Writes figures for the report
version_added: 0.1.0
description:
  - Writes figures that were taken in a run.
options:
  name:
    description: What was measured.
    type: str
    required: true
  data:
    description: The figures.
    type: dict
    required: true
attributes:
  check_mode:
    support: full
    description: Writes nothing.
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
- name: Measure | what the standby may lack
  anjianyun.datacenter.measure:
    name: lag
    data: {lag_s: 0.4}
"""

RETURN = r"""
data:
  description: The figures.
  returned: success
  type: dict
"""
