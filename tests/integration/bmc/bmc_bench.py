# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network namespace of the tests' own, and simulated BMCs in it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Target
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import bmc_sim

#: This run's own: a test looks for it in every process of the machine.
PASSWORD = f"Tw1n,{os.urandom(5).hex()}!"
USER = "ops"
#: Someone who may only look.
VIEWER = "viewer"
NAMESPACE = f"bmctest-{os.getpid()}"
# IPMI's time for one answer, in tests: long for a simulator, short for a person.
ANSWER_S = 3.0

_libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def own_namespace() -> Iterator[str]:
    """Put this thread, and what it starts, into a new network namespace."""
    subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
    try:
        subprocess.run(["ip", "-n", NAMESPACE, "link", "set", "lo", "up"], check=True)
        with open("/proc/thread-self/ns/net") as before, open(f"/run/netns/{NAMESPACE}") as ours:
            _enter(ours.fileno())
            try:
                yield NAMESPACE
            finally:
                end_pyghmi()
                _enter(before.fileno())
    finally:
        subprocess.run(["ip", "netns", "delete", NAMESPACE], check=True)


def _enter(descriptor: int) -> None:
    clone_newnet = 0x40000000
    if _libc.setns(descriptor, clone_newnet) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def end_pyghmi() -> None:
    """Stop pyghmi's thread and close its sockets: they hold the namespace."""
    from pyghmi.ipmi.private import session

    from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.packets import PUMP

    PUMP.join()
    if session.iothread is not None:
        session.iothread.join()
    for socket in session.iosockets:
        socket.close()
    session.iosockets.clear()
    session.Session.socketpool.clear()
    session.iothread = session.myself = session.ipv6support = None
    session.iothreadready = False


@dataclass
class Simulated:
    """One simulated BMC; the server behind it is a file that says on or off."""

    directory: Path
    plugin: Path
    port: int = 623
    #: freeipmi's ipmi-config takes 127.0.0.1 for the machine's own BMC, behind a device.
    address: str = "127.0.0.1"
    #: Another network namespace that it runs in.
    inside: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    #: More lines of its lan.conf.
    more: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def bmc(self) -> Path:
        return self.directory / "bmc"

    def start(self, **spec: Any) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        script = self.directory / "power"
        script.write_text(self.power_script())
        script.chmod(0o755)
        if not (self.directory / "state").exists():
            self.power = "on"
        options: dict[str, Any] = {
            "node": "nn-db-01",
            "address": self.address,
            "port": self.port,
            "user": USER,
            "password": PASSWORD,
            "asset_tag": "TWIN-test",
            "serial": "AJY2026001",
        }
        command = bmc_sim.prepare(self.bmc, bmc_sim.BmcSpec(**{**options, **spec}), script, self.plugin)
        config = self.bmc / "lan.conf"
        viewer = f'  user 3 true "{VIEWER}" "{PASSWORD}" user 1 none md2 md5 straight\n'
        config.write_text(config.read_text().replace("loadlib", viewer + self.more + "loadlib"))
        if self.inside:
            command = ["nsenter", f"--net=/run/netns/{self.inside}", *command]
        log = (self.directory / "log").open("wb")
        self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self._await_port()

    def power_script(self) -> str:
        """What switches the server, and says what it is."""
        return (
            "#!/bin/sh\n"
            f'cd {self.directory}; echo "$1" >> calls\n'
            "case $1 in status) read -r s < state; echo $s ;; on) echo on > state ;; "
            "*) echo off > state ;; esac\n"
        )

    def _await_port(self) -> None:
        wanted = f":{self.port:04X} "
        end = time.monotonic() + 5
        assert self.process is not None
        # Its own view: it may be in another namespace.
        while wanted not in Path(f"/proc/{self.process.pid}/net/udp").read_text():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"ipmi_sim did not start: {(self.directory / 'log').read_text()}")
            time.sleep(0.01)

    def stop(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None

    def hang(self) -> None:
        """It keeps its port and says nothing more."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    @property
    def power(self) -> str:
        """What the server really is."""
        return (self.directory / "state").read_text().strip()

    @power.setter
    def power(self, state: str) -> None:
        (self.directory / "state").write_text(state + "\n")

    @property
    def calls(self) -> list[str]:
        """What the power script was told, questions left out."""
        with contextlib.suppress(FileNotFoundError):
            return [line for line in (self.directory / "calls").read_text().split() if line != "status"]
        return []

    def fault(self, text: str | None) -> None:
        (self.bmc / "fault").unlink(missing_ok=True)
        if text is not None:
            (self.bmc / "fault").write_text(text + "\n")

    def target(self, **options: Any) -> Target:
        fields: dict[str, Any] = {
            "name": "nn-db-01",
            "address": self.address,
            "port": self.port,
            "user": USER,
            "password": PASSWORD,
            "cipher_suite": 3,
            "answer_s": ANSWER_S,
        }
        return Target(**{**fields, **options})

    def ipmitool(self, *words: str) -> str:
        """The witness: another client, another library."""
        return self._run(
            ["ipmitool", "-I", "lanplus", "-C", "3", "-H", self.address, "-p", str(self.port),
             "-U", USER, "-E", *words],
            {"IPMI_PASSWORD": PASSWORD},
        )  # fmt: skip

    def freeipmi(
        self, tool: str, *words: str, privilege: str = "OPERATOR", well: tuple[int, ...] = (0,)
    ) -> str:
        """A third client. It reads the password from a file of its own.

        :param well: the exit codes with which it may end.
        """
        config = self.directory / "freeipmi.conf"
        config.touch(mode=0o600)
        config.write_text(f"username {USER}\npassword {PASSWORD}\nprivilege-level {privilege}\n")
        host = f"{self.address}:{self.port}" if self.port != 623 else self.address
        return self._run(
            [tool, "--config-file", str(config), "-h", host, "-D", "LAN_2_0", "-I", "3",
             "-W", "opensesspriv", *words],
            {},
            well,
        )  # fmt: skip

    def _run(self, command: list[str], environment: dict[str, str], well: tuple[int, ...] = (0,)) -> str:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=15,
            check=False,
            env={**os.environ, **environment},
        )
        assert done.returncode in well, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout
