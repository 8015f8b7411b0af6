# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A BMC that is spoken to in IPMI 2.0: each word of the model, said by the file that knows its bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi import (
    chassis,
    fru,
    management,
    sdr,
    sel,
    sensors,
    settings,
    versions,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import Session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import (
    Boot,
    Firmware,
    Log,
    Sensor,
    Status,
    Wanted,
)


class IpmiBmc:
    """``model.Bmc`` on an IPMI session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.deadline = session.deadline

    #: Read once a session: they are most of what sensors and event log cost, and last for years.
    _records: sdr.Records | None = None

    def _sensor_records(self, cache: Path | None) -> sdr.Records:
        if self._records is None:
            self._records = sdr.read(self.session, cache)
        return self._records

    @property
    def name(self) -> str:
        return self.session.name

    def read_status(self) -> Status:
        return chassis.read_status(self.session)

    def control(self, verb: str, *, once: bool = False) -> None:
        chassis.control(self.session, verb, once=once)

    def write_restore_policy(self, policy: str) -> None:
        chassis.write_restore_policy(self.session, policy)

    def read_identify(self) -> str:
        return chassis.read_identify(self.session)

    def write_identify(self, seconds: int | None) -> None:
        chassis.write_identify(self.session, seconds)

    def read_boot(self) -> Boot:
        return chassis.read_boot(self.session)

    def write_boot(self, wanted: Boot) -> None:
        chassis.write_boot(self.session, wanted)

    def describe_boot(self, wanted: Boot) -> str:
        return chassis.describe_boot(wanted)

    def firmware(self) -> dict[str, Any]:
        return management.firmware(self.session)

    def read_firmware(self) -> Firmware:
        return versions.read_firmware(self.session)

    def lan(self) -> dict[str, Any]:
        return management.lan(self.session)

    def fru(self) -> dict[str, Any]:
        return fru.fru(self.session)

    def read_sensors(
        self, wanted: Wanted | None = None, *, live: bool = False, cache: Path | None = None
    ) -> list[Sensor]:
        return sensors.read_sensors(self.session, self._sensor_records(cache), wanted, live=live)

    def setting_refused(self, name: str, wanted: Any) -> str | None:
        return settings.refused(self.session, name, wanted)

    def read_setting(self, name: str, wanted: Any) -> Any:
        return settings.read(self.session, name, wanted)

    def write_setting(self, name: str, wanted: Any) -> None:
        settings.write(self.session, name, wanted)

    def read_log(self, cache: Path | None = None) -> Log:
        return sel.read_log(self.session, lambda: self._sensor_records(cache))

    def clear_log(self, read: Log) -> None:
        sel.clear_log(self.session, read)
