# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan must fulfil beyond its structure; one file a subject."""

from __future__ import annotations

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.estate import Estate
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.findings import Finding


def check(estate: Estate) -> list[Finding]:
    """All findings of all checks, errors and warnings."""
    return []
