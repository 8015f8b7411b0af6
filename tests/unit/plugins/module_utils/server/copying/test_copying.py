# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a copy decides and reads: limits, rounds, shares, rsync's words, unfinished files."""

from __future__ import annotations

import datetime
import json
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying import mounts, preflight
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.copier import (
    Plan,
    channels_for,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.limits import (
    LiveLimits,
    limits_of,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.progress import Progress
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.pump_program import Bucket
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.rounds import (
    Round,
    Small,
    decide,
    shares,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.rsync import (
    Heard,
    Way,
    command,
    for_rsync,
    version_of,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.salvage import (
    salvage,
    sweep,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.ssh import Source
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.trees import Job, Tree

MONDAY = datetime.datetime(2026, 11, 23)
PLAN = {
    "limit_mbit_s": 400,
    "limit_hours": [
        {"from": "08:00", "to": "18:00", "days": ["mon"], "mbit_s": 80},
        {"from": "22:00", "to": "02:00", "days": ["mon"], "mbit_s": 0},
    ],
}


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (7.99, 400),
        (8, 80),
        (17.99, 80),
        (18, 400),
        (23, 0),
        (25.5, 0),
        (26, 400),
        (24 + 8, 400),
        (24 + 23, 400),
        # The night of a Monday began on Monday; that before it on a Sunday.
        (1, 400),
    ],
)
def test_the_hour_says_the_limit(hours: float, expected: int) -> None:
    moment = MONDAY + datetime.timedelta(hours=hours)
    assert limits_of(PLAN).bytes_s(moment) == expected * 125_000


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"limit_mbit_s": -1}, "-1 Mbit/s"),
        ({"limit_hours": [{"from": "8", "to": "18:00", "mbit_s": 1}]}, "Invalid isoformat"),
        ({"limit_hours": [{"from": "08:00", "mbit_s": 1}]}, "'to' is missing"),
        (
            {"limit_hours": [{"from": "08:00", "to": "09:00", "days": ["Monday"], "mbit_s": 1}]},
            "days are mon",
        ),
    ],
)
def test_limits_that_are_not_understood_are_refused(said: dict[str, Any], message: str) -> None:
    with pytest.raises(DatacenterError, match=message):
        limits_of(said)


def test_a_file_of_limits_counts_while_it_is_there_and_makes_sense(tmp_path: Path) -> None:
    path = tmp_path / "limits"
    live = LiveLimits(limits_of(PLAN), path)
    assert live.bytes_s(MONDAY) == 50_000_000
    path.write_text("8")
    assert live.bytes_s(MONDAY) == 1_000_000
    path.write_text('{"limit_mbit_s": 16')
    assert live.bytes_s(MONDAY) == 1_000_000
    assert str(path) in str(live.trouble)
    path.unlink()
    assert live.bytes_s(MONDAY) == 50_000_000
    assert live.trouble is None


def test_tokens_come_with_time_and_no_more_than_a_burst_of_them() -> None:
    bucket = Bucket(1_000_000, 0.0)
    bucket.refill(1_000_000, 0.05)
    assert bucket.room() == 50_000
    bucket.refill(1_000_000, 60.0)
    assert bucket.room() == 100_000
    bucket.refill(0, 61.0)
    assert bucket.room() == 256 * 1024


def _rounds(*bytes_each: int, seconds: float = 60) -> list[Round]:
    return [Round(number, seconds, size) for number, size in enumerate(bytes_each, 1)]


def test_rounds_end_when_small_and_say_when_they_never_get_so() -> None:
    small = Small(seconds=5, bytes=1000, rounds=6)
    assert decide(_rounds(10**9), small)[:2] == (False, False)
    assert decide(_rounds(10**9, 999), small)[:2] == (True, True)
    assert decide(_rounds(10**9, seconds=4), small)[:2] == (True, True)
    assert decide(_rounds(10**9, 5000, 4000), small)[:2] == (False, False)
    stop, is_small, reason = decide(_rounds(10**9, 5000, 4900, 4800), small)
    assert (stop, is_small) == (True, False)
    assert "as much changes as the line carries" in reason
    assert decide(_rounds(10**9, 9000, 8000, 7000, 6000, 5000), small)[:2] == (True, False)


