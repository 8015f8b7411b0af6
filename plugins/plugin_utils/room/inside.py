# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operating system told of its machine before and after: disks, RAID, links, neighbours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room import parts
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.differences import (
    STOPS,
    TOLD,
    Found,
)

Rows = Sequence[Mapping[str, Any]]

#: States of a RAID controller's array, drive, battery or of itself that are well (storcli's words).
WELL = ("OK", "Optl", "Optimal", "Opt", "Onln", "GHS", "DHS", "UGood", "JBOD", "Ready")
#: What SMART counts by the hour, or by the season.
_BY_ITSELF = ("hours", "celsius")
_ANOTHER = "it is another server than before; see which BMC and which disks belong to which machine"


def compare(found: Found, was: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> None:
    """All of it. Without an answer on both sides there is nothing to compare."""
    if was is None or now is None:
        found.unknown("inside")
        return
    found.scalar("inside kind", was.get("kind"), now.get("kind"), STOPS, _ANOTHER, may=False)
    if was.get("kind") != "metal" or now.get("kind") != "metal":
        return
    identity(found, was, now)
    for part in ("processors", "memory"):
        parts.compare(found, f"inside {part}", was.get(part), now.get(part))
    _disks(found, was.get("disks"), now.get("disks"))
    each: dict[str, Callable[[Found, Rows, Rows], None]] = {
        "software_raid": _arrays,
        "raid_controllers": _controllers,
        "nics": _nics,
        "neighbours": _neighbours,
    }
    for part, of in each.items():
        before, after = was.get(part), now.get(part)
        if before is None or after is None:
            found.unknown(f"inside {part}")
        else:
            of(found, before, after)


def identity(found: Found, was: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    before, after = was.get("identity") or {}, now.get("identity") or {}
    for key in ("serial", "product", "manufacturer"):
        found.scalar(f"inside identity {key}", before.get(key), after.get(key), STOPS, _ANOTHER, may=False)


def _disks(found: Found, was: Rows | None, now: Rows | None) -> None:
    parts.compare(found, "inside disks", was, now)
    before = {parts.serial(disk): disk for disk in was or () if parts.serial(disk)}
    for disk in now or ():
        earlier = before.get(parts.serial(disk), {})
        _smart(found, f"inside disks {disk.get('name')}", earlier.get("smart"), disk.get("smart"))


def _smart(found: Found, name: str, was: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> None:
    """A drive that fails now stops, whatever was known of it before."""
    if fails(now) and not fails(was):
        found.add(
            f"{name} SMART",
            health(was),
            health(now),
            STOPS,
            "exchange the drive before it is loaded",
            may=False,
        )
        return
    if was is None or now is None:
        found.unknown(f"inside smart {name.split()[-1]}")
        return
    for key in sorted({*was, *now} - set(_BY_ITSELF)):
        found.scalar(
            f"{name} SMART {key}",
            was.get(key),
            now.get(key),
            TOLD,
            "watch the drive, or exchange it",
            quiet=True,
        )


def fails(smart: Mapping[str, Any] | None) -> bool:
    """Whether the drive says that it fails, or an attribute is below its threshold now."""
    return bool(smart) and ((smart or {}).get("passed") is False or bool((smart or {}).get("failing")))


def health(smart: Mapping[str, Any] | None) -> str | None:
    """SMART in a few words."""
    if smart is None:
        return None
    failing = ", ".join(smart.get("failing") or ())
    word = {True: "passed", False: "failed"}.get(smart.get("passed"), "not said")  # type: ignore[arg-type]
    return f"{word} ({failing})" if failing else word


def _arrays(found: Found, was: Rows, now: Rows) -> None:
    both = found.in_both(
        "inside array",
        _by(was, "name"),
        _by(now, "name"),
        "level",
        gone="see why it was not assembled (mdadm)",
        new="an array more than before",
    )
    for item, earlier, array in both:
        bad = array.get("degraded") and not earlier.get("degraded")
        found.scalar(
            f"{item} degraded",
            earlier.get("degraded"),
            array.get("degraded"),
            STOPS if bad else TOLD,
            "put the missing member back and let it rebuild" if bad else "it is whole again",
            may=False,
        )
        found.scalar(
            f"{item} level",
            earlier.get("level"),
            array.get("level"),
            STOPS,
            "it is another array",
            quiet=True,
        )
        for key in ("members", "failed"):
            found.scalar(
                f"{item} {key}",
                sorted(map(str, earlier.get(key) or ())),
                sorted(map(str, array.get(key) or ())),
                TOLD,
                "see that it may",
            )
        if earlier.get("at_work") != array.get("at_work"):
            found.add(
                f"{item} at_work",
                earlier.get("at_work"),
                array.get("at_work"),
                TOLD,
                "let it end before load comes",
            )


def _controllers(found: Found, was: Rows, now: Rows) -> None:
    both = found.in_both(
        "inside controller",
        _by(was, "serial", "model"),
        _by(now, "serial", "model"),
        "model",
        gone="see whether it is seated",
        new="a controller more than before",
    )
    for item, earlier, one in both:
        _state(found, item, earlier, one)
        for part, key in (("arrays", "name"), ("drives", "slot"), ("batteries", "model")):
            _states(found, f"{item} {part}", _by(earlier.get(part) or (), key), _by(one.get(part) or (), key))


def _states(found: Found, item: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    both = found.in_both(
        item,
        was,
        now,
        "state",
        gone="put it back, or say beforehand that it goes",
        new="one more than before",
    )
    for name, earlier, one in both:
        _state(found, name, earlier, one)


def _state(found: Found, item: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    bad = now.get("state") not in WELL and was.get("state") in WELL
    found.scalar(
        f"{item} state",
        was.get("state"),
        now.get("state"),
        STOPS if bad else TOLD,
        "see the controller's own tool; a drive or battery that failed is exchanged",
        quiet=True,
    )
    for key in ("model", "level"):
        found.scalar(f"{item} {key}", was.get(key), now.get(key), TOLD, "see what was exchanged", quiet=True)


def _nics(found: Found, was: Rows, now: Rows) -> None:
    both = found.in_both(
        "inside nic",
        _by(was, "mac", "name"),
        _by(now, "mac", "name"),
        "name",
        gone="see whether the card is seated",
        new="an interface more than before",
    )
    for item, earlier, nic in both:
        found.scalar(
            f"{item} name", earlier.get("name"), nic.get("name"), TOLD, "see that its settings go by it"
        )
        lost = earlier.get("link") and not nic.get("link")
        found.scalar(
            f"{item} link",
            earlier.get("link"),
            nic.get("link"),
            STOPS if lost else TOLD,
            f"plug the cable of {nic.get('name')} in again" if lost else "it has a link now",
            quiet=True,
        )
        found.scalar(
            f"{item} mbit_s", earlier.get("mbit_s"), nic.get("mbit_s"), TOLD, "see cable and port", quiet=True
        )


def _neighbours(found: Found, was: Rows, now: Rows) -> None:
    before, after = ends(was), ends(now)
    for interface in sorted({*before, *after}):
        item = f"inside neighbour {interface}"
        earlier, later = before.get(interface), after.get(interface)
        if earlier is None:
            found.add(item, None, later, TOLD, "a neighbour more than before")
        elif later is None:
            found.add(
                item,
                earlier,
                None,
                STOPS,
                "ask again in half a minute, which LLDP takes; then look at the cable",
            )
        elif earlier != later:
            found.add(
                item,
                earlier,
                later,
                STOPS,
                "its cable is in another port; put it where it was, or announce it",
            )


def ends(rows: Rows) -> dict[str, str]:
    """What each interface sees at the other end, as a text."""
    found: dict[str, list[str]] = {}
    for row in rows:
        text = f"{row.get('system') or row.get('chassis')} {row.get('port') or row.get('port_description')}"
        found.setdefault(str(row.get("interface")), []).append(text)
    return {interface: ", ".join(sorted(texts)) for interface, texts in found.items()}


def _by(rows: Rows, *keys: str) -> dict[str, Mapping[str, Any]]:
    """Rows by the first of these that they have; the second of the same name gets a number."""
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        name = next((str(row[key]) for key in keys if row.get(key)), "without a name")
        number = 1
        unique = name
        while unique in found:
            number += 1
            unique = f"{name} ({number})"
        found[unique] = row
    return found
