# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sensors say, judged. A sensor that cannot be read is never fine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import (
    SEVERITIES,
    UNKNOWN,
    Bmc,
    Sensor,
)

#: Alarms that one message tells.
_TOLD = 8


@dataclass(frozen=True)
class Limit:
    """A limit of the user's own.

    :param sensor: the name, with ``*`` and ``?``.
    :param verdict: what a sensor beyond it is.
    """

    sensor: str
    min: float | None = None
    max: float | None = None
    verdict: str = "critical"

    def judge(self, reading: float) -> tuple[str, float] | None:
        """Which side is broken, and its value."""
        if self.max is not None and reading > self.max:
            return "max", self.max
        if self.min is not None and reading < self.min:
            return "min", self.min
        return None


@dataclass(frozen=True)
class Sweep:
    """What is looked at and how it is judged.

    :param names: sensors by name, with ``*`` and ``?``; all when empty. Those with a limit are always among
        them.
    :param types: by type.
    :param fail_at: fail when one is so bad.
    :param fail_unknown: fail when one cannot be read. One with a limit of the user's own must be known in
        any case where ``fail_at`` is stated.
    """

    names: Sequence[str] = ()
    types: Sequence[str] = ()
    limits: Sequence[Limit] = ()
    fail_at: str | None = None
    fail_unknown: bool = False
    live: bool = False
    cache: Path | None = None

    def wants(self, name: str, kind: str) -> bool:
        if any(_like(name, limit.sensor) for limit in self.limits):
            return True
        named = not self.names or any(_like(name, pattern) for pattern in self.names)
        return named and (not self.types or any(_like(kind, pattern) for pattern in self.types))


def _like(name: str, pattern: str) -> bool:
    return fnmatchcase(name.casefold(), pattern.casefold())


def sweep(bmc: Bmc, how: Sweep) -> dict[str, Any]:
    """Read and judge.

    :returns: ``verdict`` (the worst that is known; ``unknown`` when nothing is, or something with a limit is
        not), ``sensors``, ``alarms``, ``unknown`` (names) and ``unmatched`` (patterns that meet no sensor).
    :raises errors.SensorAlarm: with all of it, as ``fail_at`` and ``fail_unknown`` say.
    """
    sensors = bmc.read_sensors(how.wants, live=how.live, cache=how.cache)
    judged = []
    alarms = []
    must: set[str] = set()
    for sensor in sensors:
        limits = [limit for limit in how.limits if _like(sensor.name, limit.sensor)]
        if limits:
            must.add(sensor.name)
        one, alarm = _judge(sensor, limits)
        judged.append(one)
        if alarm:
            alarms.append(alarm)
    names = [sensor.name for sensor in sensors]
    stated = [*how.names, *(limit.sensor for limit in how.limits)]
    unmatched = [pattern for pattern in stated if not any(_like(name, pattern) for name in names)]
    unknown = [sensor.name for sensor in judged if sensor.verdict == UNKNOWN]
    result = {
        "changed": False,
        "verdict": _verdict(judged, bool(unmatched) or bool(must & set(unknown))),
        "sensors": [sensor.as_dict() for sensor in judged],
        "alarms": alarms,
        "unknown": unknown,
        "unmatched": unmatched,
    }
    _fail(bmc.name, how, judged, must, result)
    return result


def _judge(sensor: Sensor, limits: list[Limit]) -> tuple[Sensor, dict[str, Any] | None]:
    """The sensor with its last verdict, and the alarm that it gives."""
    alarm: dict[str, Any] | None = None
    if sensor.verdict not in ("ok", UNKNOWN):
        alarm = _alarm(sensor, sensor.verdict, sensor.crossed, sensor.thresholds.get(sensor.crossed or ""))
    if limits and sensor.reading is None:
        return replace(sensor, verdict=_worse(sensor.verdict, UNKNOWN), cause=_cause(sensor)), alarm
    for limit in limits:
        broken = limit.judge(sensor.reading) if sensor.reading is not None else None
        if broken and _rank(limit.verdict) > _rank(alarm["verdict"] if alarm else "ok"):
            alarm = _alarm(sensor, limit.verdict, *broken)
            sensor = replace(sensor, verdict=limit.verdict, crossed=broken[0])
    return sensor, alarm


def _cause(sensor: Sensor) -> str:
    return sensor.cause or "it has no reading that a limit could be compared with"


def _worse(one: str, other: str) -> str:
    """Of a bad verdict and unknown, the bad one."""
    return one if one not in ("ok", UNKNOWN) else other


def _rank(verdict: str) -> int:
    return SEVERITIES.index(verdict) if verdict in SEVERITIES else -1


def _alarm(sensor: Sensor, verdict: str, threshold: str | None, limit: float | None) -> dict[str, Any]:
    return {
        "sensor": sensor.name,
        "verdict": verdict,
        "reading": sensor.reading,
        "unit": sensor.unit,
        "threshold": threshold,
        "limit": limit,
        "states": list(sensor.states),
    }


def _verdict(judged: list[Sensor], incomplete: bool) -> str:
    worst = max((sensor.verdict for sensor in judged), key=_rank, default=UNKNOWN)
    return UNKNOWN if worst == "ok" and incomplete else worst


def _fail(device: str, how: Sweep, judged: list[Sensor], must: set[str], result: dict[str, Any]) -> None:
    bad = []
    if how.fail_at is not None:
        bad = [_said(alarm) for alarm in result["alarms"] if _rank(alarm["verdict"]) >= _rank(how.fail_at)]
        bad += [f"no sensor is called {pattern}" for pattern in result["unmatched"]]
        bad += [] if judged or bad else ["the BMC shows none of those asked for"]
    bad += [
        f"{sensor.name} is not known ({sensor.cause})"
        for sensor in judged
        if sensor.verdict == UNKNOWN and (how.fail_unknown or (how.fail_at and sensor.name in must))
    ]
    if not bad:
        return
    more = f"; and {len(bad) - _TOLD} more" if len(bad) > _TOLD else ""
    raise errors.SensorAlarm(
        f"{len(bad)} of {len(judged)} sensors are not as they have to be"
        if judged
        else "there is no sensor to judge by",
        device=device,
        cause="; ".join(bad[:_TOLD]) + more,
        next_step="look at the server and its room before anything is loaded or switched on",
        result=result,
    )


def _said(alarm: dict[str, Any]) -> str:
    """One alarm in words: sensor, value and threshold."""
    unit = f" {alarm['unit']}" if alarm["unit"] else ""
    text = f"{alarm['sensor']} is {alarm['verdict']}"
    if alarm["reading"] is not None:
        text += f": {alarm['reading']:g}{unit}"
        if alarm["limit"] is not None:
            text += f", {alarm['threshold']} is {alarm['limit']:g}{unit}"
        return text
    return f"{text}: {', '.join(alarm['states'])}"
