# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: is a journal what was written? Compared with a seal that was kept elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal import chain
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal.file import NAME
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.action import RunbookAction


class ActionModule(RunbookAction):
    """See the documentation of the module of the same name."""

    ARGUMENTS = {"path": {"type": "path"}, "seal": {"type": "str"}}

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        path = Path(arguments["path"]) if arguments["path"] else self.journal.path
        path = path / NAME if path.is_dir() else path
        try:
            seal = chain.parse_seal(arguments["seal"]) if arguments["seal"] else None
            found = chain.judge(chain.text_of(path.read_bytes()), seal)
        except (OSError, ValueError) as error:
            raise DatacenterError(
                "the journal cannot be verified", device=str(path), cause=str(error)
            ) from error
        result = {
            "path": str(path),
            "lines": found.seal.lines,
            "head": found.seal.head,
            "seal": str(found.seal),
            "sealed": found.sealed,
            "torn": found.torn,
            "problems": found.problems,
        }
        if not found.whole:
            raise DatacenterError(
                "the journal is not what was written",
                device=str(path),
                cause="; ".join(found.problems),
                next_step="keep the file as it is, and compare it with the copy in the other centre",
                result=result,
            )
        return result
