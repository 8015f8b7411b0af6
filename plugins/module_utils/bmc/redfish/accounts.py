# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may log in, in Redfish (AccountService, ManagerAccount)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.service import (
    Service,
    unsupported,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.session import path_of

#: The predefined roles, by our privileges.
ROLES = {"administrator": "Administrator", "operator": "Operator", "user": "ReadOnly"}
_PRIVILEGES = {**{role: word for word, role in ROLES.items()}, "NoAccess": "no_access"}


def accounts(service: Service) -> list[dict[str, Any]]:
    """Everybody who may log in, and of services with fixed places the empty ones (``name`` is empty).

    :returns: ``slot`` (the service's own id), ``path``, ``name``, ``enabled``, ``privilege`` (a role of the
        service's own under its own name), ``locked``.
    """
    return [_account(one) for one in service.session.members(_collection(service), "read the accounts")]


def _collection(service: Service) -> str:
    what = "read the accounts"
    path = path_of(service.of_root("AccountService", what).get("Accounts"))
    if path is None:
        raise unsupported(service.session, what, "it does not tell them")
    return path


def _account(one: Mapping[str, Any]) -> dict[str, Any]:
    role = str(one.get("RoleId") or "")
    return {
        "slot": str(one.get("Id")),
        "path": str(path_of(one)),
        "name": str(one.get("UserName") or ""),
        "enabled": bool(one.get("Enabled", True)),
        "privilege": _PRIVILEGES.get(role, role),
        "locked": bool(one.get("Locked", False)),
    }


def add(service: Service, name: str, privilege: str, password: str) -> None:
    """Make an enabled account: in an empty place where there are places, else a new one."""
    what = f"make the account {name}"
    body = {"UserName": name, "Password": password, "RoleId": ROLES[privilege], "Enabled": True}
    empty = [one for one in accounts(service) if not one["name"] and one["slot"] not in ("0", "1")]
    if empty:
        service.session.patch(empty[0]["path"], body, what)
        return
    service.session.post(_collection(service), body, what, once=True)


def change(service: Service, path: str, *, enabled: bool | None = None, privilege: str | None = None) -> None:
    """Change what is given of an account."""
    body: dict[str, Any] = {}
    if enabled is not None:
        body["Enabled"] = enabled
    if privilege is not None:
        body["RoleId"] = ROLES[privilege]
    service.session.patch(path, body, "change an account")


def remove(service: Service, path: str) -> None:
    """Take an account away; where places are fixed it is emptied."""
    what = "remove an account"
    try:
        service.session.delete(path, what)
    except errors.CommandUnsupported:
        service.session.patch(path, {"UserName": "", "Enabled": False}, what)


def set_password(service: Service, path: str, password: str) -> None:
    """Give an account a new password. Whether it is in force, a log-in tells."""
    service.session.patch(path, {"Password": password}, "set a password")


def unlock(service: Service, path: str) -> None:
    """Let an account in again that failed too often."""
    service.session.patch(path, {"Locked": False}, "unlock an account")
