# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: did the act have its effect? Judged by what was read from the devices afterwards."""

from __future__ import annotations

from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.action import RunbookAction
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.readings import failing, parse


class ActionModule(RunbookAction):
    """See the documentation of the module of the same name."""

    ARGUMENTS = {"that": {"type": "list", "elements": "dict", "required": True}}

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            readings = parse(arguments["that"])
        except ValueError as error:
            raise DatacenterError("the verify cannot be read", cause=str(error)) from error
        wrong = failing(readings)
        shown = [r.as_dict() for r in readings]
        # A check has done nothing, so there is no effect to see yet.
        verdict = "predicted" if self.check else "fail" if wrong else "pass"
        self.write("verify", verdict=verdict, readings=shown)
        if verdict == "fail":
            lines = "".join(f"\n  - {r.sentence()}" for r in wrong)
            raise DatacenterError(
                f"the effect is not there:{lines}",
                next_step="find out why; then run the same runbook again, what is done stays done",
                result={"verdict": verdict, "readings": shown},
            )
        return {"verdict": verdict, "readings": shown}
