# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that are set aside while rows of a MariaDB database are copied come back as they were."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from mariadb_move import NEW, OLD, migration
from servers import Maria, maria

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb import (
    copying,
    keys,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.side import Side
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import (
    SqlError,
    session,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

TABLES = {
    "parent": "(id INT AUTO_INCREMENT PRIMARY KEY, code VARCHAR(20) NOT NULL, loss INT,"
    " twice INT AS (loss * 2) VIRTUAL, `报 告` TEXT,"
    " founded DATE NOT NULL DEFAULT '0000-00-00', UNIQUE KEY `编号` (code),"
    " KEY (loss DESC, code), KEY (twice), KEY `a``b` (`报 告`(7)) COMMENT 'KEY `x` (`y`),')",
    "child": "(id INT PRIMARY KEY, code VARCHAR(20), above INT, FOREIGN KEY (code) REFERENCES parent (code),"
    " FOREIGN KEY (above) REFERENCES child (id))",
    # Each of these needs the keys that it has.
    "counted": "(what INT PRIMARY KEY, number INT AUTO_INCREMENT, KEY (number))",
    "keyless": "(a INT NOT NULL, b INT, UNIQUE KEY (a), KEY (b))",
    "searched": "(id INT PRIMARY KEY, said TEXT, b INT, FULLTEXT KEY (said), KEY (b))",
    "long": "(id INT PRIMARY KEY, said TEXT, UNIQUE KEY (said), KEY (id))",
}
ROWS = (
    "INSERT INTO parent (code, loss, `报 告`) SELECT MD5(seq) , seq % 9, seq FROM seq_1_to_3000",
    "INSERT INTO child SELECT id, code, NULLIF(id - 1, 0) FROM parent ORDER BY id",
    "INSERT INTO counted (what) SELECT seq FROM seq_1_to_50",
    "INSERT INTO keyless SELECT seq, seq FROM seq_1_to_50",
    "INSERT INTO searched SELECT seq, seq, seq FROM seq_1_to_50",
    "INSERT INTO `long` SELECT seq, seq FROM seq_1_to_50",
)


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Maria, Maria]]:
    with maria("old", *OLD) as old, maria("new", *NEW) as new:
        yield old, new


def test_they_are_as_they_were_and_hold_what_they_held(
    pair: tuple[Maria, Maria], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = pair
    monkeypatch.setattr(keys, "LARGE_BYTES", 0)
    monkeypatch.setattr(copying, "_SPLIT_BYTES", 1000)
    aside: set[str] = set()
    real = keys.Keys.set_aside

    def watched(self: keys.Keys, database: str, name: str) -> None:
        real(self, database, name)
        aside.update(self._aside)

    monkeypatch.setattr(keys.Keys, "set_aside", watched)
    with session(old.server()) as root:
        root.do("SET SESSION sql_mode = ''")
        root.do("CREATE DATABASE shop CHARACTER SET utf8mb4")
        root.do("USE shop")
        for name, body in TABLES.items():
            root.do(f"CREATE TABLE `{name}` {body}".replace("VARCHAR(20)", "VARCHAR(40)"))
        for statement in ROWS:
            root.do(statement)
    moved = migration(old.server(), new.server(), "keys", ["shop"])
    moved.copy(3, lambda progress: None)
    assert aside == {"`shop`.`parent`", "`shop`.`child`"}
    with session(old.server("shop")) as left, session(new.server("shop")) as right:
        for name in TABLES:
            shown = f"SHOW CREATE TABLE `{name}`"
            assert right.rows(shown) == left.rows(shown)
            assert right.value(f"CHECK TABLE `{name}` EXTENDED") is not None
            counted = f"SELECT COUNT(*) FROM `{name}`"
            assert right.value(counted) == left.value(counted)
        # By the key, and by the rows.
        assert right.value("SELECT COUNT(*) FROM parent FORCE INDEX (twice) WHERE twice >= 0") == 3000
        right.do("BEGIN")
        for refused in (
            "INSERT INTO child VALUES (9000, 'nobody', NULL)",
            "INSERT INTO child VALUES (9000, NULL, 9001)",
            "DELETE FROM parent WHERE id = 5",
            "UPDATE parent SET code = 'x' WHERE id = 5",
            "INSERT INTO parent (code) SELECT code FROM child WHERE id = 5",
        ):
            with pytest.raises(SqlError):
                right.do(refused)
    moved.remove()


@pytest.mark.parametrize(
    ("rows", "why"), [(2, "a unique key has a value twice"), (60000, "Duplicate entry 'X'")]
)
def test_a_value_that_is_there_twice_for_the_new_server_ends_the_copy(
    pair: tuple[Maria, Maria], monkeypatch: pytest.MonkeyPatch, rows: int, why: str
) -> None:
    """Among the first rows, which are sorted as a whole, and among those behind them."""
    old, new = pair
    name = f"twice{rows}"
    with session(old.server()) as root:
        root.do(f"CREATE DATABASE {name}")
        root.do(f"USE {name}")
        root.do("CREATE TABLE t (id INT PRIMARY KEY, word VARCHAR(40) NOT NULL)")
        root.do(f"INSERT INTO t SELECT seq, IF(seq = 1, 'x', MD5(seq)) FROM seq_1_to_{rows - 1}")
        root.do(f"INSERT INTO t VALUES ({rows}, 'X')")
    real = copying.Copying._tables

    def other_order(self: copying.Copying) -> list[copying.Table]:
        """The new server takes a word for another one that the old one told apart."""
        self.target.sql.do(f"ALTER TABLE {name}.t ADD UNIQUE KEY (word)")
        return real(self)

    monkeypatch.setattr(copying.Copying, "_tables", other_order)
    moved = migration(old.server(), new.server(), name, [name])
    with pytest.raises(DatacenterError, match=why):
        moved.copy(1, lambda progress: None)
    assert moved.read().copied is False
    moved.remove()


def test_what_a_killed_run_left_at_work_is_ended(pair: tuple[Maria, Maria]) -> None:
    old, new = pair
    target = Side("target", new.server(), Names("left"), ["work"])
    told: list[str] = []
    with session(new.server()) as root, session(new.server()) as other:
        root.do("CREATE DATABASE work")
        root.do("CREATE TABLE work.t (id INT PRIMARY KEY, a INT)")
        root.do("LOCK TABLES work.t READ")

        def alter() -> None:
            try:
                other.do("ALTER TABLE work.t /* ajy_left keys */ ADD KEY (a)", answer_s=30)
            except Exception as error:
                told.append(str(error))

        making = threading.Thread(target=alter)
        making.start()
        try:
            while not target.sql.rows(
                "SELECT 1 FROM information_schema.processlist WHERE info LIKE 'ALTER TABLE work.t%'"
            ):
                pass
            keys.stop(target)
            making.join(10)
            assert not making.is_alive()
        finally:
            root.do("UNLOCK TABLES")
            making.join(30)
            target.close()
    assert told
