# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys of a table are set aside while its rows are copied, and how they come back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb import keys
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import SqlError

TABLE = """CREATE TABLE `报告` (
  `id` int(11) NOT NULL,
  `KEY ``x``` varchar(20) DEFAULT NULL COMMENT 'a\\n  KEY `no` (`no`),',
  PRIMARY KEY (`id`),
  UNIQUE KEY `编号` (`id`,`KEY ``x```(10)),
  KEY `a``b` (`KEY ``x```) COMMENT 'KEY `y`' IGNORED,
  CONSTRAINT `c` FOREIGN KEY (`id`) REFERENCES `other` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"""


def test_plain_keys_are_found_in_the_servers_own_words() -> None:
    assert keys.plain(TABLE) == {
        "`编号`": "UNIQUE KEY `编号` (`id`,`KEY ``x```(10))",
        "`a``b`": "KEY `a``b` (`KEY ``x```) COMMENT 'KEY `y`' IGNORED",
    }


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("  PRIMARY KEY (`id`),\n", ""),
        ("  CONSTRAINT", "  FULLTEXT KEY `f` (`a`),\n  CONSTRAINT"),
        ("  UNIQUE KEY `编号`", "  UNIQUE KEY `long` (`b`) USING HASH,\n  UNIQUE KEY `编号`"),
        ("utf8mb4", "utf8mb4 WITH SYSTEM VERSIONING"),
        ("utf8mb4", "utf8mb4\n PARTITION BY KEY (`id`)"),
    ],
)
def test_a_table_whose_keys_are_more_than_that_keeps_them(said: str, instead: str) -> None:
    assert said in TABLE
    assert keys.plain(TABLE.replace(said, instead)) == {}


class Server:
    """Answers as a target does, and fails at the statements that it is told to."""

    def __init__(self, *failing: tuple[str, str]) -> None:
        self.failing = list(failing)
        self.said: list[str] = []

    def rows(self, sql: str) -> list[tuple[str, str]]:
        return [("报告", TABLE)]

    def do(self, sql: str, answer_s: float = 0) -> None:
        self.said.append(sql)
        if self.failing and self.failing[0][0] in sql:
            raise SqlError("no", self.failing.pop(0)[1])


def made(monkeypatch: pytest.MonkeyPatch, server: Server) -> keys.Keys:
    @contextlib.contextmanager
    def session(_where: Any) -> Iterator[Server]:
        yield server

    monkeypatch.setattr(keys, "session", session)
    quoting = SimpleNamespace(quote=lambda *names: ".".join(f"`{name}`" for name in names))
    names = SimpleNamespace(prefix="ajy_m")
    return keys.Keys(SimpleNamespace(sql=quoting, server=None, names=names))  # type: ignore[arg-type]


def test_a_server_without_room_to_sort_makes_them_by_copying(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(("ADD", "1878"))
    found = made(monkeypatch, server)
    found.set_aside("d", "报告")
    found.make("d", "报告")
    assert server.said[-1] == f"{server.said[-2]}, ALGORITHM=COPY"
    assert server.said[-2].endswith("ADD KEY `a``b` (`KEY ``x```) COMMENT 'KEY `y`' IGNORED")


def test_a_value_that_is_there_twice_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(("ADD", "1062"))
    found = made(monkeypatch, server)
    found.set_aside("d", "报告")
    with pytest.raises(SqlError):
        found.make("d", "报告")
    assert "ALGORITHM" not in server.said[-1]


def test_a_table_that_needs_its_keys_is_not_touched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(("DROP", "1075"))
    found = made(monkeypatch, server)
    found.set_aside("d", "报告")
    before = list(server.said)
    found.make("d", "报告")
    assert server.said == before