def test_shares_are_even_and_link_groups_stay_together() -> None:
    lots = shares([(100_000, ["a", "b"]), (90_000, ["c"]), (10, ["d"]), (5, ["e"])], 2)
    assert sorted(name for lot in lots for name in lot) == list("abcde")
    assert any({"a", "b"} <= set(lot) for lot in lots)
    assert len(lots) == 2


def test_channels_are_as_many_as_the_round_trip_asks_for() -> None:
    assert channels_for(Plan(channels=3), 0.1) == 3
    assert channels_for(Plan(channels=0, line_mbit_s=1000), 0.001) == 1
    assert channels_for(Plan(channels=0, line_mbit_s=1000), 0.04) == 3
    assert channels_for(Plan(channels=0, line_mbit_s=10_000), 1.0) == 8


def test_what_rsync_says_is_read_in_any_pieces() -> None:
    said = (
        b"\r          32768   0%    0.00kB/s    0:00:00  \r@>f+++++++++\n"
        b"\r      500000000  25%  100.00MB/s    0:00:15 (xfr#1, ir-chk=1000/1002)"
        b"\r     1000000000  50%  100.00MB/s    0:00:10 (xfr#2, to-chk=1/5)\r@cd+++++++++\n"
        b"\nNumber of files: 5 (reg: 4, dir: 1)\nNumber of regular files transferred: 2\n"
        b"Literal data: 999 bytes\nTotal bytes received: 1,234\n"
    )
    heard = Heard(keep=1)
    for byte in said:
        heard.out(bytes([byte]))
    assert (heard.done, heard.total, heard.files, heard.changes) == (10**9, 2 * 10**9, 2, 2)
    assert heard.itemized == [">f+++++++++"]
    assert heard.figures == {"entries": 5, "files": 2, "bytes": 999, "received": 1234}


def test_a_file_that_vanished_is_no_error() -> None:
    heard = Heard()
    heard.err(
        b'file has vanished: "/srv/a"\nrsync warning: some files vanished before they could be\n'
        b'rsync: [sender] send_files failed to open "/srv/b": Permission denied (13)\n'
    )
    assert heard.vanished == ["/srv/a"]
    assert [each for each in heard.errors if "Permission denied" in each] == heard.errors


def test_no_password_and_no_wildcard_stands_on_the_command_line() -> None:
    source = Source("fd00::1", user="root", key_file="/k e y", known_hosts="/known hosts")
    argv = command(
        source, Job((Tree("/a b", "/c d"),), ("/x[1]*",), {5: 6}), Tree("/a b", "/c d"), Way(compress=True)
    )
    assert argv[-2:] == ["[fd00::1]:/a b/", "/c d/"]
    assert "--exclude=/x\\[1]*" in argv
    assert "--usermap=5:6" in argv
    shell = argv[argv.index("-e") + 1]
    assert "'/k e y'" in shell
    assert "StrictHostKeyChecking=yes" in shell


def test_a_pattern_without_wildcards_is_taken_as_it_is_by_rsync_too() -> None:
    assert for_rsync("/a\\b") == "/a\\b"
    assert for_rsync("/a\\b*") == "/a\\\\b*"


def test_versions_of_rsync_are_read() -> None:
    assert version_of("rsync  version 3.0.6  protocol version 30") == (3, 0, 6)
    assert version_of("rsync  version v3.2.7  protocol version 31") == (3, 2, 7)
    assert version_of("sh: rsync: not found") is None


