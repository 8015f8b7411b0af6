# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments as people write them: ISO 8601, with date, time and zone. Standard library, Python 3.9.

A moment without its zone is another one on the next machine, so there is none.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

#: ISO 8601's extended form; Python before 3.11 reads neither ``Z`` nor a zone without its colon.
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?(?:\.\d{1,9})?(Z|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
)
#: For how long something may be announced or silenced in one go.
LONGEST = timedelta(days=14)


def moment(text: str) -> datetime:
    """Read a moment, to the second.

    :raises ValueError: with a sentence, when it is none.
    """
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no date and time such as 2026-12-01T22:00+08:00")
    day, minute, second, zone = found.groups()
    if zone is None:
        raise ValueError(f"{text!r} has no zone: write +08:00 behind it, or Z for UTC")
    if zone == "Z":
        zone = "+00:00"
    elif len(zone) == 3:
        zone += ":00"
    elif ":" not in zone:
        zone = f"{zone[:3]}:{zone[3:]}"
    try:
        read = datetime.fromisoformat(f"{day}T{minute}{second or ':00'}{zone}")
        # The first and the last hours of the calendar have no UTC.
        read.astimezone(timezone.utc)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no date and time: {error}") from error
    return read


def as_utc(when: datetime) -> str:
    """As it is compared and stored: ``2026-12-01T14:00:00Z``."""
    return when.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def since_epoch(seconds: float) -> datetime:
    """A moment of the clock, in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc)


def length(span: timedelta) -> str:
    """A span as a person says it, to the minute."""
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{max(seconds, 0)} s"
    days, minutes = divmod(seconds // 60, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{count} {unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if count]
    return " ".join(parts)
