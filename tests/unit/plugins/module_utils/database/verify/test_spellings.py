# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What two releases only spell differently is forgiven; what looks like it and is not is named.

The texts are those of PostgreSQL 13 and 17, and of MariaDB 10.5 and 11.8.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify import (
    mariadb_schema,
    postgresql_schema,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.schema import (
    Spelling,
    Thing,
    compare,
)

OLD_VIEW = " SELECT x.id,\n    ( SELECT count(*) AS count\n   FROM app.visits\n  WHERE (visits.mine = x.id)) AS n\n   FROM m x;"  # noqa: E501
NEW_VIEW = " SELECT id,\n    ( SELECT count(*) AS count\n   FROM app.visits\n  WHERE (visits.mine = x.id)) AS n\n   FROM m x;"  # noqa: E501


def _forgiven(spellings: Sequence[Spelling], kind: str, about: str, one: str, other: str) -> bool:
    things = [Thing(kind, "app", "t", "t", {about: value}) for value in (one, other)]
    differences, forgiven = compare(things[:1], things[1:], lambda _schema, _name: True, "equal", spellings)
    assert len(differences) + len(forgiven) == 1
    return bool(forgiven)


@pytest.mark.parametrize(
    ("kind", "about", "one", "other", "same"),
    [
        ("view", "definition", "SELECT t.a FROM s.t", "SELECT a FROM s.t", True),
        ("view", "definition", OLD_VIEW, NEW_VIEW, True),
        ("view", "definition", OLD_VIEW, NEW_VIEW.replace("visits.mine", "visits.id"), False),
        ("view", "definition", "SELECT a.x FROM s.a, s.b", "SELECT b.x FROM s.a, s.b", False),
        ("view", "definition", "SELECT s.f(a) FROM t", "SELECT f(a) FROM t", False),
        ("view", "definition", "SELECT a FROM t WHERE (a > 1.5)", "SELECT a FROM t WHERE (a > 5)", False),
        ("view", "definition", "SELECT 'a.b' FROM t", "SELECT 'b' FROM t", False),
        ("column", "default", "t.a", "a", False),
        ("routine", "arguments", "a integer, INOUT b text", "IN a integer, INOUT b text", True),
        ("routine", "arguments", "a integer", "OUT a integer", False),
        ("schema", "owner", "postgres", "pg_database_owner", True),
        ("table", "owner", "postgres", "pg_database_owner", False),
        ("extension", "version", "1.7", "1.8", True),
    ],
)
def test_postgresql(kind: str, about: str, one: str, other: str, same: bool) -> None:
    assert _forgiven(postgresql_schema.SPELLINGS, kind, about, one, other) == same
    assert _forgiven(postgresql_schema.SPELLINGS, kind, about, other, one) == same


@pytest.mark.parametrize(
    ("kind", "about", "one", "other", "same"),
    [
        ("column", "type", "int(11)", "int", True),
        ("column", "type", "bigint(20) unsigned", "bigint unsigned", True),
        ("column", "type", "int(5) unsigned zerofill", "int(8) unsigned zerofill", False),
        ("column", "type", "int(11)", "bigint(20)", False),
        ("column", "type", "decimal(8,2)", "decimal(9,2)", False),
        ("column", "type", "datetime /* mariadb-5.3 */", "datetime", True),
        ("column", "collation", "utf8_general_ci", "utf8mb3_general_ci", True),
        ("column", "collation", "utf8_general_ci", "utf8mb4_general_ci", False),
        ("column", "collation", "utf8_general_ci", "utf8mb3_uca1400_ai_ci", False),
        ("column", "default", "CURRENT_TIMESTAMP", "current_timestamp()", True),
        ("column", "default", "'ab'", "x'6162'", True),
        ("column", "default", "'ab'", "x'6163'", False),
        ("view", "definition", "convert(`a` using utf8)", "convert(`a` using utf8mb3)", True),
        ("view", "definition", "convert(`a` using utf8)", "convert(`a` using utf8mb4)", False),
        ("routine", "sql mode", "ANSI,STRICT_ALL_TABLES", "STRICT_ALL_TABLES,ANSI", True),
        ("routine", "sql mode", "ANSI", "STRICT_ALL_TABLES", False),
    ],
)  # fmt: skip
def test_mariadb(kind: str, about: str, one: str, other: str, same: bool) -> None:
    assert _forgiven(mariadb_schema.SPELLINGS, kind, about, one, other) == same
    assert _forgiven(mariadb_schema.SPELLINGS, kind, about, other, one) == same
