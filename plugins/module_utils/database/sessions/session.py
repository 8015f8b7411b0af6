# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session with a database server: what the engines have in common.

The drivers are Debian's python3-psycopg2 and python3-pymysql, on the new server: nothing is installed on a
source. They are imported when a session is opened, so that modules can say what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import (
    POSTGRESQL,
    Server,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

#: Seconds that opening a session may take.
CONNECT_S = 5
#: Seconds that a statement may take when its caller says nothing.
ANSWER_S = 30.0

Row = Sequence[Any]


class SqlError(DatacenterError):
    """The server refused a statement.

    ``code``: PostgreSQL's SQLSTATE (appendix A of its manual), MariaDB's error number, as text.
    """

    def __init__(self, what: str, code: str, **more: Any) -> None:
        self.code = code
        super().__init__(what, **more)


class Session(Protocol):
    """Statements are committed one by one, unless BEGIN and COMMIT are sent."""

    server: Server

    @property
    def number(self) -> int:
        """By which the server calls the session (pg_backend_pid(), CONNECTION_ID())."""

    def rows(self, sql: str, values: Sequence[Any] = (), *, answer_s: float = ANSWER_S) -> list[Row]:
        """What a query yields. ``%s`` stands for a value, ``%%`` for a per cent sign when there are values.

        :raises SqlError: the server refused it.
        :raises Unreachable: the session broke; whether the statement was done is not known.
        :raises DeadlineExceeded: no answer within ``answer_s``; the session is of no use any more.
        """

    def do(self, sql: str, values: Sequence[Any] = (), *, answer_s: float = ANSWER_S) -> int:
        """Send what yields nothing; the number of rows that it touched. Raises what :meth:`rows` does."""

    def value(self, sql: str, values: Sequence[Any] = (), *, answer_s: float = ANSWER_S) -> Any:
        """The first column of the only row; ``None`` when there is no row."""

    def quote(self, *names: str) -> str:
        """A name, or names with dots between, as the engine quotes it."""

    def close(self) -> None:
        """End it. Never fails."""


def connect(server: Server, connect_s: float = CONNECT_S) -> Session:
    """Open a session.

    :raises Unreachable: nobody answers there.
    :raises DatacenterError: it answers, and refuses the account or its certificate is not trusted; or the
        driver is missing on this host.
    """
    if server.engine == POSTGRESQL:
        from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.postgresql import (  # noqa: E501
            PostgresqlSession,
        )

        return PostgresqlSession(server, connect_s)
    from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.mariadb import (
        MariadbSession,
    )

    return MariadbSession(server, connect_s)


@contextmanager
def session(server: Server, connect_s: float = CONNECT_S) -> Iterator[Session]:
    """A session for a block."""
    opened = connect(server, connect_s)
    try:
        yield opened
    finally:
        opened.close()


def driver_missing(server: Server, package: str, error: ImportError) -> DatacenterError:
    """The same words for both engines."""
    return DatacenterError(
        "no session can be opened from this host",
        device=server.name,
        cause=f"its Python has no driver: {error}",
        next_step=f"install {package} here (nothing is installed on the source)",
    )
