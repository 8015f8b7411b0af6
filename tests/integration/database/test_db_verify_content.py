# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two servers of each engine, set up differently: each awkward change is found and named, nothing else is."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from servers import maria, postgres

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify import mariadb, postgresql
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.compare import Care
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.model import Buckets
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.run import Wanted, verify

#: Settings that must make no difference.
PG_OTHER = """
timezone = 'Asia/Shanghai'
datestyle = 'SQL, DMY'
intervalstyle = 'iso_8601'
extra_float_digits = -5
bytea_output = 'escape'
statement_timeout = 20000
"""
MARIA_OTHER = (
    "default-time-zone=+08:00",
    "sql-mode=PAD_CHAR_TO_FULL_LENGTH,NO_BACKSLASH_ESCAPES",
    "character-set-server=latin1",
    "group-concat-max-len=64",
)

PG_SCHEMA = """
CREATE TABLE awkward (
    id int PRIMARY KEY, a text, b text, n numeric, d float8, r real, v varchar(20), c char(8), at timestamptz,
    span interval, raw bytea, doc jsonb, list int[], yes boolean, byte "char", cash money, here point);
CREATE TABLE keyless (a int, b text);
CREATE TABLE "Name % ""q"" 中" ("key %s" text PRIMARY KEY, "值" text);
CREATE TABLE pairs (a int, b date, v text, PRIMARY KEY (b, a));
CREATE TABLE codes (code text COLLATE "C" NOT NULL UNIQUE, v text);
"""
MARIA_SCHEMA = """
CREATE DATABASE app CHARACTER SET utf8mb4;
CREATE TABLE app.awkward (
    id int PRIMARY KEY, a varchar(200), b varchar(200), n decimal(30,10), d double, r float, v varchar(20),
    c char(8), at timestamp(6) NULL, day date, t time(3), raw longblob, doc json, bits bit(64), l1 varchar(40)
    CHARACTER SET latin1, kind enum('甲','乙',''), long_text longtext, here point, some set('x','y'));
CREATE TABLE app.keyless (a int, b varchar(50));
CREATE TABLE app.`Name % "q" 中` (`key %s` varchar(50) PRIMARY KEY, `值` varchar(50));
CREATE TABLE app.pairs (a int NOT NULL, b date NOT NULL, v varchar(20), PRIMARY KEY (b, a));
CREATE TABLE app.codes (code varchar(20) COLLATE utf8mb4_bin NOT NULL UNIQUE, v varchar(20));
"""

