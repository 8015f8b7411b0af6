# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server's survey in full: everything known, everything well."""

from __future__ import annotations

import copy
from typing import Any

GIB = 1024**3

_SURVEY: dict[str, Any] = {
    "name": "nn-db-01",
    "at": "2026-12-01T22:00:00Z",
    "identity": {"serial": "AJY-NN-0011", "product": "NF5280M6", "manufacturer": "Inspur",
                 "asset_tag": "A-17"},
    "firmware": {"bmc": "4.19", "bios": "2.1.5"},
    "memory": [
        {"slot": "DIMM_A1", "mib": 32768, "type": "DDR4", "serial_number": "M1", "part_number": "P32",
         "health": "ok"},
        {"slot": "DIMM_A2", "mib": 32768, "type": "DDR4", "serial_number": "M2", "part_number": "P32",
         "health": "ok"},
    ],
    "drives": [
        {"slot": "Bay 1", "bytes": 960 * GIB, "serial_number": "D1", "model": "S1", "failing": False,
         "health": "ok"},
        {"slot": "Bay 2", "bytes": 960 * GIB, "serial_number": "D2", "model": "S1", "failing": False,
         "health": "ok"},
    ],
    "processors": [{"slot": "CPU0", "cores": 28, "serial_number": None, "model": "Gold 6330",
                    "health": "ok"}],
    "bmc": {
        "address": "10.1.20.11",
        "mac": "ac:1f:6b:00:10:01",
        "restore_policy": "previous",
        "users": [
            {"name": "ops", "enabled": True, "privilege": "administrator"},
            {"name": "ADMIN", "enabled": False, "privilege": "administrator"},
        ],
    },
    "power": "on",
    "sensors": {"verdict": "ok", "beyond": []},
    "events": {"entries": 12, "critical": []},
    "inside": {
        "kind": "metal",
        "technology": None,
        "evidence": "systemd-detect-virt says none",
        "identity": {"serial": "AJY-NN-0011", "product": "NF5280M6", "manufacturer": "Inspur"},
        "processors": [{"slot": "CPU0", "cores": 28, "serial_number": None, "model": "Gold 6330"}],
        "memory": [
            {"slot": "A1", "mib": 32768, "mt_per_s": 2933, "serial_number": "M1", "part_number": "P32"},
            {"slot": "A2", "mib": 32768, "mt_per_s": 2933, "serial_number": "M2", "part_number": "P32"},
        ],
        "disks": [
            {"name": "sda", "serial": "D1", "bytes": 960 * GIB, "model": "S1", "rotational": False,
             "smart": {"passed": True, "failing": [], "reallocated": 0, "hours": 16402, "celsius": 27}},
            {"name": "sdb", "serial": "D2", "bytes": 960 * GIB, "model": "S1", "rotational": False,
             "smart": {"passed": True, "failing": [], "reallocated": 0, "hours": 16402, "celsius": 27}},
        ],
        "software_raid": [
            {"name": "md0", "level": "raid1", "state": "clean", "degraded": False,
             "members": ["sda1", "sdb1"], "failed": [], "at_work": None},
        ],
        "raid_controllers": [
            {"model": "9361-8i", "serial": "SV1", "state": "Optimal",
             "arrays": [{"name": "0/0", "level": "RAID1", "state": "Optl"}],
             "drives": [{"slot": "252:0", "model": "S1", "state": "Onln"}],
             "batteries": [{"model": "CVPM02", "state": "Optimal"}]},
        ],
        "nics": [{"name": "eno1", "mac": "ac:1f:6b:00:00:01", "link": True, "mbit_s": 10000}],
        "neighbours": [{"interface": "eno1", "system": "nn-sw-01", "chassis": "c", "port": "Ten1/0/7",
                        "port_description": "nn-db-01"}],
        "not_told": {},
    },
    "not_told": {},
}  # fmt: skip


def survey(**parts: Any) -> dict[str, Any]:
    """One of its own, with these in place of what it has."""
    return {**copy.deepcopy(_SURVEY), **parts}
