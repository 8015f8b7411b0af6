# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bmc_lan asks of a BMC, from its options to its result."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls.call import (
    Call,
    Each,
    difference,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.lan import (
    DHCP,
    STATIC,
    Wanted,
    set_lan,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Bmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import PRIVILEGES, Target
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused

_MOST_VLAN = 4094
#: Among the options of each: where its BMC was said to be.
_STATED = "_stated"
_MAC = re.compile(r"([0-9a-f]{2}[:-]){5}[0-9a-f]{2}\Z", re.IGNORECASE)


def _lan(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    wanted = Wanted(
        params["new_address"],
        params["prefix_length"],
        params["gateway"],
        params["source"],
        params["vlan"],
        params["access"],
    )
    _demand_the_one(bmc, params["mac"], params[_STATED])
    result = set_lan(bmc, wanted, params["verify_s"], check=check)
    return {**result, **difference(result["before"], result["after"])}


def _demand_the_one(bmc: Bmc, mac: str | None, stated: str) -> None:
    """Who answers where a BMC was to go has to be known for that BMC: a fleet's accounts open them all."""
    there = bmc.target.address
    if mac is None and there == stated:
        return
    if mac is None:
        raise Refused(
            f"a BMC answers at {there} and none at {stated}, so nothing was changed",
            device=bmc.name,
            cause="whether it is this one, moved already, or another is not known without its mac",
            next_step=f"give its mac, or set address to {there} when you know that it is the one",
        )
    found = bmc.read_lan().mac
    if _plain(found) != _plain(mac):
        raise Refused(
            f"another BMC answers at {there}, so nothing was changed",
            device=bmc.name,
            cause=f"its MAC address is {found}, not {mac}",
            next_step="find out which BMC has which address; correct the address, or the mac",
        )


def _plain(mac: str) -> str:
    return mac.replace("-", ":").lower()


@contextmanager
def _around(each: Each, check: bool) -> Iterator[list[Target]]:
    """A BMC that has moved already is looked for where it was to go."""
    if wrong := _misfits(each):
        raise DatacenterError("the options do not fit", cause="; ".join(wrong), next_step="correct them")
    for target in each.targets:
        each.params[target.name][_STATED] = target.address
    yield [_or_there(target, each.params[target.name]["new_address"]) for target in each.targets]


def _or_there(target: Target, address: str | None) -> Target:
    if address is None or address == target.address:
        return target
    return replace(target, else_=(replace(target, address=address),))


def _misfits(each: Each) -> list[str]:
    wrong = []
    for params in each.params.values():
        wrong += [
            f"{name} {params[name]} is no IPv4 address"
            for name in ("new_address", "gateway")
            if params[name] is not None and not _is_address(params[name])
        ]
        if params["mac"] is not None and not _MAC.match(params["mac"]):
            wrong.append(f"mac {params['mac']} is no MAC address such as 02:00:00:00:00:01")
        if params["prefix_length"] is not None and not 1 <= params["prefix_length"] <= 31:
            wrong.append("prefix_length is not of 1 to 31")
        if params["vlan"] is not None and not 0 <= params["vlan"] <= _MOST_VLAN:
            wrong.append(f"vlan is not of 0 to {_MOST_VLAN}")
        if params["verify_s"] <= 0:
            wrong.append("verify_s is not above 0")
        if params["source"] == DHCP and params["new_address"] is None:
            wrong.append("source: dhcp needs the new_address that the BMC will be given, to see it there")
    places = Counter(p["new_address"] for p in each.params.values() if p["new_address"] is not None)
    wrong += [f"{count} targets are to have {address}" for address, count in places.items() if count > 1]
    owners = {target.address: target.name for target in each.targets}
    for target in each.targets:
        new = each.params[target.name]["new_address"]
        if new != target.address and new in owners:
            wrong.append(f"{target.name} is to have {new}, the address of {owners[new]}")
    return list(dict.fromkeys(wrong))


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


LAN = Call(
    _lan,
    {
        "privilege": {"type": "str", "default": "administrator", "choices": list(PRIVILEGES)},
        "new_address": {"type": "str"},
        "prefix_length": {"type": "int"},
        "gateway": {"type": "str"},
        "source": {"type": "str", "choices": [STATIC, DHCP]},
        "vlan": {"type": "int"},
        "access": {"type": "str", "choices": ["always", "shared"]},
        "mac": {"type": "str"},
        "verify_s": {"type": "float", "default": 30.0},
    },
    own=("mac", "new_address", "prefix_length", "gateway", "vlan"),
    around=_around,
    # Forward, and back again when it does not work: at the new address, at the old one, after the way back
    # from there, at the new one again, and after the way back from there; and each may wait for an answer
    # when its time is over.
    longer_s=lambda params: 5 * (params["verify_s"] + params["answer_s"]),
)
