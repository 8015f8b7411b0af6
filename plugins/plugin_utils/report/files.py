# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the three files of a report from a run's directory."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill import history
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.evidence import REPORT, read
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.judge import judge
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.junit import junit
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.page import page

PAGE, JUNIT = "report.html", "junit.xml"


def make_report(
    directory: Path,
    *,
    title: str | None = None,
    language: str = "en",
    write: bool = True,
    past: Path | None = None,
) -> tuple[dict[str, Any], bool]:
    """Judge a run's evidence and put report.json, report.html and junit.xml beside it.

    The same evidence gives the same files.

    :param title: what stands over the report; by default it follows from the runbook.
    :param language: which of the page's two languages shows first.
    :param write: False judges only.
    :param past: where the records of earlier runs are; None shows none. A run that is judged again stands
        beside the same runs as before.
    :returns: the report as in report.json, and whether a file was (or would be) changed.
    :raises DatacenterError: when there is no journal, or a file cannot be read or written.
    """
    evidence = read(directory)
    report = judge(evidence)
    report = {"title": title or f"{report['runbook'] or 'run'} {report['service'] or ''}".strip(), **report}
    report["history"] = _beside(report, directory, past)
    files = {
        REPORT: json.dumps(report, ensure_ascii=False, indent=1) + "\n",
        PAGE: page(report, evidence, language),
        JUNIT: junit(report),
    }
    changed = [name for name, text in files.items() if _differs(directory / name, text)]
    if write:
        for name in changed:
            put(directory / name, files[name])
    return report, bool(changed)


def _beside(report: dict[str, Any], directory: Path, past: Path | None) -> dict[str, Any]:
    """The runs it is shown beside: those of the report that is there, while the evidence is the same."""
    try:
        there = json.loads((directory / REPORT).read_text(encoding="utf-8"))
        kept = there["history"]
        same = there["journal"]["head"] == report["journal"]["head"]
        if same and kept["runs"] and all(history.valid(one) for one in kept["runs"]):
            return {"runs": kept["runs"], "left_out": int(kept["left_out"])}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    found = history.before(report, past) if past is not None else history.History()
    return {"runs": list(found.runs), "left_out": found.left_out}


def remember(report: dict[str, Any], directory: Path, past: Path) -> str:
    """Put the run among those that the next one is shown beside. Returns why it could not, or nothing."""
    try:
        history.keep(report, history.acts_of(directory), past)
    except OSError as error:
        return f"the run is not kept for later comparison: {error}"
    return ""


def _differs(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") != text
    except (OSError, UnicodeDecodeError):
        return True


def put(path: Path, text: str) -> None:
    """The whole file or none of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise DatacenterError("the report cannot be written", device=str(path), cause=str(error)) from error


def summary(report: dict[str, Any], directory: Path) -> str:
    """A few lines for a terminal: how long the service was out, the verdict, and where the report lies."""
    lines = [f"{report['title']} ({report['world'] or 'world not known'}): {report['verdict'].upper()}"]
    for phase in report["phases"]:
        lost = phase["lost_acknowledged"]
        lines.append(
            f"  {phase['n']} {phase['kind']:<11} out for {_seconds(phase['outage_s'])},"
            f" back {_seconds(phase['rto_s'])} after the approval,"
            f" {'not known how many' if lost is None else lost} of"
            f" {'?' if phase['acknowledged'] is None else phase['acknowledged']} acknowledged reports lost"
        )
    for reason in report["reasons"]:
        where = f"{reason['phase']} {reason['kind']}: " if reason["phase"] else ""
        lines.append(f"  because {where}{reason['text']}")
    lines.append(f"report: {directory / PAGE}")
    return "\n".join(lines)


def _seconds(value: float | None) -> str:
    return "? s" if value is None else f"{value:.2f} s"
