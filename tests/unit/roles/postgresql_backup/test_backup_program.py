# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the program keeps and removes."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parents[4] / "roles" / "postgresql_backup" / "files" / "anjianyun_backup.py"
spec = importlib.util.spec_from_file_location("anjianyun_backup", FILE)
assert spec is not None
assert spec.loader is not None
program = importlib.util.module_from_spec(spec)
sys.modules["anjianyun_backup"] = program
spec.loader.exec_module(program)

SOURCE = {"in_recovery": True, "receiver": "streaming", "bytes": 1 << 20, "segment_bytes": 4 << 20,
          "system_identifier": "7", "tablespaces": []}  # fmt: skip


def config(directory: Path, **changes: Any) -> Any:
    words = {
        "service": "s", "directory": str(directory), "bin_directory": "/nowhere", "port": 5432,
        "socket_directory": "/nowhere", "keep": 2, "reserve_mib": 0, "max_rate_mib_s": 0, "timeout_s": 0.2,
        **changes,
    }  # fmt: skip
    path = directory / "config"
    path.write_text(json.dumps(words), encoding="utf-8")
    return program.Config.read(path)


def made(directory: Path, name: str, complete: bool = True, started_at: float = 0.0) -> None:
    (directory / name / "data").mkdir(parents=True)
    (directory / name / "data" / "backup_manifest").touch()
    if complete:
        said = json.dumps({"started_at": started_at})
        (directory / name / "backup.json").write_text(said, encoding="utf-8")


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir() if path.is_dir())


def test_the_newest_complete_ones_stay_and_what_is_not_its_own(tmp_path: Path) -> None:
    for day in "12345":
        made(tmp_path, f"2026120{day}T020000Z", complete=day not in "45")
    made(tmp_path, "kept-by-hand")
    assert program.prune(config(tmp_path)) == ["20261201T020000Z"]
    assert names(tmp_path) == [*(f"2026120{day}T020000Z" for day in "2345"), "kept-by-hand"]


def test_only_leftovers_are_swept(tmp_path: Path) -> None:
    day = "20261201T020000Z"
    for name in (f".{day}.partial", f".{day}.removed", ".proof", ".git", day):
        made(tmp_path, name)
    program.sweep(config(tmp_path))
    assert names(tmp_path) == [".git", ".proof", "20261201T020000Z"]


def test_the_last_one_is_never_deleted(tmp_path: Path) -> None:
    with pytest.raises(program.BackupError, match="the last good backup is never deleted"):
        config(tmp_path, keep=0)


@pytest.mark.parametrize(
    ("age_s", "taken"), [(10, False), (99, False), (101, True), (-5, False), (-3600, True)]
)
def test_young_enough_by_a_clock_that_may_be_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age_s: int, taken: bool
) -> None:
    made(tmp_path, "20261201T020000Z", started_at=program.time.time() - age_s)
    monkeypatch.setattr(program, "ask", lambda *_: SOURCE)
    assert program.take(config(tmp_path), 100, dry_run=True)["taken"] is taken


def test_a_failed_copy_leaves_the_former_ones_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in "123":
        made(tmp_path, f"2026120{day}T020000Z")
    monkeypatch.setattr(program, "ask", lambda *_: SOURCE)
    with pytest.raises(program.BackupError, match="pg_basebackup"):
        program.take(config(tmp_path), 0, dry_run=False)
    assert names(tmp_path) == [f"2026120{day}T020000Z" for day in "123"]


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"receiver": None}, "does not stream"),
        ({"tablespaces": ["fast"]}, "tablespaces lie outside of the data directory \\(fast\\)"),
    ],
)
def test_what_would_make_a_backup_that_lies_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], cause: str
) -> None:
    monkeypatch.setattr(program, "run", lambda *_, **__: json.dumps({**SOURCE, **changes}))
    with pytest.raises(program.BackupError, match=cause):
        program.ask(config(tmp_path), 0)


def test_no_room_names_the_sizes(tmp_path: Path) -> None:
    with pytest.raises(program.BackupError, match=r"1258291 MiB are needed and 5 MiB stay .*, \d+ MiB"):
        program.require_room(config(tmp_path, reserve_mib=5), {**SOURCE, "bytes": 1 << 40})
