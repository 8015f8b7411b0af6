# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a plan's YAML: what words mean, how files join, and where a thing stands."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan import source
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.findings import PlanError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.source import (
    files_digest,
    plan_files,
    read_source,
)


def written(folder: Path, **files: str) -> Path:
    """A plan of these files, named without their ending."""
    for name, text in files.items():
        (folder / f"{name}.yml").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2026-11-25", "2026-11-25"),
        ("0755", "0755"),
        ("1_000", "1_000"),
        ("1.5e3", 1500.0),
        ("-7", -7),
        ("'7'", "7"),
        ("true", True),
        ("~", None),
        ("0", 0),
    ],
)
def test_plain_words_mean_what_yaml_1_2_says(tmp_path: Path, text: str, value: Any) -> None:
    found = read_source(written(tmp_path, plan=f"key: {text}")).data["key"]
    assert (found, type(found)) == (value, type(value))


def test_keys_are_words_even_when_they_look_like_numbers(tmp_path: Path) -> None:
    assert read_source(written(tmp_path, plan="450221: here")).data == {"450221": "here"}


def test_mappings_may_be_spread_over_files(tmp_path: Path) -> None:
    root = written(tmp_path, a="centres: {nanning: {number: 1}}", b="centres: {dr: {number: 2}}")
    assert read_source(root).data == {"centres": {"nanning": {"number": 1}, "dr": {"number": 2}}}


def test_an_alias_that_two_places_share_is_not_changed_by_the_other_file(tmp_path: Path) -> None:
    root = written(tmp_path, a="one: &same {x: 1}\ntwo: *same", b="one: {y: 2}")
    assert read_source(root).data == {"one": {"x": 1, "y": 2}, "two": {"x": 1}}


def test_what_a_mapping_states_wins_over_what_it_merges(tmp_path: Path) -> None:
    root = written(tmp_path, a="base: &base {x: 1, y: 1}\nhere: {<<: *base, y: 2}")
    assert read_source(root).data["here"] == {"x": 1, "y": 2}


def test_a_single_file_is_a_plan(tmp_path: Path) -> None:
    assert read_source(written(tmp_path, plan="x: 1") / "plan.yml").data == {"x": 1}


def test_hidden_files_and_other_kinds_of_files_are_no_part_of_a_plan(tmp_path: Path) -> None:
    written(tmp_path, plan="x: 1")
    for name in (".plan.yml", "plan.yml~", "README.md"):
        (tmp_path / name).write_text("y: [")
    assert [file.name for file in plan_files(tmp_path)] == ["plan.yml"]


def test_syntax_errors_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    root = written(tmp_path, a="x: [1\ny: 2", b="y: {z\nx: 1")
    (tmp_path / "c.yml").write_bytes(b"z: \xff")
    with pytest.raises(PlanError) as error:
        read_source(root)
    places = [finding.where.rpartition("/")[2] for finding in error.value.findings]
    assert places == ["a.yml:2", "b.yml:2", "c.yml:1"]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("lines", "one", "rate_mbit"), "b.yml:3"),
        (("lines", "one", "missing"), "b.yml:2"),
        (("series", 1), "b.yml:6"),
        (("plan",), "a.yml:2"),
    ],
)
def test_a_thing_stands_on_the_line_of_its_deepest_part_that_is_written(
    tmp_path: Path, path: tuple[str | int, ...], place: str
) -> None:
    root = written(
        tmp_path,
        a="# a comment\nplan: {name: x}\n",
        b="lines:\n  one:\n    rate_mbit: 5\nseries:\n  - 1\n  - 2\n",
    )
    assert read_source(root).where(path).endswith(f"/{place}")


def test_any_edit_changes_the_digest_of_the_files(tmp_path: Path) -> None:
    before = files_digest(written(tmp_path, plan="x: 1"))
    assert files_digest(written(tmp_path, plan="x: 1 # why")) != before


def test_the_parser_without_libyaml_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: {b: [1, 'x', &c y, *c], <<: {d: ~}}"
    root = written(tmp_path, plan=text)
    fast = read_source(root).data
    monkeypatch.setitem(sys.modules, "yaml._yaml", None)
    try:
        slow = importlib.reload(source).read_source(root).data
    finally:
        monkeypatch.undo()
        importlib.reload(source)
    assert slow == fast == {"a": {"b": [1, "x", "y", "y"], "d": None}}
