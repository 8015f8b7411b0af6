# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who of several servers goes on with his installation. One that is lost on the way stops no other. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Reading = dict[str, Any]
Shares = Mapping[str, Mapping[str, Any]]


def pxe_progress(
    names: Iterable[str],
    boots: Shares,
    dark: Shares | None = None,
    power: Shares | None = None,
    seen: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Who was seen to take every step so far, and who was not.

    :param boots: ``targets`` of a fleet's call for ``chassis``, after the boot device was set.
    :param dark: the same for ``power``, of those that had to be switched off first.
    :param power: the same, after all were switched on. ``None``, as for the others: not done yet.
    :param seen: what ``pxe_seen`` found.
    :returns: ``going``, their names; ``lost``, by name the first reading that was not good; ``readings`` of
        those who go on, or of all when nobody does: a verify of these fails when there is nothing to go on
        with.
    """
    told = dict(zip((seen or {}).get("hosts", ()), (seen or {}).get("readings", ()), strict=True))
    judged = {}
    for name in names:
        readings = [_boots(name, boots.get(name) or {})]
        if dark is not None and name in dark:
            readings.append(_is(name, dark[name], "off"))
        if power is not None:
            readings.append(_is(name, power.get(name) or {}, "on"))
        if name in told:
            readings.append(told[name])
        judged[name] = next((one for one in readings if one["ok"] is not True), readings[-1])
    going = [name for name, reading in judged.items() if reading["ok"] is True]
    return {
        "going": going,
        "lost": {name: reading for name, reading in judged.items() if name not in going},
        "readings": [judged[name] for name in going or judged],
    }


def pxe_managed(names: Iterable[str], said: Mapping[str, str], lost: Mapping[str, Reading]) -> list[Reading]:
    """Whether each is a managed host, as what a verify judges.

    :param said: what those who were asked said that they are called; empty when they said nothing.
    :param lost: of :func:`pxe_progress`.
    """
    found = []
    for name in names:
        if name in said:
            found.append(
                {
                    "ok": said[name] == name,
                    "reading": f"{name} says {said[name] or 'nothing'}",
                    "expected": "its own name",
                    "way_on": "ssh to it by hand; after an earlier system of that name, forget the old host "
                    "key (ssh-keygen -R) first",
                }
            )
        else:
            nothing = {"ok": None, "reading": f"nothing was seen of {name}", "expected": "installed"}
            found.append(lost.get(name, nothing))
    return found


def _boots(name: str, share: Mapping[str, Any]) -> Reading:
    boot = (share.get("chassis") or {}).get("boot") or {}
    device, for_ever = boot.get("device", "unknown"), boot.get("persistent")
    known = "error" not in share and device != "unknown" and for_ever is not None
    often = "" if for_ever is None else ", for ever" if for_ever else ", once"
    return {
        "ok": (device == "pxe" and not for_ever) if known else None,
        "reading": f"{name} starts next from {device}{often}{_why(share)}",
        "expected": "pxe, once",
    }


def _is(name: str, share: Mapping[str, Any], wanted: str) -> Reading:
    power = (share.get("power") or {}).get("power", "unknown")
    return {
        "ok": power == wanted if power in ("on", "off") else None,
        "reading": f"{name} is {power}{_why(share)}",
        "expected": wanted,
    }


def _why(share: Mapping[str, Any]) -> str:
    return f" ({share['msg']})" if "error" in share and share.get("msg") else ""
