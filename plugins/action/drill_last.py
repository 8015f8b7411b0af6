# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: when a service was last moved, and it passed, as far as this control node remembers."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill import history
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.action import RunbookAction


class ActionModule(RunbookAction):
    """See the documentation of the module of the same name."""

    ARGUMENTS = {"service": {"type": "str", "required": True}}

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        plan = str((self.variable("dc_plan") or {}).get("name", ""))
        found = history.last_passed(history.root(), plan, arguments["service"])
        if found is None:
            return {"age_days": None, "at": None, "runbook": None, "world": None}
        at = float(found["ended"] or found["started"])
        return {
            "age_days": round((time.time() - at) / 86400, 3),
            "at": at,
            "runbook": found["runbook"],
            "world": found["world"],
        }
