# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that is a QEMU machine (software emulation) behind its own ipmi_sim, on the tests' bridge.

``ipmi_sim`` and QEMU are joined as a BMC and its server are: by the KCS interface (QEMU's external BMC).
SeaBIOS does not read the boot device that was set over IPMI from there, as a server's firmware does; the
power script starts QEMU with the boot order that it says.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bmc_bench import Simulated

MAC, OTHER_MAC = "52:54:00:0a:01:0b", "52:54:00:0a:01:15"
BRIDGE, TAP = "pxe0", "metal0"
#: Of the plan (rehearsal estate): the server's own, its BMC's, and the one that serves.
ADDRESS, BMC_ADDRESS, SERVER = "10.1.10.11", "10.1.20.11", "10.1.10.250"
GATEWAY = "10.1.10.1"
SERIAL = "AJY-NN-0011"
KCS_PORT = 9111
#: The first sector of a disk that is started: it says a word on the serial port and halts.
WORD = b"started from its disk\r\n\0"
BOOT_SECTOR = bytes.fromhex("31c08ed8be167cac08c07406baf803eeebf5faf4ebfd") + WORD

_POWER = """\
#!/bin/sh
# $1: on, off, shutdown or status
cd {directory} || exit 1
pid=
[ -f qemu.pid ] && read -r pid < qemu.pid
runs() {{ [ -n "$pid" ] && grep -q '^State:.[RSD]' "/proc/$pid/status" 2>/dev/null; }}
[ "$1" = status ] || echo "$1" >> calls
case $1 in
status) runs && echo on || echo off ;;
on)
  runs && exit 0
  # Boot flags, IPMI 2.0 table 28-14: valid (bit 7 of the first byte), device (bits 5 to 2 of the second).
  flags=
  [ -f bmc/boot_used ] && read -r flags < bmc/boot_used
  rm -f bmc/boot_used
  case $flags in [89a-f]?04*) order=nc ;; *) order=c ;; esac
  echo "$order" >> orders
  exec setsid nice -n 5 qemu-system-x86_64 -accel tcg -m 1024 -nodefaults -display none -daemonize \\
    -pidfile {directory}/qemu.pid -serial file:{directory}/console -smbios type=1,serial={serial} \\
    -netdev tap,id=lan,ifname={tap},script=no,downscript=no -device virtio-net-pci,netdev=lan,mac={mac} \\
    -drive file={directory}/disk,format=raw,if=virtio -boot order=$order \\
    -chardev socket,id=kcs,host=127.0.0.1,port={port},reconnect=1 \\
    -device ipmi-bmc-extern,id=bmc,chardev=kcs -device isa-ipmi-kcs,bmc=bmc ;;
*) runs && kill -9 "$pid"; rm -f qemu.pid ;;
esac
exit 0
"""


@dataclass
class Metal(Simulated):
    """The server. It is off until its BMC is told otherwise."""

    address: str = BMC_ADDRESS
    more: str = f"  serial kcs 127.0.0.1 {KCS_PORT} codec VM\n"
    #: What it says of itself, by its firmware.
    serial: str = SERIAL

    def power_script(self) -> str:
        return _POWER.format(directory=self.directory, serial=self.serial, tap=TAP, mac=MAC, port=KCS_PORT)

    def make_disk(self) -> None:
        with (self.directory / "disk").open("wb") as disk:
            disk.write(BOOT_SECTOR.ljust(510, b"\0") + b"\x55\xaa")
            disk.truncate(1 << 30)

    @property
    def console(self) -> str:
        path = self.directory / "console"
        return path.read_bytes().decode(errors="replace") if path.exists() else ""

    @property
    def orders(self) -> list[str]:
        """The boot order of each start."""
        path = self.directory / "orders"
        return path.read_text().split() if path.exists() else []

    def joined(self) -> bool:
        """Whether QEMU's BMC device is connected to ipmi_sim."""
        assert self.process is not None
        wanted = f":{KCS_PORT:04X} "
        lines = Path(f"/proc/{self.process.pid}/net/tcp").read_text().splitlines()
        return any(wanted in line.split(" 01 ")[0] and " 01 " in line for line in lines)

    def stop(self) -> None:
        with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
            os.kill(int((self.directory / "qemu.pid").read_text()), signal.SIGKILL)
        super().stop()


@contextlib.contextmanager
def lan(client: str) -> Iterator[None]:
    """The servers' network: a bridge with the serving address, a tap for QEMU, and a namespace on it."""
    commands = [
        f"ip link add {BRIDGE} type bridge",
        f"ip addr add {SERVER}/24 dev {BRIDGE}",
        # The installer waits a minute for a gateway that does not answer.
        f"ip addr add {GATEWAY}/24 dev {BRIDGE}",
        f"ip addr add {BMC_ADDRESS}/32 dev lo",
        f"ip link set {BRIDGE} up",
        f"ip tuntap add dev {TAP} mode tap",
        f"ip link set {TAP} master {BRIDGE} up",
        f"ip netns add {client}",
        f"ip link add port0 type veth peer name eth0 netns {client}",
        f"ip link set port0 master {BRIDGE} up",
        f"ip -n {client} link set lo up",
        f"ip -n {client} link set eth0 up",
    ]
    try:
        for command in commands:
            subprocess.run(command.split(), check=True)
        yield
    finally:
        for command in (f"ip netns delete {client}", f"ip link delete {TAP}", f"ip link delete {BRIDGE}",
                        f"ip addr del {BMC_ADDRESS}/32 dev lo"):  # fmt: skip
            subprocess.run(command.split(), check=False)
