# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One of the two servers of a PostgreSQL migration, and what the migration keeps on it.

What stood before a change is kept in the comment of a schema of the migration's own: a comment is changed in
the same transaction as the database's limit or a role, survives kill -9 on both ends, and is not replicated.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.postgresql import quoted
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import (
    ANSWER_S,
    Row,
    Session,
    SqlError,
    connect,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused

SOURCE, TARGET = "source", "target"

#: An old database may say otherwise of each of them, for all its sessions.
_SETTINGS = (
    "SET search_path = pg_catalog; SET standard_conforming_strings = on; SET statement_timeout = 0; "
    "SET lock_timeout = '20s'; SET idle_in_transaction_session_timeout = 0; SET row_security = off; "
    "SET default_transaction_read_only = off; SET default_transaction_isolation = 'read committed'; "
    "SET synchronous_commit = on; SET client_min_messages = error"
)
#: For a statement that holds a secret. Only superusers may set them.
UNWRITTEN = (
    "SET LOCAL log_statement = 'none'; SET LOCAL log_min_duration_statement = -1; "
    "SET LOCAL log_min_error_statement = 'panic'; SET LOCAL pgaudit.log = 'none'; "
    # Extensions that write statements down; where they are not loaded these names mean nothing.
    "SET LOCAL pg_stat_statements.track = 'none'; SET LOCAL auto_explain.log_min_duration = -1"
)
#: A row of a catalog that somebody else changed at the same moment (pg_database: VACUUM does).
_CONCURRENTLY = ("XX000", "40001")


def literal(text: str) -> str:
    """A text in a statement, for those that take no values (``standard_conforming_strings`` is on)."""
    return "'" + text.replace("'", "''") + "'"


class Side:
    """A server, a session with it, and what is kept there.

    :param word: ``source`` or ``target``.
    """

    def __init__(self, word: str, server: Server, names: Names) -> None:
        self.word, self.server, self.names = word, server, names
        #: Until when statements may take (time.monotonic()); ``None``: as long as each says.
        self.until: float | None = None
        self._session: Session | None = None
        self._version = 0

    @property
    def device(self) -> str:
        return self.server.name

    @property
    def database(self) -> str:
        return self.server.database

    @property
    def schema(self) -> str:
        """Of the migration's own, quoted."""
        return quoted(self.names.prefix)

    @property
    def session(self) -> Session:
        if self._session is None:
            opened = connect(self.server)
            opened.do(_SETTINGS)
            self._session = opened
        return self._session

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    @property
    def version(self) -> int:
        """Its major version."""
        if not self._version:
            self._version = int(self.value("SHOW server_version_num")) // 10000
        return self._version

    def _answer_s(self, answer_s: float) -> float:
        return answer_s if self.until is None else max(0.2, min(answer_s, self.until - time.monotonic()))

    def rows(self, sql: str, values: Sequence[Any] = (), answer_s: float = ANSWER_S) -> list[Row]:
        return self.session.rows(sql, values, answer_s=self._answer_s(answer_s))

    def do(self, sql: str, values: Sequence[Any] = (), answer_s: float = ANSWER_S) -> int:
        return self.session.do(sql, values, answer_s=self._answer_s(answer_s))

    def value(self, sql: str, values: Sequence[Any] = (), answer_s: float = ANSWER_S) -> Any:
        return self.session.value(sql, values, answer_s=self._answer_s(answer_s))

    def names_of(self, sql: str, values: Sequence[Any] = (), answer_s: float = ANSWER_S) -> list[str]:
        """The first column, as texts."""
        return [str(row[0]) for row in self.rows(sql, values, answer_s)]

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        self.do("BEGIN")
        try:
            yield
            self.do("COMMIT")
        except BaseException:
            with contextlib.suppress(DatacenterError):
                self.do("ROLLBACK")
            raise

    def secretly(self, *statements: str) -> None:
        """Statements that hold a secret, in one transaction, out of the server's log."""
        with self.transaction():
            self.do(UNWRITTEN)
            for statement in statements:
                self.do(statement)

    def server_wide(self) -> Side:
        """The same server, in a database that is there in any case."""
        return Side(self.word, self.server.on("postgres" if self.database != "postgres" else "template1"),
                    self.names)  # fmt: skip

    @contextlib.contextmanager
    def only_one(self, wait_s: float = 5.0) -> Iterator[None]:
        """Keep a second run of the same migration away meanwhile.

        :raises Refused: one runs. (One that was killed is gone with its session, within a moment.)
        """
        end = time.monotonic() + wait_s
        while not self.value("SELECT pg_try_advisory_lock(hashtextextended(%s, 5))", [self.names.prefix]):
            if time.monotonic() > end:
                raise Refused(
                    "another run of this migration is at work",
                    device=self.device,
                    cause=f"it holds the advisory lock of {self.names.prefix}",
                    next_step="wait for it, or end it, and run this again",
                )
            time.sleep(0.1)
        try:
            yield
        finally:
            with contextlib.suppress(DatacenterError):
                self.do("SELECT pg_advisory_unlock(hashtextextended(%s, 5))", [self.names.prefix])

    # What is kept.

    def kept(self) -> dict[str, Any]:
        """What the migration keeps here; empty where it was never."""
        said = self.value(
            "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s",
            [self.names.prefix],
        )
        if not said:
            return {}
        try:
            found = json.loads(said)
        except ValueError as error:
            raise DatacenterError(
                "what the migration keeps cannot be read",
                device=self.device,
                cause=f"the comment of the schema {self.names.prefix}: {error}",
            ) from error
        return dict(found)

    def keep(self, change: Mapping[str, Any]) -> None:
        """Keep more, or with ``None`` less. Makes the schema where it is missing."""
        kept = {name: value for name, value in {**self.kept(), **change}.items() if value is not None}
        self.do(f"CREATE SCHEMA IF NOT EXISTS {self.schema}")
        self.do(f"COMMENT ON SCHEMA {self.schema} IS {literal(json.dumps(kept, sort_keys=True))}")

    def repeat(self, what: Any) -> None:
        """Do it in a transaction, and again when a catalog's row was changed by somebody else meanwhile."""
        for attempt in range(5):
            try:
                with self.transaction():
                    what()
                return
            except SqlError as error:
                if error.code not in _CONCURRENTLY or attempt == 4:
                    raise
                time.sleep(0.02)
