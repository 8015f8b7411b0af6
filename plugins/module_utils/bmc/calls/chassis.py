# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bmc_power, bmc_boot, bmc_restore_policy, bmc_identify and bmc_fence ask of a BMC."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import arguments, chassis, identify
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls.call import Call, difference
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.fence import fence, recorder
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import (
    BOOT_DEVICES,
    POLICIES,
    Bmc,
    Boot,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.power import (
    VERBS,
    Confirmation,
    set_power,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.second_path import answer


def _power(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    result = set_power(bmc, params["state"], _confirmation(params), check=check)
    return {**result, **difference({"power": result["before"]}, {"power": result["after"]})}


def _boot(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    wanted = Boot(params["device"], params["persistent"], params["uefi"])
    result = chassis.set_boot(bmc, wanted, check=check)
    return {**result, **difference(result["before"], result["after"])}


def _restore_policy(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    policy = params["policy"] or chassis.known_status(bmc).restore_policy
    result = chassis.set_restore_policy(bmc, policy, check=check)
    return {
        **result,
        **difference({"restore_policy": result["before"]}, {"restore_policy": result["after"]}),
    }


def _identify(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    seconds = params["seconds"] if params["state"] == "on" else 0
    result = identify.set_identify(bmc, seconds, check=check)
    return {**result, **difference({"identify": result["before"]}, {"identify": result["after"]})}


def _identify_misfits(params: Mapping[str, Any]) -> list[str]:
    seconds = params["seconds"]
    if seconds is None:
        return []
    if params["state"] == "off":
        return ["seconds are for state: on"]
    return [] if 0 < seconds <= identify.MOST_S else [f"seconds is not from 1 to {identify.MOST_S}"]


def _fence(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    second = params["second_path"]
    result = fence(
        bmc,
        _confirmation(params),
        check=check,
        require_policy=params["require_restore_policy"],
        before_change=recorder(params["record_path"], bmc.name),
        second_path=partial(answer, **second) if second else None,
    )
    before = {"power": result["power_before"], "restore_policy": result["policy_before"]}
    return {**result, **difference(before, {"power": "off", "restore_policy": result["policy_after"]})}


def _fence_misfits(params: Mapping[str, Any]) -> list[str]:
    if params["targets"] is not None and params["second_path"] is not None:
        return ["second_path is one server's; with targets each states its own"]
    return []


def _confirmation(params: Mapping[str, Any]) -> Confirmation:
    return Confirmation(params["readings"], params["interval_s"], params["deadline_s"])


_SECOND_PATH = {"address": {"type": "str", "required": True}, "port": {"type": "int", "default": 22}}

POWER = Call(
    _power,
    {
        **arguments.confirmation_argument_spec(),
        "state": {"type": "str", "required": True, "choices": list(VERBS)},
    },
)
BOOT = Call(
    _boot,
    {
        "device": {"type": "str", "required": True, "choices": list(BOOT_DEVICES)},
        "persistent": {"type": "bool", "default": False},
        "uefi": {"type": "bool", "default": False},
    },
)
RESTORE_POLICY = Call(_restore_policy, {"policy": {"type": "str", "choices": sorted(POLICIES)}})
IDENTIFY = Call(
    _identify,
    {
        "state": {"type": "str", "default": "on", "choices": ["on", "off"]},
        "seconds": {"type": "int"},
    },
    _identify_misfits,
)
FENCE = Call(
    _fence,
    {
        **arguments.confirmation_argument_spec(),
        "readings": {"type": "int", "default": 3},
        "require_restore_policy": {"type": "bool", "default": True},
        "record_path": {"type": "path"},
        "second_path": {"type": "dict", "options": _SECOND_PATH},
    },
    _fence_misfits,
    own=("second_path",),
)
