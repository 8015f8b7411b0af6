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
    }

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        journal = Journal(Path(arguments["from"])) if arguments["from"] else self.journal
        original = approvals.note(journal.read(), arguments["name"])
        if original is not None:
            return {"data": original["data"], "at": original["at"], "first": False}
        if arguments["data"] is None:
            return {"data": {}, "at": None, "first": False}
        written = self.write("note", name=arguments["name"], data=arguments["data"])
        return {"changed": not self.check, "data": written["data"], "at": written.get("at"), "first": True}
