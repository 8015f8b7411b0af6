# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine of metal as a folder: what its kernel shows, and tools that print what the real ones do.

The tools are programs that print; their outputs have the form of lsblk 2.38, smartctl 7.3
(``json_format_version`` 1.0), lldpcli 1.0 and storcli 7.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.machine import Machine
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.smbios import TABLES

LSBLK = {
    "blockdevices": [
        {"name": "loop0", "model": None, "serial": None, "size": 4096, "rota": False, "type": "loop",
         "tran": None, "rm": False},
        {"name": "sda", "model": "ST4000NM0035-1V4107", "serial": "ZC1A0001", "size": 4000787030016,
         "rota": True, "type": "disk", "tran": "sas", "rm": False},
        {"name": "nvme0n1", "model": "SAMSUNG MZQL21T9", "serial": "S64GNE0001", "size": 1920383410176,
         "rota": False, "type": "disk", "tran": "nvme", "rm": False},
        {"name": "sdb", "model": "Virtual HDisk0", "serial": None, "size": 524288, "rota": True,
         "type": "disk", "tran": "usb", "rm": True},
        {"name": "sr0", "model": "DVD", "serial": None, "size": 1073741312, "rota": True, "type": "rom",
         "tran": "usb", "rm": True},
        {"name": "zram0", "model": None, "serial": None, "size": 1024, "rota": False, "type": "disk",
         "tran": None, "rm": False},
    ]
}  # fmt: skip


def attribute(number: int, name: str, raw: int, when_failed: str = "") -> dict[str, Any]:
    """A row of ``ata_smart_attributes``."""
    return {
        "id": number, "name": name, "value": 100, "worst": 100, "thresh": 10, "when_failed": when_failed,
        "flags": {"value": 51, "string": "PO--CK ", "prefailure": True},
        "raw": {"value": raw, "string": str(raw)},
    }  # fmt: skip


def ata(passed: bool | None, *attributes: dict[str, Any]) -> dict[str, Any]:
    """What ``smartctl --json -H -A`` prints of an ATA drive."""
    told: dict[str, Any] = {
        "json_format_version": [1, 0],
        "smartctl": {
            "version": [7, 3],
            "argv": ["smartctl", "--json", "-H", "-A", "/dev/sda"],
            "exit_status": 0,
        },
        "device": {"name": "/dev/sda", "info_name": "/dev/sda [SAT]", "type": "sat", "protocol": "ATA"},
        "ata_smart_attributes": {"revision": 10, "table": list(attributes)},
        "power_on_time": {"hours": 16402},
        "power_cycle_count": 12,
        "temperature": {"current": 27},
    }
    return told if passed is None else {**told, "smart_status": {"passed": passed}}


def nvme(passed: bool, warning: int = 0) -> dict[str, Any]:
    """The same of an NVMe drive."""
    return {
        "json_format_version": [1, 0],
        "smartctl": {"version": [7, 3], "exit_status": 0},
        "device": {"name": "/dev/nvme0n1", "type": "nvme", "protocol": "NVMe"},
        "smart_status": {"passed": passed, "nvme": {"value": warning}},
        "nvme_smart_health_information_log": {
            "critical_warning": warning, "temperature": 41, "available_spare": 100, "percentage_used": 3,
            "media_errors": 0, "num_err_log_entries": 0, "power_on_hours": 3150,
        },
        "temperature": {"current": 41},
        "power_on_time": {"hours": 3150},
    }  # fmt: skip


def refused(said: str) -> dict[str, Any]:
    """The same of a drive that it could not open, or that it needs to be told more of."""
    messages = [{"string": said, "severity": "error"}]
    return {"json_format_version": [1, 0], "smartctl": {"messages": messages, "exit_status": 2}}


def structure(kind: int, formatted: bytes, *strings: str) -> bytes:
    """One structure of the DMI tables; ``formatted`` begins at offset 4."""
    text = b"".join((one or " ").encode() + b"\x00" for one in strings) or b"\x00"
    return bytes([kind, len(formatted) + 4]) + struct.pack("<H", kind) + formatted + text + b"\x00"


def system(manufacturer: str, product: str, serial: str) -> bytes:
    """Type 1, as SMBIOS 2.4 has it."""
    return structure(1, bytes([1, 2, 0, 3]) + bytes(16) + bytes([6, 0, 0]), manufacturer, product, serial)


def processor(slot: str, model: str, cores: int, *, there: bool = True) -> bytes:
    """Type 4, as SMBIOS 3.0 has it: the cores beyond 255 in a field of their own."""
    body = bytearray(0x30 - 4)
    body[0x04 - 4], body[0x05 - 4], body[0x07 - 4], body[0x10 - 4] = 1, 3, 2, 3
    body[0x18 - 4] = 0x41 if there else 0x00
    body[0x23 - 4] = min(cores, 0xFF)
    body[0x2A - 4 : 0x2C - 4] = struct.pack("<H", cores)
    return structure(4, bytes(body), slot, "Intel(R) Corporation", model)


def module(slot: str, mib: int, serial: str, part: str = "M393A4K40EB3-CWE", bank: str = "NODE 0") -> bytes:
    """Type 17, as SMBIOS 2.8 has it; 0 MiB is an empty slot, 32 GiB and more stand in the extended size."""
    body = bytearray(0x28 - 4)
    size = mib if mib < 0x7FFF else 0x7FFF
    body[0x0C - 4 : 0x0E - 4] = struct.pack("<H", size)
    body[0x0E - 4] = 9
    body[0x10 - 4], body[0x11 - 4], body[0x12 - 4] = 1, 2, 0x1A
    body[0x15 - 4 : 0x17 - 4] = struct.pack("<H", 3200)
    if mib:
        body[0x17 - 4], body[0x18 - 4], body[0x1A - 4] = 3, 4, 5
    body[0x1C - 4 : 0x20 - 4] = struct.pack("<I", mib if size == 0x7FFF else 0)
    body[0x20 - 4 : 0x22 - 4] = struct.pack("<H", 2933)
    return structure(17, bytes(body), slot, bank, "Samsung", serial, part)


