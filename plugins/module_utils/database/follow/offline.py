# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database moves while nobody writes, for a source that cannot replicate; the same for both engines.

Before the window a rehearsal copies and compares while the source is used: it proves rights, space and
objections, and measures how long the window has to be. In the window writes are refused at the source and
proved to be, the database is copied anew and compared, and writes are opened at the target. Whatever fails
before that opens them at the source again. Nothing flows back: going back leaves at the target what was
written there, and has to be accepted by name.

Which acts are left is read from the servers. A whole copy carries the token of the closed door that it was
made behind; the token goes with the door, so a copy is never taken for what was written after it.
"""

from __future__ import annotations

import glob
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import (
    FORWARD,
    Cutover,
    Progress,
    Terms,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.compare import Care
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.run import (
    Wanted,
    demand_identical,
    verify,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
    Refused,
)

SOURCE, TARGET = "source", "target"
#: What is kept at the target: the token of the copy that is whole there; what the rehearsal measured; when
#: writes were opened; what the comparison before that came to.
BROUGHT, REHEARSED, OPENED, COMPARED = "brought", "rehearsed", "opened", "compared"
#: At the source: the token of the door that a cutover has closed, and since when.
SHUT = "shut"
#: What a copy that nobody can cut over to carries instead.
REHEARSAL = "rehearsal"
#: To be accepted: rows that were written at the target stay there when writes go back.
ROWS_AT_TARGET = "rows_at_target"
#: Seconds of the time that writes may be refused which are kept for opening them again.
_RESERVE_S = 3.0
#: For ending sessions, of which long transactions are rolled back first.
_CLOSE_S = 60.0

Say = Callable[[Progress], None]


class Ends(Protocol):
    """Both servers of one move, in the words of one engine. A side is ``source`` or ``target``."""

    def server(self, side: str) -> Server:
        """By which it is compared."""

    def accepts(self, side: str) -> bool:
        """Whether applications can write there; a database that is not there takes no writes."""

    def shut(self, side: str, within_s: float) -> None:
        """Refuse writes, and prove it. :raises DatacenterError: it cannot be proved."""

    def let_in(self, side: str, change: Mapping[str, Any]) -> None:
        """Let applications write as before the closing, and keep what was changed with it."""

    def kept(self, side: str, name: str) -> Any:
        """What is kept there under a name; ``None``: nothing."""

    def keep(self, side: str, change: Mapping[str, Any]) -> None:
        """Keep more, or with ``None`` less."""

    def size(self) -> int:
        """Bytes at the source."""

    def objections(self) -> list[str]:
        """Why it cannot be copied."""

    def reasons(self) -> list[str]:
        """Why writes cannot be refused at the source now."""

    def make_room(self, keeping: Mapping[str, Any]) -> None:
        """An empty place at the target, closed; what was there goes, but for what is kept."""

    def carry(self, jobs: int, say: Say) -> list[str]:
        """All of the database, its roles and counters; what could not be carried, by name."""

    def derived(self) -> list[str]:
        """What the target works out anew from its rows (``schema.name``): it need not be as at the source."""

    def end_copy(self) -> None:
        """End what loads rows or makes indexes at the target."""


class Offline:
    """
    :param schemas: of MariaDB, which databases are compared.
    :param not_compared: patterns of tables that the comparison leaves out.
    :param accept: what is taken as it is.
    :param tell: told each act as it begins.
    """

    def __init__(
        self,
        ends: Ends,
        jobs: int,
        say: Say,
        *,
        schemas: Sequence[str] = (),
        not_compared: Sequence[str] = (),
        accept: Sequence[str] = (),
        tell: Callable[[str], None] = lambda act: None,
    ) -> None:
        self.ends, self.jobs, self.say, self.tell = ends, jobs, say, tell
        self._schemas, self._accept = tuple(schemas), tuple(accept)
        self._exclude = ("ajy_*.*", *not_compared)
        self.done = Cutover()
        self._began = time.monotonic()
        #: When writes are to be open again (time.monotonic()); ``None``: nobody waits.
        self._until: float | None = None
        #: When a run before this one opened the target, or was about to.
        self._opened: Mapping[str, Any] | None = None

    # Before the window.

    def whole(self) -> bool:
        """Whether a rehearsal, or the move itself, is there from its beginning to its end."""
        return bool(self.ends.kept(TARGET, BROUGHT) and self.ends.kept(TARGET, REHEARSED))

    def rehearse(self) -> None:
        """Copy and compare while the source is used. Done again after a break, it is begun anew."""
        if self.ends.accepts(TARGET) or self.whole():
            return
        if self.ends.kept(SOURCE, SHUT):
            raise Refused(
                "nothing is rehearsed", device=self._device(SOURCE), cause="a cutover of it is unfinished",
                next_step="cut over again, which goes on with it",
            )  # fmt: skip
        found = self.ends.objections() + self._rows_would_go()
        if found:
            raise Refused("the copy does not begin", device=self._device(SOURCE), cause="; ".join(found))
        began, size = time.monotonic(), self.ends.size()
        self._copy(REHEARSAL, {})
        # Its rows are as of the snapshot, and the source goes on: what counts is how long it takes.
        self._compared()
        spent = round(time.monotonic() - began, 1)
        self.ends.keep(TARGET, {REHEARSED: {"seconds": spent, "bytes": size, "at": round(time.time())}})

    def estimate_s(self) -> float | None:
        """How long writes will be refused, by what the rehearsal measured and what has grown since."""
        measured = self.ends.kept(TARGET, REHEARSED)
        if not measured:
            return None
        grown = self.ends.size() / max(1, int(measured["bytes"]))
        return round(float(measured["seconds"]) * max(1.0, grown), 1)

    # Whether it may begin.

    def not_ready(self, terms: Terms, direction: str) -> list[str]:
        """Why writes would not be moved now. Nothing is changed."""
        end = TARGET if direction == FORWARD else SOURCE
        if self.ends.accepts(end):
            return [f"{self._device(end)} accepts writes already"]
        if direction != FORWARD:
            return self._rows_would_stay()
        found = self._rows_would_go() + self.ends.objections() + self.ends.reasons()
        return found if self._is_brought() else found + self._too_short(terms)

    def _too_short(self, terms: Terms) -> list[str]:
        needed = self.estimate_s()
        if needed is None:
            return [
                f"{self._device(TARGET)}: how long it takes is not known: rehearse it (db_copy) while the "
                "source is used"
            ]
        if needed + _RESERVE_S <= terms.stop_s:
            return []
        return [
            f"the window is too short: copying and comparing takes {needed:g} s by the rehearsal, opening "
            f"writes again {_RESERVE_S:g} s, and {terms.stop_s:g} s are allowed"
        ]

    def _rows_would_go(self) -> list[str]:
        """A new copy takes the place of what was written at the target while it was open."""
        opened = self.ends.kept(TARGET, OPENED)
        if not opened or ROWS_AT_TARGET in self._accept or self._is_brought():
            return []
        return [
            f"{self._device(TARGET)}: it has rows that were written there from {_clock(opened)} on, and a "
            f"new copy would take their place: save them, then accept {ROWS_AT_TARGET}"
        ]

    def _rows_would_stay(self) -> list[str]:
        if ROWS_AT_TARGET in self._accept or not self._was_open():
            return []
        opened = self.ends.kept(TARGET, OPENED)
        return [
            f"{self._device(TARGET)}: rows that were written there from {_clock(opened)} on would stay "
            f"there, for nothing flows back to {self._device(SOURCE)}: see which (db_verify names each), "
            f"bring over what is needed, and accept {ROWS_AT_TARGET}"
        ]

    def _was_open(self) -> bool:
        return bool(self.ends.kept(TARGET, OPENED)) or self.ends.accepts(TARGET)

    def _is_brought(self) -> bool:
        """Whether the copy behind the door that is closed now is whole already."""
        shut = self.ends.kept(SOURCE, SHUT)
        return bool(
            shut and not self.ends.accepts(SOURCE) and self.ends.kept(TARGET, BROUGHT) == shut["token"]
        )

    # The cutover.

    def cut_over(self, terms: Terms, direction: str) -> Cutover:
        """Move the writes; done again after a break, it goes on from what the servers show."""
        at_source, at_target = self.ends.accepts(SOURCE), self.ends.accepts(TARGET)
        if at_source and at_target:
            raise Refused(
                "both sides accept writes",
                device=self._device(SOURCE),
                cause=f"{self._device(SOURCE)} and {self._device(TARGET)} take sessions of applications",
                next_step="close the one whose rows are not wanted (db_writes), and compare both",
            )
        if direction == FORWARD:
            self._forward(terms, at_source, at_target)
        else:
            self._back(terms, at_source)
        return self.done

    def _forward(self, terms: Terms, at_source: bool, at_target: bool) -> None:
        self._opened = self.ends.kept(TARGET, OPENED)
        if at_target:
            # Opened by a run before this one, maybe in part.
            self.ends.let_in(TARGET, {} if self._opened else {OPENED: {"at": time.time()}})
            self.done.compared = self.ends.kept(TARGET, COMPARED)
            shut = self.ends.kept(SOURCE, SHUT)
            if self._opened and shut:
                # Whoever has lost that run asks this one.
                self.done.refused_s = round(max(0.0, float(self._opened["at"]) - float(shut["at"])), 3)
            return
        brought = self._is_brought()
        self._gate(self.not_ready(terms, FORWARD), at_source)
        self._began = time.monotonic()
        self._until = self._began + terms.stop_s - _RESERVE_S
        try:
            shut = self._refuse(at_source)
            if not brought:
                self._copy(shut["token"], self._measured())
            self._act("compare")
            self._demand_same()
            # Once more, for somebody who no door holds may have come since.
            self._act("prove")
            self.ends.shut(SOURCE, _CLOSE_S)
            if self.ends.accepts(TARGET):
                raise Refused("the target accepts writes", device=self._device(TARGET))
        except BaseException as error:
            self._open_again(error)
            raise
        self._open(shut)

    def _gate(self, found: Sequence[str], at_source: bool) -> None:
        """:raises Refused: it may not begin. What a run before this one closed is opened then."""
        if not found:
            return
        refused = Refused(
            "the cutover does not begin", device=self._device(SOURCE), cause="; ".join(found),
            next_step="see to each of them, then run this again",
        )  # fmt: skip
        if not at_source and self.ends.kept(SOURCE, SHUT):
            self._open_again(refused)
        raise refused

    def _refuse(self, at_source: bool) -> Mapping[str, Any]:
        self._act("refuse")
        shut = None if at_source else self.ends.kept(SOURCE, SHUT)
        if not shut:
            shut = {"token": secrets.token_hex(8), "at": time.time()}
            # Before the door is closed: whoever finds it closed knows that it is ours.
            self.ends.keep(SOURCE, {SHUT: shut})
        self.ends.shut(SOURCE, _CLOSE_S)
        return dict(shut)

    def _measured(self) -> dict[str, Any]:
        """What the rehearsal has measured is worth something still when the cutover is given up."""
        return {REHEARSED: self.ends.kept(TARGET, REHEARSED)}

    def _copy(self, token: str, keeping: Mapping[str, Any]) -> None:
        self._act("copy")
        self.ends.make_room(keeping)
        self._opened = None
        self.done.warnings += self.ends.carry(self.jobs, self._in_time)
        self._act("copied")
        self.ends.keep(TARGET, {BROUGHT: token})

    def _in_time(self, progress: Progress) -> None:
        """Tell it, unless writes have to be opened again."""
        self.say(progress)
        try:
            self._clock()
        except DeadlineExceeded:
            self.ends.end_copy()
            raise

    def _clock(self) -> float:
        """The comparison looks at it before each part, so that it ends in time as well."""
        now = time.monotonic()
        if self._until is not None and now > self._until:
            raise DeadlineExceeded(
                "the window is over",
                device=self._device(SOURCE),
                cause=f"it was not all copied and compared after {now - self._began:.0f} s",
                next_step="see its acts for what took the time, and take a longer window",
            )
        return now

    def _compared(self) -> dict[str, Any]:
        self.say(Progress(doing="comparing"))
        exclude = [*self._exclude, *map(glob.escape, self.ends.derived())]
        wanted = Wanted(schemas=self._schemas, exclude=exclude, jobs=self.jobs, care=Care(clock=self._clock))
        return verify(self.ends.server(SOURCE), self.ends.server(TARGET), wanted)

    def _demand_same(self) -> None:
        found = self._compared()
        self.done.compared = found
        self.done.warnings += [
            f"{self._device(TARGET)}: {name} was worked out anew there, and is not compared"
            for name in self.ends.derived()
        ]
        if found["changed_meanwhile"]:
            self.done.warnings.append(f"written to while compared: {', '.join(found['changed_meanwhile'])}")
        try:
            demand_identical(found, self.ends.server(TARGET))
        except DatacenterError as error:
            error.result = {"compared": dict(found)}
            raise
        short = {name: found[name] for name in ("identical", "rows", "difference_count", "seconds")}
        self.ends.keep(TARGET, {COMPARED: {**short, "table_count": len(found["tables"])}})

    def _open(self, shut: Mapping[str, Any]) -> None:
        """From here on nothing is taken back: whether it was done is asked, not assumed."""
        self._until = None
        self._act("open")
        try:
            self.ends.let_in(TARGET, {OPENED: {"at": time.time()}})
        except DatacenterError as error:
            raise DatacenterError(
                f"whether writes were opened at {self._device(TARGET)} is not known",
                device=self._device(TARGET),
                cause=str(error),
                next_step=f"they stay refused at {self._device(SOURCE)}: run this again as soon as "
                f"{self._device(TARGET)} answers; or, when it is gone for good, open them by hand",
                result={"acts": self.done.acts},
            ) from error
        self.done.refused_s = round(max(0.0, time.time() - float(shut["at"])), 3)

    def _open_again(self, error: BaseException) -> None:
        """Writes go on where they were: the target was never open."""
        self._until = None
        told = error.result if isinstance(error, DatacenterError) else {}
        told.setdefault("acts", list(self.done.acts))
        if self._opened:
            told["writes"] = f"refused at both sides: {self._device(TARGET)} may have rows of its own"
            return
        try:
            self.ends.let_in(SOURCE, {SHUT: None})
        except DatacenterError as second:
            told["writes"] = f"refused at both sides: {second}"
            return
        self.tell("open again")
        told["writes"] = f"open again at {self._device(SOURCE)}"
        told["refused_s"] = round(time.monotonic() - self._began, 3)

    # Back.

    def _back(self, terms: Terms, at_source: bool) -> None:
        if at_source:
            return
        found = self._rows_would_stay()
        if found:
            raise Refused("writes do not go back", device=self._device(TARGET), cause="; ".join(found))
        self._began = time.monotonic()
        was_open = self.ends.accepts(TARGET)
        self._act("refuse")
        try:
            if was_open:
                self.ends.shut(TARGET, terms.stop_s)
        except BaseException:
            self.ends.let_in(TARGET, {})
            raise
        self._act("open")
        self.ends.let_in(SOURCE, {SHUT: None})
        self.done.refused_s = round(time.monotonic() - self._began, 3) if was_open else None
        opened = self.ends.kept(TARGET, OPENED)
        if opened:
            self.done.warnings.append(
                f"{self._device(TARGET)}: what was written there from {_clock(opened)} on is there alone"
            )

    # Words.

    def _device(self, side: str) -> str:
        return self.ends.server(side).name

    def _act(self, name: str) -> None:
        self._clock()
        self.done.acts.append((name, round(time.monotonic() - self._began, 3)))
        self.tell(name)


def _clock(opened: Mapping[str, Any] | None) -> str:
    """When it was, for people."""
    if not opened:
        return "the cutover"
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(float(opened["at"])))
