# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard's decisions, case by case: a verdict and a sentence."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parents[4] / "roles" / "postgresql_guard" / "files" / "anjianyun_guard.py"
spec = importlib.util.spec_from_file_location("anjianyun_guard", FILE)
assert spec is not None
assert spec.loader is not None
guard = importlib.util.module_from_spec(spec)
sys.modules["anjianyun_guard"] = guard
spec.loader.exec_module(guard)

LOCAL = guard.Local(True, False, "7", 2, None, None, None)
STANDBY = guard.Peer(True, "7", 2)


@pytest.mark.parametrize(
    ("changes", "opens", "reason"),
    [
        ({"initialised": False}, True, "no database here"),
        ({"standby_signal": True}, True, "opens as a standby"),
        ({"standby_signal": True, "fence": "power lost"}, True, "opens as a standby"),
        ({"standby_signal": True, "unfinished": "rewind"}, False, "a rewind of this directory did not end"),
        ({"unfinished": "rebuild"}, False, "a rebuild of this directory did not end"),
        ({"fence": "failover of 3 May"}, False, "fenced: failover of 3 May"),
        ({"fence": "x", "override": "first day"}, True, "opened by command: first day"),
        ({"unfinished": "rewind", "override": "please"}, False, "did not end"),
    ],
)
def test_says_alone(changes: dict[str, Any], opens: bool, reason: str) -> None:
    verdict = guard.decide_alone(dataclasses.replace(LOCAL, **changes))
    assert verdict.opens is opens
    assert reason in verdict.reason


def test_asks_when_it_would_open_read_write() -> None:
    assert guard.decide_alone(LOCAL) is None


@pytest.mark.parametrize(
    ("peer", "opens", "reason"),
    [
        (STANDBY, True, "a standby on timeline 2, no newer than 2"),
        (guard.Peer(True, "7", 1), True, "standby on timeline 1"),
        (guard.Peer(True, "7", 3), False, "knows timeline 3, newer than 2"),
        (guard.Peer(False, "7", 2), False, "accepts writes on timeline 2"),
        (guard.Peer(False, "7", 1), False, "accepts writes on timeline 1"),
        (guard.Peer(True, "8", 2), False, "another database"),
        (guard.Peer(silence="no route to host"), False, "silent (no route to host)"),
        (guard.Peer(None, "7", 2), False, "not whole"),
        (guard.Peer(True, "7", None), False, "not whole"),
    ],
)
def test_says_with_the_other_centre(peer: Any, opens: bool, reason: str) -> None:
    verdict = guard.decide_with_peer(LOCAL, peer)
    assert verdict.opens is opens
    assert reason in verdict.reason


def test_a_guard_that_fails_keeps_the_door_shut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "guard.json"
    assert guard.main(["--config", str(config), "start"]) == guard.BROKEN
    config.write_text(json.dumps({"data_directory": str(tmp_path)}), encoding="utf-8")
    assert guard.main(["--config", str(config), "start"]) == guard.BROKEN
    assert "stays down" in capsys.readouterr().err


def test_a_state_file_that_cannot_be_read_counts_as_set(tmp_path: Path) -> None:
    made = guard.Guard(
        {"data_directory": tmp_path, "state_directory": tmp_path, "log_file": tmp_path / "log"}
    )
    (tmp_path / "fenced.json").write_text("{torn", encoding="utf-8")
    assert "cannot be read" in made._json(made.fence_file)["reason"]


WITNESS = "liuzhou-wit-01"


@pytest.mark.parametrize(
    ("said", "opens_by_hand", "words"),
    [
        (f"{WITNESS}: {WITNESS} knows timeline 3, nn-db-01 is on 2", False, "there is a newer one"),
        ("dr-db-01: the database of dr-db-01 accepts writes on timeline 3", False, "there is a newer one"),
        (f"{WITNESS}: {WITNESS} was told to refuse nn-db-01: failover-x-to-dr", False, "a failover"),
        (f"dr-db-01: silent: no answer; {WITNESS}: granted by {WITNESS}", True, "knows of no newer one"),
        (f"dr-db-01: silent: no answer; {WITNESS}: silent: no answer", True, "nobody answers who knows more"),
        ("", True, "(no granter)"),
    ],
)
def test_in_silence_it_says_which_timeline_it_is_on_and_never_to_open_one_that_was_passed_over(
    said: str, opens_by_hand: bool, words: str
) -> None:
    """After both centres were dark both guards may stay down, and both are read at three in the morning."""
    text = guard.way_on_in_silence(LOCAL, said)
    assert "on timeline 2" in text
    assert words in text
    assert ("anjianyun-guard open --reason" in text) is opens_by_hand
    assert ("do not open this one" in text) is not opens_by_hand


def test_the_silence_of_the_other_centre_ends_with_what_the_granters_know(tmp_path: Path) -> None:
    answers = tmp_path / "may-open"
    answers.write_text("#!/bin/sh\necho 'W: W knows timeline 3, nn-db-01 is on 2'\nexit 1\n")
    answers.chmod(0o755)
    made = guard.Guard(
        {"data_directory": tmp_path, "state_directory": tmp_path, "log_file": tmp_path / "log",
         "name": "nn-db-01", "lease_command": [str(answers)]}
    )  # fmt: skip
    made.read_local = lambda _now: LOCAL
    made.ask_peer = lambda: guard.Peer(silence="no route to host")
    verdict = made.verdict(0)
    assert not verdict.opens
    assert "silent (no route to host)" in verdict.reason
    assert "do not open this one" in verdict.reason


@pytest.mark.parametrize(
    ("said", "way_on"),
    [
        ("W: W was told to refuse nn-db-01: failover-x-to-dr", "anjianyun-lease allow nn-db-01"),
        ("W: W knows timeline 3, nn-db-01 is on 2", "run dr_failback"),
        ("W: silent: no answer within 1 s", "mend the lines"),
    ],
)
def test_without_a_lease_it_says_what_to_do(said: str, way_on: str) -> None:
    assert way_on in guard.way_on_without_lease(said)
