# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof of a migration as people read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal.file import Journal
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.migration import (
    SHOWN,
    make_migration_report,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.texts_migration import TEXTS


def journal(directory: Path, **rows: Any) -> None:
    kept = Journal(directory)
    line = {"kind": "measure", "step": "Cut over", "task": "Measure | it"}
    plan = {"site": {"title": {"en": "Portal", "zh": "门户网站"}, "out_s": 60, "database": {}}}
    kept.append(
        {**line, "name": "migration_plan", "data": {"ticket": "CHG-7", "window": "a/b", "systems": plan}}
    )
    told = {"system": "site", "identical": True, "differences": [], **rows}
    kept.append({**line, "name": "migration_rows", "data": told})
    moved = {
        "system": "site",
        "refused_s": 0.42,
        "acts": [{"act": "refuse", "second": 0.0}, {"act": "canary", "second": 0.31}],
    }
    kept.append({**line, "name": "migration_moved", "data": moved})
    kept.append({**line, "kind": "note", "name": "migration_closed_site", "data": {"how": "confirmed"}})


def test_the_page_says_in_both_languages_what_the_file_says(tmp_path: Path) -> None:
    journal(tmp_path)
    report = make_migration_report(tmp_path)
    assert report["verdict"] == "pass"
    assert json.loads((tmp_path / "report.json").read_text())["systems"]["site"]["refused_s"] == 0.42
    page = (tmp_path / "report.html").read_text()
    for word in (
        *TEXTS["pass_sentence"],
        "Portal",
        "门户网站",
        "0.42 s",
        "0.310",
        report["journal"]["head"][:16],
    ):
        assert word in page


def test_what_was_compared_is_said_and_what_was_not(tmp_path: Path) -> None:
    table = {"table": "shop.orders", "rows": 1234, "digest": "ab-cd", "target_digest": "ab-cd"}
    journal(tmp_path, tables=[table], left_out=["shop.sessions"])
    make_migration_report(tmp_path)
    page = (tmp_path / "report.html").read_text()
    for word in ("shop.orders", "ab-cd", "Left out by the word of whoever ordered the move: shop.sessions."):
        assert word in page
    assert "≠" not in page


def test_differences_are_listed_and_nothing_of_them_is_markup(tmp_path: Path) -> None:
    found = [{"table": "<b>t", "key": str(number)} for number in range(SHOWN + 3)]
    journal(tmp_path, identical=False, differences=found)
    assert make_migration_report(tmp_path)["verdict"] == "fail"
    page = (tmp_path / "report.html").read_text()
    assert "&lt;b&gt;t" in page
    assert "<b>t" not in page
    assert "and 3 more" in page


def test_every_text_is_in_both_languages() -> None:
    assert all(english and chinese and english != chinese for english, chinese in TEXTS.values())


def test_what_went_back_is_told_with_the_place_of_what_it_overwrote(tmp_path: Path) -> None:
    journal(tmp_path)
    told = {
        "system": "site", "made": 3, "altered": 1, "removed": 2, "identical": True, "differences": [],
        "entries": 40, "kept": "/var/lib/anjianyun/kept/site", "kept_files": 3,
        "paths": [{"path": "/srv/<上传>", "what": "made"}],
    }  # fmt: skip
    Journal(tmp_path).append(
        {"kind": "measure", "step": "Back", "task": "M", "name": "migration_files_back", "data": told}
    )
    make_migration_report(tmp_path)
    page = (tmp_path / "report.html").read_text()
    for word in (
        "/var/lib/anjianyun/kept/site",
        "新增 3 个",
        "3 made there",
        "/srv/&lt;上传&gt;",
        "and 5 more",
    ):
        assert word in page
