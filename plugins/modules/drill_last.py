#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drill_last
short_description: When a service was last moved, and it passed
version_added: 0.2.0
description:
  - Looks into the history that this control node keeps of judged runs (see
    M(anjianyun.datacenter.drill_report)), for the plan of the inventory. Rehearsals on a twin count as well;
    RV(world) says which it was.
options:
  service:
    description: The service.
    type: str
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
notes:
  - Runs on the control node, as an action plugin.
attributes:
  check_mode:
    support: full
    description: Changes nothing in any mode.
  diff_mode:
    support: none
    description: There is no text to compare.
"""

EXAMPLES = r"""
- name: Read | when it was drilled
  anjianyun.datacenter.drill_last:
    service: hidden_danger
  register: drilled
"""

RETURN = r"""
age_days:
  description: Days since it ended; none when no such run is known here.
  returned: success
  type: float
at:
  description: When it ended, in epoch seconds.
  returned: success
  type: float
runbook:
  description: What it was.
  returned: success
  type: str
world:
  description: C(twin) or C(estate).
  returned: success
  type: str
"""
