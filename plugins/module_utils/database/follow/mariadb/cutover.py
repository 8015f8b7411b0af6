# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cutover: writes move from one side to the other within seconds, or stay where they are.

It knows no state of its own. Which acts are left is read from the servers: who is closed, which way exists,
how far it is. So it goes on where a killed run broke; and until the very last act it can be undone.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb import way as ways
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.accounts import (
    carry,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.counters import (
    raise_counters,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.side import (
    SOURCE,
    TARGET,
    Side,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.way import Line
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.writes import (
    accepts,
    cannot_move,
    close,
    hand_events,
    last_open,
    note_open,
    open_again,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import Cutover, Terms
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
    Refused,
)


@dataclass
class Moving:
    """One cutover: the way ``here`` is followed to its end, ``there`` is armed instead."""

    here: Line
    there: Line
    terms: Terms

    def __post_init__(self) -> None:
        self.old: Side = self.here.leader
        self.new: Side = self.here.follower
        self.result = Cutover()
        self._begun: float | None = None
        self._refused_since: float | None = None

    def run(self) -> Cutover:
        """All acts that are left.

        :raises Refused: it may not begin; nothing was done.
        :raises DatacenterError: it broke; applications write at the old side again, if that could be done.
        """
        old_open, new_open = accepts(self.old), accepts(self.new)
        if old_open and new_open:
            raise Refused(
                "both sides accept writes",
                device=self.new.name,
                cause=f"applications can write at {self.old.name} and at {self.new.name}",
                next_step="close the one that nobody shall write at (db_writes), then run this again",
            )
        if new_open:
            note_open(self._target, self.new.role)
            return self._finish()
        if old_open:
            note_open(self._target, self.old.role)
            self._gate()
        elif self._has_all():
            return self._turn_round()
        # With both sides closed somebody waits already; whatever breaks now opens the old side again.
        waited_for = not old_open and last_open(self._target) == self.old.role
        if not waited_for:
            self._prepare()
        done = False
        try:
            if waited_for:
                self._prepare()
            self._stop()
            self._drain()
            self._arm()
            self._last_look()
            done = True
        finally:
            if not done:
                self._undo()
        self._open()
        return self.result

    @property
    def _target(self) -> Side:
        """Where it is kept which side was open last."""
        return self.new if self.new.role == TARGET else self.old

    def _has_all(self) -> bool:
        """Whether the new side was open last, or was about to be opened with all rows there."""
        return last_open(self._target) == self.new.role

    # Before the stop

    def not_ready(self) -> list[str]:
        """Why writes would not be moved now; the servers are asked, and nothing is changed."""
        reasons = []
        if self._has_all() and not accepts(self.old):
            return []
        way = ways.read(self.here)
        if not way.exists:
            reasons.append(f"nothing follows {self.old.name}")
        elif way.error or not way.running:
            reasons.append(way.error or "the following has been stopped")
        elif way.lag_s is None or way.lag_s > self.terms.lag_s:
            behind = "an unknown time" if way.lag_s is None else f"{way.lag_s:g} s"
            reasons.append(f"it is {behind} behind, and {self.terms.lag_s:g} s are allowed")
        if self.old.sql.rows("XA RECOVER"):
            reasons.append("a prepared XA transaction (XA RECOVER) waits to be committed or rolled back")
        reasons += cannot_move(self.old, self.new)
        return reasons

    def _gate(self) -> None:
        """Refuse before anything is touched; a door that an earlier run has half closed is opened."""
        reasons = self.not_ready()
        if not reasons:
            return
        if self.old.kept("closed"):
            open_again(self.old)
        raise Refused(
            f"writes are not moved to {self.new.name}",
            device=self.old.name,
            cause="; ".join(reasons),
            next_step="wait or mend it (db_follow_info shows how it stands), then run this again",
        )

    def _prepare(self) -> None:
        """Whatever needs no stop is done before it."""
        if self.old.role == SOURCE:
            self.result.warnings += carry(self.old, self.new, self.old.kept("locked"))
        else:
            self.result.warnings.append(
                "accounts do not flow: those made or changed at the target since its opening stand only there"
            )
        if self.terms.way_back:
            ways.speak_old(self.old.version[:2] < self.new.version[:2], self.new)
            self._carries_back()

    # While writes are refused

    def _act(self, name: str) -> None:
        """Note it, and see that there is time for the next one."""
        spent = time.monotonic() - (self._begun or time.monotonic())
        self.result.acts.append((name, round(spent, 3)))
        if spent > self.terms.stop_s:
            raise DeadlineExceeded(
                "the cutover took too long",
                device=self.old.name,
                cause=f"{spent:.1f} s at the act '{name}', of {self.terms.stop_s:g} s",
                next_step="see its acts for what took the time, then run it again",
            )

    @property
    def _left_s(self) -> float:
        return max(0.1, self.terms.stop_s - (time.monotonic() - (self._begun or time.monotonic())))

    def _stop(self) -> None:
        again = bool(self.old.kept("closed"))
        self._begun = time.monotonic()
        for side in (self.old, self.new):
            side.until = self._begun + self.terms.stop_s
        close(self.old, self._left_s)
        since = self.old.sql.value("SELECT UNIX_TIMESTAMP(NOW(6)) - %s", [self.old.kept("closed")["closed"]])
        self._refused_since = self._begun
        if again:
            self._refused_since = time.monotonic() - float(since)
        self._act("writes stopped and proved")

    def _position(self) -> str:
        """Where the old side's own writes end. What came to it from the new side does not flow back there."""
        all_of_it = str(self.old.sql.value("SELECT @@GLOBAL.gtid_binlog_pos") or "")
        stranger = self.new.variable("server_id")
        return ",".join(part for part in all_of_it.split(",") if part and part.split("-")[1] != stranger)

    def _drain(self) -> None:
        self.result.position = self._position()
        if not ways.reached(self.here, self.result.position, 0):
            ways.mend(self.here)
            if not ways.reached(self.here, self.result.position, self._left_s):
                raise DeadlineExceeded(
                    "what was written has not all arrived",
                    device=self.new.name,
                    cause=ways.read(self.here).error or f"not up to {self.result.position}",
                    next_step="see how far the way is (db_follow_info), then run this again",
                )
        # Where other databases live the position goes on with theirs. All that was written to ours is before
        # the one that was read after the closing; that nothing is added the bolts prove, and the last look.
        if not self.old.others and self._position() != self.result.position:
            raise DatacenterError(
                "somebody writes at the closed server",
                device=self.old.name,
                cause=f"its position went on from {self.result.position} to {self._position()}; perhaps an"
                " application that comes by the very account that we come by",
                next_step="give that application an account of its own, then run this again",
            )
        self._act("drained")
        raised = raise_counters(self.old, self.new)
        if raised:
            self._act(f"counters raised: {', '.join(raised[:10])}")
        ways.stop(self.here)

    def _arm(self) -> None:
        """The old server follows the new one, and a row is seen to arrive."""
        if not self.terms.way_back:
            ways.drop(self.there)
            return
        self._carries_back()
        self._act(f"the way {self.there.direction} carries")

    def _carries_back(self) -> None:
        """Both ways may run at once: each server leaves out what bears its own number, so nothing loops."""
        if not ways.read(self.there).armed:
            # The new side is closed: nothing of an application is after this position.
            position = str(self.new.sql.value("SELECT @@GLOBAL.gtid_binlog_pos") or "")
            ways.prepare(self.there, position, still=True)
            ways.start(self.there, min(10.0, self._left_s))
        ways.canary(self.there, min(10.0, self._left_s))

    def _last_look(self) -> None:
        hand_events(self.old, self.new)
        # All rows are there now: once this way is gone, a run after a break goes on from the new side.
        note_open(self._target, self.new.role)
        ways.drop(self.here)
        if accepts(self.old):
            raise DatacenterError(
                "the closed server accepts writes again",
                device=self.old.name,
                cause="somebody opened it, or it was started anew",
                next_step="find out who, then run this again",
            )
        self._act(f"the way {self.here.direction} dropped")

    def _open(self) -> None:
        self.old.until = self.new.until = None
        open_again(self.new)
        now = time.monotonic()
        if self._refused_since is not None:
            self.result.refused_s = round(now - self._refused_since, 3)
        self._act_done("writes open")

    def _act_done(self, name: str) -> None:
        """Note it; there is no way but forward any more."""
        self.result.acts.append((name, round(time.monotonic() - (self._begun or time.monotonic()), 3)))
        if not accepts(self.new):
            raise DatacenterError(
                "the new side was opened and accepts no writes",
                device=self.new.name,
                cause="somebody holds it read-only, or its accounts are locked",
                next_step="run this again; see read_only and the accounts there",
            )

    def _finish(self) -> Cutover:
        """An earlier run opened the new side, in part or wholly."""
        ways.drop(self.here)
        open_again(self.new)
        if self.terms.way_back and ways.status(self.there):
            ways.mend(self.there)
        self.result.acts.append(("writes were open already", 0.0))
        return self.result

    def _turn_round(self) -> Cutover:
        """A run broke with both sides closed, and the new side has all rows: it is opened, and that is all.

        When that run went the other direction, it was the open one; what had not yet been brought over goes
        on flowing from where it was, and nothing is set to a new position.
        """
        closed = [(side, side.kept("closed").get("closed")) for side in (self.old, self.new)]
        ages = [
            float(side.sql.value("SELECT UNIX_TIMESTAMP(NOW(6)) - %s", [since]))
            for side, since in closed
            if since
        ]
        if ages:
            # The other one was closed long before.
            self._refused_since = time.monotonic() - min(ages)
        self._open()
        ways.drop(self.here)
        with contextlib.suppress(DatacenterError):
            # What stands in the way of this is told by the next look at the way.
            ways.mend(self.there)
        return self.result

    def _undo(self) -> None:
        """Applications write where they wrote; the old way flows again, from where it was.

        The new side is not asked: this run has not opened it, and its accounts stay locked through a
        restart. It may be what broke.
        """
        self.old.until = None
        ways.stop(self.there)
        open_again(self.old)
        self.new.until = None
        self.new.close()
        with contextlib.suppress(DatacenterError):
            # What stands in the way of this is told by the next look at the way.
            note_open(self._target, self.old.role)
            if not ways.status(self.here):
                ways.prepare(self.here, None)
            ways.start(self.here)
