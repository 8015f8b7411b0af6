# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database to be moved, the same for both engines, two servers for it, and ways that are timed in turn.

``DB_GIB`` is its size: three fifths of it one large table with four indexes, three tenths 300 small ones with
foreign keys, one tenth attachments: large objects of PostgreSQL, a LONGBLOB of MariaDB.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session
from ansible_collections.anjianyun.datacenter.tests.integration.database.servers import (
    PASSWORD,
    Maria,
    Postgres,
    maria,
    postgres,
)

GIB = float(os.environ.get("DB_GIB", "1"))
RUNS = int(os.environ.get("RUNS", "3"))
JOBS = 2
#: Of the database, and of its move.
NAME = "accidents"
NAMES = Names("bench")
SMALL_TABLES = 300
COUNTIES = 111
#: What a row takes with its indexes, as seen.
_REPORT_BYTES, _SMALL_BYTES, _ATTACHMENT_BYTES = 440, 330, 200_000
REPORTS = int(GIB * 0.6 * 2**30 / _REPORT_BYTES)
SMALL_ROWS = max(1, int(GIB * 0.3 * 2**30 / _SMALL_BYTES / SMALL_TABLES))
ATTACHMENTS = max(1, int(GIB * 0.1 * 2**30 / _ATTACHMENT_BYTES))

POSTGRESQL_SETTINGS = """
fsync = on
shared_buffers = 1GB
max_wal_size = 8GB
checkpoint_timeout = 30min
maintenance_work_mem = 128MB
max_slot_wal_keep_size = 20GB
max_connections = 60
log_min_messages = error
"""
_POSTGRESQL_DATA = f"""
CREATE TABLE counties (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO counties SELECT g, '县 ' || g FROM generate_series(0, {COUNTIES - 1}) g;
CREATE TABLE reports AS SELECT g AS id, md5(g::text) AS number, (g % {COUNTIES})::int AS county,
  '事故上报 ' || g AS title, (g * 1.37)::numeric(14,2) AS loss, g / 7.0::float8 AS score,
  timestamptz '2020-01-01 00:00:00+08' + g * interval '7 s 1 ms' AS at,
  CASE WHEN g % 11 = 0 THEN NULL ELSE repeat(md5((g * 7)::text), (g % 6)::int) END AS note
  FROM generate_series(1::bigint, {REPORTS}) g;
ALTER TABLE reports ADD PRIMARY KEY (id);
ALTER TABLE reports ADD FOREIGN KEY (county) REFERENCES counties;
CREATE UNIQUE INDEX ON reports (number);
CREATE INDEX ON reports (county, at);
CREATE INDEX ON reports (at);
CREATE TABLE attachments (id int PRIMARY KEY, report bigint NOT NULL REFERENCES reports, object oid NOT NULL);
INSERT INTO attachments SELECT g, 1 + g % {REPORTS}, 100000 + g FROM generate_series(1, {ATTACHMENTS}) g;
SELECT count(lo_from_bytea(100000 + g, decode(
  (SELECT string_agg(md5((g * 100000 + i)::text), '') FROM generate_series(1, {_ATTACHMENT_BYTES // 16}) i),
  'hex'))) FROM generate_series(1, {ATTACHMENTS}) g;
"""
_POSTGRESQL_SMALL = f"""
CREATE TABLE small_%(n)s (id serial PRIMARY KEY, county int NOT NULL REFERENCES counties, name text NOT NULL,
  value text, at timestamptz NOT NULL);
INSERT INTO small_%(n)s (county, name, value, at) SELECT g %% {COUNTIES}, md5((g * %(n)s)::text),
  '检查 ' || repeat(md5(g::text), g %% 5), timestamptz '2021-01-01 00:00:00+08' + g * interval '1 min'
  FROM generate_series(1, {SMALL_ROWS}) g;
CREATE INDEX ON small_%(n)s (name);
CREATE INDEX ON small_%(n)s (county);
"""

MARIADB_SETTINGS = (
    "innodb-buffer-pool-size=1G", "innodb-log-file-size=1G", "innodb-flush-log-at-trx-commit=1",
    "max-connections=60", "max-allowed-packet=64M",
    "innodb-io-capacity=4000", "log-bin=b", "binlog-format=ROW", "sync-binlog=1",
)  # fmt: skip
_MARIADB_DATA = (
    "CREATE TABLE counties (id INT PRIMARY KEY, name VARCHAR(60) NOT NULL)",
    f"INSERT INTO counties SELECT seq, CONCAT('县 ', seq) FROM seq_0_to_{COUNTIES - 1}",
    "CREATE TABLE reports (id BIGINT AUTO_INCREMENT PRIMARY KEY, number CHAR(32) NOT NULL,"
    " county INT NOT NULL, title VARCHAR(200) NOT NULL, loss DECIMAL(14,2), score DOUBLE,"
    " at DATETIME(3) NOT NULL, note TEXT,"
    " UNIQUE KEY (number), KEY (county, at), KEY (at), FOREIGN KEY (county) REFERENCES counties (id))",
    f"INSERT INTO reports SELECT seq, MD5(seq), seq % {COUNTIES}, CONCAT('事故上报 ', seq),"
    " seq * 1.37, seq / 7e0, '2020-01-01' + INTERVAL seq * 7 SECOND,"
    " IF(seq % 11 = 0, NULL, REPEAT(MD5(seq * 7), seq % 6))"
    f" FROM seq_1_to_{REPORTS}",
    "CREATE TABLE attachments (id INT AUTO_INCREMENT PRIMARY KEY, report BIGINT NOT NULL, content LONGBLOB,"
    " FOREIGN KEY (report) REFERENCES reports (id))",
    f"INSERT INTO attachments SELECT seq, 1 + seq % {REPORTS},"
    " (SELECT UNHEX(GROUP_CONCAT(MD5(s.seq * 100000 + o.seq)"
    f" SEPARATOR '')) FROM seq_1_to_{_ATTACHMENT_BYTES // 16} s) FROM seq_1_to_{ATTACHMENTS} o",
)  # fmt: skip
_MARIADB_SMALL = (
    "CREATE TABLE small_{n} (id INT AUTO_INCREMENT PRIMARY KEY, county INT NOT NULL, name CHAR(32) NOT NULL,"
    " value TEXT, at DATETIME NOT NULL, KEY (name), FOREIGN KEY (county) REFERENCES counties (id))",
    f"INSERT INTO small_{{n}} SELECT seq, seq % {COUNTIES}, MD5(seq * {{n}}), CONCAT('检查 ',"
    f" REPEAT(MD5(seq), seq % 5)), '2021-01-01' + INTERVAL seq MINUTE FROM seq_1_to_{SMALL_ROWS}",
)


