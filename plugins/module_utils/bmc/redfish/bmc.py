# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A BMC that is spoken to in Redfish: each word of the model, said by the file that knows its resources."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import (
    Account,
    Boot,
    Console,
    ConsoleHolder,
    Firmware,
    LanSettings,
    Log,
    Sensor,
    Status,
    Wanted,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish import (
    accounts,
    chassis,
    console,
    draw,
    firmware,
    fru,
    identify,
    log,
    network,
    sensors,
    settings,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.service import Service
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.session import (
    Session,
    open_session,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Target


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

    @property
    def target(self) -> Target:
        return self.session.target

    @contextmanager
    def beside(self, **different: str | None) -> Iterator[RedfishBmc]:
        given = {name: value for name, value in different.items() if value is not None}
        way: Target = replace(self.target, **given)  # type: ignore[arg-type]
        with open_session(way, self.deadline) as session:
            yield RedfishBmc(session)

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

    def read_identify(self) -> str:
        return identify.read(self.service)

    def write_identify(self, seconds: int | None) -> None:
        identify.write(self.service, seconds)

    def read_firmware(self) -> Firmware:
        return firmware.read_firmware(self.service)

    def read_sensors(
        self, wanted: Wanted | None = None, *, live: bool = False, cache: Path | None = None
    ) -> list[Sensor]:
        # Thresholds are always those in force, and there is nothing that would be worth keeping.
        return sensors.read_sensors(self.service, wanted)

    def setting_refused(self, name: str, wanted: Any) -> str | None:
        return settings.refused(self.service, name, wanted)

    def read_setting(self, name: str, wanted: Any) -> Any:
        return settings.read(self.service, name, wanted)

    def write_setting(self, name: str, wanted: Any) -> None:
        settings.write(self.service, name, wanted)

    def read_log(self, cache: Path | None = None) -> Log:
        return log.read_log(self.service)

    def clear_log(self, read: Log) -> None:
        log.clear(self.service, read.ticket)

    def accounts(self) -> list[Account]:
        return accounts.accounts(self.service)

    def add_account(self, name: str, privilege: str, password: str, slot: int | None = None) -> None:
        accounts.add(self.service, name, privilege, password, slot)

    def change_account(self, account: Account, *, enabled: bool, privilege: str) -> None:
        accounts.change(self.service, account, enabled=enabled, privilege=privilege)

    def remove_account(self, account: Account) -> None:
        accounts.remove(self.service, account)

    def set_password(self, account: Account, password: str) -> None:
        accounts.set_password(self.service, account, password)

    def test_password(self, account: Account, password: str) -> bool | None:
        # Redfish has no such question; a log-in is the only one.
        return None

    def read_lan(self) -> LanSettings:
        return network.read_lan(self.service)

    def write_lan(self, now: LanSettings, wanted: LanSettings) -> None:
        network.write_lan(self.service, now, wanted)

    def end_lan_change(self) -> None:
        """A change in Redfish is one request; none stays open."""

    def console_holder(self) -> ConsoleHolder | None:
        raise console.refusal(self.service)

    def free_console(self) -> None:
        raise console.refusal(self.service)

    def console(self) -> AbstractContextManager[Console]:
        raise console.refusal(self.service)

    def power_reading(self) -> dict[str, Any]:
        return draw.power_reading(self.service)
