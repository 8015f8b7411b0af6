# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every survey: it does not differ from itself, and no change of what is known is missed."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.compare import against_survey
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.plugin_utils.room.sample import survey

#: What says when and how it was read, or changes by the hour.
OF_ITSELF = {"at", "evidence", "technology", "not_told", "hours", "celsius", "entries"}
#: Details of a row that something else beside them identifies.
BESIDE = {("neighbours", "chassis"), ("neighbours", "port_description"), ("software_raid", "state")}

Path = tuple[Any, ...]


def leaves(of: Any, path: Path = ()) -> Iterator[Path]:
    """The ways to everything in a survey that is known and that is a single value."""
    if isinstance(of, dict):
        for key, value in of.items():
            if key not in OF_ITSELF and path + (key,) != ("name",):
                yield from leaves(value, (*path, key))
    elif isinstance(of, list):
        for number, value in enumerate(of):
            yield from leaves(value, (*path, number))
    elif of is not None:
        words = [step for step in path if isinstance(step, str)]
        if len(words) < 2 or (words[-2], words[-1]) not in BESIDE:
            yield path


def at(of: Any, path: Path) -> Any:
    for step in path:
        of = of[step]
    return of


def with_at(of: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    found = copy.deepcopy(of)
    at(found, path[:-1])[path[-1]] = value
    return found


def another(value: Any, data: st.DataObject) -> Any:
    """A value of the same kind that is a different one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return data.draw(st.integers(0, 2 * value + 9).filter(lambda number: number != value))
    words = st.text("abcdefXYZ0123456789:. -", min_size=1, max_size=12).map(str.strip)
    return data.draw(words.filter(lambda text: text not in ("", value, "unknown")))


@st.composite
def surveys(draw: st.DrawFn) -> dict[str, Any]:
    """Surveys of which parts, or single values, are not known."""
    found = survey()
    for part in draw(
        st.sets(st.sampled_from(["memory", "drives", "processors", "sensors", "events", "inside"]))
    ):
        found[part] = None
    for path in draw(st.lists(st.sampled_from(sorted(leaves(found), key=str)), max_size=4)):
        at(found, path[:-1])[path[-1]] = None
    return found


@given(surveys())
@settings(max_examples=60, deadline=None)
def test_a_survey_does_not_differ_from_itself(one: dict[str, Any]) -> None:
    assert against_survey({"s": one}, {"s": copy.deepcopy(one)})["differences"] == []


def test_each_value_that_is_known_counts() -> None:
    known = survey()
    changes: dict[type, Any] = {bool: False, int: 3, str: "another"}
    missed = []
    for path in leaves(known):
        value = at(known, path)
        changed = (not value) if isinstance(value, bool) else changes[type(value)]
        if not against_survey({"s": known}, {"s": with_at(known, path, changed)})["differences"]:
            missed.append(path)

    assert missed == []


@given(surveys(), st.data())
@settings(max_examples=150, deadline=None)
def test_every_change_of_what_is_known_is_found(one: dict[str, Any], data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(leaves(one), key=str)))
    changed = with_at(one, path, another(at(one, path), data))

    found = against_survey({"s": one}, {"s": changed})

    assert found["differences"], f"{path} was {at(one, path)!r}, is {at(changed, path)!r}"


@given(surveys(), st.data())
@settings(max_examples=60, deadline=None)
def test_what_is_not_known_any_more_is_said_and_is_no_difference(
    one: dict[str, Any], data: st.DataObject
) -> None:
    path = data.draw(st.sampled_from(sorted(leaves(survey()), key=str)).filter(lambda p: len(p) == 2))
    known = survey()
    found = against_survey({"s": known}, {"s": with_at(known, path, None)})

    assert found["differences"] == []
    assert found["not_told"]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_part_that_goes_is_found_wherever_it_was(data: st.DataObject) -> None:
    lists = [
        ("memory",), ("drives",), ("processors",), ("inside", "memory"), ("inside", "disks"),
        ("inside", "processors"), ("inside", "software_raid"), ("inside", "raid_controllers"),
        ("inside", "nics"), ("inside", "neighbours"), ("inside", "raid_controllers", 0, "drives"),
        ("inside", "raid_controllers", 0, "batteries"),
    ]  # fmt: skip
    path = data.draw(st.sampled_from(lists))
    before, after = survey(), survey()
    parts = at(after, path)
    del parts[data.draw(st.integers(0, len(parts) - 1))]

    assert against_survey({"s": before}, {"s": after})["stops"]
    assert not against_survey({"s": after}, {"s": before})["stops"], "a part more does not stop"


@given(st.permutations(range(2)), st.sampled_from(["memory", "drives"]))
@settings(deadline=None)
def test_the_order_in_which_parts_are_told_is_nothing(order: list[int], part: str) -> None:
    before, after = survey(), survey()
    after[part] = [before[part][number] for number in order]

    assert against_survey({"s": before}, {"s": after})["differences"] == []
