# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FLOAT columns, of which a dump loses digits.

The server writes a FLOAT with six digits, and it has up to nine (IEEE 754, single precision): what is read
back from a dump is another number. As a DOUBLE it is written with all of them, so these columns are read once
more from the snapshot of the copy, and written over what the dump brought.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.side import Side
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import (
    Row,
    Session,
)

#: Rows of one statement.
_AT_ONCE = 1000


@dataclass(frozen=True)
class Floats:
    """A table with such columns.

    :param key: its primary key; empty where it has none, and the rows cannot be found again.
    :param stamps: columns that an UPDATE sets to the time unless it says otherwise.
    """

    database: str
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    stamps: tuple[str, ...]


def tables_with_floats(side: Side) -> list[Floats]:
    """All of the moved databases."""
    rows = side.sql.rows(
        "SELECT c.table_schema, c.table_name, c.column_name, c.data_type, COALESCE(s.seq_in_index, 0),"
        " c.extra FROM information_schema.columns c"
        " JOIN information_schema.tables t USING (table_schema, table_name)"
        " LEFT JOIN information_schema.statistics s ON s.table_schema = c.table_schema"
        " AND s.table_name = c.table_name AND s.column_name = c.column_name AND s.index_name = 'PRIMARY'"
        " WHERE c.table_schema IN %s AND t.table_type = 'BASE TABLE' ORDER BY 1, 2, c.ordinal_position",
        [side.databases],
        answer_s=300,
    )
    found = []
    for database, name in dict.fromkeys((str(row[0]), str(row[1])) for row in rows):
        mine = [row for row in rows if (row[0], row[1]) == (database, name)]
        floats = [str(row[2]) for row in mine if row[3] == "float" and "GENERATED" not in str(row[5]).upper()]
        key = [str(row[2]) for row in sorted(mine, key=lambda row: int(row[4])) if int(row[4])]
        stamps = [str(row[2]) for row in mine if "on update" in str(row[5]).lower()]
        if floats:
            found.append(Floats(database, name, tuple(floats), tuple(key), tuple(stamps)))
    return found


def without_key(side: Side) -> list[str]:
    """Objections: tables of which the digits cannot be carried."""
    return [
        f"{one.database}.{one.name} has FLOAT columns ({', '.join(one.columns)}) and no primary key: a dump"
        " loses digits of them, and its rows cannot be found again: give it a key, or make them DOUBLE"
        for one in tables_with_floats(side)
        if not one.key or set(one.key) & set(one.columns)
    ]


def carry(snapshot: Session, target: Side, found: Sequence[Floats]) -> None:
    """Write them at the target as they were at the moment of the snapshot.

    :param snapshot: a session at the source, within the transaction that the copy reads in.
    """
    for one in found:
        last: Sequence[object] | None = None
        while rows := _page(snapshot, one, last):
            _write(target, one, rows)
            last = rows[-1][: len(one.key)]


def _page(snapshot: Session, one: Floats, last: Sequence[object] | None) -> list[Row]:
    quote = snapshot.quote
    key = ", ".join(quote(name) for name in one.key)
    values = ", ".join(f"CAST({quote(name)} AS DOUBLE)" for name in one.columns)
    begin = f" WHERE ({key}) > ({', '.join(['%s'] * len(one.key))})" if last is not None else ""
    return snapshot.rows(
        f"SELECT {key}, {values} FROM {quote(one.database, one.name)}{begin} ORDER BY {key} LIMIT {_AT_ONCE}",
        list(last or ()),
        answer_s=600,
    )


def _write(target: Side, one: Floats, rows: Sequence[Row]) -> None:
    """By one statement where the keys are numbers. Texts of a list would be compared by another collation."""
    quote = target.sql.quote
    table, width = quote(one.database, one.name), len(one.key)
    if all(isinstance(value, int) for row in rows for value in row[:width]):
        names = [quote(f"c{at}") for at in range(width + len(one.columns))]
        lines = f"SELECT {', '.join(f'%s AS {name}' for name in names)}"
        lines += f" UNION ALL SELECT {', '.join(['%s'] * len(names))}" * (len(rows) - 1)
        same = [f"t.{quote(name)} = n.{line}" for name, line in zip(one.key, names)]
        sets = [f"t.{quote(name)} = n.{line}" for name, line in zip(one.columns, names[width:])]
        sets += [f"t.{quote(name)} = t.{quote(name)}" for name in one.stamps]
        target.sql.do(
            f"UPDATE {table} t JOIN ({lines}) n ON {' AND '.join(same)} SET {', '.join(sets)}",
            [value for row in rows for value in row],
            answer_s=600,
        )
        return
    sets = [f"{quote(name)} = %s" for name in one.columns]
    sets += [f"{quote(name)} = {quote(name)}" for name in one.stamps]
    where = " AND ".join(f"{quote(name)} = %s" for name in one.key)
    for row in rows:
        target.sql.do(
            f"UPDATE {table} SET {', '.join(sets)} WHERE {where}", [*row[width:], *row[:width]], answer_s=600
        )
