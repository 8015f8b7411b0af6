# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server's console through its BMC: a real terminal prints a boot log; ipmitool is the other client."""

from __future__ import annotations

import contextlib
import os
import pty
import random
import stat
import subprocess
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bmc_bench import PASSWORD, USER, Simulated
from lossy import ANSWER_S, RELAY, WIRES, every_nth_lost
from test_bmc_modules import Runner, task

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.capture import Capture, capture
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused

BOOT = (
    "\x1b[2J\x1b[1;1H\x1b[0mGRUB loading.\r\n"
    "\x1b[32m[    0.000000]\x1b[0m Linux version 6.1.0-34-amd64\r\n"
    "[    1.204311] ata1: SATA link down\r\n"
    "[    2.000001] Kernel panic - not syncing: VFS: Unable to mount root fs\r\n"
)


class Printer:
    """The server's end of the console."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.typed = b""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        os.set_blocking(self.descriptor, False)
        while not self._stop.wait(0.01):
            with contextlib.suppress(BlockingIOError, OSError):
                self.typed += os.read(self.descriptor, 4096)

    def print(
        self, *texts: str | bytes, opened: Callable[[], bool], pause_s: float = 0.0, times: int = 1
    ) -> None:
        """Print each text, in a thread, once somebody has opened the console: before that nobody would see
        it.

        :param pause_s: before each.
        """

        def work() -> None:
            end = time.monotonic() + 60
            while not opened() and time.monotonic() < end:
                time.sleep(0.05)
            for text in texts * times:
                if self._stop.wait(pause_s):
                    return
                self._write(text if isinstance(text, bytes) else text.encode())

        threading.Thread(target=work, daemon=True).start()

    def _write(self, left: bytes) -> None:
        while left and not self._stop.is_set():
            with contextlib.suppress(BlockingIOError):
                left = left[os.write(self.descriptor, left[:512]) :]
            time.sleep(0.001)

    def end(self) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def console() -> Iterator[tuple[Printer, str]]:
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    name = os.ttyname(theirs)
    printer = Printer(ours)
    yield printer, name
    printer.end()
    os.close(ours)
    os.close(theirs)
    # The simulator locks its terminal as UUCP did, and is killed before it could unlock it.
    Path("/var/lock/LCK.." + Path(name).name).unlink(missing_ok=True)


@pytest.fixture
def sim(namespace: str, plugin: Path, tmp_path: Path, console: tuple[Printer, str]) -> Iterator[Simulated]:
    simulated = Simulated(tmp_path / "sim", plugin)
    try:
        simulated.start(console=console[1])
        yield simulated
    finally:
        simulated.stop()


@pytest.fixture
def printer(console: tuple[Printer, str]) -> Printer:
    return console[0]


@pytest.fixture
def opened(sim: Simulated, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """Whether this process has opened the console."""
    from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi import sol

    seen = threading.Event()
    activate = sol._activate

    def noticed(*words: Any) -> int:
        most = activate(*words)
        seen.set()
        return most

    monkeypatch.setattr(sol, "_activate", noticed)
    return seen.is_set


def take(sim: Simulated, path: Path, seconds: float = 3.0, **options: Any) -> dict[str, Any]:
    check = options.pop("check", False)
    with connect(sim.target()) as bmc:
        return capture(bmc, Capture(path, seconds, **options), check=check)


def _active(sim: Simulated) -> bool:
    # Get Payload Activation Status, payload 1: how many at once, then a bit for each that is active.
    return int(sim.ipmitool("raw", "6", "0x4a", "1").split()[1], 16) == 1


@contextlib.contextmanager
def somebody_else(sim: Simulated) -> Iterator[subprocess.Popen[bytes]]:
    """ipmitool at the console, as a person would be."""
    command = ["ipmitool", "-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-U", USER, "-E", "sol", "activate"]
    ours, theirs = pty.openpty()
    environment = {**os.environ, "IPMI_PASSWORD": PASSWORD}
    other = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    try:
        end = time.monotonic() + 5
        while not _active(sim):
            assert time.monotonic() < end, "ipmitool did not get the console"
            time.sleep(0.05)
        yield other
    finally:
        other.kill()
        other.wait()
        os.close(ours)
        os.close(theirs)


def test_a_boot_that_fails_is_in_the_file(
    sim: Simulated, printer: Printer, opened: Callable[[], bool], tmp_path: Path
) -> None:
    path = tmp_path / "console.log"
    printer.print(BOOT, opened=opened)
    done = take(sim, path, seconds=15, until="Kernel panic|login:", stamps=False)
    assert (done["ended_by"], done["taken_from"], done["dropped"]) == ("pattern", None, False)
    assert path.read_text().splitlines()[:3] == [
        "GRUB loading.",
        "[    0.000000] Linux version 6.1.0-34-amd64",
        "[    1.204311] ata1: SATA link down",
    ]
    assert "Kernel panic - not syncing" in done["tail"][-1]
    assert done["seconds"] < 15
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not _active(sim)
    assert printer.typed == b""


def test_raw_is_byte_for_byte_what_was_printed(
    sim: Simulated, printer: Printer, opened: Callable[[], bool], tmp_path: Path
) -> None:
    # More than the BMC's buffer and many times its packets, with every byte there is.
    data = random.Random(1).randbytes(60000)
    printer.print(data, opened=opened)
    done = take(sim, tmp_path / "raw", seconds=30, silence_s=6, stamps=False, plain=False)
    assert (done["ended_by"], done["bytes"]) == ("silence", len(data))
    assert (tmp_path / "raw").read_bytes() == data


def test_lines_carry_the_moment_they_began(
    sim: Simulated, printer: Printer, opened: Callable[[], bool], tmp_path: Path
) -> None:
    printer.print("first\r\n", "second\r\n10%\r20%\r\nno end", opened=opened, pause_s=0.5)
    done = take(sim, tmp_path / "log", seconds=2)
    lines = [line.split(" ", 1) for line in (tmp_path / "log").read_text().splitlines()]
    assert [text for _at, text in lines] == ["first", "second", "10%", "20%", "no end"]
    assert all(at.endswith("Z") and len(at) == 24 for at, _text in lines)
    assert lines[0][0] < lines[1][0]
    assert (done["ended_by"], done["tail"]) == ("time", ["first", "second", "10%", "20%", "no end"])


def test_silence_ends_it_and_is_counted_from_the_last_word(
    sim: Simulated, printer: Printer, opened: Callable[[], bool], tmp_path: Path
) -> None:
    printer.print("one\r\n", "two\r\n", opened=opened, pause_s=1.0)
    done = take(sim, tmp_path / "log", seconds=20, silence_s=2)
    assert (done["ended_by"], done["tail"]) == ("silence", ["one", "two"])
    assert 4.0 <= done["seconds"] < 15


def test_what_is_asked_for_is_typed(sim: Simulated, printer: Printer, tmp_path: Path) -> None:
    text = "echo a line that is longer than any buffer of the BMC on its way\r"
    take(sim, tmp_path / "log", seconds=1, send=text)
    assert printer.typed.decode() == text


def test_check_mode_looks_and_makes_nothing(sim: Simulated, tmp_path: Path) -> None:
    done = take(sim, tmp_path / "log", check=True)
    assert (done["changed"], done["taken_from"]) == (True, None)
    assert not (tmp_path / "log").exists()
    assert not _active(sim)


def test_somebody_who_has_the_console_is_named_and_left_alone(
    sim: Simulated, printer: Printer, tmp_path: Path
) -> None:
    with somebody_else(sim) as other:
        for check in (True, False):
            with pytest.raises(Refused, match="has it") as error:
                take(sim, tmp_path / "log", check=check)
        assert f"the account {USER}" in str(error.value.cause)
        assert other.poll() is None
        assert _active(sim)
    assert not (tmp_path / "log").exists()


def test_the_console_is_taken_over_when_that_is_asked_for(
    sim: Simulated, printer: Printer, opened: Callable[[], bool], tmp_path: Path
) -> None:
    with somebody_else(sim):
        printer.print(BOOT, opened=opened)
        done = take(sim, tmp_path / "log", seconds=10, until="Kernel panic", take_over=True)
    assert USER in done["taken_from"]
    assert done["ended_by"] == "pattern"
    assert not _active(sim)


def test_a_console_that_is_taken_from_us_is_noticed_and_what_came_is_kept(
    sim: Simulated,
    printer: Printer,
    opened: Callable[[], bool],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi import sol

    monkeypatch.setattr(sol, "_ASK_EVERY_S", 0.5)
    printer.print("before\r\n", opened=opened)

    def take_it() -> None:
        while "before" not in (path.read_text() if path.exists() else ""):
            time.sleep(0.1)
        sim.ipmitool("sol", "deactivate")

    path = tmp_path / "log"
    taking = threading.Thread(target=take_it, daemon=True)
    taking.start()
    with pytest.raises(errors.NotNow, match="the console was lost") as error:
        take(sim, tmp_path / "log", seconds=30)
    taking.join()
    assert error.value.result["tail"] == ["before"]
    assert "before" in (tmp_path / "log").read_text()


def test_a_bmc_that_dies_leaves_what_came_in_the_file(
    sim: Simulated,
    printer: Printer,
    opened: Callable[[], bool],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi import sol
    from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Unreachable

    monkeypatch.setattr(sol, "_ASK_EVERY_S", 0.5)
    printer.print("before\r\n", opened=opened)

    def die() -> None:
        while "before" not in (path.read_text() if path.exists() else ""):
            time.sleep(0.1)
        sim.hang()

    path = tmp_path / "log"
    threading.Thread(target=die, daemon=True).start()
    with pytest.raises(Unreachable) as error:
        take(sim, tmp_path / "log", seconds=20)
    assert error.value.result["tail"] == ["before"]


def test_a_bmc_without_a_console_says_so(namespace: str, plugin: Path, tmp_path: Path) -> None:
    bare = Simulated(tmp_path / "sim", plugin)
    bare.start()
    try:
        with pytest.raises(errors.CommandUnsupported):
            take(bare, tmp_path / "log")
    finally:
        bare.stop()
    assert not (tmp_path / "log").exists()


def test_the_module_captures(sim: Simulated, printer: Printer, tmp_path: Path) -> None:
    run = Runner(tmp_path, sim)
    path = tmp_path / "console.log"
    # Another process opens it.
    printer.print(BOOT, opened=lambda: _active(sim), pause_s=0.3)
    done = run(
        task("captured", "bmc_sol_capture", path=str(path), seconds=20, until="panic", tail=1),
        task("wrong", "bmc_sol_capture", path=str(path), until="("),
    )
    captured = done.results["captured"]
    assert (captured["ended_by"], len(captured["tail"])) == ("pattern", 1), done.output
    assert "GRUB loading." in path.read_text()
    assert "no regular expression" in done.results["wrong"]["msg"]


@pytest.mark.parametrize(
    ("wire", "ended_by"),
    [
        ("every ninth", "pattern"),
        pytest.param("every third after the log-in", "time", marks=pytest.mark.slow),
    ],
)
def test_a_wire_that_loses_packets_loses_no_character(
    wire: str,
    ended_by: str,
    sim: Simulated,
    printer: Printer,
    opened: Callable[[], bool],
    tmp_path: Path,
) -> None:
    """On the worst wire the text does not come to its end: what came of it has no hole."""
    text = "\r\n".join(
        [*(f"[{number:5}] a line of a boot that nobody sees" for number in range(100)), "the end"]
    )
    printer.print(text, opened=opened)
    target = sim.target(port=RELAY, answer_s=ANSWER_S)
    nth, spared = WIRES[wire]
    with every_nth_lost(nth, RELAY, sim.port, spared) as counts, connect(target) as bmc:
        wanted = Capture(tmp_path / "log", 60 if ended_by == "pattern" else 12, until="the end", stamps=False)
        assert capture(bmc, wanted)["ended_by"] == ended_by
    assert counts["lost"] > 3
    found = (tmp_path / "log").read_text().splitlines()
    lines = text.splitlines()
    if ended_by == "pattern":
        assert found == lines
    else:
        # The last line may stop in its middle.
        assert found[:-1] == lines[: len(found) - 1]
        assert lines[max(0, len(found) - 1)].startswith(found[-1] if found else "")
