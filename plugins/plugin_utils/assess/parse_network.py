# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the probes say of sockets, processes and load, made into data."""

from __future__ import annotations

import ipaddress
import re
import socket
import struct
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.parse_system import (
    Data,
    number,
    tagged,
)

LISTEN, ESTABLISHED, TIME_WAIT = "0A", "01", "06"
#: Units of people at a terminal: what runs there does not come back by itself.
BY_HAND = re.compile(r"^(session-\w+\.scope|user@\d+\.service)$")


def address(text: str) -> str:
    """An address as the kernel prints it (words in its own byte order); IPv4 in IPv6 as IPv4."""
    raw = b"".join(struct.pack("<I", int(text[at : at + 8], 16)) for at in range(0, len(text), 8))
    if len(raw) == 4:
        return socket.inet_ntop(socket.AF_INET, raw)
    found = ipaddress.IPv6Address(raw)
    return str(found.ipv4_mapped or found)


def processes(text: str) -> dict[int, Data]:
    """All processes of this system itself, by their number; those in containers have ``own`` false."""
    found: dict[int, Data] = defaultdict(
        lambda: {"name": "", "uid": None, "unit": "", "exe": "", "deleted": False, "own": True}
    )
    own = ""
    for line in text.splitlines():
        kind, rest = line.partition(" ")[::2]
        if kind == "self":
            own = rest
            continue
        match = re.match(r"^/proc/(\d+)/([a-z/]+)[: ](.*)$", rest)
        if not match:
            continue
        one, value = found[int(match[1])], match[3]
        if kind == "comm":
            one["name"] = value
        elif kind == "uid":
            one["uid"] = number(value.split()[1])
        elif kind == "cgroup":
            # The innermost part that is a unit: below it there may be groups of the service's own.
            units = [part for part in value.split("/") if part.endswith((".service", ".scope"))]
            one["unit"] = units[-1] if units else one["unit"]
        elif match[2] == "exe":
            one["exe"], one["deleted"] = value.removesuffix(" (deleted)"), value.endswith(" (deleted)")
        else:
            one["numbers"] = value
    for one in found.values():
        numbers = one.pop("numbers", "")
        one["own"] = not (own and numbers and numbers != own)
    return dict(found)


def _rows(lines: Mapping[str, list[str]]) -> Iterator[tuple[str, list[str]]]:
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in lines.get(table, ()):
            parts = line.split()
            if len(parts) > 9 and ":" in parts[1] and ":" in parts[2]:
                yield table, parts


def sockets(text: str, running: Mapping[int, Data]) -> Data:
    """``listening`` and ``connections`` with the processes they belong to."""
    lines = tagged(text)
    owners = _owners(text, running)
    listening: dict[tuple[str, str, int], Data] = {}
    for table, parts in _rows(lines):
        host, port = parts[1].split(":")
        free = set(parts[2].split(":")[0]) == {"0"}
        if parts[3] == LISTEN or (table.startswith("udp") and free):
            key = (table[:3], address(host), int(port, 16))
            listening[key] = {
                "protocol": key[0],
                "address": key[1],
                "port": key[2],
                **owners.get(parts[9], _NOBODY),
            }
    ports = {one["port"] for one in listening.values() if one["protocol"] == "tcp"}
    return {
        "listening": sorted(
            listening.values(), key=lambda one: (one["protocol"], one["port"], one["address"])
        ),
        "connections": _connections(lines, ports, owners),
    }


_NOBODY: Data = {"process": "", "unit": "", "exe": ""}


def _owners(text: str, running: Mapping[int, Data]) -> dict[str, Data]:
    """Which process has which socket, by its inode; of several the first."""
    found: dict[str, Data] = {}
    process = 0
    for line in text.splitlines():
        kind, rest = line.partition(" ")[::2]
        if kind == "pid":
            process = int(rest)
        elif kind == "inode" and process in running:
            one = running[process]
            found.setdefault(rest, {"process": one["name"], "unit": one["unit"], "exe": one["exe"]})
    return found


