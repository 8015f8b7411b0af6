# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies from a real sshd: faithful, resumed after a kill, slowed down and sped up while they run."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sshd import Sshd
from test_tree_verify import verified

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying import preflight
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.copier import copy_trees

pytestmark = pytest.mark.slow

MEBI = 1024 * 1024
OPTIONS: dict[str, Any] = {
    "source_become": False, "connect_timeout": 10, "exclude": [], "uid_map": {}, "gid_map": {},
    "one_file_system": False, "mode": "once", "small_seconds": 5, "small_bytes": MEBI, "max_rounds": 10,
    "delete": False, "compress": "no", "channels": 1, "line_mbit_s": 0, "limit_mbit_s": 0, "limit_hours": [],
    "limits_file": None, "progress_file": None, "retries": 5,
}  # fmt: skip


def options(server: Sshd, place: Path, **more: Any) -> dict[str, Any]:
    """Those of a copy of ``src`` to ``dest``."""
    trees = [{"src": str(place / "src"), "dest": str(place / "dest")}]
    state = str(place / "state")
    return {**OPTIONS, **server.options(), "trees": trees, "state_directory": state, **more}


def copied(server: Sshd, place: Path, **more: Any) -> dict[str, Any]:
    """What such a copy says."""
    return copy_trees(options(server, place, **more), check=False)


def _large(place: Path, mebibytes: int) -> Path:
    (place / "src").mkdir(exist_ok=True)
    path = place / "src" / "large"
    path.write_bytes(random.Random(7).randbytes(mebibytes * MEBI))
    return path


def _wait(condition: Callable[[], object], what: str, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)


def _unfinished(place: Path) -> int:
    return sum(path.stat().st_size for path in (place / "dest").glob(".large.*"))


@pytest.mark.parametrize("channels", [1, 3])
def test_every_awkward_thing_arrives_and_a_second_copy_has_nothing_to_do(
    server: Sshd, place: Path, awkward_source: Path, channels: int
) -> None:
    first = copied(server, place, channels=channels)
    assert first["changed"]
    assert first["channels"] == channels
    assert verified(server, place)["differences"] == []
    again = copied(server, place)
    assert (again["changed"], again["bytes"], again["files"]) == (False, 0, 0)


def test_a_check_says_what_would_be_copied_and_copies_nothing(
    server: Sshd, place: Path, awkward_source: Path
) -> None:
    (place / "dest").mkdir()
    would = copy_trees(options(server, place), check=True)
    assert would["changed"]
    assert any(line.endswith(" links/b") or " links/b => " in line for line in would["would"])
    assert list((place / "dest").iterdir()) == []
    copied(server, place)
    assert copy_trees(options(server, place), check=True)["would_count"] == 0


def test_ids_are_mapped_by_the_copy_as_by_its_proof(server: Sshd, place: Path, awkward_source: Path) -> None:
    maps = {"uid_map": {"1234": 5234}, "gid_map": {"2345": 6345}}
    copied(server, place, **maps)
    assert (place / "dest" / "one").stat().st_uid == 5234
    assert verified(server, place, **maps)["differences"] == []


def test_what_is_left_out_is_neither_copied_nor_deleted(
    server: Sshd, place: Path, awkward_source: Path
) -> None:
    kept, gone = place / "dest" / "a[1].tmp", place / "dest" / "old"
    kept.parent.mkdir()
    for path in (kept, gone, awkward_source / "b.tmp"):
        path.write_text("x")
    result = copied(server, place, exclude=["*.tmp", "/links/a"], delete=True)
    assert result["deleted"] == 1
    assert kept.exists()
    assert not gone.exists()
    assert not (place / "dest" / "b.tmp").exists()
    assert verified(server, place, exclude=["*.tmp", "/links/a"])["differences"] == []


