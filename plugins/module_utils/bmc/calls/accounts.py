# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bmc_user asks of a BMC, from its options to its result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import accounts
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls.call import Call, Each
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Bmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.rotation import (
    Rotation,
    open_ledger,
    rotate,
    ways_in,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import PRIVILEGES, Target
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

PRESENT, ABSENT, ROTATED = "present", "absent", "rotated"
_LEDGER = "_ledger"
#: IPMI has six bits for it (section 22.26).
_MOST_SLOT = 63


def _user(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    result: dict[str, Any] = {"changed": False, "commands": []}
    if params["state"] == ROTATED:
        result = _rotated(bmc, params, check)
    elif params["account"] is not None:
        result = _account(bmc, params, check)
    if params["lock_defaults"]:
        try:
            locked = accounts.lock_defaults(bmc, check=check)
        except DatacenterError as error:
            error.result["changed"] = result["changed"] or error.result.get("changed", False)
            raise
        result.update(
            locked=locked["locked"],
            kept=locked["kept"],
            changed=result["changed"] or locked["changed"],
            commands=[*result["commands"], *locked["commands"]],
        )
    try:
        result["accounts"] = [account.as_dict() for account in bmc.accounts()]
    except DatacenterError as error:
        if params["state"] != ROTATED or not result["changed"]:
            error.result.update(changed=result["changed"], commands=result["commands"])
            raise
        # It is done and proved. Some BMCs end the sessions of an account when its password changes.
        result["warnings"] = [f"the accounts were not read after the rotation: {error}"]
    return {**result, "diff": _diff(result)}


def _account(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    if params["state"] == ABSENT:
        return accounts.remove(bmc, params["account"], check=check)
    wanted = accounts.Wanted(
        params["account"],
        params["account_privilege"],
        params["enabled"],
        params["new_password"],
        params["slot"],
    )
    return accounts.ensure(bmc, wanted, check=check)


def _rotated(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    account = params["account"] or bmc.target.user
    wanted = Rotation(account, params["new_password"], params["old_password"])
    return rotate(bmc, wanted, params[_LEDGER], check=check)


def _diff(result: Mapping[str, Any]) -> dict[str, Any]:
    """Accounts, or what the rotation's file says: nothing of a password ever."""
    locked = result.get("locked", [])
    return {
        "before": {"account": result.get("before"), "default_accounts": dict.fromkeys(locked, "enabled")},
        "after": {"account": result.get("after"), "default_accounts": dict.fromkeys(locked, "disabled")},
    }


@contextmanager
def _around(each: Each, check: bool) -> Iterator[list[Target]]:
    """A rotation's file, held while the call runs; and before any BMC is asked, options that do not fit."""
    params = next(iter(each.params.values()), {})
    if wrong := _misfits(params, list(each.params.values())):
        raise DatacenterError("the options do not fit", cause="; ".join(wrong), next_step="correct them")
    if params.get("state") != ROTATED:
        yield each.targets
        return
    with open_ledger(Path(params["ledger"]), check=check, wait_s=params["deadline_s"]) as ledger:
        for own in each.params.values():
            own[_LEDGER] = ledger
        yield [
            ways_in(target, ledger, each.params[target.name]["account"] or target.user)
            for target in each.targets
        ]


def _misfits(params: Mapping[str, Any], each: list[dict[str, Any]]) -> list[str]:
    wrong = []
    if params.get("state") == ROTATED and not params["ledger"]:
        wrong.append("state: rotated needs a ledger, the file that both passwords are written to")
    for own in each:
        if own["state"] == ABSENT and own["account"] is None:
            wrong.append("state: absent needs an account")
        if own["new_password"] is not None and own["account"] is None and own["state"] == PRESENT:
            wrong.append("new_password needs an account")
        if own["new_password"] is not None and not own["enabled"]:
            wrong.append("a password cannot be proved on an account that is not enabled")
        if own["slot"] is not None and not 1 <= own["slot"] <= _MOST_SLOT:
            wrong.append(f"slot is not of 1 to {_MOST_SLOT}")
        if own["account"] is not None and len(own["account"].encode()) > 16:
            wrong.append("account is longer than the 16 bytes that IPMI has for it")
    return list(dict.fromkeys(wrong))


USER = Call(
    _user,
    {
        "privilege": {"type": "str", "default": "administrator", "choices": list(PRIVILEGES)},
        "state": {"type": "str", "default": PRESENT, "choices": [PRESENT, ABSENT, ROTATED]},
        "account": {"type": "str"},
        "new_password": {"type": "str", "no_log": True},
        "old_password": {"type": "str", "no_log": True},
        "account_privilege": {"type": "str", "choices": list(PRIVILEGES)},
        "enabled": {"type": "bool", "default": True},
        "slot": {"type": "int"},
        "lock_defaults": {"type": "bool", "default": False},
        "ledger": {"type": "path"},
    },
    own=("account", "new_password", "old_password"),
    around=_around,
)
