# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: a person says yes to what cannot be undone, after hearing what it is."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.action import RunbookAction, refuse


class ActionModule(RunbookAction):
    """See the documentation of the module of the same name."""

    ARGUMENTS = {"name": {"type": "str", "required": True}, "risk": {"type": "str", "required": True}}

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        name, risk = arguments["name"], " ".join(arguments["risk"].split())
        if self.check:
            return {"name": name, "risk": risk, "verdict": "predicted"}
        began = time.time()
        found = self.approved(name, risk)
        if found is None:
            answer = self.ask(f"{risk}.\nType {name!r} to approve, anything else to stop")
            if answer != name:
                raise refuse(
                    "not approved, nothing was changed",
                    [
                        f"{risk}. Next: say yes to it with -e dr_approvals={name}, "
                        f"or answer {name!r} at the terminal"
                    ],
                    name=name,
                    risk=risk,
                )
            found = self.approve(name, risk, "interactive")
        return {
            "changed": found["at"] >= began,
            "name": name,
            "risk": risk,
            **{k: found[k] for k in ("operator", "expires_at", "given")},
        }
