# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A journal that was tampered with shows it; one that a kill tore does not count as tampered with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal import chain
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal.file import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    journal = Journal(tmp_path / "run")
    for number in range(5):
        journal.append({"kind": "measure", "name": f"figure {number}", "data": {"value": number}})
    return journal


def test_what_is_written_is_read_and_whole(journal: Journal) -> None:
    found = chain.judge(journal.path.read_text())

    assert found.whole
    assert not found.torn
    assert [entry["n"] for entry in found.entries] == [1, 2, 3, 4, 5]
    assert [entry["data"]["value"] for entry in journal.read()] == [0, 1, 2, 3, 4]
    assert found.entries[0]["prev"] == chain.GENESIS


def test_another_process_goes_on_where_the_last_one_ended(journal: Journal) -> None:
    Journal(journal.path.parent).append({"kind": "note", "name": "n", "data": {}})

    assert chain.judge(journal.path.read_text()).seal.lines == 6


def change_a_figure(lines: list[str]) -> list[str]:
    return [*lines[:2], lines[2].replace('"value":2', '"value":7'), *lines[3:]]


def change_a_figure_and_its_digest(lines: list[str]) -> list[str]:
    entry = json.loads(lines[2])
    entry["data"]["value"] = 7
    entry["digest"] = chain.digest_of(entry)
    return [*lines[:2], chain.canonical(entry), *lines[3:]]


@pytest.mark.parametrize(
    ("tamper", "says"),
    [
        (change_a_figure, "line 3 was changed"),
        (change_a_figure_and_its_digest, "line 4 does not follow line 3"),
        (lambda lines: [*lines[:2], *lines[3:]], "line 3 does not follow line 2"),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "line 2 does not follow line 1"),
        (lambda lines: lines[1:], "line 1 does not follow line 0"),
        (lambda lines: [*lines[:2], "{", *lines[3:]], "line 3 cannot be read"),
        (lambda lines: [*lines[:2], lines[1], *lines[2:]], "line 3 does not follow line 2"),
    ],
)
def test_tampering_shows_without_a_seal(
    journal: Journal, tamper: Callable[[list[str]], list[str]], says: str
) -> None:
    lines = journal.path.read_text().splitlines()
    journal.path.write_text("\n".join(tamper(lines)) + "\n")

    found = chain.judge(journal.path.read_text())

    assert not found.whole
    assert any(says in problem for problem in found.problems), found.problems
    # Nothing is decided from it, and nothing is written behind it.
    with pytest.raises(DatacenterError, match="cannot be trusted"):
        journal.read()
    with pytest.raises(DatacenterError, match="cannot be trusted"):
        journal.append({"kind": "note", "name": "n", "data": {}})


def recomputed(lines: list[str]) -> str:
    prev, made = chain.GENESIS, []
    for number, line in enumerate(lines, start=1):
        entry: dict[str, Any] = json.loads(line)
        del entry["digest"]
        entry["data"] = {"value": 99}
        placed = chain.link(entry, number, prev)
        prev = placed["digest"]
        made.append(chain.canonical(placed))
    return "\n".join(made) + "\n"


def test_a_cut_tail_and_a_new_chain_show_by_the_seal_only(journal: Journal) -> None:
    text = journal.path.read_text()
    lines, seal = text.splitlines(), chain.judge(text).seal
    cut, forged = "\n".join(lines[:-2]) + "\n", recomputed(lines)

    assert chain.judge(cut).whole
    assert chain.judge(forged).whole
    assert chain.judge(cut, seal).problems == ["the tail is cut: 3 lines, 5 were sealed"]
    assert "computed again" in chain.judge(forged, seal).problems[0]


def test_a_journal_may_grow_behind_its_seal(journal: Journal) -> None:
    seal = chain.judge(journal.path.read_text()).seal
    journal.append({"kind": "note", "name": "later", "data": {}})

    assert chain.judge(journal.path.read_text(), seal).whole
    assert chain.parse_seal(str(seal)) == seal


@pytest.mark.parametrize("kept", [1, 20, 150])
def test_a_line_that_a_kill_tore_is_accepted_and_replaced(journal: Journal, kept: int) -> None:
    whole = journal.path.read_text()
    journal.append({"kind": "measure", "name": "torn", "data": {"value": 5}})
    journal.path.write_text(journal.path.read_text()[: len(whole) + kept])

    assert chain.judge(journal.path.read_text()).torn
    assert len(journal.read()) == 5
    journal.append({"kind": "measure", "name": "again", "data": {"value": 5}})

    found = chain.judge(journal.path.read_text())
    assert (found.whole, found.torn, len(found.entries)) == (True, False, 6)
    assert found.entries[-1]["name"] == "again"


def test_a_kill_inside_a_character_tears_no_more_than_its_line(journal: Journal) -> None:
    whole = journal.path.read_bytes()
    journal.append({"kind": "measure", "name": "隐患", "data": {}})
    torn = journal.path.read_bytes()
    journal.path.write_bytes(torn[: torn.index("隐".encode()) + 1])

    assert len(journal.read()) == 5
    journal.append({"kind": "measure", "name": "again", "data": {}})

    assert journal.path.read_bytes().startswith(whole)
    assert [entry["name"] for entry in journal.read()][-1] == "again"


def test_a_key_that_stands_twice_is_a_change_although_readers_may_not_see_it(journal: Journal) -> None:
    text = journal.path.read_text().replace('"kind"', '"data":{"value":0},"kind"', 1)
    journal.path.write_text(text)

    assert chain.judge(text).entries[0]["data"] == {"value": 0}
    assert chain.judge(text).problems == ["line 1 was changed: its digest does not fit its text"]


def test_bytes_that_are_no_text_are_a_change_where_a_line_has_an_end(journal: Journal) -> None:
    journal.path.write_bytes(journal.path.read_bytes().replace(b"figure 2", b"figure \xe9"))

    assert chain.judge(chain.text_of(journal.path.read_bytes())).problems[0] == "line 3 cannot be read"


def test_secrets_are_hidden_wherever_they_occur(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(
        {
            "kind": "note",
            "name": "has pw-123",
            "data": {"list": ["x pw-123 y"], "pw-123": {"deep": "pw-123"}},
        },
        secrets=["pw-123", "", "pw", "90210777"],
    )
    journal.append({"kind": "measure", "name": "n", "data": {"number": 90210777}}, secrets=["90210777"])

    assert "pw-123" not in journal.path.read_text()
    assert "90210777" not in journal.path.read_text()
    assert journal.read()[0]["data"]["list"] == ["x ******** y"]


def test_a_journal_that_cannot_be_written_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(DatacenterError, match="nothing more is done"):
        Journal(tmp_path / "file").append({"kind": "note", "name": "n", "data": {}})
