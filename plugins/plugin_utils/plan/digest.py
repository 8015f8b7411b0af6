# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan's digest: of what it says, not of how its files are laid out."""

from __future__ import annotations

import hashlib
import json

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.plan import SitePlan


def plan_digest(plan: SitePlan) -> str:
    """sha256 over the plan's content with defaults filled in and keys sorted.

    Comments, the order of keys, and the split into files leave it as it is; approvals given
    for one digest hold until the plan says something else.
    """
    content = plan.model_dump(mode="json", by_alias=True)
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
