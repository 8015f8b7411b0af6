# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of MariaDB 10.5 to 11.8 as digests.

The sum of 64 bits of an MD5: MariaDB has no faster hash that is worth the name (CRC32 costs next to nothing,
has 32 bits, and is linear). A second half would cost the MD5, and its text, once more.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import (
    Row,
    Session,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.model import (
    Column,
    Key,
    Plan,
    Table,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.reading import (
    SHOWN,
    SqlReader,
    quoter,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

#: What a session has to say alike whatever its server is set to. The session's time zone is UTC already.
SETTINGS = (
    # No padding of CHAR, no error on a zero date, backslashes as the driver expects them.
    "SET SESSION sql_mode = ''",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "SET SESSION max_statement_time = 0, SESSION lock_wait_timeout = 60, SESSION net_write_timeout = 600",
    "SET SESSION sql_select_limit = DEFAULT, SESSION sql_big_selects = 1",
    "SET SESSION idle_transaction_timeout = 0, SESSION idle_readonly_transaction_timeout = 0",
)
SNAPSHOT = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
#: By which our statements are known in a list of processes.
MARK = "/* anjianyun compares */"
SYSTEM = ("information_schema", "performance_schema", "mysql", "sys")

_WHOLE = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint"})
_TEMPORAL = frozenset({"date", "datetime", "timestamp", "time"})
_SIMPLE = _WHOLE | _TEMPORAL | {"decimal", "year"}
_REAL = frozenset({"float", "double"})
_TEXT = frozenset({"char", "varchar", "tinytext", "text", "enum", "set"})
_BYTES = frozenset({"binary", "varbinary", "tinyblob", "blob"})
#: Of each the digest stands in the row's text, which may not be longer than max_allowed_packet.
_LONG_TEXT = frozenset({"mediumtext", "longtext"})
#: The types of their own (uuid, inet6 and others) have texts of their own, too.
_OPAQUE = frozenset({
    "mediumblob", "longblob", "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring",
    "multipolygon", "geometrycollection", "vector",
})  # fmt: skip
#: The same bytes for the same characters.
_UTF8 = frozenset({"utf8", "utf8mb3", "utf8mb4", "ascii"})

#: A row whose text could not be made would be left out of a sum; this one turns the sum negative instead.
_NO_TEXT = "-1000000000000000000000000000000000000"

TABLES = """
SELECT TABLE_SCHEMA, TABLE_NAME, IFNULL(TABLE_ROWS, 0),
       CONCAT_WS('/', IFNULL(UPDATE_TIME, 'never'), (UNIX_TIMESTAMP() - (
           SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS
           WHERE VARIABLE_NAME = 'UPTIME')) DIV 60)
FROM information_schema.TABLES
WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND TABLE_SCHEMA NOT IN %s
ORDER BY 1, 2
"""
COLUMNS = """
SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, IFNULL(COLLATION_NAME, ''),
       IFNULL(CHARACTER_SET_NAME, ''), EXTRA
FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA NOT IN %s
ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION
"""
KEYS = """
SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, COLUMN_NAME, SUB_PART, INDEX_TYPE
FROM information_schema.STATISTICS
WHERE NON_UNIQUE = 0 AND TABLE_SCHEMA NOT IN %s
ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX
"""


def set_up(session: Session) -> None:
    """See :data:`SETTINGS`."""
    for statement in SETTINGS:
        session.do(statement)


class MariadbReader(SqlReader):
    def sums(self, text: str) -> list[str]:
        return [f"SUM(IFNULL(CAST(CONV(LEFT(MD5({text}), 16), 16, 10) AS UNSIGNED), {_NO_TEXT}))"]

    def name_of(self, text: str) -> str:
        return f"MD5({text})"

    def bucket(self, text: str, of: int) -> str:
        return f"(CONV(LEFT(MD5({text}), 8), 16, 10) & {of - 1})"

    def after(self, plan: Plan, key: Key) -> tuple[str, list[Any]]:
        return _compared(plan, key, ">", ">")

    def up_to(self, plan: Plan, key: Key) -> tuple[str, list[Any]]:
        return _compared(plan, key, "<", "<=")

    def ask(self, sql: str, values: Sequence[Any] = (), *, whole: bool = False) -> list[Row]:
        rows = super().ask(f"{MARK} {sql}", values, whole=whole)
        if any(row and row[-1] is not None and _is_negative(row[-1]) for row in rows):
            raise DatacenterError(
                "a row is too long to be compared",
                device=self.session.server.name,
                cause="its text would pass max_allowed_packet",
                next_step="raise max_allowed_packet on both servers while they are compared",
            )
        return rows


def _is_negative(value: Any) -> bool:
    return not isinstance(value, (str, bytes, int)) and value < 0


def _compared(plan: Plan, key: Key, inner: str, last: str) -> tuple[str, list[Any]]:
    """Row constructors are not looked up in an index, so the comparison is written out."""
    terms, values = [], []
    for number in range(len(key)):
        equal = [
            f"{column} = {given}" for column, given in zip(plan.key_columns[:number], plan.key_in[:number])
        ]
        operator = last if number == len(key) - 1 else inner
        terms.append(" AND ".join([*equal, f"{plan.key_columns[number]} {operator} {plan.key_in[number]}"]))
        values += [*key[:number], key[number]]
    return "(" + " OR ".join(f"({term})" for term in terms) + ")", values


def read_tables(session: Session) -> dict[str, Table]:
    """All tables of the server that have rows of their own, by ``schema.name``."""
    columns: dict[tuple[str, str], list[Column]] = {}
    for schema, table, name, kind, whole, nullable, collation, charset, extra in session.rows(
        COLUMNS, [SYSTEM]
    ):
        derived = "VIRTUAL" in extra
        columns.setdefault((schema, table), []).append(
            Column(name, kind.lower(), whole, nullable == "YES", collation, charset, derived)
        )
    keys: dict[tuple[str, str], dict[str, list[str]]] = {}
    unfit: set[tuple[str, str, str]] = set()
    for schema, table, index, column, prefix, how in session.rows(KEYS, [SYSTEM]):
        keys.setdefault((schema, table), {}).setdefault(index, []).append(column)
        if prefix is not None or how == "HASH":
            unfit.add((schema, table, index))
    tables = {}
    for schema, name, rows, mark in session.rows(TABLES, [SYSTEM]):
        described = tuple(columns.get((schema, name), ()))
        fit = [
            tuple(key)
            for index, key in keys.get((schema, name), {}).items()
            if (schema, name, index) not in unfit
        ]
        found = Table(schema, name, described, _best_key(described, fit), int(rows), str(mark))
        tables[found.told] = found
    return tables


def _best_key(columns: Sequence[Column], keys: Collection[tuple[str, ...]]) -> tuple[str, ...]:
    by_name = {column.name: column for column in columns}
    fit = [key for key in keys if not any(by_name[name].nullable or by_name[name].derived for name in key)]
    for key in fit:
        if all(_is_ordered(by_name[name], by_name[name]) for name in key):
            return key
    return fit[0] if fit else ()


def _is_ordered(one: Column, other: Column) -> bool:
    if one.kind in _SIMPLE | {"binary", "varbinary"}:
        return one.kind == other.kind or {one.kind, other.kind} <= _WHOLE
    return (
        one.kind in ("char", "varchar")
        and other.kind in ("char", "varchar")
        and (_same_collation(one) == _same_collation(other))
    )


def _same_collation(column: Column) -> str:
    """utf8 is called utf8mb3 since 10.6."""
    return column.collation.replace("utf8_", "utf8mb3_", 1)


def plan_of(session: Session, source: Table, target: Table) -> Plan:
    """How a table that both sides have is compared: along the source's key, in the columns that both have.

    A generated column that is not stored is left out: it says nothing that its expression and the other
    columns do not.
    """
    quoted = quoter(session)
    there = {column.name: column for column in target.columns}
    both = [
        column
        for column in source.columns
        if column.name in there and not (column.derived and there[column.name].derived)
    ]
    fields = {column.name: _pieces(column, there[column.name], quoted(column.name)) for column in both}
    key = source.key if set(source.key) == set(target.key) else ()
    columns = [(source.column(name), there[name]) for name in key]
    ordered = bool(key) and all(_is_ordered(one, other) for one, other in columns)
    return Plan(
        table=source.told,
        rows_of=quoted(source.schema, source.name),
        row=_joined([piece for pieces in fields.values() for piece in pieces]),
        fields={name: _joined(pieces) for name, pieces in fields.items()},
        shown={column.name: _shown(column, quoted(column.name)) for column in both},
        key=key,
        key_columns=tuple(quoted(name) for name in key),
        key_out=tuple(_out(one, quoted(one.name)) for one, other in columns),
        key_in=tuple(_in(one) for one, other in columns),
        key_text=_joined([piece for name in key for piece in fields[name]]) if key else "",
        ordered=ordered,
        counted=len(key) == 1 and all(one.kind in _WHOLE for pair in columns for one in pair),
        rows=max(source.rows, target.rows),
    )


def _pieces(one: Column, other: Column, name: str) -> list[str]:
    """A column as arguments of CONCAT_WS: NULL, which it skips, is said, and each text has its length."""
    kinds = {one.kind, other.kind}
    nullable = one.nullable or other.nullable
    if kinds <= _SIMPLE:
        return [f"IFNULL({name}, 'N')" if nullable else name]
    if kinds <= _REAL:
        # As FLOAT only six digits of it would be said.
        return [f"IFNULL(CAST({name} AS DOUBLE), 'N')"]
    if kinds == {"bit"}:
        return [f"IFNULL({name} + 0, 'N')"]
    if kinds <= _OPAQUE:
        return [f"IFNULL(MD5({name}), 'N')"]
    if kinds <= _TEXT | _LONG_TEXT:
        return _text_pieces(one, other, name, bool(kinds & _LONG_TEXT))
    if kinds <= _BYTES:
        return [f"IFNULL(LENGTH({name}), -1)", f"IFNULL({name}, '')"]
    return [f"QUOTE(CAST({name} AS CHAR CHARACTER SET utf8mb4))"]


def _text_pieces(one: Column, other: Column, name: str, long: bool) -> list[str]:
    alike = one.charset == other.charset or {one.charset, other.charset} <= _UTF8
    text = name if alike else f"CONVERT({name} USING utf8mb4)"
    if long:
        # A text too long to be converted is compared as it is: a difference too many, and none too few.
        raw = f"IF({name} IS NULL, 'N', MD5({name}))"
        return [raw if alike else f"IFNULL(MD5({text}), {raw})"]
    # As bytes: characters of two sets beside each other in one row would all be converted to a third.
    as_bytes = f"CAST({text} AS BINARY)"
    return [f"IFNULL(LENGTH({text}), -1)", f"IFNULL({as_bytes}, '')"]


def _joined(pieces: Sequence[str]) -> str:
    return f"CONCAT_WS(',', {', '.join(pieces)})" if pieces else "''"


def _out(column: Column, name: str) -> str:
    if column.kind in _WHOLE or column.kind == "year":
        return name
    if column.kind == "bit":
        return f"{name} + 0"
    if column.kind in ("binary", "varbinary"):
        return f"HEX({name})"
    if column.kind in _REAL:
        return f"CAST(CAST({name} AS DOUBLE) AS CHAR)"
    return f"CAST({name} AS CHAR CHARACTER SET utf8mb4)"


def _in(column: Column) -> str:
    if column.kind in ("binary", "varbinary"):
        return "UNHEX(%s)"
    if column.kind == "decimal":
        # Beside a text both would be compared as floating point.
        return "CAST(%s AS DECIMAL(65, 30))"
    return "%s"


def _shown(column: Column, name: str) -> str:
    if column.kind in _OPAQUE:
        return f"MD5({name})"
    if column.kind in _BYTES:
        return f"HEX(LEFT({name}, {SHOWN // 2}))"
    return f"LEFT(CAST({_out(column, name)} AS CHAR CHARACTER SET utf8mb4), {SHOWN})"