PG_ROWS = """
INSERT INTO awkward SELECT g, 'a' || g, 'b' || g, g / 7.0, g / 7.0, (g / 7.0)::real, 'v', 'c',
    '2024-02-29 23:59:59.123456+08'::timestamptz + g * interval '1 hour', g * interval '1 day 3 s',
    decode(md5(g::text), 'hex'), jsonb_build_object('序号', g), ARRAY[g, NULL, 3], g % 2 = 0,
    'x', g::money, point(g, 1.0 / (g + 1)) FROM generate_series(1, 3000) g;
UPDATE awkward SET raw = (SELECT string_agg(decode(md5(g::text), 'hex'), '' ORDER BY g)
                          FROM generate_series(1, 40000) g) WHERE id = 1500;
UPDATE awkward SET a = '自治区应急管理厅', b = E'quote '' back \\\\ | , \\n' WHERE id = 1501;
INSERT INTO keyless SELECT g % 50, 'dup' || g % 50 FROM generate_series(1, 500) g;
INSERT INTO keyless VALUES (NULL, NULL), (NULL, ''), (1, NULL), (60, 'twice'), (60, 'twice');
INSERT INTO "Name % ""q"" 中" VALUES ('北海 %s', '100%'), ('A', 'a'), ('a', 'A');
INSERT INTO pairs SELECT g, date '2024-01-01' + g % 9, 'v' FROM generate_series(1, 900) g;
INSERT INTO codes SELECT 'c' || g, 'v' FROM generate_series(1, 300) g;
UPDATE awkward SET a = NULL, b = '' WHERE id IN (20, 21);
UPDATE awkward SET a = 'x|y', b = 'z' WHERE id = 31;
UPDATE awkward SET d = 'NaN', n = 'NaN', r = '-infinity' WHERE id = 41;
UPDATE awkward SET d = 0, list = '{NULL}' WHERE id IN (42, 54);
UPDATE pairs SET v = 'w' WHERE a = 6;
SELECT lo_from_bytea(4711, decode(repeat('00ff', 5000), 'hex'));
"""
MARIA_ROWS = """
INSERT INTO app.awkward SELECT seq, CONCAT('a', seq), CONCAT('b', seq), seq / 7, seq / 7, seq / 7, 'v', 'c',
    '2024-02-29 15:59:59.123456' + INTERVAL seq HOUR, '2024-02-29', '12:13:14.567', UNHEX(MD5(seq)),
    JSON_OBJECT('序号', seq), seq, 'Grüße', '甲', REPEAT('长', 20), POINT(seq, 1 / seq), 'x,y'
    FROM app.seq_1_to_3000;
UPDATE app.awkward SET raw = (SELECT REPEAT(MD5(4), 20000)) WHERE id = 1500;
UPDATE app.awkward SET a = '自治区应急管理厅', b = 'quote '' back \\\\ | , \\n' WHERE id = 1501;
UPDATE app.awkward SET at = '0000-00-00 00:00:00', day = '0000-00-00' WHERE id = 1502;
UPDATE app.awkward SET a = NULL, b = '' WHERE id IN (20, 21);
UPDATE app.awkward SET a = 'x,y', b = 'z' WHERE id = 31;
INSERT INTO app.keyless SELECT seq % 50, CONCAT('dup', seq % 50) FROM app.seq_1_to_500;
INSERT INTO app.keyless VALUES (NULL, NULL), (NULL, ''), (1, NULL), (60, 'twice'), (60, 'twice');
INSERT INTO app.`Name % "q" 中` VALUES ('北海 %s', '100%'), ('A', 'a'), ('b', 'A');
INSERT INTO app.pairs SELECT seq, '2024-01-01' + INTERVAL seq % 9 DAY, 'v' FROM app.seq_1_to_900;
UPDATE app.pairs SET v = 'w' WHERE a = 6;
INSERT INTO app.codes SELECT CONCAT('c', seq), 'v' FROM app.seq_1_to_300;
"""


@dataclass
class Pair:
    """The same rows on two servers."""

    engine: str
    source: Server
    target: Server
    schema: str

    def on_target(self, *statements: str) -> None:
        _run(self.target, self.engine, statements)

    def compare(self, **more: Any) -> dict[str, Any]:
        care = more.pop("care", Care(chunk_rows=700, leaf_rows=50))
        return verify(self.source, self.target, Wanted(care=care, **more))

    def named(self) -> list[tuple[Any, ...]]:
        """Each difference as table, where, key, columns."""
        found = self.compare(exclude=[f"{self.schema}_kept.*"])
        assert found["identical"] == (not found["differences"])
        return [
            (
                one["table"].partition(".")[2],
                one["where"],
                tuple(str(value) for value in one["key"].values()),
                tuple(one.get("columns", ())),
            )
            for one in found["differences"]
        ]


def _run(server: Server, engine: str, statements: Any) -> None:
    with session(server) as asked:
        if engine == "postgresql":
            asked.do("SET client_min_messages = error")
        else:
            asked.do("SET SESSION sql_mode = ''")
        for statement in statements:
            asked.do(statement)


def _statements(text: str) -> list[str]:
    return [one for one in text.split(";\n") if one.strip()]


@pytest.fixture(scope="module")
def pg() -> Iterator[Pair]:
    with postgres("old-pg") as old, postgres("new-pg", settings=PG_OTHER) as new:
        for made in (old, new):
            _run(made.server(), "postgresql", _statements(PG_SCHEMA + PG_ROWS))
        yield Pair("postgresql", old.server(), new.server(), "public")


