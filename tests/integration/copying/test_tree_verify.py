# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof names each corruption that a copy can have, and nothing else."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import awkward
import pytest
from sshd import Sshd

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Unreachable
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.verify import verify_trees

OPTIONS: dict[str, Any] = {
    "source_become": False, "connect_timeout": 10, "exclude": [], "uid_map": {}, "gid_map": {},
    "one_file_system": False, "digest": "blake2b", "threads": None, "sparse": False, "whole_seconds": False,
    "list_file": None, "shown": 50, "fail_on_difference": False,
}  # fmt: skip


def verified(server: Sshd, place: Path, **more: Any) -> dict[str, Any]:
    """The proof of ``src`` and ``dest``."""
    trees = [{"src": str(place / "src"), "dest": str(place / "dest")}]
    return verify_trees({**OPTIONS, **server.options(), "trees": trees, **more})


@pytest.fixture
def copy(awkward_source: Path, place: Path) -> Path:
    """What rsync makes of the awkward tree."""
    subprocess.run(["rsync", "-aHAXS", "--numeric-ids", f"{awkward_source}/", f"{place}/dest/"], check=True)
    return place / "dest"


def keeping_time(act: Callable[[Path], object]) -> Callable[[Path], None]:
    """The act, after which the file has the times that it had, and so its directory."""

    def acted(path: Path) -> None:
        before = {each: os.lstat(each) for each in (path, path.parent) if os.path.lexists(each)}
        act(path)
        for each, status in before.items():
            if os.path.lexists(each):
                os.utime(each, ns=(status.st_atime_ns, status.st_mtime_ns), follow_symlinks=False)

    return acted


def _flip(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(1_500_000)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))


def _own_copy(path: Path) -> None:
    status, data = path.stat(), path.read_bytes()
    path.unlink()
    path.write_bytes(data)
    path.chmod(stat.S_IMODE(status.st_mode))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _swap(path: Path) -> None:
    other = path.with_name("two")
    mine, theirs = path.read_bytes(), other.read_bytes()
    status = other.stat()
    path.write_bytes(theirs)
    other.write_bytes(mine)
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))


def _anew(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def made(path: Path) -> None:
        status = os.lstat(path)
        path.unlink()
        make(path)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns), follow_symlinks=False)

    return made


def _acl(*words: str) -> Callable[[Path], object]:
    return lambda path: subprocess.run(["setfacl", *words, str(path)], check=True)


def _fill(path: Path) -> None:
    path.write_bytes(path.read_bytes())


#: What is done to which file of the copy, and the differences that have to be named, all of them.
CORRUPTIONS: dict[str, tuple[str, Callable[[Path], object], set[tuple[str, str]]]] = {
    "mode": ("one", lambda path: path.chmod(0o600), {("one", "mode")}),
    "setuid lost": ("passwd-tool", lambda path: path.chmod(0o755), {("passwd-tool", "mode")}),
    "directory mode": ("sticky", lambda path: path.chmod(0o777), {("sticky", "mode")}),
    "owner": ("empty", lambda path: os.chown(path, 77, -1), {("empty", "owner")}),
    "group of a link": (
        "sound", lambda path: os.chown(path, -1, 77, follow_symlinks=False), {("sound", "group")},
    ),
    "one byte, same size and time": ("large", _flip, {("large", "content")}),
    "truncated": ("large", lambda path: os.truncate(path, 2_999_999), {("large", "size")}),
    "contents swapped": ("one", _swap, {("one", "content"), ("two", "content")}),
    "hard link became a copy": ("links/b", _own_copy, {("links/b", "hard_link")}),
    "mtime by a nanosecond": (
        "two", lambda path: os.utime(path, ns=(0, awkward.THEN + 1)), {("two", "mtime")},
    ),
    "mtime of a directory": ("links", lambda path: os.utime(path, ns=(0, 0)), {("links", "mtime")}),
    "missing": ("empty", lambda path: path.unlink(), {("empty", "missing")}),
    "missing, a name of two lines": (
        awkward.NEWLINE, lambda path: path.unlink(), {(awkward.NEWLINE, "missing")},
    ),
    "extra": ("上传/多余", lambda path: path.touch(), {("上传/多余", "extra")}),
    "link target": (
        "dangling", _anew(lambda path: path.symlink_to("/nowhere/at  all")), {("dangling", "link")},
    ),
    "type": ("empty", _anew(lambda path: path.mkdir(0o644)), {("empty", "type")}),
    "fifo became a file": ("pipe", _anew(lambda path: path.touch(0o640)), {("pipe", "type")}),
    "device numbers": (
        "null", _anew(lambda path: os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))),
        {("null", "device")},
    ),
    "acl": ("two", _acl("-m", "u:1234:rwx"), {("two", "acl"), ("two", "mode")}),
    "acl of another user": ("two", _acl("-x", "u:1234", "-m", "u:1235:rx"), {("two", "acl")}),
    "default acl": ("setgid", _acl("-k"), {("setgid", "default_acl")}),
    "xattr value": (
        "one", lambda path: os.setxattr(path, "user.origin", b"scanner 4"), {("one", "xattr:user.origin")},
    ),
    "long xattr lost": ("two", lambda path: os.removexattr(path, "user.long"), {("two", "xattr:user.long")}),
}  # fmt: skip


