# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may log in, in Redfish (AccountService, ManagerAccount)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Account
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.service import (
    Service,
    unsupported,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.session import path_of

#: The predefined roles, by our privileges.
ROLES = {"administrator": "Administrator", "operator": "Operator", "user": "ReadOnly"}
_PRIVILEGES = {**{role: word for word, role in ROLES.items()}, "NoAccess": "no_access"}


def accounts(service: Service) -> list[Account]:
    """Everybody who may log in, and of services with fixed places those empty ones that could."""
    return [one for one, _path in _all(service) if one.name or one.enabled]


def _all(service: Service) -> list[tuple[Account, str]]:
    members = service.session.members(_collection(service), "read the accounts")
    return [(_account(one, number), str(path_of(one))) for number, one in enumerate(members, 1)]


def _collection(service: Service) -> str:
    what = "read the accounts"
    path = path_of(service.of_root("AccountService", what).get("Accounts"))
    if path is None:
        raise unsupported(service.session, what, "it does not tell them")
    return path


def _account(one: Mapping[str, Any], number: int) -> Account:
    """:param number: its place in the list, for services whose ids are no numbers."""
    slot, role = str(one.get("Id")), str(one.get("RoleId") or "")
    return Account(
        int(slot) if slot.isdigit() else number,
        str(one.get("UserName") or ""),
        bool(one.get("Enabled", True)),
        _PRIVILEGES.get(role, "oem" if role else "no_access"),
    )


def _path(service: Service, account: Account, what: str) -> str:
    for one, path in _all(service):
        if (one.slot, one.name) == (account.slot, account.name):
            return path
    raise unsupported(service.session, what, f"it has no account {account.name} any more")


def add(service: Service, name: str, privilege: str, password: str, slot: int | None = None) -> None:
    """Make an enabled account: in an empty place where there are places, else a new one."""
    what = f"make the account {name}"
    body = {"UserName": name, "Password": password, "RoleId": ROLES[privilege], "Enabled": True}
    # The first place is the anonymous account's by custom, and often cannot be written.
    empty = [(one.slot, path) for one, path in _all(service) if not one.name and one.slot > 1]
    free = next((path for number, path in empty if slot in (None, number)), None)
    if free is not None:
        service.session.patch(free, body, what, read_back=False)
        return
    if slot is not None:
        raise unsupported(service.session, what, f"it has no empty place {slot}")
    service.session.post(_collection(service), body, what, once=True)


def change(service: Service, account: Account, *, enabled: bool, privilege: str) -> None:
    """Set what an account may, and whether it may log in."""
    what = f"change the account {account.name}"
    body: dict[str, Any] = {"Enabled": enabled} if enabled != account.enabled else {}
    if privilege != account.privilege:
        body["RoleId"] = ROLES[privilege]
    if body:
        service.session.patch(_path(service, account, what), body, what)


def remove(service: Service, account: Account) -> None:
    """Take an account away; where places are fixed it is emptied."""
    what = f"remove the account {account.name}"
    path = _path(service, account, what)
    try:
        service.session.delete(path, what)
    except errors.CommandUnsupported:
        service.session.patch(path, {"UserName": "", "Enabled": False}, what)


def set_password(service: Service, account: Account, password: str) -> None:
    """Give an account a new password. Whether it is in force, a log-in tells."""
    what = f"set the password of {account.name}"
    service.session.patch(_path(service, account, what), {"Password": password}, what, read_back=False)
