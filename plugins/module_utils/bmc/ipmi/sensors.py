# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sensors in IPMI (chapters 35 and 43)."""

from __future__ import annotations

from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.helpers import decoders, health
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import Session


def sensors(session: Session) -> list[dict[str, Any]]:
    """All sensors with their readings; ``health`` is ok, warning, critical or failed."""
    with decoders(session, "read the sensors") as helper:
        return [_sensor(reading) for reading in helper.get_sensor_data()]


def _sensor(reading: Any) -> dict[str, Any]:
    return {
        "name": reading.name,
        "type": reading.type,
        "value": _number(reading.value),
        "unit": (reading.units or "").strip() or None,
        "states": list(reading.states),
        "health": health(reading.health),
        "available": not reading.unavailable,
    }


def _number(value: Any) -> float | None:
    """Three digits after the point: more is an artefact of the conversion."""
    return None if value is None else round(float(value), 3)