@pytest.fixture(scope="module")
def ma() -> Iterator[Pair]:
    with maria("old-ma") as old, maria("new-ma", *MARIA_OTHER) as new:
        for made in (old, new):
            _run(made.server(), "mariadb", _statements(MARIA_SCHEMA + MARIA_ROWS))
        yield Pair("mariadb", old.server(), new.server(), "app")


@pytest.fixture(params=["pg", "ma"])
def pair(request: pytest.FixtureRequest) -> Pair:
    made: Pair = request.getfixturevalue(request.param)
    return made


#: What happens to one row of the table of awkward things, and the columns that are named.
PG_CHANGES: dict[int, tuple[str, tuple[str, ...]]] = {
    10: ("a = NULL", ("a",)),
    20: ("a = ''", ("a",)),
    21: ("a = '', b = NULL", ("a", "b")),
    30: ("a = b, b = a", ("a", "b")),
    31: ("a = 'x', b = 'y|z'", ("a", "b")),
    40: ("d = 'NaN'", ("d",)),
    42: ("d = '-0'", ("d",)),
    43: ("d = 'infinity', at = 'infinity'", ("d", "at")),
    50: ("v = 'v '", ("v",)),
    51: ("d = d * 1.0000000000000003, r = r * 1.0000001::real", ("d", "r")),
    52: ("n = n + 0.0000000000000000000001", ("n",)),
    53: ('doc = \'{"序号": "53"}\'', ("doc",)),
    54: ("list = NULL", ("list",)),
    55: ("byte = 'y', cash = cash + '0.01'::money", ("byte", "cash")),
    56: ("at = at + interval '1 microsecond'", ("at",)),
    1500: ("raw = set_byte(raw, 300000, (get_byte(raw, 300000) + 1) % 256)", ("raw",)),
    1501: ("a = '自治区應急管理厅'", ("a",)),
}
#: MariaDB stores no -0, NaN or infinity.
MARIA_CHANGES: dict[int, tuple[str, tuple[str, ...]]] = {
    10: ("a = NULL", ("a",)),
    20: ("a = ''", ("a",)),
    21: ("a = '', b = NULL", ("a", "b")),
    30: ("a = 'b30', b = 'a30'", ("a", "b")),
    31: ("a = 'x', b = 'y,z'", ("a", "b")),
    50: ("v = 'v '", ("v",)),
    51: ("d = d * 1.0000000000000003e0, r = r * 1.0000001e0", ("d", "r")),
    52: ("n = n + 0.0000000001", ("n",)),
    53: ('doc = \'{"序号": "53"}\', bits = 1 << 63', ("doc", "bits")),
    54: ("kind = ''", ("kind",)),
    55: ("long_text = CONCAT(long_text, ' '), some = 'x'", ("long_text", "some")),
    56: ("at = at + INTERVAL 1 MICROSECOND, here = POINT(56, 2)", ("at", "here")),
    57: ("l1 = 'Grusse'", ("l1",)),
    1500: ("raw = INSERT(raw, 300001, 1, 'X')", ("raw",)),
    1501: ("a = '自治区應急管理厅'", ("a",)),
    1502: ("day = NULL", ("day",)),
}


def test_equal_rows_are_equal_whatever_the_servers_are_set_to(pair: Pair) -> None:
    found = pair.compare()
    assert found["differences"] == []
    assert found["identical"]
    rows = {told["table"].partition(".")[2]: told["rows"] for told in found["tables"]}
    assert (rows["awkward"], rows["keyless"], rows["pairs"], rows["codes"]) == (3000, 505, 900, 300)
    assert all(told["digest"] == told["target_digest"] for told in found["tables"])
    by = {told["table"].partition(".")[2]: told["by"] for told in found["tables"]}
    assert (by["awkward"], by["pairs"], by["codes"], by["keyless"]) == ("key", "key", "key", "content")


