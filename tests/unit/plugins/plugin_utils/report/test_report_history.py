# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel that shows a run beside the last ones of its kind."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill import history as kept
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.files import make_report, remember
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.history import panel, phase_keys
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.texts import TEXTS
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.texts_history import (
    TEXTS as HISTORY_TEXTS,
)
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.plugin_utils.drill.sample import sample
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.plugin_utils.report.test_report_page import (
    Page,
)

RATE = 0.25


def earlier(report: dict[str, Any], days: int, **phases: dict[str, Any]) -> dict[str, Any]:
    """The same drill, some days before; ``phases`` changes the n-th one (``p1=...``)."""
    found = copy.deepcopy(report)
    found.pop("history", None)
    found["started"] -= 86400 * days
    found["journal"]["head"] = f"{days:064x}"
    for name, values in phases.items():
        found["phases"][int(name[1:]) - 1].update(values)
    return found


def drilled(directory: Path, past: Path) -> tuple[dict[str, Any], str]:
    report, _changed = make_report(directory, past=past)
    return report, (directory / "report.html").read_text(encoding="utf-8")


def test_a_first_run_has_no_panel(tmp_path: Path) -> None:
    report, text = drilled(sample(RATE).write(tmp_path / "run"), tmp_path / "past")

    assert report["history"] == {"runs": [], "left_out": 0}
    assert 'id="history"' not in text


def test_a_run_is_shown_beside_those_before_in_both_languages(tmp_path: Path) -> None:
    directory = sample(RATE).write(tmp_path / "run")
    report, _changed = make_report(directory)
    kept.keep(earlier(report, 2, p3={"rto_s": 7.77, "lost_acknowledged": 12}), [], tmp_path / "past")
    kept.keep(earlier(report, 1), [], tmp_path / "past")

    (directory / "report.json").unlink()
    report, text = drilled(directory, tmp_path / "past")

    page = Page(text)
    assert "history" in page.ids()
    assert any("7.77" in piece for piece in page.texts[""])
    assert "−12" in page.texts[""]
    assert f"{2:064x}"[:8] in text
    assert HISTORY_TEXTS["h_title"][0] in page.texts["en"]
    assert HISTORY_TEXTS["h_title"][1] in page.texts["zh"]


def test_the_same_evidence_gives_the_same_report_whatever_was_drilled_since(tmp_path: Path) -> None:
    directory = sample(RATE).write(tmp_path / "run")
    report, _changed = make_report(directory)
    kept.keep(earlier(report, 1), [], tmp_path / "past")
    (directory / "report.json").unlink()
    first, text = drilled(directory, tmp_path / "past")
    assert remember(first, directory, tmp_path / "past") == ""
    kept.keep(earlier(report, 3), [], tmp_path / "past")

    assert drilled(directory, tmp_path / "past") == (first, text)
    # An auditor has the directory alone.
    assert drilled(directory, tmp_path / "nothing") == (first, text)


def test_a_run_that_went_on_since_its_report_is_compared_anew(tmp_path: Path) -> None:
    directory = sample(RATE).write(tmp_path / "run")
    report, _changed = make_report(directory)
    kept.keep(earlier(report, 1), [], tmp_path / "past")
    (directory / "report.json").unlink()
    drilled(directory, tmp_path / "past")
    kept.keep(earlier(report, 3), [], tmp_path / "past")
    there = directory / "report.json"
    there.write_text(there.read_text().replace(report["journal"]["head"], "0" * 64))

    report, _text = drilled(directory, tmp_path / "past")

    assert [one["journal"]["head"] for one in report["history"]["runs"]] == [f"{3:064x}", f"{1:064x}"]


def test_a_report_that_names_runs_that_nobody_judged_is_not_believed(tmp_path: Path) -> None:
    directory = sample(RATE).write(tmp_path / "run")
    report, _changed = make_report(directory)
    kept.keep(earlier(report, 1), [], tmp_path / "past")
    (directory / "report.json").unlink()
    drilled(directory, tmp_path / "past")
    there = directory / "report.json"
    before = there.read_text()
    there.write_text(before.replace(f"{1:064x}", f"{9:064x}"))

    report, _text = drilled(directory, tmp_path / "past")

    assert [one["journal"]["head"] for one in report["history"]["runs"]] == [f"{1:064x}"]


def test_a_history_that_cannot_be_written_is_said_and_spoils_no_report(tmp_path: Path) -> None:
    directory = sample(RATE).write(tmp_path / "run")
    (tmp_path / "past").write_text("a file in the way")
    report, _text = drilled(directory, tmp_path / "past")

    assert report["verdict"] == "pass"
    assert "not kept" in remember(report, directory, tmp_path / "past")


def test_each_phase_is_compared_with_its_like(tmp_path: Path) -> None:
    report, _changed = make_report(sample(RATE).write(tmp_path))
    before = kept.record(earlier(report, 1, p1={"outage_s": 4.0}, p3={"rto_s": None, "verdict": "fail"}))
    found = panel({**report, "history": {"runs": [before], "left_out": 0}})

    assert found is not None
    assert [(t.kind, t.number, t.measure) for t in found.trends] == [
        ("switchover", 1, "outage"), ("switchover", 2, "outage"),
        ("failover", 1, "rto"), ("failback", 1, "outage"),
    ]  # fmt: skip
    first, second, failover, _back = found.trends
    assert [one.seconds for one in first.bars] == [4.0, report["phases"][0]["outage_s"]]
    assert first.bars[0].height > first.bars[1].height
    assert [one.current for one in first.bars] == [False, True]
    assert first.change is not None
    assert first.change < 0
    assert second.bars[0].seconds != 4.0
    assert failover.bars[0].state == "unknown"
    assert failover.median is None


def test_a_promise_is_drawn_where_it_is_in_sight(tmp_path: Path) -> None:
    report, _changed = make_report(sample(RATE).write(tmp_path))
    far = panel({**report, "history": {"runs": [kept.record(earlier(report, 1))], "left_out": 0}})
    near = panel(
        {
            **report,
            "history": {"runs": [kept.record(earlier(report, 1, p1={"outage_s": 29.0}))], "left_out": 0},
        }
    )

    assert far is not None
    assert near is not None
    assert far.trends[0].target_y is None
    assert near.trends[0].target_y is not None
    assert near.trends[0].target_y < near.trends[0].bars[0].y + near.trends[0].bars[0].height


def test_a_changed_plan_and_damaged_records_are_said(tmp_path: Path) -> None:
    report, _changed = make_report(sample(RATE).write(tmp_path))
    other = kept.record({**earlier(report, 1), "plan": {**report["plan"], "digest": "e" * 64}})
    found = panel({**report, "history": {"runs": [other], "left_out": 2}})

    assert found is not None
    assert [row.other_plan for row in found.rows] == [False, True]
    assert found.left_out == 2
    assert panel({**report, "history": {"runs": [], "left_out": 2}}) is not None


def test_phases_of_a_kind_are_numbered() -> None:
    kinds = ("switchover", "failover", "switchover")
    assert phase_keys({"phases": [{"kind": kind} for kind in kinds]}) == [
        ("switchover", 1), ("failover", 1), ("switchover", 2),
    ]  # fmt: skip


def test_the_words_are_no_others_of_the_page() -> None:
    assert not TEXTS.keys() & HISTORY_TEXTS.keys()
    assert all(english != chinese for english, chinese in HISTORY_TEXTS.values())
