# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: a person says yes to what cannot be undone, after hearing what it is."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook import approvals
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.action import RunbookAction, refuse
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.who import operator


class ActionModule(RunbookAction):
    """See the documentation of the module of the same name."""

    ARGUMENTS = {
        "name": {"type": "str", "required": True},
        "risk": {"type": "str", "required": True},
        "persons": {"type": "int", "default": 1, "choices": [1, 2]},
    }

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        name, risk = arguments["name"], " ".join(arguments["risk"].split())
        if self.check:
            return {"name": name, "risk": risk, "verdict": "predicted"}
        if arguments["persons"] > 1:
            return self._two(name, risk)
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

    def _two(self, name: str, risk: str) -> dict[str, Any]:
        """Two different persons, each under a login of his own, have said yes to the same."""
        began = time.time()
        given = self.approved_by(name, risk)
        me = approvals.person(operator())
        if me not in given:
            answer = self.ask(
                f"{risk}.\nTwo persons must approve. Type {name!r} to do so, anything else to stop"
            )
            if answer == name:
                given[me] = self.approve(name, risk, "interactive")
        if len(given) < 2:
            so_far = f"{', '.join(given)} approved it" if given else "nobody approved it"
            raise refuse(
                "not approved by two persons, nothing was changed",
                [
                    f"{risk}. {so_far}. Next: another person logs in to this control node under a name of "
                    f"his own and goes on with the same command and -e dr_approvals={name}"
                ],
                name=name,
                risk=risk,
                operators=list(given),
            )
        last = max(given.values(), key=lambda entry: float(entry["at"]))
        return {
            "changed": last["at"] >= began,
            "name": name,
            "risk": risk,
            "operators": list(given),
            **{key: last[key] for key in ("operator", "expires_at", "given")},
        }
