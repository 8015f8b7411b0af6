# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: a phase of the run begins or ends."""

from __future__ import annotations

from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.action import RunbookAction


class ActionModule(RunbookAction):
    """See the documentation of the module of the same name."""

    ARGUMENTS = {
        "state": {"type": "str", "required": True, "choices": ["begins", "ends"]},
        "trigger": {"type": "str"},
        "replication": {"type": "str"},
        "rto_target_s": {"type": "float"},
        "rpo_target_s": {"type": "float"},
    }

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        last = next((e for e in reversed(self.journal.read()) if e["kind"] == "phase"), None)
        open_already = (
            last is not None and last["state"] == "begins" and last["phase"] == self.variable("dr_phase")
        )
        if arguments["state"] == "begins" and open_already:
            # A run that broke goes on in the phase it was in.
            return {"state": "begins", "at": last["at"] if last else None}
        written = self.write("phase", **{key: value for key, value in arguments.items() if value is not None})
        return {"changed": not self.check, "state": arguments["state"], "at": written.get("at")}