END = structure(127, b"")
TABLE = (
    system("Inspur", "NF5280M6", "22A0001")
    + processor("CPU0", "Intel(R) Xeon(R) Gold 6330", 28)
    + processor("CPU1", "", 0, there=False)
    + module("DIMM_A1", 32768, "4012AB01")
    + module("DIMM_A2", 16384, "4012AB02")
    + module("DIMM_B1", 0, "")
    + END
)

LLDP = {
    "lldp": {
        "interface": [
            {
                "eno1": {
                    "via": "LLDP", "rid": "2", "age": "7 days, 22:11:33",
                    "chassis": {"nn-sw-01": {
                        "id": {"type": "mac", "value": "5c:dd:70:e7:e8:51"}, "descr": "H3C Comware",
                        "mgmt-ip": "10.1.30.5", "capability": [{"type": "Bridge", "enabled": True}],
                    }},
                    "port": {"id": {"type": "ifname", "value": "Ten-GigabitEthernet1/0/7"},
                             "descr": "nn-db-01", "ttl": "121"},
                }
            },
            {
                "eno2": {
                    "via": "LLDP", "rid": "3", "age": "0 day, 00:01:12",
                    "chassis": {"id": {"type": "mac", "value": "5c:dd:70:e7:e8:52"}},
                    "port": {"id": {"type": "mac", "value": "5c:dd:70:e7:e8:59"}, "ttl": "120"},
                }
            },
        ]
    }
}  # fmt: skip

MDSTAT = """\
Personalities : [raid1] [raid6] [raid5] [raid4]
md0 : active raid1 sdb1[1] sda1[0]
      1047552 blocks super 1.2 [2/2] [UU]

md1 : active raid5 sdd1[4] sdc1[2](F) sdb2[1] sda2[0]
      7813770240 blocks super 1.2 level 5, 512k chunk, algorithm 2 [4/3] [UU_U]
      [==>..................]  recovery = 12.6% (37043392/292945152) finish=127.5min speed=33440K/sec
      bitmap: 3/22 pages [12KB], 65536KB chunk

md127 : inactive sde1[0](S)
      976630488 blocks super 1.2

unused devices: <none>
"""

STORCLI = {
    "Controllers": [
        {
            "Command Status": {"CLI Version": "007.1907", "Controller": 0, "Status": "Success"},
            "Response Data": {
                "Basics": {"Controller": 0, "Model": "AVAGO SAS 9361-8i", "Serial Number": "SV80001"},
                "Status": {"Controller Status": "Needs Attention", "BBU Status": 1},
                "Virtual Drives": 1,
                "VD LIST": [
                    {"DG/VD": "0/0", "TYPE": "RAID1", "State": "Dgrd", "Access": "RW", "Size": "931.0 GB"}
                ],
                "Physical Drives": 2,
                "PD LIST": [
                    {"EID:Slt": "252:0", "DID": 5, "State": "Onln", "DG": 0, "Model": "ST1000NM0011   "},
                    {"EID:Slt": "252:1", "DID": 6, "State": "Failed", "DG": 0, "Model": "ST1000NM0011   "},
                ],
                "Cachevault_Info": [{"Model": "CVPM02", "State": "Failed", "Temp": "28C", "Mode": "-"}],
            },
        }
    ]
}  # fmt: skip


class Metal:
    """The folder, and the machine that it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "tools"
        self.bin.mkdir(parents=True)
        self.machine = Machine(folder, (str(self.bin), "/usr/bin", "/bin"))

    def file(self, name: str, text: str | bytes) -> None:
        path = self.folder / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def tool(self, name: str, prints: Any, code: int = 0, when: str = "*") -> None:
        """A program that prints this when its last argument is like ``when``."""
        text = prints if isinstance(prints, str) else json.dumps(prints)
        told = self.bin / f"{name}.{len(list(self.bin.iterdir()))}"
        told.write_text(text)
        path = self.bin / name
        before = (
            path.read_text() if path.exists() else '#!/bin/sh\nfor last; do :; done\ncase "$last" in\nesac\n'
        )
        path.write_text(before.replace("esac\n", f"{when}) cat {told}; exit {code} ;;\nesac\n"))
        path.chmod(0o755)

    def nic(self, name: str, **files: str) -> None:
        for file, text in files.items():
            self.file(f"/sys/class/net/{name}/{file.replace('__', '/')}", text + "\n")

    def whole(self) -> Metal:
        """With all tools, in health but for what the constants above say."""
        self.tool("systemd-detect-virt", "none\n", 1)
        self.tool("lsblk", LSBLK)
        self.tool("smartctl", ata(True, attribute(5, "Reallocated_Sector_Ct", 0)), when="/dev/sda")
        self.tool("smartctl", nvme(True), when="/dev/nvme0n1")
        self.tool("lldpcli", LLDP)
        self.tool("storcli64", STORCLI)
        self.file("/proc/mdstat", MDSTAT)
        self.file(TABLES, TABLE)
        self.nic("eno1", address="AC:1F:6B:00:00:01", carrier="1", speed="10000", device__vendor="0x8086")
        self.nic("lo", address="00:00:00:00:00:00", carrier="1")
        return self