def test_an_unfinished_file_is_kept_where_rsync_looks_and_what_is_older_stays(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path)
    for name, mode in (
        (b".big.iso.aB3xY9", 0o600),
        (b".hidden.config", 0o644),
        (b".line\nfeed.ZZZZZZ", 0o600),
    ):
        with open(root + b"/" + name, "wb") as file:
            file.write(b"12345")
        os.chmod(root + b"/" + name, mode)
    assert salvage([str(tmp_path)], 2**62) == 0
    assert salvage([str(tmp_path)], 0) == 10
    partial = tmp_path / ".anjianyun-partial"
    assert {path.name for path in partial.iterdir()} == {"big.iso", "line\nfeed"}
    assert {path.name for path in tmp_path.iterdir()} == {".anjianyun-partial", ".hidden.config"}
    sweep([str(tmp_path)])
    assert {path.name for path in tmp_path.iterdir()} == {".hidden.config"}


def test_progress_tells_rate_and_time_left_and_is_no_flood(tmp_path: Path) -> None:
    now = 0.0
    told: list[dict[str, Any]] = []
    progress = Progress(tmp_path / "progress", told.append, clock=lambda: now)
    for second in range(21):
        now = float(second)
        figures = {"bytes_done": 100 * second, "bytes_total": 4000, "seconds": now}
        progress.say(figures, line_bytes=50 * second)
    assert len(told) == 5
    last = json.loads((tmp_path / "progress").read_text())
    assert (last["line_bytes_s"], last["seconds_left"]) == (50, 20)


def test_what_a_file_system_holds_bounds_a_tree_only_when_nothing_is_mounted_below() -> None:
    job = Job((Tree("/srv/www", "/srv/www"),))
    assert preflight._has_mounts_below(job, mounts.points_of("/srv\n/srv/www\n/srv/www\\040data\n")) is False
    assert preflight._has_mounts_below(job, mounts.points_of("/srv/www/da\\040ta\n")) is True
    assert preflight._bound(["f1 ext2/ext3 4096 100 40 9 4", "f1 ext2/ext3 4096 100 40 9 4"]) == (245760, 5)
    assert preflight._bound(["f1 btrfs 4096 100 40 9 4"]) is None
    assert preflight._bound(["unknown"]) is None


def test_the_way_back_writes_to_the_source_and_keeps_what_it_overwrites() -> None:
    tree = Tree("/srv/www", "/data/www")
    job = Job((tree,), ("*.tmp",), uids={7: 8}).back()
    argv = command(Source("old"), job, tree, Way(delete=True, kept="/var/kept/1/srv/www"))
    assert argv[-2:] == ["/data/www/", "old:/srv/www/"]
    assert {"--backup", "--backup-dir=/var/kept/1/srv/www", "--delete-after", "--usermap=8:7"} <= set(argv)
    # Nothing of rsync's own stays at a source that is served from again.
    assert not any(word.startswith("--partial") for word in argv)
    with pytest.raises(DatacenterError, match="gid_map cannot be turned round"):
        Job((tree,), gids={1: 3, 2: 3}).back()


def test_the_mounts_of_a_tree_are_the_one_that_holds_it_and_those_below() -> None:
    points = ["/", "/srv", "/srv/www", "/srv/www data", "/srv/www/up/2", "/srv/www/up"]
    assert mounts.of("/srv/www", points) == ["/srv/www", "/srv/www/up", "/srv/www/up/2"]
    assert mounts.of("/srv/other", points) == ["/srv"]
    assert mounts.of("/", ["/", "/srv"]) == ["/", "/srv"]


def test_a_mount_that_was_there_and_is_not_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job((Tree("/srv/a", "/data/a"), Tree("/srv/b", "/data/b")))
    assert mounts.missing(tmp_path, job, ["/"]) == {}
    monkeypatch.setattr(mounts, "here", lambda: ("/", "/data/b", "/data/b/c"))
    mounts.note(tmp_path, job, ["/", "/srv/a"])
    assert mounts.missing(tmp_path, job, ["/", "/srv/a", "/srv/more"]) == {}
    monkeypatch.setattr(mounts, "here", lambda: ("/", "/data/b"))
    assert mounts.missing(tmp_path, job, ["/"]) == {"dest": ["/data/b/c"], "src": ["/srv/a"]}
