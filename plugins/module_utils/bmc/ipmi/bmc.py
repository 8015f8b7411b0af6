# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A BMC that is spoken to in IPMI 2.0: each word of the model, said by the file that knows its bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi import (
    accounts,
    chassis,
    fru,
    lan,
    management,
    sel,
    sensors,
    sol,
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
    LanSettings,
    Status,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Target


class IpmiBmc:
    """``model.Bmc`` on an IPMI session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.deadline = session.deadline

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
            yield IpmiBmc(session)

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
        return lan.lan(self.session)

    def fru(self) -> dict[str, Any]:
        return fru.fru(self.session)

    def sensors(self) -> list[dict[str, Any]]:
        return sensors.sensors(self.session)

    def sel(self) -> dict[str, Any]:
        return sel.sel(self.session)

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
