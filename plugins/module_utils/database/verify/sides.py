# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sessions of both sides, each side on one snapshot."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import (
    POSTGRESQL,
    Server,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import (
    Session,
    SqlError,
    connect,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify import mariadb, postgresql
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.compare import Sides
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.model import Plan, Table
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.reading import SqlReader
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.throttle import Limit

#: Encodings whose texts are compared byte by byte.
_RAW = frozenset({"UTF8", "SQL_ASCII"})

_PG_LAG = "SELECT max(extract(epoch FROM replay_lag)) FROM pg_stat_replication"
_PG_RUNNING = (
    "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND backend_type = 'client backend'"
    " AND application_name <> 'anjianyun'"
)
_MARIA_RUNNING = (
    "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE COMMAND IN ('Query', 'Execute')"
    " AND ID <> %s AND INFO NOT LIKE %s"
)
#: Seconds_Behind_Master in SHOW ALL SLAVES STATUS, whose first two columns SHOW SLAVE STATUS has not.
_BEHIND = 34


@dataclass
class Side:
    """One server: a session for questions, and how more are opened."""

    server: Server
    lead: Session
    hashing: str
    snapshot: str | None
    quiet: bool

    def reader(self, session: Session) -> SqlReader:
        if self.server.engine == POSTGRESQL:
            return postgresql.PostgresqlReader(session, self.hashing)
        return mariadb.MariadbReader(session)

    def begin(self, session: Session) -> None:
        """Take the side's snapshot, after whatever an error has left."""
        if not self.quiet:
            return
        session.do("ROLLBACK")
        if self.server.engine == POSTGRESQL:
            session.do("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            if self.snapshot:
                session.do("SET TRANSACTION SNAPSHOT %s", [self.snapshot])
        else:
            session.do(mariadb.SNAPSHOT)

    def open(self) -> Session:
        session = _connected(self.server)
        try:
            self.begin(session)
        except BaseException:
            session.close()
            raise
        return session


@dataclass
class Opened:
    """Both servers, ready to be compared."""

    source: Side
    target: Side
    same_encoding: bool

    def tables(self) -> tuple[dict[str, Table], dict[str, Table]]:
        read = _of(self.source.server).read_tables
        return read(self.source.lead), read(self.target.lead)

    def plan(self, source: Table, target: Table) -> Plan:
        if self.source.server.engine == POSTGRESQL:
            return postgresql.plan_of(self.source.lead, source, target, same_encoding=self.same_encoding)
        return mariadb.plan_of(self.source.lead, source, target)

    @contextlib.contextmanager
    def leading(self) -> Iterator[tuple[SqlReader, Callable[[], None]]]:
        """The source, for finding the ends of parts; and what begins its transaction again after an error.

        Not the leading session: with its transaction the snapshot of all would end.
        """
        with contextlib.closing(self.source.open()) as session:
            yield self.source.reader(session), lambda: self.source.begin(session)

    @contextlib.contextmanager
    def sides(self) -> Iterator[tuple[Sides, Callable[[], None]]]:
        """One more session each; and what begins their transactions again after an error."""
        with contextlib.ExitStack() as stack:
            here, there = self.source.open(), None
            stack.callback(here.close)
            there = self.target.open()
            stack.callback(there.close)
            sides = Sides(self.source.reader(here), self.target.reader(there))
            stack.callback(sides.close)

            def again() -> None:
                self.source.begin(here)
                self.target.begin(there)

            yield sides, again


@contextlib.contextmanager
def opened(source: Server, target: Server, quiet: bool) -> Iterator[Opened]:
    """Sessions with both, set up alike.

    :param quiet: nobody writes: each side is read in one snapshot. PostgreSQL's is shared by all sessions;
        MariaDB has one for each session, which between quiet sides is the same.
    """
    with contextlib.ExitStack() as stack:
        leads = []
        for server in (source, target):
            session = _connected(server)
            stack.callback(session.close)
            leads.append(session)
        hashing, alike = _hashing(leads) if source.engine == POSTGRESQL else ("", True)
        both = []
        for server, lead in zip((source, target), leads):
            side = Side(server, lead, hashing, None, quiet)
            side.begin(lead)
            if quiet and server.engine == POSTGRESQL:
                side.snapshot = lead.value("SELECT pg_export_snapshot()")
            both.append(side)
        yield Opened(both[0], both[1], alike)


@contextlib.contextmanager
def limits(
    source: Server, target: Server, max_lag_s: float | None, max_running: int | None
) -> Iterator[tuple[Limit, ...]]:
    """What is watched while comparing, over sessions of its own."""
    wanted: list[Limit] = []
    with contextlib.ExitStack() as stack:
        watching = {}
        if max_lag_s is not None or max_running is not None:
            for name, server in (("source", source), ("target", target)):
                watching[name] = connect(server)
                stack.callback(watching[name].close)
        if max_lag_s is not None:
            session = watching["source" if source.engine == POSTGRESQL else "target"]
            wanted.append(Limit("lag of the replication in seconds", lambda: lag_s(session), max_lag_s))
        if max_running is not None:
            for name, session in watching.items():
                wanted.append(
                    Limit(f"statements that run on the {name}", _running(session), float(max_running))
                )
        yield tuple(wanted)


def lag_s(session: Session) -> float | None:
    """Seconds by which what follows is behind: asked of PostgreSQL's source, of MariaDB's target."""
    if session.server.engine == POSTGRESQL:
        value = session.value(_PG_LAG)
        return None if value is None else float(value)
    behind = [row[_BEHIND] for row in session.rows("SHOW ALL SLAVES STATUS")]
    known = [float(one) for one in behind if one is not None]
    return max(known) if known else None


def _running(session: Session) -> Callable[[], float | None]:
    def measure() -> float | None:
        if session.server.engine == POSTGRESQL:
            return float(session.value(_PG_RUNNING))
        return float(session.value(_MARIA_RUNNING, [session.number, mariadb.MARK + "%"]))

    return measure


def _of(server: Server) -> Any:
    return postgresql if server.engine == POSTGRESQL else mariadb


def _connected(server: Server) -> Session:
    session = connect(server)
    try:
        _of(server).set_up(session)
    except BaseException:
        session.close()
        raise
    return session


def _hashing(leads: list[Session]) -> tuple[str, bool]:
    """Which hash gives the same on both, and whether texts are the same bytes on both."""
    encodings = {lead.value("SHOW server_encoding") for lead in leads}
    alike = len(encodings) == 1 or encodings <= _RAW
    try:
        probes = {tuple(lead.rows(postgresql.PROBE)[0]) for lead in leads}
    except SqlError:
        # A server encoding that has no such characters.
        probes = set()
    return (postgresql.HASH if alike and len(probes) == 1 else postgresql.MD5), alike
