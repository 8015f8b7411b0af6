# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base backups of a real standby by the role's program, and the proof that they can be restored."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pg_pair import Pair

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.backup_proof import (
    prove,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import (
    Cluster,
    processes_in,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

pytestmark = pytest.mark.slow

ROLES = Path(__file__).resolve().parents[3] / "roles"
PROGRAM = ROLES / "postgresql_backup" / "files" / "anjianyun_backup.py"
COUNT = "SELECT count(*) FROM reports"


class Keeper:
    """The role's program, with the configuration that the role would write for a node."""

    def __init__(self, pair: Pair, node: Cluster) -> None:
        self.pair, self.node = pair, node
        self.directory = pair.root / "backups"
        self.directory.mkdir(mode=0o700)
        os.chown(self.directory, pair.uid, pair.gid)
        self.settings: dict[str, Any] = {
            "service": "hidden_danger", "directory": str(self.directory), "bin_directory": str(pair.bin),
            "socket_directory": node.socket_directory, "port": node.port, "keep": 2, "reserve_mib": 64,
            "max_rate_mib_s": 0, "timeout_s": 60,
        }  # fmt: skip
        # Outside of the root, which is the user postgres's alone.
        self.program = pair.root / "anjianyun_backup.py"
        shutil.copyfile(PROGRAM, self.program)

    def command(self, *arguments: str, **settings: Any) -> list[str]:
        config = self.pair.root / "backup.json"
        config.write_text(json.dumps({**self.settings, **settings}), encoding="utf-8")
        return ["/usr/bin/python3", str(self.program), f"--config={config}", *arguments]

    def start(self, *arguments: str, **settings: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments, **settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            user=self.pair.uid, group=self.pair.gid, extra_groups=[], cwd="/",
        )  # fmt: skip

    def run(self, *arguments: str, **settings: Any) -> tuple[int, str, str]:
        process = self.start(*arguments, **settings)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def take(self, *arguments: str, **settings: Any) -> dict[str, Any]:
        code, out, err = self.run(*arguments, **settings)
        assert code == 0, err
        found: dict[str, Any] = json.loads(out)
        return found

    def names(self) -> list[str]:
        return sorted(path.name for path in self.directory.iterdir())

    def prove(self, **options: Any) -> dict[str, Any]:
        words: dict[str, Any] = {
            "database": "postgres", "query": COUNT, "bin_directory": str(self.pair.bin), "timeout_s": 60,
            "dry_run": False, **options,
        }  # fmt: skip
        return prove(self.directory, **words)


@pytest.fixture
def keeper(pair: Pair) -> Keeper:
    """Of the standby, with five reports in both."""
    pair.write(pair.a, 1, 5)
    pair.b.wait_for(lambda: pair.count(pair.b) == 5, 10, "the standby does not follow")
    return Keeper(pair, pair.b)


def wait(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


def test_a_standbys_backup_is_taken_restored_and_asked(keeper: Keeper, pair: Pair) -> None:
    taken = keeper.take()
    assert (taken["taken"], taken["source"]) == (True, "standby")
    pair.write(pair.a, 6, 7)
    living = [pair.a.postmaster(), pair.b.postmaster()]

    proof = keeper.prove()

    assert (proof["proved"], proof["answer"], proof["tables"]) == (True, "5", 1)
    assert proof["name"] == taken["name"]
    assert 0 <= proof["age_s"] < 600
    assert proof["changed"] is False
    assert keeper.names() == [taken["name"]], "the copy is gone"
    assert [pair.a.postmaster(), pair.b.postmaster()] == living
    assert pair.count(pair.a) == 7


def test_the_copy_never_follows_the_living_cluster_nor_takes_its_archive(keeper: Keeper, pair: Pair) -> None:
    """ALTER SYSTEM comes with the backup, and would have the copy follow and archive."""
    seen = pair.root / "archived"
    for node in (pair.a, pair.b):
        node.psql(f"ALTER SYSTEM SET archive_command = 'touch {seen}';")
        node.psql(f"ALTER SYSTEM SET archive_cleanup_command = 'touch {seen}';")
        node.psql(f"ALTER SYSTEM SET restore_command = 'touch {seen}; false';")
        node.psql(f"ALTER SYSTEM SET primary_conninfo = 'host={pair.a.socket_directory} port={pair.a.port} "
                  "user=dc_replication application_name=intruder';")  # fmt: skip
    keeper.take()
    before = pair.a.psql("SELECT count(*) FROM pg_stat_replication;")

    proof = keeper.prove(
        query="SELECT string_agg(name || '=' || setting, ',' ORDER BY name) FROM pg_settings "
        "WHERE name IN ('primary_conninfo', 'archive_mode', 'listen_addresses')"
    )

    assert proof["answer"] == "archive_mode=off,listen_addresses=,primary_conninfo="
    assert not seen.exists()
    assert pair.a.psql("SELECT count(*) FROM pg_stat_replication;") == before
    assert "intruder" not in pair.a.log_file.read_text(encoding="utf-8")


def test_a_young_one_is_enough_and_the_oldest_goes(keeper: Keeper) -> None:
    first = keeper.take()
    assert keeper.take("--younger-s=600")["taken"] is False
    assert keeper.take("--dry-run")["taken"] is True
    assert keeper.names() == [first["name"]]
    wait(lambda: time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()) > first["name"], "the clock stands")
    second = keeper.take()
    wait(lambda: time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()) > second["name"], "the clock stands")
    third = keeper.take()
    assert third["removed"] == [first["name"]]
    assert keeper.names() == [second["name"], third["name"]]


def test_a_flipped_byte_is_refused_and_named(keeper: Keeper) -> None:
    taken = keeper.take()
    victim = keeper.directory / taken["name"] / "data" / "global" / "pg_filenode.map"
    content = bytearray(victim.read_bytes())
    content[100] ^= 1
    victim.write_bytes(content)
    with pytest.raises(DatacenterError, match="corrupted.*pg_filenode.map") as refused:
        keeper.prove()
    assert refused.value.result["proved"] is False
    assert keeper.names() == [taken["name"]]


def test_a_flipped_byte_in_its_log_is_refused(keeper: Keeper) -> None:
    """The manifest does not hold the log; the records of it do."""
    taken = keeper.take()
    data = keeper.directory / taken["name"] / "data"
    span = json.loads((data / "backup_manifest").read_text(encoding="utf-8"))["WAL-Ranges"][0]
    offset = int(span["Start-LSN"].split("/")[1], 16) % (4 << 20)
    log = min(path for path in (data / "pg_wal").iterdir() if len(path.name) == 24)
    content = bytearray(log.read_bytes())
    content[offset + 30] ^= 1
    log.write_bytes(content)
    with pytest.raises(DatacenterError, match="corrupted"):
        keeper.prove()


def test_an_incomplete_one_is_passed_over_and_alone_is_none(keeper: Keeper) -> None:
    with pytest.raises(DatacenterError, match="no complete backup: there is none"):
        keeper.prove()
    taken = keeper.take()
    later = keeper.directory / "29991231T000000Z"
    shutil.copytree(keeper.directory / taken["name"], later)
    (later / "backup.json").unlink()
    proof = keeper.prove()
    assert (proof["name"], proof["incomplete"]) == (taken["name"], [later.name])
    shutil.rmtree(keeper.directory / taken["name"])
    with pytest.raises(DatacenterError, match=f"only incomplete ones: {later.name}"):
        keeper.prove()


def test_an_old_one_is_proved_and_its_age_told(keeper: Keeper) -> None:
    taken = keeper.take()
    said = keeper.directory / taken["name"] / "backup.json"
    words = json.loads(said.read_text(encoding="utf-8"))
    said.write_text(json.dumps({**words, "started_at": words["started_at"] - 3 * 86400}), encoding="utf-8")
    proof = keeper.prove()
    assert proof["proved"] is True
    assert 3 * 86400 <= proof["age_s"] < 3 * 86400 + 600
    assert keeper.take("--younger-s=86400", "--dry-run")["taken"] is True


def test_check_mode_starts_nothing_and_proves_nothing(keeper: Keeper) -> None:
    keeper.take()
    proof = keeper.prove(dry_run=True)
    assert (proof["proved"], proof["answer"]) == (None, None)


def test_a_query_cannot_write_and_a_database_must_be_there(keeper: Keeper) -> None:
    keeper.take()
    with pytest.raises(DatacenterError, match="does not answer the query.*during recovery"):
        keeper.prove(query="SET default_transaction_read_only = off; BEGIN READ WRITE; DELETE FROM reports")
    with pytest.raises(DatacenterError, match="the database it's"):
        keeper.prove(database="it's")


@contextlib.contextmanager
def small_disk(keeper: Keeper, mib: int) -> Iterator[None]:
    """A file system of that size under the backups."""
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=0700,uid={keeper.pair.uid}", "ajy-backup",
         str(keeper.directory)], check=True,
    )  # fmt: skip
    try:
        yield
    finally:
        subprocess.run(["umount", str(keeper.directory)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
def test_without_room_nothing_is_begun_and_the_sizes_are_told(keeper: Keeper) -> None:
    with small_disk(keeper, 200):
        code, _out, err = keeper.run(reserve_mib=180)
        assert code == 1
        assert "MiB are needed and 180 MiB stay free for the database, 200 MiB are free" in err
        taken = keeper.take()
        with pytest.raises(DatacenterError, match="no room for a copy.*256 MiB stay free.*MiB are free"):
            keeper.prove()
        assert keeper.names() == [taken["name"]]


def test_a_standby_that_does_not_follow_is_not_backed_up(keeper: Keeper, pair: Pair) -> None:
    pair.a.stop_fast(20)
    wait(lambda: pair.b.psql("SELECT count(*) FROM pg_stat_wal_receiver;") == "0", "still streams")
    code, _out, err = keeper.run()
    assert code == 1
    assert "does not stream from its primary" in err
    assert keeper.names() == []


def test_what_a_killed_backup_leaves_the_next_one_cleans(keeper: Keeper) -> None:
    first = keeper.take()
    wait(lambda: time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()) > first["name"], "the clock stands")
    process = keeper.start(max_rate_mib_s=4)
    wait(lambda: list(keeper.directory.glob(".*.partial/data/base")), "nothing is copied")
    process.kill()
    process.communicate()
    assert keeper.prove(timeout_s=120)["name"] == first["name"]
    again = keeper.take()
    assert [name.endswith(".partial") for name in again["cleaned"]] == [True]
    assert keeper.names() == [first["name"], again["name"]]


PROVE = """
import sys
from pathlib import Path
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql import (
    backup_proof,
)
backup_proof.prove(Path(sys.argv[1]), database="postgres", query="SELECT pg_sleep(60)",
                   bin_directory=sys.argv[2], timeout_s=60, dry_run=False)
"""


@pytest.mark.parametrize("moment", ["copy", "server"])
def test_what_a_killed_proof_leaves_the_next_one_ends(keeper: Keeper, moment: str) -> None:
    taken = keeper.take()
    data = keeper.directory / ".proof" / "data"
    process = subprocess.Popen([sys.executable, "-c", PROVE, str(keeper.directory), str(keeper.pair.bin)])
    if moment == "copy":
        wait((data / "base").exists, "nothing is copied")
    else:
        wait((data.parent / ".s.PGSQL.5432").exists, "nothing is started")
        os.kill(process.pid, signal.SIGSTOP)
    process.kill()
    process.wait()
    left = processes_in(data)
    assert bool(left) is (moment == "server")
    living = keeper.node.postmaster()

    assert keeper.prove()["proved"] is True

    assert not [pid for pid in left if Path(f"/proc/{pid}/exe").exists()]
    assert keeper.names() == [taken["name"]]
    assert keeper.node.postmaster() == living


def test_a_lock_file_that_names_the_living_server_does_not_end_it(keeper: Keeper, pair: Pair) -> None:
    """After a power cut the number in the copy's lock file may be anybody's."""
    keeper.take()
    left = keeper.directory / ".proof" / "data"
    left.mkdir(parents=True)
    (left / "postmaster.pid").write_text(f"{pair.b.postmaster()}\n", encoding="utf-8")
    living = pair.b.postmaster()
    assert keeper.prove()["proved"] is True
    assert pair.b.postmaster() == living
