# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server's load: how much memory is its own to take, and what is removed after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server import burn_in

MIB = 1 << 20


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(burn_in, "_MEMORY_V2", str(tmp_path / "v2"))
    monkeypatch.setattr(burn_in, "_MEMORY_V1", str(tmp_path / "v1"))
    monkeypatch.setattr(burn_in, "_meminfo", lambda _name: 1000 * MIB)
    return tmp_path


def put(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text + "\n")


def test_without_limits_it_is_the_machines_memory(groups: Path) -> None:
    put(groups / "v2", memory__max="max", memory__current="5")
    put(groups / "v1", memory__limit_in_bytes=str((1 << 63) - 4096), memory__usage_in_bytes="5")

    assert burn_in.memory_free() == 1000 * MIB


@pytest.mark.parametrize("part", ["", "system.slice"])
def test_a_limit_counts_and_cached_files_can_be_had(groups: Path, part: str) -> None:
    put(groups / "v2" / part, memory__max=str(512 * MIB), memory__current=str(500 * MIB),
        memory__stat=f"anon 1\ninactive_file {100 * MIB}")  # fmt: skip

    assert burn_in.memory_free() == 112 * MIB


def test_a_limit_of_the_old_kind_counts_too_and_less_than_nothing_is_nothing(groups: Path) -> None:
    put(groups / "v1", memory__limit_in_bytes=str(512 * MIB), memory__usage_in_bytes=str(600 * MIB))

    assert burn_in.memory_free() == 0


def test_a_link_in_place_of_the_folder_is_removed_and_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    put(precious, file="text")
    (tmp_path / "disk").mkdir()
    places = burn_in.Places(str(tmp_path / "disk"), str(tmp_path / "results"))
    places.folder.symlink_to(precious)

    places.clear()

    assert places.left() == []
    assert (precious / "file").exists()


@pytest.mark.parametrize(
    "path", ["relative", "/var/tmp; rm -rf /", "/var/tmp/../..", "/a b", "/a'b", "/$x", "/a%b"]
)
def test_a_path_that_a_shell_would_read_otherwise_is_refused(path: str) -> None:
    with pytest.raises(DatacenterError, match="no place"):
        burn_in.Places(path, "/run/x")


def test_what_stress_ng_calls_failures_is_told_without_its_chatter(tmp_path: Path) -> None:
    put(tmp_path / "results", ended="exit-code exited 2", began='{"at": 0, "seconds": 5}',
        log="stress-ng: info:  [7] dispatching hogs\nstress-ng: fail:  [8] vm: a bit error")  # fmt: skip

    said = burn_in.what_it_said(tmp_path / "results")

    assert said is not None
    assert said["failures"] == ["vm: a bit error"]
    assert (said["result"], said["status"], said["asked_s"], said["metrics"]) == ("exit-code", "2", 5, None)


@pytest.mark.parametrize(
    ("line", "skipped"),
    [
        ("info:  [7] vm stressor will be skipped, not enough memory", 1),
        ("info:  [7] vm: cannot mmap 10 bytes, skipping stressor", 1),
        ("warn:  [7] hdd: no place, skipping test", 1),
        ("info:  [7] skipped: 1: vm (1)", 1),
        ("info:  [7] skipped: 0", 0),
        ("info:  [7] successful run completed in 2.01s", 0),
    ],
)
def test_a_stressor_that_was_left_out_is_told(tmp_path: Path, line: str, skipped: int) -> None:
    (tmp_path / "log").write_text(f"stress-ng: {line}\n")

    said = burn_in.what_it_said(tmp_path)

    assert said is not None
    assert len(said["skipped"]) == skipped
    assert said["failures"] == []
