# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a migration came to, from its journal."""

from __future__ import annotations

from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.migration.judge import judge, summary

PLAN = {
    "title": {"en": "Reports", "zh": "上报"},
    "out_s": 10,
    "keep_days": 30,
    "database": {},
    "application": {},
}


def measure(at: float, name: str, **data: Any) -> dict[str, Any]:
    told = {"system": "reports", **data} if name != "migration_plan" else data
    return {"kind": "measure", "at": at, "name": name, "data": told}


BEGINS = measure(0, "migration_plan", ticket="CHG-1", window="a/b", systems={"reports": PLAN})
MOVES = [
    measure(10, "migration_stops_serving"),
    measure(14, "migration_serves"),
    measure(15, "migration_moved", refused_s=0.4, acts=[{"act": "refuse", "second": 0.0}]),
]
SAME = [
    measure(20, "migration_rows", identical=True, differences=[]),
    measure(21, "migration_files", identical=True, differences=[]),
]
DONE = {"kind": "note", "at": 30, "name": "migration_closed_reports", "data": {"how": "confirmed"}}


def test_a_system_that_was_confirmed_and_compared_passes() -> None:
    report = judge([BEGINS, *MOVES, *SAME, DONE])
    assert report["verdict"] == "pass"
    assert report["systems"]["reports"]["out_s"] == 4
    assert "reports: confirmed, out for 4.0 s, writes refused for 0.40 s" in summary(report)


def test_before_somebody_has_decided_it_waits() -> None:
    assert judge([BEGINS])["verdict"] == "waits"
    assert judge([BEGINS, *MOVES, *SAME])["verdict"] == "waits"


def test_confirmed_without_a_comparison_is_no_pass() -> None:
    report = judge([BEGINS, *MOVES, SAME[0], DONE])
    assert report["reasons"] == ["reports: its files were not compared"]


def test_differences_fail_it_and_are_counted() -> None:
    rows = measure(22, "migration_rows", identical=False, differences=["t 1", "t 2"])
    report = judge([BEGINS, *MOVES, *SAME, rows, DONE])
    assert report["verdict"] == "fail"
    assert report["reasons"] == ["reports: its rows differ in 2 places"]


def test_out_for_longer_than_the_plan_allows_fails_it() -> None:
    late = [MOVES[0], measure(25, "migration_serves"), *MOVES[2:]]
    assert judge([BEGINS, *late, *SAME, DONE])["reasons"] == [
        "reports: it was out for 15.0 s, and 10 s were allowed"
    ]


def test_a_cutover_that_broke_and_went_on_counts_from_its_first_stop() -> None:
    again = [MOVES[0], measure(12, "migration_stops_serving"), *MOVES[1:]]
    assert judge([BEGINS, *again, *SAME, DONE])["systems"]["reports"]["out_s"] == 4


def test_a_run_that_is_repeated_later_does_not_lengthen_it() -> None:
    again = [*MOVES, measure(500, "migration_serves"), measure(501, "migration_moved", refused_s=None)]
    told = judge([BEGINS, *again, *SAME, DONE])["systems"]["reports"]
    assert (told["out_s"], told["refused_s"]) == (4, 0.4)


def test_one_that_was_taken_back_in_between_counts_from_the_second_attempt() -> None:
    first = [measure(1, "migration_stops_serving"), measure(3, "migration_stopped", step="cutover", why="x")]
    report = judge([BEGINS, *first, *MOVES, *SAME, DONE])
    assert report["systems"]["reports"]["out_s"] == 4
    assert report["verdict"] == "pass"


def test_what_stopped_a_system_is_told() -> None:
    report = judge([BEGINS, measure(3, "migration_stopped", step="copy", why="the disk is full")])
    assert report["systems"]["reports"]["state"] == "stopped"
    assert report["reasons"] == ["reports: stopped at copy: the disk is full"]


def test_a_journal_that_cannot_be_trusted_is_no_pass() -> None:
    assert judge([BEGINS, *MOVES, *SAME, DONE], ["line 3 was changed"])["verdict"] == "fail"


BACK = {"kind": "note", "at": 40, "name": "migration_closed_reports", "data": {"how": "taken back"}}
FILES_BACK = {"made": 2, "altered": 1, "removed": 0, "identical": True, "kept": "/var/lib/k", "kept_files": 1}


def test_one_that_goes_back_tells_what_of_its_files_went_with_it() -> None:
    report = judge([BEGINS, *MOVES, *SAME, measure(30, "migration_files_back", **FILES_BACK), BACK])
    assert report["reasons"] == ["reports: it was taken back to the old server"]
    assert report["systems"]["reports"]["files_back"]["made"] == 2
    told = "files gone back: 2 made, 1 altered, 0 removed, what was there is in /var/lib/k"
    assert told in summary(report)


def test_files_that_did_not_go_back_after_it_has_served_are_a_reason() -> None:
    lacks = "reports: whether its files went back with it is not known"
    assert lacks in judge([BEGINS, *MOVES, *SAME, BACK])["reasons"]
    # An earlier way back says nothing of what was written since.
    early = measure(13, "migration_files_back", **FILES_BACK)
    assert lacks in judge([BEGINS, MOVES[0], early, *MOVES[1:], *SAME, BACK])["reasons"]
    # Before it has served nothing was written.
    assert lacks not in judge([BEGINS, BACK])["reasons"]
    differs = measure(30, "migration_files_back", **{**FILES_BACK, "identical": False, "count": 3})
    assert (
        "reports: its files differ at the old server in 3 places"
        in judge([BEGINS, *MOVES, *SAME, differs, BACK])["reasons"]
    )
