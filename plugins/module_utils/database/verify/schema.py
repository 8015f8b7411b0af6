# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a database is made of, compared object by object.

A difference is an object that one side lacks, or a property of it that differs. What two releases only
spell differently is not one; each such spelling is a rule of its own in ``postgresql_schema`` or
``mariadb_schema``, with its reason, and what a rule has forgiven is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: What is asked of a sequence's value on the target.
EQUAL, NOT_BEHIND, IGNORED = "equal", "not_behind", "ignored"
#: The property in which a sequence's value stands.
VALUE = "next value"


@dataclass(frozen=True)
class Thing:
    """An object of a database.

    :param schema: the schema that it belongs to, empty where it belongs to none.
    :param table: the table that it belongs to, or itself.
    """

    kind: str
    schema: str
    name: str
    table: str = ""
    says: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> tuple[str, str, str]:
        return self.kind, self.schema, self.name

    @property
    def told(self) -> str:
        return ".".join(part for part in (self.schema, self.name) if part)


@dataclass(frozen=True)
class Spelling:
    """Two ways in which releases say the same.

    :param same: of kind, property, and both values: whether they only differ by this.
    """

    why: str
    same: Callable[[str, str, Any, Any], bool]


def compare(
    source: Sequence[Thing],
    target: Sequence[Thing],
    has: Callable[[str, str], bool],
    sequences: str,
    spellings: Sequence[Spelling],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What differs, and what was forgiven.

    :param has: whether an object, by the schema and name of its table (or its own), is compared at all.
    """
    here, there = _wanted(source, has), _wanted(target, has)
    differences: list[dict[str, Any]] = []
    forgiven: list[dict[str, Any]] = []
    for one in sorted(here.keys() | there.keys()):
        mine, theirs = here.get(one), there.get(one)
        if mine is None or theirs is None:
            known = mine or theirs
            if known is not None:
                differences.append(_told(known, "target" if mine is None else "source"))
            continue
        for about in sorted({*mine.says, *theirs.says}):
            values = (mine.says.get(about), theirs.says.get(about))
            if values[0] == values[1] or (about == VALUE and _is_enough(values, sequences)):
                continue
            told = {**_told(mine, "both"), "property": about, "source": values[0], "target": values[1]}
            why = next((rule.why for rule in spellings if rule.same(one[0], about, *values)), None)
            if why is None:
                differences.append(told)
            else:
                forgiven.append({**told, "why": why})
    return differences, forgiven


def _wanted(things: Sequence[Thing], has: Callable[[str, str], bool]) -> dict[tuple[str, str, str], Thing]:
    return {
        thing.id: thing
        for thing in things
        if not thing.schema or has(thing.schema, thing.table or thing.name)
    }


def _told(thing: Thing, where: str) -> dict[str, Any]:
    return {"kind": "schema", "what": thing.kind, "name": thing.told, "where": where}


def _is_enough(values: tuple[Any, Any], sequences: str) -> bool:
    """A target that is ahead gives no number twice."""
    if sequences == IGNORED:
        return True
    known = values[0] is not None and values[1] is not None
    return sequences == NOT_BEHIND and known and bool(values[1][1] * (values[1][0] - values[0][0]) >= 0)
