# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A BMC that is spoken to in IPMI 2.0: each word of the model, said by the file that knows its bytes."""

from __future__ import annotations

from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi import (
    chassis,
    dcmi,
    fru,
    management,
    sel,
    sensors,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import Session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Boot, Status


class IpmiBmc:
    """``model.Bmc`` on an IPMI session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.deadline = session.deadline

    @property
    def name(self) -> str:
        return self.session.name

    def read_status(self) -> Status:
        return chassis.read_status(self.session)

    def control(self, verb: str, *, once: bool = False) -> None:
        chassis.control(self.session, verb, once=once)

    def write_restore_policy(self, policy: str) -> None:
        chassis.write_restore_policy(self.session, policy)

    def read_boot(self) -> Boot:
        return chassis.read_boot(self.session)

    def write_boot(self, wanted: Boot) -> None:
        chassis.write_boot(self.session, wanted)

    def describe_boot(self, wanted: Boot) -> str:
        return chassis.describe_boot(wanted)

    def firmware(self) -> dict[str, Any]:
        return management.firmware(self.session)

    def lan(self) -> dict[str, Any]:
        return management.lan(self.session)

    def fru(self) -> dict[str, Any]:
        return fru.fru(self.session)

    def sensors(self) -> list[dict[str, Any]]:
        return sensors.sensors(self.session)

    def sel(self) -> dict[str, Any]:
        return sel.sel(self.session)

    def power_reading(self) -> dict[str, Any]:
        return dcmi.power_reading(self.session)
