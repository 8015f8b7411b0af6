# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A BMC that is spoken to in Redfish: each word of the model, said by the file that knows its resources."""

from __future__ import annotations

from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Boot, Status
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish import (
    chassis,
    firmware,
    fru,
    log,
    network,
    sensors,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.service import Service
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.session import Session


class RedfishBmc:
    """``model.Bmc`` on a Redfish session."""

    protocol = "redfish"

    def __init__(self, session: Session) -> None:
        self.session = session
        self.service = Service(session)
        self.deadline = session.deadline

    @property
    def name(self) -> str:
        return self.session.name

    def read_status(self) -> Status:
        return chassis.read_status(self.service)

    def control(self, verb: str, *, once: bool = False) -> None:
        chassis.control(self.service, verb, once=once)

    def write_restore_policy(self, policy: str) -> None:
        chassis.write_restore_policy(self.service, policy)

    def read_boot(self) -> Boot:
        return chassis.read_boot(self.service)

    def write_boot(self, wanted: Boot) -> None:
        chassis.write_boot(self.service, wanted)

    def describe_boot(self, wanted: Boot) -> str:
        return chassis.describe_boot(wanted)

    def firmware(self) -> dict[str, Any]:
        return firmware.firmware(self.service)

    def lan(self) -> dict[str, Any]:
        return network.lan(self.service)

    def fru(self) -> dict[str, Any]:
        return fru.fru(self.service)

    def sensors(self) -> list[dict[str, Any]]:
        return sensors.sensors(self.service)

    def sel(self) -> dict[str, Any]:
        return log.sel(self.service)
