# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: what a promotion was shown goes into the journal."""

from __future__ import annotations

from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.action import RunbookAction


class ActionModule(RunbookAction):
    """See the documentation of the module of the same name."""

    ARGUMENTS = {
        "method": {
            "type": "str",
            "required": True,
            "choices": ["bmc", "network", "lease", "attested", "shutdown"],
        },
        "device": {"type": "str", "required": True},
        "readings": {"type": "list", "elements": "raw", "default": []},
        "data": {"type": "dict", "default": {}},
    }

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self.write("proof", **arguments)
        return {"changed": not self.check, "method": arguments["method"]}
