# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The difference between two configurations, read, and what of it is dangerous."""

from __future__ import annotations

from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.frr_config import (
    kept_routes,
    parse_delta,
    significant,
    with_routes,
)

OUTPUT = """\
2026-11-25 22:17:18,267  INFO: "frr version 8.4.4" cannot be removed

Lines To Delete
===============
interface dr-core
 no ip ospf cost 11
interface dr-core
 no ip ospf area 0
router ospf
 no redistribute static route-map service-addresses
no ip forwarding

Lines To Add
============
interface dr-core
 ip ospf cost 10
 ip ospf dead-interval 12
exit
no ip route 192.0.2.0/24 10.2.10.21
"""


def test_each_line_stands_behind_its_context() -> None:
    assert parse_delta(OUTPUT).lines == [
        "- interface dr-core / no ip ospf cost 11",
        "- interface dr-core / no ip ospf area 0",
        "- router ospf / no redistribute static route-map service-addresses",
        "- no ip forwarding",
        "+ interface dr-core / ip ospf cost 10",
        "+ interface dr-core / ip ospf dead-interval 12",
        "- no ip route 192.0.2.0/24 10.2.10.21",
    ]


def test_what_takes_a_session_down_is_told_from_what_does_not() -> None:
    assert parse_delta(OUTPUT).resets == [
        "interface dr-core / no ip ospf area 0",
        "interface dr-core / ip ospf dead-interval 12",
    ]


def test_to_remove_ospf_altogether_resets() -> None:
    assert parse_delta("Lines To Delete\n====\nno router ospf\n").resets == ["no router ospf"]


def test_nothing_to_do_is_no_line() -> None:
    assert parse_delta('INFO: "frr version 8.4.4" cannot be removed\n').lines == []


def test_routes_of_services_are_kept_and_no_others() -> None:
    running = "ip route 10.100.0.1/32 10.2.10.21 tag 3\nip route 192.0.2.0/24 10.2.10.9\n"
    kept = kept_routes(running, ["10.100.0.1/32", "10.100.0.2/32"])
    assert kept == ["ip route 10.100.0.1/32 10.2.10.21 tag 3"]
    assert with_routes("hostname a\n!\ninterface x\nexit\n", kept) == (
        "hostname a\n!\nip route 10.100.0.1/32 10.2.10.21 tag 3\n!\ninterface x\nexit\n"
    )
    assert with_routes("hostname a\n", []) == "hostname a\n"


def test_two_texts_of_one_configuration_are_equal() -> None:
    running = "Building configuration...\n\nCurrent configuration:\n!\nfrr version 8.4.4\nhostname a\nend\n"
    saved = "! made by hand\nhostname a\n!\n"
    assert significant(running.splitlines()) == significant(saved.splitlines()) == {"hostname a"}
