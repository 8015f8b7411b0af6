# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When work was announced for, and under which ticket. Pure."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.moments import (
    LONGEST,
    as_utc,
    length,
    moment,
    since_epoch,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.ticket import ticket

APPROVAL = "outside_window"
_FORM = "FROM/TO, such as 2026-12-01T22:00+08:00/2026-12-02T06:00+08:00"


@dataclass(frozen=True)
class Window:
    """The time that was announced, its end excluded; both ends as they were written."""

    begins: datetime
    ends: datetime

    def __str__(self) -> str:
        return "/".join(when.isoformat(timespec="minutes") for when in (self.begins, self.ends))


def window(text: str) -> Window:
    """Read ``FROM/TO``.

    :raises ValueError: with a sentence, when it is not that.
    """
    parts = str(text).split("/")
    if len(parts) != 2:
        raise ValueError(f"{text!r} is no window: write {_FORM}")
    begins, ends = (moment(part) for part in parts)
    if ends <= begins:
        raise ValueError(f"it ends at {parts[1]}, which is not after its beginning at {parts[0]}")
    if ends - begins > LONGEST:
        raise ValueError(
            f"it is {length(ends - begins)} long, and at most {LONGEST.days} d are allowed: give one window "
            "for the way down and, when it is time, another for the way up"
        )
    return Window(begins, ends)


def room_window(text: Any, number: Any, needs_s: float = 0, now: float | None = None) -> dict[str, Any]:
    """What a gate judges of a window and a ticket, and what is written down of them.

    :param needs_s: how long the work is going to take; that much has to be left.
    :param now: this moment in epoch seconds, if it is not the clock's.
    """
    here = since_epoch(time.time() if now is None else float(now))
    readings: list[dict[str, Any]] = []
    said, stands = "", None
    try:
        said = ticket("" if number is None else number)
        readings.append({"ok": True, "reading": f"the ticket is {said}"})
    except ValueError as error:
        readings.append(
            _wrong(
                f"the ticket {number!r}: {error}",
                "there is no ticket that can be read",
                "give -e room_ticket=",
            )
        )
    try:
        stands = window("" if text is None else text)
    except ValueError as error:
        readings.append(
            _wrong(
                f"the window: {error}", "there is no window that can be read", f"give -e room_window={_FORM}"
            )
        )
    if stands is None:
        return {"that": readings, "known": False}
    readings.append(_at(stands, said, here, timedelta(seconds=float(needs_s))))
    return {
        "that": readings,
        "known": bool(said),
        # One note a window: that of the way up stands beside the one of the way down.
        "name": f"window_{_name(as_utc(stands.begins))}_{_name(as_utc(stands.ends))}_{said}",
        "note": {"from": as_utc(stands.begins), "to": as_utc(stands.ends), "said": str(text), "ticket": said},
        "inside": stands.begins <= here < stands.ends,
        "before_s": max(0, round((stands.begins - here).total_seconds())),
        "left_s": max(0, round((stands.ends - here).total_seconds())) if here >= stands.begins else 0,
    }


def _name(text: str) -> str:
    return re.sub(r"[^0-9TZ]", "", text)


def _wrong(reading: str, refuse: str, way_on: str) -> dict[str, Any]:
    return {"ok": False, "reading": reading, "refuse": f"{refuse}: {reading}", "way_on": way_on}


def _at(stands: Window, number: str, here: datetime, needs: timedelta) -> dict[str, Any]:
    """The reading of the clock."""
    shown = f"it is {here.astimezone(stands.begins.tzinfo).isoformat(timespec='minutes')}"
    left = stands.ends - here
    if here < stands.begins:
        reading = f"{shown}, the window {stands} begins in {length(stands.begins - here)}"
        way_on, outside = "wait until it begins", "before"
    elif left <= timedelta(0):
        reading = f"{shown}, the window {stands} has been over for {length(-left)}"
        way_on, outside = "announce another and give it by -e room_window=", "after"
    elif left < needs:
        reading = f"{shown}, {length(left)} of the window {stands} are left, the work takes {length(needs)}"
        way_on, outside = "announce another and give it by -e room_window=", "beyond the end of"
    else:
        return {"ok": True, "reading": f"{shown}, {length(left)} of the window {stands} are left"}
    return {
        "ok": False,
        "reading": reading,
        "refuse": reading,
        "way_on": f"{way_on}, or approve work outside of it",
        "approval": APPROVAL,
        # Without the minutes: a yes is to this window, and still means it when it is run again.
        "risk": f"work {outside} the window {stands} of ticket {number}, which nobody was told of",
        "this_risk": True,
    }
