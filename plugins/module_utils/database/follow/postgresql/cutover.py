# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cutover: writes move from where a road begins to where it ends.

All that takes time is done before the stop: the other road is made and seen to run, schema and large objects
are compared. Then, while writes are refused: prove that nobody writes, drain, set sequences, let rows go the
other way (see road.py), see a canary come back, open. What fails before the opening opens writes where they
were. Each act may be done again, so a run that was killed in any of them is gone on with by running it again.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import Cutover, Terms
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql import (
    blobs,
    catalog,
    objections,
    sequences,
    writes,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.choices import (
    CHANGES,
    RECOPY,
    Choices,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.copying import (
    MARK,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.road import (
    Road,
    Tell,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.side import Side
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
    Refused,
)

#: The share of the time that writes may be refused after which nothing new is begun: the rest is for the way
#: back.
_SHARE = 0.7
#: How long the other road may take until its first canary is seen, before the stop.
_PREPARE_S = 60.0
#: Key of what is kept where writes were closed: rows of it are all at the other side.
DRAINED = "drained"
#: And where it was a cutover that closed them: it opens them again when it cannot go on. Kept only as long as
#: the other side has not been opened since.
CUTTING = "cutting"


@dataclass
class Move:
    """One cutover.

    :param road: the direction that writes take now.
    :param back: the other one.
    """

    road: Road
    back: Road
    choices: Choices
    terms: Terms
    tell: Tell
    done: Cutover = field(default_factory=Cutover)
    _stopped: float | None = None

    @property
    def begin(self) -> Side:
        return self.road.begin

    @property
    def end(self) -> Side:
        return self.road.end

    def run(self) -> Cutover:
        at_begin, at_end = writes.accepts(self.begin), writes.accepts(self.end)
        if at_begin and at_end:
            raise Refused(
                "both sides accept writes",
                device=self.begin.device,
                cause=f"{self.begin.device} and {self.end.device} take sessions of applications",
                next_step="close the one whose rows are not wanted, and compare both",
            )
        if at_end:
            self._afterwards()
            return self.done
        if not at_begin and self._other_broke_off():
            self._undo()
        else:
            if at_begin or not self._is_drained():
                self._refused_again(at_begin, self.gate)
            self._refused_again(at_begin, self._prepare)
            self._stop()
        self._afterwards()
        return self.done

    def not_ready(self) -> list[str]:
        """Why :meth:`run` would not begin now, but for the lag. Nothing is changed."""
        try:
            at_begin, at_end = writes.accepts(self.begin), writes.accepts(self.end)
            if at_begin and at_end:
                return [
                    f"both sides accept writes, {self.begin.device} and {self.end.device}: close the one "
                    "whose rows are not wanted (db_writes), and compare both"
                ]
            if at_end:
                return [f"{self.end.device} accepts writes already"]
            if not at_begin and self._other_broke_off():
                return []
            return self._holes() if not at_begin and self._is_drained() else self.reasons()
        except DatacenterError as unknown:
            # A server that cannot be asked is no reason to say nothing.
            return [str(unknown)]

    # Out of a cutover the other way.

    def _other_broke_off(self) -> bool:
        """Whether one closed the end, and was killed before any row could be written at the beginning."""
        closed_by_it = self.end.kept().get(CUTTING) and not self.begin.kept().get(CUTTING)
        return bool(closed_by_it) and not self.road.armed()

    def _undo(self) -> None:
        """The end has every row: it is opened as it is, and rows go on to flow from there."""
        self._stopped = time.monotonic()
        self._act("undo")
        self.back.arm(True)
        self._act("open again")
        writes.reopen(self.end, {DRAINED: None, CUTTING: None})
        self._warn(
            [
                f"a cutover from {self.end.device} to {self.begin.device} was unfinished, and is undone: "
                f"nothing was written at {self.begin.device} since"
            ]
        )

    # Once more to a side that was open, and was closed by hand.

    def _end_was_open(self) -> bool:
        """Whether the end may have rows of its own, though it is closed."""
        kept = self.begin.kept()
        return bool(kept.get(DRAINED)) and not kept.get(CUTTING)

    def _holes(self) -> list[str]:
        """A way that is made anew does not bring rows of before."""
        if not (self.terms.way_back and self._end_was_open() and self.back.armed()) or self.back.whole():
            return []
        error = self.back.read().error or "there is no such way"
        return [
            f"rows that were written at {self.end.device} would not flow {self.back.direction}: {error}; "
            f"{self.end.device} is opened by db_writes"
        ]

    # Before the stop.

    def _refused_again(self, at_begin: bool, act: Callable[[], None]) -> None:
        """What a run before this one closed is opened when this one cannot go on."""
        try:
            act()
        except DatacenterError as error:
            if not at_begin and self.begin.kept().get(CUTTING):
                self._open_again(error)
            raise

    def gate(self) -> None:
        """:raises Refused: it may not begin; nothing was done."""
        found = self.reasons()
        if not found:
            found = self._lag()
        if found:
            raise Refused("the cutover does not begin", device=self.begin.device, cause="; ".join(found))

    def reasons(self) -> list[str]:
        """Why it may not begin, but for the lag."""
        way = self.road.read()
        if not way.running:
            return [f"rows do not flow {self.road.direction}: {way.error or 'there is no such way'}"]
        if not way.armed:
            return [f"rows do not take the way {self.road.direction}"]
        found = objections.prepared(self.begin) + writes.not_held(self.begin, self.choices)
        found += [
            f"{self.begin.device}: {table} has no key, and its changes cannot flow: give it one"
            for table in objections.keyless(self.begin)
        ]
        changed = self._schema()
        if CHANGES not in self.choices.accept:
            found += [
                f"{self.begin.device}: {change} since rows flow, and the other side does not have it: "
                f"make the same change at {self.end.device} and accept {CHANGES}"
                for change in changed
            ]
        else:
            self._warn(f"{self.begin.device}: {change}" for change in changed)
        different = self._blobs()
        if different and self.choices.large_objects != RECOPY:
            found.append(
                f"{self.begin.device}: {len(different)} large objects are not the same at {self.end.device} "
                f"({', '.join(map(str, different[:5]))}): large_objects: recopy"
            )
        return found

    def _schema(self) -> list[str]:
        return catalog.changed_since(self.begin)

    def _blobs(self) -> list[int]:
        mark = self.begin.kept().get(MARK)
        return [] if mark is None else blobs.different(self.begin, self.end, int(mark))

    def _warn(self, texts: Iterable[str]) -> None:
        for text in texts:
            if text not in self.done.warnings:
                self.done.warnings.append(text)

    def _lag(self) -> list[str]:
        """Measured: a row of now has to be there within the time that is allowed."""
        try:
            self.road.await_canary(self.road.send(), time.monotonic() + self.terms.lag_s)
        except DeadlineExceeded as late:
            return [
                f"a row takes longer than {self.terms.lag_s:g} s to {self.end.device} ({late.cause}): wait"
            ]
        return []

    def _prepare(self) -> None:
        """All that can be done while writes go on."""
        self.tell("prepare")
        found = self._holes()
        if found:
            raise Refused("the cutover does not go on", device=self.end.device, cause="; ".join(found))
        views = self.end.names_of(
            "SELECT c.oid::regclass::text FROM pg_class c WHERE relkind = 'm' AND relispopulated ORDER BY 1"
        )
        self._warn(
            f"{self.end.device}: the materialized view {view} is as of the copy: refresh it" for view in views
        )
        # What stands at the end now is what changes are told from when writes go back.
        catalog.remember(self.end)
        if self.terms.way_back:
            make_back(self.back, self.road)
            self.back.await_canary(self.back.send(), time.monotonic() + _PREPARE_S)
        if self.choices.large_objects == RECOPY:
            self._recopy()

    def _recopy(self) -> None:
        """Those that are different; the moment from which on the next look has to be."""
        mark = blobs.moment(self.begin)
        different = self._blobs()
        blobs.carry(self.begin, self.end, different)
        if self.begin.kept().get(MARK) is not None:
            self.begin.keep({MARK: mark})

    # The stop.

    def _stop(self) -> None:
        began = self._stopped = time.monotonic()
        self.begin.until = self.end.until = began + self.terms.stop_s * _SHARE
        try:
            self._refuse_and_drain()
            self._turn()
        except BaseException as error:
            self._open_again(error)
            raise
        self._open()
        self.done.refused_s = round(time.monotonic() - began, 3)
        self.begin.until = self.end.until = None

    def _act(self, name: str) -> None:
        self.done.acts.append((name, round(time.monotonic() - (self._stopped or 0.0), 3)))
        self.tell(name)

    def _is_drained(self) -> bool:
        return bool(self.begin.kept().get(DRAINED))

    def _refuse_and_drain(self) -> None:
        self._act("refuse")
        drained = self._is_drained()
        if not drained:
            self.begin.keep({CUTTING: True})
        writes.close(self.begin, self.choices, self.terms.stop_s * _SHARE)
        if drained:
            # A run before this one came so far, and nobody has written since.
            return
        self._act("drain")
        token = self.road.send()
        self.done.position = str(self.begin.value("SELECT pg_current_wal_lsn()"))
        # What somebody did between the gate and the stop. Compared while the last rows are on their way.
        found = objections.prepared(self.begin)
        found += [] if CHANGES in self.choices.accept else self._schema()
        different = self._blobs()
        if different and self.choices.large_objects == RECOPY:
            blobs.carry(self.begin, self.end, different)
        elif different:
            found.append(
                f"{len(different)} large objects were changed ({', '.join(map(str, different[:5]))})"
            )
        if found:
            raise Refused(
                "something changed at the last moment", device=self.begin.device, cause="; ".join(found)
            )
        self.road.await_canary(token, time.monotonic() + self._left())
        self._act("sequences")
        sequences.carry(self.begin, self.end)
        self.begin.keep({DRAINED: self.done.position})

    def _left(self) -> float:
        return max(0.0, (self.begin.until or 0.0) - time.monotonic())

    def _turn(self) -> None:
        """No row takes the old road any more; then rows take the other."""
        self._act("disarm")
        self.road.arm(False)
        if not self.terms.way_back:
            return
        self._act("arm")
        self.back.arm(True)
        self._act("canary")
        self.back.await_canary(self.back.send(), time.monotonic() + self._left())

    def _open(self) -> None:
        """From here on nothing is taken back: whether it was done is asked, not assumed."""
        self._act("open")
        try:
            # Once more, for a superuser may have come since.
            writes.close(self.begin, self.choices, self._left())
            writes.only_side(self.end, self.begin)
            # Soon the end has rows of its own: no run opens the beginning without them any more.
            self.begin.keep({CUTTING: None})
        except BaseException as error:
            self._open_again(error)
            raise
        self.end.until = None
        try:
            writes.reopen(self.end, {MARK: blobs.moment(self.end), DRAINED: None, CUTTING: None})
        except DatacenterError as error:
            self.end.close()
            raise DatacenterError(
                f"whether writes were opened at {self.end.device} is not known",
                device=self.end.device,
                cause=str(error),
                next_step=f"they stay refused at {self.begin.device}: run this again as soon as "
                f"{self.end.device} answers; or, when it is gone for good, open {self.begin.device} by hand",
                result={"acts": self.done.acts},
            ) from error

    def _open_again(self, error: BaseException) -> None:
        """Writes go on where they were, unless the end was open before this run."""
        self.begin.until = time.monotonic() + self.terms.stop_s * (1 - _SHARE) + 1
        self.end.until = time.monotonic() + self.terms.stop_s * (1 - _SHARE) / 2
        if isinstance(error, DatacenterError):
            error.result.setdefault("acts", list(self.done.acts))
        # The beginning is asked by a session of its own: the old one may be the cause.
        self.begin.close()
        try:
            if self._end_was_open():
                raise Refused(f"what was written at {self.end.device} may not be at {self.begin.device}")
            # The end of the other road is here: it brings nothing any more, even when its beginning is dead
            # and was armed. It is made anew next time.
            self.back.drop_subscription()
            with contextlib.suppress(DatacenterError):
                self.back.arm(False)
            self.road.arm(True)
            writes.reopen(self.begin, {DRAINED: None, CUTTING: None})
            self.tell("open again")
            if isinstance(error, DatacenterError):
                error.result["writes"] = f"open again at {self.begin.device}"
                error.result["refused_s"] = round(time.monotonic() - (self._stopped or 0.0), 3)
        except DatacenterError as second:
            if isinstance(error, DatacenterError):
                error.result["writes"] = f"refused at both sides: {second}"
        finally:
            self.begin.until = self.end.until = None

    # After it.

    def _afterwards(self) -> None:
        """Writes are at the end. Only what is convenient is left."""
        self.tell("afterwards")
        if not self.terms.way_back:
            self.road.remove()
            self.back.remove()


def make_back(back: Road, road: Road) -> None:
    """A road that is whole and carries a canary alone; one that is not is made anew."""
    # Armed it is when a run was killed at the turn: rows take one of both at any time.
    if back.whole() and not (back.armed() and road.armed()):
        return
    back.make_tables()
    back.make_publications("")
    # Before its slot goes: an armed way without one is a way that has lost rows.
    back.arm(False)
    back.drop_subscription()
    back.drop_slot()
    password = back.make_role()
    back.try_connection(password)
    back.make_slot()
    back.subscribe(password)
