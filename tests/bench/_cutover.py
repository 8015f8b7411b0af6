# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes move between two servers under an application that counts what was acknowledged.

The floor is a stop and a drain by hand: the application's account closed, its sessions ended, the other side
waited for, the account opened again where it was. It proves nothing, arms nothing, and moves nothing.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import (
    BACK,
    FORWARD,
    Migration,
    Terms,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import (
    Session,
    connect,
    session,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.tests.bench._databases import GIB, JOBS, REPORTS, RUNS, seconds
from ansible_collections.anjianyun.datacenter.tests.bench._figures import Goal, leave
from ansible_collections.anjianyun.datacenter.tests.integration.database.servers import PASSWORD

WRITERS = 4
#: Between two rows of a writer.
_REST_S = 0.002
#: A copy of hours leaves hours of rows behind it, and a replica of MariaDB applies them one by one.
_LAG_S = 900.0
TERMS = Terms(lag_s=5, stop_s=20)


class Load:
    """Sessions of an application: each writes a row, changes another, and goes to the side that takes it."""

    def __init__(self, source: Server, target: Server) -> None:
        self._sides = [replace(one, user="app", password=PASSWORD) for one in (source, target)]
        self._numbers = itertools.count(1)
        self._over = threading.Event()
        self.acknowledged: list[tuple[float, int]] = []
        #: Sent, and nobody knows whether they were done.
        self.unknown: set[int] = set()
        self._threads = [threading.Thread(target=self._write, daemon=True) for _writer in range(WRITERS)]

    @contextlib.contextmanager
    def writing(self) -> Iterator[Load]:
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join(20)

    def _write(self) -> None:
        at = 0
        opened: Session | None = None
        while not self._over.is_set():
            try:
                opened = opened or connect(self._sides[at % 2], 2)
            except DatacenterError:
                at += 1
                time.sleep(0.01)
                continue
            number = next(self._numbers)
            try:
                opened.do(
                    "INSERT INTO written (number, note) VALUES (%s, %s)", [number, "x" * 150], answer_s=5
                )
                self.acknowledged.append((time.monotonic(), number))
                opened.do(
                    "UPDATE reports SET loss = loss + 1 WHERE id = %s",
                    [1 + number * 7919 % REPORTS],
                    answer_s=5,
                )
                time.sleep(_REST_S)
            except DatacenterError:
                self.unknown.add(number)
                opened.close()
                opened = None
        if opened is not None:
            opened.close()

    def longest_gap(self, since: float) -> float:
        """Seconds without an acknowledged row, as an application sees them."""
        at = sorted(moment for moment, number in self.acknowledged if moment > since - 1)
        return max((b - a for a, b in itertools.pairwise(at)), default=0.0)

    def more(self, within_s: float = 30.0) -> None:
        """Wait until rows are acknowledged again."""
        wanted, end = len(self.acknowledged) + 2 * WRITERS, time.monotonic() + within_s
        while len(self.acknowledged) < wanted:
            assert time.monotonic() < end, "nobody takes the application's rows"
            time.sleep(0.01)

    def lost(self, server: Server) -> int:
        """How many acknowledged rows are not there. A row that nobody sent, or one twice, fails."""
        with session(server) as asked:
            found = [int(row[0]) for row in asked.rows("SELECT number FROM written", answer_s=120)]
        known = {number for moment, number in self.acknowledged}
        assert len(found) == len(set(found))
        assert set(found) - known <= self.unknown
        return len(known - set(found))


@dataclass
class Moves:
    """What was seen: seconds of refused writes, by the library and by the application."""

    way_back: list[float] = field(default_factory=list)
    without: list[float] = field(default_factory=list)
    by_hand: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    acts: list[tuple[str, float]] = field(default_factory=list)
    copied_s: float = 0.0
    rows: int = 0
    seconds: float = 0.0
    lost: int = 0


@dataclass(frozen=True)
class Pair:
    """The servers of a move, as superusers reach them.

    :param by_hand: a stop and a drain where rows of this direction are written; the seconds.
    """

    migration: Migration
    source: Server
    target: Server
    by_hand: Callable[[str], float]


def measure(pair: Pair, runs: int = RUNS) -> Moves:
    """Copy under load; there and back, each beside a stop by hand; once there without a way back."""
    seen = Moves()
    moved = pair.migration
    load = Load(pair.source, pair.target)
    begun = time.monotonic()
    with load.writing():
        seen.copied_s = seconds(lambda: moved.copy(JOBS, lambda progress: None))
        for number in range(runs):
            for direction in (FORWARD, BACK):
                _caught_up(moved, direction)
                seen.by_hand.append(pair.by_hand(direction))
                load.more()
                _move(moved, load, seen, direction, way_back=True)
                print(
                    f"{number + 1} of {runs}, {direction}: refused for {seen.way_back[-1]:.2f} s, the"
                    f" application for {seen.gaps[-1]:.2f} s, by hand {seen.by_hand[-1]:.2f} s", flush=True,
                )  # fmt: skip
        _move(moved, load, seen, FORWARD, way_back=False)
        print(f"without a way back: refused for {seen.without[-1]:.2f} s", flush=True)
    seen.seconds = time.monotonic() - begun
    seen.rows = len(load.acknowledged)
    seen.lost = load.lost(pair.target)
    moved.remove()
    moved.close()
    return seen


def _move(moved: Migration, load: Load, seen: Moves, direction: str, *, way_back: bool) -> None:
    _caught_up(moved, direction)
    since = time.monotonic()
    done = moved.cut_over(replace(TERMS, way_back=way_back), direction)
    assert done.refused_s is not None
    load.more()
    (seen.way_back if way_back else seen.without).append(done.refused_s)
    seen.gaps.append(load.longest_gap(since))
    if way_back:
        seen.acts = list(done.acts)


def _caught_up(moved: Migration, direction: str) -> None:
    """The copy is behind by what was written meanwhile."""
    end = time.monotonic() + _LAG_S
    while moved.not_ready(TERMS, direction) or (moved.read().ways[direction].lag_bytes or 0) > 1 << 20:
        assert time.monotonic() < end, moved.not_ready(TERMS, direction)
        time.sleep(0.2)


def leave_moves(name: str, seen: Moves, size: int, floor: str, version: str) -> None:
    """Write what was measured, with the goals of issue 5."""
    values: Mapping[str, list[float]] = {
        "way_back": seen.way_back, "without": seen.without, "by_hand": seen.by_hand, "gaps": seen.gaps,
    }  # fmt: skip
    by_hand = statistics.median(seen.by_hand)
    leave(
        name,
        unit="s",
        ours=statistics.median(seen.way_back),
        # Nothing else moves writes between two databases and can go back: there is a floor alone.
        peer={"name": f"stop and drain by hand, nothing proved, and no move ({floor})", "version": version,
              "value": by_hand},
        floor={"name": floor, "value": round(by_hand, 2)},
        better="lower",
        runs=len(seen.way_back),
        goals=[
            Goal("seconds refused with the way back, at most", max(seen.way_back), 3.0),
            Goal("seconds refused without it, at most", max(seen.without), 2.0),
            Goal("acknowledged writes lost", seen.lost, 0),
        ],
        gib=GIB,
        bytes=size,
        acknowledged=seen.rows,
        acknowledged_per_s=round(seen.rows / seen.seconds),
        copied_under_load_s=round(seen.copied_s, 1),
        application_gap_s=round(max(seen.gaps), 2),
        all={what: [round(one, 3) for one in found] for what, found in values.items()},
        acts=[[act, at] for act, at in seen.acts],
        load=round(os.getloadavg()[0], 1),
    )  # fmt: skip
