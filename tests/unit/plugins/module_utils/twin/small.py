# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A specification small enough to be read: a centre with a server and its BMC, and a line to another."""

from __future__ import annotations

import copy
from typing import Any

_DATA: dict[str, Any] = {
    "twin_id": "tw1",
    "plan": {"name": "small", "digest": "d"},
    "nodes": {
        "nn-rt-01": {
            "kind": "appliance",
            "address": "10.1.0.1",
            "centre": "nanning",
            "image": "network",
            "disk_mib": 64,
            "forwards": True,
            "files": {"/etc/frr/frr.conf": "hostname nn-rt-01\n"},
            "interfaces": [
                {"name": "lo", "kind": "loopback", "address": "10.1.0.1/32"},
                {"name": "br-app", "kind": "lan", "address": "10.1.10.1/24", "network": "nn-app"},
                {"name": "br-oob", "kind": "lan", "address": "10.1.90.1/24", "network": "nn-oob"},
                {"name": "l-dr", "kind": "line", "address": "10.9.0.1/30", "line": "nn-dr-1"},
            ],
        },
        "nn-db-01": {
            "kind": "machine",
            "address": "10.1.10.11",
            "centre": "nanning",
            "image": "debian-12",
            "disk_mib": 512,
            "gateway": "10.1.10.1",
            "interfaces": [
                {"name": "eth0", "kind": "lan", "address": "10.1.10.11/24", "network": "nn-app"},
            ],
            "bmc": {
                "address": "10.1.90.11",
                "prefix_length": 24,
                "network": "nn-oob",
                "gateway": "10.1.90.1",
            },
        },
        "nn-ctl-01": {
            "kind": "control",
            "address": "10.1.10.9",
            "centre": "nanning",
            "gateway": "10.1.10.1",
            "interfaces": [
                {"name": "eth0", "kind": "lan", "address": "10.1.10.9/24", "network": "nn-app"},
            ],
        },
        "dr-rt-01": {
            "kind": "appliance",
            "address": "10.9.0.2",
            "centre": "dr",
            "image": "network",
            "disk_mib": 64,
            "forwards": True,
            "interfaces": [{"name": "l-nn", "kind": "line", "address": "10.9.0.2/30", "line": "nn-dr-1"}],
        },
    },
    "networks": {
        "nn-app": {"prefix": "10.1.10.0/24", "gateway_host": "nn-rt-01", "centre": "nanning"},
        "nn-oob": {"prefix": "10.1.90.0/24", "gateway_host": "nn-rt-01", "centre": "nanning"},
    },
    "lines": {
        "nn-dr-1": {
            "a_host": "nn-rt-01",
            "a_interface": "l-dr",
            "b_host": "dr-rt-01",
            "b_interface": "l-nn",
            "rate_mbit": 100.0,
        }
    },
}


def small() -> dict[str, Any]:
    """A copy of one's own."""
    return copy.deepcopy(_DATA)
