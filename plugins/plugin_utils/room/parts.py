# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two lists of parts: which is gone, new, another or in another place.

A part is known by its serial number; where it tells none, by its slot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.differences import (
    STOPS,
    TOLD,
    Found,
    unknown,
)

Part = Mapping[str, Any]
Pair = tuple[Part, Part]

#: How much of it there is, by the words of FRU data and of server_hardware.
SIZES = ("mib", "bytes", "cores")
_SERIALS = ("serial_number", "serial")
_PLACES = ("slot", "name")
_HEALTH = ("ok", "warning", "critical")
#: What is looked at by rules of its own, or changes by itself.
_APART = {*_SERIALS, *_PLACES, "health", "failing", "smart", "bank"}


def serial(part: Part) -> str | None:
    for key in _SERIALS:
        if part.get(key):
            return str(part[key])
    return None


def place(part: Part) -> str | None:
    for key in _PLACES:
        if part.get(key):
            return str(part[key])
    return None


def spoken(part: Part) -> str:
    """A part in a few words: place, size, serial number."""
    size = next((f"{part[key]} {key}" for key in SIZES if part.get(key)), "")
    number = serial(part)
    kind = part.get("part_number") or part.get("model")
    words = [place(part) or "", size, str(kind or ""), f"serial {number}" if number else "without a serial"]
    return " ".join(word for word in words if word)


def compare(found: Found, item: str, was: Sequence[Part] | None, now: Sequence[Part] | None) -> None:
    """Compare what one word (``memory``) stands for."""
    if was is None or now is None:
        found.unknown(item)
        return
    pairs, rest_was, rest_now = _by_serial(was, now)
    swapped, gone, new = _by_place(rest_was, rest_now)
    for before, after in pairs:
        name = _name(item, after)
        moved = place(before) != place(after)
        if moved:
            found.add(
                f"{item} {serial(after)}",
                place(before),
                place(after),
                TOLD,
                "it is in another place; see that it may",
            )
        _same(found, name, before, after)
    for before, after in swapped:
        _swapped(found, _name(item, after), before, after)
    for part in gone:
        found.add(_name(item, part), spoken(part), None, STOPS, "put it back, or say beforehand that it goes")
    for part in new:
        found.add(
            _name(item, part), None, spoken(part), TOLD, "a part more than before; write it into the plan"
        )


def _name(item: str, part: Part) -> str:
    return f"{item} {place(part) or serial(part) or 'without a name'}"


def _by_serial(was: Sequence[Part], now: Sequence[Part]) -> tuple[list[Pair], list[Part], list[Part]]:
    """Parts that are in both lists, and the rest of each. Serial numbers that occur twice name nothing."""
    left = list(now)
    pairs, rest = [], []
    for before in was:
        number = serial(before)
        same = [after for after in left if number and serial(after) == number]
        same.sort(key=lambda after: place(after) != place(before))
        if same:
            left.remove(same[0])
            pairs.append((before, same[0]))
        else:
            rest.append(before)
    return pairs, rest, left


def _by_place(was: Sequence[Part], now: Sequence[Part]) -> tuple[list[Pair], list[Part], list[Part]]:
    left = list(now)
    pairs, gone = [], []
    for before in was:
        same = [after for after in left if place(after) == place(before)]
        if same:
            left.remove(same[0])
            pairs.append((before, same[0]))
        else:
            gone.append(before)
    return pairs, gone, left


def _swapped(found: Found, name: str, before: Part, after: Part) -> None:
    """In the same place with another serial number, or with none on one side."""
    if serial(before) is None or serial(after) is None:
        if serial(before) is not None or serial(after) is not None:
            found.unknown(f"{name} serial", "one of both times it told no serial number")
        _same(found, name, before, after)
        return
    known, least = _at_least(before, after)
    way_on = "find out who changed it; a change that is meant is announced beforehand"
    if known and not least:
        way_on = "it is smaller than the one before; put one of the same size in"
    elif not known:
        way_on = "its size is not known, so it is not known to be as large; see what it is"
    found.add(name, spoken(before), spoken(after), STOPS, way_on, may=known and least)
    _health(found, name, before, after)


def _at_least(before: Part, after: Part) -> tuple[bool, bool]:
    """Whether it can be said, and whether the second is as large. One part number is one size."""
    for key in SIZES:
        if before.get(key) and after.get(key):
            return True, after[key] >= before[key]
    one, other = before.get("part_number"), after.get("part_number")
    same = bool(one) and one == other
    return same, same


def _same(found: Found, name: str, before: Part, after: Part) -> None:
    """What one and the same part tells of itself."""
    for key in sorted({*before, *after} - _APART):
        less = key in SIZES and (after.get(key) or 0) < (before.get(key) or 0)
        found.scalar(
            f"{name} {key}", before.get(key), after.get(key), STOPS if less else TOLD,
            "there is less of it than before; see whether it is seated and whole" if less
            else "see why it tells something else of itself", quiet=True,
        )  # fmt: skip
    _health(found, name, before, after)


def _health(found: Found, name: str, before: Part, after: Part) -> None:
    was, now = before.get("health"), after.get("health")
    worse = _rank(now) > max(_rank(was), 0)
    weight = STOPS if worse and now == _HEALTH[-1] else TOLD
    found.scalar(
        f"{name} health",
        was,
        now,
        weight,
        "exchange it, or find out what it suffers from",
        may=False,
        quiet=True,
    )
    was, now = before.get("failing"), after.get("failing")
    if now and not was:
        found.add(f"{name} failing", was, now, STOPS, "exchange it before anything depends on it", may=False)
    else:
        found.scalar(f"{name} failing", was, now, TOLD, "it says so no longer; see why", quiet=True)


def _rank(health: Any) -> int:
    return _HEALTH.index(health) if health in _HEALTH else -1


def total(parts: Sequence[Part] | None, key: str) -> int | None:
    """How much of it all parts have; None when one does not say."""
    if not parts or any(unknown(part.get(key)) for part in parts):
        return None
    return sum(int(part[key]) for part in parts)
