# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: what no device can tell later is written down before the act; the first word stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal.file import Journal
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook import approvals
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.action import RunbookAction


class ActionModule(RunbookAction):
    """See the documentation of the module of the same name."""

    ARGUMENTS = {
        "name": {"type": "str", "required": True},
        "data": {"type": "dict"},
        "from": {"type": "path"},
        "left_by_us": {"type": "dict"},
        "earlier": {"type": "dict"},
    }

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        journal = Journal(Path(arguments["from"])) if arguments["from"] else self.journal
        original = approvals.note(journal.read(), arguments["name"])
        if original is not None:
            return {"data": original["data"], "at": original["at"], "first": False}
        if arguments["data"] is None:
            return {"data": {}, "at": None, "first": False}
        data = arguments["data"]
        if data == arguments["left_by_us"]:
            # Whoever gives what is known of earlier runs has looked at all of them, also where there is none.
            known = arguments["earlier"]
            data = (self._of_earlier_runs(arguments["name"]) if known is None else known) or data
        written = self.write("note", name=arguments["name"], data=data)
        return {"changed": not self.check, "data": written["data"], "at": written.get("at"), "first": True}

    def _of_earlier_runs(self, name: str) -> dict[str, Any] | None:
        """What the newest run of the same id that has ended, and knows the name, wrote down."""
        # The stamp that an ended run is put aside with sorts by time.
        for directory in sorted(self.directory.parent.glob(f"{self.directory.name}.*Z"), reverse=True):
            original = approvals.note(Journal(directory).read(), name)
            if original is not None:
                found: dict[str, Any] = original["data"]
                return found
        return None
