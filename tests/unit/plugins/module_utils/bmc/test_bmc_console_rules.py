# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets of a console that are repeated, refused or cut; and what of a console's text reaches the file."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls.call import Each
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls.console import SOL_CAPTURE
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.capture import (
    Capture,
    Log,
    capture,
    plain,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi import sol
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Unreachable

NACK, DEACTIVATED, OVERRUN = 0x40, 0x10, 0x08


class FakeWire:
    """Keeps what is sent; what is typed is answered by a test."""

    managed_id = 7

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.answer: Any = lambda _packet: None
        self.handler: Any = None

    def send_console(self, packet: bytes) -> None:
        self.sent.append(packet)
        self.answer(packet)

    def on_console(self, handler: Any) -> None:
        self.handler = handler


@pytest.fixture
def wire() -> FakeWire:
    return FakeWire()


@pytest.fixture
def console(wire: FakeWire, monkeypatch: pytest.MonkeyPatch) -> sol.SolConsole:
    def wait(event: threading.Event, _seconds: float) -> bool:
        return event.is_set()

    monkeypatch.setattr(sol, "PUMP", SimpleNamespace(wait=wait))
    session: Any = SimpleNamespace(wire=wire, name="db")
    return sol.SolConsole(session)


def packet(number: int, data: bytes = b"", ack: int = 0, count: int = 0, status: int = 0) -> bytes:
    return bytes([number, ack, count, status]) + data


def test_what_comes_is_acknowledged_with_its_length(console: sol.SolConsole, wire: FakeWire) -> None:
    console.got(packet(1, b"abc"))
    console.got(packet(2, b"de"))
    assert console.read(0) == b"abcde"
    assert wire.sent == [bytes([0, 1, 3, 0]), bytes([0, 2, 2, 0])]
    assert console.read(0) == b""


def test_a_repetition_adds_only_what_is_new_in_it(console: sol.SolConsole, wire: FakeWire) -> None:
    console.got(packet(3, b"boot"))
    console.got(packet(3, b"boot"))
    console.got(packet(3, b"booting"))
    console.got(packet(3, b"boot"))
    assert console.read(0) == b"booting"
    assert [sent[2] for sent in wire.sent] == [4, 4, 7, 7]
    # The number comes round again with other text.
    console.got(packet(4, b"x"))
    console.got(packet(3, b"new"))
    assert console.read(0) == b"xnew"


def test_an_acknowledgement_alone_is_not_acknowledged(console: sol.SolConsole, wire: FakeWire) -> None:
    console.got(packet(0, ack=5, count=1))
    console.got(b"\x01")
    assert wire.sent == []


def test_what_the_bmc_dropped_and_that_it_ended_it_is_known(console: sol.SolConsole) -> None:
    console.got(packet(1, b"last words", status=OVERRUN))
    assert console.dropped
    console.got(packet(0, status=DEACTIVATED))
    assert console.read(0) == b"last words"
    with pytest.raises(errors.NotNow, match="the console was lost"):
        console.read(0)
    assert not console.ours


def test_a_broken_session_ends_it(console: sol.SolConsole) -> None:
    console.got({"error": "Session Disconnected"})
    with pytest.raises(errors.NotNow, match="the session broke"):
        console.read(0)


def test_what_the_bmc_did_not_take_is_typed_again(console: sol.SolConsole, wire: FakeWire) -> None:
    typed = bytearray()

    def answer(sent: bytes) -> None:
        if not sent[0]:
            return
        # It takes five characters at a time.
        taken = sent[4:9]
        typed.extend(taken)
        console.got(packet(0, ack=sent[0], count=len(taken)))

    wire.answer = answer
    console.send(b"linux single root=/dev/sda1\r")
    assert typed == b"linux single root=/dev/sda1\r"
    numbers = [sent[0] for sent in wire.sent]
    assert all(first != second for first, second in zip(numbers, numbers[1:], strict=False))
    assert set(numbers) <= set(range(1, 16))


def test_a_bmc_that_takes_nothing_is_not_typed_at_for_ever(console: sol.SolConsole, wire: FakeWire) -> None:
    def answer(sent: bytes) -> None:
        console.got(packet(0, ack=sent[0], count=0, status=NACK))

    wire.answer = answer
    with pytest.raises(Unreachable, match="type at the console"):
        console.send(b"x")
    assert len(wire.sent) == 5


# The session's side -------------------------------------------------------------------------


class FakeSession:
    """Answers commands from a table by their number."""

    name = "db"
    deadline = None
    target = SimpleNamespace(port=623)

    def __init__(self, wire: FakeWire, **answers: Any) -> None:
        self.wire = wire
        self.answers = answers
        self.commands: list[int] = []

    def command(self, what: str, netfn: int, command: int, data: Any = (), **_more: Any) -> bytes:
        self.commands.append(command)
        answer = self.answers.get(f"c{command:02x}", b"")
        if isinstance(answer, Exception):
            raise answer
        return bytes(answer)


ACTIVATED = bytes([0, 0, 0, 0, 32, 0, 255, 0, 0x6F, 0x02, 0xFF, 0xFF])


def test_the_console_is_given_back_whatever_happens(wire: FakeWire) -> None:
    session: Any = FakeSession(wire, c48=ACTIVATED)

    def break_off() -> None:
        with sol.console(session) as opened:
            assert opened.most_typed == 32
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    assert session.commands == [0x48, 0x49]
    assert wire.handler is None


def test_what_another_has_now_is_not_given_back(wire: FakeWire) -> None:
    session: Any = FakeSession(wire, c48=ACTIVATED)

    def lose() -> None:
        with sol.console(session) as opened:
            opened.got(packet(0, status=DEACTIVATED))
            opened.read(0)

    with pytest.raises(errors.NotNow):
        lose()
    assert session.commands == [0x48]


@pytest.mark.parametrize(
    ("code", "kind", "cause"),
    [
        (0x80, errors.NotNow, "somebody has it"),
        (0x81, errors.CommandUnsupported, "switched off"),
        (0x83, errors.BmcError, "0x83"),
    ],
)
def test_why_a_console_does_not_open(wire: FakeWire, code: int, kind: type[Exception], cause: str) -> None:
    session: Any = FakeSession(wire, c48=errors.command_failed("db", "open", code))
    with pytest.raises(kind, match=cause), sol.console(session):
        pytest.fail("it did not open")
    assert wire.handler is None


def test_a_console_at_another_port_is_refused(wire: FakeWire) -> None:
    session: Any = FakeSession(wire, c48=ACTIVATED[:8] + bytes([0x39, 0x30, 0xFF, 0xFF]))
    with pytest.raises(errors.CommandUnsupported, match="UDP port"), sol.console(session):
        pytest.fail("it did not open")


def test_who_has_the_console_is_told_as_far_as_the_bmc_does(wire: FakeWire) -> None:
    def who(**answers: Any) -> Any:
        session: Any = FakeSession(wire, **answers)
        return sol.holder(session)

    active = bytes([1, 1, 0])
    assert who(c4a=bytes([1, 0, 0])) is None
    assert who(c4a=active, c4b=bytes([7, 0, 0, 0])).own is True
    unknown = errors.command_failed("db", "read", 0xC1)
    assert who(c4a=active, c4b=unknown).who == "another session"
    assert who(c4a=active, c4b=bytes([9, 0, 0, 0]), c3d=unknown).who == "another session (0x00000009)"
    told = bytes([1, 5, 1, 3, 4, 0x11, 10, 0, 0, 99])
    names = {"c44": bytes([3, 0x43, 0, 0x14]), "c46": b"ops".ljust(16, b"\0")}
    assert who(c4a=active, c4b=bytes([9, 0, 0, 0]), c3d=told, **names).who == "the account ops from 10.0.0.99"


# The file -----------------------------------------------------------------------------------


def log(**options: Any) -> tuple[io.BytesIO, Log]:
    file = io.BytesIO()
    return file, Log(file, Capture(Path("x"), 1, **{"stamps": False, **options}))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("\x1b[1;32mok\x1b[0m", "ok"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]0;title\x1b\\text", "text"),
        ("\x1b(Btext\x1b=\x08", "text"),
        ("\x1bMup", "up"),
        ("tab\tstays 机房", "tab\tstays 机房"),
    ],
)
def test_control_sequences_are_left_out(text: str, left: str) -> None:
    assert plain(text) == left


