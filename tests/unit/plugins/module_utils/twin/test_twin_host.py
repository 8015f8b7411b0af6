# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of the host a twin stands on: mounts, groups, processes, package sources, its limits."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import (
    apt_sources,
    cgroups,
    images,
    lock,
    mounts,
    netlink,
    preflight,
    reality,
    recipes,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.spec import parse
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.module_utils.twin.small import small

MOUNTINFO = """\
30 1 254:0 / / rw,relatime - ext4 /dev/vda rw
41 30 0:50 / /run/anjianyun/twin/tw1 rw shared:7 - tmpfs anjianyun rw,size=65536k
42 41 0:51 / /run/a\\040b rw - overlay overlay rw,lowerdir=/images/debian-12-a,upperdir=/u,workdir=/w
43 41 7:1 / /run/disk rw,noatime - ext4 /dev/loop1 rw,shutdown
44 41 7:2 / /run/shutdown rw,noatime - ext4 /dev/loop2 rw
45 41 0:52 /
"""


def test_the_table_of_mounts_is_read() -> None:
    root, runtime, overlay, cut, other = mounts.parse_mountinfo(MOUNTINFO)
    assert (root.shared, runtime.shared) == (False, True)
    assert (overlay.point, overlay.lower) == ("/run/a b", "/images/debian-12-a")
    assert runtime.lower == ""
    assert (cut.stopped, other.stopped) == (True, False)


def test_below_a_directory_is_not_beside_it() -> None:
    table = [mounts.Mount(point, "", "", "") for point in ("/a/t", "/a/t/x", "/a/t2", "/a")]
    assert [m.point for m in mounts.below(Path("/a/t"), table)] == ["/a/t", "/a/t/x"]


@pytest.mark.parametrize(
    ("events", "populated"),
    [("populated 1\nfrozen 0\n", True), ("populated 0\nfrozen 1\n", False), ("", False)],
)
def test_a_group_tells_whether_it_is_empty(events: str, populated: bool) -> None:
    assert cgroups.is_populated(events) is populated


def test_processes_of_a_twin_are_found_in_any_hierarchy_and_zombies_are_not(tmp_path: Path) -> None:
    for pid, group, stat in (
        (1, "1:name=systemd:/anjianyun/tw1/nn-db-01\n0::/\n", "1 (a) b) S 0"),
        (2, "0::/anjianyun/tw1\n", "2 (sh) R 1"),
        (3, "0::/anjianyun/tw1/nn-db-01\n", "3 (sh) Z 1"),
        (4, "0::/anjianyun/tw10\n", "4 (sh) S 1"),
    ):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "cgroup").write_text(group)
        (tmp_path / str(pid) / "stat").write_text(stat)
    (tmp_path / "self").mkdir()
    assert set(reality.processes_in_groups("anjianyun/tw1", tmp_path)) == {1, 2}


def test_a_fault_on_one_host_does_not_concern_another_whose_name_begins_alike() -> None:
    actual = reality.Reality(faults=frozenset(("line_cut@nn-dr-1", "line_cut@nn-dr-10", "line_filled@x")))
    assert actual.targets("line_cut") == {"nn-dr-1", "nn-dr-10"}
    assert actual.targets("line") == frozenset()


def test_a_slow_line_holds_a_whole_packet_and_not_a_whole_file() -> None:
    assert 1514 <= netlink.burst_bytes(0.064) < 8000
    assert netlink.burst_bytes(20) == 32 * 1024
    assert netlink.burst_bytes(1000) == 500_000


ONE_LINE = (
    "# old\ndeb [signed-by=/k.gpg] http://mirror.example/debian bookworm main\ndeb-src http://x/debian a b\n"
)
STANZAS = """\
Types: deb deb-src
URIs: https://vendor.example/tool
Suites: nodistro

Types: deb
# a comment
Enabled: no
URIs: http://off.example/debian
Suites: bookworm

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security

Types: deb
URIs: http://mirror.example/pub/debian/
Suites: bookworm
"""


