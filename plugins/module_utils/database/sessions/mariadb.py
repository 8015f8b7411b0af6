# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session with MariaDB, over PyMySQL."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import (
    ENCRYPTED,
    PLAIN,
    Server,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import (
    ANSWER_S,
    Row,
    SqlError,
    driver_missing,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
    Unreachable,
)

#: Error numbers of the client's own: the session did not come about, or broke (MariaDB's manual, 'Error
#: Codes', 2000 to 2999); and those by which a server ends a session: shutdown, killed, kept waiting too long.
_BROKEN = frozenset({1053, 1927, 4031, *range(2000, 3000)})
#: Access denied: to the server, to the database.
_DENIED = frozenset({1044, 1045, 1698})


class MariadbSession:
    """See ``session.Session``. Times are UTC, texts utf8mb4."""

    def __init__(self, server: Server, connect_s: float) -> None:
        try:
            import pymysql
        except ImportError as error:
            raise driver_missing(server, "python3-pymysql", error) from error
        self._driver: Any = pymysql
        self.server = server
        try:
            self._connection = pymysql.connect(**_options(server, connect_s))
        except pymysql.MySQLError as error:
            raise _not_opened(server, error) from error
        except OSError as error:
            raise _not_opened(server, error) from error

    @property
    def number(self) -> int:
        return int(self._connection.thread_id())

    def rows(self, sql: str, values: Sequence[Any] = (), *, answer_s: float = ANSWER_S) -> list[Row]:
        with self._answered(answer_s), self._connection.cursor() as cursor:
            cursor.execute(sql, tuple(values) or None)
            return list(cursor.fetchall())

    def do(self, sql: str, values: Sequence[Any] = (), *, answer_s: float = ANSWER_S) -> int:
        with self._answered(answer_s), self._connection.cursor() as cursor:
            return int(cursor.execute(sql, tuple(values) or None))

    def value(self, sql: str, values: Sequence[Any] = (), *, answer_s: float = ANSWER_S) -> Any:
        rows = self.rows(sql, values, answer_s=answer_s)
        return rows[0][0] if rows else None

    def quote(self, *names: str) -> str:
        return ".".join("`" + name.replace("`", "``") + "`" for name in names)

    def close(self) -> None:
        with contextlib.suppress(self._driver.MySQLError, OSError):
            self._connection.close()

    @contextlib.contextmanager
    def _answered(self, answer_s: float) -> Iterator[None]:
        """The driver's errors as ours."""
        # The driver takes it when a session is opened; it looks at it before each read.
        self._connection._read_timeout = answer_s  # type: ignore[attr-defined]
        try:
            yield
        except self._driver.MySQLError as error:
            number = error.args[0] if error.args and isinstance(error.args[0], int) else 2000
            if isinstance(error.__context__, TimeoutError) or "timed out" in str(error):
                raise DeadlineExceeded(
                    "the database did not answer", device=self.server.name, cause=f"within {answer_s:g} s"
                ) from error
            if number in _BROKEN or isinstance(error, self._driver.InterfaceError):
                raise Unreachable(
                    "the session with the database broke", device=self.server.name, cause=_said(error)
                ) from error
            raise SqlError(
                "the database refused a statement", str(number), device=self.server.name, cause=_said(error)
            ) from error


def _options(server: Server, connect_s: float) -> dict[str, Any]:
    options: dict[str, Any] = {
        "user": server.user,
        "password": server.password,
        "database": server.database or None,
        "charset": "utf8mb4",
        "autocommit": True,
        "connect_timeout": max(1, round(connect_s)),
        # The greeting is read under it, too; each statement sets its own.
        "read_timeout": connect_s,
        "write_timeout": 15,
        "init_command": "SET SESSION time_zone = '+00:00', SESSION wait_timeout = 28800",
    }
    if server.local:
        # Said, for the driver else reads all of the system's certificates first: 0.2 s a session.
        return {**options, "unix_socket": server.host, "ssl_disabled": True}
    options.update(host=server.host, port=server.port)
    if server.tls == PLAIN:
        return {**options, "ssl_disabled": True}
    if server.tls == ENCRYPTED:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context = ssl.create_default_context(cafile=server.ca)
    # Old servers end at TLS 1.2, the oldest that is still held to be safe.
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return {**options, "ssl": context}


def _not_opened(server: Server, error: Exception) -> DatacenterError:
    number = error.args[0] if error.args else 0
    if number in _DENIED or "certificate" in str(error).lower() or "SSL" in str(error):
        return DatacenterError(
            "the database refuses the session",
            device=server.name,
            cause=_said(error),
            next_step="see its account, from which hosts it may come, and its certificate",
        )
    return Unreachable("no session with the database", device=server.name, cause=_said(error))


def _said(error: Exception) -> str:
    return str(error.args[1]) if len(error.args) > 1 else str(error) or type(error).__name__
