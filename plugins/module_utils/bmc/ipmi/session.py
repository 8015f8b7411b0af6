# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One session with one BMC, over pyghmi, with the edges taken off.

What pyghmi does and this does not: fall back from cipher suite 17 to 3, from IPMI 2.0 to
1.5, or from a privilege to a lower one without a word; take a BMC's choice of algorithms
for granted; log in again in the middle of an operation and repeat a command; wait by its
own clock. Here every wait ends at a deadline in seconds.

Runs on the control node, under the interpreter that has pyghmi.
"""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.packets import PUMP
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.wire import (
    ALGORITHMS,
    WireSession,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import (
    PRIVILEGES,
    Deadline,
    Target,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

_NETFN_APP = 0x06
_SET_SESSION_PRIVILEGE = 0x3B
#: 'not available for this user', 'exceeds the limit', 'cannot disable authentication'.
_PRIVILEGE_REFUSED = frozenset({0x80, 0x81, 0x82})
#: A session begins at the level USER (section 22.18). What that may do, a fleet is asked for most: the
#: chassis status (appendix G). It is asked without claiming more, which saves one question of each BMC.
_AS_IT_BEGINS = frozenset({(0x00, 0x01)})

#: How long the farewell may take; a BMC forgets a session by itself after a minute.
_LOGOUT_S = 0.5
#: The greatest share of the time for an answer that is waited before a command is sent a second time.
_BEFORE_SECOND_TRY = 2 / 3
#: Between two tries when a BMC says that it is busy.
_BUSY_PAUSE_S = 0.2


class Session:
    """An open session. Made by :func:`open_session`."""

    def __init__(self, target: Target, wire: WireSession, deadline: Deadline | None = None) -> None:
        self.target = target
        self.wire = wire
        self.deadline = deadline
        # Before a command is sent a second time. Longer than pyghmi's half second: BMCs are
        # slow far more often than packets are lost, and each repetition makes a slow one slower.
        self._patience_s = target.answer_s / 2
        self._claimed = False

    @property
    def name(self) -> str:
        return self.target.name

    def answer_deadline(self) -> Deadline:
        """Until when the BMC has to answer: ``answer_s``, or the end of the whole operation."""
        return self.target.answer_deadline(self.deadline)

    def command(
        self,
        what: str,
        netfn: int,
        command: int,
        data: Sequence[int] = (),
        *,
        once: bool = False,
        lun: int = 0,
    ) -> bytes:
        """Send one command and return the data of its answer, without the completion code.

        :param what: what is being done, for the error message.
        :param once: never send it twice (for what must not happen twice); a BMC that is
            busy is then not asked again either.
        :param lun: the unit within the BMC that answers it.
        :raises errors.BmcError: classified by the completion code.
        :raises errors.Unreachable: no answer within ``target.answer_s``.
        """
        if (netfn, command) not in _AS_IT_BEGINS:
            self.claim()
        deadline = self.answer_deadline()
        while True:
            asked = time.monotonic()
            response = self.wire.exchange(
                netfn,
                command,
                data,
                deadline=deadline.remaining,
                patience_s=None if once else self._patience_s,
                rslun=lun,
            )
            if response is None:
                raise errors.silent(
                    self.name, what, f"no answer within {deadline.seconds:.3g} s, in an open session"
                )
            # By the last answer alone, and never so long that no time is left for a second try: it may have
            # come late from a slow BMC, or for a lost packet.
            longest_s = self.target.answer_s * _BEFORE_SECOND_TRY
            self._patience_s = min(longest_s, max(self.target.answer_s / 2, 2 * (time.monotonic() - asked)))
            code = response["code"]
            if code == 0:
                return bytes(response["data"])
            if code == errors.NOT_PRIVILEGED and not self._claimed:
                # It wants more for this than others do.
                self.claim()
                continue
            if once or code not in errors.BUSY or deadline.remaining() < _BUSY_PAUSE_S:
                raise errors.command_failed(self.name, what, code)
            time.sleep(_BUSY_PAUSE_S)

    def claim(self) -> None:
        """Take the privilege level asked for, once, and notice when it is granted in word only.

        :raises errors.PrivilegeTooLow: it is not granted.
        """
        if self._claimed:
            return
        # Its own question is not to be claimed for. Without the level, whatever comes next asks for it again.
        self._claimed = True
        try:
            self._take_level()
        except DatacenterError:
            self._claimed = False
            raise

    def _take_level(self) -> None:
        wanted = PRIVILEGES[self.target.privilege]
        what = f"claim the privilege level {self.target.privilege}"
        try:
            granted = self.command(what, _NETFN_APP, _SET_SESSION_PRIVILEGE, [wanted])
        except errors.BmcError as error:
            if error.completion in _PRIVILEGE_REFUSED:
                raise errors.privilege_too_low(
                    self.name, what, f"it refused (0x{error.completion:02x})"
                ) from error
            raise
        if not granted or granted[0] & 0x0F < wanted:
            raise errors.privilege_too_low(
                self.name, what, f"it granted {granted.hex() or 'nothing'} instead"
            )


@contextmanager
def open_session(target: Target, deadline: Deadline | None = None) -> Iterator[Session]:
    """Log in, hand out the session, log out whatever happens.

    :param deadline: the end of the whole operation; no wait of the session goes beyond it
        (but for the farewell, half a second at most).

    :raises errors.Unreachable: nothing, or not enough, was heard within ``target.answer_s``.
    :raises errors.BmcError: the session was refused; the class says why.
    """
    wire = _log_in(target, target.answer_deadline(deadline))
    try:
        yield Session(target, wire, deadline)
    finally:
        wire.close(Deadline(_LOGOUT_S).remaining)


#: pyghmi makes its thread and its sockets with the first sessions, and does not expect two makers at once.
_making = threading.Lock()


def _log_in(target: Target, deadline: Deadline) -> WireSession:
    outcome: list[dict[str, Any]] = []
    decided = threading.Event()

    def decide(told: dict[str, Any]) -> None:
        outcome.append(told)
        decided.set()

    try:
        address = _routed(target)
        with _making:
            wire = WireSession(
                address,
                # As bytes: pyghmi forgets to clear its table of starting sessions when they are text.
                target.user.encode(),
                target.password.encode(),
                port=target.port,
                onlogon=decide,
                privlevel=PRIVILEGES[target.privilege],
                keepalive=False,
                cipher_suite=target.cipher_suite,
                # Time for a second attempt is left.
                patience_s=deadline.seconds / 2,
            )
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise DatacenterError(
                "the BMC was not asked",
                device=target.name,
                cause=f"this machine has no place for another open file: {error.strerror}",
                next_step="ask fewer BMCs at once (at_once), or raise the limit of open files (ulimit -n)",
            ) from error
        raise errors.silent(target.name, f"no way to {target.address}", str(error)) from error
    PUMP.wait(decided, deadline.remaining())
    # Looked at once: word may come while it is being judged that none has.
    told = outcome[0] if outcome else None
    if told is not None and "error" not in told:
        return wire
    wire.abandon()
    raise _refusal(target, wire, str(told["error"]) if told else "")


def _routed(target: Target) -> str:
    """Its address in numbers, when there is a way to it.

    pyghmi swallows what ``sendto`` says; a connected socket tells a missing route at once.
    """
    found = socket.getaddrinfo(target.address, target.port, type=socket.SOCK_DGRAM)
    with socket.socket(found[0][0], socket.SOCK_DGRAM) as probe:
        probe.connect(found[0][4])
    return str(found[0][4][0])


def _refusal(target: Target, wire: WireSession, error: str) -> Exception:
    """Why there is no session, from how far the log-in came and what pyghmi said, if anything."""
    suite = target.cipher_suite
    if wire.refused is not None:
        during, status = wire.refused
        return errors.session_refused(target.name, status, during, suite)
    if wire.objection is not None:
        return errors.cipher_refused(target.name, suite, wire.objection)
    if "password" in error.lower() or "integrity code" in error:
        return errors.wrong_password(target.name)
    silence = f"no answer within {target.answer_s:g} s"
    if not wire.heard:
        return errors.silent(target.name, f"no answer from {target.address}, UDP port {target.port}", silence)
    cause = silence + f" at the stage {wire.stage}, though it answered before"
    if wire.stage == "open session":
        cause += f" (some BMCs stay silent when they do not know cipher suite {suite})"
    if error:
        cause += f"; {error}"
    return errors.silent(target.name, "the log-in was not finished", cause)


def algorithms(cipher_suite: int) -> str:
    """What a cipher suite is made of, for people."""
    return ALGORITHMS[cipher_suite].title