def _connections(lines: Mapping[str, list[str]], ports: set[int], owners: Mapping[str, Data]) -> list[Data]:
    """Who is connected with whom, added up; one that has just ended counts as well."""
    found: dict[tuple[Any, ...], int] = defaultdict(int)
    for table, parts in _rows(lines):
        if table.startswith("udp") or parts[3] not in (ESTABLISHED, TIME_WAIT):
            continue
        (here, here_port), (there, there_port) = (part.split(":") for part in parts[1:3])
        inwards = int(here_port, 16) in ports
        port = int(here_port if inwards else there_port, 16)
        process = owners.get(parts[9], _NOBODY)["process"]
        found["in" if inwards else "out", address(here), address(there), port, process] += 1
    names = ("direction", "local", "peer", "port", "process")
    return [{**dict(zip(names, key, strict=True)), "count": count} for key, count in sorted(found.items())]


def network(text: str) -> Data:
    lines = tagged(text)
    inside = {str(ipaddress.IPv6Address(int(line.split()[0], 16))) for line in lines["inet6"]}
    addresses = sorted({*lines["address"], *inside})
    routes = [line.split() for line in lines["route"]]
    gateways = [address(one[2]) for one in routes if len(one) > 3 and one[1] == "00000000"]
    return {
        "addresses": [one for one in addresses if not ipaddress.ip_address(one).is_loopback],
        "gateways": gateways,
        "resolvers": lines["resolver"],
        "hosts": [line.split() for line in lines["hosts"]],
    }


def performance(text: str) -> Data:
    """Load over the sampling time: means and greatest values from one reading to the next."""
    moments = _moments(text)
    found: Data = {"seconds": 0.0}
    if len(moments) < 2:
        return found
    found["seconds"] = round(moments[-1]["at"] - moments[0]["at"], 2)
    steps = list(zip(moments, moments[1:], strict=False))
    cpu = [_busy(a["cpu"], b["cpu"]) for a, b in steps]
    found["cpu_busy"] = {"mean": _mean(cpu), "most": max(cpu)}
    found["load1"] = moments[-1]["load"]
    memory = [moment["memory"] for moment in moments]
    available = [one.get("MemAvailable", one.get("MemFree", 0)) * 1024 for one in memory]
    found["memory_available_bytes"] = min(available)
    found["swap_used_bytes"] = max(one.get("SwapTotal", 0) - one.get("SwapFree", 0) for one in memory) * 1024
    for name, columns in (
        ("disk", ("read_bytes_s", "written_bytes_s")),
        ("net", ("in_bytes_s", "out_bytes_s")),
    ):
        for at, column in enumerate(columns):
            rates = [
                sum(max(0, b[name].get(key, value)[at] - value[at]) for key, value in a[name].items())
                / max(0.001, b["at"] - a["at"])
                for a, b in steps
            ]
            found.setdefault(name, {})[column] = {"mean": _mean(rates), "most": round(max(rates), 2)}
    return found


def _mean(values: list[float]) -> float:
    return round(sum(values) / len(values), 2)


def _busy(before: list[int], after: list[int]) -> float:
    spent = [b - a for a, b in zip(before, after, strict=True)]
    # Idle and waiting for a disk.
    idle = sum(spent[3:5])
    return round(100 * (1 - idle / max(1, sum(spent[:8]))), 2)


def _moments(text: str) -> list[Data]:
    found: list[Data] = []
    for line in text.splitlines():
        kind, rest = line.partition(" ")[::2]
        if kind == "at":
            found.append({"at": float(rest), "cpu": [], "load": 0.0, "memory": {}, "disk": {}, "net": {}})
        if found:
            _moment(found[-1], kind, rest.split())
    return [moment for moment in found if moment["cpu"]]


def _moment(moment: Data, kind: str, parts: list[str]) -> None:
    if kind == "cpu":
        moment["cpu"] = [int(part) for part in parts]
    elif kind == "load":
        moment["load"] = float(parts[0])
    elif kind == "memory":
        moment["memory"][parts[0].rstrip(":")] = int(parts[1])
    elif kind == "disk" and len(parts) > 9 and _whole_disk(parts[2]):
        moment["disk"][parts[2]] = (int(parts[5]) * 512, int(parts[9]) * 512)
    elif kind == "net":
        name, rest = " ".join(parts).partition(":")[::2]
        columns = rest.split()
        if name.strip() != "lo" and len(columns) > 8:
            moment["net"][name.strip()] = (int(columns[0]), int(columns[8]))


def _whole_disk(name: str) -> bool:
    """Neither a part of one nor what lies on top of one, which would count everything twice."""
    return re.fullmatch(r"[shv]d[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+|cciss/c\d+d\d+", name) is not None
