# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of judged runs: the right ones come back, and nothing that was damaged does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill import history
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.durations import durations
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal.chain import digest_of
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.plugin_utils.drill.past import (
    act,
    kept,
    report,
)

Edit = Callable[[dict[str, Any]], None]


def test_a_run_stands_beside_the_ten_before_it_and_no_later_one(tmp_path: Path) -> None:
    for moment in range(100, 115):
        history.keep(report(moment), [], tmp_path)

    found = history.before(report(113), tmp_path)

    assert [one["started"] for one in found.runs] == list(range(103, 113))
    assert found.runs[-1]["journal"]["head"] == f"{112:064x}"
    assert found.left_out == 0


@pytest.mark.parametrize(
    "other",
    [
        {"world": "estate"},
        {"runbook": "failover"},
        {"service": "other"},
        {"plan": {"name": "x", "digest": ""}},
    ],
)
def test_only_runs_of_the_same_kind_are_compared(tmp_path: Path, other: dict[str, Any]) -> None:
    history.keep(report(100, **other), [], tmp_path)
    history.keep(report(101), [], tmp_path)

    assert [one["started"] for one in history.before(report(200), tmp_path).runs] == [101]


def test_a_run_that_is_judged_again_stays_one_run(tmp_path: Path) -> None:
    history.keep(report(100, verdict="fail"), [], tmp_path)
    history.keep(report(100), [], tmp_path)

    assert [one["verdict"] for one in history.before(report(200), tmp_path).runs] == ["pass"]


def _signed(edit: Edit) -> Edit:
    """A change by somebody who knows how the digest is made."""

    def change(found: dict[str, Any]) -> None:
        edit(found)
        found["digest"] = digest_of(found)

    return change


@pytest.mark.parametrize(
    "edit",
    [
        lambda found: found.update(lost_acknowledged=7),
        lambda found: found["phases"][0].update(outage_s=0.01),
        _signed(lambda found: found.update(schema=2)),
        _signed(lambda found: found["journal"].update(head="none")),
        _signed(lambda found: found["phases"][0].update(outage_s="0.5")),
        _signed(lambda found: found["phases"][0].update(outage_s=float("nan"))),
        _signed(lambda found: found.update(phases=[{}])),
        _signed(lambda found: found.update(acts=[{"act": "x"}])),
    ],
)
def test_a_record_that_was_changed_is_left_out_and_counted(tmp_path: Path, edit: Edit) -> None:
    path = history.keep(report(100), [act(1.0)], tmp_path)
    assert path is not None
    assert len(history.before(report(200), tmp_path).runs) == 1
    found = json.loads(path.read_text())
    edit(found)
    path.write_text(json.dumps(found))

    assert history.before(report(200), tmp_path) == history.History([], 1)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00", '"x"'])
def test_what_is_no_record_is_left_out_and_counted(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "anhui"
    folder.mkdir()
    (folder / "twin-drill-reports-x.json").write_text(text)

    assert history.before(report(200), tmp_path) == history.History([], 1)


def test_a_name_leads_to_no_other_folder(tmp_path: Path) -> None:
    path = history.keep(report(100, plan={"name": "../../etc", "digest": ""}), [], tmp_path / "history")

    assert path is not None
    assert path.parent.parent == tmp_path / "history"


def test_no_more_are_kept_than_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "KEPT", 3)
    for moment in (100, 101, 102, 103):
        history.keep(report(moment), [], tmp_path)

    assert [one["started"] for one in history.read(tmp_path, "anhui").runs] == [101, 102, 103]


def test_a_run_without_a_beginning_is_not_kept(tmp_path: Path) -> None:
    assert history.keep(report(100) | {"started": None}, [], tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_acts_are_read_as_far_as_they_can_be(tmp_path: Path) -> None:
    (tmp_path / history.ACTS).write_text(
        json.dumps(act(0.7)) + '\n{"act": "torn\n{}\n' + json.dumps(act(0.9))[:-1]
    )

    assert history.acts_of(tmp_path) == [act(0.7)]
    assert history.acts_of(tmp_path / "none") == []


def test_durations_are_medians_of_what_passed() -> None:
    known = durations([kept(act(1.0)), kept(act(2.0)), kept(act(9.0)), kept(act(90.0), verdict="fail")])

    assert known.runs == 3
    assert known.act("switchover", "Move the database", "a clean stop of hf-db-01", "hf-db-01") == 2.0
    assert known.phase("switchover") == 2.5
    assert known.waited("switchover") == 0.5
    assert known.act("failover", "Move the database", "a clean stop of hf-db-01", "hf-db-01") is None
    assert known.phase("failover") is None


def test_an_act_is_known_from_the_other_device_and_its_own_counts_more() -> None:
    there = act(3.0, act="a clean stop of wh-db-01", device="wh-db-01")
    known = durations([kept(act(1.0), there)])

    assert known.act("switchover", "Move the database", "a clean stop of wh-db-01", "wh-db-01") == 3.0
    assert known.act("switchover", "Move the database", "a clean stop of new-01", "new-01") == 2.0


def test_an_act_that_found_nothing_to_do_says_little_about_one_that_does() -> None:
    known = durations([kept(act(0.1, changed=False)), kept(act(4.0)), kept(act(0.1, changed=False))])

    assert known.act("switchover", "Move the database", "a clean stop of hf-db-01", "hf-db-01") == 4.0


def test_no_drill_is_no_knowledge() -> None:
    known = durations([])

    assert (known.runs, known.phase("switchover")) == (0, None)
