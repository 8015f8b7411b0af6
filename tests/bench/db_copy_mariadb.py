#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database of MariaDB comes to another server: ours beside mariadb-dump (mysqldump), and mydumper.

After ours stands db_verify, after the others ``SELECT | md5sum`` of all tables on both sides at once.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.migration import (
    MariadbMigration,
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
    mariadb_bytes,
    two_mariadb,
)
from ansible_collections.anjianyun.datacenter.tests.bench._proving import leave_beside_peers
from ansible_collections.anjianyun.datacenter.tests.integration.database.servers import Maria

_DIRTY = """
SELECT variable_value FROM information_schema.global_status
 WHERE variable_name = 'Innodb_buffer_pool_pages_dirty'
"""


class Bench:
    """The two servers, and what is done between them."""

    def __init__(self, old: Maria, new: Maria, scratch: Path) -> None:
        self.old, self.new, self.scratch = old, new, scratch
        self._moving = False

    def routes(self) -> dict[str, Route]:
        return {
            "ours": Route(self.ours, self.verify),
            "mariadb-dump | mariadb": Route(self.dump, self.digests),
            "mydumper, myloader": Route(self.mydumper, self.digests),
        }

    def reset(self) -> None:
        """No database at the target, nothing of a move anywhere, and nothing left to be written by others."""
        if self._moving:
            self._moved().remove()
            self._moving = False
        with session(self.new.server()) as asked:
            asked.do(f"DROP DATABASE IF EXISTS {NAME}", answer_s=600)
        for server in (self.old, self.new):
            with session(server.server()) as asked:
                # As a checkpoint: until hardly a page waits to be written.
                before = asked.value("SELECT @@GLOBAL.innodb_max_dirty_pages_pct")
                asked.do("SET GLOBAL innodb_max_dirty_pages_pct = 0")
                end = time.monotonic() + 60
                while int(asked.value(_DIRTY)) > 200 and time.monotonic() < end:
                    time.sleep(0.1)
                asked.do("SET GLOBAL innodb_max_dirty_pages_pct = %s", [before])
        for left in self.scratch.iterdir():
            shutil.rmtree(left)

    def _moved(self) -> MariadbMigration:
        return MariadbMigration(self.old.server(), self.new.server(), NAMES, [NAME])

    def ours(self) -> None:
        self._moving = True
        self._moved().copy(JOBS, lambda progress: None)

    def verify(self) -> None:
        wanted = Wanted(schemas=[NAME], jobs=JOBS)
        found = verify(self.old.server(), self.new.server(), wanted)
        assert found["identical"], found["differences"]

    def dump(self) -> None:
        with subprocess.Popen(
            ["mariadb-dump", *self._reach(self.old), "--single-transaction", "--databases", NAME],
            stdout=subprocess.PIPE,
        ) as dump:
            subprocess.run(["mariadb", *self._reach(self.new)], check=True, stdin=dump.stdout)
        assert dump.returncode == 0

    def mydumper(self) -> None:
        """In files of 64 MB, so that several threads share the large table."""
        folder = str(self.scratch / "dump")
        subprocess.run(
            ["mydumper", "-S", self.old.socket, "-u", "root", "-B", NAME, "-o", folder, "-t", str(JOBS),
             "-F", "64", "--trx-consistency-only"], check=True,
        )  # fmt: skip
        subprocess.run(
            ["myloader", "-S", self.new.socket, "-u", "root", "-d", folder, "-t", str(JOBS)], check=True
        )

    def digests(self) -> None:
        """A session on each side, which sends each table in the order of its key."""
        with session(self.old.server()) as asked:
            rows = asked.rows(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = %s ORDER BY 1", [NAME]
            )
        assert len(rows) > SMALL_TABLES
        script = "".join(f"SELECT '{name}'; SELECT * FROM {name} ORDER BY id;\n" for (name,) in rows)
        running = [
            subprocess.Popen(
                f"mariadb {' '.join(self._reach(server))} --batch --quick --skip-column-names {NAME}"
                " | md5sum",
                shell=True, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )
            for server in (self.old, self.new)
        ]  # fmt: skip
        for one in running:
            if one.stdin is not None:
                one.stdin.write(script)
                one.stdin.close()
        told = [one.stdout.read() if one.stdout else "" for one in running]
        assert [one.wait() for one in running] == [0, 0]
        assert told[0] == told[1]

    @staticmethod
    def _reach(server: Maria) -> list[str]:
        return [
            "--no-defaults",
            f"--socket={server.socket}",
            "--user=root",
            "--default-character-set=utf8mb4",
        ]


def main() -> int:
    with two_mariadb() as (old, new), tempfile.TemporaryDirectory(prefix="ajybench-") as scratch:
        bench = Bench(old, new, Path(scratch))
        size = mariadb_bytes(old.server())
        spent = in_turn(bench.routes(), bench.reset)
    versions = {name: _version(name, "--version") for name in ("mariadb-dump", "mydumper")}
    leave_beside_peers("db_copy_mariadb", spent, size, versions)
    return 0


def _version(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]


if __name__ == "__main__":
    sys.exit(main())
