# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server's console in IPMI: serial over LAN, on the one session that is open already.

pyghmi has a console, too; it opens a session of its own with pyghmi's fall-backs, waits by its own clock, and
loses characters when a BMC repeats a packet with more in it.

Commands, packets and their numbers: IPMI 2.0 rev 1.1, sections 24.1 to 24.5 and 15.9 to 15.11.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi import accounts
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.packets import PUMP
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import Session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import ConsoleHolder
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Deadline
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

_APP = 0x06
_GET_SESSION_INFO = 0x3D
_ACTIVATE, _DEACTIVATE, _GET_ACTIVATION, _GET_INSTANCE = 0x48, 0x49, 0x4A, 0x4B
#: Payload type 'serial over LAN', its first instance.
_SOL, _INSTANCE = 1, 1
#: Encrypted and authenticated, as the session itself; serial alerts off while it is active (table 24-2).
_PROTECTED = 0xC0
_BY_ID = 0xFF
#: Completion codes of 'activate payload'.
_ALREADY_ACTIVE, _DISABLED, _LIMIT = 0x80, 0x81, 0x82

_USUAL_PORT = 623

#: Status bits of a BMC's packet (table 15-2).
_NACK, _DEACTIVATED, _OVERRUN = 0x40, 0x10, 0x08
_LAST_NUMBER = 15
#: A BMC forgets a silent session after a minute, and does not say when somebody took the console.
_ASK_EVERY_S = 10.0
#: What is typed at once: small buffers are common, and 16550 FIFOs hold 16.
_TYPED_AT_ONCE = 16
_TRIES, _TRY_S = 5, 1.0
#: For giving it back when the operation's own time is over.
_FAREWELL_S = 2.0


def holder(session: Session) -> ConsoleHolder | None:
    """Who has the console, as far as the BMC tells."""
    status = session.command("read who has the console", _APP, _GET_ACTIVATION, [_SOL])
    active = int.from_bytes(status[1:3], "little")
    if not active:
        return None
    owner = _owner(session)
    if owner == session.wire.managed_id:
        return ConsoleHolder("this session", own=True)
    return ConsoleHolder(_describe(session, owner), own=False)


def _owner(session: Session) -> int | None:
    """The BMC's number of the session that has it, ``None`` when it does not tell."""
    what = "read which session has the console"
    with contextlib.suppress(errors.CommandUnsupported):
        data = session.command(what, _APP, _GET_INSTANCE, [_SOL, _INSTANCE])
        return int.from_bytes(data[:4], "little")
    return None


def _describe(session: Session, owner: int | None) -> str:
    if not owner:
        return "another session"
    who = f"another session (0x{owner:08x})"
    try:
        request = [_BY_ID, *owner.to_bytes(4, "little")]
        data = session.command("read whose session it is", _APP, _GET_SESSION_INFO, request)
    except errors.BmcError:
        return who
    # Without such a session the answer is three bytes long; with a LAN session the client's address follows.
    if len(data) >= 6:
        slot = data[3] & 0x3F
        name = {account.slot: account.name for account in _accounts(session)}.get(slot)
        who = f"the account {name}" if name else f"account {slot}"
    if len(data) >= 10 and any(data[6:10]):
        who += f" from {'.'.join(str(byte) for byte in data[6:10])}"
    return who


def _accounts(session: Session) -> list[Any]:
    """Names are for people; without the right to read them a number has to do."""
    try:
        return list(accounts.accounts(session))
    except errors.BmcError:
        return []


def deactivate(session: Session) -> None:
    """End the console, whoever has it. That nobody had it is as good."""
    try:
        session.command("give the console back", _APP, _DEACTIVATE, [_SOL, _INSTANCE, 0, 0, 0, 0])
    except errors.BmcError as error:
        # 0x80: already deactivated.
        if error.completion != _ALREADY_ACTIVE:
            raise


@contextmanager
def console(session: Session) -> Iterator[SolConsole]:
    """Activate it, and deactivate it whatever happens.

    :raises errors.NotNow: somebody has it.
    :raises errors.CommandUnsupported: it is switched off, or there is none.
    """
    opened = SolConsole(session)
    # Before it is activated: the first packet may come before the answer.
    session.wire.on_console(opened.got)
    try:
        opened.most_typed = _activate(session)
        yield opened
    finally:
        try:
            if session.deadline is not None and session.deadline.remaining() < _FAREWELL_S:
                session.deadline = Deadline(_FAREWELL_S)
            # A BMC that is gone, or has given it to another, cannot take it back; the session's end frees it.
            if opened.ours:
                with contextlib.suppress(DatacenterError):
                    deactivate(session)
        finally:
            session.wire.on_console(None)


