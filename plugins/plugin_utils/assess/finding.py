# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A finding: what stands in the way of moving a server, and how to go on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

BLOCKER, WARNING = "blocker", "warning"
#: Which way of moving it concerns: every one, or that of a database which is copied while it runs.
ALL, ONLINE = "all", "online"
#: How many objects are named; a document has them all.
MOST_NAMED = 20


@dataclass(frozen=True)
class Finding:
    """One thing by name.

    :param where: the objects concerned, the first of them; ``count`` says how many there are.
    :param rule: where it is written, or how it was seen.
    :param proof: a query or command that shows it, where it was not shown yet.
    """

    name: str
    severity: str
    what: str
    why: str
    rule: str
    next_step: str
    way: str = ALL
    where: tuple[str, ...] = ()
    count: int = 0
    proof: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        found = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**found, "where": list(self.where), "proof": list(self.proof)}

    @property
    def sentence(self) -> str:
        named = ", ".join(self.where)
        more = f" and {self.count - len(self.where)} more" if self.count > len(self.where) else ""
        return f"{self.what}{f' ({named}{more})' if named else ''}: {self.why}. Next: {self.next_step}"


def at(objects: Iterable[Any]) -> dict[str, Any]:
    """``where`` and ``count`` of what is concerned."""
    named = [str(one) for one in objects]
    return {"where": tuple(named[:MOST_NAMED]), "count": len(named)}
