# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: figures for the report."""

from __future__ import annotations

from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.action import RunbookAction


class ActionModule(RunbookAction):
    """See the documentation of the module of the same name."""

    ARGUMENTS = {
        "name": {"type": "str", "required": True},
        "data": {"type": "dict", "required": True},
        "warning": {"type": "str", "default": ""},
    }

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        warning = " ".join(arguments["warning"].split())
        data = {**arguments["data"], "warning": warning} if warning else arguments["data"]
        written = self.write("measure", name=arguments["name"], data=data)
        told = {"warnings": [warning]} if warning else {}
        return {"changed": not self.check, "data": written["data"], **told}
