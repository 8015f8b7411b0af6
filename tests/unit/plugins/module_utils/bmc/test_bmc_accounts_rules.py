# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which place an account is put in, and which options are refused before any BMC is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls.accounts import USER
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls.call import Each
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi import accounts
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Account
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Target
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused

GET_ACCESS, GET_NAME = 0x44, 0x46
PLACES = 10


class FakeSession:
    """A BMC with one account, at place 2; what is written is recorded."""

    name = "db"

    def __init__(self) -> None:
        self.written: list[list[int]] = []

    def command(self, _what: str, _netfn: int, command: int, data: Any = (), **_more: Any) -> bytes:
        slot = data[-1]
        if command == GET_ACCESS:
            return bytes([PLACES, 0x41, 1, 0x14 if slot == 2 else 0x0F])
        if command == GET_NAME:
            return b"root".ljust(16, b"\0") if slot == 2 else bytes(16)
        self.written.append([command, *data])
        return b""


@pytest.mark.parametrize("slot", [0, 1, PLACES + 1, 66, 130])
def test_a_place_that_the_bmc_has_not_is_never_written(slot: int) -> None:
    """Firmware that looks at six bits alone has place 66 for 2, and renames who is there."""
    session = FakeSession()
    with pytest.raises(Refused, match=f"2 to {PLACES}"):
        accounts.add(session, "new", "user", "secret", slot)  # type: ignore[arg-type]
    assert session.written == []


def test_a_place_is_taken_as_stated_or_the_first_that_is_free() -> None:
    for stated, taken in ((PLACES, PLACES), (None, 3)):
        session = FakeSession()
        accounts.add(session, "new", "user", "secret", stated)  # type: ignore[arg-type]
        assert session.written[0][:2] == [0x45, taken]


class FakeBmc:
    """A BMC that holds accounts, and one password for all."""

    name = "db"
    target = Target("db", "10.0.0.2", "ops", "secret")

    def __init__(self, *more: Account) -> None:
        self.held = [Account(2, "ops", True, "administrator"), *more]
        self.password = "before"

    def accounts(self) -> list[Account]:
        return self.held

    def test_password(self, account: Account, password: str) -> bool:
        return password == self.password

    def set_password(self, _account: Account, password: str) -> None:
        self.password = password

    def change_account(self, account: Account, *, enabled: bool, privilege: str) -> None:
        changed = replace(account, enabled=enabled, privilege=privilege)
        self.held = [changed if one.slot == account.slot else one for one in self.held]

    @contextmanager
    def beside(self, **_way: str) -> Iterator[None]:
        yield


def stated(bmc: FakeBmc, **given: Any) -> dict[str, Any]:
    return USER.work(bmc, options(account="night", **given), False)  # type: ignore[arg-type]


NIGHT = Account(3, "night", True, "administrator")


def test_who_gets_a_new_password_keeps_what_he_may() -> None:
    bmc = FakeBmc(NIGHT)
    done = stated(bmc, new_password="L0ng,enough!pw")
    assert (done["changed"], bmc.password, bmc.held[1]) == (True, "L0ng,enough!pw", NIGHT)
    assert stated(bmc, account_privilege="user")["after"]["privilege"] == "user"


def test_an_account_that_could_do_nothing_is_not_made_nor_enabled() -> None:
    with pytest.raises(Refused, match="what a new account may is not said"):
        stated(FakeBmc(), new_password="L0ng,enough!pw")
    with pytest.raises(Refused, match="its privilege is no_access"):
        stated(FakeBmc(replace(NIGHT, enabled=False, privilege="no_access")))


def options(**given: Any) -> dict[str, Any]:
    return {**{name: option.get("default") for name, option in USER.options.items()}, **given}


@pytest.mark.parametrize("slot", [-1, 0, 64])
def test_a_slot_that_no_bmc_has_is_told_before_any_is_asked(slot: int) -> None:
    assert USER.around is not None
    each = Each([Target("db", "10.0.0.2", "ops", "secret")], {"db": options(account="new", slot=slot)})
    with pytest.raises(DatacenterError, match="slot is not of 1 to 63"), USER.around(each, True):
        pass
