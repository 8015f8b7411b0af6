# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a PXE server saw of each server that it installs: its log of HTTP and its leases of DHCP.

Each line counts for the server from whose address it came, whatever it asks for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

#: How far an installation has come, in order.
STAGES = ("lease", "installer", "kernel", "initrd", "preseed", "began", "writes", "installed")
#: What the installer says before it switches the server off.
REFUSALS = {
    "another-server": "the serial number is another server's",
    "no-such-disk": "the disk is not there",
    "disk-not-read": "the disk cannot be read",
    "disk-not-empty": "something stands on the disk",
}


def pxe_seen(
    hosts: Iterable[Mapping[str, Any]], log: str, since: float, lease_s: float, wanted: str
) -> dict[str, Any]:
    """How far each server has come.

    :returns: ``hosts`` (by name ``stages`` with their epoch seconds, ``stage``, the last of them, ``refused``
        and ``disk``, how often it was sent there), ``over`` (all have come as far as wanted, or will not) and
        ``readings``.

    :param log: dnsmasq's leases and nginx' lines (JSON), in any order; what is neither is left out. A lease
        was given its length before it ends.
    :param since: epoch seconds; what is older is of an earlier installation.
    :param lease_s: length of a lease.
    :param wanted: the stage that they are to reach.
    """
    found: dict[str, dict[str, Any]] = {}
    by_address: dict[str, dict[str, Any]] = {}
    by_mac: dict[str, dict[str, Any]] = {}
    for host in hosts:
        mine = found[host["name"]] = {"stages": {}, "refused": "", "disk": 0, "name": host["name"]}
        by_address[host["address"]] = by_mac[host["mac"]] = mine
    for line in log.splitlines():
        if not line.startswith("{"):
            words = line.split()
            if len(words) >= 3 and words[1] in by_mac and words[0].isdigit():
                _note(by_mac[words[1]], "lease", int(words[0]) - lease_s, since)
            continue
        try:
            said = json.loads(line)
        except ValueError:  # not yet whole
            continue
        if said["from"] in by_address and said["at"] >= since:
            _read(by_address[said["from"]], said, since)
    for mine in found.values():
        del mine["name"]
        mine["stage"] = next((stage for stage in reversed(STAGES) if stage in mine["stages"]), "none")
    well = {name: _reached(mine, wanted) for name, mine in found.items()}
    return {
        "hosts": found,
        "over": all(well[name] or mine["refused"] for name, mine in found.items()),
        "readings": [_reading(name, mine, well[name], wanted) for name, mine in found.items()],
    }


def _reached(mine: Mapping[str, Any], wanted: str) -> bool:
    """Whether it was seen at that stage, and asked by its MAC address before (a lease may be over)."""
    asked = "lease" in mine["stages"] or wanted in ("writes", "installed")
    return wanted in mine["stages"] and asked and not mine["refused"]


def _reading(name: str, mine: Mapping[str, Any], well: bool, wanted: str) -> dict[str, Any]:
    seen = f"{name} was seen as far as: {mine['stage']}"
    if mine["disk"] and not well:
        seen += f", and was sent to its disk {mine['disk']} times"
    if mine["refused"]:
        seen = f"{name}: the installer has switched it off: {mine['refused']}"
    return {
        "ok": well,
        "reading": seen,
        "expected": wanted,
        "way_on": "look at its console; bmc_sol_capture shows it",
    }


def _read(mine: dict[str, Any], said: Mapping[str, Any], since: float) -> None:
    name, asked, at = mine["name"], said["asked"], said["at"]
    own = f"/hosts/{name}/"
    if said["method"] == "DELETE" and asked == f"/boot/{name}.ipxe" and said["status"] in (204, 404):
        _note(mine, "installed", at, since)
    if said["method"] != "GET" or said["status"] not in (200, 204):
        return
    if asked == own + "boot.ipxe":
        if said["served"] == "/boot/disk.ipxe":
            mine["disk"] += 1
        else:
            _note(mine, "installer", at, since)
    elif asked in ("/installer/linux", "/installer/initrd.gz"):
        _note(mine, "kernel" if asked.endswith("linux") else "initrd", at, since)
    elif asked == own + "preseed.cfg":
        _note(mine, "preseed", at, since)
    elif asked.startswith(own + "said/"):
        word = asked.rpartition("/")[2]
        if word in STAGES:
            _note(mine, word, at, since)
        elif word in REFUSALS:
            mine["refused"] = REFUSALS[word]


def _note(mine: dict[str, Any], stage: str, at: float, since: float) -> None:
    if at >= since:
        mine["stages"].setdefault(stage, at)
