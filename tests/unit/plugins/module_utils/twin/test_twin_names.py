# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names from which everything of a twin is found again, and nothing of another."""

from __future__ import annotations

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import Names, mac, port_name


def test_no_twin_takes_the_things_of_another_whose_id_begins_alike() -> None:
    short, long = Names("tw"), Names("tw1")
    assert not long.namespace("nn-db-01").startswith(short.namespace(""))
    assert not f"{long.group}/".startswith(f"{short.group}/")
    assert short.runtime not in long.runtime.parents


@pytest.mark.parametrize("member", ["nn-db-01", "liujiang-pc-01", "a" * 63, "nn-db-01.eth1"])
def test_a_port_has_a_name_that_linux_takes(member: str) -> None:
    assert len(port_name(member)) <= 15
    assert port_name(member).startswith("p.")


def test_ports_whose_members_begin_alike_differ() -> None:
    assert len({port_name(f"a-very-long-member-{n:02}") for n in range(50)}) == 50


def test_an_ethernet_address_is_local_unicast_the_same_each_time_and_nobody_elses() -> None:
    found = {mac("tw1", f"node-{n}", interface) for n in range(50) for interface in ("eth0", "eth1")}
    assert len(found) == 100
    assert all(int(address[:2], 16) & 0b11 == 0b10 for address in found)
    assert mac("tw1", "node-0", "eth0") in found
    assert mac("tw2", "node-0", "eth0") not in found


def test_a_disk_file_names_its_image_because_it_fits_no_other() -> None:
    names = Names("tw1")
    assert names.disk_file("nn-db-01", "debian-12-a") != names.disk_file("nn-db-01", "debian-12-b")