def _named(result: dict[str, Any], place: Path) -> set[tuple[str, str]]:
    dest = str(place / "dest") + "/"
    return {(each["path"].removeprefix(dest), each["attribute"]) for each in result["differences"]}


def test_a_faithful_copy_is_identical(server: Sshd, place: Path, copy: Path) -> None:
    result = verified(server, place)
    assert result["differences"] == []
    assert result["identical"]
    assert result["differing"] == []
    # Counted by find, which knows nothing of ours.
    found = subprocess.run(
        ["find", str(place / "src"), "-printf", "."], capture_output=True, text=True, check=True
    )
    assert result["entries"] == len(found.stdout)


def _batches() -> list[list[str]]:
    """The corruptions in so few lots that no file is meant twice in one: each lot is one proof."""
    lots: list[dict[str, set[str]]] = []
    for name, (path, _act, expected) in CORRUPTIONS.items():
        meant = {path, *(each for each, _attribute in expected)}
        lot = next((lot for lot in lots if not meant & set().union(*lot.values())), None)
        if lot is None:
            lots.append(lot := {})
        lot[name] = meant
    return [list(lot) for lot in lots]


@pytest.mark.parametrize("names", _batches(), ids=len)
def test_each_corruption_is_named(server: Sshd, place: Path, copy: Path, names: list[str]) -> None:
    for name in names:
        path, act, _expected = CORRUPTIONS[name]
        above = (copy / path).parent
        (act if name.startswith("mtime") else keeping_time(act))(copy / path)
        if name != "mtime of a directory" and above != copy / "links":
            os.utime(above, ns=(awkward.THEN, awkward.THEN))
    result = verified(server, place)
    found = _named(result, place)
    assert {name for name in names if not CORRUPTIONS[name][2] <= found} == set()
    assert found == set().union(*(CORRUPTIONS[name][2] for name in names))
    assert not result["identical"]
    assert result["difference_count"] == len(found)


def test_a_filled_hole_is_told_and_counts_when_asked(server: Sshd, place: Path, copy: Path) -> None:
    keeping_time(_fill)(copy / "holes")
    told = verified(server, place)
    assert told["identical"]
    assert [each["attribute"] for each in told["differing"]] == ["sparse"]
    asked = verified(server, place, sparse=True)
    assert _named(asked, place) == {("holes", "sparse")}


def test_names_that_are_no_text_are_named_and_listed(server: Sshd, place: Path, copy: Path) -> None:
    os.truncate(os.fsencode(copy) + b"/" + awkward.NOT_TEXT, 3)
    result = verified(server, place, list_file=str(place / "list" / "differences"))
    shown = {each["path"] for each in result["differences"]}
    assert shown == {f"{copy}/gb2312-\\xb0\\xb2\\xbc\\xe0.txt"}
    listed = [json.loads(line) for line in (place / "list" / "differences").read_text().splitlines()]
    assert {os.fsencode(each["path"]) for each in listed} == {os.fsencode(copy) + b"/" + awkward.NOT_TEXT}
    assert {each["attribute"] for each in listed} == {"size", "mtime"}


def test_ids_are_mapped_in_acls_as_well(server: Sshd, place: Path, awkward_source: Path) -> None:
    maps = ["--usermap=1234:5234", "--groupmap=2345:6345"]
    subprocess.run(["rsync", "-aHAXS", *maps, f"{awkward_source}/", f"{place}/dest/"], check=True)
    subprocess.run(["setfacl", "-x", "u:1234", "-x", "g:2345", str(place / "dest/two")], check=True)
    subprocess.run(["setfacl", "-m", "u:5234:rx,g:6345:r", str(place / "dest/two")], check=True)
    subprocess.run(["setfacl", "-d", "-x", "u:1234", str(place / "dest/setgid")], check=True)
    subprocess.run(["setfacl", "-d", "-m", "u:5234:rwx", str(place / "dest/setgid")], check=True)
    assert not verified(server, place)["identical"]
    result = verified(server, place, uid_map={"1234": 5234}, gid_map={"2345": 6345})
    assert result["differences"] == []


def test_what_is_left_out_is_left_out_on_both_sides(server: Sshd, place: Path, copy: Path) -> None:
    (copy / "links" / "cache.tmp").touch()
    (copy / "上传" / "x").mkdir()
    (copy / "上传" / "x" / "y").touch()
    os.utime(copy / "links", ns=(awkward.THEN, awkward.THEN))
    os.utime(copy / "上传", ns=(awkward.THEN, awkward.THEN))
    assert not verified(server, place)["identical"]
    assert verified(server, place, exclude=["*.tmp", "/上传/x"])["differences"] == []


def test_a_host_of_another_key_is_refused(server: Sshd, place: Path, copy: Path) -> None:
    other = place / "other_known_hosts"
    other.write_text(f"[127.0.0.1]:{server.port} {(server.root / 'client.pub').read_text()}")
    with pytest.raises(Unreachable, match="(?i)host key verification failed"):
        verified(server, place, source_known_hosts=str(other))


def test_a_difference_fails_when_asked_and_still_tells(server: Sshd, place: Path, copy: Path) -> None:
    (copy / "one").chmod(0)
    with pytest.raises(DatacenterError, match="1 differences in {'mode': 1}") as caught:
        verified(server, place, fail_on_difference=True)
    assert _named(caught.value.result, place) == {("one", "mode")}