def test_a_sequence_in_two_packets_is_still_one() -> None:
    file, kept = log()
    for piece in (b"\x1b[3", b"1mred\x1b[0", b"m\r", b"\n\xe6\x9c", b"\xba\r\n"):
        kept.take(piece)
    assert file.getvalue().decode() == "red\n机\n"
    assert kept.window == "red\r\n机\r\n"


def test_a_line_is_in_the_file_as_soon_as_it_ends_and_the_rest_at_the_end(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        kept = Log(file, Capture(Path("x"), 1, stamps=False))
        kept.take(b"one\r\ntw")
        assert (tmp_path / "log").read_text() == "one\n"
        kept.take(b"o")
        kept.end()
    assert (tmp_path / "log").read_text() == "one\ntwo\n"
    assert kept.result() == {"bytes": 8, "tail": ["one", "two"]}


def test_a_flood_without_line_ends_is_not_kept_in_memory() -> None:
    file, kept = log()
    for _time in range(100):
        kept.take(b"x" * 1000)
    assert len(file.getvalue()) > 90000
    assert len(kept.window) <= 65536


def test_so_many_last_lines_are_given_back() -> None:
    _file, kept = log(tail=2)
    kept.take(b"a\nb\nc\n")
    assert kept.result()["tail"] == ["b", "c"]
    _file, none = log(tail=0)
    none.take(b"a\n")
    assert none.result()["tail"] == []


class FakeConsole:
    """Repeats what is typed at it, as consoles do."""

    dropped = False

    def __init__(self) -> None:
        self.typed = b""

    def send(self, data: bytes) -> None:
        self.typed += data

    def read(self, _seconds: float) -> bytes:
        return b"login: " + self.typed + b"\nWelcome\n"


class FakeBmc:
    name = "db"
    held: Any = None

    def __init__(self, lost: Exception | None = None) -> None:
        self.lost = lost
        self.typed_at = FakeConsole()

    def console_holder(self) -> Any:
        return self.held

    @contextmanager
    def console(self) -> Iterator[FakeConsole]:
        if self.lost is not None:
            raise self.lost
        yield self.typed_at


def test_a_console_that_does_not_open_leaves_the_capture_before_it(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("why it did not boot\n")
    wanted = Capture(path, 1.0, until="Welcome")
    with pytest.raises(Unreachable):
        capture(FakeBmc(Unreachable("open the console", device="db")), wanted)  # type: ignore[arg-type]
    assert path.read_text() == "why it did not boot\n"
    capture(FakeBmc(), wanted)  # type: ignore[arg-type]
    assert "boot" not in path.read_text()
    assert "Welcome" in path.read_text()


def test_a_secret_is_typed_and_not_shown(tmp_path: Path) -> None:
    params = {name: option.get("default") for name, option in SOL_CAPTURE.options.items()}
    given = {**params, "path": str(tmp_path / "log"), "until": "Welcome", "send_secret": "S3same,open\r"}
    bmc = FakeBmc()
    done = SOL_CAPTURE.work(bmc, given, False)  # type: ignore[arg-type]
    assert bmc.typed_at.typed == b"S3same,open\r"
    assert "S3same" not in str(done)
    assert "Welcome" in done["tail"]
    assert SOL_CAPTURE.options["send_secret"]["no_log"] is True
    each = Each([], {"db": {**given, "send": "x"}})
    assert SOL_CAPTURE.around is not None
    with pytest.raises(DatacenterError, match="both to be typed first"), SOL_CAPTURE.around(each, True):
        pass
