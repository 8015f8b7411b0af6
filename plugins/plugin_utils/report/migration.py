# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof of a migration: one page for servers and databases, in English and Chinese, and as data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.evidence import REPORT, read
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.migration.judge import judge
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report import page as shared
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.files import PAGE, put
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.texts_migration import TEXTS

#: Differences that the page lists of one comparison; all are in report.json.
SHOWN = 50


def make_migration_report(directory: Path, *, language: str = "en", write: bool = True) -> dict[str, Any]:
    """Judge a migration by its journal, and put report.json and report.html beside it.

    :param language: the one that the page shows first.
    :raises DatacenterError: when there is no journal, or a file cannot be written.
    """
    evidence = read(directory)
    report = judge(evidence.entries, evidence.problems)
    report["journal"] = {
        "entries": len(evidence.journal.entries),
        "head": evidence.journal.seal.head,
        "verified": evidence.journal.whole,
    }
    report["world"] = next((entry.get("world") for entry in evidence.entries if entry.get("world")), None)
    if write:
        put(directory / REPORT, json.dumps(report, ensure_ascii=False, indent=1) + "\n")
        put(directory / PAGE, migration_page(report, language))
    return report


def migration_page(report: Mapping[str, Any], language: str = "en") -> str:
    """The page. Every text that stands in it comes from the report, and is escaped."""
    environment = Environment(
        loader=FileSystemLoader(shared.TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["t"] = text
    environment.filters.update(
        clock=shared.clock, day=shared.day, seconds=shared.seconds, count=shared.count, value=shared.value
    )
    style = Markup((shared.TEMPLATES / "style.css").read_text(encoding="utf-8"))
    return environment.get_template("migration.html.j2").render(
        report=report, language=language, style=style, shown=SHOWN
    )


def text(key: str, **values: Any) -> Markup:
    """A text of ours in both languages; values are escaped."""
    english, chinese = (Markup(word).format(**values) for word in TEXTS[key])
    return Markup('<span lang="en">{}</span><span lang="zh">{}</span>').format(english, chinese)
