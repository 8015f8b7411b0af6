# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two surveys of the same servers, before and after: what differs, and whether the run may go on with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.firmware import compare as versions
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room import inside, parts
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.differences import (
    STOPS,
    TOLD,
    Announced,
    Found,
    announced,
    together,
    unknown,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.survey import PARTS

Survey = Mapping[str, Any]

_PRIVILEGES = ("no_access", "callback", "user", "operator", "administrator", "oem")
_ANOTHER = "this is another server than before; see whose BMC answers at this address"


def against_survey(
    before: Mapping[str, Survey], after: Mapping[str, Survey], expected: Iterable[Any] = ()
) -> dict[str, Any]:
    """What differs.

    :param expected: what a person announced beforehand, as :func:`differences.announced` takes it.
    """
    said = announced(expected)
    found = [
        _host(name, before.get(name), after.get(name), said) for name in dict.fromkeys([*before, *after])
    ]
    return together(found, said)


def _host(name: str, was: Survey | None, now: Survey | None, said: list[Announced]) -> Found:
    found = Found(name, said, {**((was or {}).get("not_told") or {}), **((now or {}).get("not_told") or {})})
    if was is None or now is None:
        found.unknown("survey", f"there is no survey of it {'before' if was is None else 'after'}")
        return found
    _identity(found, was.get("identity") or {}, now.get("identity") or {})
    _firmware(found, was.get("firmware") or {}, now.get("firmware") or {})
    for part in PARTS:
        parts.compare(found, part, was.get(part), now.get(part))
    _bmc(found, was.get("bmc") or {}, now.get("bmc") or {})
    found.scalar("power", was.get("power"), now.get("power"), TOLD, "see whether that is meant")
    _sensors(found, was.get("sensors"), now.get("sensors"))
    _events(found, was.get("events"), now.get("events"))
    inside.compare(found, was.get("inside"), now.get("inside"))
    return found


def _identity(found: Found, was: Survey, now: Survey) -> None:
    """No announcement makes another server the one that was taken down."""
    for key in ("serial", "product", "manufacturer"):
        found.scalar(f"identity {key}", was.get(key), now.get(key), STOPS, _ANOTHER, may=False)
    found.scalar(
        "identity asset_tag",
        was.get("asset_tag"),
        now.get("asset_tag"),
        TOLD,
        "see that the books say so",
        quiet=True,
    )


def _firmware(found: Found, was: Survey, now: Survey) -> None:
    if not was or not now:
        found.unknown("firmware")
        return
    for name in sorted({*was, *now}):
        item, before, after = f"firmware {name}", was.get(name), now.get(name)
        if unknown(before) or unknown(after):
            found.unknown(item, f"it is told {'after' if unknown(before) else 'before'} only")
        elif before != after:
            order = versions(str(before), str(after))
            older = order is not None and order > 0
            way_on = "it is newer; write it into the books"
            if older:
                way_on = "it is older than before; update it, or see whether the board was exchanged"
            elif order is None or order == 0:
                way_on = "it cannot be said which is newer; see that it is meant"
            found.add(item, before, after, STOPS if older else TOLD, way_on)


def _bmc(found: Found, was: Survey, now: Survey) -> None:
    found.scalar("bmc address", was.get("address"), now.get("address"), STOPS, "see which BMC answers there")
    found.scalar(
        "bmc mac", was.get("mac"), now.get("mac"), STOPS, "the BMC or its board is another; see whose it is"
    )
    found.scalar(
        "bmc restore_policy",
        was.get("restore_policy"),
        now.get("restore_policy"),
        TOLD,
        "set it back with bmc_restore_policy, or the next power cut ends otherwise",
    )
    _users(found, was.get("users"), now.get("users"))


def _users(found: Found, was: Sequence[Survey] | None, now: Sequence[Survey] | None) -> None:
    """An account more that can log in, or one that can do more, is somebody's way in."""
    if was is None or now is None:
        found.unknown("bmc users")
        return
    before, after = _accounts(was), _accounts(now)
    for name in sorted({*before, *after}):
        item, earlier, later = f"bmc user {name}", before.get(name), after.get(name)
        if earlier == later:
            continue
        more = _may(later) > _may(earlier)
        way_on = "find out who made it, and remove it with bmc_user" if more else "see that nobody needs it"
        found.add(item, _spoken(earlier), _spoken(later), STOPS if more else TOLD, way_on)


def _accounts(stated: Sequence[Survey]) -> dict[str, Survey]:
    found: dict[str, Survey] = {}
    for one in stated:
        name = str(one.get("name") or "without a name")
        while name in found:
            name += " (again)"
        found[name] = {key: one.get(key) for key in ("enabled", "privilege")}
    return found


def _may(account: Survey | None) -> int:
    """How much it can do; nothing when it cannot log in. A privilege that is not known is the most."""
    if account is None or account.get("enabled") is False:
        return 0
    privilege = account.get("privilege")
    return 1 + (_PRIVILEGES.index(privilege) if privilege in _PRIVILEGES else len(_PRIVILEGES))


def _spoken(account: Survey | None) -> str | None:
    if account is None:
        return None
    enabled = {True: "enabled", False: "disabled"}.get(account.get("enabled"), "not known whether enabled")  # type: ignore[arg-type]
    return f"{account.get('privilege')}, {enabled}"


def _sensors(found: Found, was: Survey | None, now: Survey | None) -> None:
    if was is None or now is None:
        found.unknown("sensors")
        return
    before = {one["name"]: one.get("verdict") for one in was.get("beyond") or ()}
    after = {one["name"]: one.get("verdict") for one in now.get("beyond") or ()}
    for name in sorted({*before, *after}):
        bad = name in after and after[name] != "warning" and before.get(name) in (None, "warning")
        way_on = "see to it before the server is loaded" if name in after else "it is well again"
        if before.get(name) != after.get(name):
            found.add(
                f"sensor {name}",
                before.get(name, "ok"),
                after.get(name, "ok"),
                STOPS if bad else TOLD,
                way_on,
            )
    found.scalar(
        "sensors verdict", was.get("verdict"), now.get("verdict"), TOLD, "see the sensors named beside this"
    )


def _events(found: Found, was: Survey | None, now: Survey | None) -> None:
    """The log grows by itself; what is bad in it and new, or a log that was erased, is told."""
    if was is None or now is None:
        found.unknown("events")
        return
    known = {_key(one) for one in was.get("critical") or ()}
    for one in now.get("critical") or ():
        if _key(one) not in known:
            text = " ".join(str(one[key]) for key in ("at", "sensor", "event") if one.get(key))
            found.add(f"event {one.get('id')}", None, text, TOLD, "see what happened there")
    before, after = was.get("entries"), now.get("entries")
    if before is not None and after is not None and after < before:
        found.add("events entries", before, after, TOLD, "the log was erased or ran over; see its archive")


def _key(event: Survey) -> Any:
    return event.get("raw") or (event.get("at"), event.get("sensor"), event.get("event"), event.get("id"))
