# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL database that moves offline (see follow/offline.py): any ``wal_level`` will do.

It is copied as one that follows is, from a snapshot that a session of ours exports instead of a slot's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import (
    FORWARD,
    Cutover,
    Names,
    Progress,
    State,
    Terms,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.offline import (
    BROUGHT,
    OPENED,
    SHUT,
    SOURCE,
    TARGET,
    Offline,
    Say,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql import (
    copying,
    objections,
    roles,
    writes,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.choices import (
    Choices,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.migration import (  # noqa: E501
    PostgresqlMigration,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.programs import (  # noqa: E501
    programs,
    sweep,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.road import (
    Tell,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.side import (
    Side,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

_VIEWS = """
SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'm' ORDER BY 1
"""


class OfflinePostgresql(PostgresqlMigration):
    """
    :param jobs: how many tables, or parts of large ones, are copied or compared at a time.
    :param say: told the progress of the copy.
    :param not_compared: patterns of tables that the comparison leaves out.
    """

    def __init__(
        self,
        source: Server,
        target: Server,
        names: Names,
        choices: Choices = Choices(),  # noqa: B008
        *,
        jobs: int = 4,
        say: Say = lambda progress: None,
        not_compared: Sequence[str] = (),
        tell: Tell = lambda act: None,
    ) -> None:
        super().__init__(source, target, names, choices, tell=tell)
        self._jobs, self._say, self._not_compared = jobs, say, tuple(not_compared)

    def _offline(self, jobs: int, say: Say) -> Offline:
        return Offline(
            self, jobs, say,
            not_compared=self._not_compared, accept=self.choices.accept, tell=self._tell,
        )  # fmt: skip

    # The verbs.

    def read(self) -> State:
        state = super().read()
        copied, estimate_s = state.copied, None
        with contextlib.suppress(DatacenterError):
            copied = copied or bool(self.kept(TARGET, BROUGHT))
            estimate_s = self._offline(1, self._say).estimate_s()
        return replace(state, copied=copied, estimate_s=estimate_s)

    def objections(self) -> list[str]:
        if not self._there():
            return self._found(self.target.server_wide(), unfinished=True)
        kept = self.target.kept()
        if kept.get(OPENED) and writes.accepts(self.target):
            return []
        if kept.get(copying.COPIED) and not kept.get(OPENED):
            return [
                f"{self.target.device}: the database follows its source: go on so, or give that up first "
                "(db_left, give_up)"
            ]
        return self._found(self.target, unfinished=bool(kept.get(copying.COPYING) or kept.get(OPENED)))

    def _found(self, target: Side, unfinished: bool) -> list[str]:
        try:
            return objections.find(self.source, target, self.choices, unfinished, replicates=False)
        finally:
            if target is not self.target:
                target.close()

    def copy(self, jobs: int, say: Callable[[Progress], None]) -> None:
        with self.source.only_one():
            self._offline(jobs, say).rehearse()

    def not_ready(self, terms: Terms, direction: str) -> list[str]:
        return self._offline(self._jobs, self._say).not_ready(terms, direction)

    def cut_over(self, terms: Terms, direction: str) -> Cutover:
        # Not at the target: its database is made anew meanwhile.
        with self.source.only_one():
            done = self._offline(self._jobs, self._say).cut_over(terms, direction)
            if direction == FORWARD:
                done.position = str(self.source.value("SELECT pg_current_wal_lsn()"))
            return done

    def open_writes(self, side: str) -> None:
        with self.source.only_one():
            writes.only_side(*self._order(side))
            self._open(side, {SHUT: None} if side == SOURCE else {})

    def _order(self, side: str) -> tuple[Side, Side]:
        return (self.source, self.target) if side == SOURCE else (self.target, self.source)

    # Its ends, in PostgreSQL's words.

    def server(self, side: str) -> Server:
        return self._order(side)[0].server

    def accepts(self, side: str) -> bool:
        if side == TARGET and not self._there():
            return False
        return writes.accepts(self._order(side)[0])

    def shut(self, side: str, within_s: float) -> None:
        writes.close(self._order(side)[0], self.choices, within_s)

    def let_in(self, side: str, change: Mapping[str, Any]) -> None:
        this, other = self._order(side)
        # A run that failed may have lost its session.
        this.close()
        if side == TARGET:
            writes.only_side(this, other)
        self._open(side, change)

    def _open(self, side: str, change: Mapping[str, Any]) -> None:
        # What follows, or has been cut over, is not copied by anybody again.
        more = {copying.COPIED: True, copying.COPYING: None} if change.get(OPENED) else {}
        writes.reopen(self._order(side)[0], {**change, **more})

    def kept(self, side: str, name: str) -> Any:
        if side == TARGET and not self._there():
            return None
        return self._order(side)[0].kept().get(name)

    def keep(self, side: str, change: Mapping[str, Any]) -> None:
        self._order(side)[0].keep(change)

    def size(self) -> int:
        return int(self.source.value("SELECT pg_database_size(current_database())"))

    def reasons(self) -> list[str]:
        return writes.not_held(self.source, self.choices)

    def make_room(self, keeping: Mapping[str, Any]) -> None:
        sweep(self.names.migration)
        copying.make_database(self.source, self.target, again=self._there() and bool(self._is_ours()))
        self.target.keep({**keeping, copying.COPYING: True})
        writes.close(self.target, replace(self.choices, lock=()))
        # Opened, it is to be as the source is, not as what we have made.
        writes.keep_limit(self.target, writes.limit_when_open(self.source))

    def _is_ours(self) -> bool:
        kept = self.target.kept()
        return bool(kept.get(copying.COPYING) or kept.get(OPENED))

    def carry(self, jobs: int, say: Say) -> list[str]:
        road = self._roads[FORWARD]
        with programs(self.target.version, self.choices.programs, self.names.migration) as made:
            # Before anything: they are all there.
            for name in ("pg_dump", "pg_restore", "psql", "vacuumdb"):
                made.find(name)
            roles.carry_roles(self.source, self.target)
            teller = copying.Teller(self.source, self.target, say)
            try:
                copying.first_copy(road, made, jobs, teller, self._tell, _exported(self.source))
                roles.carry_database(self.source, self.target)
                self._tell("statistics")
                teller.doing("statistics")
                again = ("vacuumdb", "-Z", "-q", "-j", str(jobs), "-d", self.target.database)
                teller.during(lambda: made.run(self.target.server, *again))
            finally:
                teller.close()
        return []

    def derived(self) -> list[str]:
        return self.source.names_of(_VIEWS)

    def end_copy(self) -> None:
        self.target.value(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@contextlib.contextmanager
def _exported(source: Side) -> Iterator[str]:
    """A snapshot for other sessions, while the block lasts."""
    holder = Side(source.word, source.server, source.names)
    try:
        holder.do("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield str(holder.value("SELECT pg_export_snapshot()"))
    finally:
        holder.close()
