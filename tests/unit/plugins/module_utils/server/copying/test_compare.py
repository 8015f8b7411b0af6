# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two manifests side by side: what is the same, what is not, and what cannot be told."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying import manifest
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.compare import (
    Rules,
    compare,
    name_changes,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.manifest import (
    Entry,
    Manifest,
    same_line,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.manifest_program import (
    exclusion,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.trees import job_of

FILE = Entry(0, "a", "file", 0o644, 1, 2, 5_000_000_001, 10, "d1", {}, 0, 4096, 7, 9)


def found(left: list[Entry], right: list[Entry], rules: Rules | None = None) -> list[tuple[str, str]]:
    """Path and attribute of each difference."""
    return [(each.path, each.attribute) for each in compare(left, right, rules or Rules())]


def test_inode_and_change_time_are_each_side_s_own() -> None:
    assert found([FILE], [FILE._replace(ino=8, ctime_ns=10)]) == []


def test_a_digest_that_one_side_lacks_is_no_difference_and_no_digest_is_asked_of_another_size() -> None:
    assert found([FILE], [FILE._replace(digest=None)]) == []
    assert found([FILE], [FILE._replace(size=11, digest="d2")]) == [("a", "size")]


def test_seconds_alone_are_compared_when_the_way_carries_no_more() -> None:
    other = FILE._replace(mtime_ns=5_000_000_000)
    assert found([FILE], [other]) == [("a", "mtime")]
    assert found([FILE], [other], Rules(whole_seconds=True)) == []


def test_a_file_that_changed_meanwhile_proves_nothing() -> None:
    assert found([FILE._replace(more={"c": 1})], [FILE]) == [("a", "changing")]


def test_what_could_not_be_read_is_named_even_when_both_sides_failed() -> None:
    broken = FILE._replace(digest=None, more={"e": "Input/output error"})
    assert found([broken], [broken]) == [("a", "unreadable"), ("a", "unreadable")]


def test_a_link_group_is_known_by_its_first_path() -> None:
    pair = [FILE._replace(more={"h": "a"}), FILE._replace(path="b", more={"h": "a"})]
    alone = [FILE, FILE._replace(path="b")]
    assert found(pair, pair) == []
    assert found(pair, alone) == [("b", "hard_link")]
    assert found(alone, pair) == [("b", "hard_link")]


def test_an_id_that_is_somebody_else_here_is_told_once() -> None:
    told = name_changes(
        {"1001": "app", "5": "games"}, {"2001": "mysql", "5": "games"}, {1001: 2001}, "user_name"
    )
    assert [(each.source, each.target, each.warning) for each in told] == [("1001=app", "mysql", True)]


NAMES = st.lists(
    st.text("a-.\n/\udcff", min_size=1, max_size=6).filter(
        lambda text: all(part not in ("", ".", "..") for part in text.split("/"))
    ),
    unique=True,
    max_size=12,
)


@given(NAMES, NAMES)
def test_the_merge_finds_what_sets_find(left: list[str], right: list[str]) -> None:
    ours, theirs = (
        sorted((FILE._replace(path=path) for path in paths), key=lambda entry: entry.key())
        for paths in (left, right)
    )
    named = found(ours, theirs)
    assert {path for path, attribute in named if attribute == "missing"} == set(left) - set(right)
    assert {path for path, attribute in named if attribute == "extra"} == set(right) - set(left)
    assert {attribute for _path, attribute in named} <= {"missing", "extra", "hard_link"}


def test_equal_lines_are_equal_but_for_what_each_side_has_of_its_own() -> None:
    line = b'[0,"a,\\"e\\": 1","file",420,0,0,1,1,"d1",0,0,512,7,9]\n'
    assert same_line(line, line.replace(b"512,7,9", b"4096,8,1"))
    assert not same_line(line, line.replace(b'"d1"', b'"d2"'))
    assert not same_line(line, line.replace(b"0,0,512", b"0,1,512"))
    for flaw in (b'{"e": "Input/output error"}', b'{"c": 1}'):
        flawed = line.replace(b'"d1",0', b'"d1",' + flaw)
        assert not same_line(flawed, flawed)


def _lines(*rows: Any) -> Iterator[bytes]:
    for row in rows:
        yield json.dumps(row).encode()


def test_a_manifest_that_was_cut_is_not_taken_for_a_short_one() -> None:
    row = [0, "a", "file", 420, 0, 0, 1, 1, None, 0, 0, 512, 7, 9]
    first: list[Any] = ["M", 1, {"lacks": []}]
    whole = Manifest(_lines(first, row, ["E", {"entries": 1}]), "old-server")
    assert [entry.path for entry in whole] == ["a"]
    with pytest.raises(DatacenterError, match="old-server: the manifest ends before its end"):
        list(Manifest(_lines(first, row), "old-server"))


def test_the_program_speaks_the_oldest_python_and_is_whole_in_itself() -> None:
    text = manifest.program(manifest.order_of(["/srv/\udcff'\"\\"])).decode()
    tree = ast.parse(text, feature_version=(3, 6))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"typing"}


@pytest.mark.parametrize(
    ("pattern", "path", "left_out"),
    [
        ("*.tmp", b"a/b/c.tmp", True),
        ("*.tmp", b"c.tmp", True),
        ("*.tmp", b"c.tmp/below", False),
        ("/a/*", b"a/b", True),
        ("/a/*", b"a/b/c", False),
        ("/a/*", b"x/a/b", False),
        ("cache", b"x/cache", True),
        ("cache", b"x/mycache", False),
        ("a[1]", b"a[1]", True),
        ("a[1]", b"a1", False),
        ("/\udcb0?", b"\xb0\n", True),
    ],
)
def test_patterns_mean_what_rsync_takes_them_for(pattern: str, path: bytes, left_out: bool) -> None:
    assert exclusion([pattern])(path) is left_out


def _options(**more: Any) -> dict[str, Any]:
    return {
        "trees": [{"src": "/srv/www"}], "exclude": [], "uid_map": {}, "gid_map": {},
        "one_file_system": False, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"trees": []}, "no tree is named"),
        ({"trees": [{"src": "srv"}]}, "srv is not an absolute path"),
        ({"trees": [{"src": "/srv", "dest": "/proc/1"}]}, "/proc/1 is the kernel's"),
        ({"trees": [{"src": "/srv"}, {"src": "/srv/www"}]}, "/srv/www lies within /srv"),
        ({"exclude": ["a/b"]}, "would not mean the same"),
        ({"exclude": ["/a/**"]}, "would not mean the same"),
        ({"exclude": ["/"]}, "would not mean the same"),
        ({"uid_map": {"app": 5}}, "uid_map does not map numbers"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(DatacenterError, match=message.replace("*", r"\*")):
        job_of(_options(**more))


def test_a_tree_keeps_its_path_when_no_other_is_named() -> None:
    (tree,) = job_of(_options(trees=[{"src": "//srv/www/", "dest": None}])).trees
    assert (tree.src, tree.dest) == ("/srv/www", "/srv/www")
