# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What vtysh says, read: as it is, and where it says nothing or something else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Unreachable
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network import frr_kept, service_address
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.frr import Frr
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.service_address import (
    Announcement,
    Reading,
    announced_in,
    commands_for,
    installed_in,
    missing,
    routes_in,
    set_announcement,
)

PREFIX, NEXT_HOP = "10.100.0.1/32", "10.2.10.21"
WANTED = ((NEXT_HOP, 3),)
LSA: dict[str, Any] = {"lsaAge": 4, "metric": 70, "externalRouteTag": 3, "forwardAddress": NEXT_HOP}
ROUTE: dict[str, Any] = {
    "protocol": "static", "selected": True, "installed": True, "nexthops": [{"ip": NEXT_HOP, "fib": True}],
}  # fmt: skip


def test_a_state_that_cannot_be_written_hinders_no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(Frr):
        def configure(self, commands: Sequence[str], *, save: bool = True) -> None:
            entered.append((*commands, save))

    def full(*_given: Any) -> bool:
        raise OSError("no space left on device")

    entered: list[Any] = []
    monkeypatch.setattr(frr_kept, "keep", full)
    with pytest.raises(DatacenterError, match="may be taken back.*no space left") as failed:
        service_address._enter(Full(), PREFIX, ["ip route x"], ["ip route x"])
    assert entered == [("ip route x", False)]
    assert failed.value.result == {"changed": True, "pending": True}


def test_answers_are_told_apart() -> None:
    output = ' zebra staticd\n{"a": 1}\n[2]\n\nBuilding configuration...\nip route x\n'
    assert Frr()._parse(output, 2, ["zebra"]) == (
        [{"a": 1}, [2]],
        "\n\nBuilding configuration...\nip route x\n",
    )


def test_a_daemon_that_is_missed_is_named() -> None:
    with pytest.raises(Unreachable, match="staticd is not running: .* only these answer: zebra ospfd"):
        Frr()._parse(" zebra ospfd\n{}\n", 1, ["zebra", "staticd"])


def test_an_answer_that_is_no_document_is_shown() -> None:
    with pytest.raises(DatacenterError, match="cannot be read: % OSPF is not enabled"):
        Frr()._parse(" zebra\n% OSPF is not enabled in vrf default\n", 1, [])


def test_a_device_without_frr_says_what_to_install() -> None:
    with pytest.raises(DatacenterError, match="install the package frr"):
        Frr(vtysh="/nonexistent/vtysh").read([])


def test_routes_of_other_prefixes_and_other_forms() -> None:
    text = f"""
ip route 10.100.0.10/32 10.2.10.9 tag 3
ip route {PREFIX} {NEXT_HOP} tag 3
ip route {PREFIX} 10.2.10.9
ip route {PREFIX} blackhole 200
!ip route {PREFIX} 10.2.10.7
"""
    assert routes_in(text, PREFIX) == ((NEXT_HOP, 3), ("10.2.10.9", 0), ("blackhole 200", 0))


@pytest.mark.parametrize(
    ("change", "installed"),
    [
        ({}, (NEXT_HOP,)),
        ({"selected": False}, ()),
        ({"installed": False}, ()),
        ({"protocol": "ospf"}, ()),
        ({"nexthops": [{"ip": NEXT_HOP}]}, ()),
    ],
)
def test_only_a_static_route_that_the_kernel_uses_counts(
    change: dict[str, Any], installed: tuple[str]
) -> None:
    assert installed_in({PREFIX: [{**ROUTE, **change}]}, PREFIX) == installed


def test_an_lsa_that_is_being_withdrawn_is_none() -> None:
    assert announced_in({"asExternalLinkStates": [LSA]}) == Announcement(70, 3, NEXT_HOP)
    assert announced_in({"asExternalLinkStates": [{**LSA, "lsaAge": 3600}]}) is None
    assert announced_in({"asExternalLinkStates": []}) is None


@pytest.mark.parametrize(
    ("configured", "wanted", "commands"),
    [
        ((), WANTED, [f"ip route {PREFIX} {NEXT_HOP} tag 3"]),
        (WANTED, WANTED, []),
        (((NEXT_HOP, 1),), WANTED, [f"ip route {PREFIX} {NEXT_HOP} tag 3"]),
        (
            (("10.2.10.9", 1),),
            WANTED,
            [f"ip route {PREFIX} {NEXT_HOP} tag 3", f"no ip route {PREFIX} 10.2.10.9"],
        ),
        (WANTED, (), [f"no ip route {PREFIX} {NEXT_HOP}"]),
        ((), (), []),
    ],
)
def test_the_new_route_comes_before_the_old_one_goes(
    configured: tuple[tuple[str, int], ...], wanted: tuple[tuple[str, int], ...], commands: list[str]
) -> None:
    assert commands_for(PREFIX, configured, wanted) == commands


GOOD = Reading(WANTED, (NEXT_HOP,), Announcement(70, 3, NEXT_HOP))


@pytest.mark.parametrize(
    ("reading", "wanted", "says"),
    [
        (GOOD, WANTED, ""),
        # Without a forward address packets go to the announcer itself, which has the route.
        (Reading(WANTED, (NEXT_HOP,), Announcement(70, 3, None)), WANTED, ""),
        (Reading((), (), None), (), ""),
        (Reading((), (), None), WANTED, "the configuration has no route"),
        (Reading(WANTED, (), None), WANTED, "is in no network that this device is in"),
        (Reading(WANTED, (NEXT_HOP,), None), WANTED, "OSPF does not announce it"),
        (Reading(WANTED, (NEXT_HOP,), Announcement(90, 1, NEXT_HOP)), WANTED, "still announces precedence 1"),
        (Reading(WANTED, (NEXT_HOP,), Announcement(70, 3, "10.2.10.9")), WANTED, "still leads to 10.2.10.9"),
        (Reading((), (NEXT_HOP,), None), (), f"the routing table leads to {NEXT_HOP}"),
        (Reading((), (), Announcement(70, 3, NEXT_HOP)), (), "still announced by OSPF"),
    ],
)
def test_all_three_must_agree(reading: Reading, wanted: tuple[tuple[str, int], ...], says: str) -> None:
    assert says in missing(reading, wanted)
    assert bool(says) == bool(missing(reading, wanted))


@pytest.mark.parametrize(
    ("prefix", "next_hop", "says"),
    [
        ("10.100.0.0/24", NEXT_HOP, "a service has one address"),
        ("10.100.0.300/32", NEXT_HOP, "no IPv4 address"),
        (PREFIX, "server", "no IPv4 address"),
    ],
)
def test_refuses_before_it_asks(prefix: str, next_hop: str, says: str) -> None:
    with pytest.raises(DatacenterError, match=says):
        set_announcement(
            Frr(vtysh="/nonexistent"), prefix, next_hop=next_hop, precedence=1, timeout_s=1, dry_run=False
        )
