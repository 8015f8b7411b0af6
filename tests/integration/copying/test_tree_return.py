# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trees go back to a real sshd's side: all that happened here since, and nothing is lost there."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import awkward
import pytest
from sshd import Sshd
from test_tree_copy import options as copy_options
from test_tree_verify import verified

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.copier import copy_trees
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.returning import (
    ATTRIBUTES,
    return_trees,
)

PROGRAM = (
    "import json, sys\n"
    "from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying import returning\n"
    "returning.return_trees(json.load(sys.stdin), check=False)\n"
)


def options(server: Sshd, place: Path, **more: Any) -> dict[str, Any]:
    """Those of ``dest`` that goes back to ``src``."""
    return {**copy_options(server, place), "keep_in": str(place / "kept"), **more}


def copied(server: Sshd, place: Path, **more: Any) -> None:
    copy_trees({**copy_options(server, place), "delete": True, **more}, check=False)


def returned(server: Sshd, place: Path, **more: Any) -> dict[str, Any]:
    return return_trees(options(server, place, **more), check=False)


def _kept(place: Path) -> dict[str, bytes]:
    """Files that are kept, by their path of the source; of the first run that kept one."""
    found: dict[str, bytes] = {}
    for run in sorted((place / "kept").iterdir()):
        top = run / str(place / "src").lstrip("/")
        for path in top.rglob("*"):
            if path.is_file() and not path.is_symlink():
                found.setdefault(str(path.relative_to(top)), path.read_bytes())
    return found


def _live(dest: Path) -> None:
    """What an application does at the new server."""
    made = dest / "上传" / "整改报告 2026年.pdf"
    made.write_bytes(b"%PDF" * 5000)
    os.link(made, dest / "links" / "整改报告")
    os.chown(made, 1234, 2345)
    os.setxattr(made, "user.origin", b"terminal 9")
    subprocess.run(["setfacl", "-m", "u:1234:rw", str(made)], check=True)
    (dest / "one").write_bytes(b"altered")
    with (dest / "large").open("r+b") as file:
        file.write(b"begins otherwise")
    (dest / "passwd-tool").chmod(0o700)
    (dest / "two").rename(dest / "上传" / "第二")
    (dest / awkward.NEWLINE).unlink()
    (dest / "dangling").unlink()
    (dest / "dangling").symlink_to("/elsewhere")
    shutil.rmtree(dest / "sticky")
    # A directory where a file was, and the other way round.
    (dest / "empty").unlink()
    (dest / "empty").mkdir()
    (dest / "empty" / "no more").write_text("x")
    shutil.rmtree(dest / "setgid")
    (dest / "setgid").write_text("a file now")


def test_all_that_happened_here_goes_back_and_what_it_takes_the_place_of_is_kept(
    server: Sshd, place: Path, awkward_source: Path
) -> None:
    copied(server, place)
    before = {name: (awkward_source / name).read_bytes() for name in ("one", "two", "large", awkward.NEWLINE)}
    _live(place / "dest")
    left = sorted(os.fsencode(path) for path in awkward_source.rglob("*"))

    would = return_trees(options(server, place), check=True)
    assert would["changed"]
    assert {"path": f"{awkward_source}/上传/第二", "what": "made"} in would["paths"]
    assert {"path": f"{awkward_source}/two", "what": "removed"} in would["paths"]
    assert {"path": f"{awkward_source}/one", "what": "altered"} in would["paths"]
    assert sorted(os.fsencode(path) for path in awkward_source.rglob("*")) == left
    assert not (place / "kept").exists()

    done = returned(server, place)
    assert {key: done[key] for key in would} == would
    assert verified(server, place)["differences"] == []
    assert (awkward_source / "links" / "整改报告").stat().st_nlink == 2
    kept = _kept(place)
    assert {name: kept[name] for name in before} == before
    # Told by the source itself: files, links and others, and not what we wrote beside them.
    assert done["kept"] == str(place / "kept")
    (run,) = (place / "kept").iterdir()
    said = subprocess.run(
        ["find", str(run), "!", "-type", "d", "-printf", "."], capture_output=True, check=True
    )
    assert done["kept_files"] == len(said.stdout) - 1
    assert (place / "kept").stat().st_mode & 0o777 == 0o700
    # What was no file's content stands in the list.
    told = [json.loads(line) for line in (run / ATTRIBUTES).read_text().splitlines()]
    assert {
        "path": f"{awkward_source}/passwd-tool",
        "attribute": "mode",
        "was": "4755",
        "becomes": "0700",
    } in told

    again = returned(server, place)
    assert (again["changed"], again["bytes"], again["kept_files"]) == (False, 0, done["kept_files"])
    # A second way back keeps what it overwrites beside what the first one did.
    (place / "dest" / "one").write_bytes(b"altered once more")
    assert returned(server, place)["kept_files"] == done["kept_files"] + 1
    versions = [path.read_bytes() for path in sorted((place / "kept").rglob("one"))]
    assert versions == [before["one"], b"altered"]


