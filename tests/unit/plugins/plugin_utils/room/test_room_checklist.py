# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that cannot be used are refused as a whole; what stands is the last one, with its evidence."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused
from ansible_collections.anjianyun.datacenter.plugins.module_utils.moments import moment
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room import checklist, evidence, paper
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.readings import failing, parse

NOW = moment("2026-12-04T10:00+08:00").timestamp()
MET = "state: met, by: Li Wei, at: 2026-12-03T10:00+08:00"


def read(folder: Path, text: str) -> dict[str, checklist.Answer]:
    path = folder / "answers.yml"
    path.write_text(text, encoding="utf-8")
    return checklist.read(path, NOW)


def test_the_list_is_the_standards_own() -> None:
    assert [len(group.clauses) for group in checklist.groups()] == [2, 1, 3, 2, 3, 3, 2, 1, 3, 2]
    for number, group in enumerate(checklist.groups(), start=1):
        assert group.id == f"8.1.1.{number}"
        assert [clause.id for clause in group.clauses] == [
            f"{group.id}.{x}" for x in "abc"[: len(group.clauses)]
        ]
        for clause in group.clauses:
            assert clause.en.isascii()
            assert not clause.zh.isascii()


def test_an_answer_is_read_with_its_evidence(tmp_path: Path) -> None:
    (tmp_path / "door.jpg").write_bytes(b"a door")
    found = read(tmp_path, f"8.1.1.2.a: {{{MET}, note: tried, evidence: [door.jpg, ./door.jpg]}}\n")

    assert found["8.1.1.2.a"].data() == {
        "state": "met",
        "by": "Li Wei",
        "at": "2026-12-03T02:00:00Z",
        "note": "tried",
        "evidence": [{"sha256": hashlib.sha256(b"a door").hexdigest(), "size": 6, "name": "door.jpg"}],
    }


