# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel 'critical path': whose time an outage was, drawn and summed up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.trace import MARKS
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.files import make_report
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.texts import TEXTS
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.trace import critical_path, whose_of
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.plugin_utils.drill.sample import (
    BASE,
    MOVES,
    sample,
)

SWITCHOVER = MOVES[0]


def line(task: str, host: str, begin: float, end: float, /, **marks: float) -> str:
    data = {
        "phase": "switchover", "step": "Move the database", "task": task, "host": host, "state": "ok",
        "started": BASE + begin, "ended": BASE + end,
        "marks": {name: BASE + at for name, at in marks.items()},
    }  # fmt: skip
    return json.dumps(data) + "\n"


def trace() -> str:
    """Of the first switchover, whose outage is from 17.0 to 18.125; and of the failover, approved at 58.4."""
    return (
        line(
            "Act | a clean stop of nn-db-01",
            "nn-db-01",
            16.0,
            17.4,
            started=16.2,
            stop_sent=17.0,
            stopped=17.2,
        )
        + line("Act | promote dr-db-01", "dr-db-01", 17.5, 18.5, started=17.8, proved=17.85, writable=18.1)
        + line("Gate | a look", "localhost", 55.0, 58.4)
        + line("Act | its BMC switches it off", "nn-db-01 (BMC)", 58.4, 61.0)
        + line("Act | promote dr-db-01", "dr-db-01", 61.0, 62.5, started=61.2, writable=61.9)
    )


def made(directory: Path) -> tuple[dict[str, Any], str]:
    sample(0.25).write(directory)
    (directory / "trace.jsonl").write_text(trace(), encoding="utf-8")
    report, _changed = make_report(directory)
    return report, (directory / "report.html").read_text(encoding="utf-8")


def test_the_sums_are_the_outage(tmp_path: Path) -> None:
    report, _page = made(tmp_path)

    path = critical_path(report["phases"][0])

    assert path is not None
    assert path.seconds == pytest.approx(SWITCHOVER.back - SWITCHOVER.out, abs=0.002)
    expected = {"database": 0.45, "way": 0.5, "engine": 0.1, "device": 0.05, "client": 0.025}
    assert dict(path.sums) == pytest.approx(expected, abs=0.002)


def test_the_report_carries_every_span(tmp_path: Path) -> None:
    report, _page = made(tmp_path)

    spans = report["phases"][0]["trace"]
    assert {"title", "host", "started", "ended", "in_outage"} <= spans[0].keys()
    assert sum(one["ended"] - one["started"] for one in spans if one["in_outage"]) == pytest.approx(
        1.125, abs=0.002
    )


def test_a_failover_is_drawn_from_its_approval(tmp_path: Path) -> None:
    report, _page = made(tmp_path)

    path = critical_path(report["phases"][2])

    assert path is not None
    assert path.of == "failover"
    assert path.rows[0].host == "nn-db-01 (BMC)"
    assert path.seconds == pytest.approx(report["phases"][2]["rto_s"], abs=0.002)


def test_the_page_shows_it_in_both_languages(tmp_path: Path) -> None:
    _report, page = made(tmp_path)

    for text in (
        *TEXTS["path"],
        *TEXTS["whose_way"],
        *TEXTS["part_client"],
        "a clean stop of nn-db-01",
    ):
        assert text.replace("'", "&#39;") in page or text in page


def test_a_phase_without_a_trace_says_so(tmp_path: Path) -> None:
    sample(0.25).write(tmp_path)

    report, _changed = make_report(tmp_path)

    assert [part["trace"] for part in report["phases"]] == [[]] * 4
    assert critical_path(report["phases"][0]) is None
    assert TEXTS["path_none"][1] in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_every_part_has_a_name_and_belongs_to_somebody() -> None:
    for part in (*MARKS, "", "answer", "between", "client", "read"):
        assert f"part_{part}" in TEXTS
        assert f"whose_{whose_of(part)}" in TEXTS
