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

import argparse
import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify import postgresql
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.model import Range
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.run import Wanted, verify
from ansible_collections.anjianyun.datacenter.tests.bench._figures import ROOT, Goal, leave
from ansible_collections.anjianyun.datacenter.tests.integration.database.servers import (
    PASSWORD,
    Postgres,
    postgres,
)

SETTINGS = "shared_buffers = 512MB\nmax_wal_size = 8GB\nautovacuum = off\n"
RELADIFF = ROOT / "build" / "reladiff"
UV = ROOT / "build" / "bootstrap" / "bin" / "uv"
TABLE = "reports"
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=int(os.environ.get("RUNS", "5")))
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    peer = _reladiff()
    with _servers(arguments.rows) as (old, new):
        source, target = old.server(), new.server()

        def ours() -> None:
            assert verify(source, target, Wanted(jobs=arguments.jobs))["identical"]

        ways: dict[str, Callable[[], None]] = {
            "db_verify": ours,
            "SELECT": lambda: _select(source),
            "COPY | md5sum": lambda: _copy(old, new),
        }
        if peer:
            ways["reladiff"] = lambda: _peer(old, new, arguments.jobs, 0)
        spent: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(arguments.runs + 1):
            for name, way in ways.items():
                took = _seconds(way)
                # The first turn fills caches.
                if number:
                    spent[name].append(took)
                    print(f"{number} of {arguments.runs}: {name} {took:.2f} s", flush=True)
        with session(target) as asked:
            asked.do(
                f"UPDATE {TABLE} SET title = replace(title, '事', '亊') WHERE id = {arguments.rows // 3}"
            )
        differing = _seconds(lambda: _named(source, target, arguments.jobs, str(arguments.rows // 3)))
        theirs_differing = _seconds(lambda: _peer(old, new, arguments.jobs, 2)) if peer else None
    _leave(arguments, spent, differing, theirs_differing, peer)


def _leave(
    arguments: argparse.Namespace,
    spent: dict[str, list[float]],
    differing: float,
    theirs_differing: float | None,
    peer: str | None,
) -> None:
    median = {name: statistics.median(values) for name, values in spent.items()}
    goals = [Goal("times the same digest as one plain SELECT", median["db_verify"] / median["SELECT"], 2.0)]
    if peer:
        goals.append(Goal("times reladiff", median["db_verify"] / median["reladiff"], 1.0))
    leave(
        "db_verify",
        unit="s",
        ours=median["db_verify"],
        peer={"name": "reladiff", "version": peer or "not to be had here", "value": median.get("reladiff")},
        floor={"name": "SELECT of the digest, one side", "value": round(median["SELECT"], 2)},
        better="lower",
        runs=arguments.runs,
        goals=goals,
        rows=arguments.rows,
        jobs=arguments.jobs,
        copy_md5sum_s=round(median["COPY | md5sum"], 2),
        one_row_differs={
            "db_verify": round(differing, 2),
            "reladiff": None if theirs_differing is None else round(theirs_differing, 2),
        },
        # Both read each row once, so that twenty million take so many times as long.
        twenty_million_s={name: round(value * 20e6 / arguments.rows, 1) for name, value in median.items()},
        spread={name: [round(min(values), 2), round(max(values), 2)] for name, values in spent.items()},
    )


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


def _seconds(way: Callable[[], None]) -> float:
    begun = time.monotonic()
    way()
    return time.monotonic() - begun


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


def _named(source: Server, target: Server, jobs: int, key: str) -> None:
    found = verify(source, target, Wanted(jobs=jobs))["differences"]
    assert [(one["key"], one["columns"]) for one in found] == [({"id": key}, ["title"])]


def _reladiff() -> str | None:
    """Have it in an environment of its own; its version, or nothing where it cannot be had."""
    program = RELADIFF / "bin" / "reladiff"
    if not program.exists():
        shutil.rmtree(RELADIFF, ignore_errors=True)
        made = subprocess.run([UV, "venv", "-q", RELADIFF], check=False).returncode == 0
        install = [str(UV), "pip", "install", "-q", "--python", str(RELADIFF)]
        if not made or subprocess.run([*install, "reladiff[postgresql]==0.6.0", "psycopg2-binary"],
                                      check=False).returncode:  # fmt: skip
            return None
    done = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _peer(old: Postgres, new: Postgres, jobs: int, lines: int) -> None:
    """All columns, as we do. It prints two lines for a row that differs."""
    servers = [
        f"postgresql://mover:{quote(PASSWORD, safe='')}@127.0.0.1:{made.port}/postgres" for made in (old, new)
    ]
    done = subprocess.run(
        [RELADIFF / "bin" / "reladiff", servers[0], TABLE, servers[1], TABLE, "-k", "id", "-c", "%",
         "-j", str(jobs), "--assume-unique-key"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    told = sum(line.startswith(("+ ", "- ")) for line in done.stdout.splitlines())
    assert told == lines, done.stdout[:2000] + done.stderr[:2000]


if __name__ == "__main__":
    main()