@pytest.mark.parametrize("victim", ["rsync", "ssh"])
def test_a_killed_process_costs_no_byte_that_is_here(server: Sshd, place: Path, victim: str) -> None:
    size = _large(place, 24).stat().st_size

    def kill() -> None:
        _wait(lambda: _unfinished(place) > size // 3, "a third of the file")
        mine = subprocess.run(
            ["pgrep", "-f", f"^{victim} .*{place}/dest/" if victim == "rsync" else f"^ssh .*{place}/state"],
            capture_output=True, text=True, check=True,
        ).stdout.split()  # fmt: skip
        for number in mine:
            os.kill(int(number), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    result = copied(server, place, limit_mbit_s=80)
    killer.join()
    assert result["rounds"][0]["resumed"] == 1
    assert (place / "dest/large").read_bytes() == (place / "src/large").read_bytes()
    # Counted by the connections themselves; without the resume it is a third more at least.
    assert result["line_bytes"] < size * 1.2
    assert sorted(path.name for path in (place / "dest").iterdir()) == ["large"]


def test_a_killed_run_is_gone_on_with_by_the_next(server: Sshd, place: Path) -> None:
    size = _large(place, 24).stat().st_size
    program = (
        "import json, sys\n"
        "from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying import copier\n"
        "copier.copy_trees(json.load(sys.stdin), check=False)\n"
    )
    run = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE)
    if run.stdin is not None:
        run.stdin.write(json.dumps(options(server, place, limit_mbit_s=80)).encode())
        run.stdin.close()
    _wait(lambda: _unfinished(place) > size // 2, "half of the file")
    run.kill()
    run.wait()
    result = copied(server, place)
    assert result["line_bytes"] < size * 0.7
    assert (place / "dest/large").read_bytes() == (place / "src/large").read_bytes()
    assert sorted(path.name for path in (place / "dest").iterdir()) == ["large"]


def test_two_runs_of_one_copy_do_not_meet(server: Sshd, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying import session

    monkeypatch.setattr(session, "PATIENCE", 0.2)
    _large(place, 4)
    first = threading.Thread(target=lambda: copied(server, place, limit_mbit_s=16))
    first.start()
    _wait(lambda: _unfinished(place), "the first run's file")
    with pytest.raises(Refused, match="being copied already"):
        copied(server, place)
    first.join()


def test_the_limit_holds_and_changes_while_it_runs(server: Sshd, place: Path) -> None:
    _large(place, 24)
    limits, progress = place / "limits.json", place / "progress.json"
    limits.write_text("16")
    reports: list[tuple[float, int]] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.2):
            came = sum(int(path.read_text().split()[0]) for path in place.glob("state/*/wire-*"))
            reports.append((time.monotonic(), came))
            if came > 6 * MEBI and limits.exists():
                # The options of the copy hold again, and they know no limit.
                limits.unlink()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        result = copied(server, place, limits_file=str(limits), progress_file=str(progress))
        finished = time.monotonic()
    finally:
        done.set()
        watcher.join()
    slow = [(at, came) for at, came in reports if MEBI < came < 6 * MEBI]
    rate = (slow[-1][1] - slow[0][1]) / (slow[-1][0] - slow[0][0])
    # 16 Mbit/s are 2 MB/s, and some buffers fill at first.
    assert rate < 2_300_000
    # From then on it is over in a moment; held to the end it would go on at the same rate.
    assert (result["line_bytes"] - slow[-1][1]) / (finished - slow[-1][0]) > 1.5 * rate
    assert result["bytes"] == 24 * MEBI
    last = json.loads(progress.read_text())
    assert last["bytes_done"] is not None
    assert last["line_bytes"] > 24 * MEBI
    assert last["limit_bytes_s"] == 0


def test_a_file_of_limits_that_says_nonsense_is_told_and_not_followed(server: Sshd, place: Path) -> None:
    _large(place, 1)
    (place / "limits.json").write_text("a lot")
    result = copied(server, place, limits_file=str(place / "limits.json"))
    assert [note for note in result["notes"] if "limits.json" in note]


def test_a_file_that_vanishes_is_told_and_the_rest_arrives(server: Sshd, place: Path) -> None:
    _large(place, 2)
    for number in range(40):
        (place / "src" / f"z{number:02d}").write_bytes(b"x" * 100_000)

    def vanish() -> None:
        _wait(lambda: _unfinished(place), "the first file")
        (place / "src" / "z39").unlink()

    vanisher = threading.Thread(target=vanish)
    vanisher.start()
    result = copied(server, place, limit_mbit_s=16)
    vanisher.join()
    assert len(result["vanished"]) == 1
    assert result["vanished"][0].endswith("z39")
    assert (place / "dest" / "z38").exists()
    assert result["notes"] == ["1 files vanished at the source while they were copied"]


def test_rounds_go_on_until_the_delta_is_small(server: Sshd, place: Path) -> None:
    _large(place, 6)
    grown = place / "src" / "grown"

    def grow() -> None:
        _wait(lambda: _unfinished(place), "the first round")
        grown.write_bytes(random.Random(8).randbytes(2 * MEBI))

    writer = threading.Thread(target=grow)
    writer.start()
    result = copied(server, place, mode="until_small", small_seconds=0.2, small_bytes=MEBI, limit_mbit_s=24)
    writer.join()
    assert result["small"] is True
    assert len(result["rounds"]) >= 2
    assert (place / "dest" / "grown").read_bytes() == grown.read_bytes()


def test_without_room_nothing_is_copied(server: Sshd, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _large(place, 1)
    # A full file system would need a mount; what this one says is free is the only fake.
    monkeypatch.setattr(preflight, "_free", lambda _path: (preflight.RESERVE + 1000, 10_000))
    with pytest.raises(Refused, match="have no room here.*nothing has been copied"):
        copied(server, place)
    assert not (place / "dest").exists()


def test_a_tree_that_is_not_there_is_named(server: Sshd, place: Path) -> None:
    with pytest.raises(DatacenterError, match=f"{place}/src is no directory there"):
        copied(server, place)


@pytest.fixture
def without_rsync() -> Iterator[Sshd]:
    """A source whose sessions find everything but rsync."""
    root = Path(tempfile.mkdtemp(prefix="ajycopy-", dir="/tmp"))
    tools = root / "bin"
    tools.mkdir()
    for name in ("sh", "tar", "stat", "cut", "head", "python3", "env"):
        found = "/usr/bin/python3" if name == "python3" else shutil.which(name)
        (tools / name).symlink_to(str(found))
    sshd = Sshd(root, path=str(tools))
    try:
        yield sshd
    finally:
        sshd.stop()
        shutil.rmtree(root)


def test_a_source_without_rsync_gives_the_same_by_tar(
    without_rsync: Sshd, place: Path, awkward_source: Path
) -> None:
    (place / "dest" / "one").mkdir(parents=True)
    (place / "dest" / "extra").touch()
    first = copied(without_rsync, place, delete=True)
    assert first["method"] == "tar"
    assert verified(without_rsync, place)["differences"] == []
    again = copied(without_rsync, place, delete=True)
    assert (again["changed"], again["files"]) == (False, 0)
    # One link group, and one file, are what a change of one of each costs.
    (awkward_source / "links" / "b").write_text("another text\n")
    (awkward_source / "empty").write_text("no longer\n")
    assert copied(without_rsync, place)["files"] == 4
    assert verified(without_rsync, place)["differences"] == []


def test_the_modules_bring_and_prove_as_ansible_packs_them(
    server: Sshd, place: Path, awkward_source: Path
) -> None:
    # Packed, the two programs that are sent and started come out of an archive.
    trees = {"trees": [{"src": str(awkward_source), "dest": str(place / "dest")}]}
    more: dict[str, dict[str, Any]] = {
        "tree_copy": {"state_directory": str(place / "state")}, "tree_verify": {"fail_on_difference": True},
    }  # fmt: skip
    for name, options_of in more.items():
        arguments = json.dumps({**server.options(), **trees, **options_of})
        ansible = [
            str(Path(sys.executable).parent / "ansible"),
            "localhost",
            "-i",
            "localhost,",
            "-c",
            "local",
        ]
        done = subprocess.run(
            [*ansible, "-c", "local", "-m", f"anjianyun.datacenter.{name}", "-a", arguments],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    assert '"identical": true' in done.stdout
