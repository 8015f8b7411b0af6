# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firmware in Redfish: the BMC's own, and the inventory of all (Manager, UpdateService)."""

from __future__ import annotations

from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Firmware
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.service import (
    Service,
    unsupported,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.session import path_of


def firmware(service: Service) -> dict[str, Any]:
    """Version and maker of the BMC itself, and how this session speaks to it."""
    session = service.session
    manager = service.manager("read the BMC's firmware")
    return {
        "device_id": manager.get("Id"),
        "version": manager.get("FirmwareVersion"),
        "redfish_version": session.root.get("RedfishVersion"),
        "manufacturer": manager.get("Manufacturer") or session.root.get("Vendor"),
        "model": manager.get("Model"),
        "session": {"authentication": session.authentication, "algorithms": session.wire.tls},
    }


def inventory(service: Service) -> list[dict[str, Any]]:
    """All firmware that the BMC knows of (UpdateService, FirmwareInventory)."""
    what = "read the firmware inventory"
    collection = path_of(service.of_root("UpdateService", what).get("FirmwareInventory"))
    if collection is None:
        raise unsupported(service.session, what, "it keeps none")
    return [
        {
            "id": one.get("Id"),
            "name": one.get("Name"),
            "version": one.get("Version"),
            "manufacturer": one.get("Manufacturer"),
            "released": one.get("ReleaseDate"),
            "updateable": one.get("Updateable"),
        }
        for one in service.session.members(collection, what)
    ]


def read_firmware(service: Service) -> Firmware:
    """Versions by component: BMC and BIOS as they tell them, the rest by their ids in the inventory."""
    what = "read the firmware"
    manager, system = service.manager(what), service.system(what)
    components: dict[str, str | None] = {}
    told: dict[str, str] = {}
    try:
        components = {str(one["id"]).lower(): one["version"] for one in inventory(service)}
    except errors.CommandUnsupported as error:
        told["inventory"] = str(error.cause)
    for name, version in (("bmc", manager.get("FirmwareVersion")), ("bios", system.get("BiosVersion"))):
        components[name] = version or components.get(name)
        if not components[name]:
            told[name] = "the service does not tell it"
    return Firmware(
        components,
        told,
        manufacturer=system.get("Manufacturer") or manager.get("Manufacturer"),
        product=system.get("Model"),
    )
