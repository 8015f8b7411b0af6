# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of a moving PostgreSQL database share: the database, its writer, and a run that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace

from servers import Postgres
from writer import Writer

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import Progress
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session

#: The writer's, and what is not easily carried.
TABLES = """
CREATE TABLE line (id bigserial PRIMARY KEY, n int NOT NULL UNIQUE);
CREATE TABLE counted (id int PRIMARY KEY, rows int NOT NULL);
INSERT INTO counted VALUES (1, 0);
CREATE TABLE tried (id bigserial PRIMARY KEY);
CREATE TABLE "报 告" (id int PRIMARY KEY, text text, twice int GENERATED ALWAYS AS (id * 2) STORED);
INSERT INTO "报 告" SELECT i, E'a\\tb\\\\.\\n' || i FROM generate_series(1, 2000) AS i;
CREATE TABLE seen (n int NOT NULL);
ALTER TABLE seen REPLICA IDENTITY FULL;
CREATE FUNCTION count_it() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN UPDATE counted SET rows = rows + 1; INSERT INTO seen VALUES (NEW.n); RETURN NEW; END $$;
CREATE TRIGGER count_it BEFORE INSERT ON line FOR EACH ROW EXECUTE FUNCTION count_it();
CREATE MATERIALIZED VIEW many AS SELECT count(*) FROM "报 告";
CREATE VIEW first_ones AS SELECT text FROM "报 告" WHERE id < 10;
SELECT lo_from_bytea(4711, 'picture'); COMMENT ON LARGE OBJECT 4711 IS 'it''s';
GRANT ALL ON ALL TABLES IN SCHEMA public TO app; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO app;
"""
#: A program of its own, which dies by -9 where it is told to.
_PROGRAM = """
import importlib, os, signal, sys
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import Names, Terms
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
package, kind, name, source, source_port, target, target_port, what, at = sys.argv[1:]
def tell(act):
    if act == at:
        os.kill(os.getpid(), signal.SIGKILL)
moved = getattr(importlib.import_module(package), kind)(
    Server("postgresql", "old", source, int(source_port), "postgres", name),
    Server("postgresql", "new", target, int(target_port), "postgres", name), Names(name), tell=tell)
moved.copy(2, lambda progress: None) if what == "copy" else moved.cut_over(Terms(lag_s=5, stop_s=120), what)
"""


class Move:
    """A database of the account ``app``, on the old cluster of two, that is to move to the other.

    :param kind: the class that moves it.
    """

    def __init__(self, pair: tuple[Postgres, Postgres], name: str, tables: str, kind: type) -> None:
        self.old, self.new = pair
        self.name = name
        self._kind = kind
        with session(self.old.server()) as root:
            root.do(f"CREATE DATABASE {name} OWNER app CONNECTION LIMIT 25")
        with session(self.source) as root:
            root.do(tables)

    @property
    def source(self) -> Server:
        return self.old.server(self.name)

    @property
    def target(self) -> Server:
        return self.new.server(self.name)

    def writer(self) -> Writer:
        return Writer(replace(self.source, user="app"), replace(self.target, user="app"))

    def killed(self, what: str, at: str) -> None:
        """The copy, or the move in a direction, by a program that dies as soon as it tells an act."""
        command = [sys.executable, "-c", _PROGRAM, self._kind.__module__, self._kind.__name__, self.name,
                   str(self.old.root), str(self.old.port), str(self.new.root), str(self.new.port),
                   what, at]  # fmt: skip
        done = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True,
            text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == -signal.SIGKILL, (at, done.stderr)

    def same_rows(self, writer: Writer) -> None:
        """Both sides have what was acknowledged, once, and nothing that nobody wrote."""
        writer.judge(self.source)
        writer.judge(self.target)


def quiet(progress: Progress) -> None:
    """Nobody asks."""
