# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the probes say of the system, its packages, accounts, jobs, disks and files, made into data."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

Data = dict[str, Any]
#: States of a package in dpkg's words; everything else is half installed.
WHOLE = "ok installed"


def pairs(text: str, by: str = "=") -> Iterator[tuple[str, str]]:
    """The lines that have a name and a value."""
    for line in text.splitlines():
        name, found, value = line.partition(by)
        if found:
            yield name.strip(), value.strip()


def number(text: str) -> int | None:
    """A number, None for what is none."""
    return int(text) if text.strip().lstrip("-").isdigit() else None


def tagged(text: str, by: str = " ") -> dict[str, list[str]]:
    """Lines by their first word."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in text.splitlines():
        name, rest = line.partition(by)[::2]
        if name:
            found[name].append(rest)
    return found


def system(text: str) -> Data:
    said = dict(pairs(text))
    release = {
        name.removeprefix("os."): value.strip("\"'") for name, value in said.items() if name[:3] == "os."
    }
    memory = number(said.get("memory_kb", ""))
    return {
        "hostname": said.get("hostname", ""),
        "kernel": said.get("kernel", ""),
        "machine": said.get("machine", ""),
        "libc": said.get("libc", ""),
        "init": said.get("init", ""),
        "cpus": number(said.get("cpus", "")),
        "product": said.get("product", ""),
        "memory_bytes": None if memory is None else memory * 1024,
        "uptime_s": number(said.get("uptime_s", "")),
        "clock": number(said.get("clock", "")),
        "as_root": said.get("uid") == "0",
        "os": {
            "id": release.get("ID", ""),
            "version": release.get("VERSION_ID", ""),
            "name": release.get("PRETTY_NAME", ""),
        },
    }


def packages(text: str) -> Data:
    installed, broken, held, sources = [], [], [], []
    kind = ""
    for line in text.splitlines():
        parts = line.split("\t")
        if parts[0] == "source":
            sources.append(parts[1])
            continue
        if len(parts) < 5:
            continue
        kind = parts[0]
        want, state = parts[4].partition(" ")[::2]
        if state.endswith(("not-installed", "config-files")):
            continue
        installed.append({"name": parts[1], "version": parts[2].removeprefix("(none):"), "arch": parts[3]})
        if want == "hold":
            held.append(parts[1])
        if state != WHOLE:
            broken.append(parts[1])
    return {"kind": kind, "installed": installed, "broken": broken, "held": held, "sources": sources}


def changed(text: str) -> list[Data]:
    """Files that are other than their package brought them, as ``dpkg -V`` and ``rpm -V`` tell it."""
    found = []
    for line in text.splitlines():
        match = re.match(r"^(missing|[?.5A-Z]{8,11})\s+(?:([cdglr])\s+)?(/.*?)(?: \(.*\))?$", line)
        if match:
            kind = "missing" if match[1] == "missing" else "other"
            found.append({"path": match[3], "what": kind, "configuration": match[2] == "c"})
    return found


def services(text: str) -> Data:
    lines = tagged(text)
    files = [line.split() for line in lines["file"]]
    units = [line.split(maxsplit=4) for line in lines["unit"]]
    return {
        "files": [{"name": one[0], "state": one[1]} for one in files if len(one) > 1],
        "units": [{"name": one[0], "active": one[2], "state": one[3]} for one in units if len(one) > 3],
        "timers": [
            {"name": name} for line in lines["timer"] for name in line.split() if name.endswith(".timer")
        ],
        "local": [
            dict(zip(("name", "command"), line.split(" ", 1), strict=False)) for line in lines["local"]
        ],
        "started": sorted({re.sub(r"^S\d\d", "", name) for name in lines["started"]}),
        "scripts": sorted(set(lines["script"])),
    }


def accounts(text: str) -> Data:
    lines = tagged(text, ":")
    kept = dict(line.split(":", 1) for line in lines["shadow"] if ":" in line)
    users, groups = [], []
    for line in lines["passwd"]:
        parts = line.split(":")
        if len(parts) >= 6:
            name, uid, gid, _words, home, shell = parts[:6]
            password = kept.get(name, "unknown" if "noshadow" in lines else "none")
            users.append(
                {
                    "name": name,
                    "uid": number(uid),
                    "gid": number(gid),
                    "home": home,
                    "shell": shell,
                    "password": password,
                }
            )
    for line in lines["group"]:
        parts = line.split(":")
        if len(parts) >= 3:
            members = [name for name in parts[2].split(",") if name]
            groups.append({"name": parts[0], "gid": number(parts[1]), "members": members})
    return {"users": users, "groups": groups}


def by_file(text: str) -> list[Data]:
    """Lines of files, as ``sudo`` and ``cron`` print them."""
    found = []
    for line in text.splitlines():
        path, tab, rest = line.partition("\t")
        if tab:
            found.append({"file": path, "line": " ".join(rest.split())})
    return found


def mounts(text: str) -> Data:
    lines = tagged(text)
    mounted = [line.split() for line in lines["mount"]]
    return {
        "mounts": [
            {"device": _unescaped(one[0]), "path": _unescaped(one[1]), "type": one[2], "options": one[3]}
            for one in mounted
            if len(one) >= 4
        ],
        "sizes": list(_sizes(lines["df"], 1024)),
        "inodes": list(_sizes(lines["inodes"], 1)),
        "fstab": [
            dict(zip(("device", "path", "type"), line.split(), strict=False)) for line in lines["fstab"]
        ],
        "disks": [
            {"name": name, "bytes": int(sectors) * 512}
            for name, sectors in (line.split() for line in lines["disk"])
            if int(sectors) and not name.startswith(("loop", "ram"))
        ],
    }


def _unescaped(path: str) -> str:
    return re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), path)


def _sizes(lines: Iterable[str], unit: int) -> Iterator[Data]:
    for line in lines:
        match = re.match(r"^(.+?)\s+(\d+)\s+(\d+)\s+(-?\d+)\s+\S+\s+(/.*)$", line)
        if match:
            total, used, free = (int(match[n]) * unit for n in (2, 3, 4))
            yield {"device": match[1], "path": match[5], "total": total, "used": used, "free": free}


def time_locale(text: str) -> Data:
    found: Data = {"zone": "", "zone_file": "", "offset": "", "default": {}, "locales": [], "clock_by": []}
    for name, value in pairs(text):
        if name == "locale":
            found["locales"].append(value)
        elif name == "clock_by":
            found["clock_by"].append(value)
        elif name.startswith("default."):
            found["default"][name.removeprefix("default.")] = value.strip("\"'")
        elif name in found:
            found[name] = value
    return found


def mandatory_access(text: str) -> Data:
    found: Data = {"apparmor": False, "profiles": [], "local": [], "selinux": "", "selinux_configured": ""}
    for name, value in pairs(text):
        if name == "apparmor":
            found["apparmor"] = value == "Y"
        elif name == "profile":
            match = re.match(r"^(.*) \((\w+)\)$", value)
            if match:
                found["profiles"].append({"name": match[1], "mode": match[2]})
        elif name == "local":
            found["local"].append(value)
        elif name in found:
            found[name] = value
    return found


def certificates(text: str) -> list[Data]:
    found: list[Data] = []
    keys = {
        "subject": "subject",
        "issuer": "issuer",
        "serial": "serial",
        "notBefore": "not_before",
        "notAfter": "not_after",
        "key": "key",
        "signed": "signed",
    }
    for line in text.splitlines():
        name, value = line.partition(" ")[::2]
        if name == "file":
            found.append({"path": value, "names": [], "bits": None})
        elif found and name == "names":
            found[-1]["names"] += [part.strip().split(":", 1)[-1] for part in value.split(",")]
        elif found and name == "bits":
            found[-1]["bits"] = number(value)
        elif found and name in keys:
            found[-1][keys[name]] = value
    return found


def roots(text: str) -> list[Data]:
    found: dict[str, Data] = {}

    def of(path: str) -> Data:
        return found.setdefault(
            path,
            {
                "path": path,
                "bytes": None,
                "files": None,
                "odd_names": None,
                "set_id": None,
                "linked": None,
                "access_lists": None,
                "holes": None,
                "nobodys": None,
                "capable": None,
                "day_bytes": None,
            },
        )

    shapes = (
        (r"kb (\d+|\?) (.*)", ("bytes",)),
        (r"files (\d+|\?) (\d+|\?) (.*)", ("files", "odd_names")),
        (
            r"special (\d+|\?) (\d+|\?) (\d+|\?) (\d+|\?) (.*)",
            ("set_id", "linked", "access_lists", "holes"),
        ),
        (r"nobody (\d+|\?) (.*)", ("nobodys",)),
        (r"capable (\d+|\?) (.*)", ("capable",)),
        (r"day (\d+|\?) (.*)", ("day_bytes",)),
    )
    for line in text.splitlines():
        for shape, names in shapes:
            match = re.fullmatch(shape, line)
            if match:
                values = [number(value) for value in match.groups()[:-1]]
                if names == ("bytes",) and values[0] is not None:
                    values = [values[0] * 1024]
                of(match[len(names) + 1]).update(zip(names, values, strict=True))
    return list(found.values())


def references(text: str) -> list[Data]:
    """Which file names which address; only what can be one."""
    found = []
    for line in text.splitlines():
        path, address = line.rpartition(":")[::2]
        parts = address.split(".")
        if path and len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts):
            found.append({"file": path, "address": address})
    return found
