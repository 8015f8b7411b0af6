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
  warning:
    description:
      - What has to be seen at once, and not in the report alone. It is shown, and stands beside the figures.
    type: str
    default: ''
extends_documentation_fragment:
  - anjianyun.datacenter.runbook
attributes:
  check_mode:
    support: full
    description: Writes nothing.
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
