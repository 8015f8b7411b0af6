# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sensors in Redfish, as a chassis tells them.

That is one collection (Sensors), or what the subsystems say (ThermalSubsystem), or in older services two
resources with arrays (Thermal, Power). Power supplies are no sensors; they stand beside, for they fail alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import (
    THRESHOLDS,
    UNKNOWN,
    VERDICTS,
    Sensor,
    Wanted,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.service import (
    Service,
    unsupported,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.session import path_of

#: Units of UCUM as IPMI writes them.
_UNITS = {"Cel": "°C", "{rev}/min": "RPM", "RPM": "RPM", "Percent": "%"}
_HEALTH = {"OK": "ok", "Warning": "warning", "Critical": "critical"}
#: Our words for limits, by property of Sensor.Thresholds and of the older arrays.
_LIMITS = {
    "lower_non_critical": ("LowerCaution", "LowerThresholdNonCritical"),
    "lower_critical": ("LowerCritical", "LowerThresholdCritical"),
    "lower_non_recoverable": ("LowerFatal", "LowerThresholdFatal"),
    "upper_non_critical": ("UpperCaution", "UpperThresholdNonCritical"),
    "upper_critical": ("UpperCritical", "UpperThresholdCritical"),
    "upper_non_recoverable": ("UpperFatal", "UpperThresholdFatal"),
}
#: Works or does not, whether or not it tells what it gives.
_SUPPLY = "Power Supply"
#: Of Thermal and Power: array, property of the value, type, unit.
_ARRAYS = (
    ("Thermal", "Temperatures", "ReadingCelsius", "Temperature", "°C"),
    ("Thermal", "Fans", "Reading", "Fan", None),
    ("Power", "Voltages", "ReadingVolts", "Voltage", "V"),
    ("Power", "PowerControl", "PowerConsumedWatts", "Power", "W"),
    ("Power", "PowerSupplies", "LastPowerOutputWatts", _SUPPLY, "W"),
)


def read_sensors(service: Service, wanted: Wanted | None = None) -> list[Sensor]:
    """The sensors, judged by the health that they tell, or else by the thresholds that they have."""
    found = with_limits(service)
    return [_judged(one) for one in found if wanted is None or wanted(one["name"], one["type"])]


def _judged(one: Mapping[str, Any]) -> Sensor:
    limits: dict[str, float] = one["limits"]
    crossed = _crossed(one["value"], limits)
    verdict, cause = one["health"], None
    if not one["available"]:
        verdict, cause = UNKNOWN, f"it cannot be read ({', '.join(one['states']) or 'no reading'})"
    elif verdict == UNKNOWN:
        # Nothing is said against it but its own thresholds.
        verdict = VERDICTS[crossed] if crossed else "ok"
    return Sensor(
        one["name"],
        one["type"],
        one["value"],
        one["unit"],
        tuple(one["states"]),
        verdict,
        limits,
        "sensor" if limits else None,
        crossed if verdict not in ("ok", UNKNOWN) else None,
        cause,
    )


def _crossed(value: float | None, limits: Mapping[str, float]) -> str | None:
    """The farthest threshold that the reading is beyond."""
    if value is None:
        return None
    low, high = THRESHOLDS[:3], THRESHOLDS[:2:-1]
    below = (name for name in low if name in limits and value <= limits[name])
    above = (name for name in high if name in limits and value >= limits[name])
    return next(below, None) or next(above, None)


def with_limits(service: Service) -> list[dict[str, Any]]:
    """All sensors with their readings and the ``limits`` that each tells."""
    what = "read the sensors"
    chassis = service.chassis(what)
    if not chassis:
        raise unsupported(service.session, what, "it has no chassis")
    found: list[dict[str, Any]] = []
    told = False
    for one in chassis:
        here = _newer(service, one)
        if here is None:
            here = _subsystem(service, one)
        if here is None:
            here = _older(service, one)
        else:
            here += _supplies(service, one)
        told = told or here is not None
        found += here or []
    if not told:
        raise unsupported(service.session, what, "its chassis tell none")
    return found


def _newer(service: Service, chassis: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    path = path_of(chassis.get("Sensors"))
    if path is None:
        return None
    try:
        members = service.session.members(path, "read the sensors")
    except errors.CommandUnsupported:
        return None
    return [_sensor(one) for one in members]


def _sensor(one: Mapping[str, Any]) -> dict[str, Any]:
    thresholds = one.get("Thresholds") or {}
    stated = {word: (thresholds.get(new) or {}).get("Reading") for word, (new, _old) in _LIMITS.items()}
    kind = str(one.get("ReadingType") or "Sensor")
    unit = one.get("ReadingUnits")
    return _made(one, "Fan" if kind == "Rotational" else kind, one.get("Reading"), unit, stated)


def _subsystem(service: Service, chassis: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Temperatures and fans of the thermal subsystem, where its sensors are not told one by one."""
    what = "read the sensors"
    thermal = service.session.linked(chassis, "ThermalSubsystem", what)
    if thermal is None:
        return None
    metrics = service.session.linked(thermal, "ThermalMetrics", what) or {}
    found = [
        _made({"Name": one.get("DeviceName")}, "Temperature", one.get("Reading"), "Cel", {})
        for one in metrics.get("TemperatureReadingsCelsius") or []
    ]
    path = path_of(thermal.get("Fans"))
    for fan in service.session.members(path, what) if path else []:
        speed = fan.get("SpeedPercent") or {}
        turns = speed.get("SpeedRPM")
        value, unit = (speed.get("Reading"), "%") if turns is None else (turns, "RPM")
        found.append(_made(fan, "Fan", value, unit, {}))
    return found


def _supplies(service: Service, chassis: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The power supplies of the power subsystem, with what they give."""
    what = "read the power supplies"
    power = service.session.linked(chassis, "PowerSubsystem", what) or {}
    path = path_of(power.get("PowerSupplies"))
    found = []
    for one in service.session.members(path, what) if path else []:
        metrics = service.session.linked(one, "Metrics", what) or {}
        watts = (metrics.get("OutputPowerWatts") or {}).get("Reading")
        found.append(_made(one, _SUPPLY, watts, "W", {}))
    return found


def _older(service: Service, chassis: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    resources = {
        name: service.session.linked(chassis, name, "read the sensors") for name in ("Thermal", "Power")
    }
    if not any(resources.values()):
        return None
    return list(_of_arrays(resources))


def _of_arrays(resources: Mapping[str, Mapping[str, Any] | None]) -> Iterator[dict[str, Any]]:
    for name, array, value, kind, unit in _ARRAYS:
        for one in (resources[name] or {}).get(array) or []:
            if value not in one and array == "PowerControl":
                continue
            limits = {word: one.get(old) for word, (_new, old) in _LIMITS.items()}
            yield _made(one, kind, one.get(value), unit or one.get("ReadingUnits"), limits)


def _made(
    one: Mapping[str, Any], kind: str, value: Any, unit: Any, limits: Mapping[str, Any]
) -> dict[str, Any]:
    status = one.get("Status") or {}
    state = str(status.get("State") or "Enabled")
    conditions = [str(entry["Message"]) for entry in status.get("Conditions") or [] if entry.get("Message")]
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    health = _HEALTH.get(str(status.get("Health")))
    return {
        "name": str(one.get("Name") or one.get("FanName") or one.get("MemberId") or one.get("Id")),
        "type": kind,
        "value": round(float(value), 3) if number else None,
        "unit": _UNITS.get(str(unit), str(unit)) if unit else None,
        "states": [*([] if state == "Enabled" else [state]), *conditions],
        # What tells no health is not healthy for that; whoever judges has the limits.
        "health": health or "unknown",
        "available": state not in ("Absent", "Disabled", "UnavailableOffline")
        and (number or kind == _SUPPLY),
        "limits": {word: float(limit) for word, limit in limits.items() if isinstance(limit, (int, float))},
    }