def test_every_awkward_change_is_named(pair: Pair) -> None:
    changes = PG_CHANGES if pair.engine == "postgresql" else MARIA_CHANGES
    table = f"{pair.schema}.awkward"
    with _changed(pair, table, "id", [*changes, 60, 9001]):
        pair.on_target(
            *(f"UPDATE {table} SET {change} WHERE id = {key}" for key, (change, _named) in changes.items()),
            f"DELETE FROM {table} WHERE id = 60",
            f"INSERT INTO {table} (id) VALUES (9001)",
        )
        expected = [("awkward", "both", (str(key),), named) for key, (_change, named) in changes.items()]
        expected += [("awkward", "source", ("60",), ()), ("awkward", "target", ("9001",), ())]
        assert sorted(pair.named()) == sorted(expected)


def test_changes_that_cancel_each_other(pair: Pair) -> None:
    """Two rows change their values, so that any sum or XOR over a column is what it was."""
    table = f"{pair.schema}.pairs"
    with _changed(pair, table, "a", [5, 6]):
        pair.on_target(f"UPDATE {table} SET v = 'w' WHERE a = 5", f"UPDATE {table} SET v = 'v' WHERE a = 6")
        assert sorted((one[0], one[2][1], one[3]) for one in pair.named()) == [
            ("pairs", "5", ("v",)), ("pairs", "6", ("v",)),
        ]  # fmt: skip


def test_a_key_that_moves_between_rows(pair: Pair) -> None:
    table = f"{pair.schema}.codes"
    with _changed(pair, table, "code", ["c7", "c8"]):
        pair.on_target(f"UPDATE {table} SET code = 'C7' WHERE code = 'c7'")
        assert sorted(pair.named()) == [
            ("codes", "source", ("c7",), ()), ("codes", "target", ("C7",), ()),
        ]  # fmt: skip
        pair.on_target(f"DELETE FROM {table} WHERE code = 'C7'")


def test_duplicates_are_counted(pair: Pair) -> None:
    """Two rows too many and two too few, each twice the same: their number and any XOR are as before."""
    table = f"{pair.schema}.keyless"
    pair.on_target(
        f"INSERT INTO {table} VALUES (7, 'dup7'), (7, 'dup7')", f"DELETE FROM {table} WHERE a = 60"
    )
    found = pair.compare()["differences"]
    ten = ", ".join(["(7, 'dup7')"] * 10)
    pair.on_target(
        f"DELETE FROM {table} WHERE a = 7",
        f"INSERT INTO {table} VALUES (60, 'twice'), (60, 'twice')",
        f"INSERT INTO {table} VALUES {ten}",
    )
    told = {(one["key"]["a"], one["key"]["b"]): (one["source_rows"], one["target_rows"]) for one in found}
    assert told == {("7", "dup7"): (10, 12), ("60", "twice"): (2, 0)}


def test_names_that_need_quotes_and_keys_of_text(pair: Pair) -> None:
    table = '"Name % ""q"" 中"' if pair.engine == "postgresql" else 'app.`Name % "q" 中`'
    value = '"值"' if pair.engine == "postgresql" else "`值`"
    pair.on_target(f"UPDATE {table} SET {value} = '99%' WHERE {value} = '100%'")
    found = pair.named()
    pair.on_target(f"UPDATE {table} SET {value} = '100%' WHERE {value} = '99%'")
    assert found == [('Name % "q" 中', "both", ("北海 %s",), ("值",))]


def test_no_two_rows_share_a_text(pair: Pair) -> None:
    """Every pair of texts that look like what stands between fields, like a length or like NULL."""
    texts = [None, "", "|", "|f|", ",", "1", "-1", "N", "f|", "t", "1|x", "0,", "'", "\\", "\\,", "1,,"]
    rows = list(itertools.product(texts, texts, [None, 1, -1]))
    with session(pair.source) as asked:
        for name, kind in (("keyed", "varchar(9)"), ("fielded", "text")):
            table = f"{pair.schema}_texts.{name}"
            made = "SCHEMA" if pair.engine == "postgresql" else "DATABASE"
            asked.do(f"CREATE {made} IF NOT EXISTS {pair.schema}_texts")
            asked.do(f"CREATE TABLE {table} (a {kind}, b {kind}, n int)")
            places = ", ".join(["(%s, %s, %s)"] * len(rows))
            asked.do(f"INSERT INTO {table} VALUES {places}", [value for row in rows for value in row])
            engine = postgresql if pair.engine == "postgresql" else mariadb
            one = engine.read_tables(asked)[table]
            plan = engine.plan_of(asked, one, one)
            reader = (
                postgresql.PostgresqlReader(asked) if engine is postgresql else mariadb.MariadbReader(asked)
            )
            assert [count for count, _digest in reader.rows(plan, Buckets(1)).values()] == [1] * len(rows)
        asked.do(f"DROP {made} {pair.schema}_texts{' CASCADE' if made == 'SCHEMA' else ''}")


