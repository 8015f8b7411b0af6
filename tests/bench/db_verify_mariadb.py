#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long it takes to prove that two databases of MariaDB hold the same rows; see db_verify.py."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify import mariadb
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.model import Range
from ansible_collections.anjianyun.datacenter.tests.bench._verifying import TABLE, Case, measure, options
from ansible_collections.anjianyun.datacenter.tests.integration.database.servers import (
    PASSWORD,
    Maria,
    maria,
)

SCHEMA = "accidents"
SETTINGS = ("innodb-buffer-pool-size=512M", "innodb-log-file-size=1G")
ROWS = (
    f"CREATE DATABASE {SCHEMA} CHARACTER SET utf8mb4",
    f"USE {SCHEMA}",
    f"CREATE TABLE {TABLE} (id BIGINT PRIMARY KEY, number CHAR(32), title VARCHAR(60), county INT,"
    " loss DECIMAL(14,2), score DOUBLE, at DATETIME(3), note VARCHAR(60))",
    f"INSERT INTO {TABLE} SELECT seq, MD5(seq), CONCAT('事故上报 ', seq), seq % 997, seq * 1.37, seq / 7e0,"
    " '2020-01-01' + INTERVAL seq MINUTE, IF(seq % 11 = 0, NULL, REPEAT('x', seq % 60))"
    " FROM seq_1_to_{rows}",
    f"ANALYZE TABLE {TABLE}",
)


def main() -> None:
    """Measure and write the figures."""
    arguments = options(__doc__)
    with _servers(arguments.rows) as (old, new):
        password = quote(PASSWORD, safe="")
        places = [f"mysql://mover:{password}@127.0.0.1:{made.port}/{SCHEMA}" for made in (old, new)]
        source, target = old.server(SCHEMA), new.server(SCHEMA)
        case = Case(
            "db_verify_mariadb", source, target, SCHEMA, lambda: _select(source),
            lambda: _md5sum(old, new), "SELECT * | md5sum", (places[0], places[1]),
        )  # fmt: skip
        measure(case, arguments)


@contextmanager
def _servers(rows: int) -> Iterator[tuple[Maria, Maria]]:
    with maria("old", *SETTINGS) as old, maria("new", *SETTINGS) as new:
        for made in (old, new):
            with session(made.server()) as asked:
                asked.do(f"CREATE USER mover@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
                asked.do("GRANT ALL PRIVILEGES ON *.* TO mover@'127.0.0.1'")
                for statement in ROWS:
                    asked.do(statement.replace("{rows}", str(rows)), answer_s=900)
        yield old, new


def _select(server: Server) -> None:
    """The digest of all rows in one statement."""
    with session(server) as asked:
        mariadb.set_up(asked)
        table = mariadb.read_tables(asked)[f"{SCHEMA}.{TABLE}"]
        plan = mariadb.plan_of(asked, table, table)
        mariadb.MariadbReader(asked).digest(plan, Range())


def _md5sum(old: Maria, new: Maria) -> None:
    """Both sides at once, each in the order of its key."""
    running = [
        subprocess.Popen(
            f"mariadb --no-defaults -S {made.socket} -u root --batch --quick --skip-column-names {SCHEMA}"
            f" -e 'SELECT * FROM {TABLE} ORDER BY id' | md5sum",
            shell=True, stdout=subprocess.PIPE, text=True,
        )
        for made in (old, new)
    ]  # fmt: skip
    assert len({one.communicate()[0] for one in running}) == 1


if __name__ == "__main__":
    main()
