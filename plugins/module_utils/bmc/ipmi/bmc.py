# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A BMC that is spoken to in IPMI 2.0: each word of the model, said by the file that knows its bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi import (
    accounts,
    chassis,
    dcmi,
    fru,
    lan,
    management,
    sdr,
    sel,
    sensors,
    settings,
    sol,
    versions,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import (
    Session,
    open_session,
)
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
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Target
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    Unreachable,
)


class IpmiBmc:
    """``model.Bmc`` on an IPMI session."""

    protocol = "ipmi"

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

    @property
    def target(self) -> Target:
        return self.session.target

    @contextmanager
    def beside(self, **different: str | None) -> Iterator[IpmiBmc]:
        given = {name: value for name, value in different.items() if value is not None}
        way: Target = replace(self.target, **given)  # type: ignore[arg-type]
        with open_session(way, self.deadline) as session:
            # Who opens a second way wants to know whether it leads as far as the first.
            session.claim()
            yield IpmiBmc(session)

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
        return lan.lan(self.session)

    def fru(self) -> dict[str, Any]:
        try:
            locators = self._sensor_records(None).locators
        except errors.CommandUnsupported:
            # Without sensor data records nobody says which parts there are.
            locators = ()
        except Unreachable:
            raise
        except DatacenterError as error:
            # What its records do not tell, hides nothing of which server it is.
            return fru.fru(self.session, unread=str(error.cause or error))
        return fru.fru(self.session, locators)

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

    def accounts(self) -> list[Account]:
        return accounts.accounts(self.session)

    def add_account(self, name: str, privilege: str, password: str, slot: int | None = None) -> None:
        accounts.add(self.session, name, privilege, password, slot)

    def change_account(self, account: Account, *, enabled: bool, privilege: str) -> None:
        accounts.change(self.session, account, enabled=enabled, privilege=privilege)

    def remove_account(self, account: Account) -> None:
        accounts.remove(self.session, account)

    def set_password(self, account: Account, password: str) -> None:
        accounts.set_password(self.session, account.slot, password)

    def test_password(self, account: Account, password: str) -> bool | None:
        return accounts.test_password(self.session, account.slot, password)

    def read_lan(self) -> LanSettings:
        return lan.settings(self.session)

    def write_lan(self, now: LanSettings, wanted: LanSettings) -> None:
        lan.write(self.session, now, wanted)

    def end_lan_change(self) -> None:
        lan.end_change(self.session)

    def console_holder(self) -> ConsoleHolder | None:
        return sol.holder(self.session)

    def free_console(self) -> None:
        sol.deactivate(self.session)

    def console(self) -> AbstractContextManager[Console]:
        return sol.console(self.session)

    def power_reading(self) -> dict[str, Any]:
        return dcmi.power_reading(self.session)
