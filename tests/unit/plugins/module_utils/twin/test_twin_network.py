# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of a twin: what it should be, and that one pass makes it so from whatever there is."""

from __future__ import annotations

import random

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import network
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.netlink import VERBS
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.network import Change, desired
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.spec import parse
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.module_utils.twin.kernel import Kernel
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.module_utils.twin.small import small

NAMES = Names("tw1")
WANTED = desired(parse(small()), NAMES)
ALL = frozenset(("nn-rt-01", "nn-db-01", "dr-rt-01"))


def built(live: frozenset[str] = ALL) -> Kernel:
    kernel = Kernel()
    kernel.apply(network.difference(WANTED, kernel.state(), live))
    return kernel


def left(kernel: Kernel, **faults: frozenset[str]) -> list[str]:
    return [str(change) for change in network.difference(WANTED, kernel.state(), ALL, **faults)]


def test_a_network_is_built_in_one_pass_and_then_left_alone() -> None:
    kernel = built()
    assert left(kernel) == []
    assert {change.verb for change in network.difference(WANTED, {}, ALL)} <= VERBS


def test_bmcs_of_a_centre_share_one_namespace_behind_their_own_bridge() -> None:
    bmcs = WANTED["ajy-tw1-nanning-bmc"].devices
    assert {device.addresses for device in bmcs.values()} == {("10.1.90.11/24",)}
    (device,) = bmcs.values()
    assert device.peer is not None
    assert WANTED["ajy-tw1-nn-rt-01"].devices[device.peer[1]].master == "br-oob"


def test_both_ends_of_a_line_are_shaped_to_its_rate() -> None:
    kernel = built()
    assert kernel.links["ajy-tw1-nn-rt-01"]["l-dr"].rate_mbit == 100
    assert kernel.links["ajy-tw1-dr-rt-01"]["l-nn"].rate_mbit == 100


def test_routers_forward_and_servers_do_not() -> None:
    kernel = built()
    assert kernel.sysctls["ajy-tw1-nn-rt-01"]["net/ipv4/ip_forward"] == "1"
    assert "net/ipv4/ip_forward" not in kernel.sysctls["ajy-tw1-nn-db-01"]


def test_who_speaks_within_a_network_does_not_pass_its_gateways_rules() -> None:
    kernel = built()
    for namespace, links in kernel.links.items():
        if any(link.kind == "bridge" for link in links.values()) and "bmc" not in namespace:
            assert kernel.sysctls[namespace]["net/bridge/bridge-nf-call-iptables"] == "0", namespace


def test_a_node_that_is_off_has_dark_links_and_control_nodes_are_always_reached() -> None:
    kernel = built(live=frozenset())
    up = {name for name, links in kernel.links.items() if any(link.up for link in links.values())}
    assert up == {"ajy-tw1-nn-ctl-01", "ajy-tw1-nanning-bmc"}


def test_a_cut_line_stays_dark_and_a_full_one_full_until_lifted() -> None:
    kernel = built()
    for namespace, name in (("ajy-tw1-nn-rt-01", "l-dr"), ("ajy-tw1-dr-rt-01", "l-nn")):
        link = kernel.links[namespace][name]
        kernel.links[namespace][name] = network.LinkState(**{**vars(link), "up": False, "rate_mbit": 0.064})
    line = frozenset(("nn-dr-1",))
    assert left(kernel, cut=line, filled=line) == []
    assert len(left(kernel)) == 4


def test_a_namespace_of_nobody_goes_and_a_link_of_nobody_too() -> None:
    kernel = built()
    kernel.apply([Change("add_namespace", "ajy-tw1-old"), Change("add_bridge", "ajy-tw1-nn-db-01", "br-x")])
    assert left(kernel) == ["delete_namespace ajy-tw1-old", "delete_link ajy-tw1-nn-db-01 br-x"]


def test_a_changed_rate_is_the_only_change() -> None:
    kernel = built()
    data = small()
    data["lines"]["nn-dr-1"]["rate_mbit"] = 20.0
    changes = network.difference(desired(parse(data), NAMES), kernel.state(), ALL)
    assert [str(change) for change in changes] == [
        "shape ajy-tw1-dr-rt-01 l-nn 20",
        "shape ajy-tw1-nn-rt-01 l-dr 20",
    ]


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_lost_comes_back_in_one_pass(seed: int) -> None:
    """A killed run, or a person, leaves any part undone; every verb may be missing."""
    chance = random.Random(seed)
    kernel = Kernel()
    changes = network.difference(WANTED, kernel.state(), ALL)
    kernel.apply(changes[: chance.randrange(len(changes) + 1)])
    for name in [name for name in kernel.links if chance.random() < 0.15]:
        kernel.delete_namespace(Change("delete_namespace", name))
    for name, links in kernel.links.items():
        for link in [link for link in links if link != "lo" and chance.random() < 0.15]:
            kernel.drop(name, link)
    kernel.apply(network.difference(WANTED, kernel.state(), ALL))
    assert left(kernel) == []