def _activate(session: Session) -> int:
    """:returns: how many characters the BMC takes at once."""
    what = "open the console"
    try:
        data = session.command(what, _APP, _ACTIVATE, [_SOL, _INSTANCE, _PROTECTED, 0, 0, 0])
    except errors.BmcError as error:
        if error.completion in (_ALREADY_ACTIVE, _LIMIT):
            raise errors.NotNow(
                what, device=session.name, cause="somebody has it", next_step="wait, or take_over"
            ) from error
        if error.completion == _DISABLED:
            raise errors.CommandUnsupported(
                what,
                device=session.name,
                cause="serial over LAN is switched off in it",
                next_step="switch it on (ipmitool sol set enabled true)",
            ) from error
        raise
    # Some firmware has the two bytes the wrong way round. A BMC behind a forwarded port knows of its own
    # only.
    port = {int.from_bytes(data[8:10], order) for order in ("little", "big")}
    if len(data) >= 10 and not port & {session.target.port, _USUAL_PORT}:
        raise errors.CommandUnsupported(
            what,
            device=session.name,
            cause=f"it offers the console at UDP port {min(port)}, apart from its session",
            next_step="set the console's port to that of IPMI (ipmitool sol set payload-port)",
        )
    return int.from_bytes(data[4:6], "little")


class SolConsole:
    """``model.Console`` on an IPMI session. Packets come in the thread that handles them."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.dropped = False
        self.most_typed = _TYPED_AT_ONCE
        #: Whether it is still this session's to give back.
        self.ours = True
        self._lock = threading.Lock()
        self._came = threading.Event()
        self._acknowledged = threading.Event()
        self._text = bytearray()
        self._end: str | None = None
        self._number = self._size = 0
        self._own_number = 0
        self._accepted: int | None = None
        self._asked = time.monotonic()

    def got(self, packet: Any) -> None:
        """Take one packet: keep what is new in it, and acknowledge it."""
        if isinstance(packet, dict) or len(packet) < 4:
            if isinstance(packet, dict):
                self._ended("the session broke")
            return
        number, acknowledged, count, status = packet[0] & 0xF, packet[1] & 0xF, packet[2], packet[3]
        if number:
            self._keep(number, bytes(packet[4:]))
        self.dropped |= bool(status & _OVERRUN)
        if status & _DEACTIVATED:
            self._ended("the BMC ended it; somebody else may have it now")
        if acknowledged and acknowledged == self._own_number:
            self._accepted = 0 if status & _NACK and not count else count
            self._acknowledged.set()

    def _keep(self, number: int, data: bytes) -> None:
        with self._lock:
            # A repetition may carry more than the packet it repeats.
            known = self._size if number == self._number else 0
            self._text += data[known:]
            self._number, self._size = number, max(known, len(data))
            size = self._size
        self.session.wire.send_console(bytes([0, number, size & 0xFF, 0]))
        self._came.set()

    def _ended(self, cause: str) -> None:
        self._end = cause
        self.ours = False
        self._came.set()
        self._acknowledged.set()

    def _taken(self) -> bytes:
        with self._lock:
            self._came.clear()
            text = bytes(self._text)
            self._text.clear()
        return text

    def read(self, seconds: float) -> bytes:
        """What the server prints within so many seconds, as soon as there is something."""
        self._stay()
        PUMP.wait(self._came, seconds)
        text = self._taken()
        if not text and self._end is not None:
            raise errors.NotNow(
                "the console was lost",
                device=self.session.name,
                cause=self._end,
                next_step="see who has it (bmc_sol_capture in check mode), then try again",
            )
        return text

    def _stay(self) -> None:
        """Keep the session alive, and see that the console is still ours."""
        if time.monotonic() - self._asked < _ASK_EVERY_S:
            return
        self._asked = time.monotonic()
        owner = _owner(self.session)
        if owner is None:
            holder(self.session)
        elif owner != self.session.wire.managed_id:
            self._ended("another session has it now" if owner else "the BMC ended it")

    def send(self, data: bytes) -> None:
        """Type it, in packets that are repeated until the BMC has taken them."""
        at_once = max(1, min(self.most_typed, _TYPED_AT_ONCE))
        while data:
            data = data[self._type(data[:at_once]) :]

    def _type(self, data: bytes) -> int:
        """:returns: how many characters the BMC took."""
        self._own_number = self._own_number % _LAST_NUMBER + 1
        for _attempt in range(_TRIES):
            self._acknowledged.clear()
            self.session.wire.send_console(bytes([self._own_number, 0, 0, 0]) + data)
            if PUMP.wait(self._acknowledged, _TRY_S) and self._end is None and self._accepted:
                return self._accepted
        raise errors.silent(
            self.session.name, "type at the console", self._end or "the BMC does not take what is typed"
        )
