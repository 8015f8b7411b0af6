# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts in IPMI: numbered places with a name, a password and, for each channel, a privilege limit.

Commands and bytes: IPMI 2.0 rev 1.1, sections 22.26 to 22.30.
"""

from __future__ import annotations

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import Session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Account
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused

_APP = 0x06
_SET_ACCESS, _GET_ACCESS = 0x43, 0x44
_SET_NAME, _GET_NAME = 0x45, 0x46
_SET_PASSWORD = 0x47
_THIS_CHANNEL = 0x0E

_NUMBERS = {"callback": 1, "user": 2, "operator": 3, "administrator": 4, "oem": 5, "no_access": 0xF}
_NAMES = {number: name for name, number in _NUMBERS.items()}

#: Byte 1 of 'set user access': the bits of the upper half are meant.
_CHANGE_BITS = 0x80
_LINK_AUTHENTICATION, _MESSAGING = 0x20, 0x10

#: Operations of 'set user password', and the sizes in which it takes one (bit 7 of the slot: the long one).
_DISABLE, _ENABLE, _SET, _TEST = 0, 1, 2, 3
_SHORT, _LONG = 16, 20
_IS_LONG = 0x80
#: Completion codes of 'test password': it is another one; it is of the other size.
_TEST_FAILED = frozenset({0x80, 0x81})
#: What BMCs say when an account is enabled, or gets a name, that it already has.
_ALREADY = 0xCC


def accounts(session: Session) -> list[Account]:
    """All accounts with a name, and those without one that can log in."""
    first, most = _read(session, 1, None)
    found = [first, *(_read(session, slot, most)[0] for slot in range(2, most + 1))]
    return [account for account in found if account.name or account.enabled]


def _read(session: Session, slot: int, most: int | None) -> tuple[Account, int]:
    """An account, and how many the BMC has.

    :param most: how many it has, when that is known: fewer may be told than places that answer.
    """
    access = session.command(f"read the access of account {slot}", _APP, _GET_ACCESS, [_THIS_CHANNEL, slot])
    # Bits 7 and 6 of the second byte: 1 enabled, 2 disabled, by 'set user password'; 0: the BMC does not
    # tell, and its messaging access is all there is to know.
    switched, messaging = access[1] >> 6, bool(access[3] & _MESSAGING)
    privilege = _NAMES.get(access[3] & 0x0F, "no_access")
    enabled = messaging and switched != 2 and privilege != "no_access"
    return Account(slot, _name(session, slot), enabled, privilege), most or access[0] & 0x3F


def _name(session: Session, slot: int) -> str:
    """Its name. Some BMCs have none to give for an empty place, or for place 1, and say no instead."""
    try:
        data = session.command(f"read the name of account {slot}", _APP, _GET_NAME, [slot])
    except errors.CommandUnsupported:
        return ""
    return data[:16].rstrip(b"\xff").split(b"\0")[0].decode("utf-8", "replace")


def add(session: Session, name: str, privilege: str, password: str, slot: int | None) -> None:
    """Name, password and access first, and only then the switch: never an open door without a lock."""
    if slot is None:
        slot = _free(session)
    else:
        _demand_place(session, slot)
    _write_name(session, slot, name)
    set_password(session, slot, password)
    change(session, Account(slot, name, False, "no_access"), enabled=True, privilege=privilege)


def _demand_place(session: Session, slot: int) -> None:
    """Some firmware looks at the lower bits of a place alone, and would rename another account."""
    _account, most = _read(session, 1, None)
    if not 2 <= slot <= most:
        raise Refused(
            "the account was not made",
            device=session.name,
            cause=f"places for accounts are 2 to {most} on this BMC, and slot says {slot}",
            next_step="give one of those, or leave slot out",
        )


def _free(session: Session) -> int:
    _account, most = _read(session, 1, None)
    for slot in range(2, most + 1):
        account, _most = _read(session, slot, most)
        if not account.name and not account.enabled:
            return slot
    raise Refused(
        "no place for one more account",
        device=session.name,
        cause=f"all {most} places are taken",
        next_step="remove an account that nobody needs (state: absent)",
    )


def change(session: Session, account: Account, *, enabled: bool, privilege: str) -> None:
    """Set what the account may, on the channel of this session, and whether it may log in.

    Access and switch are two things in IPMI; either alone leaves some BMC's door open, or shut.
    """
    what = f"give account {account.slot} the privilege {privilege}"
    asked = [_THIS_CHANNEL, account.slot]
    now = session.command(f"read the access of account {account.slot}", _APP, _GET_ACCESS, asked)
    access = _CHANGE_BITS | (now[3] & _LINK_AUTHENTICATION) | (_MESSAGING if enabled else 0) | _THIS_CHANNEL
    if not enabled:
        _switch(session, account.slot, _DISABLE)
    # Without the optional last byte, the limit of its sessions: that is not ours to change.
    session.command(what, _APP, _SET_ACCESS, [access, account.slot, _NUMBERS[privilege]])
    if enabled:
        _switch(session, account.slot, _ENABLE)


def _switch(session: Session, slot: int, operation: int) -> None:
    what = f"{'enable' if operation == _ENABLE else 'disable'} account {slot}"
    # Table 22-38 has the password optional here; some firmware counts the bytes all the same.
    try:
        session.command(what, _APP, _SET_PASSWORD, [slot, operation])
    except errors.BmcError as error:
        if error.completion == 0xC7:
            session.command(what, _APP, _SET_PASSWORD, [slot, operation, *bytes(_SHORT)])
        elif error.completion != _ALREADY:
            raise


def remove(session: Session, account: Account) -> None:
    """Shut it, take its access and then its name: IPMI has no other way to remove an account."""
    change(session, account, enabled=False, privilege="no_access")
    if account.name:
        _write_name(session, account.slot, "")


def _write_name(session: Session, slot: int, name: str) -> None:
    field = name.encode().ljust(16, b"\0")
    session.command(f"name account {slot}", _APP, _SET_NAME, [slot, *field])


def _password_field(slot: int, operation: int, password: str) -> list[int]:
    """The request's bytes. A long password in the short form would be cut off without a word."""
    secret = password.encode()
    size = _SHORT if len(secret) <= _SHORT else _LONG
    return [slot | (_IS_LONG if size == _LONG else 0), operation, *secret.ljust(size, b"\0")]


def set_password(session: Session, slot: int, password: str) -> None:
    what = f"set the password of account {slot}"
    session.command(what, _APP, _SET_PASSWORD, _password_field(slot, _SET, password))


def test_password(session: Session, slot: int, password: str) -> bool | None:
    """Whether it is the account's; ``None`` when the BMC does not say. Not every firmware tells the truth."""
    what = f"test the password of account {slot}"
    try:
        session.command(what, _APP, _SET_PASSWORD, _password_field(slot, _TEST, password))
    except errors.BmcError as error:
        if error.completion in _TEST_FAILED:
            return False
        if isinstance(error, errors.CommandUnsupported | errors.PrivilegeTooLow):
            return None
        raise
    return True
