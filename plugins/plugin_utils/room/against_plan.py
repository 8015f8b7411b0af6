# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A survey beside the plan: whether what stands there is what the plan says stands there.

What the plan does not state is not compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.house import House
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room import inside, parts
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.differences import (
    STOPS,
    TOLD,
    Found,
    announced,
    together,
    unknown,
)

Survey = Mapping[str, Any]

#: What the firmware keeps of the memory for itself is no missing module.
_MIB = 1024
_GIB = 1024**3


def against_plan(
    surveys: Mapping[str, Survey],
    planned: Mapping[str, Mapping[str, Any]],
    house: House,
    expected: Iterable[Any] = (),
) -> dict[str, Any]:
    """What differs from the plan.

    :param planned: ``dc_hardware`` and ``dc_bmc`` of each host, as a site plan gives them.
    :param house: what stands in the centre, for the owners of serial numbers and for the cables.
    :param expected: what a person announced beforehand.
    """
    said = announced(expected)
    owners = {device.serial: name for name, device in house.devices.items() if device.serial}
    found = []
    for name, survey in surveys.items():
        one = Found(name, said, survey.get("not_told") or {})
        stated = planned.get(name) or {}
        hardware = stated.get("dc_hardware") or {}
        _serial(one, survey, hardware.get("serial"), owners)
        _model(one, survey.get("identity") or {}, hardware)
        _bmc(one, survey.get("bmc") or {}, stated.get("dc_bmc") or {})
        _amounts(one, survey, hardware)
        _well(one, survey)
        _cables(one, survey.get("inside"), house)
        found.append(one)
    return together(found, said)


def _serial(found: Found, survey: Survey, planned: str | None, owners: Mapping[str, str]) -> None:
    """Which server it is, as its BMC says and as its own firmware says."""
    told = {
        "identity serial": (survey.get("identity") or {}).get("serial"),
        "inside identity serial": ((survey.get("inside") or {}).get("identity") or {}).get("serial"),
    }
    if planned is None:
        found.unknown("identity serial", "the plan states no serial number. Next: write it into the plan")
        if all(told.values()) and len(set(told.values())) > 1:
            _another(
                found,
                "inside identity serial",
                told["identity serial"],
                told["inside identity serial"],
                owners,
            )
        return
    for item, serial in told.items():
        if unknown(serial):
            # Of a guest, and of a server that is off, nobody expects it.
            if item == "identity serial":
                found.unknown(item)
        elif serial != planned:
            _another(found, item, planned, serial, owners)


def _another(found: Found, item: str, was: Any, now: Any, owners: Mapping[str, str]) -> None:
    whose = owners.get(str(now))
    way_on = "see which server stands there, and correct the plan if it is the right one"
    if whose is not None and whose != found.host:
        way_on = (
            f"this is the serial number of {whose}: see whether their BMCs' cables or addresses are exchanged"
        )
    found.add(item, was, now, STOPS, way_on, may=False)


def _model(found: Found, identity: Survey, hardware: Mapping[str, Any]) -> None:
    """Makers write their names in many ways, so that one holds the other is enough."""
    for key, word in (("vendor", "manufacturer"), ("model", "product")):
        planned, told = hardware.get(key), identity.get(word)
        if planned is None:
            continue
        if unknown(told):
            found.unknown(f"identity {word}")
        elif not _alike(str(planned), str(told)):
            found.add(
                f"identity {word}", planned, told, TOLD, "correct the plan's class, or see what stands there"
            )


def _alike(one: str, other: str) -> bool:
    first, second = ("".join(sign for sign in text.casefold() if sign.isalnum()) for text in (one, other))
    return first in second or second in first


def _bmc(found: Found, told: Survey, planned: Mapping[str, Any]) -> None:
    if planned.get("address"):
        found.scalar(
            "bmc address", planned["address"], told.get("address"), STOPS,
            "it answers at the plan's address and says that it has another; see what stands between",
        )  # fmt: skip


