# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From digests that differ to the rows that do: the logic, which knows no engine.

While changes flow from the source to the target, two readings never show the same point. So a difference
is believed only when the row has stood still on both sides for longer than changes take (``settle_s``) and
differs still. A row that differs all the while lies in a part that differs at each reading: narrowing cannot
lose it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Optional

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.model import (
    BOTH,
    NOTHING,
    SOURCE,
    TARGET,
    Buckets,
    Digest,
    Found,
    Key,
    Part,
    Plan,
    Range,
    Reader,
    Rows,
)

#: About so many rows come into one bucket, and at most so many buckets are kept by a server.
BUCKET_ROWS, MOST_BUCKETS = 2048, 65536
#: Of a table that is read in buckets so many rows are fetched when they differ.
FETCHED_ROWS = 200_000
#: Seconds between two readings of rows that may be on their way.
AGAIN_S = 1.0

#: What each side has of a key: how often and its digest, or nothing.
_Had = Optional[tuple[int, str]]
Candidates = Mapping[Key, tuple[_Had, _Had]]


@dataclass(frozen=True)
class Care:
    """How it is gone about.

    :param leaf_rows: parts of at most so many rows are read row by row instead of being halved again.
    :param name_rows: so many differing rows of a table are named; beyond, the parts.
    :param settle_s: 0: both sides are quiet, and a difference is one. Else seconds, more than the lag, that a
        difference has to last.
    :param give_up_s: rows that do not stand still for so many seconds are reported as not settled.
    """

    chunk_rows: int = 100_000
    name_rows: int = 1000
    settle_s: float = 0.0
    give_up_s: float = 300.0
    leaf_rows: int = 4096
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Sides:
    """Both sides, asked at the same time."""

    def __init__(self, source: Reader, target: Reader) -> None:
        self.source, self.target = source, target
        self._other = ThreadPoolExecutor(1, "target")

    def ask(self, question: str, *given: Any) -> tuple[Any, Any]:
        """The same question to both."""
        there = self._other.submit(getattr(self.target, question), *given)
        try:
            here = getattr(self.source, question)(*given)
        finally:
            # Not left running behind an error of the source.
            there.exception()
        return here, there.result()

    def close(self) -> None:
        self._other.shutdown()


@dataclass
class Named:
    """How many rows of a table have been named, over all threads."""

    limit: int
    count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def full(self) -> bool:
        return self.count >= self.limit

    def add(self, count: int) -> None:
        with self._lock:
            self.count += count


@dataclass(frozen=True)
class Outcome:
    """What came out of one part."""

    part: Part
    source: Digest
    target: Digest
    found: Sequence[Found] = ()


