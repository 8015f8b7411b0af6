# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a database that moves offline is copied again, opened, given back, or refused. Without a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow import offline
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import (
    BACK,
    FORWARD,
    Progress,
    Terms,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.offline import Offline, Say
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    Refused,
    Unreachable,
)

TERMS = Terms(stop_s=1000)


class Fake:
    """Two servers that remember; the content of a side is a number, which each write makes larger."""

    def __init__(self) -> None:
        self.open = {"source": True, "target": False}
        self.notes: dict[str, dict[str, Any]] = {"source": {}, "target": {}}
        self.content = {"source": 7, "target": 0}
        self.copies = 0
        self.bytes = 100
        self.breaks = ""

    def server(self, side: str) -> Server:
        return Server("postgresql", {"source": "old", "target": "new"}[side], "/s", 1, "u", "d")

    def accepts(self, side: str) -> bool:
        return self.open[side]

    def shut(self, side: str, within_s: float) -> None:
        self._may("shut")
        self.open[side] = False

    def let_in(self, side: str, change: Mapping[str, Any]) -> None:
        self._may(f"open {side}")
        self.open[side] = True
        self.keep(side, change)

    def kept(self, side: str, name: str) -> Any:
        return self.notes[side].get(name)

    def keep(self, side: str, change: Mapping[str, Any]) -> None:
        both = {**self.notes[side], **change}
        self.notes[side] = {name: value for name, value in both.items() if value is not None}

    def size(self) -> int:
        return self.bytes

    def objections(self) -> list[str]:
        return []

    def reasons(self) -> list[str]:
        return []

    def make_room(self, keeping: Mapping[str, Any]) -> None:
        self.notes["target"] = dict(keeping)

    def carry(self, jobs: int, say: Say) -> list[str]:
        self._may("carry")
        say(Progress())
        self.copies += 1
        self.content["target"] = self.content["source"]
        return []

    def derived(self) -> list[str]:
        return []

    def end_copy(self) -> None:
        pass

    def _may(self, what: str) -> None:
        if self.breaks == what:
            raise Unreachable("gone")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    made = Fake()

    def verify(*_given: Any) -> dict[str, Any]:
        same = made.content["source"] == made.content["target"]
        return {
            "identical": same, "rows": 1, "difference_count": int(not same), "seconds": 0.1, "tables": [{}],
            "differences": [] if same else [{"kind": "row"}], "unsettled": [], "unsettled_count": 0,
            "not_compared": [], "changed_meanwhile": [],
        }  # fmt: skip

    monkeypatch.setattr(offline, "verify", verify)
    moved(made).rehearse()
    # As if it had taken long.
    made.notes["target"][offline.REHEARSED]["seconds"] = 100.0
    return made


def moved(fake: Fake, *accept: str) -> Offline:
    return Offline(fake, 1, lambda progress: None, accept=accept)


def test_what_has_grown_since_the_rehearsal_takes_longer_and_never_less(fake: Fake) -> None:
    assert moved(fake).estimate_s() == 100
    fake.bytes = 250
    assert moved(fake).estimate_s() == 250
    fake.bytes = 50
    assert moved(fake).estimate_s() == 100


def test_a_window_that_is_too_short_is_told_with_both_figures(fake: Fake) -> None:
    for allowed in (50, 102):
        with pytest.raises(Refused, match=rf"takes 100 s .* and {allowed} s are allowed"):
            moved(fake).cut_over(Terms(stop_s=allowed), FORWARD)
    assert fake.open == {"source": True, "target": False}
    moved(fake).cut_over(Terms(stop_s=103), FORWARD)
    assert fake.open == {"source": False, "target": True}


def test_nobody_cuts_over_to_a_rehearsal(fake: Fake) -> None:
    fake.content["source"] = 8
    moved(fake).cut_over(TERMS, FORWARD)
    assert (fake.copies, fake.content["target"]) == (2, 8)


def broken_behind_the_door(fake: Fake) -> None:
    """A run that was killed between its whole copy and the opening."""
    moved(fake).cut_over(TERMS, FORWARD)
    fake.open["target"] = False
    fake.keep("target", {offline.OPENED: None})


def test_a_whole_copy_is_made_again_as_soon_as_its_door_was_open(fake: Fake) -> None:
    broken_behind_the_door(fake)
    moved(fake).cut_over(TERMS, FORWARD)
    assert fake.copies == 2
    broken_behind_the_door(fake)
    # By hand, and written to.
    fake.open["source"], fake.content["source"] = True, 9
    moved(fake).cut_over(TERMS, FORWARD)
    assert (fake.copies, fake.content["target"]) == (3, 9)


@pytest.mark.parametrize("breaks", ["shut", "carry"])
def test_what_fails_gives_the_writes_back(fake: Fake, breaks: str) -> None:
    fake.breaks = breaks
    with pytest.raises(Unreachable) as caught:
        moved(fake).cut_over(TERMS, FORWARD)
    assert fake.open == {"source": True, "target": False}
    assert caught.value.result["writes"] == "open again at old"
    assert offline.SHUT not in fake.notes["source"]


def test_a_copy_that_differs_is_never_opened(fake: Fake) -> None:
    broken_behind_the_door(fake)
    fake.content["target"] = 1
    with pytest.raises(DatacenterError, match="not the same"):
        moved(fake).cut_over(TERMS, FORWARD)
    assert fake.open == {"source": True, "target": False}


def test_an_opening_that_nobody_knows_of_leaves_the_old_side_closed(fake: Fake) -> None:
    fake.breaks = "open target"
    with pytest.raises(DatacenterError, match="is not known"):
        moved(fake).cut_over(TERMS, FORWARD)
    assert fake.open == {"source": False, "target": False}
    fake.breaks = ""
    moved(fake).cut_over(TERMS, FORWARD)
    assert fake.open == {"source": False, "target": True}
    assert fake.copies == 2
    # Whoever has lost the answer asks again.
    again = moved(fake).cut_over(TERMS, FORWARD)
    assert (again.acts, again.refused_s is not None, again.compared is not None) == ([], True, True)


def test_rows_at_the_target_are_left_only_by_who_says_so(fake: Fake) -> None:
    moved(fake).cut_over(TERMS, FORWARD)
    fake.content["target"] += 1
    with pytest.raises(Refused, match="would stay there"):
        moved(fake).cut_over(TERMS, BACK)
    assert fake.open == {"source": False, "target": True}
    done = moved(fake, offline.ROWS_AT_TARGET).cut_over(TERMS, BACK)
    assert fake.open == {"source": True, "target": False}
    assert "is there alone" in done.warnings[0]
    for again in (lambda: moved(fake).cut_over(TERMS, FORWARD), moved(fake).rehearse):
        fake.notes["target"].pop(offline.REHEARSED, None)
        with pytest.raises(Refused, match="would take their place"):
            again()
    assert (fake.copies, fake.open["source"]) == (2, True)


def test_a_cutover_that_did_not_open_the_target_goes_back_without_a_word(fake: Fake) -> None:
    fake.open["source"] = False
    fake.keep("source", {offline.SHUT: {"token": "t", "at": 0}})
    moved(fake).cut_over(TERMS, BACK)
    assert fake.open == {"source": True, "target": False}
