# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two databases that ought to be the same: the words in which they are compared.

What a digest proves. A row becomes one text in which no two rows can be confused: fields in a fixed order,
NULL told from the empty text, a length before each text. Of that text a hash of 64 bits is taken (PostgreSQL:
two of them; MariaDB: half of an MD5), and a part of a table is its number of rows and the exact sums, not
modulo anything, of those hashes. A sum does not depend on the order, counts duplicates, and is not fooled by
changes that cancel: for any set of rows that went and came the sum of their hashes would have to come out at
zero, which for hashes that behave like random numbers happens once in 2^64 (1.8e19). (An XOR loses a row that
stands there twice; a sum of values, or of the bytes, loses what is taken here and added there.) Against
somebody who forges rows on purpose no such digest protects: it is made for what copying, replication and
people do by mistake.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, Union

SOURCE, TARGET, BOTH = "source", "target", "both"

#: A row's key, each column as the text that the engine takes back without loss.
Key = tuple[Any, ...]


class Digest(NamedTuple):
    """A part of a table: how many rows, and the exact sums of their hashes."""

    rows: int
    sums: tuple[int, ...]

    def plus(self, other: Digest) -> Digest:
        """Of two parts that share no row."""
        if not other.sums:
            return self
        if not self.sums:
            return other
        return Digest(self.rows + other.rows, tuple(a + b for a, b in zip(self.sums, other.sums)))

    def told(self) -> str:
        """For a result: equal on both sides when the content is."""
        return "-".join(f"{one % 2**128:x}" for one in self.sums)


NOTHING = Digest(0, ())


@dataclass(frozen=True)
class Range:
    """Rows whose key is over ``low`` and at most ``high``; ``None``: open."""

    low: Key | None = None
    high: Key | None = None

    def told(self) -> dict[str, Any]:
        return {"over": self.low and list(self.low), "up_to": self.high and list(self.high)}


@dataclass(frozen=True)
class Buckets:
    """Rows whose hash, modulo ``of``, is one of ``numbers``; no numbers: all rows."""

    of: int
    numbers: tuple[int, ...] = ()

    def told(self) -> dict[str, Any]:
        return {"buckets": len(self.numbers), "of": self.of}


Part = Union[Range, Buckets]


@dataclass(frozen=True)
class Column:
    """A column as its engine describes it.

    :param kind: the engine's base type, by which it is decided how it becomes text.
    :param type: the whole type.
    :param charset: MariaDB's character set; empty where there is none.
    """

    name: str
    kind: str
    type: str
    nullable: bool
    collation: str = ""
    charset: str = ""
    derived: bool = False


@dataclass(frozen=True)
class Table:
    """A table that has rows.

    :param key: columns that name a row, none of them NULL; empty: nothing names it.
    :param rows: about how many.
    :param mark: changes when somebody writes, as far as the server counts that; empty: not known.
    """

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    rows: int = 0
    mark: str = ""

    @property
    def told(self) -> str:
        return f"{self.schema}.{self.name}"

    def column(self, name: str) -> Column:
        return next(one for one in self.columns if one.name == name)


@dataclass(frozen=True)
class Plan:
    """How a table is compared, on both sides by the same SQL.

    :param rows_of: what stands behind FROM.
    :param row: SQL of the text that a row becomes. Per cent signs are doubled in all SQL here.
    :param fields: SQL of the text that each column becomes, by column.
    :param shown: SQL of each column for people, by column.
    :param key: the columns by which a row is named; empty: by its content.
    :param key_out: SQL that gives each key column as text (or number) without loss.
    :param key_in: SQL that takes it back, with one ``%s``.
    :param key_columns: each key column as SQL compares it.
    :param key_text: SQL of one text that the whole key becomes.
    :param ordered: both sides sort the key in the same way, so that ranges of it are the same rows.
    :param counted: the key is one column of whole numbers.
    :param rows: about how many.
    """

    table: str
    rows_of: str
    row: str
    fields: Mapping[str, str]
    shown: Mapping[str, str]
    key: tuple[str, ...] = ()
    key_columns: tuple[str, ...] = ()
    key_out: tuple[str, ...] = ()
    key_in: tuple[str, ...] = ()
    key_text: str = ""
    ordered: bool = False
    counted: bool = False
    rows: int = 0


#: Rows by key, or by their own digest where they have no key: how often, and the digest.
Rows = Mapping[Key, tuple[int, str]]


class Reader(Protocol):
    """One side, through one session."""

    def digest(self, plan: Plan, part: Range) -> Digest:
        """A range of rows."""

    def buckets(self, plan: Plan, of: int) -> Mapping[int, Digest]:
        """All rows in one reading, spread over ``of`` buckets (a power of two) by their key or content."""

    def rows(self, plan: Plan, part: Part) -> Rows:
        """Each row of a part."""

    def rows_at(self, plan: Plan, keys: Sequence[Key]) -> Rows:
        """The rows of these keys that exist."""

    def edge(self, plan: Plan, part: Range, offset: int) -> Key | None:
        """The key of the row that ``offset`` rows of the range stand before; ``None``: there is none."""

    def span(self, plan: Plan) -> tuple[int, int] | None:
        """Smallest and largest key of a counted plan; ``None`` without rows."""

    def fields(self, plan: Plan, keys: Sequence[Key]) -> Mapping[Key, Mapping[str, Any]]:
        """Of each key's row a digest of each column."""

    def shown(self, plan: Plan, part: Part, keys: Sequence[Key]) -> Mapping[Key, Mapping[str, Any]]:
        """The beginning of each column's text, for rows that only their content names."""


@dataclass
class Found:
    """A difference in the content of a table.

    :param where: the side that has the row; ``both``: their rows differ.
    :param key: by column; of a table without key the beginning of its columns.
    :param part: instead of a row, a part that differs and was not looked into further.
    :param settled: whether it was there long enough to be no change under way.
    """

    table: str
    where: str
    key: Mapping[str, Any] = field(default_factory=dict)
    columns: Sequence[str] = ()
    counts: tuple[int, int] | None = None
    part: Mapping[str, Any] | None = None
    settled: bool = True

    def told(self) -> dict[str, Any]:
        """For a result."""
        told: dict[str, Any] = {"kind": "part" if self.part else "row", "table": self.table}
        told["where"] = self.where
        if self.part:
            told.update(self.part)
        else:
            told["key"] = dict(self.key)
        if self.columns:
            told["columns"] = list(self.columns)
        if self.counts is not None:
            told["source_rows"], told["target_rows"] = self.counts
        return told
