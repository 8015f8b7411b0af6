# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: a person answers for what no device can say, knowing the risk, for a while."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook import approvals
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.action import (
    DEFAULT_EXPIRES_S,
    RunbookAction,
    refuse,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.who import operator


class ActionModule(RunbookAction):
    """See the documentation of the module of the same name."""

    ARGUMENTS = {
        "name": {"type": "str", "required": True},
        "statement": {"type": "str", "required": True},
        "risk": {"type": "str", "required": True},
        "expires_s": {"type": "float", "default": DEFAULT_EXPIRES_S},
        "stands": {"type": "list", "elements": "dict", "default": []},
    }

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        name, statement = arguments["name"], arguments["statement"]
        risk = " ".join(arguments["risk"].split())
        if self.check:
            return {
                "name": name,
                "statement": statement,
                "by": operator(),
                "risk": risk,
                "expires_at": time.time(),
                "verdict": "predicted",
            }
        found = approvals.attested(self.journal.read(), name, statement, time.time())
        kept = found is not None
        if found is None:
            if not self.attests(name, statement, risk):
                stands = [
                    f"stands already: {one['what']}. To take it back: {one['way_back']}"
                    for one in arguments["stands"]
                    if one["what"]
                ]
                raise refuse(
                    "nobody answers for it",
                    [
                        f"to attest: {statement}. The risk: {risk}. "
                        f"Next: look, then say so with -e dr_attestations={name}",
                        *stands,
                    ],
                    name=name,
                )
            found = self.write(
                "attestation",
                name=name,
                statement=statement,
                risk=risk,
                operator=operator(),
                expires_at=time.time() + arguments["expires_s"],
            )
        return {
            "changed": not kept,
            "by": found["operator"],
            "risk": found["risk"],
            "expires_at": found["expires_at"],
        }
