# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: which of a service's databases is the primary."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.database.pair import decide_primary

DOCUMENTATION = r"""
name: pg_primary
short_description: Says which of a service's databases is the primary
version_added: 0.1.0
description:
  - Decides from what M(anjianyun.datacenter.pg_info) said of each host. The plan's choice counts
    only while no host holds any data.
positional: planned
options:
  _input:
    description: Host names to what M(anjianyun.datacenter.pg_info) returned.
    type: dict
    required: true
  planned:
    description: The host that the plan makes the first primary.
    type: str
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
- ansible.builtin.debug:
    msg: "{{ {'nn-db-01': nn_info, 'dr-db-01': dr_info} | anjianyun.datacenter.pg_primary('nn-db-01') }}"
"""

RETURN = r"""
_value:
  description: C(ok), C(primary), C(fresh), C(reason), C(way_on).
  type: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"pg_primary": decide_primary}
