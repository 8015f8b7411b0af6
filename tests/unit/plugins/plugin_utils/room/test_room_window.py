# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work is done in the time that was announced for it, or somebody says yes to that it is not."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.moments import moment
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.window import room_window
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.readings import failing, parse

WINDOW = "2026-12-01T22:00+08:00/2026-12-02T06:00+08:00"


def at(now: str, **options: Any) -> dict[str, Any]:
    given = {"text": WINDOW, "number": "CHG-2026-0117", **options}
    return room_window(now=moment(now).timestamp(), **given)


def refusals(found: dict[str, Any]) -> list[str]:
    """What a gate would refuse with, by its own reader."""
    return [reading.sentence() for reading in failing(parse(found["that"]))]


def test_inside_its_time_passes_and_tells_how_long_is_left() -> None:
    found = at("2026-12-02T03:30+08:00")

    assert refusals(found) == []
    assert (found["inside"], found["left_s"], found["before_s"]) == (True, 9000, 0)
    assert "2 h 30 min of the window" in found["that"][-1]["reading"]


@pytest.mark.parametrize(
    ("now", "says"),
    [
        ("2026-12-01T21:59:59+08:00", "begins in 1 s. Next: wait until it begins, or approve"),
        ("2026-12-02T06:00+08:00", "has been over for 0 s. Next: announce another"),
        ("2026-12-03T06:00Z", "has been over for 1 d 8 h"),
    ],
)
def test_outside_it_refuses_with_the_way_on_and_an_approval_of_its_own(now: str, says: str) -> None:
    found = at(now)

    [sentence] = refusals(found)
    assert says in sentence
    assert found["inside"] is False
    [reading] = failing(parse(found["that"]))
    assert (reading.approval, reading.this_risk) == ("outside_window", True)
    assert "CHG-2026-0117" in reading.risk


def test_a_yes_counts_for_the_same_window_a_minute_later_and_for_no_other_window() -> None:
    def risk(now: str, **options: Any) -> str:
        return str(at(now, **options)["that"][-1]["risk"])

    other = WINDOW.replace("06:00", "07:00")
    assert risk("2026-12-03T06:00Z") == risk("2026-12-03T06:07Z")
    assert risk("2026-12-03T06:00Z") != risk("2026-12-03T06:00Z", text=other)
    assert risk("2026-12-03T06:00Z") != risk("2026-12-03T06:00Z", number="CHG-2")


def test_what_takes_longer_than_is_left_is_not_begun() -> None:
    assert refusals(at("2026-12-02T05:00+08:00", needs_s=3600)) == []
    [sentence] = refusals(at("2026-12-02T05:00+08:00", needs_s=3660))
    assert "1 h of the window" in sentence
    assert "the work takes 1 h 1 min" in sentence


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2026-12-01T22:00/2026-12-02T06:00", "has no zone"),
        ("2026-12-01T22:00+08:00/2026-12-02T06:00", "has no zone"),
        ("2026-12-02T06:00+08:00/2026-12-01T22:00+08:00", "not after its beginning"),
        ("2026-12-01T22:00+08:00/2026-12-01T14:00Z", "not after its beginning"),
        ("2026-12-01T22:00+08:00/2026-12-15T22:01+08:00", "at most 14 d"),
        ("2026-12-01T22:00+08:00", "is no window"),
        ("2026-12-01T22:00+08:00/PT8H", "no date and time"),
        ("2026-13-01T22:00+08:00/2026-12-02T06:00+08:00", "no date and time"),
        ("", "is no window"),
        (None, "is no window"),
    ],
)
def test_what_is_no_window_is_refused_and_no_approval_helps(text: Any, says: str) -> None:
    found = at("2026-12-02T03:30+08:00", text=text)

    [sentence] = refusals(found)
    assert says in sentence
    assert found["known"] is False
    assert "approval" not in found["that"][-1]


@pytest.mark.parametrize(
    ("number", "says"),
    [("", "empty"), ("  ", "empty"), (None, "empty"), ("a\nb", "one line"), ("x" * 65, "65 characters")],
)
def test_a_ticket_is_one_short_line(number: Any, says: str) -> None:
    found = at("2026-12-02T03:30+08:00", number=number)

    [sentence] = refusals(found)
    assert says in sentence
    assert found["known"] is False


def test_each_window_and_ticket_is_a_note_of_its_own_however_it_was_written() -> None:
    up = "2026-12-05T22:00+08:00/2026-12-06T06:00+08:00"
    in_utc = "2026-12-01T14:00Z/2026-12-01T22:00Z"
    names = [at("2026-12-02T00:00Z", text=text)["name"] for text in (WINDOW, up, in_utc)]

    assert names[0] == names[2] != names[1]
    assert at("2026-12-02T00:00Z", number="CHG-2")["name"] not in names
    assert at("2026-12-02T00:00Z")["note"] == {
        "from": "2026-12-01T14:00:00Z",
        "to": "2026-12-01T22:00:00Z",
        "said": WINDOW,
        "ticket": "CHG-2026-0117",
    }


@pytest.mark.parametrize("zone", ["Z", "+00:00", "+0000", "+00"])
def test_utc_is_written_in_several_ways(zone: str) -> None:
    assert moment(f"2026-12-01T14:00:00{zone}") == moment("2026-12-01T22:00+08:00")
