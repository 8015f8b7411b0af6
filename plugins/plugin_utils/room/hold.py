# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the database that is left alone can bear the hold: its disk, and the log kept for its standby.

How fast the log grows is stated by a person, or read from the backups that lie there: each says where the log
was when it was begun. The data are taken to grow as fast as the log, which they hardly do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.control import (
    parse_lsn,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

Reading = dict[str, Any]
#: Seconds between two positions of the log below which they tell nothing: a checkpoint alone writes a lot.
LEAST_S = 3600
_MIB = 1 << 20
#: PostgreSQL's units of memory, in MiB (its manual, "Parameter Names and Values").
_UNITS = {"B": 1 / _MIB, "kB": 1 / 1024, "MB": 1, "GB": 1024, "TB": 1 << 20}
_STATE_IT = "state it in MiB an hour (room_growth_mib_h)"


def growth(
    primary: Mapping[str, Any], positions: Iterable[Mapping[str, Any]], stated: Any = None
) -> dict[str, Any]:
    """How fast the log grows.

    :param primary: what pg_info says of the primary now.
    :param positions: of pg_backup_proof.
    :param stated: MiB an hour, by somebody who knows better; empty for none.
    :returns: ``mib_h``, None when it is not known, and ``source``, where it is from or why it is not known.
    """
    if stated not in (None, ""):
        number = _number(stated)
        if number is None:
            return {"mib_h": None, "source": f"room_growth_mib_h is {stated!r}, which is no number of MiB"}
        return {"mib_h": number, "source": "as room_growth_mib_h says"}
    points = _points(primary, positions)
    spans: list[tuple[float, float]] = []
    since = points[0] if points else (0.0, 0)
    for at, lsn in points[1:]:
        if at - since[0] < LEAST_S:
            continue
        # A log that goes back is another one, of a database that was restored.
        if lsn >= since[1]:
            spans.append(((lsn - since[1]) / _MIB / ((at - since[0]) / 3600), (at - since[0]) / 3600))
        since = (at, lsn)
    if not spans:
        return {"mib_h": None, "source": "no two positions of its log are known an hour apart or more"}
    most, hours = max(spans)
    among = f", the busiest of {len(spans)} times between backups" if len(spans) > 1 else ""
    return {"mib_h": round(most, 3), "source": f"measured over {hours:.0f} h{among}"}


def _points(primary: Mapping[str, Any], positions: Iterable[Mapping[str, Any]]) -> list[tuple[float, int]]:
    said = [(one.get("started_at"), one.get("lsn")) for one in positions]
    said.append((primary.get("read_at"), (primary.get("lsn") or {}).get("current")))
    found = []
    for at, lsn in said:
        try:
            found.append((float(at or 0), parse_lsn(str(lsn))))
        except (ValueError, TypeError, DatacenterError):
            continue
    return sorted(point for point in found if point[0] > 0)


def hold_readings(
    info: Mapping[str, Any],
    name: str,
    hours: Any,
    grows: Mapping[str, Any],
    *,
    away: str = "",
    backup_bytes: int | None = 0,
    backups_more: int = 0,
    reserve_mib: float = 0,
) -> list[Reading]:
    """Whether the database in the other centre can bear it.

    :param info: what pg_info says of it now.
    :param name: of its host.
    :param hours: of the hold, as it is stated.
    :param grows: of :func:`growth`.
    :param away: host of the standby that goes dark; empty when it stays on.
    :param backup_bytes: size of one backup, None when it is not known.
    :param backups_more: how many more than now lie on its disk at the most, when the hold ends.
    :param reserve_mib: MiB that stay free.
    """
    span = _number(hours)
    if not span:
        return [_unknown(f"the hold: room_hold_hours is {hours!r}", "state its hours (room_hold_hours)")]
    rate = grows.get("mib_h")
    if rate is None:
        return [_unknown(f"how fast the log of {name} grows: {grows.get('source')}", _STATE_IT)]
    written = span * rate
    said = f"{rate:.1f} MiB/h ({grows.get('source')})"
    found = []
    reach = _reach(info.get("settings") or {})
    if away:
        found.append(_log(name, away, span, rate, said, reach))
    kept = 0.0 if not away else written if reach is None else min(written, reach)
    found.append(_disk(info, name, span, said, written, kept, backup_bytes, backups_more, reserve_mib))
    return found


def _log(name: str, away: str, span: float, rate: float, said: str, reach: float | None) -> Reading:
    written = span * rate
    if reach is None:
        return _unknown(
            f"how much log {name} keeps for {away}: its settings were not read", f"see that {name} answers"
        )
    lasts = math.inf if not rate else reach / rate
    keeps = "all of the log" if reach == math.inf else f"{reach:.0f} MiB of log"
    return {
        "ok": written <= reach,
        "reading": f"{name} keeps {keeps} for {away}; in {span:g} h it writes {written:.0f} MiB, {said}",
        "refuse": f"{name} keeps {keeps} for {away}, which lasts {lasts:.0f} of {span:g} h at {said}: after "
        f"that {away} does not follow any more, and this run copies it anew only with dr_copy_anew",
        "way_on": f"raise postgresql_ha_slot_keep_mb to {math.ceil(written)} and run service.yml; or state a "
        f"shorter hold (room_hold_hours); or say yes, and have {away} copied anew when it is back: the run's "
        "command with -e dr_copy_anew=true",
        "approval": "copied_anew",
        # Without the figures, which are others each time: a yes is to this hold.
        "risk": f"in a hold of {span:g} h {away} falls behind what {name} keeps; until it is copied "
        "anew there is one database",
        "this_risk": True,
    }


def _disk(
    info: Mapping[str, Any],
    name: str,
    span: float,
    said: str,
    written: float,
    kept: float,
    backup_bytes: int | None,
    backups_more: int,
    reserve_mib: float,
) -> Reading:
    free = (info.get("disk") or {}).get("free_bytes")
    if free is None:
        return _unknown(f"how much of its disk {name} has free", f"see that {name} answers")
    unknown = backup_bytes is None and backups_more > 0
    backups = backups_more * (backup_bytes or 0) / _MIB
    takes = written + kept + backups
    parts = [f"{written:.0f} data", f"{kept:.0f} log that is kept"]
    parts.append("backups of a size not known" if unknown else f"{backups:.0f} backups")
    shown = (
        f"{name} has {free / _MIB:.0f} MiB free; in {span:g} h it takes {takes:.0f} MiB "
        f"({', '.join(parts)}), {said}, and {reserve_mib:g} MiB stay free"
    )
    fits = free / _MIB >= takes + reserve_mib
    return {
        "ok": None if unknown and fits else fits,
        "reading": shown,
        "refuse": f"the disk of {name} may be full before the room is back: {shown}",
        "way_on": f"make room on {name}; or state a shorter hold (room_hold_hours), or what it really takes "
        "(room_growth_mib_h)",
        "approval": "disk_short",
        "risk": f"in a hold of {span:g} h the disk of {name} may be full; its database ends itself then, and "
        "there is no other",
        "this_risk": True,
    }


def _reach(settings: Mapping[str, Any]) -> float | None:
    """MiB of log that are kept for a standby that is away: what its slot holds, or what is kept anyway."""
    slot, anyway = (_mib(settings.get(name)) for name in ("max_slot_wal_keep_size", "wal_keep_size"))
    if slot is None:
        return None
    return math.inf if slot < 0 else max(slot, anyway or 0)


def _mib(value: Any) -> float | None:
    """A size as PostgreSQL shows it, such as ``512MB``; without a unit it is MiB, and -1 is no limit."""
    text = str(value).strip()
    unit = next((unit for unit in sorted(_UNITS, key=len, reverse=True) if text.endswith(unit)), "MB")
    try:
        return float(text.removesuffix(unit)) * _UNITS[unit]
    except ValueError:
        return None


def _number(value: Any) -> float | None:
    """A finite number that is not negative; None for all else."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _unknown(reading: str, way_on: str) -> Reading:
    return {"ok": None, "reading": reading, "way_on": f"{way_on}, then run this again"}


def backups_more(hours: Any, keep: Any, have: int) -> int:
    """How many more backups than now lie there at the most.

    One a night until as many are kept as may be, and one beside them while it is taken.
    """
    nights = math.ceil((_number(hours) or 0) / 24)
    return min(nights, max(0, int(_number(keep) or 0) - have)) + 1 if nights else 0
