# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of PostgreSQL 13 to 17 as digests.

Measured on 15, 500,000 rows of six columns: a hash of ``row::text`` 0.89 s, md5 of it 2.8 s, a hash of
``concat_ws`` of the same columns 0.50 s. So a row's text is made by concat_ws, and the hash is
hashtextextended, the same from 11 to 17 (hash_record_extended is not in 13, and differs by type and release).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import Session
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

#: What a session has to say alike whatever its server, database or role is set to. Values come out in the
#: same text, nothing cuts a long reading short, and rows that a policy hides are an error and not missing.
SETTINGS = (
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    # Any positive value is the shortest text that is read back as the same number.
    ("extra_float_digits", "1"),
    ("bytea_output", "hex"),
    ("lc_monetary", "C"),
    ("search_path", "pg_catalog"),
    ("quote_all_identifiers", "off"),
    ("row_security", "off"),
    ("default_transaction_read_only", "on"),
    ("statement_timeout", "0"),
    ("lock_timeout", "60s"),
    ("idle_in_transaction_session_timeout", "0"),
    # Compiling takes longer than reading a part.
    ("jit", "off"),
    # Every session reads; sessions are what a person limits.
    ("max_parallel_workers_per_gather", "0"),
)
#: Since 14 and 17.
_IF_KNOWN = (("idle_session_timeout", "0"), ("transaction_timeout", "0"))

#: Texts without a vertical bar in them.
_SIMPLE = frozenset({
    "int2", "int4", "int8", "oid", "numeric", "float4", "float8", "bool", "date", "time", "timetz",
    "timestamp", "timestamptz", "interval", "uuid", "inet", "cidr", "macaddr", "macaddr8", "pg_lsn",
})  # fmt: skip
_TEXT = frozenset({"text", "varchar", "bpchar", "name"})
_WHOLE = frozenset({"int2", "int4", "int8"})
#: Sorted alike by every release and library of locales.
_ORDERED = _WHOLE | {
    "oid", "numeric", "bool", "date", "time", "timestamp", "timestamptz", "uuid", "bytea", "name",
}  # fmt: skip
_BYTEWISE = frozenset({"C", "POSIX", "ucs_basic"})

#: concat_ws takes at most 100 arguments, as every function.
_ARGUMENTS = 90

HASH, MD5 = "hashtextextended", "md5"
#: hash_any depends on the byte order of the processor, so both sides are asked before it is trusted.
PROBE = "SELECT hashtextextended('桂林 probe' COLLATE \"C\", 0), hashtextextended('', 20261127)"
_SECOND_SEED = 20261127

TABLES = """
SELECT n.nspname, c.relname, greatest(c.reltuples, 0)::bigint,
       concat_ws('/', s.n_tup_ins, s.n_tup_upd, s.n_tup_del, d.stats_reset, pg_postmaster_start_time())
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
LEFT JOIN pg_stat_database d ON d.datname = current_database()
WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
  AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid
                  AND e.deptype = 'e')
ORDER BY 1, 2
"""
COLUMNS = """
SELECT n.nspname, c.relname, a.attname, t.typname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       CASE WHEN a.attcollation = 0 THEN '' WHEN k.collname = 'default' THEN d.datcollate ELSE k.collname END
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_database d ON d.datname = current_database()
LEFT JOIN pg_collation k ON k.oid = a.attcollation
WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND a.attnum > 0 AND NOT a.attisdropped
  AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
ORDER BY 1, 2, a.attnum
"""
KEYS = """
SELECT n.nspname, c.relname,
       ARRAY(SELECT a.attname::text
             FROM unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) WITH ORDINALITY k(n, o)
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.n ORDER BY k.o)
FROM pg_index i
JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
  AND NOT EXISTS (SELECT FROM unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) k(n)
                  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.n
                  WHERE NOT a.attnotnull)
ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid::regclass::text
"""


def set_up(session: Session) -> None:
    """See :data:`SETTINGS`."""
    for name, value in SETTINGS:
        session.do("SELECT set_config(%s, %s, false)", [name, value])
    for name, value in _IF_KNOWN:
        session.do("SELECT set_config(name, %s, false) FROM pg_settings WHERE name = %s", [value, name])


class PostgresqlReader(SqlReader):
    """:param hashing: :data:`HASH`; or :data:`MD5` between servers whose hashes or encodings differ."""

    barrier = " OFFSET 0"

    def __init__(self, session: Session, hashing: str = HASH) -> None:
        super().__init__(session)
        self._hashing = hashing
        self._whole: bool | None = None

    def prepare(self, whole: bool) -> None:
        if whole == self._whole:
            return
        # A table that was just filled has no statistics yet, and a part of it must not be a scan of all.
        self.session.do("SELECT set_config('enable_seqscan', %s, false)", ["on" if whole else "off"])
        self._whole = whole

    def sums(self, text: str) -> list[str]:
        return [f"sum({one})" for one in self._hashes(text)]

    def name_of(self, text: str) -> str:
        if self._hashing == MD5:
            return f"md5(convert_to({text}, 'UTF8'))"
        return " || ':' || ".join(f"{one}::text" for one in self._hashes(text))

    def bucket(self, text: str, of: int) -> str:
        return f"(({self._hashes(text)[0]}) & {of - 1})"

    def after(self, plan: Plan, key: Key) -> tuple[str, list[Any]]:
        return _compared(plan, ">"), list(key)

    def up_to(self, plan: Plan, key: Key) -> tuple[str, list[Any]]:
        return _compared(plan, "<="), list(key)

    def _hashes(self, text: str) -> list[str]:
        if self._hashing == MD5:
            digest = f"md5(convert_to({text}, 'UTF8'))"
            return [f"('x' || {half}({digest}, 16))::bit(64)::bigint" for half in ("left", "right")]
        return [f'hashtextextended({text} COLLATE "C", {seed})' for seed in (0, _SECOND_SEED)]


