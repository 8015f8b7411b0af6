# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts as targets of SSH, in their order, each once."""

from __future__ import annotations

from ansible_collections.anjianyun.datacenter.plugins.filter.ssh_targets import ssh_targets

HOSTVARS = {"nn-db-01": {"ansible_host": "10.1.10.11"}, "localhost": {}}


def test_each_host_has_the_address_by_which_ansible_reaches_it() -> None:
    assert ssh_targets(["localhost", "nn-db-01", "localhost"], HOSTVARS) == [
        {"name": "localhost", "address": "localhost"},
        {"name": "nn-db-01", "address": "10.1.10.11"},
    ]
