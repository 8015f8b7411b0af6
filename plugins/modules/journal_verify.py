#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: journal_verify
short_description: Says whether a run's journal is what was written
version_added: 0.1.0
description:
  - Finds a line that was changed, removed, added or moved. With a seal that was kept elsewhere it also finds
    a cut tail and a chain that was computed again.
  - One torn last line, left by a run that was killed while writing, is accepted and said.
options:
  path:
    description: The journal, or the directory of a run. Default is C(dr_run_directory).
    type: path
  seal:
    description:
      - C(LINES:HEAD), as it stands in a report (C(journal) in C(report.json)). The journal may have
        grown since.
    type: str
attributes:
  check_mode:
    support: full
    description: Reads only.
  diff_mode:
    support: none
    description: Reads only.
author:
  - the anjianyun.datacenter authors (@anjianyun)
notes:
  - Runs on the control node, as an action plugin. C(tools/journal.py) does the same without Ansible.
"""

EXAMPLES = r"""
- name: Verify | the journal is what the report sealed
  anjianyun.datacenter.journal_verify:
    path: build/drill
    seal: "{{ report.journal.lines }}:{{ report.journal.head }}"
"""

RETURN = r"""
lines:
  description: How many lines it has.
  returned: when the file can be read
  type: int
head:
  description: Digest of the last line.
  returned: when the file can be read
  type: str
seal:
  description: What to keep elsewhere, as C(LINES:HEAD).
  returned: when the file can be read
  type: str
sealed:
  description: Whether it was compared with a seal. If not, a cut tail does not show.
  returned: when the file can be read
  type: bool
torn:
  description: Whether the last line has no end.
  returned: when the file can be read
  type: bool
problems:
  description: What is wrong, a sentence each.
  returned: when the file can be read
  type: list
  elements: str
"""
