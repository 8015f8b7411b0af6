# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that outlive a power cut; that they do is shown on a twin (tests/integration/twin)."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils import durable
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What is pushed out, in its order, by the names that the files have at that moment."""
    found: list[Path] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        found.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return found


def test_the_text_is_out_before_the_name_and_the_name_before_the_return(
    tmp_path: Path, synced: list[Path]
) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    durable.replace(file, b"new", 0o640)
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("new", 0o640)
    assert synced[0].name.startswith(".file.")
    assert synced[1:] == [tmp_path]
    assert os.listdir(tmp_path) == ["file"]


def test_a_file_that_cannot_be_replaced_is_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        durable.replace(file, b"new", 0o600)
    assert (file.read_text(), os.listdir(tmp_path)) == ("old", ["file"])


def test_what_is_created_takes_the_place_of_nothing(tmp_path: Path, synced: list[Path]) -> None:
    file = tmp_path / "file"
    assert durable.create(file, b"new", 0o640)
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("new", 0o640)
    assert synced[1:] == [tmp_path]

    file.write_text("filled in by people")
    assert not durable.create(file, b"new", 0o640)
    assert (file.read_text(), os.listdir(tmp_path)) == ("filled in by people", ["file"])


def test_directories_that_are_made_are_out_each_in_the_one_above_it(
    tmp_path: Path, synced: list[Path]
) -> None:
    durable.make_directory(tmp_path / "a" / "b", 0o700)
    assert synced == [tmp_path, tmp_path / "a"]
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    durable.make_directory(tmp_path / "a" / "b")
    assert len(synced) == 2


@pytest.fixture
def copy(tmp_path: Path) -> Callable[..., bool]:
    """Keep a copy; whether it was changed."""

    def keep(text: bytes, dry_run: bool = False) -> bool:
        content = base64.b64encode(text).decode()
        kept = durable.keep_copy(tmp_path / "runs/one/journal.jsonl", content, dry_run)
        assert kept["bytes"] == len(text)
        return bool(kept["changed"])

    return keep


def test_a_copy_is_written_once_and_not_at_all_in_check_mode(
    copy: Callable[..., bool], tmp_path: Path
) -> None:
    file = tmp_path / "runs/one/journal.jsonl"
    assert copy(b"{}\n", dry_run=True)
    assert not file.parent.exists()
    assert copy(b"{}\n")
    assert not copy(b"{}\n")
    assert copy(b"{}\n{}\n")
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"{}\n{}\n", 0o600)


def test_a_copy_that_cannot_be_kept_says_where_and_why(copy: Callable[..., bool], tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("no directory")
    with pytest.raises(DatacenterError, match="the copy is not kept") as refused:
        copy(b"")
    assert str(tmp_path / "runs") in str(refused.value)
    with pytest.raises(DatacenterError, match="in base64"):
        durable.keep_copy(tmp_path / "file", "{no}", False)
