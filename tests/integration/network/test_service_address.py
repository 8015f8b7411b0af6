# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service's address moves between the centres, seen from a county: by its packets, and by its router."""

from __future__ import annotations

import inspect
import json
import sys
from typing import Any

import pytest
from netlab import SERVICE, Lab
from traffic import DATABASE_PORT, SERVICE_PORT, ask, wait_answer

from ansible_collections.anjianyun.datacenter.plugins.module_utils.network import frr_commit, frr_text

COUNTY = "liujiang-pc-01"
NN, DR = "nn-fw-01", "dr-fw-01"
NN_APP, DR_APP = "10.1.10.21", "10.2.10.21"
NN_ID, DR_ID = "10.255.1.2", "10.255.2.2"
ANNOUNCED = {"prefix": f"{SERVICE}/32", "next_hop": DR_APP, "precedence": 2}


def test_an_announcement_moves_a_county_to_the_other_centre(lab: Lab) -> None:
    lab.announce(NN, NN_APP)
    wait_answer(lab, COUNTY, SERVICE, SERVICE_PORT, "nn-app-01")

    lab.announce(DR, DR_APP)
    lab.announce(NN, None)

    wait_answer(lab, COUNTY, SERVICE, SERVICE_PORT, "dr-app-01")
    seen = lab.routes("liuzhou-rt-01", SERVICE, DR_ID)
    assert seen["origin"] == DR_ID
    assert [one["router"] for one in seen["announcements"]] == [DR_ID]


def test_nobody_announces_and_nobody_answers(lab: Lab) -> None:
    lab.announce(DR, DR_APP)
    lab.announce(DR, None)

    lab.wait(
        "the route is gone",
        "sh",
        "-c",
        f"! vtysh -c 'show ip route {SERVICE}' | grep -q via",
        node="gx-edge-01",
    )
    seen = lab.routes("gx-edge-01", SERVICE)
    assert (seen["route"], seen["origin"], seen["announcements"]) == (None, None, [])
    assert ask(lab, COUNTY, SERVICE, SERVICE_PORT) != "dr-app-01"


def test_the_higher_precedence_wins_while_both_announce(lab: Lab) -> None:
    lab.announce(NN, NN_APP, 1)
    lab.announce(DR, DR_APP, 3)
    wait_answer(lab, COUNTY, SERVICE, SERVICE_PORT, "dr-app-01")
    seen = lab.routes("liujiang-rt-01", SERVICE, DR_ID)
    assert [(one["router"], one["best"]) for one in seen["announcements"]] == [(NN_ID, False), (DR_ID, True)]

    lab.announce(NN, NN_APP, 3)
    lab.announce(DR, DR_APP, 1)
    wait_answer(lab, COUNTY, SERVICE, SERVICE_PORT, "nn-app-01")
    assert lab.routes("liujiang-rt-01", SERVICE, NN_ID)["origin"] == NN_ID


def test_an_announcement_of_a_router_that_died_loses(lab: Lab) -> None:
    """Its LSA stays in every database for up to an hour; nobody can withdraw it."""
    lab.announce(NN, NN_APP, 3)
    lab.announce(DR, DR_APP, 1)
    wait_answer(lab, COUNTY, SERVICE, SERVICE_PORT, "nn-app-01")
    lab.kill_daemons(NN)
    try:
        seen = lab.routes("liujiang-rt-01", SERVICE, DR_ID)
        stale = {one["router"]: one for one in seen["announcements"]}[NN_ID]
        assert (stale["precedence"], stale["cost"], stale["best"]) == (3, None, False)
        assert seen["origin"] == DR_ID
        wait_answer(lab, COUNTY, SERVICE, SERVICE_PORT, "dr-app-01")
    finally:
        lab.start_frr(NN)
    # It had been told to announce, and a restart does not make it forget.
    assert lab.routes("liujiang-rt-01", SERVICE, NN_ID)["origin"] == NN_ID


