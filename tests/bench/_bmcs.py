# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thousand simulated BMCs in a network namespace of their own, for the benches of the fleet.

Each is a real ``ipmi_sim`` with the twin's records, scripts and plug-in. Behind it stands a file that says on
or off.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import bmc_sim

USER = "ops"
PASSWORD = "Fl33t,s3cret!pw"
_CLONE_NEWNET = 0x40000000
_PER_NET = 250
#: Started before the next lot: each reads its files at the start.
_LOT = 50


def addresses(count: int) -> list[str]:
    """127.1.0.1 to 127.1.0.250, 127.1.1.1 and so on."""
    return [f"127.1.{n // _PER_NET}.{n % _PER_NET + 1}" for n in range(count)]


@dataclass
class Fleet:
    """The simulators that run, by address."""

    directory: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, wanted: list[str]) -> None:
        """Start those that do not run, and wait until each has its port."""
        plugin = bmc_sim.ensure_plugin(self.directory / "plugin")
        missing = [address for address in wanted if address not in self.running]
        for first in range(0, len(missing), _LOT):
            for address in missing[first : first + _LOT]:
                self.running[address] = self._start_one(address, plugin)
            _await_ports(missing[: first + _LOT])

    def _start_one(self, address: str, plugin: Path) -> subprocess.Popen[bytes]:
        home = self.directory / address
        home.mkdir(exist_ok=True)
        script = home / "power"
        script.write_text(
            f"#!/bin/sh\ncd {home}\n"
            "case $1 in status) read -r s < state; echo $s ;; on) echo on > state ;; "
            "*) echo off > state ;; esac\n"
        )
        script.chmod(0o755)
        (home / "state").write_text("on\n")
        spec = bmc_sim.BmcSpec(
            node=address, address=address, user=USER, password=PASSWORD, asset_tag="bench", prefix_length=8
        )
        command = bmc_sim.prepare(home / "bmc", spec, script, plugin)
        with (home / "log").open("wb") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def stop(self, addresses: list[str]) -> None:
        """Pull their cords: nobody answers there any more."""
        for address in addresses:
            self.running[address].kill()
        for address in addresses:
            self.running.pop(address).wait()

    def set_power(self, state: str) -> None:
        """What every server really is."""
        for address in self.running:
            (self.directory / address / "state").write_text(f"{state}\n")

    def power(self) -> dict[str, str]:
        """What every server really is."""
        return {address: (self.directory / address / "state").read_text().strip() for address in self.running}

    def memory_mib(self) -> float:
        """Of all simulators together, shared pages once."""
        kib = 0
        for process in self.running.values():
            for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    kib += int(line.split()[1])
        return kib / 1024


def _await_ports(wanted: list[str]) -> None:
    ports = {_kernel_address(address) for address in wanted}
    end = time.monotonic() + 60
    while missing := ports - set(Path("/proc/thread-self/net/udp").read_text().split()):
        if time.monotonic() > end:
            raise SystemExit(f"{len(missing)} of {len(wanted)} simulators did not start")
        time.sleep(0.05)


def _kernel_address(address: str) -> str:
    """As /proc/net/udp writes it: little endian, in hexadecimal, with IPMI's port."""
    return "".join(f"{int(part):02X}" for part in reversed(address.split("."))) + ":026F"


@contextlib.contextmanager
def fleet(count: int) -> Iterator[tuple[Fleet, list[str]]]:
    """So many BMCs, in a network namespace that this thread, and what it starts, is in meanwhile."""
    namespace = f"bmcbench-{os.getpid()}"
    directory = Path(tempfile.mkdtemp(prefix="bmcbench-", dir="/dev/shm"))
    subprocess.run(["ip", "netns", "add", namespace], check=True)
    made = Fleet(directory)
    try:
        subprocess.run(["ip", "-n", namespace, "link", "set", "lo", "up"], check=True)
        with open("/proc/thread-self/ns/net") as before, open(f"/run/netns/{namespace}") as ours:
            _enter(ours.fileno())
            try:
                wanted = addresses(count)
                made.start(wanted)
                yield made, wanted
            finally:
                made.stop(list(made.running))
                _enter(before.fileno())
    finally:
        subprocess.run(["ip", "netns", "delete", namespace], check=True)
        shutil.rmtree(directory)


def _enter(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def freeipmi_hosts(wanted: list[str]) -> str:
    """The addresses in freeipmi's range notation."""
    nets: dict[str, list[int]] = {}
    for address in wanted:
        net, _dot, last = address.rpartition(".")
        nets.setdefault(net, []).append(int(last))
    return ",".join(f"{net}.[{','.join(map(str, sorted(last)))}]" for net, last in nets.items())


def freeipmi_config(directory: Path) -> Path:
    """A file with the account, since a password has no place on a command line."""
    config = directory / "freeipmi.conf"
    config.touch(mode=0o600)
    config.write_text(f"username {USER}\npassword {PASSWORD}\nprivilege-level OPERATOR\n")
    return config
