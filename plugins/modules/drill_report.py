#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drill_report
short_description: Judges a run by its evidence and writes the report
version_added: 0.1.0
description:
  - Reads the journal, the logs of the clients and of the write probe, and the ids that the surviving database
    holds.
  - Writes C(report.json), C(report.html) in English and Chinese, and C(junit.xml) beside them.
  - What the evidence does not show is null in the report and a reason against it. Nothing is assumed.
options:
  directory:
    description: The run's directory, the same as C(dr_run_directory).
    type: path
    required: true
  title:
    description: What stands over the report. By default the runbook and the service.
    type: str
  language:
    description: Which of the page's two languages shows first.
    type: str
    choices: [en, zh]
    default: en
  fail_on_verdict:
    description: Fail when the verdict is not V(pass). The report is written all the same.
    type: bool
    default: false
  history:
    description:
      - Where a short record of each judged run is kept; the report shows this run beside the last ten of
        the same plan, world, runbook and service. By default what the environment variable
        C(ANJIANYUN_HISTORY) names, else C(~/.anjianyun/history).
      - A record names the head of its journal. It is no evidence; one that is damaged is left out and
        counted.
    type: path
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
  - A report that is there already keeps a seal of the journal. A journal that was cut or computed again since
    then is not verified any more.
"""

EXAMPLES = r"""
- name: Verify | the drill is judged by its evidence
  anjianyun.datacenter.drill_report:
    directory: "{{ dr_run_directory }}"
    fail_on_verdict: true
"""

RETURN = r"""
verdict:
  description: V(pass) or V(fail).
  returned: when there is a journal
  type: str
report:
  description: The content of C(report.json).
  returned: when there is a journal
  type: dict
summary:
  description: How long the service was out in each phase, the verdict and its reasons, as text.
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
junit:
  description: Where the report as test cases is.
  returned: when there is a journal
  type: str
"""