def test_a_silent_cut_of_the_first_line_between_the_centres_leaves_the_second(lab: Lab) -> None:
    def next_interface() -> str:
        route = lab.routes("dr-rt-01", "10.1.10.11")["route"]
        return "" if route is None else str(route["next_hops"][0]["interface"])

    assert next_interface() == "nn-dr-1"
    # The link stays up and nothing passes, as when a carrier's equipment fails: only BFD can see it.
    cut = (
        "table inet lab_cut { chain i { type filter hook prerouting priority raw; iifname nn-dr-1 drop; }; }"
    )
    for end in ("nn-rt-01", "dr-rt-01"):
        lab[end].run("nft", "-f", "-", stdin=cut)
    try:
        wait_answer(lab, "dr-app-01", "10.1.10.11", DATABASE_PORT, "nn-db-01")
        assert next_interface() == "nn-dr-2"
        # OSPF asks BFD to watch its neighbours only, and this one is none any more.
        peers = lab.routes("dr-rt-01", SERVICE)["bfd_peers"]
        assert [one["interface"] for one in peers if one["up"]] == ["dr-core", "dr-edge", "nn-dr-2"]
    finally:
        for end in ("nn-rt-01", "dr-rt-01"):
            lab[end].run("nft", "delete", "table", "inet", "lab_cut")
    lab.wait(
        "the first line is used again",
        "sh", "-c", "vtysh -c 'show ip route 10.1.10.11' | grep -q nn-dr-1", node="dr-rt-01",
    )  # fmt: skip


def test_four_runs_of_the_module(lab: Lab) -> None:
    def witness() -> bool:
        """The kernel of another router, asked by another program."""
        return "via" in lab["dr-rt-01"].run("ip", "route", "show", SERVICE)

    check = lab.module(DR, "service_address", ANNOUNCED, check=True)
    assert check["changed"]
    assert check["commands"] == [f"ip route {SERVICE}/32 {DR_APP} tag 2", "write memory"]
    assert not witness()

    real = lab.module(DR, "service_address", ANNOUNCED)
    assert real["changed"]
    assert real["commands"] == check["commands"]
    assert real["after"]["announced"] == {"metric": 80, "tag": 2, "forward_address": DR_APP}
    # What check mode said it would be; only the device knows the metric.
    real["after"]["announced"].pop("metric")
    assert check["after"] == real["after"]
    lab.wait(
        "the other router knows it", "sh", "-c", f"ip route show {SERVICE} | grep -q via", node="dr-rt-01"
    )

    for again in (
        lab.module(DR, "service_address", ANNOUNCED),
        lab.module(DR, "service_address", ANNOUNCED, check=True),
    ):
        assert (again["changed"], again["commands"]) == (False, [])
    assert witness()


def test_another_server_replaces_the_first_without_a_moment_of_both(lab: Lab) -> None:
    lab.announce(DR, DR_APP, 1)
    moved = lab.announce(DR, "10.2.10.11", 1)
    assert moved["after"]["installed"] == ["10.2.10.11"]
    assert moved["after"]["announced"]["forward_address"] == "10.2.10.11"


def test_what_is_announced_but_not_saved_is_saved(lab: Lab) -> None:
    lab.announce(DR, DR_APP)
    lab[DR].run("sed", "-i", "/^ip route/d", "/etc/frr/frr.conf")

    assert lab.announce(DR, DR_APP)["commands"] == ["write memory"]
    assert f"ip route {SERVICE}/32 {DR_APP} tag 1" in lab[DR].run("cat", "/etc/frr/frr.conf")


def of_an_operator(lab: Lab, verb: str, **words: Any) -> dict[str, Any]:
    """What net_config has a router do, as it does it."""
    parts = {module.__name__: inspect.getsource(module) for module in (frr_text, frr_commit)}
    call = f"module.main({verb!r}, {{'state': {frr_text.STATE!r}}}, {words!r})\n"
    said = lab[DR].run(sys.executable, "-I", "-", stdin=frr_commit.prelude(parts) + call)
    return dict(json.loads(said)["answer"])


