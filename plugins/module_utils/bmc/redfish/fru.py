# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server says it is, in Redfish: numbers of system and chassis, memory, drives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.service import Service
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.session import path_of

#: The words that IPMI's FRU data has, by property of ComputerSystem and of Chassis.
_OF_SYSTEM = {
    "manufacturer": "Manufacturer",
    "product_name": "Model",
    "serial_number": "SerialNumber",
    "asset_number": "AssetTag",
    "model": "PartNumber",
    "uuid": "UUID",
    "sku": "SKU",
    "bios_version": "BiosVersion",
    "host_name": "HostName",
}
_OF_CHASSIS = {
    "chassis_type": "ChassisType",
    "chassis_part_number": "PartNumber",
    "chassis_serial_number": "SerialNumber",
}


def fru(service: Service) -> dict[str, Any]:
    """What the server says it is.

    What is not told is left out; a part whose reading failed stands in ``not_told`` with the reason.
    """
    what = "read what the server is"
    system = service.system(what)
    found = _told(system, _OF_SYSTEM)
    chassis = service.chassis(what)
    if chassis:
        found.update(_told(chassis[0], _OF_CHASSIS))
        # An asset tag is often given to the case alone.
        found.setdefault("asset_number", chassis[0].get("AssetTag") or None)
        found.setdefault("serial_number", chassis[0].get("SerialNumber") or None)
    parts = {"processors": _processors, "memory": _memory, "drives": _drives}
    not_told: dict[str, str] = {}
    for name, read in parts.items():
        try:
            found[name] = read(service, system)
        except errors.NoSessionLeft:
            raise
        except errors.BmcError as error:
            # An inventory that it cannot give does not hide which server it is.
            not_told[name] = str(error.cause)
    if not_told:
        found["not_told"] = not_told
    return {name: value for name, value in found.items() if value is not None}


def _told(resource: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    values = {word: resource.get(name) for word, name in words.items()}
    return {word: value.strip() for word, value in values.items() if isinstance(value, str) and value.strip()}


def _collection(service: Service, system: Mapping[str, Any], name: str) -> list[dict[str, Any]] | None:
    """Its members that are there; ``None`` where nothing is told of them, which is not the same as none."""
    path = path_of(system.get(name))
    return None if path is None else _present(service.session.members(path, f"read {name}"))


def _present(members: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in members if (one.get("Status") or {}).get("State") != "Absent"]


def _processors(service: Service, system: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    members = _collection(service, system, "Processors")
    return None if members is None else [_processor(one) for one in members]


def _memory(service: Service, system: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    members = _collection(service, system, "Memory")
    return None if members is None else [_module(one) for one in members]


def _module(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "slot": one.get("DeviceLocator") or one.get("Id"),
        "mib": one.get("CapacityMiB"),
        "type": one.get("MemoryDeviceType"),
        **_part(one),
    }


def _processor(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"slot": one.get("Socket") or one.get("Id"), "cores": one.get("TotalCores"), **_part(one)}


def _drive(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "slot": one.get("Name") or one.get("Id"),
        "bytes": one.get("CapacityBytes"),
        "type": one.get("MediaType"),
        "protocol": one.get("Protocol"),
        "failing": one.get("FailurePredicted"),
        **_part(one),
    }


def _part(one: Mapping[str, Any]) -> dict[str, Any]:
    words = {"manufacturer": "Manufacturer", "model": "Model", "part_number": "PartNumber"}
    health = (one.get("Status") or {}).get("Health")
    return {
        **{word: one.get(name) for word, name in words.items()},
        "serial_number": str(one["SerialNumber"]).strip() if one.get("SerialNumber") else None,
        "health": str(health).lower() if health else None,
    }


def _drives(service: Service, system: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The drives of all controllers (Storage). SimpleStorage tells no serial numbers and is not asked."""
    stores = _collection(service, system, "Storage")
    if stores is None:
        return None
    links = [path_of(link) for store in stores for link in store.get("Drives") or []]
    drives = [service.session.get(link, "read a drive") for link in links if link]
    return [_drive(one) for one in _present(drives)]
