# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: may the next act be done? It judges every reading, writes one line, changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.action import RunbookAction, refuse
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.readings import failing, parse


class ActionModule(RunbookAction):
    """See the documentation of the module of the same name."""

    ARGUMENTS = {"that": {"type": "list", "elements": "dict", "required": True}}

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            readings = parse(arguments["that"])
        except ValueError as error:
            raise DatacenterError("the gate cannot be read", cause=str(error)) from error
        readings = [
            replace(r, approved=True)
            if r.ok is not True and r.approval and self.approved(r.approval, r.risk or r.refuse, r.this_risk)
            else r
            for r in readings
        ]
        wrong = failing(readings)
        verdict = "refuse" if wrong else "approved" if any(r.approved for r in readings) else "pass"
        shown = [r.as_dict() for r in readings]
        if self.check and not wrong:
            verdict = "predicted"
        self.write("gate", verdict=verdict, readings=shown)
        if wrong:
            sentences = [
                r.sentence() + (f" (dr_approvals={r.approval})" if r.approval else "") for r in wrong
            ]
            raise refuse("refused, nothing was changed", sentences, verdict=verdict, readings=shown)
        return {"verdict": verdict, "readings": shown}
