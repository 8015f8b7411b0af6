# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session with PostgreSQL, over psycopg2."""

from __future__ import annotations

import contextlib
import select
import threading
import time
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

#: libpq's sslmode by our word.
_SSLMODE = {ENCRYPTED: "require", PLAIN: "disable"}
#: A dead peer is noticed after so many milliseconds without an acknowledgement.
_TCP_USER_TIMEOUT_MS = 15000

_clock = threading.local()


def _wait(connection: Any) -> None:
    """In the place of libpq's own wait, which knows no deadline: a frozen server would hold us for ever."""
    from psycopg2 import extensions

    while True:
        state = connection.poll()
        if state == extensions.POLL_OK:
            return
        left = _clock.end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        handle = connection.fileno()
        reading = [handle] if state == extensions.POLL_READ else []
        writing = [handle] if state == extensions.POLL_WRITE else []
        select.select(reading, writing, [], min(left, 1.0))


def quoted(*names: str) -> str:
    """A name, or names with dots between, as PostgreSQL quotes them."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


class PostgresqlSession:
    """See ``session.Session``."""

    def __init__(self, server: Server, connect_s: float) -> None:
        try:
            import psycopg2
            from psycopg2 import extensions
        except ImportError as error:
            raise driver_missing(server, "python3-psycopg2", error) from error
        self._errors: Any = psycopg2
        self.server = server
        extensions.set_wait_callback(_wait)
        _clock.end = time.monotonic() + connect_s
        try:
            self._connection = psycopg2.connect(**_options(server, connect_s))
        except psycopg2.OperationalError as error:
            raise _not_opened(server, error) from error
        except TimeoutError as error:
            raise Unreachable(
                "no session with the database", device=server.name, cause=f"no answer within {connect_s:g} s"
            ) from error
        self._connection.autocommit = True

    @property
    def number(self) -> int:
        return int(self._connection.info.backend_pid)

    def rows(self, sql: str, values: Sequence[Any] = (), *, answer_s: float = ANSWER_S) -> list[Row]:
        with self._answered(answer_s), self._connection.cursor() as cursor:
            cursor.execute(sql, tuple(values) or None)
            return list(cursor.fetchall())

    def do(self, sql: str, values: Sequence[Any] = (), *, answer_s: float = ANSWER_S) -> int:
        with self._answered(answer_s), self._connection.cursor() as cursor:
            cursor.execute(sql, tuple(values) or None)
            return int(cursor.rowcount)

    def value(self, sql: str, values: Sequence[Any] = (), *, answer_s: float = ANSWER_S) -> Any:
        rows = self.rows(sql, values, answer_s=answer_s)
        return rows[0][0] if rows else None

    def quote(self, *names: str) -> str:
        return quoted(*names)

    def close(self) -> None:
        with contextlib.suppress(self._errors.Error):
            self._connection.close()

    @contextlib.contextmanager
    def _answered(self, answer_s: float) -> Iterator[None]:
        """The driver's errors as ours."""
        _clock.end = time.monotonic() + answer_s
        try:
            yield
        except TimeoutError as error:
            self._cancel()
            raise DeadlineExceeded(
                "the database did not answer", device=self.server.name, cause=f"within {answer_s:g} s"
            ) from error
        except self._errors.Error as error:
            if self._connection.closed or error.pgcode is None:
                raise Unreachable(
                    "the session with the database broke", device=self.server.name, cause=_said(error)
                ) from error
            raise SqlError(
                "the database refused a statement", error.pgcode, device=self.server.name, cause=_said(error)
            ) from error

    def _cancel(self) -> None:
        """Have the server end what nobody waits for, without waiting for that either."""

        def ask() -> None:
            with contextlib.suppress(self._errors.Error):
                self._connection.cancel()
            self.close()

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(1.0)


def _options(server: Server, connect_s: float) -> dict[str, Any]:
    options: dict[str, Any] = {
        "host": server.host,
        "port": server.port,
        "user": server.user,
        "dbname": server.database,
        "application_name": "anjianyun",
        "connect_timeout": max(1, round(connect_s)),
        "tcp_user_timeout": _TCP_USER_TIMEOUT_MS,
        "client_encoding": "UTF8",
    }
    if server.password:
        options["password"] = server.password
    if not server.local:
        options["sslmode"] = _SSLMODE.get(server.tls, "verify-full")
        if server.tls not in _SSLMODE:
            options["sslrootcert"] = server.ca or "/etc/ssl/certs/ca-certificates.crt"
    return options


def _not_opened(server: Server, error: Exception) -> DatacenterError:
    """It answered and refused, or nobody did: libpq tells them apart in words only."""
    said = _said(error)
    if "FATAL" in said or "certificate" in said or "SSL" in said:
        return DatacenterError(
            "the database refuses the session",
            device=server.name,
            cause=said,
            next_step="see its account, its pg_hba.conf and its certificate",
        )
    return Unreachable("no session with the database", device=server.name, cause=said)


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
