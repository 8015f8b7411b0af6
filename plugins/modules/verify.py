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
extends_documentation_fragment:
  - anjianyun.datacenter.runbook
  - anjianyun.datacenter.runbook.readings
attributes:
  check_mode:
    support: full
    description: Nothing was done, so nothing is judged; the verdict reads C(predicted).
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
