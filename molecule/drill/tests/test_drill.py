# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill leaves: its verdict, evidence that can be checked, no secret, and the estate as it was."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

OUT = Path("build/drill")
TWIN = Path("/run/anjianyun/twin", os.environ.get("TWIN", "moldrill"))


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((OUT / "report.json").read_text())
    return found


def sql(host: Any, query: str) -> str:
    return str(host.check_output("runuser -u postgres -- psql -XAtqd hidden_danger -c %s", query)).strip()


def test_the_drill_passed_and_nothing_acknowledged_was_lost(report: dict[str, Any]) -> None:
    assert report["verdict"] == "pass", report.get("reasons")
    assert report["world"] == "twin"
    assert [phase["kind"] for phase in report["phases"]] == [
        "switchover", "switchover", "failover", "failback",
    ]  # fmt: skip
    assert report["two_writers"] is False
    for phase in report["phases"]:
        assert phase["acknowledged"] > 0
        if phase["kind"] != "failover":
            assert phase["lost_acknowledged"] == 0, phase["kind"]


def test_the_fence_was_proved_by_readings_of_the_bmc(report: dict[str, Any]) -> None:
    fence = next(phase["fence"] for phase in report["phases"] if phase["kind"] == "failover")
    assert fence["method"] == "bmc"
    assert len(fence["readings"]) >= 3


def test_the_journal_is_whole_and_a_changed_line_shows(report: dict[str, Any], tmp_path: Path) -> None:
    assert report["journal"]["verified"] is True
    seal = f"{report['journal']['lines']}:{report['journal']['head']}"
    journal = OUT / "journal.jsonl"

    def verify(path: Path) -> int:
        command = ["python", "tools/journal.py", "verify", str(path), "--seal", seal]
        return subprocess.run(command, check=False, capture_output=True).returncode

    assert verify(journal) == 0
    forged = tmp_path / "journal.jsonl"
    forged.write_text(
        journal.read_text().replace('"refuse"', '"pass"').replace("machine_killed", "cable cut")
    )
    assert verify(forged) != 0
    forged.write_text("".join(journal.read_text().splitlines(keepends=True)[:-1]))
    assert verify(forged) != 0


def test_no_secret_stands_in_any_evidence_nor_in_the_machines_logs(host: Any) -> None:
    kept = json.loads((TWIN / "vars.yml").read_text())
    secrets = [kept["bmc_password"], *kept["dc_secrets"].values()]
    for path in OUT.rglob("*"):
        if path.is_file():
            text = path.read_text(errors="replace")
            assert not [secret for secret in secrets if secret in text], path
    logged = host.check_output("journalctl --no-pager -o cat; cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    assert not [secret for secret in secrets if secret in logged]


def test_the_service_came_home_and_one_database_follows_the_other(host: Any) -> None:
    name = host.check_output("cat /etc/hostname")
    assert sql(host, "SELECT pg_is_in_recovery()") == ("f" if name == "nn-db-01" else "t")
    if name == "nn-db-01":
        assert sql(host, "SELECT state FROM pg_stat_replication") == "streaming"


def test_outbound_jobs_never_ran_in_two_centres_at_once(host: Any) -> None:
    rows = sql(host, "SELECT centre FROM outbox_sent ORDER BY sent_at").split()
    moves = [after for before, after in zip(["", *rows], rows, strict=False) if before != after]
    assert rows
    # Home, away, home, away, home: each move once, never to and fro in between.
    assert len(moves) <= 5, moves
