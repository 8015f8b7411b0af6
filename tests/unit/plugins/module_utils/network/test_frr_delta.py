# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What frr-reload.py 8.4.4 says, read; and which of it ends a session."""

from __future__ import annotations

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.frr_delta import (
    Line,
    parse_merge,
    parse_replace,
    session_resets,
)

# A configuration that states FRR's own default, against a router that has it: FRRouting/frr#22953.
HIDDEN_DEFAULT = """
Lines To Add
============
router bgp 65002
 bgp graceful-restart restart-time 120
"""
BOTH = """
Lines To Delete
===============
interface dr-core
 no ip ospf dead-interval 10
router bgp 65002
 no neighbor 10.254.128.2 remote-as 65001
bfd
 profile line
  no detect-multiplier 4
ipv6 forwarding

Lines To Add
============
interface dr-core
 ip ospf dead-interval 12
router bgp 65002
 neighbor 10.254.128.2 remote-as 65003
no ip route 203.0.113.0/24 blackhole
ip route 198.51.100.0/24 blackhole
"""


def test_a_replace_is_read_with_contexts_and_signs() -> None:
    assert [str(line) for line in parse_replace(BOTH, "")] == [
        "- interface dr-core / ip ospf dead-interval 10",
        "- router bgp 65002 / neighbor 10.254.128.2 remote-as 65001",
        "- bfd / profile line / detect-multiplier 4",
        "- no ipv6 forwarding",
        "+ interface dr-core / ip ospf dead-interval 12",
        "+ router bgp 65002 / neighbor 10.254.128.2 remote-as 65003",
        "- ip route 203.0.113.0/24 blackhole",
        "+ ip route 198.51.100.0/24 blackhole",
    ]


def test_a_merge_deletes_only_what_its_own_text_removes() -> None:
    running = "ip route 192.0.2.0/24 blackhole\n!\ninterface lo\n description old\n ip ospf cost 3\nexit\n"
    output = """
Lines To Delete
===============
no hostname r1

Lines To Add
============
interface lo
 no description
interface lo
 no ip ospf passive
interface lo
 ip ospf cost 9
no ip route 192.0.2.0/24 blackhole
no ip route 198.51.100.0/24 blackhole
no ip route 192.0.2.0/24 blackhole
"""
    text = "interface lo\n no description\n no ip ospf passive\n ip ospf cost 9\n" \
        "no ip route 192.0.2.0/24 blackhole\n"  # fmt: skip
    assert [str(line) for line in parse_merge(output, text, running)] == [
        "- interface lo / description old",
        "+ interface lo / ip ospf cost 9",
        "- ip route 192.0.2.0/24 blackhole",
    ]


def test_a_hidden_default_that_is_entered_again_is_a_reset() -> None:
    assert session_resets(parse_replace(HIDDEN_DEFAULT, "")) == [
        "+ router bgp 65002 / bgp graceful-restart restart-time 120"
    ]


def test_what_resets_is_told_from_what_does_not() -> None:
    assert session_resets(parse_replace(BOTH, "")) == [
        "- interface dr-core / ip ospf dead-interval 10",
        "- router bgp 65002 / neighbor 10.254.128.2 remote-as 65001",
        "+ interface dr-core / ip ospf dead-interval 12",
        "+ router bgp 65002 / neighbor 10.254.128.2 remote-as 65003",
    ]


BGP = ("router bgp 65002",)


@pytest.mark.parametrize(
    "line",
    [
        # ospf6: FRRouting/frr#14439.
        Line("-", ("interface a",), "ipv6 ospf6 area 0.0.0.0"),
        Line("+", ("interface a",), "ip ospf network point-to-point"),
        Line("-", ("interface a",), "ip address 192.0.2.1/24"),
        Line("+", ("interface a",), "shutdown"),
        Line("-", (), "router ospf"),
        Line("-", (), "router bgp 65002"),
        Line("-", (), "interface a"),
        Line("+", ("router ospf",), "ospf router-id 192.0.2.1"),
        Line("+", BGP, "neighbor 192.0.2.2 update-source lo"),
        Line("-", BGP, "neighbor 192.0.2.2 password x"),
        Line("+", BGP, "bgp router-id 192.0.2.1"),
        Line("-", ("bfd",), "peer 192.0.2.2"),
        Line("+", ("interface a",), "ip ospf passive"),
        Line("+", ("interface a",), "ip ospf authentication message-digest"),
        Line("+", ("router ospf",), "passive-interface default"),
        Line("-", ("router ospf",), "network 192.0.2.0/24 area 0"),
        Line("-", ("interface a",), "ip router isis east"),
        Line("+", ("interface a",), "isis circuit-type level-2-only"),
        Line("-", ("interface a",), "isis network point-to-point"),
        Line("+", ("interface a",), "isis passive"),
        Line("+", ("interface a",), "isis password md5 x"),
        Line("+", ("router isis east",), "net 49.0001.0000.0000.0001.00"),
        Line("+", ("router isis east",), "is-type level-2-only"),
    ],
    ids=str,
)
def test_this_line_takes_a_session_down(line: Line) -> None:
    assert session_resets([line]) == [str(line)]


@pytest.mark.parametrize(
    "line",
    [
        Line("+", ("interface a",), "ip ospf cost 11"),
        Line("-", ("interface a",), "description x"),
        Line("+", ("interface a",), "ip address 192.0.2.1/24"),
        Line("-", ("interface a",), "shutdown"),
        Line("-", ("interface lo",), "ip address 192.0.2.1/32"),
        Line("+", (), "router bgp 65002"),
        Line("+", (), "ip route 192.0.2.0/24 blackhole"),
        Line("+", ("router ospf",), "timers throttle spf 0 50 2000"),
        Line("+", BGP, "neighbor 192.0.2.2 description x"),
        Line("+", ("bfd", "profile line"), "detect-multiplier 4"),
        Line("+", ("interface a",), "ip router isis east"),
        Line("+", ("interface a",), "isis metric 20"),
    ],
    ids=str,
)
def test_this_line_takes_nothing_down(line: Line) -> None:
    assert session_resets([line]) == []


def test_a_session_that_is_new_itself_is_not_reset() -> None:
    new = [Line("+", BGP, f"neighbor 192.0.2.2 {what}") for what in ("remote-as 65001", "password x")]
    assert session_resets(new) == []
    whole = [Line("+", (), "router bgp 65002"), Line("+", BGP, "bgp router-id 192.0.2.1")]
    assert session_resets(whole) == []


def test_an_interface_that_is_new_to_its_protocol_has_no_session_to_lose() -> None:
    def at(sign: str, *texts: str) -> list[Line]:
        return [Line(sign, ("interface a",), text) for text in texts]

    new = at("+", "ip ospf area 0", "ip ospf network point-to-point", "ip ospf dead-interval 12")
    assert session_resets(new) == []
    moved = at("-", "ip ospf area 1") + new
    assert session_resets(moved) == [str(moved[0]), str(moved[2]), str(moved[3])]
    assert session_resets(at("+", "ip router isis east", "isis network point-to-point")) == []
    assert session_resets(at("+", "ip ospf area 0", "isis passive")) == ["+ interface a / isis passive"]
