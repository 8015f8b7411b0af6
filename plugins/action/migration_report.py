# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: judges a migration by its journal and writes the proof."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.evidence import REPORT
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.migration.judge import summary
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.files import PAGE
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.migration import (
    make_migration_report,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.action import RunbookAction


class ActionModule(RunbookAction):
    """See the documentation of the module of the same name."""

    ARGUMENTS = {
        "directory": {"type": "path", "required": True},
        "language": {"type": "str", "choices": ["en", "zh"], "default": "en"},
    }

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        # Writes no line of its own: the proof names the journal's end.
        directory = Path(arguments["directory"]).expanduser()
        report = make_migration_report(directory, language=arguments["language"], write=not self.check)
        return {
            "changed": not self.check,
            "verdict": report["verdict"],
            "report": report,
            "html": str(directory / PAGE),
            "json": str(directory / REPORT),
            "summary": f"{summary(report)}\nreport: {directory / PAGE}",
        }