def _amounts(found: Found, survey: Survey, hardware: Mapping[str, Any]) -> None:
    """Memory, cores and disks, as the BMC tells them or else the operating system."""
    within = survey.get("inside") or {}
    reads: dict[str, tuple[str, Callable[[], int | None], int]] = {
        "memory_gib": ("memory", lambda: _either(survey, within, "memory", "memory", ("mib",)), _MIB),
        "cores": ("processors", lambda: _either(survey, within, "processors", "processors", ("cores",)), 1),
        "disk_gib": ("drives", lambda: _either(survey, within, "drives", "disks", ("bytes",)), _GIB),
    }
    for key, (part, read, unit) in reads.items():
        planned = hardware.get(key)
        if planned is None:
            continue
        amount = read()
        if amount is None:
            found.unknown(
                f"{part} {key}", None if found.reasons.get(part) else "not every part tells its size"
            )
            continue
        told = amount / unit
        if told < planned:
            found.add(
                f"{part} {key}", planned, round(told, 1), STOPS, "see which part is missing or not seated"
            )
        elif told > planned and key != "disk_gib":
            # Disks are mirrored, so that more of them than the plan counts with is as it should be.
            found.add(f"{part} {key}", planned, round(told, 1), TOLD, "write it into the plan")


def _either(
    survey: Survey, within: Survey, of_the_bmc: str, of_the_system: str, keys: Sequence[str]
) -> int | None:
    for stated in (survey.get(of_the_bmc), within.get(of_the_system)):
        for key in keys:
            amount = parts.total(stated, key)
            if amount is not None:
                return amount
    return None


def _well(found: Found, survey: Survey) -> None:
    """What is ill already: it may not come back after its power was off."""
    for part in ("memory", "drives", "processors"):
        for one in survey.get(part) or ():
            if one.get("failing") or one.get("health") == "critical":
                said = "says that it fails" if one.get("failing") else "is critical"
                found.add(
                    f"{part} {parts.place(one)} health", "ok", said, STOPS, "exchange it first", may=False
                )
    within = survey.get("inside") or {}
    for disk in within.get("disks") or ():
        if inside.fails(disk.get("smart")):
            found.add(
                f"inside disks {disk.get('name')} SMART", "passed", inside.health(disk["smart"]), STOPS,
                "exchange the drive before its power is off", may=False,
            )  # fmt: skip
    for array in within.get("software_raid") or ():
        if array.get("degraded"):
            found.add(
                f"inside array {array.get('name')}", "whole", array.get("state"), STOPS,
                "let it rebuild before its power is off",
            )  # fmt: skip
    for controller in within.get("raid_controllers") or ():
        for kind in ("arrays", "drives", "batteries"):
            _controller(
                found, f"inside controller {controller.get('model')} {kind}", controller.get(kind) or ()
            )


def _controller(found: Found, item: str, rows: Iterable[Mapping[str, Any]]) -> None:
    for one in rows:
        if one.get("state") and one["state"] not in inside.WELL:
            name = one.get("name") or one.get("slot") or one.get("model")
            way_on = "see the controller's own tool; what failed is exchanged first"
            found.add(f"{item} {name}", "well", one["state"], STOPS, way_on)


def _cables(found: Found, within: Survey | None, house: House) -> None:
    """The plan's lines that end here, as LLDP sees them. Between servers and switches it states none."""
    cables = house.cables.get(found.host, [])
    if not cables:
        return
    if (within or {}).get("neighbours") is None:
        found.unknown("inside neighbours")
        return
    seen = inside.ends((within or {})["neighbours"])
    for cable in cables:
        item, planned = f"inside neighbour {cable.interface}", f"{cable.other} {cable.other_interface}"
        now = seen.get(cable.interface)
        if now is None:
            found.unknown(item, f"LLDP sees nobody there; the plan says {planned} (line {cable.line})")
        elif planned not in now.split(", "):
            found.add(
                item,
                planned,
                now,
                STOPS,
                f"line {cable.line} is plugged in elsewhere; put it where the plan says",
            )