def test_an_assessors_own_words_are_understood(tmp_path: Path) -> None:
    text = MET.replace("met", "不符合")
    assert read(tmp_path, f"8.1.1.2.a: {{{text}, note: 门禁未装}}\n")["8.1.1.2.a"].state == "not_met"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"8.1.1.2.b: {{{MET}}}", "answers.yml:1: 8.1.1.2.b: is no clause of the list; there is 8.1.1.2.a"),
        ("8.1.1.2.a: met", "8.1.1.2.a: an answer has state"),
        (f"8.1.1.2.a: {{{MET}, who: me}}", "8.1.1.2.a: who is no part of an answer"),
        ("8.1.1.2.a: {by: Li Wei, at: 2026-12-03T10:00Z}", "8.1.1.2.a: state is missing"),
        ("8.1.1.2.a: {state: yes, by: Li, at: 2026-12-03T10:00Z}", "8.1.1.2.a: state is 'yes'"),
        ("8.1.1.2.a: {state: met, at: 2026-12-03T10:00Z}", "8.1.1.2.a: by is missing"),
        ("8.1.1.2.a: {state: met, by: Li}", "8.1.1.2.a: at is missing"),
        (
            "8.1.1.2.a: {state: met, by: Li, at: 2026-12-03}",
            "8.1.1.2.a: at: '2026-12-03' is no date and time",
        ),
        (
            "8.1.1.2.a: {state: met, by: Li, at: 2026-12-03T10:00}",
            "8.1.1.2.a: at: '2026-12-03T10:00' has no zone",
        ),
        (
            "8.1.1.2.a: {state: met, by: Li, at: 2026-12-05T10:00Z}",
            "8.1.1.2.a: at: 2026-12-05T10:00Z is still to come",
        ),
        (
            f"8.1.1.2.a: {{{MET.replace('met', 'not_met')}}}",
            "8.1.1.2.a: note is missing: not_met needs a reason",
        ),
        (f"8.1.1.2.a: {{{MET.replace('met', 'not_applicable')}}}", "8.1.1.2.a: note is missing"),
        (f"8.1.1.2.a: {{{MET}, evidence: door.jpg}}", "8.1.1.2.a: evidence is a list of paths"),
        (f"8.1.1.2.a: {{{MET}, evidence: [door.jpg]}}", "door.jpg cannot be read: No such file"),
        (f"8.1.1.2.a: {{{MET}, evidence: [.]}}", "is no file"),
        (f"8.1.1.2.a: {{{MET}, evidence: [empty]}}", "empty is empty"),
        (f"8.1.1.2.a: {{{MET}}}\n8.1.1.2.a: {{{MET}}}", "stands a second time"),
        ("8.1.1.2.a: {", "answers.yml:"),
    ],
)
def test_a_mistake_is_named_by_its_clause(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(Refused) as refused:
        read(tmp_path, text + "\n")

    assert len(refused.value.result["mistakes"]) == 1, refused.value
    assert says in str(refused.value)
    assert "nothing was recorded" in str(refused.value)


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        read(
            tmp_path,
            f"8.1.1.2.a: {{{MET}}}\n8.1.1.5.a: {{state: maybe}}\n8.1.1.5.b: {{state: not_met, by: Li}}\n",
        )

    named = [mistake.split(": ")[1] for mistake in refused.value.result["mistakes"]]
    assert named == ["8.1.1.5.a"] * 3 + ["8.1.1.5.b"] * 2


def test_the_template_can_be_read_and_answers_nothing(tmp_path: Path) -> None:
    text = paper.template()
    assert read(tmp_path, text) == {}
    for clause in checklist.clauses().values():
        assert clause.en in text
        assert clause.zh in text

    filled = text.replace("  state:\n  by:\n  at:\n", f"  {MET.replace(', ', chr(10) + '  ')}\n", 1)
    assert list(read(tmp_path, filled)) == ["8.1.1.1.a"]


def line(name: str, **data: Any) -> dict[str, Any]:
    return {"kind": "answer", "name": name, "data": {"state": "met", "note": "", "evidence": [], **data}}


def test_the_last_answer_stands_and_open_takes_it_back() -> None:
    stands = checklist.standing(
        [
            line("8.1.1.2.a"),
            line("8.1.1.2.a", state="not_met"),
            line("8.1.1.1.a"),
            line("8.1.1.1.a", state="open"),
        ]
    )
    found = checklist.summary(stands)

    assert found["answered"] == ["8.1.1.2.a"]
    assert len(found["open"]) == 21
    assert found["complete"] is False


def test_a_gate_lets_a_whole_list_pass_and_names_what_is_not_met() -> None:
    every = {name: line(name)["data"] for name in checklist.clauses()}
    assert failing(parse(checklist.summary(every)["that"])) == []

    one = {**every, "8.1.1.5.a": line("", state="not_met", note="no gas yet")["data"]}
    found = checklist.summary(one)
    assert found["complete"] is True
    [reading] = failing(parse(found["that"]))
    assert reading.approval == "clauses_not_met"
    assert "8.1.1.5.a" in reading.risk
    assert "no gas yet" in reading.risk


def test_the_same_file_is_kept_once_and_a_changed_one_beside_it(tmp_path: Path) -> None:
    photo, same, run = tmp_path / "door.JPG", tmp_path / "copy.jpeg", tmp_path / "run"
    photo.write_bytes(b"a door")
    same.write_bytes(b"a door")
    pieces = [evidence.look(photo), evidence.look(same)]
    assert [evidence.keep(path, piece, run) for path, piece in zip((photo, same), pieces, strict=True)] == [
        True,
        False,
    ]
    photo.write_bytes(b"a door, open")
    pieces.append(evidence.look(photo))
    assert evidence.keep(photo, pieces[-1], run)

    kept = {path.name: path.read_bytes() for path in (run / "evidence").iterdir()}
    assert kept == {
        f"{hashlib.sha256(b'a door').hexdigest()}.jpg": b"a door",
        f"{hashlib.sha256(b'a door, open').hexdigest()}.jpg": b"a door, open",
    }
    assert evidence.missing(pieces, run) == []


def test_evidence_that_is_gone_or_altered_is_missed_and_can_be_handed_in_again(tmp_path: Path) -> None:
    photo, run = tmp_path / "door.jpg", tmp_path / "run"
    photo.write_bytes(b"a door")
    piece = evidence.look(photo)
    assert evidence.missing([piece], run) == [piece]
    evidence.keep(photo, piece, run)
    (run / "evidence" / piece.file).write_bytes(b"a wall")
    assert evidence.missing([piece], run) == [piece]
    [reading] = failing(parse(checklist.summary({}, [piece])["that"][2:]))
    assert f"door.jpg ({piece.sha256[:12]})" in reading.sentence()

    assert evidence.keep(photo, piece, run)
    assert evidence.missing([piece], run) == []


def test_what_changes_between_look_and_copy_is_not_kept(tmp_path: Path) -> None:
    photo, run = tmp_path / "door.jpg", tmp_path / "run"
    photo.write_bytes(b"a door")
    piece = evidence.look(photo)
    photo.write_bytes(b"a wall")

    with pytest.raises(DatacenterError, match="changed while it was read"):
        evidence.keep(photo, piece, run)
    assert list((run / "evidence").iterdir()) == []


def test_the_sheet_shows_both_languages_and_no_note_breaks_its_table() -> None:
    stands = {
        "8.1.1.2.a": {**line("", state="not_met", note="a | b <c>\nd")["data"], "by": "Li", "at": "2026"}
    }
    text = paper.sheet(stands, "nanning, main", "CHG-1")

    [row] = [line for line in text.splitlines() if line.startswith("| 8.1.1.2.a ")]
    assert row.count("|") == 6
    assert "a &#124; b &lt;c> d" in row
    assert "not met 不符合" in row
    assert text.count("☐ n/a 不适用") == 21