@contextmanager
def two_postgresql() -> Iterator[tuple[Postgres, Postgres]]:
    """The first one has the database."""
    with (
        postgres("old", settings=POSTGRESQL_SETTINGS) as old,
        postgres("new", settings=POSTGRESQL_SETTINGS) as new,
    ):
        with session(old.server()) as asked:
            asked.do(f"CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'")
            asked.do(f"CREATE DATABASE {NAME} OWNER app")
        with session(old.server(NAME)) as asked:
            asked.do(_POSTGRESQL_DATA, answer_s=3600)
            for number in range(1, SMALL_TABLES + 1):
                asked.do(_POSTGRESQL_SMALL % {"n": number}, answer_s=600)
            asked.do(written("bigserial"))
            asked.do("GRANT ALL ON ALL TABLES IN SCHEMA public TO app;"
                     "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO app")  # fmt: skip
            asked.do("VACUUM ANALYZE", answer_s=3600)
        yield old, new


@contextmanager
def two_mariadb() -> Iterator[tuple[Maria, Maria]]:
    """The first one has the database."""
    with (
        maria("old", *MARIADB_SETTINGS, "server-id=1") as old,
        maria("new", *MARIADB_SETTINGS, "server-id=2", "gtid-domain-id=2", "log-slave-updates=ON") as new,
    ):
        with session(old.server()) as asked:
            asked.do(f"CREATE DATABASE {NAME} CHARACTER SET utf8mb4")
            asked.do(f"CREATE USER app@localhost IDENTIFIED BY '{PASSWORD}'")
            asked.do(f"GRANT ALL PRIVILEGES ON {NAME}.* TO app@localhost")
            asked.do(f"USE {NAME}")
            # The server's own quick way into an empty table.
            asked.do(
                "SET SESSION sql_log_bin = 0, SESSION unique_checks = 0, SESSION foreign_key_checks = 0,"
                " SESSION group_concat_max_len = 10000000"
            )
            for statement in _MARIADB_DATA:
                asked.do(statement, answer_s=3600)
            for number in range(1, SMALL_TABLES + 1):
                for statement in _MARIADB_SMALL:
                    asked.do(statement.format(n=number), answer_s=600)
            asked.do(written("BIGINT AUTO_INCREMENT"))
        yield old, new


def written(counter: str) -> str:
    """The table that an application writes to."""
    return (
        f"CREATE TABLE written (id {counter} PRIMARY KEY, number BIGINT NOT NULL UNIQUE, note VARCHAR(200))"
    )


def postgresql_bytes(server: Server) -> int:
    with session(server) as asked:
        return int(asked.value("SELECT pg_database_size(current_database())"))


def mariadb_bytes(server: Server) -> int:
    with session(server) as asked:
        return int(
            asked.value(
                "SELECT SUM(file_size) FROM information_schema.innodb_sys_tablespaces WHERE name LIKE %s",
                [f"{NAME}/%"],
            )
        )


@dataclass
class Spent:
    """Seconds of one way, by run: of the copy, and of the proof behind it."""

    copy: list[float] = field(default_factory=list)
    proof: list[float] = field(default_factory=list)

    @property
    def copied(self) -> float:
        return statistics.median(self.copy)

    @property
    def proven(self) -> float:
        """With the proof."""
        return statistics.median(a + b for a, b in zip(self.copy, self.proof, strict=True))

    def told(self) -> dict[str, list[float]]:
        return {name: [round(one, 2) for one in values] for name, values in vars(self).items()}


@dataclass(frozen=True)
class Route:
    """One way to copy a database, and to prove it."""

    copy: Callable[[], None]
    proof: Callable[[], None]


def in_turn(routes: Mapping[str, Route], reset: Callable[[], None], runs: int = RUNS) -> dict[str, Spent]:
    """Each so many times, the order turned around each time, each to a target without the database."""
    spent = {name: Spent() for name in routes}
    for number in range(runs):
        for name in list(routes)[:: -1 if number % 2 else 1]:
            reset()
            spent[name].copy.append(seconds(routes[name].copy))
            spent[name].proof.append(seconds(routes[name].proof))
            print(
                f"{number + 1} of {runs}: {name} {spent[name].copy[-1]:.2f} s,"
                f" its proof {spent[name].proof[-1]:.2f} s", flush=True,
            )  # fmt: skip
    reset()
    return spent


def seconds(way: Callable[[], None]) -> float:
    begun = time.monotonic()
    way()
    return time.monotonic() - begun
