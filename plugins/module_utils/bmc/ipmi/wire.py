# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pyghmi's IPMI session, held to one cipher suite and to the caller's clock.

With packets.py, which reads the sockets, the only file that touches pyghmi's private side.
Written against pyghmi 1.6; a test holds the names that are overridden to pyghmi's own, so
that a new release cannot quietly bring its fall-backs back.
"""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.packets import PUMP

try:
    import pyghmi.exceptions as pyghmi_errors
    from pyghmi.ipmi.private import session as pyghmi_session

    _Base: Any = pyghmi_session.Session
    # pyghmi takes its two locks in one order when it sends, and in the other when a repetition is due: with
    # some hundred sessions that stands still for ever within seconds. They are re-entrant, so one does for
    # both.
    pyghmi_session.KEEPALIVE_SESSIONS = pyghmi_session.WAITING_SESSIONS
except ImportError:  # said properly by adapter.requires() before anything is called
    _Base = object

if TYPE_CHECKING:
    from typing import Self


@dataclass(frozen=True)
class Algorithms:
    """A cipher suite: IPMI 2.0 table 22-20, algorithm numbers of tables 13-17 to 13-19."""

    title: str
    #: pyghmi's word for the hash of its proposal.
    pyghmi_hash: int
    authentication: int
    integrity: int
    confidentiality: int


ALGORITHMS = {
    17: Algorithms("RAKP-HMAC-SHA256, HMAC-SHA256-128, AES-CBC-128", 256, 3, 4, 1),
    3: Algorithms("RAKP-HMAC-SHA1, HMAC-SHA1-96, AES-CBC-128", 1, 1, 1, 1),
}


#: Status 'invalid session ID' (table 13-15): what a repetition leads to, not what a BMC thinks of an account.
#: The log-in is begun anew when its time is over.
_NO_SUCH_SESSION = 0x02
#: Payload type of serial over LAN (table 13-16).
_CONSOLE_PAYLOAD = 1


class WireSession(_Base):
    """A session that logs in asynchronously and never falls back.

    ``refused``: (stage, status code) when the BMC refused; ``objection``: a sentence when
    we did; ``heard``: whether anything at all came from the BMC; ``stage``: how far we got.
    """

    def __new__(cls, bmc: str, *args: Any, port: int, **kwargs: Any) -> Self:
        """A session of its own. pyghmi hands out an open one again when address, user and password are the
        same, and calls that a log-in: a password was then proved without a packet, and whoever ended the
        second ended the first.
        """
        self = object.__new__(cls)
        # By its socket a packet finds its session: two of one BMC cannot share one.
        handlers = list(pyghmi_session.Session.bmc_handlers.values())
        others = [other for by_port in handlers for other in list(by_port.values())]
        self.forbidsock = [other.socket for other in others if (other.bmc, other.port) == (bmc, port)]
        return self

    def __init__(self, *args: Any, cipher_suite: int, patience_s: float, **kwargs: Any) -> None:
        """:param patience_s: seconds before a log-in that stands still is begun anew."""
        self.suite = ALGORITHMS[cipher_suite]
        self.patience_s = patience_s
        self.refused: tuple[str, int] | None = None
        self.objection: str | None = None
        self.heard = False
        self.stage = "first question"
        self._asked_at_once = False
        super().__init__(*args, **kwargs)

    # Log-in: what pyghmi would decide by itself --------------------------------------

    def _initsession(self) -> None:
        super()._initsession()
        self.attemptedhash = self.suite.pyghmi_hash
        # Others for each attempt, where pyghmi has the same ones: what a slow BMC says to one that was given
        # up does not fit the next one's secrets, and would look like a wrong password.
        self.localsid = random.randrange(1, 0x7FFFFFFF)
        self.rmcptag = random.randrange(1, 200)
        # The caller's deadline ends the log-in, not pyghmi's count of tries.
        self.timeout = 0.9 + 0.2 * random.random()
        self.maxtimeout = 3600
        self.ipmi15only = None

    def _get_channel_auth_cap(self) -> None:
        """The first question: does the BMC speak IPMI 2.0? At first it is left out, for an answer to the
        request for a session tells it as well. When there is none, it is asked, for then it tells more.
        """
        if self._asked_at_once:
            super()._get_channel_auth_cap()
            return
        self._asked_at_once = True
        self.ipmiversion = 2.0
        # A log-in has three answers then, in twice the patience: a slow BMC may take its share for this one.
        self.timeout = self.patience_s * 2 / 3
        self._open_rmcpplus_request()

    def _timedout(self) -> None:
        if self.lastpayload and self.stage == "first question" and self.sessioncontext == "OPENSESSION":
            # Lost, or of no meaning to it: an older BMC does not know the request and is silent.
            self._relog()
            return
        super()._timedout()

    def _handle_ipmi_packet(self, *args: Any, **kwargs: Any) -> Any:
        self.heard = True
        return super()._handle_ipmi_packet(*args, **kwargs)

    def _got_channel_auth_cap(self, response: dict[str, Any]) -> None:
        data = response.get("data", b"")
        code = response.get("code", 0)
        speaks_2_0 = len(data) > 3 and data[1] & 0x80 and data[3] & 0x02
        if code == 0xCC or (code == 0 and not speaks_2_0):
            self.objection = "it speaks IPMI 1.5 only, which has no encryption"
            self.onlogon({"error": self.objection})
            return
        self.stage = "open session"
        super()._got_channel_auth_cap(response)

    def _got_rmcp_response(self, data: bytearray) -> Any:
        if self.sessioncontext != "OPENSESSION" or self._stale(data):
            return -9
        if data[1] != 0:
            return self._refuse("open session", data[1])
        # Offsets of the three algorithm payloads: IPMI 2.0 table 13-10.
        chosen = tuple(data[offset] & 0x3F for offset in (16, 24, 32)) if len(data) >= 36 else ()
        wanted = (self.suite.authentication, self.suite.integrity, self.suite.confidentiality)
        if chosen != wanted:
            self.objection = f"it chose other algorithms {chosen} than the {wanted} asked for"
            self.onlogon({"error": self.objection})
            return -9
        self.stage = "user name"
        # From here on pyghmi begins anew where it waited in vain, and a BMC may need seconds for its sums.
        self.timeout = self.patience_s
        return super()._got_rmcp_response(data)

    def _got_rakp2(self, data: bytearray) -> Any:
        if self.sessioncontext != "EXPECTINGRAKP2" or self._stale(data):
            return -9
        if data[1] not in (0, _NO_SUCH_SESSION):
            return self._refuse("user name", data[1])
        if data[1] == 0:
            self.stage = "password"
        return super()._got_rakp2(data)

    def _got_rakp4(self, data: bytearray) -> Any:
        if self.sessioncontext != "EXPECTINGRAKP4" or self._stale(data):
            return -9
        if data[1] == _NO_SUCH_SESSION:
            return -9
        if data[1] != 0:
            return self._refuse("password", data[1])
        return super()._got_rakp4(data)

    def _stale(self, data: bytearray) -> bool:
        """Whether it is not said to this attempt (IPMI 2.0 tables 13-10, 13-12 and 13-14: our number of the
        session is in bytes 5 to 8). Some BMCs leave the number out, or at 0, when they refuse.
        """
        if len(data) < 2 or data[0] != self.rmcptag:
            return True
        number = int.from_bytes(data[4:8], "little")
        return number != self.localsid and (data[1] == 0 or number != 0)

    def _refuse(self, stage: str, status: int) -> int:
        self.refused = (stage, status)
        self.onlogon({"error": f"status 0x{status:02x}"})
        return -9

    def _req_priv_level(self) -> None:
        # pyghmi asks here, waiting by its own clock, and takes less when it gets less. The
        # caller asks, as its first command.
        self.stage = "session"
        self.logged = 1
        self.logging = False
        self.logoutexpiry = None
        self.logontries = 0
        self.onlogon({"success": True})

    # Commands: one at a time, by the caller's clock ----------------------------------

    def exchange(
        self,
        netfn: int,
        command: int,
        data: Sequence[int],
        *,
        deadline: Callable[[], float],
        patience_s: float | None,
        rslun: int = 0,
    ) -> dict[str, Any] | None:
        """Send a command and wait for its answer.

        A repetition carries the same sequence number, so that an answer to either counts
        and a late second one is dropped.

        :param deadline: gives the seconds that are left.
        :param patience_s: seconds before it is sent again; ``None``: never.
        :returns: the response with its completion code, ``None`` when none came in time.
        """
        answers: list[dict[str, Any]] = []
        answered = threading.Event()

        def keep(answer: dict[str, Any]) -> None:
            if (answer.get("netfn"), answer.get("command")) != (netfn + 1, command):
                return
            answers.append(answer)
            answered.set()

        try:
            while not answers and deadline() > 0:
                self.incommand = False
                super().raw_command(netfn, command, data=data, retry=False, callback=keep, rslun=rslun)
                left = deadline() if patience_s is None else patience_s
                PUMP.wait(answered, min(left, deadline()))
                if patience_s is None:
                    break
                patience_s *= 2
        except pyghmi_errors.IpmiException:
            return None
        finally:
            if not answers:
                # An answer that comes yet must not be taken for one to the next command.
                self.request_entry.clear()
                self.seqlun = (self.seqlun + 1) & 0x3F
            self.incommand = False
            self.ipmicallback = self._generic_callback
            while self.evq:
                self.evq.popleft().set()
        return answers[0] if answers else None

    def raw_command(self, netfn: int, command: int, **options: Any) -> Any:
        """What pyghmi's own helpers (FRU, sensors, event log) call on a session."""
        if options.get("callback") is not None or not self.logged or self.helper_deadline is None:
            return super().raw_command(netfn, command, **options)
        response = self.exchange(
            netfn,
            command,
            options.get("data", ()),
            deadline=self.helper_deadline,
            patience_s=1.5,
            rslun=options.get("rslun", 0),
        )
        if response is None:
            raise pyghmi_errors.IpmiException("no answer within the deadline")
        error = pyghmi_session.get_ipmi_error(response)
        if error:
            response["error"] = error
        return response

    # Serial over LAN ---------------------------------------------------------------------

    @property
    def managed_id(self) -> int:
        """The BMC's number of this session, by which it says who has a payload."""
        return int(self.sessionid)

    def on_console(self, handler: Callable[[Any], None] | None) -> None:
        """Have console packets handed on, in the thread that handles packets: its bytes, or a dict when the
        session broke.
        """
        self.sol_handler = handler

    def send_console(self, payload: bytes) -> None:
        """Send one console packet, as it is, once: repeating it is the console's own business (section
        15.11)."""
        self.send_payload(bytearray(payload), payload_type=_CONSOLE_PAYLOAD, retry=False)

    #: pyghmi's number of the next question.
    seqlun: int

    #: The clock of :meth:`raw_command`; set while helpers of pyghmi work on this session.
    helper_deadline: Callable[[], float] | None = None

    # The end --------------------------------------------------------------------------

    def close(self, deadline: Callable[[], float]) -> None:
        """Give the session back. Waits for the BMC's word only as long as the deadline says."""
        if self.logged:
            handle = self.sessionid.to_bytes(4, "little")
            self.exchange(0x06, 0x3C, list(handle), deadline=deadline, patience_s=None)
        self.abandon()

    def abandon(self) -> None:
        """Forget the session without a word to the BMC."""
        self.logged = 0
        self.incommand = False
        with contextlib.suppress(KeyError, AttributeError):
            self._mark_broken("ended")
