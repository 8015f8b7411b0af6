# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the log that a standby needs next is still to be had, and what is seen while it waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql import kept, rejoin
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import Cluster
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.control import (
    ControlData,
    segment_name,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.fork import (
    Decision,
    without_log,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.kept import (
    Flow,
    GoneWatch,
    KeptLog,
    LogGone,
    asked_for,
    local_end,
    missing,
    restores,
    segment_number,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.tail import PAGE_HEADER
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Unreachable

MIB = 1 << 20
SEGMENT = 16 * MIB
REFUSED = (
    "FATAL:  could not receive data from WAL stream: ERROR:  requested WAL segment "
    "000000010000000000000005 has already been removed\n"
)


def kept_from(first: int, last: int, slot: str | None = "lost") -> KeptLog:
    return KeptLog(frozenset(range(first, last + 1)), SEGMENT, slot)


@pytest.mark.parametrize(
    ("log", "needed", "gone"),
    [
        (kept_from(7, 20), [4, 5], True),
        (kept_from(7, 20, None), [4, 5], True),
        # A slot that is lost holds nothing back any more; what it held may lie there all the same.
        (kept_from(3, 20), [4, 5], False),
        # The end of the fourth file may be the end of what is needed of it.
        (kept_from(5, 20), [4, 5], False),
        (kept_from(5, 20), [4], True),
        # Not written yet.
        (kept_from(1, 3), [4, 5], False),
        # Not known is not gone.
        (None, [4, 5], False),
        (kept_from(7, 20), [], False),
        (kept_from(1, 0), [4, 5], False),
    ],
)
def test_tells_what_is_gone_from_what_is_not_known(
    log: KeptLog | None, needed: Sequence[int], gone: bool
) -> None:
    assert (missing(log, needed, 1) is not None) is gone


def test_says_which_file_is_gone_and_from_where_the_upstream_has_it() -> None:
    said = missing(kept_from(7, 20), [4, 5], 3)

    assert said is not None
    assert "000000030000000000000004" in said
    assert "from 000000030000000000000007 on" in said
    assert "its slot there is lost" in said


def test_counts_files_beyond_four_gibibytes() -> None:
    position = (2 << 32) + 5 * SEGMENT

    assert segment_number(segment_name(9, position, SEGMENT), SEGMENT) == position // SEGMENT


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    wal = tmp_path / "data" / "pg_wal"
    wal.mkdir(parents=True)
    return Cluster(
        version="15", name="b", data_directory=tmp_path / "data", config_directory=tmp_path,
        bin_directory=tmp_path, socket_directory=str(tmp_path), port=1, unit=None, log_file=tmp_path / "log",
    )  # fmt: skip


def control(redo: str) -> ControlData:
    return ControlData(
        state="shut down in recovery", system_identifier="7", checkpoint_lsn=redo, redo_lsn=redo, timeline=1,
        min_recovery_end_lsn=redo, min_recovery_timeline=1, wal_log_hints=True, checksums=True,
        segment_bytes=SEGMENT, checkpoint_at=None,
    )  # fmt: skip


def put(cluster: Cluster, number: int, address: int | None = None, timeline: int = 1) -> None:
    position = number * SEGMENT
    header = PAGE_HEADER.pack(0xD110, 0, timeline, position if address is None else address)
    name = segment_name(timeline, position, SEGMENT)
    (cluster.data_directory / "pg_wal" / name).write_bytes(header + b"\0" * 100)


def test_its_own_log_ends_where_a_file_waits_to_be_used_again(cluster: Cluster) -> None:
    put(cluster, 3)
    put(cluster, 4)
    put(cluster, 5, timeline=2)
    put(cluster, 6, address=2 * SEGMENT)
    put(cluster, 7)

    assert local_end(cluster, control("0/3000028")) == 5


def test_without_the_file_of_its_redo_position_nothing_is_known(cluster: Cluster) -> None:
    put(cluster, 4)

    assert local_end(cluster, control("0/3000028")) is None


@pytest.mark.parametrize(
    ("text", "can"),
    [("restore_command = 'cp /archive/%f %p'\n", True), ("restore_command = ''\n", False), ("", False)],
)
def test_knows_of_an_archive_that_a_restore_left_in_the_data_directory(
    cluster: Cluster, text: str, can: bool
) -> None:
    (cluster.data_directory / "postgresql.auto.conf").write_text(text, encoding="utf-8")

    assert restores(cluster) is can


@pytest.mark.parametrize(
    ("log", "name"),
    [
        (REFUSED, "000000010000000000000005"),
        ("错误:  请求的 WAL 段 000000010000000000000006 已被删除\n", "000000010000000000000006"),
        (REFUSED + REFUSED.replace("05 has", "08 has"), "000000010000000000000008"),
        ("LOG:  started streaming WAL from primary at 0/5000000 on timeline 1\n", None),
    ],
)
def test_reads_which_file_was_refused(log: str, name: str | None) -> None:
    assert asked_for(log) == name


def watch(
    monkeypatch: pytest.MonkeyPatch, cluster: Cluster, upstream: Callable[[], KeptLog | None]
) -> GoneWatch:
    monkeypatch.setattr(Cluster, "control", lambda self: control("0/4000028"))
    monkeypatch.setattr(kept, "read_kept", lambda *_args: upstream())
    return GoneWatch(cluster, "host=a", "b")


def test_at_the_edge_of_a_file_only_this_start_s_refusal_tells(
    monkeypatch: pytest.MonkeyPatch, cluster: Cluster
) -> None:
    put(cluster, 5)
    put(cluster, 4)
    cluster.log_file.write_text(REFUSED, encoding="utf-8")
    looks = watch(monkeypatch, cluster, lambda: kept_from(6, 20))

    before = looks()
    with cluster.log_file.open("a", encoding="utf-8") as stream:
        stream.write(REFUSED)

    assert before is None
    assert "000000010000000000000005" in str(looks())


def test_an_archive_or_a_silent_upstream_leaves_it_open(
    monkeypatch: pytest.MonkeyPatch, cluster: Cluster
) -> None:
    put(cluster, 4)
    silent = watch(monkeypatch, cluster, lambda: None)()
    looks = watch(monkeypatch, cluster, lambda: kept_from(7, 20))
    gone = looks()
    (cluster.config_directory / "postgresql.conf").write_text("restore_command = 'get %f %p'\n")

    assert (silent, looks()) == (None, None)
    assert gone is not None


def test_an_upstream_that_does_not_answer_tells_nothing(
    monkeypatch: pytest.MonkeyPatch, cluster: Cluster
) -> None:
    def silent(*_args: Any, **_more: Any) -> None:
        raise Unreachable("no session with the database")

    monkeypatch.setattr(Cluster, "query", silent)

    assert kept.read_kept(cluster, "host=a", "b", SEGMENT) is None


def receiver(pid: int, written: str | None = None) -> dict[str, Any]:
    return {"status": "streaming", "pid": pid, "written_lsn": written}


def test_a_receiver_that_only_tries_is_no_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(100))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    flow = Flow()

    tries = [flow.flows(receiver(pid)) for pid in (1, 2, 3, 4)]

    assert tries == [False] * 4
    assert flow.flows(None) is False
    assert flow.flows(receiver(5, "0/5000000")) is True
    # One that stays without a byte stands at the edge of a file, with nothing to be sent.
    assert [flow.flows(receiver(pid)) for pid in (6, 6, 6)][-1] is True


def test_the_wait_ends_when_the_log_is_gone(monkeypatch: pytest.MonkeyPatch, cluster: Cluster) -> None:
    monkeypatch.setattr(rejoin, "WATCH_S", 0)
    monkeypatch.setattr(rejoin, "read_info", lambda _cluster: {"receiver": None})
    began = time.monotonic()

    with pytest.raises(LogGone, match="is gone") as caught:
        rejoin.wait_streaming(cluster, 60, lambda: "the log is gone")

    assert time.monotonic() - began < 30
    assert "allow_rebuild" in str(caught.value.next_step)


@pytest.mark.parametrize("switch", [None, "0/50000A0"])
def test_without_the_log_a_node_is_copied_anew_only_when_that_is_allowed(switch: str | None) -> None:
    before = Decision("follow" if switch is None else "rewind", "it was a standby", switch)

    refused = without_log(before, "the log is gone", allow_rebuild=False)
    copied = without_log(before, "the log is gone", allow_rebuild=True)

    assert (refused.action, copied.action) == ("refuse", "rebuild")
    assert "it was a standby; but the log is gone" in refused.reason
    assert "dr_copy_anew" in str(refused.next_step)
    # What it wrote itself is kept as before, and one that wrote nothing did not diverge.
    assert copied.switch_lsn == switch
    assert (refused.diverged, copied.diverged) == (switch is not None,) * 2


@pytest.mark.parametrize(
    ("action", "first", "outcome"),
    [
        ("follow", 7, "refuse"),
        ("follow", 4, "follow"),
        # It replays from a checkpoint before the fork, which is in the fifth file.
        ("rewind", 6, "refuse"),
        ("rewind", 5, "rewind"),
        ("refuse", 7, "refuse"),
        ("rebuild", 7, "rebuild"),
    ],
)
def test_a_decision_is_held_against_what_the_upstream_has(
    monkeypatch: pytest.MonkeyPatch, cluster: Cluster, action: str, first: int, outcome: str
) -> None:
    put(cluster, 4)
    for module in (kept, rejoin):
        monkeypatch.setattr(module, "read_kept", lambda *_args: kept_from(first, 20))
    peer = rejoin.Peer("a", 5432, "dc_rewind", "dc_replication", "prefer", None)
    before = Decision(action, "as it was", None if action == "follow" else "0/50000A0")

    after = rejoin.held_against_log(
        cluster, peer, control("0/4000028"), before, slot="b", allow_rebuild=False
    )

    assert after.action == outcome
