# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors told apart, and a log-in that does not fall back."""

from __future__ import annotations

import errno
import fcntl
import inspect
import resource
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from pyghmi.ipmi.private import session as pyghmi_session

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi import packets, session, wire
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Deadline, Target, alone
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Unreachable

SECRET = "correct horse bat"
TARGET = Target("db", "127.0.0.1", "ops", SECRET, answer_s=0.2)


CLAIM = (0x06, 0x3B)
STATUS = (0x00, 0x01)
CONTROL = (0x00, 0x02)


class FakeWire:
    """A session whose answers are scripted: a completion code, or (code, data), or None.

    :ivar asked: network function and command of each question, the claim of a privilege level included.
    """

    def __init__(self, *answers: Any, claim: Any = 0) -> None:
        self.answers = list(answers)
        self.claim = claim
        self.asked: list[tuple[int, int]] = []
        self.patience: list[float | None] = []
        self.closed = 0

    def exchange(
        self, netfn: int, command: int, _data: Any, *, deadline: Any, patience_s: Any, rslun: int = 0
    ) -> Any:
        self.asked.append((netfn, command))
        if (netfn, command) == CLAIM:
            answer = self.claim
        else:
            self.patience.append(patience_s)
            answer = self.answers.pop(0) if self.answers else 0
        if answer is None:
            time.sleep(deadline())
            return None
        code, data = answer if isinstance(answer, tuple) else (answer, b"\x04")
        return {"code": code, "data": data}

    def close(self, _deadline: Any) -> None:
        self.closed += 1


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (0xC1, errors.CommandUnsupported),
        (0xCC, errors.CommandUnsupported),
        (0xD4, errors.PrivilegeTooLow),
        (0xD5, errors.NotNow),
        (0xFF, errors.BmcError),
    ],
)
def test_a_completion_code_says_what_kind(code: int, kind: type[Exception]) -> None:
    bmc = session.Session(TARGET, FakeWire(code))  # type: ignore[arg-type]
    with pytest.raises(errors.BmcError) as error:
        bmc.command("do it", 0, 2)
    assert error.value.__class__ is kind
    assert f"0x{code:02x}" in str(error.value)
    assert error.value.next_step


def test_a_busy_bmc_is_asked_again_unless_it_must_not_be() -> None:
    target = Target("db", "a", "u", "p", answer_s=2)
    wire_session = FakeWire(0xC0, 0)
    assert session.Session(target, wire_session).command("do", 0, 1) == b"\x04"  # type: ignore[arg-type]
    with pytest.raises(errors.BmcError):
        session.Session(target, FakeWire(0xC0, 0)).command("do", 0, 2, once=True)  # type: ignore[arg-type]


def test_a_command_for_once_is_not_repeated() -> None:
    wire_session = FakeWire(0, 0)
    bmc = session.Session(TARGET, wire_session)  # type: ignore[arg-type]
    bmc.command("do", 0, 2, once=True)
    bmc.command("do", 0, 2)
    assert wire_session.patience[0] is None
    assert wire_session.patience[1] is not None


def test_silence_in_a_session_is_unreachable_within_the_operation() -> None:
    bmc = session.Session(TARGET, FakeWire(None), Deadline(0.05))  # type: ignore[arg-type]
    start = time.monotonic()
    with pytest.raises(Unreachable):
        bmc.command("do", 0, 1)
    assert time.monotonic() - start < 0.15


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (0x01, errors.NoSessionLeft),
        (0x0B, errors.NoSessionLeft),
        (0x04, errors.CipherRefused),
        (0x11, errors.CipherRefused),
        (0x09, errors.PrivilegeTooLow),
        (0x0A, errors.PrivilegeTooLow),
        (0x0D, errors.WrongPassword),
        (0x0F, errors.WrongPassword),
        (0x12, errors.BmcError),
    ],
)
def test_a_refused_session_says_what_kind(status: int, kind: type[Exception]) -> None:
    error = errors.session_refused("db", status, "password", 17)
    assert error.__class__ is kind
    assert "cipher suite 17" in str(error)


