# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A password is replaced, and at no moment is neither the old nor the new one known.

What will be done stands in a file, on the disk, before a BMC is touched; that it is done stands there after a
log-in with the new password was seen. Whatever breaks in between, the same call finishes it.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.accounts import (
    demand_strength,
    logs_in,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Account, Bmc, now
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.passwords import generate
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import (
    PRIVILEGES,
    Deadline,
    Target,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.durable import sync_directory
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    Refused,
    Unreachable,
)

PENDING, DONE, KEPT = "pending", "done", "kept"
#: Firmware is known that keeps so many bytes of a longer password, without a word.
_CUT_OFF = 16
#: Between two looks at a file that another holds.
_LOCK_LOOK_S = 0.1
#: Firmware is known that says yes, and puts a password in force a moment later.
_SETTLE_S = 1.5


@dataclass(frozen=True)
class Entry:
    """What is known of one account's password.

    :param old: the one in force when the change began; ``None``: not known, of an account that is not the
        session's.
    :param state: ``pending``: one of both is in force; ``done``: the new one was seen to be; ``kept``: the
        BMC did not take the new one, and the old one was seen to be in force, or refused the new one where
        the old one is not known.
    """

    name: str
    account: str
    state: str
    old: str | None = field(repr=False)
    new: str = field(repr=False)
    at: str = field(default_factory=now)


class Ledger:
    """The file of a rotation: a line of JSON for each step of each BMC, the last one counts.

    Made by :func:`open_ledger`. Lines are appended, never rewritten: what stood there stays whatever happens
    to the machine, and a thousand BMCs cost a thousand short writes.
    """

    def __init__(self, path: Path, file: IO[bytes] | None) -> None:
        self.path = path
        self._file = file
        self._lock = threading.Lock()
        self._last: dict[tuple[str, str], Entry] = {}

    def read(self) -> None:
        """Take in what stands there. A last line without its end was never acted upon: it is cut off."""
        if self._file is None:
            return
        self._file.seek(0)
        data = self._file.read()
        whole = data[: data.rfind(b"\n") + 1]
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                entry = Entry(**json.loads(line))
            except (ValueError, TypeError) as error:
                raise _unusable(self.path, f"line {number} is none of ours") from error
            self._last[entry.name, entry.account] = entry
        if len(whole) != len(data) and self._file.writable():
            self._file.truncate(len(whole))

    def last(self, name: str, account: str) -> Entry | None:
        """What is known of this account on this BMC."""
        return self._last.get((name, account))

    def write(self, entry: Entry) -> None:
        """Put a line to the file; it is on the disk when this returns."""
        line = json.dumps(asdict(entry), sort_keys=True).encode() + b"\n"
        if self._file is None:
            raise AssertionError("check mode writes nothing")
        with self._lock:
            try:
                self._file.seek(0, os.SEEK_END)
                self._file.write(line)
                self._file.flush()
                os.fsync(self._file.fileno())
            except OSError as error:
                raise _unusable(self.path, str(error)) from error
            self._last[entry.name, entry.account] = entry


@contextmanager
def open_ledger(path: Path, *, check: bool = False, wait_s: float = 0.0) -> Iterator[Ledger]:
    """The rotation's file, made when it is missing, for its owner alone, held by one run at a time.

    :param check: read it, if it is there, and leave everything as it is.
    :param wait_s: for another that holds it: a task on many hosts is many that share the file.
    :raises Refused: another run still holds it.
    :raises DatacenterError: it cannot be used.
    """
    try:
        file = _open(path, check, Deadline(wait_s))
    except OSError as error:
        raise _unusable(path, str(error)) from error
    try:
        ledger = Ledger(path, file)
        ledger.read()
        yield ledger
    finally:
        # What counts is on the disk already; a close that fails must not cost the results.
        if file is not None:
            with suppress(OSError):
                file.close()


def _open(path: Path, check: bool, deadline: Deadline) -> IO[bytes] | None:
    if check:
        return path.open("rb") if path.exists() else None
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    file = os.fdopen(descriptor, "r+b")
    try:
        os.fchmod(descriptor, 0o600)
        _lock(descriptor, deadline)
        sync_directory(path.absolute().parent)
    except BlockingIOError as error:
        file.close()
        raise Refused(
            "another rotation holds the file, so nothing was changed",
            device=str(path),
            next_step="let it end first",
        ) from error
    except BaseException:
        file.close()
        raise
    return file


def _lock(descriptor: int, deadline: Deadline) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if deadline.expired():
                raise
        time.sleep(_LOCK_LOOK_S)


def _unusable(path: Path, cause: str) -> DatacenterError:
    return DatacenterError(
        "the file of the rotation cannot be used, so no password is changed any more",
        device=str(path),
        cause=cause,
        next_step="decrypt it when it is in Vault's format, make room, or name another file",
    )


def ways_in(target: Target, ledger: Ledger, account: str) -> Target:
    """The target with the passwords that may be in force, when it is the session's own that is rotated."""
    entry = ledger.last(target.name, account)
    if entry is None or account != target.user:
        return target
    known = [entry.new, entry.old, target.password, _cut_off(entry.new)]
    if entry.state == KEPT:
        # The new one comes last, and yet: the BMC may have put it in force after it was looked at.
        known = [entry.old, target.password, entry.new, _cut_off(entry.new)]
    elif entry.state == DONE:
        known = [entry.new, target.password]
    ways = [replace(target, password=password) for password in dict.fromkeys(known) if password]
    return replace(ways[0], else_=tuple(ways[1:]))


def _cut_off(password: str) -> str | None:
    """What is in force where firmware keeps only the beginning of a password."""
    whole = password.encode()
    return whole[:_CUT_OFF].decode("ascii", "ignore") if len(whole) > _CUT_OFF else None


@dataclass(frozen=True)
class Rotation:
    """What is asked for one BMC.

    :param account: whose password.
    :param new: the new one; ``None``: one is made.
    :param old: what it is now, as far as it is known, of an account that is not the session's.
    """

    account: str
    new: str | None = field(default=None, repr=False)
    old: str | None = field(default=None, repr=False)


def rotate(bmc: Bmc, wanted: Rotation, ledger: Ledger, *, check: bool = False) -> dict[str, Any]:
    """Replace a password, or finish what broke off.

    :returns: ``changed``, ``commands``, ``before`` and ``after``: what the file says of it; never a password.
    :raises Refused: nothing was done.
    :raises errors.NotConfirmed: the BMC refused it, or took it and does not let anybody in with it; the old
        one is in force, as far as it is known.
    :raises Unreachable: one of the two is in force; run it again.
    """
    entry = ledger.last(bmc.name, wanted.account)
    before = entry.state if entry else None
    account = _account(bmc, wanted.account)
    new = _new_password(bmc, wanted, entry)
    known = [entry.new, entry.old] if entry else []
    old = _in_force(bmc, account, new, [*known, wanted.old])
    if old == new:
        commands = [] if before == DONE else [f"note that the new password of {account.name} is in force"]
        if commands and not check:
            ledger.write(Entry(bmc.name, account.name, DONE, entry.old if entry else None, new))
        return _result(commands, before, DONE)
    commands = [f"set the password of account {account.slot} ({account.name})"]
    if check:
        return _result(commands, before, DONE)
    ledger.write(Entry(bmc.name, account.name, PENDING, old, new))
    try:
        _replace(bmc, account, old, new, commands)
    except errors.NotConfirmed as error:
        if error.result["after"] == KEPT:
            ledger.write(Entry(bmc.name, account.name, KEPT, old, new))
        raise
    ledger.write(Entry(bmc.name, account.name, DONE, old, new))
    return _result(commands, before, DONE)


def _result(commands: list[str], before: str | None, after: str) -> dict[str, Any]:
    return {"changed": bool(commands), "commands": commands, "before": before, "after": after}


def _account(bmc: Bmc, name: str) -> Account:
    found = [account for account in bmc.accounts() if account.name == name]
    if len(found) == 1 and found[0].enabled and found[0].privilege in PRIVILEGES:
        return found[0]
    cause = f"{len(found)} accounts have this name" if len(found) != 1 else "it cannot log in"
    raise Refused(
        f"the password of {name} was not rotated",
        device=bmc.name,
        cause=cause,
        next_step="a password is proved by a log-in: make the account first (state: present)",
    )


def _new_password(bmc: Bmc, wanted: Rotation, entry: Entry | None) -> str:
    """The one to set: that of a change that is under way, the one given, or a fresh one."""
    if entry and entry.state == PENDING and wanted.new not in (None, entry.new):
        raise Refused(
            "another new password is under way for this BMC, so nothing was changed",
            device=bmc.name,
            cause="the file has it as pending",
            next_step="finish that first: run it without new_password, then give the other one",
        )
    kept = entry.new if entry and (entry.state != KEPT or _let_in(bmc, wanted, entry)) else None
    new = wanted.new or kept or generate(wanted.account)
    demand_strength(bmc.name, new, wanted.account)
    return new


def _let_in(bmc: Bmc, wanted: Rotation, entry: Entry) -> bool:
    """Whether this very session was let in with the new password that the BMC had not seemed to take."""
    return wanted.account == bmc.target.user and bmc.target.password == entry.new


def _in_force(bmc: Bmc, account: Account, new: str, known: list[str | None]) -> str | None:
    """Which password the account has now, ``None`` when it is none of those that are known.

    Only for another account than the session's, and harmless there: this session can set it in any case.
    """
    if account.name == bmc.target.user:
        return bmc.target.password
    for password in dict.fromkeys([new, *known, *(_cut_off(one) for one in (new, *known) if one)]):
        if password is None or bmc.test_password(account, password) is False:
            continue
        if logs_in(bmc, account.name, password, account.privilege):
            return password
    return None


def _replace(bmc: Bmc, account: Account, old: str | None, new: str, commands: list[str]) -> None:
    """Set it, and see it work; where it does not, see that the old one does, or set that again."""
    trouble: DatacenterError | None = None
    try:
        bmc.set_password(account, new)
    except (Unreachable, errors.BmcError) as error:
        # What is in force is asked of the door, not of the answer, nor of its absence.
        trouble = error
    refused = isinstance(trouble, errors.BmcError)
    try:
        if _works_in_the_end(bmc, account, new, settles=not refused):
            return
        if isinstance(trouble, Unreachable):
            # The old one may be in force now and the new one in a minute: what has begun may still end.
            raise trouble
        if old is not None and not logs_in(bmc, account.name, old, account.privilege):
            _set_again(bmc, account, old, commands)
    except errors.NotConfirmed:
        raise
    except Unreachable as error:
        raise Unreachable(
            f"the password of {account.name} was sent, and whether it is in force is not known",
            device=bmc.name,
            cause=error.cause,
            next_step="run this again with the same file: it has both passwords, and finds which one works",
            result={"changed": True, "commands": commands, "after": PENDING},
        ) from error
    except DatacenterError as error:
        error.result.update(changed=True, commands=commands, after=PENDING)
        raise
    raise _not_replaced(bmc, account, old, trouble, commands) from trouble


def _set_again(bmc: Bmc, account: Account, old: str, commands: list[str]) -> None:
    """:raises errors.NotConfirmed: that one lets nobody in either."""
    refusal: errors.BmcError | None = None
    try:
        bmc.set_password(account, old)
    except errors.BmcError as error:
        refusal = error
    if not logs_in(bmc, account.name, old, account.privilege):
        raise _lost(bmc, account, commands) from refusal


def _not_replaced(
    bmc: Bmc, account: Account, old: str | None, trouble: DatacenterError | None, commands: list[str]
) -> errors.NotConfirmed:
    """Why, and what is in force now.

    :param trouble: what came instead of the BMC's yes.
    """
    refused = isinstance(trouble, errors.BmcError)
    what = f"the password of {account.name} was not replaced"
    cause = trouble.cause if trouble else "the BMC accepted it and does not let anybody in with it"
    still = "the old one is in force" if old is not None else "the one before is not known"
    next_step = "run this again with the same file, or give a new_password of 16 bytes or less"
    changed = False
    if refused:
        cause = f"the BMC refuses this password: {cause}"
        next_step = "give another new_password, or none for one that is made; see what the BMC demands of one"
    elif old is None:
        changed = True
        what = f"the new password of {account.name} lets nobody in"
        still = "the one before was not known and may be overwritten; what is in force is not known"
    return errors.NotConfirmed(
        what,
        device=bmc.name,
        cause=f"{cause}; {still}",
        next_step=next_step,
        result={
            "changed": changed,
            "commands": commands,
            "after": PENDING if changed else KEPT,
        },
    )


def _works_in_the_end(bmc: Bmc, account: Account, new: str, *, settles: bool) -> bool:
    """:param settles: look once more, for it may come into force a moment later."""
    if logs_in(bmc, account.name, new, account.privilege):
        return True
    if not settles:
        return False
    time.sleep(_SETTLE_S)
    return logs_in(bmc, account.name, new, account.privilege)


def _lost(bmc: Bmc, account: Account, commands: list[str]) -> errors.NotConfirmed:
    return errors.NotConfirmed(
        f"neither the old nor the new password of {account.name} lets anybody in",
        device=bmc.name,
        cause="the BMC did neither as it was told, one after the other",
        next_step="the file has both; set one in the BMC's own interface or from the server (ipmitool user "
        "set password)",
        result={"changed": True, "commands": commands, "after": PENDING},
    )
