# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cutting, halving and settling, over tables in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.compare import (
    Care,
    Named,
    Sides,
    compare_range,
    compare_whole,
    ranges,
    settle,
    width_of,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.model import (
    Buckets,
    Digest,
    Key,
    Part,
    Plan,
    Range,
    Rows,
)

PLAN = Plan("s.t", "t", "", {"v": "v"}, {"v": "v"}, key=("k",), ordered=True, counted=True)
KEYLESS = Plan("s.t", "t", "", {"v": "v"}, {"v": "v"})


def _hash(text: str) -> int:
    return int(md5(text.encode()).hexdigest()[:16], 16)


@dataclass
class Memory:
    """A table of whole numbers and values; it counts the rows that were read."""

    table: dict[int, str]
    read: int = 0
    asked: list[str] = field(default_factory=list)

    def _in(self, part: Range) -> list[int]:
        low = part.low[0] if part.low else None
        high = part.high[0] if part.high else None
        return sorted(k for k in self.table if (low is None or k > low) and (high is None or k <= high))

    def digest(self, plan: Plan, part: Range) -> Digest:
        keys = self._in(part)
        self.read += len(keys)
        return Digest(len(keys), (sum(_hash(f"{k}|{self.table[k]}") for k in keys),))

    def buckets(self, plan: Plan, of: int) -> Mapping[int, Digest]:
        found: dict[int, Digest] = {}
        for k, v in self.table.items():
            text = f"{k}|{v}" if plan.key else v
            number = _hash(str(k) if plan.key else v) % of
            found[number] = found.get(number, Digest(0, (0,))).plus(Digest(1, (_hash(text),)))
        return found

    def rows(self, plan: Plan, part: Part) -> Rows:
        if isinstance(part, Range):
            return {(k,): (1, self.table[k]) for k in self._in(part)}
        if plan.key:
            return {(k,): (1, v) for k, v in self.table.items() if _hash(str(k)) % part.of in part.numbers}
        values = [v for v in self.table.values() if _hash(v) % part.of in part.numbers]
        return {(v,): (values.count(v), v) for v in values}

    def rows_at(self, plan: Plan, keys: Sequence[Key]) -> Rows:
        return {key: (1, self.table[key[0]]) for key in keys if key[0] in self.table}

    def edge(self, plan: Plan, part: Range, offset: int) -> Key | None:
        keys = self._in(part)
        return (keys[offset],) if offset < len(keys) else None

    def span(self, plan: Plan) -> tuple[int, int] | None:
        return (min(self.table), max(self.table)) if self.table else None

    def fields(self, plan: Plan, keys: Sequence[Key]) -> Mapping[Key, Mapping[str, Any]]:
        return {key: {"v": self.table[key[0]]} for key in keys if key[0] in self.table}

    def shown(self, plan: Plan, part: Part, keys: Sequence[Key]) -> Mapping[Key, Mapping[str, Any]]:
        return {key: {"v": key[0]} for key in keys}


def _both(source: dict[int, str], target: dict[int, str]) -> tuple[Sides, Memory, Memory]:
    here, there = Memory(source), Memory(target)
    return Sides(here, there), here, there


def _planned(rows: int) -> Plan:
    return Plan("s.t", "t", "", {"v": "v"}, {"v": "v"}, key=("k",), ordered=True, counted=True, rows=rows)


KEYS = st.sets(st.integers(-(2**40), 2**40) | st.integers(-30, 30), max_size=60)


@given(KEYS, KEYS, st.integers(1, 20))
def test_ranges_leave_no_row_out_on_either_side(mine: set[int], theirs: set[int], chunk: int) -> None:
    sides, here, there = _both(dict.fromkeys(mine, ""), dict.fromkeys(theirs, ""))
    plan = _planned(len(mine))
    found = list(ranges(here, plan, width_of(here, plan, chunk), chunk, {}))
    for one in (here, there):
        assert sorted(k for part in found for k in one._in(part)) == sorted(one.table)
    sides.close()


def test_numbers_far_apart_are_walked_along() -> None:
    lonely = Memory(dict.fromkeys([*range(1000), 2**62], ""))
    plan = _planned(1001)
    assert width_of(lonely, plan, 100) == 0
    parts = list(ranges(lonely, plan, 0, 100, {}))
    assert max(lonely.digest(plan, part).rows for part in parts) == 100