def ranges(
    reader: Reader, plan: Plan, width: int, chunk_rows: int, done: Mapping[Any, Any]
) -> Iterator[Range]:
    """A table's key cut into ranges that leave nothing out, before, between or behind.

    :param width: of a range of whole numbers; 0: the ranges are found by walking along the key.
    :param done: the ends of ranges that need not be read again, by their beginnings.
    """
    low: Key | None = None
    last = reader.span(plan) if width else None
    while True:
        if low in done:
            low = done[low]
            if low is None:
                return
            continue
        high: Key | None
        if not width:
            high = reader.edge(plan, Range(low), chunk_rows - 1)
        elif last is None:
            high = None
        else:
            # On a grid that does not depend on where the table begins, so that a second run meets it again.
            end = ((last[0] - 1 if low is None else int(low[0])) // width + 1) * width
            high = (end,) if end < last[1] else None
        yield Range(low, high)
        if high is None:
            return
        low = high


def width_of(reader: Reader, plan: Plan, chunk_rows: int) -> int:
    """How wide a range of a counted key is for about so many rows; 0 where the numbers lie too far apart."""
    span = reader.span(plan) if plan.counted and plan.rows else None
    if span is None:
        return 0
    per_row = (span[1] - span[0] + 1) / plan.rows
    return max(1, round(chunk_rows * per_row)) if per_row <= 8 else 0


def compare_range(sides: Sides, plan: Plan, part: Range, care: Care, named: Named) -> Outcome:
    """One range of a table."""
    source, target = sides.ask("digest", plan, part)
    if source == target:
        return Outcome(part, source, target)
    candidates, rest = _narrow(sides, plan, part, (source, target), named, care.leaf_rows)
    found = _judge(sides, plan, part, candidates, care)
    return Outcome(part, source, target, [*found, *_judge_parts(sides, plan, rest, care)])


def compare_whole(sides: Sides, plan: Plan, care: Care, named: Named) -> Outcome:
    """A table that no key cuts in the same way on both sides: in one reading each, spread over buckets."""
    of = 1
    while of < MOST_BUCKETS and of * BUCKET_ROWS < plan.rows:
        of *= 2
    source, target = sides.ask("buckets", plan, of)
    totals = [_total(one.values()) for one in (source, target)]
    differing = [
        number
        for number in sorted({*source, *target})
        if source.get(number, NOTHING) != target.get(number, NOTHING)
    ]
    if not differing:
        return Outcome(Buckets(of), totals[0], totals[1])
    looked_into: list[int] = []
    rows = 0
    for number in differing:
        rows += max(source.get(number, NOTHING).rows, target.get(number, NOTHING).rows)
        if looked_into and rows > FETCHED_ROWS:
            break
        looked_into.append(number)
    part = Buckets(of, tuple(looked_into))
    candidates = _differing(*sides.ask("rows", plan, part))
    some = dict(list(candidates.items())[: care.name_rows])
    named.add(len(some))
    found = _judge(sides, plan, part, some, care)
    left = [number for number in differing if number not in set(looked_into)]
    if left or len(some) < len(candidates):
        more = {**Buckets(of, tuple(left)).told(), "rows_not_named": len(candidates) - len(some)}
        found.append(Found(plan.table, BOTH, part=more, settled=not care.settle_s))
    return Outcome(Buckets(of), totals[0], totals[1], found)


def _total(digests: Any) -> Digest:
    total = NOTHING
    for one in digests:
        total = total.plus(one)
    return total


def _narrow(
    sides: Sides, plan: Plan, part: Range, first: tuple[Digest, Digest], named: Named, leaf_rows: int
) -> tuple[Candidates, list[tuple[Range, Digest]]]:
    """Halve what differs until its rows can be read; what is left when enough of them have a name."""
    candidates: dict[Key, tuple[_Had, _Had]] = {}
    rest: list[tuple[Range, Digest]] = []
    stack = [(part, *first)]
    while stack:
        part, source, target = stack.pop()
        if named.full:
            rest.append((part, source))
            continue
        count = max(source.rows, target.rows)
        middle = None
        if count > leaf_rows:
            fuller = sides.source if source.rows >= target.rows else sides.target
            middle = fuller.edge(plan, part, count // 2 - 1)
        if middle is None or middle == part.high:
            differing = _differing(*sides.ask("rows", plan, part))
            named.add(len(differing))
            candidates.update(differing)
            continue
        # The right one first, so that the left one is gone on with.
        for half in (Range(middle, part.high), Range(part.low, middle)):
            digests = sides.ask("digest", plan, half)
            if digests[0] != digests[1]:
                stack.append((half, *digests))
    return candidates, rest


def _differing(source: Rows, target: Rows) -> dict[Key, tuple[_Had, _Had]]:
    return {
        key: (source.get(key), target.get(key))
        for key in [*source, *(key for key in target if key not in source)]
        if source.get(key) != target.get(key)
    }


def _judge(sides: Sides, plan: Plan, part: Part, candidates: Candidates, care: Care) -> list[Found]:
    """Name the rows that really differ."""

    def again(keys: Sequence[Key]) -> tuple[Rows, Rows]:
        if plan.key:
            return sides.ask("rows_at", plan, keys)
        return sides.ask("rows", plan, part)

    if not care.settle_s:
        return _named(sides, plan, part, candidates, True)
    lasting, moving = settle(again, candidates, care)
    return [*_named(sides, plan, part, lasting, True), *_named(sides, plan, part, moving, False)]


def settle(
    again: Callable[[Sequence[Key]], tuple[Rows, Rows]], candidates: Candidates, care: Care
) -> tuple[Candidates, Candidates]:
    """Read again what differs until it is equal, lasts, or time is up: what lasts, and what still moves."""
    begun = care.clock()
    seen = {key: (had, begun) for key, had in candidates.items()}
    lasting: dict[Key, tuple[_Had, _Had]] = {}
    while seen:
        care.sleep(min(AGAIN_S, care.settle_s))
        source, target = again(list(seen))
        now = care.clock()
        for key, (had, since) in list(seen.items()):
            has = (source.get(key), target.get(key))
            if has[0] == has[1]:
                del seen[key]
            elif has != had:
                seen[key] = (has, now)
            elif now - since >= care.settle_s:
                lasting[key] = has
                del seen[key]
        if now - begun > care.give_up_s:
            break
    return lasting, {key: had for key, (had, _since) in seen.items()}


def _judge_parts(sides: Sides, plan: Plan, rest: Sequence[tuple[Range, Digest]], care: Care) -> list[Found]:
    """Parts that nobody looked into: still different?"""
    if rest and care.settle_s:
        care.sleep(care.settle_s)
    found = []
    for part, before in rest:
        source, target = sides.ask("digest", plan, part)
        if source != target:
            counts = (source.rows, target.rows)
            settled = not care.settle_s or source == before
            found.append(Found(plan.table, BOTH, part=part.told(), counts=counts, settled=settled))
    return found


def _named(sides: Sides, plan: Plan, part: Part, rows: Candidates, settled: bool) -> list[Found]:
    if not rows:
        return []
    if not plan.key:
        return _named_by_content(sides, plan, part, rows, settled)
    changed = [key for key, (source, target) in rows.items() if source and target]
    here, there = sides.ask("fields", plan, changed) if changed else ({}, {})
    found = []
    for key, (source, target) in rows.items():
        mine, theirs = here.get(key, {}), there.get(key, {})
        columns = [name for name in mine if mine[name] != theirs.get(name)]
        where = BOTH if source and target else SOURCE if source else TARGET
        found.append(Found(plan.table, where, dict(zip(plan.key, key)), columns, settled=settled))
    return found


def _named_by_content(sides: Sides, plan: Plan, part: Part, rows: Candidates, settled: bool) -> list[Found]:
    shown: dict[Key, Any] = {}
    for side, at in ((sides.source, 0), (sides.target, 1)):
        wanted = [key for key, had in rows.items() if had[at] and key not in shown]
        if wanted:
            shown.update(side.shown(plan, part, wanted))
    found = []
    for key, (source, target) in rows.items():
        counts = (source[0] if source else 0, target[0] if target else 0)
        where = SOURCE if not counts[1] else TARGET if not counts[0] else BOTH
        found.append(Found(plan.table, where, shown.get(key, {}), counts=counts, settled=settled))
    return found
