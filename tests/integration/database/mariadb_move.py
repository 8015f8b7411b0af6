# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of a moving MariaDB share: an application that writes, and a run that is killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

from servers import PASSWORD, Maria, maria

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb import (
    side as sides,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.migration import (
    MariadbMigration,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import Names, Terms
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import (
    Session,
    connect,
    session,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

OLD = ("log-bin=b", "server-id=1", "binlog-format=ROW", "event-scheduler=ON")
NEW = (*OLD[:1], "server-id=2", "gtid-domain-id=2", *OLD[2:], "log-slave-updates=ON")
TERMS = Terms(lag_s=5, stop_s=20)


class Application:
    """Writes row after row to whichever side takes it, and remembers what was acknowledged."""

    def __init__(self, places: Sequence[Maria], user: str, database: str) -> None:
        self._servers = [
            replace(place.server(), user=user, password=PASSWORD, database=database) for place in places
        ]
        self._sessions: dict[int, Session] = {}
        self._over = threading.Event()
        self.acknowledged: list[tuple[int, int, float]] = []
        self.unknown: set[int] = set()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        number = 0
        while not self._over.is_set():
            for place in range(len(self._servers)):
                number += 1
                self._write(place, number)
            self._over.wait(0.004)

    def _write(self, place: int, number: int) -> None:
        try:
            if place not in self._sessions:
                self._sessions[place] = connect(self._servers[place], 1)
            self.unknown.add(number)
            self._sessions[place].do("INSERT INTO written (number) VALUES (%s)", [number], answer_s=2)
        except DatacenterError:
            if place in self._sessions:
                self._sessions.pop(place).close()
            return
        self.acknowledged.append((number, place, time.monotonic()))
        self.unknown.discard(number)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._thread.join(20)
            for opened in self._sessions.values():
                opened.close()

    def more(self, count: int = 5, within_s: float = 20) -> None:
        """Wait until some more rows are acknowledged."""
        wanted, end = len(self.acknowledged) + count, time.monotonic() + within_s
        while len(self.acknowledged) < wanted:
            assert time.monotonic() < end, "nobody takes the application's rows"
            time.sleep(0.01)

    @property
    def changes(self) -> int:
        """How often the side that takes the rows was another than before. Two open sides show as many."""
        places = [place for _number, place, _at in self.acknowledged]
        return sum(a != b for a, b in zip(places, places[1:], strict=False))

    @property
    def longest_gap(self) -> float:
        at = [moment for _number, _place, moment in self.acknowledged]
        return max(b - a for a, b in zip(at, at[1:], strict=False))

    def missing_and_twice(self, server: Server, database: str) -> tuple[set[int], set[int]]:
        """What was acknowledged and is not there; what is there twice, or was never sent.

        It may go on writing: what is acknowledged while the rows are read is not looked for.
        """
        wanted = {number for number, _place, _at in self.acknowledged}
        with session(server) as asked:
            found = [int(row[0]) for row in asked.rows(f"SELECT number FROM {asked.quote(database)}.written")]
        # A row is unknown before it is acknowledged, so that none is in neither.
        sent = self.unknown | {number for number, _place, _at in self.acknowledged}
        twice = {number for number in found if found.count(number) > 1}
        return wanted - set(found), twice | (set(found) - sent)


def migration(old: Server, new: Server, name: str, databases: Sequence[str]) -> MariadbMigration:
    return MariadbMigration(old, new, Names(name), databases, hold_for_tables=True)


class Pair(NamedTuple):
    old: Maria
    new: Maria

    def moved(self, name: str, *databases: str) -> MariadbMigration:
        """By an account of ours, over TLS that is verified, both for us and for the ways."""
        return migration(self.old.over_tls("mover"), self.new.over_tls("mover"), name, databases)


def add_mover(server: Maria) -> None:
    """The account that moves come by."""
    with session(server.server()) as root:
        root.do(f"CREATE USER mover@'127.0.0.1' IDENTIFIED BY '{PASSWORD}' REQUIRE SSL")
        root.do("GRANT ALL PRIVILEGES ON *.* TO mover@'127.0.0.1' WITH GRANT OPTION")


@contextlib.contextmanager
def two_servers() -> Iterator[Pair]:
    with maria("old", *OLD) as old, maria("new", *NEW) as new:
        for server in (old, new):
            add_mover(server)
        yield Pair(old, new)


def empty(servers: Pair) -> None:
    """They are as they were at first."""
    for server in servers:
        with contextlib.suppress(DatacenterError), session(server.server()) as root:
            root.do("ALTER USER mover@'127.0.0.1' ACCOUNT UNLOCK")
        with session(server.over_tls("mover")) as asked:
            for row in asked.rows("SHOW ALL SLAVES STATUS"):
                asked.do(f"STOP SLAVE '{row[0]}'")
                asked.do(f"RESET SLAVE '{row[0]}' ALL")
            asked.do("SET GLOBAL read_only = 0")
            asked.do("SET GLOBAL slave_parallel_threads = 0")
            for (name,) in asked.rows("SHOW DATABASES"):
                if name not in ("mysql", "sys", "information_schema", "performance_schema"):
                    asked.do(f"DROP DATABASE {asked.quote(name)}")
            for user, host in asked.rows("SELECT User, Host FROM mysql.global_priv"):
                if user == "root":
                    if host in ("localhost", "127.0.0.1", "::1"):
                        asked.do(f"ALTER USER root@'{host}' ACCOUNT UNLOCK")
                elif user not in ("mover", "mariadb.sys"):
                    asked.do(f"DROP USER {asked.quote(user)}@'{host}'" if host else f"DROP ROLE {user}")


def application(pair: Pair, user: str = "app") -> None:
    """A database with an account and the table that :class:`Application` writes to, on the old server."""
    with session(pair.old.over_tls("mover")) as old:
        old.do("CREATE DATABASE accidents")
        old.do(
            "CREATE TABLE accidents.written (id INT AUTO_INCREMENT PRIMARY KEY, number INT, at DATETIME(6)"
            " DEFAULT NOW(6))"
        )
        old.do(f"CREATE USER {user}@localhost IDENTIFIED BY '{PASSWORD}'")
        old.do(f"GRANT ALL PRIVILEGES ON accidents.* TO {user}@localhost")


def asked(server: Maria, query: str) -> list[tuple[object, ...]]:
    with session(server.over_tls("mover")) as opened:
        return [tuple(row) for row in opened.rows(query)]


def silent(_progress: object) -> None:
    pass


def killed_at(pattern: str, what: str, moved: MariadbMigration, direction: str = "", times: int = 1) -> None:
    """Run a verb in a process of its own that is killed with -9 right after a statement with these words."""
    given = {
        "old": asdict(moved.source), "new": asdict(moved.target), "name": moved.names.migration,
        "databases": moved.databases, "pattern": pattern, "what": what, "direction": direction,
        "times": times,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(Path(__file__)), json.dumps(given)],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, (pattern, done.stdout, done.stderr[-2000:])


def children(moved: MariadbMigration) -> list[str]:
    """Client programs that still reach for the servers of a migration."""
    end = time.monotonic() + 2
    while True:
        found = []
        for one in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                command = one.read_bytes().decode(errors="replace")
                if "mariadb" in command and "--defaults-file=/tmp/ajy-" in command:
                    found += [command for name in moved.databases if f"\0{name}\0" in command]
        if not found or time.monotonic() > end:
            return found
        time.sleep(0.05)


def _killed(given: dict[str, Any]) -> None:
    """What runs in that process."""
    moved = migration(
        Server(**given["old"]),
        Server(**given["new"]),
        given["name"],
        given["databases"],
    )

    def ending(real):  # type: ignore[no-untyped-def]
        def sent(self, sql, values=(), **more):  # type: ignore[no-untyped-def]
            answer = real(self, sql, values, **more)
            if given["pattern"] in f"{self.server.name} {sql} {values}":
                given["times"] -= 1
                if not given["times"]:
                    os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return sent

    for verb in ("rows", "do", "value"):
        setattr(sides._Bounded, verb, ending(getattr(sides._Bounded, verb)))
    if given["what"] == "copy":
        moved.copy(2, lambda progress: None)
    else:
        moved.cut_over(Terms(lag_s=5), given["direction"])


if __name__ == "__main__":
    _killed(json.loads(sys.argv[1]))