@pytest.mark.parametrize("mode", [pytest.param("merge", marks=pytest.mark.slow), "replace"])
def test_an_announcement_outlives_an_operators_change_that_waited(lab: Lab, mode: str) -> None:
    """Neither its end nor a restart takes the service away; nor is that change saved with it."""
    running = ("vtysh", "-c", "show running-config no-header")
    theirs, ours = "ip route 203.0.113.0/24 blackhole", f"ip route {SERVICE}/32 {DR_APP} tag 2"
    before = lab[DR].run(*running)
    text = (
        f"{theirs}\n" if mode == "merge" else before.replace("\ninterface ", f"\n{theirs}\n!\ninterface ", 1)
    )
    of_an_operator(lab, "begin", text=text, mode=mode, confirm_s=12, message="", token="of-somebody")

    made = lab.module(DR, "service_address", ANNOUNCED)
    assert (made["changed"], made["pending"], made["commands"]) == (True, True, [ours])
    assert made["after"]["saved"] == [{"next_hop": DR_APP, "precedence": 2}]
    refused = lab.module(DR, "frr_config", {"content": before})
    assert refused["error"]["kind"] == "Refused", refused
    boot = lab[DR].run("cat", "/etc/frr/frr.conf")
    assert (ours in boot, theirs in boot, theirs in lab[DR].run(*running)) == (True, False, True)

    lab.wait("it is taken back", "grep", "-q", "rolled_back", f"{frr_text.STATE}/done/outcome.json", node=DR)
    for text in (lab[DR].run(*running), lab[DR].run("cat", "/etc/frr/frr.conf")):
        assert (ours in text, theirs in text) == (True, False)
    again = lab.module(DR, "service_address", ANNOUNCED)
    assert (again["changed"], again["pending"]) == (False, False)


@pytest.mark.parametrize("daemon", ["staticd", "ospfd"])
def test_a_dead_daemon_is_named_and_nothing_is_changed(lab: Lab, daemon: str) -> None:
    """vtysh says nothing of it: a configuration without routes and a dead staticd look alike."""
    lab.kill_daemons(DR, daemon)
    try:
        failed = lab.module(DR, "service_address", {**ANNOUNCED, "state": "withdrawn"})
    finally:
        lab.kill_daemons(DR, *(one for one in ("zebra", "staticd", "ospfd", "bfdd") if one != daemon))
        lab.start_frr(DR)
    assert failed["error"]["kind"] == "Unreachable"
    assert failed["error"]["device"] == DR
    assert daemon in failed["error"]["what"]
    assert "systemctl restart frr" in failed["error"]["next_step"]
    assert failed["changed"] is False


def test_a_daemon_that_hangs_costs_the_stated_seconds(lab: Lab) -> None:
    lab[DR].run("pkill", "-STOP", "-x", "ospfd")
    try:
        failed = lab.module(DR, "route_info", {"address": SERVICE, "timeout": 0.5})
    finally:
        lab[DR].run("pkill", "-CONT", "-x", "ospfd")
    assert failed["error"]["what"].startswith("no answer from FRR within 0.5 s")
    assert failed["error"]["cause"] == "a daemon hangs"


def test_a_server_in_no_network_of_the_device_is_not_announced(lab: Lab) -> None:
    failed = lab.module(DR, "service_address", {**ANNOUNCED, "next_hop": "10.77.7.7", "timeout": 0.5})
    assert failed["error"]["kind"] == "DeadlineExceeded"
    assert "10.77.7.7 is in no network" in failed["error"]["cause"]
    assert failed["changed"] is True
    assert failed["after"]["configured"] == [{"next_hop": "10.77.7.7", "precedence": 2}]
