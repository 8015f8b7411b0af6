# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secondary keys of large tables: set aside while rows are copied, and made when the rows are there.

A key that grows row by row costs as much as the rows, and more when it does not fit into memory; made at once
it is sorted. The target's own words for each key are what is said again, so it comes back as it was.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.side import Side
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import (
    Session,
    SqlError,
    session,
)

#: Below, nothing is won.
LARGE_BYTES = 16 << 20
_DAY_S = 86400.0
_STOP_S = 60.0
_PLAIN = re.compile(r"^  ((?:UNIQUE )?KEY (`(?:[^`]|``)+`) .*?),?$", re.MULTILINE)
#: Rows lie in the order of a primary key; without one a secondary key may be that. The others of these
#: are made in ways of their own.
_LEFT_ALONE = re.compile(
    r"^  (FULLTEXT|SPATIAL|VECTOR) |^  .*KEY .* USING HASH|PARTITION BY|SYSTEM VERSIONING", re.MULTILINE
)
_PRIMARY = re.compile(r"^  PRIMARY KEY ", re.MULTILINE)
#: A value is there twice: no other way to make the key changes that.
_TWICE = "1062"


def plain(statement: str) -> dict[str, str]:
    """Keys that can be set aside, by quoted name: each as SHOW CREATE TABLE says it."""
    if not _PRIMARY.search(statement) or _LEFT_ALONE.search(statement):
        return {}
    return {name: said for said, name in _PLAIN.findall(statement)}


class Keys:
    """Those of one copy.

    :param target: where the tables are, without rows.
    """

    def __init__(self, target: Side) -> None:
        self._target = target
        self._aside: dict[str, dict[str, str]] = {}

    def set_aside(self, database: str, name: str) -> None:
        """Drop what can be dropped. A table that needs its keys as they are keeps them."""
        table = self._target.sql.quote(database, name)
        with self._loading() as opened:
            found = plain(str(opened.rows(f"SHOW CREATE TABLE {table}")[0][1]))
            if not found:
                return
            drops = ", ".join(f"DROP KEY {key}" for key in found)
            # It counts by one of them, for instance.
            with contextlib.suppress(SqlError):
                opened.do(f"ALTER TABLE {table} {drops}", answer_s=600)
                self._aside[table] = found

    def make(self, database: str, name: str) -> None:
        """Put back what was set aside.

        :raises SqlError: the rows do not allow it.
        """
        table = self._target.sql.quote(database, name)
        found = self._aside.pop(table, None)
        if found is None:
            return
        adds = ", ".join(f"ADD {said}" for said in found.values())
        # The comment is how a later run finds the statement of one that was killed.
        statement = f"ALTER TABLE {table} {_mark(self._target)} {adds}"
        with self._loading() as opened:
            try:
                opened.do(statement, answer_s=_DAY_S)
            except SqlError as error:
                if error.code == _TWICE:
                    raise
                # Sorting wants room in the server's tmpdir; this way wants none, and takes longer.
                opened.do(f"{statement}, ALGORITHM=COPY", answer_s=_DAY_S)

    @contextlib.contextmanager
    def _loading(self) -> Iterator[Session]:
        """A session of its own, for several threads make keys; with the same leniency as the rows."""
        with session(self._target.server) as opened:
            opened.do(
                "SET SESSION sql_log_bin = 0, SESSION foreign_key_checks = 0, SESSION lock_wait_timeout = 60,"
                " SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'"
            )
            yield opened


def _mark(target: Side) -> str:
    return f"/* {target.names.prefix} keys */"


def stop(target: Side) -> None:
    """End statements that make keys, of this run or of one that was killed: the server goes on with them."""
    end = time.monotonic() + _STOP_S
    while True:
        found = target.sql.rows(
            "SELECT id FROM information_schema.processlist WHERE info LIKE %s AND id <> CONNECTION_ID()",
            [f"ALTER TABLE %{_mark(target)}%"],
        )
        if not found or time.monotonic() > end:
            return
        for (number,) in found:
            # It may have ended by itself.
            with contextlib.suppress(SqlError):
                target.sql.do(f"KILL {int(number)}")
        time.sleep(0.1)
