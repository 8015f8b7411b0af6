#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a database of PostgreSQL takes no writes while they move to another cluster, under load."""

from __future__ import annotations

import sys
import time

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import FORWARD
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.choices import (
    Choices,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.migration import (  # noqa: E501
    PostgresqlMigration,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session
from ansible_collections.anjianyun.datacenter.tests.bench._cutover import Pair, leave_moves, measure
from ansible_collections.anjianyun.datacenter.tests.bench._databases import (
    NAME,
    NAMES,
    postgresql_bytes,
    two_postgresql,
)
from ansible_collections.anjianyun.datacenter.tests.integration.database.servers import Postgres

_SESSIONS = "FROM pg_stat_activity WHERE usename = 'app' AND pid <> pg_backend_pid()"


def by_hand(old: Postgres, new: Postgres, direction: str) -> float:
    """The application's role may not log in, its sessions end, the other cluster has applied all."""
    begin = (old if direction == FORWARD else new).server(NAME)
    with session(begin) as asked:
        began = time.monotonic()
        asked.do("ALTER ROLE app NOLOGIN")
        while asked.rows(f"SELECT pg_terminate_backend(pid) {_SESSIONS}"):
            time.sleep(0.005)
        lsn = asked.value("SELECT pg_current_wal_flush_lsn()::text")
        applied = "SELECT replay_lsn >= %s::pg_lsn FROM pg_stat_replication WHERE application_name = %s"
        while not asked.value(applied, [lsn, NAMES.of(direction)]):
            assert time.monotonic() < began + 30
            time.sleep(0.005)
        asked.do("ALTER ROLE app LOGIN")
        return time.monotonic() - began


def main() -> int:
    with two_postgresql() as (old, new):
        source, target = old.server(NAME), new.server(NAME)
        size = postgresql_bytes(source)
        moved = PostgresqlMigration(source, target, NAMES, Choices(large_objects="recopy"))
        with session(source) as asked:
            version = str(asked.value("SHOW server_version"))
        seen = measure(Pair(moved, source, target, lambda direction: by_hand(old, new, direction)))
    leave_moves("db_cutover_postgresql", seen, size, "NOLOGIN, pg_terminate_backend, replay_lsn", version)
    return 0


if __name__ == "__main__":
    sys.exit(main())
