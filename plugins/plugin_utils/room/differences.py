# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs, how much it weighs, and what a person announced beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

#: A difference that the run does not go on with, and one to be known.
STOPS, TOLD = "stops", "told"


@dataclass(frozen=True)
class Announced:
    """A difference that is meant, said before it was found.

    :param host: and ``item``, with ``*`` and ``?``.
    """

    host: str
    item: str

    def covers(self, host: str, item: str) -> bool:
        names = (item, item.removeprefix("inside "))
        return fnmatchcase(host, self.host) and any(fnmatchcase(name, self.item) for name in names)

    def __str__(self) -> str:
        return f"{self.host} {self.item}"


def announced(stated: Iterable[Any]) -> list[Announced]:
    """From texts such as ``nn-db-01 memory DIMM_A2``, or mappings with ``host`` and ``item``."""
    found = []
    for one in stated:
        if isinstance(one, Mapping):
            found.append(Announced(str(one["host"]), str(one["item"])))
        else:
            host, _blank, item = str(one).strip().partition(" ")
            found.append(Announced(host, item.strip() or "*"))
    return found


@dataclass
class Found:
    """What was found of one host.

    :param reasons: why something is not known, by part.
    """

    host: str
    expected: list[Announced] = field(default_factory=list)
    reasons: Mapping[str, str] = field(default_factory=dict)
    differences: list[dict[str, Any]] = field(default_factory=list)
    not_told: list[dict[str, str]] = field(default_factory=list)
    seen: set[Announced] = field(default_factory=set)

    def add(self, item: str, was: Any, now: Any, weight: str, way_on: str, *, may: bool = True) -> None:
        """A difference. One that was announced is told only, where it may be announced.

        :param may: false for what no announcement makes good.
        """
        for one in self.expected:
            if one.covers(self.host, item):
                self.seen.add(one)
                if may and weight == STOPS:
                    weight, way_on = TOLD, f"it was announced; else: {way_on}"
        self.differences.append(
            {"host": self.host, "item": item, "was": was, "is": now, "weight": weight, "way_on": way_on}
        )

    def unknown(self, item: str, reason: str | None = None) -> None:
        """What is not known: neither equal nor different."""
        why = reason or self._reason(item) or "it is not known on both sides"
        self.not_told.append({"host": self.host, "item": item, "reason": why})

    def in_both(
        self,
        item: str,
        was: Mapping[str, Mapping[str, Any]],
        now: Mapping[str, Mapping[str, Any]],
        told_by: str,
        gone: str,
        new: str,
    ) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
        """Each that is on both sides: its item, before, after. One that is gone stops, a new one is told.

        :param was: and ``now``, by name.
        :param told_by: the key of what is said of one that is on one side only.
        :param gone: and ``new``, the way on.
        """
        for name, one in was.items():
            if name not in now:
                self.add(f"{item} {name}", one.get(told_by), None, STOPS, gone)
        for name, one in now.items():
            if name in was:
                yield f"{item} {name}", was[name], one
            else:
                self.add(f"{item} {name}", None, one.get(told_by), TOLD, new)

    def _reason(self, item: str) -> str | None:
        """The reason of the item, or of the part that it belongs to."""
        words = item.split()
        for count in range(len(words), 0, -1):
            reason = self.reasons.get(" ".join(words[:count]))
            if reason:
                return reason
        return None

    def scalar(
        self,
        item: str,
        was: Any,
        now: Any,
        weight: str,
        way_on: str,
        *,
        may: bool = True,
        quiet: bool = False,
    ) -> None:
        """One value of each side.

        :param quiet: what is known on neither side is not worth a line.
        """
        if unknown(was) or unknown(now):
            if not (quiet and unknown(was) and unknown(now)):
                self.unknown(item)
        elif was != now:
            self.add(item, was, now, weight, way_on, may=may)


def unknown(value: Any) -> bool:
    return value is None or value in ("", "unknown")


def together(found: Iterable[Found], expected: Iterable[Announced] = ()) -> dict[str, Any]:
    """What was found of all hosts.

    :returns: ``differences``, ``stops`` (those of them that stop), ``not_told`` and ``not_seen``, what was
        announced and is not there.
    """
    all_of = list(found)
    seen = {one for each in all_of for one in each.seen}
    differences = [one for each in all_of for one in each.differences]
    return {
        "differences": differences,
        "stops": [one for one in differences if one["weight"] == STOPS],
        "not_told": [one for each in all_of for one in each.not_told],
        "not_seen": [str(one) for one in expected if one not in seen],
    }
