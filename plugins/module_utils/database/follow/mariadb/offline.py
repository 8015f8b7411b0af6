# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MariaDB databases that move offline (see follow/offline.py): the source needs no binary log.

They are copied as those that follow are, but without a lock and without a place in a log: in the window
nobody writes, and a rehearsal needs no single moment.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.accounts import (
    carry,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.copying import (
    Copying,
    Table,
    tables,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.counters import (
    raise_counters,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.migration import (
    Both,
    MariadbMigration,
    after_the_end,
    ended,
    not_after_the_end,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.objections import (
    objections,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.programs import (
    Pipe,
    program,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.side import (
    only_run,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.writes import (
    accepts,
    cannot_move,
    close,
    hand_events,
    open_again,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import (
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
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused, Unreachable

#: Under which all of it is kept on a server.
_OFFLINE = "offline"
#: What a migration that follows keeps when its copy is whole.
_COPIED = "copied"


class StillCopying(Copying):
    """A copy that needs no place in a binary log, and holds nobody up."""

    PLACE = ()

    def _tables(self) -> list[Table]:
        # What knows no transactions needs no lock: nobody writes, or it is a rehearsal.
        return [replace(one, transactional=True) for one in tables(self.source)]

    @contextlib.contextmanager
    def _held_still(self) -> Iterator[tuple[str, bytes]]:
        # An empty place stands in whatever a reader says of its own.
        yield "", b""

    def _await(self, before: set[int], pipes: Sequence[Pipe]) -> None:
        """Nobody waits for them to begin."""


class MariadbEnds:
    """Both servers of a move, in MariaDB's words, while an operation lasts."""

    def __init__(self, moved: OfflineMariadb, both: Both) -> None:
        self._moved, self._both = moved, both

    def server(self, side: str) -> Server:
        return self._both.side(side).server

    def accepts(self, side: str) -> bool:
        return accepts(self._both.side(side))

    def shut(self, side: str, within_s: float) -> None:
        this = self._both.side(side)
        this.prepare()
        close(this, within_s)

    def let_in(self, side: str, change: Mapping[str, Any]) -> None:
        this, other = self._both.side(side), self._both.other(side)
        # A run that failed may have lost its session.
        this.close()
        if side == TARGET and accepts(other):
            raise Refused(
                "writes are not opened at the target",
                device=this.name,
                cause=f"{other.name} accepts writes",
                next_step="close them there first, or cut over",
            )
        if change.get(OPENED):
            # Before: whoever finds it open knows since when. What was cut over is copied by nobody again.
            self.keep(side, change)
            this.keep(_COPIED, _COPIED, "")
            hand_events(other, this)
        open_again(this)
        if not change.get(OPENED):
            self.keep(side, change)

    def kept(self, side: str, name: str) -> Any:
        said = self._both.side(side).kept(_OFFLINE).get(name)
        return None if said is None else json.loads(said)

    def keep(self, side: str, change: Mapping[str, Any]) -> None:
        this = self._both.side(side)
        for name, value in change.items():
            if this.has_ours or value is not None:
                this.prepare()
                this.forget(_OFFLINE, name)
            if value is not None:
                this.keep(_OFFLINE, name, json.dumps(value))

    def size(self) -> int:
        return sum(table.size for table in tables(self._both.source))

    def objections(self) -> list[str]:
        both = self._both
        opened = self.kept(TARGET, OPENED)
        if opened and self.accepts(TARGET):
            return []
        if both.target.kept(_COPIED) and not opened:
            return [
                f"{both.target.name}: the database follows its source: go on so, or give that up first "
                "(db_left, give_up)"
            ]
        return objections(both.forward, both.back, hold_for_tables=True, replicates=False)

    def reasons(self) -> list[str]:
        return cannot_move(self._both.source, self._both.target)

    def make_room(self, keeping: Mapping[str, Any]) -> None:
        target = self._both.target
        for name in ("mariadb-dump", "mariadb"):
            program(name)
        target.prepare()
        close(target)
        self.keep(TARGET, {BROUGHT: None, OPENED: None, **keeping})
        target.forget(_COPIED, _COPIED)
        for database in target.databases:
            target.keep("schema", database, "")
            target.sql.do(f"DROP DATABASE IF EXISTS {target.sql.quote(database)}", answer_s=600)

    def carry(self, jobs: int, say: Say) -> list[str]:
        source, target = self._both.source, self._both.target
        StillCopying(source, target, jobs, say).run()
        problems = carry(source, target, source.kept("locked"))
        raise_counters(source, target)
        # Accounts that came are locked; one that was open for a moment is not.
        close(target)
        return problems

    def derived(self) -> list[str]:
        return []

    def end_copy(self) -> None:
        """Its programs end with what started them."""


class OfflineMariadb(MariadbMigration):
    """
    :param jobs: how many tables, or parts of large ones, are copied or compared at a time.
    :param say: told the progress of the copy.
    :param accept: what is taken as it is.
    :param not_compared: patterns of tables that the comparison leaves out.
    :param tell: told each act as it begins.
    """

    def __init__(
        self,
        source: Server,
        target: Server,
        names: Names,
        databases: Sequence[str] = (),
        *,
        jobs: int = 4,
        say: Say = lambda progress: None,
        accept: Sequence[str] = (),
        not_compared: Sequence[str] = (),
        tell: Callable[[str], None] = lambda act: None,
    ) -> None:
        super().__init__(source, target, names, databases)
        self._jobs, self._say, self._tell = jobs, say, tell
        self._accept, self._not_compared = tuple(accept), tuple(not_compared)

    def _offline(self, both: Both, jobs: int, say: Say) -> Offline:
        return Offline(
            MariadbEnds(self, both), jobs, say, schemas=self.databases, not_compared=self._not_compared,
            accept=self._accept, tell=self._tell,
        )  # fmt: skip

    def read(self) -> State:
        writes: dict[str, bool | None] = {}
        with self._both() as both:
            ends = MariadbEnds(self, both)
            for side in (SOURCE, TARGET):
                writes[side] = None
                with contextlib.suppress(Unreachable):
                    writes[side] = ends.accepts(side)
            known = None not in writes.values()
            copied: bool | None = None
            if writes[TARGET] is not None:
                copied = bool(both.target.kept(_COPIED) or ends.kept(TARGET, BROUGHT))
            left = [] if writes[SOURCE] is None else self._left_on_source(both)
            estimate_s = self._offline(both, 1, self._say).estimate_s() if known else None
        return State(copied, {}, writes, left, estimate_s)

    def objections(self) -> list[str]:
        with self._both() as both:
            return MariadbEnds(self, both).objections()

    def copy(self, jobs: int, say: Callable[[Progress], None]) -> None:
        with self._both() as both, only_run(both.target):
            self._may_take_its_place(both)
            self._offline(both, jobs, say).rehearse()

    def _may_take_its_place(self, both: Both) -> None:
        """A database that is open at the target, and not by us, is not taken for one that has moved."""
        if both.target.has_ours or not (accepts(both.target) and accepts(both.source)):
            return
        raise Refused(
            "the copy does not begin",
            device=both.source.name,
            cause="; ".join(MariadbEnds(self, both).objections()),
            next_step="mend each of these, then run this again",
        )

    def not_ready(self, terms: Terms, direction: str) -> list[str]:
        with self._both() as both:
            if ended(both, direction):
                return not_after_the_end(both, direction)
            return self._offline(both, self._jobs, self._say).not_ready(terms, direction)

    def cut_over(self, terms: Terms, direction: str) -> Cutover:
        with self._both() as both, only_run(both.target):
            if ended(both, direction):
                return after_the_end(both, direction)
            return self._offline(both, self._jobs, self._say).cut_over(terms, direction)

    def open_writes(self, side: str) -> None:
        super().open_writes(side)
        if side == SOURCE:
            with self._both() as both:
                MariadbEnds(self, both).keep(SOURCE, {SHUT: None})
