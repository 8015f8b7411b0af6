# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server draws, in Redfish: the metrics of its chassis, or of older services its Power."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import now
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.service import (
    Service,
    unsupported,
)

_WHAT = "read the power"


def power_reading(service: Service) -> dict[str, Any]:
    """What the server draws now, and in the period that the BMC keeps statistics of, where it does.

    A source that has no reading leads to the next one; with no other it is that one's.
    """
    unread: dict[str, Any] | None = None
    for found in _sources(service):
        if found["watts"] is not None:
            return found
        unread = unread or found
    if unread is None:
        raise unsupported(service.session, _WHAT, "its chassis tell none")
    return unread


def _sources(service: Service) -> Iterator[dict[str, Any]]:
    """What each resource that could tell it says; none is asked before it is needed."""
    session = service.session
    for chassis in service.chassis(_WHAT):
        metrics = session.linked(chassis, "EnvironmentMetrics", _WHAT) or {}
        if isinstance(metrics.get("PowerWatts"), Mapping):
            yield _reading(metrics["PowerWatts"].get("Reading"), {})
        power = session.linked(chassis, "Power", _WHAT) or {}
        for control in power.get("PowerControl") or []:
            if "PowerConsumedWatts" in control:
                yield _reading(control["PowerConsumedWatts"], control.get("PowerMetrics") or {})


def _reading(watts: Any, metrics: Mapping[str, Any]) -> dict[str, Any]:
    minutes = metrics.get("IntervalInMin")
    return {
        "at": now(),
        "watts": watts,
        "min_watts": metrics.get("MinConsumedWatts"),
        "max_watts": metrics.get("MaxConsumedWatts"),
        "average_watts": metrics.get("AverageConsumedWatts"),
        "period_s": None if minutes is None else minutes * 60.0,
    }
