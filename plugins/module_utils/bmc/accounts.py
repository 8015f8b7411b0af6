# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may log in to a BMC. Every write is read back, and a password counts when somebody logged in with it.

Nobody locks himself out here: the account of the session and the last administrator stay what they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Account, Bmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.passwords import (
    DEFAULT_USERS,
    broken_rules,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import PRIVILEGES
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused

_ADMINISTRATOR = "administrator"


@dataclass(frozen=True)
class Wanted:
    """An account as it should be.

    :param privilege: ``None`` leaves it alone; a new account needs one.
    :param password: ``None`` leaves it alone.
    :param slot: its place, when it matters.
    """

    name: str
    privilege: str | None
    enabled: bool = True
    password: str | None = field(default=None, repr=False)
    slot: int | None = None


def demand_strength(device: str, password: str, user: str) -> None:
    """:raises Refused: with the demands that the password does not meet, and never the password."""
    if broken := broken_rules(password, user):
        raise Refused(
            f"the new password of {user} is too weak, so nothing was changed",
            device=device,
            cause="it is not so that it " + "; nor that it ".join(broken),
            next_step="choose another one",
        )


def logs_in(bmc: Bmc, user: str, password: str, privilege: str) -> bool:
    """Whether a log-in with this password is accepted, while this session stays open.

    :raises DatacenterError: it was refused, or not answered, for another reason than the password.
    """
    try:
        with bmc.beside(user=user, password=password, privilege=privilege):
            return True
    except errors.WrongPassword:
        return False


def _can_log_in(account: Account) -> bool:
    return account.enabled and account.privilege in PRIVILEGES


def is_in_force(bmc: Bmc, account: Account, password: str) -> bool | None:
    """Whether this is the account's password; ``None`` when nothing can tell.

    The BMC's own test comes first, because BMCs count log-ins that fail. Its yes alone proves nothing where
    the account can log in.
    """
    tested = bmc.test_password(account, password)
    if tested is False or not _can_log_in(account):
        return tested
    return logs_in(bmc, account.name, password, account.privilege)


def ensure(bmc: Bmc, wanted: Wanted, *, check: bool = False) -> dict[str, Any]:
    """Make sure of an account.

    :returns: ``changed``, ``before`` and ``after`` (``None``: there was none), ``commands``, ``proved``: by
        what the password was seen to work, ``log-in`` or ``test`` (the BMC's word), ``None`` when it was not
        looked at.
    :raises Refused: it would lock somebody out, or the password is too weak; nothing was done.
    :raises errors.NotConfirmed: the BMC said yes, and it is not so.
    """
    if wanted.password is not None:
        demand_strength(bmc.name, wanted.password, wanted.name)
    everybody = bmc.accounts()
    found = _the_one(bmc, everybody, wanted)
    if found is None:
        return _add(bmc, wanted, check)
    privilege = wanted.privilege or found.privilege
    after = replace(found, enabled=wanted.enabled, privilege=privilege)
    _keep_in(bmc, everybody, found, after, wanted.password)
    commands = []
    write_password = wanted.password is not None and not is_in_force(bmc, found, wanted.password)
    if write_password:
        commands.append(f"set the password of account {found.slot} ({found.name})")
    if after != found:
        state = "enabled" if wanted.enabled else "disabled"
        commands.append(f"make account {found.slot} ({found.name}) {privilege}, {state}")
    if commands and not check:
        # The password before the door is opened.
        if write_password and wanted.password is not None:
            bmc.set_password(found, wanted.password)
        if after != found:
            bmc.change_account(found, enabled=wanted.enabled, privilege=privilege)
        _read_back(bmc, after, commands)
    proved = None if commands and check else _prove(bmc, after, wanted.password, commands)
    return _result(found, after, commands, proved)


def _the_one(bmc: Bmc, everybody: list[Account], wanted: Wanted) -> Account | None:
    found = [account for account in everybody if account.name == wanted.name]
    if wanted.slot is not None:
        found = [account for account in everybody if account.slot == wanted.slot]
    if len(found) > 1:
        places = ", ".join(str(account.slot) for account in found)
        raise Refused(
            f"more than one account is called {wanted.name}",
            device=bmc.name,
            cause=f"places {places}",
            next_step="say which by slot, and remove the others",
        )
    if found and found[0].name != wanted.name:
        raise Refused(
            f"place {wanted.slot} is taken, so {wanted.name} was not put there",
            device=bmc.name,
            cause=f"it is that of the account {found[0].name or 'without a name'}",
            next_step="leave slot out, or remove that account first",
        )
    return found[0] if found else None


def _keep_in(
    bmc: Bmc, everybody: list[Account], found: Account, after: Account, password: str | None
) -> None:
    """Refuse what would lock this session's account, or everybody, out."""
    own = found.name == bmc.target.user
    if own and password is not None and password != bmc.target.password:
        raise Refused(
            f"the password of {found.name} was not changed",
            device=bmc.name,
            cause="it is the account of this very session, and a break in the middle would leave it unknown",
            next_step="use state: rotated, which writes both passwords down first",
        )
    lower = PRIVILEGES.get(after.privilege, 0) < PRIVILEGES.get(found.privilege, 0)
    if (found.enabled and not after.enabled) or lower:
        _refuse_lock_out(bmc, everybody, found, "disabled" if not after.enabled else "demoted")


def why_kept(bmc: Bmc, everybody: list[Account], account: Account) -> str | None:
    """Why an account has to stay as it is, if it has to."""
    if account.name == bmc.target.user:
        return "it is the account of this very session"
    administrators = [one for one in everybody if one.enabled and one.privilege == _ADMINISTRATOR]
    if administrators == [account]:
        return "it is the last administrator that can log in"
    return None


def _refuse_lock_out(bmc: Bmc, everybody: list[Account], account: Account, what: str) -> None:
    if cause := why_kept(bmc, everybody, account):
        raise Refused(
            f"the account {account.name or 'without a name'} was not {what}",
            device=bmc.name,
            cause=cause,
            next_step="log in with another administrator's account, and see that one is left",
        )


def _add(bmc: Bmc, wanted: Wanted, check: bool) -> dict[str, Any]:
    if wanted.password is None or not wanted.enabled:
        raise Refused(
            f"there is no account {wanted.name}, and none was made",
            device=bmc.name,
            cause="a new account needs a password that can be proved by a log-in",
            next_step="give new_password, and leave enabled alone",
        )
    if wanted.privilege is None:
        raise Refused(
            f"there is no account {wanted.name}, and none was made",
            device=bmc.name,
            cause="it is not said what a new account may",
            next_step="give account_privilege",
        )
    commands = [f"add account {wanted.name} as {wanted.privilege}"]
    slot = wanted.slot or 0
    if check:
        return _result(None, Account(slot, wanted.name, True, wanted.privilege), commands, None)
    bmc.add_account(wanted.name, wanted.privilege, wanted.password, wanted.slot)
    made = [account for account in bmc.accounts() if account.name == wanted.name]
    after = Account(made[0].slot if made else slot, wanted.name, True, wanted.privilege)
    _compare(bmc, made[0] if made else None, after, commands)
    return _result(None, after, commands, _prove(bmc, after, wanted.password, commands))


def _read_back(bmc: Bmc, wanted: Account, commands: list[str]) -> None:
    now = {account.slot: account for account in bmc.accounts()}
    _compare(bmc, now.get(wanted.slot), wanted, commands)


def _compare(bmc: Bmc, now: Account | None, wanted: Account, commands: list[str]) -> None:
    if now == wanted:
        return
    raise errors.NotConfirmed(
        f"the account {wanted.name} reads {now and now.as_dict()} after it was set to {wanted.as_dict()}",
        device=bmc.name,
        cause="the BMC accepted the command without, or with another, effect",
        next_step="set it in the BMC's own interface, and look for newer firmware",
        result={"changed": True, "after": now and now.as_dict(), "commands": commands},
    )


def _prove(bmc: Bmc, account: Account, password: str | None, commands: list[str]) -> str | None:
    """See the password work, unless there is none to look at."""
    if password is None:
        return None
    if account.name == bmc.target.user:
        return "log-in"
    if not _can_log_in(account):
        return "test" if bmc.test_password(account, password) else None
    if logs_in(bmc, account.name, password, account.privilege):
        return "log-in"
    raise errors.NotConfirmed(
        f"nobody can log in as {account.name} with the password that was set",
        device=bmc.name,
        cause="the BMC accepted it and stored another (some cut off what is longer than 16 bytes), "
        "or it refuses this account for a reason of its own",
        next_step="try one of 16 bytes; look at the account in the BMC's own interface",
        result={"changed": bool(commands), "commands": commands},
    )


def remove(bmc: Bmc, name: str, *, check: bool = False) -> dict[str, Any]:
    """Make sure that there is no account of this name.

    :raises Refused: it is that of this session, or the last administrator's.
    :raises errors.NotConfirmed: the BMC said yes and still has it.
    """
    everybody = bmc.accounts()
    found = [account for account in everybody if account.name == name]
    for account in found:
        _refuse_lock_out(bmc, everybody, account, "removed")
    commands = [f"remove account {account.slot} ({account.name})" for account in found]
    if found and not check:
        for account in found:
            bmc.remove_account(account)
        left = [account for account in bmc.accounts() if account.slot in {one.slot for one in found}]
        if left:
            raise errors.NotConfirmed(
                f"the account {name} is still there after it was removed",
                device=bmc.name,
                cause=f"it reads {left[0].as_dict()}",
                next_step="remove it in the BMC's own interface; some vendors do not let a name be cleared",
                result={"changed": True, "after": left[0].as_dict(), "commands": commands},
            )
    return _result(found[0] if found else None, None, commands, None)


def lock_defaults(bmc: Bmc, *, check: bool = False) -> dict[str, Any]:
    """Disable the accounts that vendors deliver, and the anonymous one.

    :returns: ``changed``, ``commands``, ``locked`` (names), ``kept`` (name and reason of those that had to
        stay).
    :raises errors.NotConfirmed: the BMC said yes and still lets one in.
    """
    everybody = bmc.accounts()
    risky = [one for one in everybody if one.enabled and (not one.name or one.name in DEFAULT_USERS)]
    reasons = {account: why_kept(bmc, everybody, account) for account in risky}
    locked = [account for account, reason in reasons.items() if reason is None]
    commands = [f"disable account {one.slot} ({one.name or 'without a name'})" for one in locked]
    if locked and not check:
        for account in locked:
            bmc.change_account(account, enabled=False, privilege=account.privilege)
        open_still = {account.slot for account in bmc.accounts() if account.enabled}
        if left := [account for account in locked if account.slot in open_still]:
            raise errors.NotConfirmed(
                "default accounts are still enabled after they were disabled",
                device=bmc.name,
                cause=", ".join(account.name or "the one without a name" for account in left),
                next_step="disable them in the BMC's own interface",
                result={"changed": True, "commands": commands},
            )
    return {
        "changed": bool(locked),
        "commands": commands,
        "locked": [account.name for account in locked],
        "kept": [{"name": one.name, "reason": why} for one, why in reasons.items() if why],
    }


def _result(
    before: Account | None, after: Account | None, commands: list[str], proved: str | None
) -> dict[str, Any]:
    return {
        "changed": bool(commands),
        "before": before and before.as_dict(),
        "after": after and after.as_dict(),
        "commands": commands,
        "proved": proved,
    }
