# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of several copies the one that went furthest is gone on with, and none when two went their own way."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal import chain, fetch


def written(*lines: dict[str, Any], after: bytes = b"", at: float = 1000.0) -> bytes:
    """A journal's text, with these lines behind what stood there."""
    found = chain.judge(after.decode())
    entries, text = list(found.entries), after
    for line in lines:
        head = entries[-1]["digest"] if entries else chain.GENESIS
        entries.append(chain.link({"at": at + len(entries), **line}, len(entries) + 1, head))
        text += chain.canonical(entries[-1]).encode() + b"\n"
    return text


def run(state: str, node: str | None = "ctl-a", machine: str = "m") -> dict[str, Any]:
    where = {"control_node": node, "machine": machine} if node else {}
    return {"kind": "run", "state": state, "operator": "wei", **where}


NOTE = {"kind": "note", "name": "n", "data": {}}
OPENED = written(run("opened"))
LONGER = written(NOTE, after=OPENED)


def chosen(*texts: tuple[str, bytes], history: tuple[bytes, ...] = ()) -> fetch.Copy | None:
    return fetch.newest(fetch.copies(texts), [chain.judge(text.decode()).entries for text in history])


def where(*texts: tuple[str, bytes], history: tuple[bytes, ...] = ()) -> str | None:
    copy = chosen(*texts, history=history)
    return copy.where if copy else None


def test_the_longest_is_taken_when_the_others_are_its_beginning() -> None:
    assert where(("nn", OPENED), ("dr", LONGER), (fetch.HERE, OPENED)) == "dr"
    assert where((fetch.HERE, LONGER), ("dr", OPENED)) == fetch.HERE
    assert where(("dr", LONGER), (fetch.HERE, LONGER)) == fetch.HERE
    assert where(("dr", b"")) is None


def test_a_line_that_was_not_written_to_its_end_is_not_taken_along() -> None:
    copy = chosen(("dr", LONGER + b'{"at":1'))

    assert copy is not None
    assert copy.text == LONGER


def test_two_that_went_on_from_the_same_line_are_refused_and_both_named() -> None:
    other = written(run("resumed", "ctl-b"), NOTE, after=OPENED)
    with pytest.raises(Refused) as refused:
        chosen((fetch.HERE, LONGER), ("dr", other))

    assert "in two places after line 1" in str(refused.value)
    assert "dr (3 lines, the last by ctl-b" in str(refused.value)
    assert "this control node (2 lines, the last by ctl-a" in str(refused.value)
    assert "for the auditors" in str(refused.value)


def test_one_that_was_altered_is_refused_even_where_another_is_whole() -> None:
    with pytest.raises(Refused, match="dr: line 1 was changed"):
        chosen(("nn", LONGER), ("dr", OPENED.replace(b"wei", b"lee")))


def test_two_beginnings_of_one_run_are_refused_unless_all_but_one_have_ended() -> None:
    second = written(run("opened", "ctl-b"), at=2000.0)
    with pytest.raises(Refused, match="begun in two places"):
        chosen(("nn", OPENED), ("dr", second))

    ended = written(run("ended"), after=LONGER)
    assert where(("nn", ended), ("dr", second)) == "dr"
    later = written(run("ended", "ctl-b"), after=second, at=2000.0)
    assert where(("nn", ended), ("dr", later)) == "dr"


def test_what_a_host_holds_of_a_run_that_was_put_aside_here_is_old() -> None:
    ended = written(run("ended"), after=LONGER)
    second = written(run("opened"), at=2000.0)

    assert where(("nn", LONGER), (fetch.HERE, second), history=(ended,)) == fetch.HERE
    assert where(("nn", LONGER), history=(ended,)) is None


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        (OPENED, "dr", None),
        (written(run("opened", "ctl-b")), "dr", "opened on control node ctl-b at 1970"),
        (written(run("opened", "ctl-b")), fetch.HERE, "opened on control node ctl-b"),
        (written(run("opened", machine="other")), "dr", "opened on control node ctl-a"),
        (written(run("waiting", "ctl-b")), "dr", None),
        (written(run("waiting", "ctl-b"), run("resumed", "ctl-c")), "dr", "resumed on control node ctl-c"),
        (written(run("ended", "ctl-b")), "dr", None),
        (written(run("resumed", "ctl-b"), run("abandoned", "ctl-b")), "dr", None),
        (written(run("opened", None)), "dr", "did not say its name"),
        (written(run("opened", None)), fetch.HERE, None),
        (written(NOTE), "dr", None),
    ],
)
def test_who_else_may_be_running_it(text: bytes, place: str, says: str | None) -> None:
    copy = chosen((place, text))
    assert copy is not None
    found = fetch.elsewhere(copy, "ctl-a", "m")

    assert (found is None) == (says is None), found
    assert (says or "") in (found or "")
