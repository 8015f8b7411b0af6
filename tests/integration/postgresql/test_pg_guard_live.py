# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot guard against real servers: it is run as systemd runs it, before the start."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from pg_pair import Pair, attested, come_back, hand_over

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import Cluster
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.promote import promote

GUARD = Path(__file__).parents[3] / "roles" / "postgresql_guard" / "files" / "anjianyun_guard.py"


def ask(pair: Pair, node: Cluster, peer: Cluster, *arguments: str) -> tuple[int, str]:
    """Run one of the guard's commands for a node; the exit code and what it said."""
    config = pair.root / f"guard-{node.name}.json"
    config.write_text(
        json.dumps(
            {
                "name": node.name,
                "data_directory": str(node.data_directory),
                "state_directory": str(node.state_directory),
                "bin_directory": str(node.bin_directory),
                "log_file": str(pair.root / "guard.log"),
                "conninfo": f"host={peer.socket_directory} port={peer.port} dbname=postgres"
                f" user={pair.owner}",
                "timeout_s": 2,
                "wait_s": 0,
            }
        ),
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, str(GUARD), "--config", str(config), *arguments],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_opens_when_the_other_centre_is_its_standby(pair: Pair) -> None:
    pair.a.stop_fast(20)
    assert ask(pair, pair.a, pair.b, "start") == (
        0, "anjianyun-guard: opens: the other centre is a standby on timeline 1, no newer than 1 here\n"
    )  # fmt: skip


def test_stays_down_on_silence_and_says_why(pair: Pair) -> None:
    pair.a.stop_fast(20)
    pair.b.stop_fast(20)

    code, text = ask(pair, pair.a, pair.b, "start")

    assert code == 1
    assert "stays down: the other centre is silent" in text
    assert "stays down: the other centre is silent" in (pair.root / "guard.log").read_text(encoding="utf-8")


def test_stays_down_on_a_frozen_peer_within_seconds(pair: Pair) -> None:
    pair.a.stop_fast(20)
    subprocess.run(["pkill", "-STOP", "-P", str(pair.b.postmaster())], check=True)
    subprocess.run(["kill", "-STOP", str(pair.b.postmaster())], check=True)
    try:
        began = time.monotonic()
        code, text = ask(pair, pair.a, pair.b, "start")
        assert (code, time.monotonic() - began < 6) == (1, True)
        assert "silent" in text
    finally:
        subprocess.run(["kill", "-CONT", str(pair.b.postmaster())], check=True)
        subprocess.run(["pkill", "-CONT", "-P", str(pair.b.postmaster())], check=True)


def test_stays_down_when_the_other_centre_was_promoted(pair: Pair) -> None:
    pair.kill(pair.a)
    promote(pair.b, proof=attested(), slots=["a"], timeout_s=10, max_proof_age_s=60, dry_run=False)

    code, text = ask(pair, pair.a, pair.b, "start")
    assert code == 1
    assert "the other centre accepts writes on timeline 2 (here 1)" in text

    # Back as a standby nothing stands in its way any more.
    come_back(pair, pair.a, pair.b)
    pair.a.stop_fast(20)
    code, text = ask(pair, pair.a, pair.b, "start")
    assert (code, "opens as a standby" in text) == (0, True)


def test_opens_after_a_round_trip_of_the_service(pair: Pair) -> None:
    hand_over(pair.a, pair.b, "b")
    come_back(pair, pair.a, pair.b)
    hand_over(pair.b, pair.a, "a")
    come_back(pair, pair.b, pair.a)
    pair.a.stop_fast(20)
    assert ask(pair, pair.a, pair.b, "start")[0] == 0


def test_an_override_counts_once(pair: Pair) -> None:
    pair.a.stop_fast(20)
    pair.b.stop_fast(20)
    ask(pair, pair.a, pair.b, "fence", "--reason", "failover")
    assert "fenced: failover" in ask(pair, pair.a, pair.b, "start")[1]

    assert ask(pair, pair.a, pair.b, "open", "--reason", "dr centre burned down")[0] == 0
    assert ask(pair, pair.a, pair.b, "check")[0] == 0
    assert "opened by command: dr centre burned down" in ask(pair, pair.a, pair.b, "start")[1]

    code, text = ask(pair, pair.a, pair.b, "start")
    assert (code, "silent" in text) == (1, True)
    log = (pair.root / "guard.log").read_text(encoding="utf-8")
    assert "allows one start within 600 s: dr centre burned down" in log


def test_an_override_expires(pair: Pair) -> None:
    pair.a.stop_fast(20)
    pair.b.stop_fast(20)
    ask(pair, pair.a, pair.b, "open", "--reason", "too late", "--expires", "0")
    assert ask(pair, pair.a, pair.b, "start")[0] == 1


def test_a_directory_in_the_middle_of_a_rewind_stays_down(pair: Pair) -> None:
    pair.a.stop_fast(20)
    pair.a.write(pair.a.rejoin_progress, '{"step": "rewind"}')
    code, text = ask(pair, pair.a, pair.b, "start")
    assert (code, "a rewind of this directory did not end" in text) == (1, True)
