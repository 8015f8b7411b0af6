# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database that nobody here made: the one of Zabbix, as Debian ships it for both engines.

The packages are fetched and unpacked, not installed.
"""

from __future__ import annotations

import gzip
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from servers import PASSWORD, Maria, Postgres

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import (
    POSTGRESQL,
    Server,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import (
    Session,
    connect,
    session,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

NAME = "zabbix"
PACKAGES = {"postgresql": "zabbix-server-pgsql", "mariadb": "zabbix-server-mysql"}
FILES = ("schema", "images", "data")
FETCH_S = 120


def fetch(directory: Path) -> Path:
    """Get both packages, and unpack them below a directory."""
    done = subprocess.run(
        ["apt-get", "-o", "APT::Sandbox::User=root", "download", *PACKAGES.values()],
        cwd=directory, capture_output=True, text=True, check=False, timeout=FETCH_S,
    )  # fmt: skip
    if done.returncode:
        pytest.fail(f"the sample database cannot be fetched from Debian's archive: {done.stderr[-800:]}")
    for package in directory.glob("*.deb"):
        subprocess.run(["dpkg", "-x", str(package), str(directory)], check=True)
    return directory


def statements(directory: Path, engine: str) -> str:
    """What makes the database, in the order that the package tells."""
    folder = directory / "usr/share" / PACKAGES[engine]
    return "".join(gzip.decompress((folder / f"{name}.sql.gz").read_bytes()).decode() for name in FILES)


class Place:
    """A server with the database, or where it will be."""

    def __init__(self, made: Postgres | Maria) -> None:
        self.made = made
        #: The account of the move, over TLS.
        self.mover = made.over_tls("mover", NAME)
        #: Whoever repairs something by hand.
        self.root = made.server(NAME)
        password = "" if self.mover.engine == POSTGRESQL else PASSWORD
        self.application = replace(self.root, user=NAME, password=password)

    def load(self, text: str) -> None:
        """Make the database as its administrator would."""
        with session(self.made.server()) as root:
            if self.mover.engine == POSTGRESQL:
                root.do(f"CREATE ROLE {NAME} LOGIN")
                root.do(f"CREATE DATABASE {NAME} OWNER {NAME}")
            else:
                root.do(f"CREATE DATABASE {NAME} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
                root.do(f"CREATE USER {NAME}@localhost IDENTIFIED BY '{PASSWORD}'")
                root.do(f"GRANT ALL PRIVILEGES ON {NAME}.* TO {NAME}@localhost")
        if self.mover.engine == POSTGRESQL:
            self._load_many(text)
            return
        # Checks and a log of what is known to be well take minutes.
        quick = "SET SESSION foreign_key_checks = 0, unique_checks = 0, sql_log_bin = 0;\n"
        done = subprocess.run(
            self._program("mariadb", NAME), input=quick + text, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]

    def _load_many(self, text: str) -> None:
        """Many statements at once: one by one, as psql sends them, takes minutes."""
        every = re.split(r"(?<=;)\n(?=[A-Z]{5})", text)
        with session(self.application) as asked:
            for at in range(0, len(every), 2000):
                asked.do("\n".join(every[at : at + 2000]))
            asked.do("ANALYZE")

    def _program(self, name: str, *arguments: str) -> list[str]:
        made = self.made
        if isinstance(made, Postgres):
            where = ["-h", str(made.root), "-p", str(made.port), "-U", "postgres"]
            return [str(made.bin / name), *where, *arguments]
        where = ["--no-defaults", f"--socket={made.socket}", "-u", "root"]
        return [name, *where, "--default-character-set=utf8mb4", *arguments]

    def _told(self, *command: str) -> str:
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return "\n".join(
            line for line in told.splitlines() if not line.startswith(("--", "\\restrict", "\\unr"))
        )

    def unlock(self) -> None:
        """A server that was left stays closed; whoever goes on with it opens it again."""
        with session(self.mover) as asked:
            if self.mover.engine == POSTGRESQL:
                asked.do(f"ALTER DATABASE {NAME} CONNECTION LIMIT -1")
            else:
                asked.do("ALTER USER root@localhost ACCOUNT UNLOCK")

    def shape(self) -> str:
        """What the engine's own program says that the database is made of."""
        if self.mover.engine == POSTGRESQL:
            return self._told(*self._program("pg_dump", "-s", NAME))
        told = self._told(*self._program("mariadb-dump", "--no-data", "--routines", "--events", NAME))
        return re.sub(r" AUTO_INCREMENT=\d+", "", told)

    def rows(self) -> list[str]:
        """Every row, as that program writes it."""
        if self.mover.engine == POSTGRESQL:
            told = self._told(*self._program("pg_dump", "-a", "--inserts", NAME))
            return sorted(line for line in told.splitlines() if line.startswith("INSERT"))
        how = ("--no-create-info", "--skip-extended-insert", "--hex-blob", "--skip-triggers")
        return sorted(self._told(*self._program("mariadb-dump", *how, NAME)).splitlines())


