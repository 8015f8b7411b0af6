#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long it takes to prove that two databases of PostgreSQL hold the same rows.

Beside reladiff (over the same columns, with as many threads), beside one plain SELECT of the same digest on
one side, and beside ``COPY | md5sum`` of both sides at once, in turn, on the same two servers. At the end one
character is changed, and both have to name the row.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify import postgresql
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.model import Range
from ansible_collections.anjianyun.datacenter.tests.bench._verifying import TABLE, Case, measure, options
from ansible_collections.anjianyun.datacenter.tests.integration.database.servers import (
    PASSWORD,
    Postgres,
    postgres,
)

SETTINGS = "shared_buffers = 512MB\nmax_wal_size = 8GB\nautovacuum = off\n"
ROWS = f"""
CREATE TABLE {TABLE} AS
SELECT g AS id, md5(g::text) AS number, '事故上报 ' || g AS title, (g %% 997)::int AS county,
       (g * 1.37)::numeric(14,2) AS loss, g / 7.0::float8 AS score,
       timestamptz '2020-01-01 00:00:00+08' + g * interval '1 minute 1 ms' AS at,
       CASE WHEN g %% 11 = 0 THEN NULL ELSE repeat('x', (g %% 60)::int) END AS note
FROM generate_series(1::bigint, %s) g
"""


def main() -> None:
    """Measure and write the figures."""
    arguments = options(__doc__)
    with _servers(arguments.rows) as (old, new):
        password = quote(PASSWORD, safe="")
        source, target = (
            f"postgresql://mover:{password}@127.0.0.1:{made.port}/postgres" for made in (old, new)
        )
        case = Case(
            "db_verify", old.server(), new.server(), "public", lambda: _select(old.server()),
            lambda: _copy(old, new), "COPY | md5sum", (source, target),
        )  # fmt: skip
        measure(case, arguments)


@contextmanager
def _servers(rows: int) -> Iterator[tuple[Postgres, Postgres]]:
    with postgres("old", settings=SETTINGS) as old, postgres("new", settings=SETTINGS) as new:
        for made in (old, new):
            with session(made.server()) as asked:
                asked.do(f"CREATE ROLE mover LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
                asked.do(ROWS, [rows], answer_s=900)
                asked.do(f"ALTER TABLE {TABLE} ADD PRIMARY KEY (id)", answer_s=900)
                asked.do(f"VACUUM ANALYZE {TABLE}", answer_s=900)
        yield old, new


def _select(server: Server) -> None:
    """The digest of all rows in one statement."""
    with session(server) as asked:
        postgresql.set_up(asked)
        table = postgresql.read_tables(asked)[f"public.{TABLE}"]
        plan = postgresql.plan_of(asked, table, table)
        postgresql.PostgresqlReader(asked).digest(plan, Range())


def _copy(old: Postgres, new: Postgres) -> None:
    """Both sides at once, each in the order of its key."""
    running = [
        subprocess.Popen(
            f"psql -X -q -h {made.root} -p {made.port} -U postgres"
            f" -c 'COPY (SELECT * FROM {TABLE} ORDER BY id) TO STDOUT' | md5sum",
            shell=True, stdout=subprocess.PIPE, text=True,
        )
        for made in (old, new)
    ]  # fmt: skip
    assert len({one.communicate()[0] for one in running}) == 1


if __name__ == "__main__":
    main()
