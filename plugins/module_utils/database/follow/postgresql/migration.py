# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL database that moves: see follow/model.py for what each of it means."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import (
    BACK,
    FORWARD,
    Cutover,
    Names,
    Progress,
    State,
    Terms,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql import (
    copying,
    cutover,
    objections,
    remarks,
    roles,
    writes,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.choices import (
    FULL,
    NO_WAY_BACK,
    Choices,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.programs import (  # noqa: E501
    Programs,
    programs,
    sweep,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.road import (
    EVERYTHING,
    Road,
    Tell,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.side import (
    SOURCE,
    TARGET,
    Side,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.postgresql import quoted
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused

#: Whatever replication does not carry is refused.
AS_IT_STANDS = Choices()
#: How long a server may take to start the worker of a road.
_FOLLOW_S = 60.0


class PostgresqlMigration:
    """
    :param source_seen: the source, as the target's server reaches it; ``None``: as this host does.
    :param target_seen: the target, as the source's server reaches it.
    :param tell: told each act as it begins.
    """

    def __init__(
        self,
        source: Server,
        target: Server,
        names: Names,
        choices: Choices = AS_IT_STANDS,
        *,
        source_seen: Server | None = None,
        target_seen: Server | None = None,
        tell: Tell = lambda act: None,
    ) -> None:
        self.names, self.choices, self._tell = names, choices, tell
        self.warnings: list[str] = []
        self.source, self.target = Side(SOURCE, source, names), Side(TARGET, target, names)
        self._roads = {
            FORWARD: Road(FORWARD, self.source, self.target, source_seen or source, names),
            BACK: Road(BACK, self.target, self.source, target_seen or target, names),
        }

    def close(self) -> None:
        """End the sessions. Never fails."""
        self.source.close()
        self.target.close()

    def _sides(self) -> tuple[Side, Side]:
        return self.source, self.target

    def _there(self) -> bool:
        """Whether the target has the database at all."""
        wide = self.target.server_wide()
        try:
            return bool(wide.value("SELECT 1 FROM pg_database WHERE datname = %s", [self.target.database]))
        finally:
            wide.close()

    # Reading.

    def read(self) -> State:
        accepts: dict[str, bool | None] = {SOURCE: None, TARGET: None}
        copied: bool | None = None
        left: list[str] = []
        for side in self._sides():
            with contextlib.suppress(DatacenterError):
                accepts[side.word] = writes.accepts(side)
        with contextlib.suppress(DatacenterError):
            copied = self._there() and bool(self.target.kept().get(copying.COPIED))
        ways = {name: road.read() for name, road in self._roads.items()}
        with contextlib.suppress(DatacenterError):
            left = self._left(self.source)
        return State(copied, {name: way for name, way in ways.items() if way.exists}, accepts, left)

    def _left(self, side: Side) -> list[str]:
        found = [one for road in self._roads.values() for one in road.left_at(side)]
        if side.value("SELECT 1 FROM pg_namespace WHERE nspname = %s", [self.names.prefix]):
            found.append(f"schema {self.names.prefix} at {side.device}")
            kept = side.kept()
            found += [
                f"replica identity of {table} at {side.device}" for table in kept.get(copying.IDENTITY, {})
            ]
            if copying.WAL_KEEP in kept:
                found.append(f"max_slot_wal_keep_size at {side.device}")
        return found

    @contextlib.contextmanager
    def _at_target(self) -> Iterator[tuple[Side, bool]]:
        """A session there, and whether it is with the database itself, which need not be there yet."""
        there = self._there()
        target = self.target if there else self.target.server_wide()
        try:
            yield target, there
        finally:
            if not there:
                target.close()

    def objections(self) -> list[str]:
        with self._at_target() as (target, there):
            if there and target.kept().get(copying.COPIED):
                return []
            unfinished = not there or bool(target.kept().get(copying.COPYING))
            return objections.find(self.source, target, self.choices, unfinished)

    def remarks(self) -> list[str]:
        with self._at_target() as (target, _there):
            return remarks.find(self.source, target, self.choices)

    def not_ready(self, terms: Terms, direction: str) -> list[str]:
        return self._move(terms, direction).not_ready()

    # The first copy.

    def copy(self, jobs: int, say: Callable[[Progress], None]) -> None:
        with self.source.only_one():
            sweep(self.names.migration)
            self._copied(jobs, say)

    def _copied(self, jobs: int, say: Callable[[Progress], None]) -> None:
        there = self._there()
        if not (there and self.target.kept().get(copying.COPIED)):
            found = self.objections()
            if found:
                raise Refused("the copy does not begin", device=self.source.device, cause="; ".join(found))
            self._copy(jobs, say, unfinished=there and bool(self.target.kept().get(copying.COPYING)))
        elif writes.accepts(self.target):
            # It has been cut over. Rows flow back, or nowhere any more.
            return
        self._follow()

    def _copy(self, jobs: int, say: Callable[[Progress], None], unfinished: bool) -> None:
        road = self._roads[FORWARD]
        self._tell("target")
        if unfinished:
            for each in self._roads.values():
                if each.end is self.target:
                    each.drop_subscription()
        copying.make_database(self.source, self.target, unfinished)
        self.target.keep({copying.COPYING: True})
        writes.close(self.target, replace(self.choices, lock=()))
        # Opened, it is to be as the source is, not as what we have made.
        writes.keep_limit(self.target, writes.limit_when_open(self.source))
        self._tell("source")
        road.drop_slot()
        if self.choices.keyless == FULL:
            copying.set_identity(self.source, objections.keyless(self.source))
        if self.choices.wal_keep is not None:
            copying.limit_slots(self.source, self.choices.wal_keep)
        road.make_tables()
        road.make_publications(EVERYTHING)
        road.try_connection(road.make_role())
        if NO_WAY_BACK not in self.choices.accept:
            # Hours before it is needed, not in the window.
            self._try_back()
        with programs(self.target.version, self.choices.programs, self.names.migration) as made:
            # Before anything: they are all there.
            for name in ("pg_dump", "pg_restore", "psql"):
                made.find(name)
            roles.carry_roles(self.source, self.target)
            teller = copying.Teller(self.source, self.target, say)
            try:
                copying.first_copy(road, made, jobs, teller, self._tell)
                self._whole(made, jobs, teller)
            finally:
                teller.close()

    def _try_back(self) -> None:
        """:raises DatacenterError: the source's server cannot read from the target's."""
        back = self._roads[BACK]
        back.make_tables()
        back.make_publications("")
        try:
            back.try_connection(back.make_role())
        except DatacenterError as error:
            error.next_step = f"{error.next_step}; or accept {NO_WAY_BACK}"
            raise
        finally:
            back.remove()

    def _whole(self, made: Programs, jobs: int, teller: copying.Teller) -> None:
        roles.carry_database(self.source, self.target)
        identity = self.source.kept().get(copying.IDENTITY)
        self.target.keep({copying.COPIED: True, copying.COPYING: None, copying.IDENTITY: identity})
        self._tell("follow")
        self._follow()
        self._tell("statistics")
        teller.doing("statistics")
        name = self.target.database
        teller.during(
            lambda: made.run(self.target.server, "vacuumdb", "-Z", "-q", "-j", str(jobs), "-d", name)
        )

    def _follow(self) -> None:
        """Changes since the snapshot flow, and are seen to."""
        road = self._roads[FORWARD]
        if not road.has_subscription():
            road.subscribe(road.make_role())
        road.await_worker(time.monotonic() + _FOLLOW_S)

    # The cutover.

    def _move(self, terms: Terms, direction: str) -> cutover.Move:
        other = {FORWARD: BACK, BACK: FORWARD}[direction]
        return cutover.Move(self._roads[direction], self._roads[other], self.choices, terms, self._tell)

    def cut_over(self, terms: Terms, direction: str) -> Cutover:
        with self.source.only_one(), self.target.only_one():
            return self._move(terms, direction).run()

    def open_writes(self, side: str) -> None:
        this, other = (self.source, self.target) if side == SOURCE else (self.target, self.source)
        with this.only_one(), other.only_one():
            writes.only_side(this, other)
            # Of a cutover that was killed: rows that are written from now on are not at the other side, and
            # no run opens that one without them.
            if other.kept().get(cutover.CUTTING):
                other.keep({cutover.CUTTING: None})
            writes.reopen(this, {cutover.DRAINED: None, cutover.CUTTING: None})

    def close_writes(self, side: str) -> None:
        this = self.source if side == SOURCE else self.target
        found = objections.prepared(this) + writes.not_held(this, self.choices)
        if found:
            raise Refused("writes are not refused", device=this.device, cause="; ".join(found))
        writes.close(this, self.choices)

    # The end.

    def remove(self) -> list[str]:
        with self.source.only_one(), self.target.only_one():
            return self._removed()

    def _removed(self) -> list[str]:
        at_source, at_target = writes.accepts(self.source), writes.accepts(self.target)
        if not at_source and not at_target:
            raise Refused(
                "nothing is removed",
                device=self.source.device,
                cause="a cutover is unfinished: neither side accepts writes",
                next_step="cut over, forward or back, and run this again",
            )
        removed = [one for road in self._roads.values() for one in road.remove()]
        removed += self._put_back(self.source)
        # The target that is given up has rows of ours: it is known for a copy that may be made anew.
        if at_target:
            return removed + self._put_back(self.target)
        return removed + self._given_up()

    def _put_back(self, side: Side) -> list[str]:
        """A side that refuses writes keeps refusing them: the other one has the rows."""
        removed = []
        for table, before in side.kept().get(copying.IDENTITY, {}).items():
            if side.value("SELECT to_regclass(%s)", [table]) is not None:
                side.do(f"ALTER TABLE {table} REPLICA IDENTITY {before}")
                removed.append(f"replica identity of {table} at {side.device}")
        if copying.unlimit_slots(side):
            removed.append(f"max_slot_wal_keep_size at {side.device}")
        if side.value("SELECT 1 FROM pg_namespace WHERE nspname = %s", [self.names.prefix]):
            side.do(f"DROP SCHEMA {side.schema} CASCADE")
            removed.append(f"schema {self.names.prefix} at {side.device}")
        return removed

    def _given_up(self) -> list[str]:
        """The target stays closed. A later copy takes the place of this one, as of one that broke."""
        kept = self.target.kept()
        if not set(kept) - {copying.COPYING}:
            return []
        removed: list[str] = []

        def act() -> None:
            removed[:] = self._put_back(self.target)
            for role in kept.get(writes.CLOSED, {}).get("locked", []):
                self.target.do(f"ALTER ROLE {quoted(role)} LOGIN")
                removed.append(f"role {role} at {self.target.device} may log in again")
            self.target.keep({copying.COPYING: True})

        self.target.repeat(act)
        return [*removed, f"left as it is: the copy at {self.target.device}, closed; a later one replaces it"]
