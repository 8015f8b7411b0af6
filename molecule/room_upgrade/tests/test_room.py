# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the upgrade leaves: its report with both moves, the room's story, and servers that serve as before."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

OUT = Path("build/room")
TWIN = Path("/run/anjianyun/twin", os.environ.get("TWIN", "molroom"))


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((OUT / "report.json").read_text())
    return found


def test_both_moves_are_judged_and_a_county_saw_nothing_lost(report: dict[str, Any]) -> None:
    assert report["verdict"] == "pass", report.get("reasons")
    assert [phase["kind"] for phase in report["phases"]] == ["switchover", "switchover"]
    assert report["two_writers"] is False
    for phase in report["phases"]:
        assert phase["acknowledged"] > 0
        assert phase["lost_acknowledged"] == 0
        assert phase["outage_s"] < phase["rto_target_s"]


def test_the_rooms_story_is_told_from_its_journal(report: dict[str, Any]) -> None:
    room = report["room"]
    assert [milestone["name"] for milestone in room["milestones"]] == [
        "opened", "ready", "evacuated", "dark", "rises", "whole", "burned_in", "home",
    ]  # fmt: skip
    assert room["ticket"] == "CHG-MOLECULE"
    assert room["dark_s"] > 0
    assert room["pauses"] >= 2
    servers = {server["name"]: server for server in room["servers"]}
    assert servers.keys() == {"nn-db-01", "nn-app-01"}
    assert servers["nn-db-01"]["serial"] == "AJY-NN-0011"
    for server in servers.values():
        assert server["parts"]["memory"] == 2
        # What was put back before it went on is no difference in the end.
        assert [one for one in server["from_survey"] if one["weight"] != "told"] == []
    assert len(room["answers"]) >= 20
    (met,) = (answer for answer in room["answers"] if answer["state"] != "not_applicable")
    assert met["state"] == "met"
    (photograph,) = met["evidence"]
    kept = (OUT / "evidence" / f"{photograph['sha256']}.jpg").read_bytes()
    assert hashlib.sha256(kept).hexdigest() == photograph["sha256"]


def test_the_page_tells_it_in_both_languages() -> None:
    page = (OUT / "report.html").read_text()
    for words in ("Room upgrade report", "机房改造报告", "AJY-NN-0011", "CHG-MOLECULE"):
        assert words in page


def test_every_rack_has_its_sheet_and_the_list_its_paper() -> None:
    assert "AJY-NN-0011" in "".join(path.read_text() for path in OUT.glob("rack-*.md"))
    assert (OUT / "checklist.md").exists()


def test_no_secret_stands_in_any_evidence() -> None:
    kept = json.loads((TWIN / "vars.yml").read_text())
    secrets = [kept["bmc_password"], *kept["dc_secrets"].values()]
    for path in OUT.rglob("*"):
        if path.is_file():
            text = path.read_text(errors="replace")
            assert not [secret for secret in secrets if secret in text], path


def test_the_service_came_home_and_one_database_follows_the_other(host: Any) -> None:
    name = host.check_output("cat /etc/hostname")
    query = "runuser -u postgres -- psql -XAtqd hidden_danger -c %s"
    home = name == "nn-db-01"
    assert host.check_output(query, "SELECT pg_is_in_recovery()").strip() == ("f" if home else "t")
    if home:
        assert host.check_output(query, "SELECT state FROM pg_stat_replication").strip() == "streaming"


def test_nothing_of_the_burn_in_is_left(host: Any) -> None:
    assert host.run("pgrep stress-ng").rc == 1
