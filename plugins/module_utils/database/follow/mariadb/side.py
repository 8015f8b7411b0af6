# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One of the two servers of a migration, and what is remembered on it.

What stood before something is changed is kept in a table on the server itself, so that it is put back
exactly, also by a run on another host, after a kill -9. The table lives in a schema of the migration's own;
nothing of it goes to the binary log, so it never flows to the other side.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import (
    ANSWER_S,
    Row,
    Session,
    SqlError,
    connect,
    session,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused

SOURCE, TARGET = "source", "target"
SYSTEM_SCHEMAS = frozenset({"mysql", "sys", "information_schema", "performance_schema"})
#: No such database, no such table; what nothing was ever kept on.
_MISSING = frozenset({"1049", "1146"})
#: Seconds that a statement of ours waits for a lock, and holds up those who come after it.
_LOCK_WAIT_S = 5


class _Bounded:
    """A session whose statements end by a deadline of their side's."""

    def __init__(self, side: Side, opened: Session) -> None:
        self._side = side
        self._session = opened
        self.server = opened.server

    @property
    def number(self) -> int:
        return self._session.number

    def _left(self, answer_s: float) -> float:
        if self._side.until is None:
            return answer_s
        return max(0.5, min(answer_s, self._side.until - time.monotonic()))

    def rows(self, sql: str, values: Sequence[Any] = (), *, answer_s: float = ANSWER_S) -> list[Row]:
        return self._session.rows(sql, values, answer_s=self._left(answer_s))

    def do(self, sql: str, values: Sequence[Any] = (), *, answer_s: float = ANSWER_S) -> int:
        return self._session.do(sql, values, answer_s=self._left(answer_s))

    def value(self, sql: str, values: Sequence[Any] = (), *, answer_s: float = ANSWER_S) -> Any:
        return self._session.value(sql, values, answer_s=self._left(answer_s))

    def quote(self, *names: str) -> str:
        return self._session.quote(*names)

    def close(self) -> None:
        self._session.close()


class Side:
    """A server, a session with it whose statements are not in its binary log, and its table of what was.

    :param role: ``source`` or ``target``: as it was when the migration began, whoever writes now.
    """

    def __init__(self, role: str, server: Server, names: Names, databases: Sequence[str]) -> None:
        self.role = role
        self.server = server
        self.names = names
        self.databases = tuple(databases)
        #: When statements have to be done (``time.monotonic()``); ``None``: each has its own time.
        self.until: float | None = None
        self._opened: Session | None = None
        self._version: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        return self.server.name

    @property
    def sql(self) -> Session:
        """The session; opened when it is first needed."""
        if self._opened is None:
            opened = _Bounded(self, connect(self.server))
            try:
                opened.do(f"SET SESSION sql_log_bin = 0, SESSION lock_wait_timeout = {_LOCK_WAIT_S}")
            except BaseException:
                # What it would do after this would be in the binary log.
                opened.close()
                raise
            self._opened = opened
        return self._opened

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    @contextlib.contextmanager
    def logged(self) -> Iterator[Session]:
        """Another session, whose statements are in the binary log."""
        with session(self.server) as opened:
            yield opened

    @property
    def version(self) -> tuple[int, ...]:
        if not self._version:
            said = str(self.sql.value("SELECT VERSION()")).split("-", 1)[0]
            self._version = tuple(int(part) for part in said.split("."))
        return self._version

    def variable(self, name: str) -> str:
        """A global variable; empty where the server does not know it."""
        rows = self.sql.rows("SHOW GLOBAL VARIABLES WHERE Variable_name = %s", [name])
        return str(rows[0][1]) if rows else ""

    @property
    def others(self) -> list[str]:
        """Databases on it that this migration does not move."""
        ours = {*self.databases, *SYSTEM_SCHEMAS}
        found = [str(row[0]) for row in self.sql.rows("SELECT schema_name FROM information_schema.schemata")]
        return sorted(name for name in found if name not in ours and not name.startswith("ajy_"))

    @property
    def filled(self) -> list[str]:
        """Databases that this migration moves and in which there is something."""
        rows = self.sql.rows(
            "SELECT table_schema FROM information_schema.tables WHERE table_schema IN %s UNION"
            " SELECT routine_schema FROM information_schema.routines WHERE routine_schema IN %s",
            [self.databases, self.databases],
        )
        return [str(row[0]) for row in rows]

    @property
    def us(self) -> tuple[str, str]:
        """The account that we come by."""
        user, host = str(self.sql.value("SELECT CURRENT_USER()")).rsplit("@", 1)
        return user, host

    # What is remembered

    @property
    def _kept(self) -> str:
        return self.sql.quote(self.names.prefix, "kept")

    def prepare(self) -> None:
        """Make the schema of ours, its table of what was, and the canary's."""
        schema = self.sql.quote(self.names.prefix)
        self.sql.do(f"CREATE DATABASE IF NOT EXISTS {schema} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        self.sql.do(
            f"CREATE TABLE IF NOT EXISTS {self._kept} (what VARCHAR(32) NOT NULL, name VARCHAR(400) NOT NULL,"
            " was TEXT NOT NULL, PRIMARY KEY (what, name)) ENGINE = InnoDB CHARACTER SET utf8mb4"
            " COLLATE utf8mb4_bin"
        )
        self.sql.do(
            f"CREATE TABLE IF NOT EXISTS {self.sql.quote(self.names.prefix, self.names.canary)}"
            " (id VARCHAR(64) NOT NULL PRIMARY KEY) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        )

    def kept(self, what: str) -> dict[str, str]:
        """What was, by name."""
        return self.kept_of(self.names.prefix, what)

    def kept_of(self, schema: str, what: str) -> dict[str, str]:
        """The same of another migration, by its schema; nothing where there is none."""
        try:
            rows = self.sql.rows(
                f"SELECT name, was FROM {self.sql.quote(schema, 'kept')} WHERE what = %s ORDER BY name",
                [what],
            )
        except SqlError as error:
            if error.code in _MISSING:
                return {}
            raise
        return {str(name): str(was) for name, was in rows}

    def keep(self, what: str, name: str, was: str) -> None:
        """Remember it, before it is changed. What is remembered already stays: it is the older truth."""
        self.sql.do(f"INSERT IGNORE INTO {self._kept} VALUES (%s, %s, %s)", [what, name, was])

    def note(self, what: str, name: str, now: str) -> None:
        """Remember it instead of what is remembered."""
        self.sql.do(
            f"INSERT INTO {self._kept} VALUES (%s, %s, %s) ON DUPLICATE KEY UPDATE was = VALUES(was)",
            [what, name, now],
        )

    def forget(self, what: str, name: str) -> None:
        self.sql.do(f"DELETE FROM {self._kept} WHERE what = %s AND name = %s", [what, name])

    @property
    def has_ours(self) -> bool:
        """Whether the schema of ours is there."""
        return bool(self.sql.rows("SHOW DATABASES WHERE `Database` = %s", [self.names.prefix]))


@contextlib.contextmanager
def only_run(side: Side, wait_s: float = 5.0) -> Iterator[None]:
    """Keep other runs of the same migration out. The server lets go when our session ends, however it does.

    :raises Refused: another run is under way.
    """
    with session(side.server) as holder:
        if holder.value("SELECT GET_LOCK(%s, %s)", [side.names.prefix, wait_s], answer_s=wait_s + 5) != 1:
            raise Refused(
                "another run of this migration is under way",
                device=side.name,
                cause=f"it holds the lock {side.names.prefix}",
                next_step="wait for it, or end it, then run this again",
            )
        yield