#: What one round of the application does, with its number; the eventid tells which rounds were done.
ROUND = (
    "INSERT INTO events (eventid, objectid, clock, ns, name) VALUES ({n}, 13000, {n}, {n},"
    " '主机「柳江」 it''s down')",
    "INSERT INTO problem (eventid, objectid, clock, name) VALUES ({n}, 13000, {n}, '')",
    "INSERT INTO problem_tag (problemtagid, eventid, tag, value) VALUES ({n}, {n}, 'scope', 'a\tb\"')",
    "INSERT INTO history (itemid, clock, value, ns) VALUES (10073, {n}, {n} / 7.0e0, {n}),"
    " (10074, {n}, 1e-300, 0)",
    "INSERT INTO history_uint (itemid, clock, value, ns) VALUES (10075, {n}, 18446744073709551615, {n})",
    "INSERT INTO history_text (itemid, clock, value, ns) VALUES (10076, {n}, '甲''\n乙 ', {n})",
    "INSERT INTO proxy_dhistory (clock, druleid, value) VALUES ({n}, 2, '{n}')",
    "UPDATE ids SET nextid = {n} WHERE table_name = 'events'",
    # A picture is exchanged for another.
    "UPDATE images SET"
    " image = (SELECT image FROM (SELECT image FROM images WHERE imageid = 1 + {n} % 187) i),"
    " imagetype = 1 + {n} % 2 WHERE imageid = 1 + {n} * 31 % 187",
    # What is solved goes, and takes its tags along.
    "DELETE FROM problem WHERE eventid < {n} - 20",
    "UPDATE hostmacro SET value = '{n}' WHERE hostmacroid ="
    " (SELECT m FROM (SELECT MIN(hostmacroid) + {n} % 500 AS m FROM hostmacro) h)",
)  # fmt: skip
FIRST = "INSERT INTO ids (table_name, field_name, nextid) VALUES ('events', 'eventid', 0)"
#: Each so many rounds a template is removed, with its items, their tags, their steps.
TEMPLATE_EVERY = 60
TEMPLATE = (
    "SELECT MIN(hostid) FROM hosts WHERE status = 3"
    " AND hostid NOT IN (SELECT templateid FROM hosts_templates)"
)


class Application:
    """Works on whichever side lets it, round after round, each a transaction; remembers what was taken."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._servers = [place.application for place in places]
        self._over = threading.Event()
        self._last = [0.0 for _place in places]
        self.acknowledged: set[int] = set()
        self.unknown: set[int] = set()
        self.removed: list[int] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    @contextmanager
    def working(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._thread.join(30)

    def _run(self) -> None:
        number, place = 0, 0
        opened: Session | None = None
        while not self._over.is_set():
            try:
                opened = opened or connect(self._servers[place], 3)
            except DatacenterError:
                place = 1 - place
                time.sleep(0.02)
                continue
            number += 1
            try:
                self._round(opened, number)
                self.acknowledged.add(number)
                self._last[place] = time.monotonic()
                time.sleep(0.01)
            except DatacenterError:
                self.unknown.add(number)
                opened.close()
                opened = None
        if opened is not None:
            opened.close()

    def _round(self, opened: Session, number: int) -> None:
        opened.do("BEGIN", answer_s=5)
        for statement in ROUND:
            opened.do(statement.format(n=number), answer_s=5)
        if number % TEMPLATE_EVERY == 0:
            template = [opened.value(TEMPLATE)]
            opened.do("UPDATE items SET valuemapid = NULL WHERE hostid = %s", template, answer_s=5)
            opened.do("DELETE FROM hosts WHERE hostid = %s", template, answer_s=5)
            self.removed.append(number)
        opened.do("COMMIT", answer_s=5)

    def works_at(self, side: int, rounds: int = 30) -> None:
        """Wait until it has done some rounds there, from now on."""
        begun, end = len(self.acknowledged), time.monotonic() + 30
        now = time.monotonic()
        while self._last[side] < now or len(self.acknowledged) < begun + rounds:
            assert time.monotonic() < end, f"nothing is written at {self._servers[side].name}"
            time.sleep(0.02)

    def judge(self, server: Server) -> None:
        """What was acknowledged is there, whole; nothing else is."""
        with session(server) as asked:
            there = {int(row[0]) for row in asked.rows("SELECT eventid FROM events")}
            told = {int(row[0]) for row in asked.rows("SELECT clock FROM history_text WHERE itemid = 10076")}
        assert there == told
        assert self.acknowledged - there == set(), server.name
        assert there - self.acknowledged - self.unknown == set(), server.name
