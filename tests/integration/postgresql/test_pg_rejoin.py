# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A primary that crashed or went its own way comes back, and what only it had is kept."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from pg_pair import Pair, attested, come_back

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql import (
    rejoin as rejoin_module,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.clone import clone
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import Cluster
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.info import read_info
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.kept import LogGone
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


def outlast(pair: Pair) -> None:
    """``b`` is away until ``a`` has removed the log that ``b`` needs next."""
    pair.write(pair.a, 1, 10)
    pair.b.wait_for(lambda: pair.count(pair.b) == 10, 10, "not caught up")
    pair.b.stop_fast(20)
    needed = pair.a.psql("SELECT pg_walfile_name(pg_current_wal_lsn());")
    pair.a.psql("ALTER SYSTEM SET wal_keep_size = 0;")
    pair.a.psql("ALTER SYSTEM SET max_slot_wal_keep_size = '4MB';")
    pair.a.psql("SELECT pg_reload_conf();")
    for report in range(11, 21):
        pair.write(pair.a, report, report)
        pair.a.psql("SELECT pg_switch_wal();")

    def gone() -> bool:
        # Files leave at a checkpoint, when they are archived.
        pair.write(pair.a, 1000 + pair.count(pair.a), 1000 + pair.count(pair.a))
        pair.a.psql("CHECKPOINT;", timeout_s=20)
        # Not the .backup beside them.
        found = pair.a.psql(
            "SELECT count(*) FROM pg_ls_dir('pg_wal') AS name "
            f"WHERE length(name) = 24 AND name <= '{needed}';"
        )
        return found == "0" and slot_of_b(pair) == "lost"

    pair.a.wait_for(gone, 30, "the log did not go")


def slot_of_b(pair: Pair) -> str:
    return pair.a.psql("SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'b';")


def test_a_standby_whose_log_is_gone_is_refused_at_once_or_copied_anew(pair: Pair) -> None:
    outlast(pair)
    began = time.monotonic()

    with pytest.raises(Refused, match="needs next .* is gone on the upstream") as caught:
        come_back(pair, pair.b, pair.a, timeout_s=600)
    with pytest.raises(Refused, match="this copy can follow no more"):
        clone(pair.b, pair.peer(pair.a), slot="b", timeout_s=30, dry_run=False)
    foretold = come_back(pair, pair.b, pair.a, allow_rebuild=True, dry_run=True)

    assert time.monotonic() - began < 60
    assert "allow_rebuild" in str(caught.value.next_step)
    assert (foretold["action"], foretold["diverged"]) == ("rebuild", False)
    # Nothing was changed on either side.
    assert slot_of_b(pair) == "lost"
    assert not pair.b.rejoin_progress.exists()

    result = come_back(pair, pair.b, pair.a, allow_rebuild=True, timeout_s=120)

    assert (result["action"], result["streaming"], result["lost"]) == ("rebuild", True, None)
    assert Path(result["replaced_directory"], "PG_VERSION").exists()
    pair.wait_streaming(pair.a)
    pair.b.wait_for(lambda: pair.count(pair.b) == pair.count(pair.a), 10, "not caught up")
    assert come_back(pair, pair.b, pair.a)["action"] == "none"


@pytest.mark.slow
def test_log_that_goes_while_the_standby_is_waited_for_is_noticed(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    outlast(pair)
    # As it was when the decision fell: still there.
    monkeypatch.setattr(rejoin_module, "gone_for", lambda *_args: None)
    began = time.monotonic()

    with pytest.raises(LogGone, match="this node can follow no more") as caught:
        come_back(pair, pair.b, pair.a, timeout_s=600)

    assert time.monotonic() - began < 60
    assert caught.value.result["action"] == "follow"
    # The standby runs and tries in vain, which is no stream.
    result = come_back(pair, pair.b, pair.a, allow_rebuild=True, timeout_s=120)
    assert (result["action"], result["streaming"], result["diverged"]) == ("rebuild", True, False)
    pair.wait_streaming(pair.a)


def test_a_copy_that_breaks_off_leaves_the_old_directory_and_is_begun_anew(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    outlast(pair)
    program = Cluster.program
    broken = {"pg_basebackup": "false"}
    monkeypatch.setattr(Cluster, "program", lambda self, name: broken.get(name) or program(self, name))

    with pytest.raises(DatacenterError, match="false failed") as caught:
        come_back(pair, pair.b, pair.a, allow_rebuild=True)
    broken.clear()

    assert caught.value.result["action"] == "rebuild"
    assert pair.b.control().clean
    # It was allowed once, and the directory is not started before it ends.
    result = come_back(pair, pair.b, pair.a)
    assert (result["action"], result["streaming"], result["diverged"]) == ("rebuild", True, False)
    assert Path(result["replaced_directory"], "PG_VERSION").exists()