@pytest.mark.slow
def test_a_run_that_is_killed_is_gone_on_with(server: Sshd, place: Path) -> None:
    (place / "src").mkdir()
    for number in range(300):
        (place / "src" / f"old-{number}").write_text(f"old {number}")
    shutil.copytree(place / "src", place / "dest")
    for number in range(300):
        (place / "dest" / f"old-{number}").write_text(f"it is new {number}")
        (place / "dest" / f"新-{number}").write_bytes(bytes([number % 251]) * 100_000)
        if number % 3 == 0:
            (place / "dest" / f"old-{number}").unlink()
    run = subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE)
    if run.stdin is not None:
        run.stdin.write(json.dumps(options(server, place)).encode())
        run.stdin.close()
    try:
        end = time.monotonic() + 60
        while not any((place / "src").glob("新-1*")):
            assert time.monotonic() < end, "nothing goes back"
            time.sleep(0.005)
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
    result = returned(server, place)
    # Not all again.
    assert result["made"] < 300
    assert verified(server, place)["differences"] == []
    assert {name: text for name, text in _kept(place).items() if name.startswith("old-")} == {
        f"old-{number}": f"old {number}".encode() for number in range(300)
    }


def _mount(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "ajyreturn", str(path)], check=True)


@pytest.fixture
def disk(place: Path) -> Iterator[Path]:
    """A disk of its own below ``dest``."""
    _mount(place / "dest" / "disk")
    try:
        yield place / "dest" / "disk"
    finally:
        if os.path.ismount(place / "dest" / "disk"):
            subprocess.run(["umount", str(place / "dest" / "disk")], check=True)


def test_a_disk_that_is_not_mounted_removes_nothing_at_the_source(
    server: Sshd, place: Path, disk: Path
) -> None:
    (place / "src" / "disk").mkdir(parents=True)
    (place / "src" / "disk" / "a").write_text("a")
    (place / "src" / "b").write_text("b")
    copied(server, place)
    (place / "dest" / "c").write_text("c")
    subprocess.run(["umount", str(disk)], check=True)
    for check in (True, False):
        with pytest.raises(Refused, match="disk is not mounted here"):
            return_trees(options(server, place), check)
    _mount(disk)
    (disk / "a").write_text("a")
    os.utime(disk / "a", ns=(0, (place / "src" / "disk" / "a").stat().st_mtime_ns))
    result = returned(server, place)
    assert (result["made"], result["removed"], (place / "src" / "c").read_text()) == (1, 0, "c")


def test_a_tree_that_is_missing_or_empty_here_removes_nothing_at_the_source(
    server: Sshd, place: Path
) -> None:
    (place / "src").mkdir()
    (place / "src" / "a").write_text("a")
    with pytest.raises(Refused, match="is no directory here"):
        returned(server, place)
    (place / "dest").mkdir()
    with pytest.raises(Refused, match="dest is empty here, and has 1 files at the source"):
        returned(server, place)
    assert (place / "src" / "a").read_text() == "a"


def test_a_place_that_would_lie_in_a_tree_or_has_no_room_is_refused(
    server: Sshd, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying import returning

    (place / "src").mkdir()
    (place / "dest").mkdir()
    (place / "dest" / "a").write_text("a")
    for keep in (place / "src" / "kept", place):
        with pytest.raises(DatacenterError, match="within the tree"):
            returned(server, place, keep_in=str(keep))
    monkeypatch.setattr(returning, "_RESERVE", 1 << 60)
    with pytest.raises(Refused, match="bytes are needed at .*src"):
        returned(server, place)
    assert list((place / "src").iterdir()) == []


def test_ids_go_back_to_what_they_were(server: Sshd, place: Path) -> None:
    for side, user, group in (("src", 1234, 2345), ("dest", 5234, 6345)):
        (place / side).mkdir()
        for name in ("a", "b") if side == "dest" else ("a",):
            (place / side / name).write_text(name)
            os.chown(place / side / name, user, group)
        os.utime(place / side / "a", ns=(0, awkward.THEN))
    maps = {"uid_map": {"1234": 5234}, "gid_map": {"2345": 6345}}
    assert returned(server, place, **maps)["path_count"] == 1
    assert ((place / "src" / "b").stat().st_uid, (place / "src" / "b").stat().st_gid) == (1234, 2345)
    subprocess.run(["setfacl", "-m", "u:5234:r", str(place / "dest" / "b")], check=True)
    with pytest.raises(Refused, match="5234 is 1234 at the source"):
        returned(server, place, **maps)
    with pytest.raises(DatacenterError, match="several ids"):
        returned(server, place, uid_map={"1": 7, "2": 7})


def test_a_source_without_rsync_is_refused_by_name(place: Path) -> None:
    root = Path(tempfile.mkdtemp(prefix="ajycopy-", dir="/tmp"))
    (root / "bin").mkdir()
    for name in ("sh", "cat", "cut", "stat", "head", "tar", "python3", "grep"):
        (root / "bin" / name).symlink_to(shutil.which(name) or "")
    server = Sshd(root, path=str(root / "bin"))
    try:
        (place / "src").mkdir()
        (place / "dest").mkdir()
        with pytest.raises(Refused, match="the source has no rsync"):
            returned(server, place)
    finally:
        server.stop()
        shutil.rmtree(root)
