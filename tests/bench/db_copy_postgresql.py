#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database of PostgreSQL comes to another cluster: ours beside pg_dump and pg_restore, and pgcopydb.

All end with statistics gathered, which a database needs before anybody uses it. After ours stands db_verify,
after the others ``COPY | md5sum`` of all tables on both sides at once.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.choices import (
    Choices,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.migration import (  # noqa: E501
    PostgresqlMigration,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.run import Wanted, verify
from ansible_collections.anjianyun.datacenter.tests.bench._databases import (
    JOBS,
    NAME,
    NAMES,
    SMALL_TABLES,
    Route,
    in_turn,
    postgresql_bytes,
    two_postgresql,
)
from ansible_collections.anjianyun.datacenter.tests.bench._proving import leave_beside_peers
from ansible_collections.anjianyun.datacenter.tests.integration.database.servers import Postgres

_TABLES = """
SELECT relname, array_to_string(array_agg(quote_ident(attname) ORDER BY k.at), ',') FROM pg_class c
  JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
  JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k (attnum, at) ON true
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
 WHERE relnamespace = 'public'::regnamespace GROUP BY 1 ORDER BY 1
"""


class Bench:
    """The two clusters, and what is done between them."""

    def __init__(self, old: Postgres, new: Postgres, scratch: Path) -> None:
        self.old, self.new, self.scratch = old, new, scratch
        self._moving = False

    def routes(self) -> dict[str, Route]:
        return {
            "ours": Route(self.ours, self.verify),
            "pg_dump -j | pg_restore -j": Route(self.dump_restore, self.digests),
            "pg_dump | psql": Route(self.piped, self.digests),
            "pgcopydb": Route(self.pgcopydb, self.digests),
        }

    def reset(self) -> None:
        """No database at the target, nothing of a move anywhere, and nothing left to be written by others."""
        if self._moving:
            with self._moved() as moved:
                moved.remove()
            self._moving = False
        with session(self.new.server()) as asked:
            asked.do(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)", answer_s=300)
        for cluster in (self.old, self.new):
            with session(cluster.server()) as asked:
                asked.do("CHECKPOINT", answer_s=300)
        for left in self.scratch.iterdir():
            shutil.rmtree(left)

    def _moved(self) -> _Moved:
        return _Moved(self.old, self.new)

    def ours(self) -> None:
        self._moving = True
        with self._moved() as moved:
            moved.copy(JOBS, lambda progress: None)

    def verify(self) -> None:
        found = verify(self.old.server(NAME), self.new.server(NAME), Wanted(exclude=["ajy_*.*"], jobs=JOBS))
        assert found["identical"], found["differences"]

    def dump_restore(self) -> None:
        """Not compressed: nothing is quicker between two clusters of one machine."""
        folder = str(self.scratch / "dump")
        self._create()
        self._run(self.old, "pg_dump", "-j", str(JOBS), "-Fd", "-Z0", "-f", folder, NAME)
        self._run(self.new, "pg_restore", "-e", "-j", str(JOBS), "-d", NAME, folder)
        self._analyze()

    def piped(self) -> None:
        self._create()
        with subprocess.Popen(
            [self.old.bin / "pg_dump", NAME], env=self._environment(self.old), stdout=subprocess.PIPE
        ) as dump:
            subprocess.run(
                [self.new.bin / "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", NAME], check=True,
                env=self._environment(self.new), stdin=dump.stdout, stdout=subprocess.DEVNULL,
            )  # fmt: skip
        assert dump.returncode == 0
        self._analyze()

    def pgcopydb(self) -> None:
        """It gathers statistics itself."""
        self._create()
        places = [f"host={made.root} port={made.port} user=postgres dbname={NAME}" for made in
                  (self.old, self.new)]  # fmt: skip
        done = subprocess.run(
            ["pgcopydb", "clone", "--source", places[0], "--target", places[1], "--dir",
             str(self.scratch / "pgcopydb"), "--table-jobs", str(JOBS), "--index-jobs", str(JOBS),
             "--split-tables-larger-than", "512MB"],
            capture_output=True, text=True, check=False,
            env={**os.environ, "PATH": f"{self.old.bin}:{os.environ['PATH']}"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]

    def digests(self) -> None:
        """A session on each side, which sends each table in the order of its key."""
        with session(self.old.server(NAME)) as asked:
            tables = asked.rows(_TABLES)
        assert len(tables) > SMALL_TABLES
        wanted = [f"(SELECT * FROM {table} ORDER BY {key})" for table, key in tables]
        wanted.append("(SELECT loid, pageno, data FROM pg_largeobject ORDER BY loid, pageno)")
        script = "".join(f"\\copy {one} TO PROGRAM 'md5sum'\n" for one in wanted)
        running = [
            subprocess.Popen(
                [made.bin / "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", NAME], text=True,
                env=self._environment(made), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )
            for made in (self.old, self.new)
        ]  # fmt: skip
        for one in running:
            if one.stdin is not None:
                one.stdin.write(script)
                one.stdin.close()
        told = [one.stdout.read() if one.stdout else "" for one in running]
        assert [one.wait() for one in running] == [0, 0]
        assert told[0] == told[1]
        assert len(told[0].splitlines()) == len(wanted)

    def _create(self) -> None:
        with session(self.new.server()) as asked:
            asked.do("DO $$BEGIN CREATE ROLE app; EXCEPTION WHEN duplicate_object THEN END$$")
            asked.do(f"CREATE DATABASE {NAME} TEMPLATE template0 OWNER app")

    def _analyze(self) -> None:
        self._run(self.new, "vacuumdb", "-Z", "-q", "-j", str(JOBS), "-d", NAME)

    def _environment(self, made: Postgres) -> dict[str, str]:
        return {**os.environ, "PGHOST": str(made.root), "PGPORT": str(made.port), "PGUSER": "postgres"}

    def _run(self, made: Postgres, name: str, *arguments: str) -> None:
        subprocess.run([made.bin / name, *arguments], check=True, env=self._environment(made))


class _Moved:
    """Its sessions end with the block."""

    def __init__(self, old: Postgres, new: Postgres) -> None:
        self._made = PostgresqlMigration(
            old.server(NAME), new.server(NAME), NAMES, Choices(large_objects="recopy")
        )

    def __enter__(self) -> PostgresqlMigration:
        return self._made

    def __exit__(self, *how: object) -> None:
        self._made.close()


def main() -> int:
    with two_postgresql() as (old, new), tempfile.TemporaryDirectory(prefix="ajybench-") as scratch:
        bench = Bench(old, new, Path(scratch))
        size = postgresql_bytes(old.server(NAME))
        spent = in_turn(bench.routes(), bench.reset)
    versions = {
        "PostgreSQL": _version(str(old.bin / "postgres"), "--version"),
        "pgcopydb": _version("pgcopydb", "--version"),
    }
    leave_beside_peers("db_copy_postgresql", spent, size, versions)
    return 0


def _version(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]


if __name__ == "__main__":
    sys.exit(main())