@pytest.mark.parametrize("answer", [0x80, 0x81, (0, b"\x02"), (0, b"")])
def test_a_privilege_that_is_not_granted_is_noticed(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    fake = FakeWire(claim=answer)
    monkeypatch.setattr(session, "_log_in", lambda *_: fake)
    with pytest.raises(errors.PrivilegeTooLow), session.open_session(TARGET) as opened:
        opened.command("switch it off", *CONTROL, once=True)
    assert fake.asked == [CLAIM]
    assert fake.closed == 1


def test_a_level_that_was_not_granted_is_asked_for_again_before_anything_else() -> None:
    fake = FakeWire(claim=0x81)
    bmc = session.Session(TARGET, fake)  # type: ignore[arg-type]
    for _turn in range(2):
        with pytest.raises(errors.PrivilegeTooLow):
            bmc.command("switch it off", *CONTROL, once=True)
    assert fake.asked == [CLAIM, CLAIM]


def test_a_level_is_claimed_once_and_only_for_what_needs_it() -> None:
    fake = FakeWire()
    bmc = session.Session(TARGET, fake)  # type: ignore[arg-type]
    bmc.command("read the chassis status", *STATUS)
    assert fake.asked == [STATUS]
    bmc.command("switch it off", *CONTROL, once=True)
    bmc.command("switch it off", *CONTROL, once=True)
    assert fake.asked == [STATUS, CLAIM, CONTROL, CONTROL]


def test_a_bmc_that_wants_a_level_for_its_status_gets_it() -> None:
    fake = FakeWire(0xD4, 0)
    bmc = session.Session(TARGET, fake)  # type: ignore[arg-type]
    assert bmc.command("read the chassis status", *STATUS) == b"\x04"
    assert fake.asked == [STATUS, CLAIM, STATUS]


def test_one_operation_at_a_time_on_one_bmc() -> None:
    with alone(TARGET), pytest.raises(errors.NoSessionLeft, match="another operation"), alone(TARGET):
        pytest.fail("two operations at once")
    with alone(TARGET):
        pass


def test_no_password_in_what_may_be_printed() -> None:
    assert SECRET not in repr(TARGET)
    assert SECRET not in str(errors.wrong_password("db"))


# The log-in, fed by hand --------------------------------------------------------------------


LOCAL_SID = bytes([4, 3, 2, 1])


def login(suite: int) -> tuple[wire.WireSession, list[dict[str, Any]]]:
    """A session in the middle of its log-in, without a socket."""
    outcome: list[dict[str, Any]] = []
    wire_session = object.__new__(wire.WireSession)
    wire_session.suite = wire.ALGORITHMS[suite]
    wire_session.refused = wire_session.objection = None
    wire_session.stage = "open session"
    wire_session.rmcptag = 7
    wire_session.localsid = 0x01020304
    wire_session.sessioncontext = "OPENSESSION"
    wire_session.onlogon = outcome.append
    return wire_session, outcome


def chosen(authentication: int, integrity: int, confidentiality: int) -> bytearray:
    data = bytearray(36)
    data[0] = 7
    data[4:8] = LOCAL_SID
    data[16], data[24], data[32] = authentication, integrity, confidentiality
    return data


@pytest.mark.parametrize("status", [0x01, 0x04, 0x11])
def test_a_refused_proposal_ends_the_log_in(status: int) -> None:
    wire_session, outcome = login(17)
    wire_session._got_rmcp_response(bytearray([7, status, 0, 0]))
    assert wire_session.refused == ("open session", status)
    assert "error" in outcome[0]


@pytest.mark.parametrize(
    ("handler", "context"),
    [
        ("_got_rmcp_response", "OPENSESSION"),
        ("_got_rakp2", "EXPECTINGRAKP2"),
        ("_got_rakp4", "EXPECTINGRAKP4"),
    ],
)
def test_a_refusal_of_another_attempt_does_not_end_this_one(handler: str, context: str) -> None:
    for refusal, ends in (
        ([7, 0x01, 0, 0, *LOCAL_SID], True),
        ([7, 0x01, 0, 0, 0, 0, 0, 0], True),
        ([7, 0x01, 0, 0, 9, 9, 9, 9], False),
        ([8, 0x01, 0, 0, *LOCAL_SID], False),
    ):
        wire_session, outcome = login(17)
        wire_session.sessioncontext = context
        getattr(wire_session, handler)(bytearray(refusal))
        assert bool(outcome) is ends, refusal


@pytest.mark.parametrize(
    ("handler", "context"), [("_got_rakp2", "EXPECTINGRAKP2"), ("_got_rakp4", "EXPECTINGRAKP4")]
)
def test_a_session_number_that_a_repetition_made_invalid_is_no_refusal(handler: str, context: str) -> None:
    wire_session, outcome = login(17)
    wire_session.sessioncontext = context
    wire_session.privlevel = 4
    wire_session.autopriv = False
    getattr(wire_session, handler)(bytearray([7, 0x02, 0, 0, *LOCAL_SID]))
    assert (wire_session.refused, outcome) == (None, [])
    assert wire_session.stage == "open session"


@pytest.mark.parametrize("algorithms", [(1, 1, 1), (0, 0, 0), (3, 4, 0), (3, 0, 1)])
def test_a_bmc_that_chooses_weaker_algorithms_is_not_followed(algorithms: tuple[int, int, int]) -> None:
    wire_session, outcome = login(17)
    wire_session._got_rmcp_response(chosen(*algorithms))
    assert "other algorithms" in str(wire_session.objection)
    assert "error" in outcome[0]


def test_a_bmc_without_ipmi_2_is_not_followed() -> None:
    wire_session, outcome = login(3)
    wire_session._got_channel_auth_cap({"code": 0, "data": bytes([1, 0x04, 0, 0, 0, 0, 0, 0])})
    assert "IPMI 1.5 only" in str(wire_session.objection)
    assert "error" in outcome[0]


class OldBmc(threading.Thread):
    """A BMC from before IPMI 2.0, at a UDP port: it knows no RMCP+ and is silent to it.

    :ivar heard: the authentication type of each packet (6: RMCP+).
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.heard: list[int] = []

    def run(self) -> None:
        while True:
            packet, client = self.socket.recvfrom(512)
            if not packet:
                return
            self.heard.append(packet[4])
            if packet[4] == 0:
                self.socket.sendto(self._capabilities(packet[18]), client)

    def _capabilities(self, sequence: int) -> bytes:
        """Channel 1, MD5 only, nothing of IPMI 2.0 (section 22.13)."""
        body = bytes([0x20, sequence, 0x38, 0, 1, 0x04, 0, 0, 0, 0, 0, 0])
        payload = bytes([0x81, 0x1C, 0x63]) + body + bytes([-sum(body) & 0xFF])
        return b"\x06\x00\xff\x07" + bytes(9) + bytes([len(payload)]) + payload

    def end(self) -> None:
        self.socket.sendto(b"", ("127.0.0.1", self.port))
        self.join()
        self.socket.close()


def test_a_bmc_that_is_silent_to_a_request_for_a_session_is_asked_what_it_speaks() -> None:
    bmc = OldBmc()
    bmc.start()
    target = Target("db", "127.0.0.1", "ops", SECRET, port=bmc.port, answer_s=1.5)
    try:
        with pytest.raises(errors.CipherRefused, match="IPMI 1.5 only"), session.open_session(target):
            pytest.fail("a session without encryption")
    finally:
        bmc.end()
    assert bmc.heard == [6, 0]


def test_pyghmi_has_one_lock_where_two_stand_still() -> None:
    """Sending takes first one and then the other; a repetition that is due, the other way round."""
    assert pyghmi_session.KEEPALIVE_SESSIONS is pyghmi_session.WAITING_SESSIONS
    source = inspect.getsource(pyghmi_session.Session.send_payload)
    assert source.index("KEEPALIVE_SESSIONS") < source.index("_xmit_packet")
    assert "WAITING_SESSIONS" in inspect.getsource(pyghmi_session.Session._xmit_packet)


class Inbox:
    """A socket in which packets lie, each from somebody."""

    def __init__(self, *senders: str) -> None:
        self.packets = [(b"1234", (sender, 623)) for sender in senders]

    def getsockname(self) -> tuple[str, int]:
        return ("", 7)

    def recvfrom(self, _size: int, _flags: int) -> Any:
        if not self.packets:
            raise BlockingIOError
        return self.packets.pop(0)


def test_a_session_that_ends_while_its_packet_is_handed_on_ends_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Vanishing(dict[Any, Any]):
        def __contains__(self, who: Any) -> bool:
            return True

    stays = SimpleNamespace(pktqueue=[])
    monkeypatch.setattr(pyghmi_session.Session, "bmc_handlers", Vanishing({("b", 623): {7: stays}}))
    monkeypatch.setattr(pyghmi_session, "sessionqueue", [])
    inbox = SimpleNamespace(readable=lambda _seconds: [Inbox("a", "b")])
    monkeypatch.setattr(pyghmi_session, "iosockets", inbox)
    assert pyghmi_session._poller(timeout=0) is True
    assert [packet[0] for packet in stays.pktqueue] == [b"1234"]


@pytest.fixture
def many_files() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, before[1]), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_socket_of_any_number_is_read_and_a_closed_one_ends_nothing(many_files: None) -> None:
    near, far = socket.socketpair()
    other, _end = socket.socketpair()
    with near, far, _end, socket.socket(fileno=fcntl.fcntl(near, fcntl.F_DUPFD, 1500)) as high:
        sockets = packets.Sockets()
        sockets.append(other)
        sockets.append(high)
        other.close()
        far.send(b"x")
        assert sockets.readable(5) == [high]


def test_a_socket_that_is_added_while_the_reader_sleeps_is_read() -> None:
    """With more BMCs than fit on a socket, the next one's answers would wait until somebody looks again."""
    quiet, _other = socket.socketpair()
    near, far = socket.socketpair()
    sockets = packets.Sockets()
    sockets.append(quiet)
    with quiet, _other, near, far, ThreadPoolExecutor(1) as reader:
        read = reader.submit(sockets.readable, 30)
        time.sleep(0.2)
        sockets.append(near)
        far.send(b"x")
        assert read.result(timeout=10) == [near]


def test_a_machine_without_a_file_left_is_no_silent_bmc(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_target: Target) -> str:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(session, "_routed", full)
    with pytest.raises(DatacenterError, match="ulimit") as error, session.open_session(TARGET):
        pytest.fail("a session without a socket")
    assert not isinstance(error.value, Unreachable)


def test_what_is_overridden_exists_in_pyghmi() -> None:
    """A new pyghmi that renames them would bring its fall-backs back without a word."""
    ours = {
        "_initsession", "_handle_ipmi_packet", "_got_channel_auth_cap", "_got_rmcp_response", "_got_rakp2",
        "_got_rakp4", "_req_priv_level", "raw_command", "_get_channel_auth_cap", "_timedout",
    }  # fmt: skip
    assert ours <= set(vars(wire.WireSession))
    assert ours <= set(vars(pyghmi_session.Session))
    source = inspect.getsource(pyghmi_session.Session)
    for used in (
        "attemptedhash",
        "maxtimeout",
        "ipmi15only",
        "incommand",
        "evq",
        "lastpayload",
        "_mark_broken",
        "request_entry",
        "seqlun",
        "forbidsock",
        "bmc_handlers",
    ):
        assert used in source
    reading = inspect.getsource(pyghmi_session)
    for used in (
        "if _poller(timeout=timeout):",
        "_io_graball(iosockets, directediowaiters)",
        "_io_recvfrom(mysocket, 3000)",
        "_io_sendto(self.socket, self.netpacket, self.sockaddr)",
        "_io_wait(timeout, self.sockaddr)",
        "_io_wait(self._isincommand(), self.sockaddr, self.evq)",
        "iosockets.append(tmpsocket)",
        "if iothread is None:",
        "elif not iothreadready:",
        "curtime = _monotonic_time()",
    ):
        assert used in reading
