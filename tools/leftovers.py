#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What twins and tests leave on a machine, read from the kernel.

Deliberately knows nothing of the code that builds twins, only the names they use, so that it is
a witness of its own. As a program it lists what is left of any twin: nothing printed and exit
code 0 when the machine is clean.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

#: Folders of twins. The cache of base images in /var/cache is meant to stay.
FOLDERS = (Path("/run/anjianyun/twin"), Path("/var/lib/anjianyun/twin"))
CGROUPS = Path("/sys/fs/cgroup")
NAMESPACES = Path("/run/netns")
#: Read like settings, and count or change by themselves.
_COUNTERS = re.compile(r"(-nr|-state|quota/|_mem$|random|/neigh/)")
#: In the environment of everything that a test run starts.
MARK = "ANJIANYUN_TEST_RUN"


def twin_leaks() -> list[str]:
    """Every process, mount, namespace, link, cgroup, loop device, nft table or file of a twin."""
    return sorted(
        [
            *_twin_processes(),
            *(f"mount {point}" for point in _mounts() if _of_a_twin(point)),
            *(f"namespace {name}" for name in _namespaces() if name.startswith("ajy-")),
            *(f"link {name} ({alias})" for name, alias in _links() if _of_a_twin(alias) or "ajy" in name),
            *(f"cgroup {path}" for path in _cgroups() if "anjianyun" in path.split("/")),
            *(f"loop {device} {file}" for device, file in _loops() if _of_a_twin(file)),
            *(f"nft {table}" for table in _nft_tables() if "anjianyun" in table or "ajy" in table),
            *(f"file {path}" for folder in FOLDERS for path in _entries(folder)),
        ]
    )


def snapshot() -> set[str]:
    """The things of this machine that a test run must leave as they were, whatever their names."""
    return {
        *(f"mount {point}" for point in _mounts()),
        *(f"namespace {name}" for name in _namespaces()),
        *(f"link {name}" for name, _alias in _links()),
        *(f"cgroup {path}" for path in _cgroups()),
        *(f"loop {device} {file}" for device, file in _loops()),
        *(f"nft {table}" for table in _nft_tables()),
        *(f"file {path}" for folder in FOLDERS for path in _entries(folder)),
        *(f"sysctl {name} = {value}" for name, value in _sysctls()),
        *_foreign_processes(),
    }


def marked_processes(mark: str) -> list[str]:
    """Live processes that a run with this mark started, however they were detached."""
    wanted = f"{MARK}={mark}".encode()
    return [
        _describe(pid)
        for pid in _processes()
        if pid != os.getpid() and wanted in _read_bytes(Path(f"/proc/{pid}/environ")).split(b"\0")
    ]


def _of_a_twin(text: str) -> bool:
    return "/anjianyun/twin" in text or "ajy-" in text


def _twin_processes() -> list[str]:
    """By cgroup, network namespace or command line: a killed launcher leaves any one of them."""
    inodes = {}
    for name in _namespaces():
        if name.startswith("ajy-"):
            inodes[(NAMESPACES / name).stat().st_ino] = name
    found = []
    for pid in _processes():
        if pid in (os.getpid(), os.getppid()):
            continue
        command = _read_bytes(Path(f"/proc/{pid}/cmdline")).decode(errors="replace")
        in_group = "/anjianyun/" in _read_bytes(Path(f"/proc/{pid}/cgroup")).decode(errors="replace")
        if in_group or _namespace(pid, "net") in inodes or "/anjianyun/twin/" in command:
            found.append(_describe(pid))
    return found


def _foreign_processes() -> list[str]:
    """Processes in other namespaces than this one's: containers, and what runs in `ip netns exec`."""
    own = {kind: _namespace(os.getpid(), kind) for kind in ("net", "pid")}
    return [
        _describe(pid).partition(":")[0]
        for pid in _processes()
        if any(_namespace(pid, kind) not in (own[kind], None) for kind in own)
    ]


def _processes() -> list[int]:
    """Live ones: where nobody reaps, a killed process stays in the table as a zombie."""
    pids = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            stat = _read_bytes(Path(entry.path) / "stat").decode(errors="replace")
            if stat and stat.rpartition(")")[2].split()[0] not in ("Z", "X"):
                pids.append(int(entry.name))
    return pids


def _describe(pid: int) -> str:
    # The name and not only the command line: a server may rewrite the latter at any time.
    name = _read_bytes(Path(f"/proc/{pid}/comm")).decode(errors="replace").strip()
    command = _read_bytes(Path(f"/proc/{pid}/cmdline")).replace(b"\0", b" ").decode(errors="replace")
    return f"process {pid} {name}: {command.strip()[:160]}"


def _namespace(pid: int, kind: str) -> int | None:
    try:
        return Path(f"/proc/{pid}/ns/{kind}").stat().st_ino
    except OSError:
        return None


def _mounts() -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4] for line in lines]
    # `ip netns add` mounts this folder once for good; twins take the empty one away again.
    return [point for point in points if point != str(NAMESPACES)]


def _namespaces() -> list[str]:
    return [path.name for path in _entries(NAMESPACES)]


def _links() -> list[tuple[str, str]]:
    folder = Path("/sys/class/net")
    return [(path.name, _read_bytes(path / "ifalias").decode().strip()) for path in _entries(folder)]


def _cgroups() -> list[str]:
    return [folder for folder, _folders, _files in os.walk(CGROUPS)]


def _loops() -> list[tuple[str, str]]:
    found = []
    for device in Path("/sys/block").glob("loop*"):
        file = _read_bytes(device / "loop" / "backing_file").decode(errors="replace").strip()
        if file:
            found.append((device.name, file))
    return found


def _nft_tables() -> list[str]:
    try:
        done = subprocess.run(["nft", "--json", "list", "tables"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    tables = [item["table"] for item in json.loads(done.stdout)["nftables"] if "table" in item]
    return [f"{table['family']} {table['name']}" for table in tables]


def _sysctls() -> list[tuple[str, str]]:
    """Those of this namespace's network, for what is there before and after, and the kernel's limits."""
    found = []
    for folder in (Path("/proc/sys/net/ipv4"), Path("/proc/sys/net/bridge"), Path("/proc/sys/fs")):
        for path in sorted(folder.rglob("*")):
            # Counters, not settings.
            if path.is_file() and not re.search(
                r"(-nr|-state|quota/|tcp_mem|udp_mem|random|/neigh/)", str(path)
            ):
                found.append((str(path), _read_bytes(path).decode(errors="replace").strip()))
    return found


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def main() -> int:
    leaks = twin_leaks()
    for leak in leaks:
        print(leak)
    return 1 if leaks else 0


if __name__ == "__main__":
    sys.exit(main())