def test_what_is_done_is_skipped_and_what_lies_between_is_not() -> None:
    table = Memory(dict.fromkeys(range(100), ""))
    plan = _planned(100)
    whole = list(ranges(table, plan, 10, 10, {}))
    done = {part.low: part.high for part in whole if part.low not in ((40,), (70,))}
    assert list(ranges(table, plan, 10, 10, done)) == [Range((40,), (50,)), Range((70,), (80,))]


CHANGE = st.dictionaries(st.integers(0, 400), st.sampled_from(["other", None]), max_size=12)


@given(CHANGE)
def test_every_row_that_differs_is_named_and_no_other(changes: dict[int, str | None]) -> None:
    source = {k: f"v{k}" for k in range(200)}
    target = dict(source)
    for k, v in changes.items():
        if v is None:
            target.pop(k, None)
        else:
            target[k] = v
    sides, _here, _there = _both(source, target)
    outcome = compare_range(sides, PLAN, Range(), Care(leaf_rows=8), Named(1000))
    sides.close()
    expected = {k for k in {*source, *target} if source.get(k) != target.get(k)}
    assert {found.key["k"] for found in outcome.found} == expected
    for found in outcome.found:
        k = found.key["k"]
        where = "both" if k in source and k in target else "source" if k in source else "target"
        assert (found.where, list(found.columns)) == (where, ["v"] if where == "both" else [])


def test_one_row_costs_no_more_than_reading_twice_again() -> None:
    source = dict.fromkeys(range(64 * 8), "v")
    sides, here, _there = _both(source, {**source, 77: "w"})
    compare_range(sides, PLAN, Range(), Care(leaf_rows=8), Named(1000))
    sides.close()
    assert here.read <= 3 * len(source)


def test_beyond_what_is_named_the_parts_are() -> None:
    source = dict.fromkeys(range(8 * 16), "v")
    sides, _here, _there = _both(source, {})
    outcome = compare_range(sides, PLAN, Range(), Care(leaf_rows=16), Named(10))
    sides.close()
    rows = [found for found in outcome.found if found.part is None]
    parts = [found for found in outcome.found if found.part is not None]
    assert len(rows) == 16
    assert sum((found.counts or (0, 0))[0] for found in parts) == 7 * 16


@pytest.mark.parametrize("plan", [KEYLESS, _planned(50)], ids=["without key", "by key"])
def test_a_table_in_buckets(plan: Plan) -> None:
    source = {k: f"v{k % 20}" for k in range(50)}
    target = {**source, 4: "w", 60: "v7"}
    del target[3]
    sides, _here, _there = _both(source, target)
    outcome = compare_whole(sides, plan, Care(), Named(1000))
    sides.close()
    assert isinstance(outcome.part, Buckets)
    assert (outcome.source.rows, outcome.target.rows) == (50, 50)
    if plan.key:
        assert {(one.key["k"], one.where) for one in outcome.found} == {
            (3, "source"), (4, "both"), (60, "target"),
        }  # fmt: skip
        return
    # Each of them stands there several times.
    assert {(one.key["v"], one.counts) for one in outcome.found} == {
        ("v3", (3, 2)), ("v4", (3, 2)), ("w", (0, 1)), ("v7", (3, 4)),
    }  # fmt: skip


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_only_what_stands_still_and_differs_is_a_difference() -> None:
    clock = Clock()
    care = Care(settle_s=10, give_up_s=60, clock=clock, sleep=clock.sleep)
    wrong: tuple[Key, ...] = (("wrong",),)
    candidates = {(name,): ((1, "a"), (1, "b")) for name in ("late", "wrong", "missing", "hot")}
    candidates[("missing",)] = ((1, "a"), None)  # type: ignore[assignment]

    def again(keys: Sequence[Key]) -> tuple[Rows, Rows]:
        # One arrives after eight seconds; one is written to all the time, and the target is always behind.
        late = "a" if clock.now >= 8 else "b"
        here = {("late",): (1, "a"), ("wrong",): (1, "a"), ("missing",): (1, "a")}
        here[("hot",)] = (1, f"{clock.now}")
        there = {("late",): (1, late), ("wrong",): (1, "b"), ("hot",): (1, f"{clock.now - 1}")}
        return {k: here[k] for k in keys if k in here}, {k: there[k] for k in keys if k in there}

    lasting, moving = settle(again, candidates, care)
    assert set(lasting) == {*wrong, ("missing",)}
    assert set(moving) == {("hot",)}
    assert clock.now <= 62
