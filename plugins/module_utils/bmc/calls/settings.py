# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bmc_settings asks of a BMC, from its options to its result."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls.call import Call, difference
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import SETTINGS as WORDS
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Bmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.settings import apply


def _settings(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    wanted = {name: params[name] for name in WORDS if params[name] is not None}
    if "channels" in wanted:
        wanted["channels"] = {one["channel"]: one["access"] for one in wanted["channels"]}
    if "services" in wanted:
        stated = {name: on for name, on in wanted["services"].items() if on is not None}
        wanted["services"] = stated
    result = apply(bmc, wanted, check=check)
    return {**result, **difference(result["before"], result["after"])}


def _settings_misfits(params: Mapping[str, Any]) -> list[str]:
    wrong = [] if any(params[name] for name in WORDS) else ["no setting is stated"]
    services = params["services"]
    if services is not None and all(on is None for on in services.values()):
        wrong.append("services states none of them")
    if params["alert"]:
        try:
            IPv4Address(params["alert"]["address"])
        except AddressValueError:
            wrong.append("the address of alert is no IPv4 address")
    channels = [one["channel"] for one in params["channels"] or []]
    wrong += [f"channel {number} is not from 1 to 11" for number in channels if not 1 <= number <= 11]
    if len(set(channels)) < len(channels):
        wrong.append("a channel is stated twice")
    return wrong


SETTINGS = Call(
    _settings,
    {
        "clock": {
            "type": "dict",
            "options": {"tolerance_s": {"type": "float", "default": 5.0}},
        },
        "ntp": {"type": "list", "elements": "str"},
        "session_timeout_s": {"type": "int"},
        "alert": {
            "type": "dict",
            "options": {
                "destination": {"type": "int", "default": 1},
                "address": {"type": "str", "required": True},
                "acknowledged": {"type": "bool", "default": False},
                "enabled": {"type": "bool", "default": True},
            },
        },
        "services": {
            "type": "dict",
            "options": {name: {"type": "bool"} for name in ("ipmi", "http", "https", "ssh", "snmp")},
        },
        "channels": {
            "type": "list",
            "elements": "dict",
            "options": {
                "channel": {"type": "int", "required": True},
                "access": {"type": "str", "required": True, "choices": ["always_available", "disabled"]},
            },
        },
    },
    _settings_misfits,
)