@pytest.mark.parametrize(
    ("files", "mirror"),
    [
        ({"sources.list": ONE_LINE}, "http://mirror.example/debian"),
        ({"sources.list.d/debian.sources": STANZAS}, "http://mirror.example/pub/debian/"),
        ({"sources.list": "deb http://deb.debian.org/debian bookworm main\n"}, ""),
        ({"sources.list": "deb http://archive.ubuntu.com/ubuntu noble main\n"}, ""),
        ({"sources.list.d/off.disabled": ONE_LINE}, ""),
        ({}, ""),
    ],
)
def test_the_mirror_is_the_hosts_own(files: dict[str, str], mirror: str, tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert apt_sources.mirror(tmp_path) == mirror


def test_an_image_is_named_by_everything_that_is_in_it() -> None:
    recipe = recipes.DEBIAN_12
    others = [
        replace(recipe, packages=(*recipe.packages, "vim")),
        replace(recipe, masked=()),
        replace(recipe, files={**recipe.files, "/etc/motd": "hello"}),
    ]
    assert len({recipe.directory, *(other.directory for other in others)}) == 4


def test_what_a_recipe_disables_does_not_start_by_itself(tmp_path: Path) -> None:
    wants = tmp_path / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True)
    for unit in ("mariadb.service", "cron.service"):
        # As in an image: where it leads is there inside of it only.
        (wants / unit).symlink_to(f"/nonexistent/systemd/{unit}")
    images._finish(replace(recipes.DEBIAN_11, files={}), tmp_path)
    assert [link.name for link in wants.iterdir()] == ["cron.service"]


class Directory(Names):
    """Names whose runtime directory is a test's own."""

    here: Path

    @property
    def runtime(self) -> Path:
        return self.here


def _names(here: Path) -> Directory:
    names = Directory("tw1")
    object.__setattr__(names, "here", here)
    return names


def test_a_twin_of_another_plan_is_not_made_over(tmp_path: Path) -> None:
    names = _names(tmp_path)
    names.spec_file.write_text(json.dumps(small()))
    preflight.check_plan(parse(small()), names)
    other = parse({**small(), "plan": {"name": "guangxi"}})
    with pytest.raises(Refused, match="one of the plan small, and this is guangxi"):
        preflight.check_plan(other, names)


def test_what_a_twin_needs_grows_with_its_machines() -> None:
    data = small()
    memory, disk = preflight.needed_mib(parse(data))
    data["nodes"]["nn-db-02"] = {**data["nodes"]["nn-db-01"], "bmc": None}
    more_memory, more_disk = preflight.needed_mib(parse(data))
    assert more_memory - memory == preflight.MACHINE_MIB
    assert more_disk - disk == preflight.MACHINE_DISK_MIB


def test_a_host_without_the_memory_or_the_disk_says_how_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "MACHINE_MIB", 10_000_000)
    monkeypatch.setattr(preflight, "MACHINE_DISK_MIB", 100_000_000)
    memory, disk = preflight.short_of(parse(small()))
    assert re.fullmatch(r"100000\d\d MiB of memory are needed, \d+ MiB are available", memory)
    assert re.fullmatch(r"10000\d{4} MiB of disk are needed below /var, \d+ MiB are free", disk)


def test_an_ordinary_user_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(Refused, match="not root"):
        preflight.check(parse(small()))


def test_a_second_run_on_a_twin_is_refused_and_told_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "CACHE", tmp_path)
    ready, go_on = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        with lock.alone(Names("tw1")):
            os.write(ready[1], b"x")
            os.read(go_on[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    try:
        with lock.alone(Names("tw2"), wait_s=0):
            pass
        with pytest.raises(Refused, match="another run is at work"), lock.alone(Names("tw1"), wait_s=0):
            pass
    finally:
        os.write(go_on[1], b"x")
        os.waitpid(pid, 0)
    with lock.alone(Names("tw1"), wait_s=0):
        pass
