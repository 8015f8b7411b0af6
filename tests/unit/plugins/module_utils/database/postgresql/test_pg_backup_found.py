# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which backup counts, and what is never copied or ended."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.backup import (
    directory_lock,
    log_positions,
    newest_backup,
    programs_for,
    require_files_only,
    require_room,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.backup_proof import (
    at_least,
    sweep,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused


def made(directory: Path, name: str, started_at: float = 1000.0) -> Path:
    data = directory / name / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("15\n", encoding="utf-8")
    (data / "backup_manifest").write_text("{}", encoding="utf-8")
    said = {"started_at": started_at, "source": "standby"}
    (directory / name / "backup.json").write_text(json.dumps(said), encoding="utf-8")
    return directory / name


def test_the_newest_complete_one_counts(tmp_path: Path) -> None:
    made(tmp_path, "20261130T020000Z")
    made(tmp_path, "20261201T020000Z", started_at=5000.0)
    for name in (".20261203T020000Z.partial", "20261205T020000Z.old", "notes"):
        made(tmp_path, name)
    backup, incomplete = newest_backup(tmp_path)
    assert (backup.name, backup.version, backup.source) == ("20261201T020000Z", "15", "standby")
    assert incomplete == []
    assert backup.age_s(now=5060.0) == 60.0


@pytest.mark.parametrize("missing", ["backup.json", "data/PG_VERSION", "data/backup_manifest"])
def test_one_that_lacks_a_part_is_passed_over_and_named(tmp_path: Path, missing: str) -> None:
    made(tmp_path, "20261130T020000Z")
    (made(tmp_path, "20261201T020000Z") / missing).unlink()
    backup, incomplete = newest_backup(tmp_path)
    assert (backup.name, incomplete) == ("20261130T020000Z", ["20261201T020000Z"])


@pytest.mark.parametrize("text", ["", "[]", '{"started_at": null}', "{}"])
def test_one_whose_record_says_nothing_is_passed_over(tmp_path: Path, text: str) -> None:
    (made(tmp_path, "20261201T020000Z") / "backup.json").write_text(text, encoding="utf-8")
    with pytest.raises(DatacenterError, match="only incomplete ones: 20261201T020000Z"):
        newest_backup(tmp_path)


def test_each_complete_one_tells_where_the_log_was(tmp_path: Path) -> None:
    for name, label in (
        ("20261130T020000Z", "START WAL LOCATION: 1A/2000028 (file 000000010000001A00000008)\nLABEL: x\n"),
        ("20261201T020000Z", "CHECKPOINT LOCATION: 1A/3000060\n"),
        ("20261202T020000Z", None),
    ):
        path = made(tmp_path, name)
        if label:
            (path / "data" / "backup_label").write_text(label, encoding="utf-8")
    (made(tmp_path, "20261203T020000Z") / "backup.json").unlink()

    found = [(one["name"][6:8], one["started_at"], one["lsn"]) for one in log_positions(tmp_path)]
    assert found == [("02", 1000.0, None), ("01", 1000.0, None), ("30", 1000.0, "1A/2000028")]


def test_a_missing_directory_is_no_backup(tmp_path: Path) -> None:
    with (
        pytest.raises(DatacenterError, match="no complete backup.*postgresql_backup"),
        directory_lock(tmp_path / "nothing", 0),
    ):
        pass


def test_one_at_a_time(tmp_path: Path) -> None:
    with (
        directory_lock(tmp_path, 0),
        pytest.raises(Refused, match="another backup or proof is under way"),
        directory_lock(tmp_path, 0),
    ):
        pass


@pytest.mark.parametrize("place", ["pg_tblspc/16400", "pg_wal", "base/1/2"])
def test_a_link_out_of_the_backup_is_refused(tmp_path: Path, place: str) -> None:
    path = made(tmp_path, "20261201T020000Z")
    backup, _incomplete = newest_backup(tmp_path)
    assert require_files_only(backup) == 5
    link = path / "data" / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to("/")
    with pytest.raises(Refused, match=f"{place} leads out of it"):
        require_files_only(backup)


def test_no_room_names_the_sizes(tmp_path: Path) -> None:
    with pytest.raises(DatacenterError, match=r"1048576 MiB are needed and 7 MiB stay .*, \d+ MiB are"):
        require_room(tmp_path, 1 << 40, 7 << 20, "a copy")


def test_programs_of_another_version_are_not_taken(tmp_path: Path) -> None:
    with pytest.raises(DatacenterError, match="PostgreSQL 15 are not here.*no postgres, pg_ctl, "):
        programs_for("15", str(tmp_path))


def test_a_standby_gets_what_the_server_had() -> None:
    text = (
        "wal_level setting:                    replica\nmax_connections setting:              200\n"
        "max_worker_processes setting:         8\nmax_wal_senders setting:              10\n"
        "max_prepared_xacts setting:           0\nmax_locks_per_xact setting:           64\n"
    )
    assert at_least(text) == {
        "max_connections": "200",
        "max_worker_processes": "8",
        "max_wal_senders": "10",
        "max_prepared_transactions": "0",
        "max_locks_per_transaction": "64",
    }


def test_a_number_in_a_lock_file_ends_nobody(tmp_path: Path) -> None:
    data = tmp_path / ".proof" / "data"
    data.mkdir(parents=True)
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n", encoding="utf-8")
    sweep(tmp_path / ".proof")
    assert not data.exists()