def _compared(plan: Plan, operator: str) -> str:
    return f"({', '.join(plan.key_columns)}) {operator} ({', '.join(plan.key_in)})"


def read_tables(session: Session) -> dict[str, Table]:
    """All tables of the database that have rows of their own, by ``schema.name``."""
    columns: dict[tuple[str, str], list[Column]] = {}
    for schema, table, name, kind, whole, given, collation in session.rows(COLUMNS):
        column = Column(name, kind, whole, not given, collation or "")
        columns.setdefault((schema, table), []).append(column)
    keys: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    for schema, table, names in session.rows(KEYS):
        keys.setdefault((schema, table), []).append(tuple(names))
    tables = {}
    for schema, name, rows, mark in session.rows(TABLES):
        described = tuple(columns.get((schema, name), ()))
        found = Table(schema, name, described, _best_key(described, keys.get((schema, name), [])), rows, mark)
        tables[found.told] = found
    return tables


def _best_key(columns: Sequence[Column], keys: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The first (a primary key before others) that all servers sort alike; else the first."""
    by_name = {column.name: column for column in columns}
    for key in keys:
        if all(_is_ordered(by_name[name]) for name in key):
            return key
    return keys[0] if keys else ()


def _is_ordered(column: Column) -> bool:
    return column.kind in _ORDERED or (column.kind in _TEXT and column.collation in _BYTEWISE)


def plan_of(session: Session, source: Table, target: Table, *, same_encoding: bool = True) -> Plan:
    """How a table that both sides have is compared: along the source's key, in the columns that both have."""
    quoted = quoter(session)
    there = {column.name: column for column in target.columns}
    both = [column for column in source.columns if column.name in there]
    fields = {
        column.name: _pieces(column, there[column.name], quoted(column.name), same_encoding)
        for column in both
    }
    key = source.key if set(source.key) == set(target.key) else ()
    columns = [(source.column(name), there[name]) for name in key]
    return Plan(
        table=source.told,
        rows_of=f"ONLY {quoted(source.schema, source.name)}",
        row=_joined([piece for pieces in fields.values() for piece in pieces]),
        fields={name: _joined(pieces) for name, pieces in fields.items()},
        shown={name: f"left({quoted(name)}::text, {SHOWN})" for name in fields},
        key=key,
        key_columns=tuple(quoted(name) for name in key),
        key_out=tuple(f"{quoted(name)}::text" for name in key),
        key_in=tuple(f"%s::{_type_of_key(one)}" for one, other in columns),
        key_text=_joined([piece for name in key for piece in fields[name]]) if key else "",
        ordered=bool(key)
        and all(_is_ordered(one) and _is_ordered(other) and one.kind == other.kind for one, other in columns),
        counted=len(key) == 1 and all(one.kind in _WHOLE and other.kind in _WHOLE for one, other in columns),
        rows=max(source.rows, target.rows),
    )


def _type_of_key(column: Column) -> str:
    """Without a length or precision, to which a value of the other side would be cut."""
    if column.kind in _WHOLE:
        return 'pg_catalog."int8"'
    if column.kind in _SIMPLE or column.kind in _TEXT or column.kind in ("bytea", "char"):
        return f'pg_catalog."{column.kind}"'
    return column.type.replace("%", "%%")


def _pieces(one: Column, other: Column, name: str, same_encoding: bool) -> list[str]:
    """A column as arguments of concat_ws: NULL, which it skips, is said, and each text has its length.

    Read from left to right there is one way to take the text apart again, so no two rows share one.
    """
    kinds = {one.kind, other.kind}
    if kinds <= _SIMPLE:
        return [f"{name} IS NULL", name] if one.nullable or other.nullable else [name]
    if kinds <= _TEXT:
        return [f"coalesce({'octet_length' if same_encoding else 'char_length'}({name}), -1)", name]
    if kinds == {"bytea"}:
        # In hex a value of over 512 MiB would pass what one text may have.
        return [f"coalesce(octet_length({name}), -1)", f"sha256({name})"]
    if kinds == {"char"}:
        # Its text for bytes over 127 is another since 16.
        return [f"{name} IS NULL", f"{name}::int4"]
    # A record of one field has its own quotes, and no text at all for NULL.
    return [f"ROW({name})::text"]


def _joined(pieces: Sequence[str]) -> str:
    groups = [pieces[start : start + _ARGUMENTS] for start in range(0, len(pieces), _ARGUMENTS)]
    return " || '|' || ".join(f"concat_ws('|', {', '.join(group)})" for group in groups) or "''"
