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
extends_documentation_fragment:
  - anjianyun.datacenter.runbook
  - anjianyun.datacenter.runbook.readings
attributes:
  check_mode:
    support: full
    description: Judges what is known now; the verdict reads C(predicted).
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
