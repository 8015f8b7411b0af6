# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A MariaDB database moves to another server: see ``model.Migration`` for what each verb means."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb import keys
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb import way as ways
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.accounts import (
    carry,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.copying import (
    Copying,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.cutover import (
    Moving,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.objections import (
    objections,
    remarks,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.programs import (
    sweep,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.side import (
    SOURCE,
    TARGET,
    Side,
    only_run,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.way import Line
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.writes import (
    accepts,
    close,
    last_open,
    note_open,
    open_again,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import (
    BACK,
    FORWARD,
    Cutover,
    Names,
    Progress,
    State,
    Terms,
    Way,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import (
    PLAIN,
    Server,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import SqlError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused, Unreachable

#: What is remembered of one copy alone, and not of whose the target's databases and accounts are.
_OF_ONE_COPY = ("copied", "followed", "setting", "read_only", "event", "writes")
#: MariaDB's ER_SPECIFIC_ACCESS_DENIED_ERROR, ER_TABLEACCESS_DENIED_ERROR, ER_DBACCESS_DENIED_ERROR.
_LACKS_RIGHTS = ("1227", "1142", "1044")


@dataclass
class Both:
    """The two servers while an operation lasts."""

    source: Side
    target: Side
    forward: Line
    back: Line

    def moving(self, terms: Terms, direction: str) -> Moving:
        here, there = (self.forward, self.back) if direction == FORWARD else (self.back, self.forward)
        return Moving(here, there, terms)

    def side(self, name: str) -> Side:
        return self.source if name == SOURCE else self.target

    def other(self, name: str) -> Side:
        return self.target if name == SOURCE else self.source


class MariadbMigration:
    """Databases of one MariaDB server, 10.5 or newer, on their way to another.

    :param databases: names of those that move; by default the one that sessions with the source begin in.
    :param source_address: the source as the target's host reaches it; by default as we do.
    :param target_address: the target as the source's host reaches it; by default as we do.
    :param options: folder of configuration that the target reads at its start, when it runs on this host.
    :param hold_for_tables: tables without transactions are copied while the source's writers wait, instead of
        being an objection.
    """

    def __init__(
        self,
        source: Server,
        target: Server,
        names: Names,
        databases: Sequence[str] = (),
        *,
        source_address: Server | None = None,
        target_address: Server | None = None,
        options: Path | None = None,
        hold_for_tables: bool = False,
    ) -> None:
        self.source = source
        self.target = target
        self.names = names
        self.databases = tuple(databases) or ((source.database,) if source.database else ())
        if not self.databases:
            raise Refused(
                "which databases move is not said",
                device=source.name,
                next_step="name them, or one in source",
            )
        self.hold_for_tables = hold_for_tables
        self.warnings: list[str] = []
        self._source_address = source_address or _by_network(source)
        self._target_address = target_address or _by_network(target)
        self._options = options

    @contextlib.contextmanager
    def _both(self) -> Iterator[Both]:
        source = Side(SOURCE, self.source.on(""), self.names, self.databases)
        target = Side(TARGET, self.target.on(""), self.names, self.databases)
        forward = Line(FORWARD, source, target, self._source_address, self._options)
        back = Line(BACK, target, source, self._target_address)
        try:
            yield Both(source, target, forward, back)
        finally:
            source.close()
            target.close()

    def read(self) -> State:
        with self._both() as both:
            writes = {SOURCE: _accepts(both.source), TARGET: _accepts(both.target)}
            ways_read: dict[str, Way] = {}
            if None not in writes.values():
                for line in (both.forward, both.back):
                    way = ways.read(line)
                    if way.exists:
                        ways_read[line.direction] = way
            copied = None if writes[TARGET] is None else bool(both.target.kept("copied"))
            left = [] if writes[SOURCE] is None else self._left_on_source(both)
            return State(copied, ways_read, writes, left)

    def _left_on_source(self, both: Both) -> list[str]:
        left = []
        if both.source.has_ours:
            left.append(f"schema {self.names.prefix}")
        if ways.has_account(both.forward):
            left.append(f"account {both.forward.name}")
        if ways.status(both.back):
            left.append(f"replica connection {both.back.name}")
        left += [f"locked account {name}" for name in both.source.kept("locked")]
        return left

    def objections(self) -> list[str]:
        with self._both() as both:
            return objections(both.forward, both.back, self.hold_for_tables)

    def remarks(self) -> list[str]:
        """What does not hinder, and whoever decides should know."""
        with self._both() as both:
            return remarks(both.source, both.target)

    def copy(self, jobs: int, say: Callable[[Progress], None]) -> None:
        with self._both() as both, only_run(both.target):
            if not both.target.kept("copied"):
                self._may_begin(both)
                self._make_room(both)
                position = Copying(both.source, both.target, jobs, say).run()
                both.target.keep("copied", "copied", position)
            if accepts(both.target):
                # It has been cut over; what is to be kept alive is the way back.
                ways.mend(both.back)
                return
            self.warnings = carry(both.source, both.target, both.source.kept("locked"))
            self._follow(both)

    def _follow(self, both: Both) -> None:
        if ways.status(both.forward):
            ways.mend(both.forward)
        else:
            # The snapshot is where it begins; if it ever ran, the target knows better how far it is.
            followed = both.target.kept("followed")
            ways.prepare(both.forward, None if followed else both.target.kept("copied")["copied"])
            ways.start(both.forward)
        both.target.keep("followed", "followed", "")

    def _may_begin(self, both: Both) -> None:
        found = objections(both.forward, both.back, self.hold_for_tables)
        if found:
            raise Refused(
                "the migration cannot begin",
                device=both.source.name,
                cause="; ".join(found),
                next_step="mend each of these, then run this again",
            )

    def _make_room(self, both: Both) -> None:
        """What an earlier run has left goes; objections have seen that nothing else is there."""
        target = both.target
        ways.drop(both.forward)
        keys.stop(target)
        for side in (both.source, target):
            side.prepare()
        close(target)
        note_open(target, SOURCE)
        for database in self.databases:
            target.keep("schema", database, "")
            target.sql.do(f"DROP DATABASE IF EXISTS {target.sql.quote(database)}", answer_s=600)

    def cut_over(self, terms: Terms, direction: str) -> Cutover:
        with self._both() as both, only_run(both.target):
            if ended(both, direction):
                return after_the_end(both, direction)
            if not both.target.kept("copied"):
                raise Refused(
                    "there is nothing to cut over to",
                    device=both.target.name,
                    cause="the first copy is not whole",
                    next_step="run the copy",
                )
            return both.moving(terms, direction).run()

    def not_ready(self, terms: Terms, direction: str) -> list[str]:
        with self._both() as both:
            if ended(both, direction):
                return not_after_the_end(both, direction)
            if not both.target.kept("copied"):
                return ["the first copy is not whole"]
            return both.moving(terms, direction).not_ready()

    def close(self) -> None:
        """Sessions last as long as a call."""

    def open_writes(self, side: str) -> None:
        with self._both() as both, only_run(both.target):
            other = both.other(side)
            if accepts(other):
                raise Refused(
                    f"writes are not opened at the {side}",
                    device=both.side(side).name,
                    cause=f"{other.name} accepts writes",
                    next_step="close them there first, or cut over",
                )
            if both.target.has_ours:
                note_open(both.target, side)
            open_again(both.side(side))

    def close_writes(self, side: str) -> None:
        with self._both() as both, only_run(both.target):
            both.side(side).prepare()
            if both.target.has_ours and accepts(both.side(side)) and not accepts(both.other(side)):
                note_open(both.target, side)
            close(both.side(side))

    def remove(self) -> list[str]:
        with self._both() as both, only_run(both.target):
            given_up = not accepts(both.target)
            if given_up and last_open(both.target) == TARGET and not accepts(both.source):
                raise Refused(
                    "nothing is removed",
                    device=both.target.name,
                    cause=f"a cutover is unfinished: {both.source.name} may lack rows that were written here",
                    next_step="cut over, forward or back, and run this again",
                )
            gone = [*ways.drop(both.forward), *ways.drop(both.back)]
            gone += sweep(self.names.migration, both.target.server)
            if given_up and both.source.kept("closed"):
                # A cutover that broke; nobody else would open it again.
                open_again(both.source)
                gone.append(f"{both.source.name} accepts writes again")
            gone += self._remove_from(both.source)
            gone += self._leave_for_another(both.target) if given_up else self._remove_from(both.target)
            return gone

    def _put_back(self, side: Side) -> list[str]:
        """Settings as they were; what of the server is as it was again."""
        told = []
        for name, was in side.kept("setting").items():
            try:
                side.sql.do(f"SET GLOBAL {name} = %s", [int(was) if was.isdigit() else was])
            except SqlError as error:
                # Of the ways of another migration, which go on.
                if error.code != ways.MUST_STOP:
                    raise
                told.append(f"left as it is: {name} of {side.name}, for another way runs there")
            else:
                told.append(f"{name} of {side.name} is {was or 'empty'} again")
        if side.role == TARGET:
            for was in side.kept("read_only").values():
                side.sql.do(f"SET GLOBAL read_only = {0 if was == 'OFF' else 1}")
                told.append(f"read_only of {side.name} is {was} again")
        return told

    def _remove_from(self, side: Side) -> list[str]:
        told = self._put_back(side)
        for name in side.kept("locked"):
            # It is what keeps the idle side idle; whoever wants to write there again has to mean it.
            told.append(f"left as it is: account {name} of {side.name} stays locked")
        if side.has_ours:
            side.sql.do(f"DROP DATABASE {side.sql.quote(self.names.prefix)}")
            told.append(f"schema {self.names.prefix} on {side.name}")
        return told

    def _leave_for_another(self, target: Side) -> list[str]:
        """A target that was given up stays closed, and keeps whose the copy and the accounts on it are.

        Without that a later move would find a database that is not empty, and accounts that nobody opens.
        """
        told = self._put_back(target)
        remembered = [(what, name) for what in _OF_ONE_COPY for name in target.kept(what)]
        for what, name in remembered:
            target.forget(what, name)
        if remembered:
            told.append(
                f"left as it is: the copy on {target.name}, closed, and in the schema {self.names.prefix}"
                " what a later move of it has to know"
            )
        return told


def ended(both: Both, direction: str) -> bool:
    """Whether writes were moved, and what was remembered of it was removed, which a broken run did not tell.

    It is read from who is open: a source that was never closed, or that still has ours, is not at its end.
    What the target still has is enough to finish the opening there, and not to open the source.
    """
    if both.source.has_ours or (direction == FORWARD and both.target.has_ours):
        return False
    return accepts(both.target) and not accepts(both.source)


def after_the_end(both: Both, direction: str) -> Cutover:
    """A cutover that is asked for once more.

    :raises Refused: it would go back.
    """
    found = not_after_the_end(both, direction)
    if found:
        raise Refused(
            "writes do not go back",
            device=both.target.name,
            cause="; ".join(found),
            next_step=f"move the databases from {both.target.name} to {both.source.name}, as a migration of"
            " its own",
        )
    return Cutover(acts=[("writes were open already", 0.0)])


def not_after_the_end(both: Both, direction: str) -> list[str]:
    if direction == FORWARD:
        return []
    return [
        f"the move was confirmed: nothing flows back to {both.source.name}, and which of its accounts were"
        " locked is not known any more"
    ]


def _by_network(server: Server) -> Server:
    """A server that we reach by its socket is on this host, and so is the other one if nothing is said."""
    return replace(server, host="127.0.0.1", tls=PLAIN) if server.local else server


def _accepts(side: Side) -> bool | None:
    """None: nobody knows. Which rights our account lacks is an objection of its own."""
    try:
        return accepts(side)
    except Unreachable:
        return None
    except SqlError as error:
        if error.code not in _LACKS_RIGHTS:
            raise
        return None
