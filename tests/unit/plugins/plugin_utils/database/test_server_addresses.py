# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.database.addresses import server_addresses

PLANNED: dict[str, Any] = {
    "ansible_host": "10.1.30.11",
    "dc_interfaces": [
        {"kind": "loopback", "address": "10.255.0.1/32"},
        {"kind": "lan", "address": "10.1.10.11/24"},
        {"kind": "lan", "address": "10.1.30.11/24"},
    ],
}


def test_the_first_lan_counts_and_else_the_address_that_ansible_uses() -> None:
    hostvars = {"a": PLANNED, "b": {"ansible_host": "192.0.2.7"}, "c": {"ansible_host": "x"}}
    assert server_addresses(["a", "b"], hostvars) == {"a": "10.1.10.11", "b": "192.0.2.7"}
