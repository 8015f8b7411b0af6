# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: judges a run by its evidence and writes the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill import history
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.evidence import REPORT
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.files import (
    JUNIT,
    PAGE,
    make_report,
    remember,
    summary,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.action import RunbookAction


class ActionModule(RunbookAction):
    """See the documentation of the module of the same name."""

    ARGUMENTS = {
        "directory": {"type": "path", "required": True},
        "title": {"type": "str"},
        "language": {"type": "str", "choices": ["en", "zh"], "default": "en"},
        "fail_on_verdict": {"type": "bool", "default": False},
        "history": {"type": "path"},
    }

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        # Writes no line of its own: the report seals the journal as it is.
        directory = Path(arguments["directory"]).expanduser()
        if self.check and directory == self.directory and self.journal.read():
            # That of a run that was fetched; a run that the check foretells from its beginning has none.
            directory = self.journal.path.parent
        past = Path(arguments["history"]).expanduser() if arguments["history"] else history.root()
        report, changed = make_report(
            directory,
            title=arguments["title"],
            language=arguments["language"],
            write=not self.check,
            past=past,
        )
        problem = "" if self.check else remember(report, directory, past)
        if problem:
            self._display.warning(problem)
        result = {
            "changed": changed,
            "verdict": report["verdict"],
            "report": report,
            "html": str(directory / PAGE),
            "json": str(directory / REPORT),
            "junit": str(directory / JUNIT),
            "summary": summary(report, directory),
        }
        if arguments["fail_on_verdict"] and report["verdict"] != "pass":
            raise DatacenterError(
                "the evidence does not show that it passed",
                device=str(directory),
                cause="; ".join(reason["text"] for reason in report["reasons"]),
                next_step=f"read {result['html']}",
                result=result,
            )
        return result
