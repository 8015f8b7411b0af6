#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: migration_report
short_description: Judges a migration by its journal and writes the proof
version_added: 0.3.0
description:
  - Reads the journal of a run of C(migration.yml), and writes C(report.json) and C(report.html), in English
    and Chinese, beside it. Of each system, for how long its users waited, what was compared, and every
    difference.
  - What the journal does not show is null, and a reason against it. Nothing is assumed.
options:
  directory:
    description: The run's directory, the same as C(dr_run_directory).
    type: path
    required: true
  language:
    description: Which of the page's two languages shows first.
    type: str
    choices: [en, zh]
    default: en
attributes:
  check_mode:
    support: full
    description: Judges, and writes nothing.
  diff_mode:
    support: none
    description: A report is made as a whole.
author:
  - the anjianyun.datacenter authors (@anjianyun)
notes:
  - Runs on the control node, as an action plugin.
"""

EXAMPLES = r"""
- name: Verify | the migration is judged by its evidence
  anjianyun.datacenter.migration_report:
    directory: "{{ migration_run_directory }}"
"""

RETURN = r"""
verdict:
  description: V(pass), V(fail), or V(waits) while somebody has to decide.
  returned: when there is a journal
  type: str
report:
  description: The content of C(report.json).
  returned: when there is a journal
  type: dict
summary:
  description: State and outage of each system, and the reasons, as text.
  returned: when there is a journal
  type: str
html:
  description: Where the page is.
  returned: when there is a journal
  type: str
json:
  description: Where the report for programs is.
  returned: when there is a journal
  type: str
"""
