# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bmc_info, bmc_sensor and bmc_firmware_info ask of a BMC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import firmware, sensors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls.call import Call, cache_of
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.info import DEFAULT, SUBSETS, gather
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import SEVERITIES, Bmc


def _info(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    return {"changed": False, **gather(bmc, params["gather"])}


def _sensor(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    how = sensors.Sweep(
        params["names"],
        params["types"],
        [sensors.Limit(**limit) for limit in params["limits"]],
        params["fail_at"],
        params["fail_unknown"],
        params["live_thresholds"],
        cache_of(params, check),
    )
    return sensors.sweep(bmc, how)


def _sensor_misfits(params: Mapping[str, Any]) -> list[str]:
    return [
        f"the limit of {limit['sensor']} has neither min nor max"
        for limit in params["limits"]
        if limit["min"] is None and limit["max"] is None
    ]


def _firmware_info(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    return firmware.info(
        bmc, {name: least for name, least in params["expected"].items() if least is not None}
    )


INFO = Call(
    _info,
    {"gather": {"type": "list", "elements": "str", "default": list(DEFAULT), "choices": list(SUBSETS)}},
    changes=False,
)
_LIMIT = {
    "sensor": {"type": "str", "required": True},
    "min": {"type": "float"},
    "max": {"type": "float"},
    "verdict": {"type": "str", "default": "critical", "choices": list(SEVERITIES[1:])},
}
SENSOR = Call(
    _sensor,
    {
        "names": {"type": "list", "elements": "str", "default": []},
        "types": {"type": "list", "elements": "str", "default": []},
        "limits": {"type": "list", "elements": "dict", "default": [], "options": _LIMIT},
        "fail_at": {"type": "str", "choices": list(SEVERITIES[1:])},
        "fail_unknown": {"type": "bool", "default": False},
        "live_thresholds": {"type": "bool", "default": False},
        "cache": {"type": "path"},
    },
    _sensor_misfits,
    changes=False,
)
_VERSIONS = {"bmc": {"type": "str"}, "bios": {"type": "str"}}
FIRMWARE_INFO = Call(
    _firmware_info, {"expected": {"type": "dict", "default": {}, "options": _VERSIONS}}, changes=False
)
