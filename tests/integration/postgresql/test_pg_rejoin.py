# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A primary that crashed or went its own way comes back, and what only it had is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pg_pair import Pair, attested, come_back

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import Cluster
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.info import read_info
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.promote import promote
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.tail import (
    write_progress,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused


def fail_over(pair: Pair, survivor: Cluster, slot: str) -> None:
    promote(survivor, proof=attested(), slots=[slot], timeout_s=10, max_proof_age_s=60, dry_run=False)


def diverge(pair: Pair) -> None:
    """``a`` commits three reports that never reach ``b``, then dies; ``b`` is promoted."""
    pair.write(pair.a, 1, 10)
    pair.b.stop_fast(20)
    pair.a.wait_for(lambda: read_info(pair.a)["replication"] == [], 10, "still streaming")
    for report in (11, 12, 13):
        pair.write(pair.a, report, report)
    pair.kill(pair.a)
    pair.b.start(20)
    fail_over(pair, pair.b, "a")
    pair.write(pair.b, 21, 30)


def test_a_diverged_primary_is_rewound_and_its_tail_kept(pair: Pair) -> None:
    diverge(pair)

    result = come_back(pair, pair.a, pair.b)

    assert (result["action"], result["diverged"], result["streaming"]) == ("rewind", True, True)
    assert result["lost"]["commits"] == 3
    kept = Path(result["kept_directory"])
    assert json.loads((kept / "lost.json").read_text(encoding="utf-8"))["files"]
    assert "COMMIT" in (kept / "transactions.txt").read_text(encoding="utf-8")
    pair.wait_streaming(pair.b)
    pair.a.wait_for(lambda: pair.count(pair.a) == 20, 10, "not caught up")
    assert pair.a.psql("SELECT count(*) FROM reports WHERE report_id IN (11, 12, 13);") == "0"
    assert read_info(pair.a)["timeline"] == 2
    assert come_back(pair, pair.a, pair.b)["action"] == "none"


def test_a_crashed_primary_that_lost_nothing_just_follows_or_rewinds(pair: Pair) -> None:
    pair.write(pair.a, 1, 10)
    pair.b.wait_for(lambda: pair.count(pair.b) == 10, 10, "not caught up")
    pair.kill(pair.a)
    fail_over(pair, pair.b, "a")

    result = come_back(pair, pair.a, pair.b)

    # Records without a commit (a checkpoint, running transactions) may have been on their way.
    assert result["action"] in ("follow", "rewind")
    assert (result["lost"] or {"commits": 0})["commits"] == 0
    assert pair.count(pair.a) == 10


def test_refuses_to_drop_a_tail_unasked(pair: Pair) -> None:
    diverge(pair)

    with pytest.raises(Refused, match="rewinding is not allowed and rebuilding it is not allowed") as caught:
        come_back(pair, pair.a, pair.b, allow_rewind=False)

    assert caught.value.result["diverged"] is True
    assert pair.a.postmaster() is None
    assert not pair.a.state_directory.exists()
    assert not pair.a.standby_signal.exists()


def test_rebuilds_when_that_is_allowed_and_keeps_the_old_directory(pair: Pair) -> None:
    diverge(pair)

    result = come_back(pair, pair.a, pair.b, allow_rewind=False, allow_rebuild=True)

    assert (result["action"], result["streaming"]) == ("rebuild", True)
    assert Path(result["replaced_directory"], "PG_VERSION").exists()
    assert result["lost"]["commits"] == 3
    assert pair.count(pair.a) == 20


def test_a_killed_rewind_is_run_again(pair: Pair) -> None:
    diverge(pair)
    broken = pair.a.control()
    write_progress(pair.a, "rewind", switch_lsn="0/0", timeline=1)

    result = come_back(pair, pair.a, pair.b)

    assert broken.state == "in production"
    assert (result["action"], result["streaming"]) == ("rewind", True)
    assert not pair.a.rejoin_progress.exists()


def test_a_swap_killed_between_its_two_renames_is_finished(pair: Pair) -> None:
    diverge(pair)
    result = come_back(pair, pair.a, pair.b, allow_rewind=False, allow_rebuild=True)
    pair.a.stop_fast(20)
    write_progress(pair.a, "swap", replaced=result["replaced_directory"])
    pair.a.data_directory.rename(pair.a.data_directory.with_name("data.new"))

    again = come_back(pair, pair.a, pair.b)

    assert again["streaming"] is True
    assert pair.count(pair.a) == 20


def test_refuses_while_the_node_runs_read_write(pair: Pair) -> None:
    pair.a.wait_for(lambda: pair.count(pair.b) == 0, 10, "not caught up")
    fail_over(pair, pair.b, "a")

    with pytest.raises(Refused, match="this node runs read-write"):
        come_back(pair, pair.a, pair.b)

    assert read_info(pair.a)["role"] == "primary"


def test_says_nothing_was_done_when_the_new_primary_is_silent(pair: Pair) -> None:
    pair.b.stop_fast(20)
    pair.a.stop_fast(20)

    with pytest.raises(DatacenterError, match="no session with the database"):
        come_back(pair, pair.a, pair.b)

    assert not pair.a.standby_signal.exists()