def test_the_same_characters_in_another_encoding_are_the_same_rows(pair: Pair) -> None:
    """Of the texts of one side, another character set; a wrong character is named all the same."""
    if pair.engine == "mariadb":
        change = "ALTER TABLE app.awkward MODIFY l1 varchar(40) CHARACTER SET"
        pair.on_target(f"{change} utf8mb4")
        try:
            same = [one for one in pair.compare()["differences"] if one["kind"] == "row"]
            pair.on_target("UPDATE app.awkward SET l1 = 'Grüsse' WHERE id = 9")
            other = [one["key"] for one in pair.compare()["differences"] if one["kind"] == "row"]
        finally:
            pair.on_target("UPDATE app.awkward SET l1 = 'Grüße' WHERE id = 9", f"{change} latin1")
        assert (same, other) == ([], [{"id": 9}])
        return
    databases = (pair.source.on("texts"), pair.target.on("texts"))
    for server, encoding in zip(databases, ("LATIN1", "UTF8"), strict=True):
        _run(server.on("postgres"), "postgresql",
             [f"CREATE DATABASE texts ENCODING {encoding} LOCALE 'C' TEMPLATE template0"])  # fmt: skip
        _run(server, "postgresql", ["CREATE TABLE t (a text PRIMARY KEY, b varchar(9), n int)",
                                    "INSERT INTO t VALUES ('Grüße', 'é', 1), ('', NULL, 2)"])  # fmt: skip
    same = [one for one in verify(*databases, Wanted())["differences"] if one["kind"] == "row"]
    _run(databases[1], "postgresql", ["UPDATE t SET b = 'è' WHERE n = 1"])
    other = [one["key"] for one in verify(*databases, Wanted())["differences"] if one["kind"] == "row"]
    assert (same, other) == ([], [{"a": "Grüße"}])


def test_one_byte_of_a_large_object(pg: Pair) -> None:
    pg.on_target("SELECT lo_put(4711, 5000, 'X')")
    found = pg.named()
    pg.on_target("SELECT lo_put(4711, 5000, '\\x00')")
    assert found == [("pg_largeobject", "both", ("4711", "2"), ("data",))]


@contextlib.contextmanager
def _changed(pair: Pair, table: str, column: str, keys: list[Any]) -> Iterator[None]:
    """Rows of the target that are what they were afterwards."""
    wanted = ", ".join(f"'{key}'" for key in keys)
    kept = "SELECT * FROM"
    temporary = f"{pair.schema}_kept"
    make = "DATABASE" if pair.engine == "mariadb" else "SCHEMA"
    with session(pair.target) as asked:
        asked.do(
            "SET SESSION sql_mode = ''" if pair.engine == "mariadb" else "SET client_min_messages = error"
        )
        asked.do(f"CREATE {make} {temporary}")
        asked.do(f"CREATE TABLE {temporary}.kept AS {kept} {table} WHERE {column} IN ({wanted})")
    try:
        yield
    finally:
        with session(pair.target) as asked:
            if pair.engine == "mariadb":
                asked.do("SET SESSION sql_mode = ''")
            asked.do(f"DELETE FROM {table} WHERE {column} IN ({wanted})")
            asked.do(f"INSERT INTO {table} {kept} {temporary}.kept")
            cascade = "" if pair.engine == "mariadb" else " CASCADE"
            asked.do(f"DROP {make} {temporary}{cascade}")
