# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One side, read through one session: the SQL that both engines have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import (
    Row,
    Session,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.model import (
    Buckets,
    Digest,
    Key,
    Part,
    Plan,
    Range,
    Rows,
)

#: Seconds that reading a part of a table may take, and a table from end to end.
PART_S = 1800.0
WHOLE_S = 12 * 3600.0
#: So many keys go into one statement.
KEYS_AT_ONCE = 200
#: So many characters of each column are shown of a row that has no key.
SHOWN = 60


def quoter(session: Session) -> Callable[..., str]:
    """How names are quoted in statements that take values: with each per cent sign twice."""

    def quoted(*names: str) -> str:
        return session.quote(*names).replace("%", "%%")

    return quoted


class SqlReader:
    """See ``model.Reader``."""

    #: Keeps a subquery from being merged into the one around it, which would work its text out twice.
    barrier = ""

    def __init__(self, session: Session) -> None:
        self.session = session

    # What each engine says in its own way.

    def sums(self, text: str) -> list[str]:
        """The sums of the hashes of a text, each an aggregate."""
        raise NotImplementedError

    def name_of(self, text: str) -> str:
        """The digest by which one text is told from another."""
        raise NotImplementedError

    def bucket(self, text: str, of: int) -> str:
        """In which bucket of so many, a power of two, a text belongs."""
        raise NotImplementedError

    def after(self, plan: Plan, key: Key) -> tuple[str, list[Any]]:
        """The condition that a row stands after a key."""
        raise NotImplementedError

    def up_to(self, plan: Plan, key: Key) -> tuple[str, list[Any]]:
        """The condition that a row stands at a key or before it."""
        raise NotImplementedError

    def prepare(self, whole: bool) -> None:
        """Set the session up for reading whole tables, or parts along a key."""

    # What is the same.

    def digest(self, plan: Plan, part: Range) -> Digest:
        where, values = self._where(plan, part)
        sql = (
            f"SELECT COUNT(*), {', '.join(self.sums('r'))}"
            f" FROM (SELECT {plan.row} AS r FROM {plan.rows_of}{where}{self.barrier}) AS d"
        )
        whole = part.low is None and part.high is None
        return _digest(self.ask(sql, values, whole=whole)[0])

    def buckets(self, plan: Plan, of: int) -> Mapping[int, Digest]:
        by = f"{plan.key_text} AS k, " if plan.key else ""
        sql = (
            f"SELECT {self.bucket('k' if plan.key else 'r', of)}, COUNT(*), {', '.join(self.sums('r'))}"
            f" FROM (SELECT {by}{plan.row} AS r FROM {plan.rows_of}{self.barrier}) AS d GROUP BY 1"
        )
        return {int(row[0]): _digest(row[1:]) for row in self.ask(sql, whole=True)}

    def rows(self, plan: Plan, part: Part) -> Rows:
        where, values = self._where(plan, part)
        whole = isinstance(part, Buckets)
        if plan.key:
            return self._rows(plan, where, values, whole)
        sql = (
            f"SELECT COUNT(*), m FROM (SELECT {self.name_of('r')} AS m"
            f" FROM (SELECT {plan.row} AS r FROM {plan.rows_of}{where}{self.barrier}) AS d) AS e GROUP BY m"
        )
        return {(row[1],): (int(row[0]), str(row[1])) for row in self.ask(sql, values, whole=whole)}

    def rows_at(self, plan: Plan, keys: Sequence[Key]) -> Rows:
        found: dict[Key, tuple[int, str]] = {}
        for some in _batches(keys):
            where, values = self._at(plan, some)
            found.update(self._rows(plan, where, values, False))
        return found

    def edge(self, plan: Plan, part: Range, offset: int) -> Key | None:
        where, values = self._where(plan, part)
        rows = self.ask(
            f"SELECT {', '.join(plan.key_out)} FROM {plan.rows_of}{where}"
            f" ORDER BY {', '.join(plan.key_columns)} LIMIT 1 OFFSET {int(offset)}",
            values,
        )
        return tuple(rows[0]) if rows else None

    def span(self, plan: Plan) -> tuple[int, int] | None:
        key = plan.key_columns[0]
        low, high = self.ask(f"SELECT MIN({key}), MAX({key}) FROM {plan.rows_of}")[0]
        return None if low is None else (int(low), int(high))

    def fields(self, plan: Plan, keys: Sequence[Key]) -> Mapping[Key, Mapping[str, Any]]:
        found: dict[Key, dict[str, Any]] = {}
        names = list(plan.fields)
        digests = ", ".join(self.name_of(plan.fields[name]) for name in names)
        for some in _batches(keys):
            where, values = self._at(plan, some)
            sql = f"SELECT {', '.join(plan.key_out)}, {digests} FROM {plan.rows_of}{where}"
            for row in self.ask(sql, values):
                found[tuple(row[: len(plan.key)])] = dict(zip(names, row[len(plan.key) :]))
        return found

    def shown(self, plan: Plan, part: Part, keys: Sequence[Key]) -> Mapping[Key, Mapping[str, Any]]:
        where, values = self._where(plan, part)
        names = list(plan.shown)
        shown = ", ".join(plan.shown.values())
        wanted = ", ".join(["%s"] * len(keys))
        sql = (
            f"SELECT {self.name_of(plan.row)}, {shown} FROM {plan.rows_of}{where}"
            f"{' AND' if where else ' WHERE'} {self.name_of(plan.row)} IN ({wanted})"
        )
        found = self.ask(sql, [*values, *(key[0] for key in keys)], whole=True)
        return {(row[0],): dict(zip(names, row[1:])) for row in found}

    def ask(self, sql: str, values: Sequence[Any] = (), *, whole: bool = False) -> list[Row]:
        """Send a query whose per cent signs are doubled."""
        self.prepare(whole)
        answer_s = WHOLE_S if whole else PART_S
        return self.session.rows(sql if values else sql.replace("%%", "%"), values, answer_s=answer_s)

    def _rows(self, plan: Plan, where: str, values: Sequence[Any], whole: bool) -> Rows:
        names = [f"k{number}" for number in range(len(plan.key))]
        inner = ", ".join(f"{out} AS {name}" for out, name in zip(plan.key_out, names))
        sql = (
            f"SELECT {', '.join(names)}, {self.name_of('r')}"
            f" FROM (SELECT {inner}, {plan.row} AS r FROM {plan.rows_of}{where}{self.barrier}) AS d"
        )
        return {tuple(row[:-1]): (1, str(row[-1])) for row in self.ask(sql, values, whole=whole)}

    def _where(self, plan: Plan, part: Part) -> tuple[str, list[Any]]:
        if isinstance(part, Buckets):
            if not part.numbers:
                return "", []
            numbers = ", ".join(str(int(number)) for number in part.numbers)
            return f" WHERE {self.bucket(plan.key_text or plan.row, part.of)} IN ({numbers})", []
        conditions, values = [], []
        for said in (
            self.after(plan, part.low) if part.low is not None else None,
            self.up_to(plan, part.high) if part.high is not None else None,
        ):
            if said is not None:
                conditions.append(said[0])
                values += said[1]
        return (" WHERE " + " AND ".join(conditions) if conditions else ""), values

    def _at(self, plan: Plan, keys: Sequence[Key]) -> tuple[str, list[Any]]:
        one = " AND ".join(f"{column} = {given}" for column, given in zip(plan.key_columns, plan.key_in))
        values = [value for key in keys for value in key]
        return " WHERE " + " OR ".join([f"({one})"] * len(keys)), values


def _digest(row: Row) -> Digest:
    return Digest(int(row[0]), tuple(int(one or 0) for one in row[1:]))


def _batches(keys: Sequence[Key]) -> list[Sequence[Key]]:
    return [keys[start : start + KEYS_AT_ONCE] for start in range(0, len(keys), KEYS_AT_ONCE)]
