# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/network.yml on a firewall that runs, and what the firewall lets through."""

from __future__ import annotations

import re
from typing import Any

import pytest
from netlab import SERVICE, Lab
from traffic import DATABASE_PORT, SERVICE_PORT, Conversation, ask, wait_answer

FIREWALL = "dr-fw-01"
NN_APP, DR_APP, NN_DB, DR_DB = "10.1.10.21", "10.2.10.21", "10.1.10.11", "10.2.10.11"


def changed(output: str) -> int:
    """Ansible's own count."""
    found = re.search(r"changed=(\d+) .*failed=0", output)
    assert found, output
    return int(found[1])


def adjacency_age_ms(lab: Lab) -> int:
    text = lab[FIREWALL].run("vtysh", "-c", "show ip ospf neighbor json")
    return int(re.findall(r'"upTimeInMsec":(\d+)', text)[0])


def test_nothing_is_to_be_done_on_a_device_that_started_from_the_same_plan(lab: Lab) -> None:
    _code, output = lab.playbook(FIREWALL, "network.yml")
    assert changed(output) == 0


def test_drift_is_shown_then_repaired_and_the_service_stays_announced(lab: Lab) -> None:
    lab.announce(FIREWALL, DR_APP, 3)
    age = adjacency_age_ms(lab)
    lab[FIREWALL].run(
        "vtysh", "-c", "configure terminal", "-c", "interface dr-core", "-c", "ip ospf cost 99",
        "-c", "exit", "-c", "ip route 192.0.2.0/24 10.2.10.21",
    )  # fmt: skip
    lab[FIREWALL].run("nft", "flush", "chain", "inet", "ajy_firewall", "forward")
    assert ask(lab, "liujiang-pc-01", DR_APP, SERVICE_PORT, 0.5) == "silence"

    _code, seen = lab.playbook(FIREWALL, "network.yml", "--check")

    assert changed(seen) == 2
    assert "- no ip route 192.0.2.0/24 10.2.10.21" in seen
    assert "+ interface dr-core / ip ospf cost 10" in seen
    assert "ip ospf cost 99" in lab[FIREWALL].run("vtysh", "-c", "show running-config")

    _code, done = lab.playbook(FIREWALL, "network.yml")

    # The rules, the configuration, and its confirmation over a new session.
    assert changed(done) == 3
    assert changed(lab.playbook(FIREWALL, "network.yml")[1]) == 0
    running = lab[FIREWALL].run("vtysh", "-c", "show running-config")
    assert "ip ospf cost 10\n" in running
    assert "192.0.2.0" not in running
    assert f"ip route {SERVICE}/32 {DR_APP} tag 3" in running
    assert f"ip route {SERVICE}/32 {DR_APP} tag 3" in lab[FIREWALL].run("cat", "/etc/frr/frr.conf")
    wait_answer(lab, "liujiang-pc-01", SERVICE, SERVICE_PORT, "dr-app-01")
    # No session was lost over it.
    assert adjacency_age_ms(lab) > age


def test_what_would_take_a_session_down_is_refused_and_named(lab: Lab) -> None:
    age = adjacency_age_ms(lab)
    code, output = lab.playbook(FIREWALL, "network.yml", "-e", "frr_router_dead_s=12")
    assert code != 0
    assert "would take OSPF sessions down" in output
    assert "interface dr-core / ip ospf dead-interval 12" in output
    assert "frr_router_reset_sessions" in output
    assert adjacency_age_ms(lab) > age
    assert "dead-interval 10" in lab[FIREWALL].run("vtysh", "-c", "show running-config")


TRIED = "ip route 198.51.100.0/24 blackhole"


def tried(lab: Lab, confirm_s: float) -> dict[str, Any]:
    """Enter one route more, to be confirmed; the text that has it, and what the module says."""
    text = f"{lab[FIREWALL].run('cat', '/etc/frr/frr.conf')}\n{TRIED}\n"
    entered = lab.module(FIREWALL, "frr_config", {"content": text, "confirm_s": confirm_s})
    assert TRIED in lab[FIREWALL].run("vtysh", "-c", "show running-config"), entered
    assert TRIED not in lab[FIREWALL].run("cat", "/etc/frr/frr.conf"), "a restart must take it back"
    return {"content": text, "confirm": entered["token"]}


def test_a_change_that_nobody_confirms_is_taken_back_by_the_router(lab: Lab) -> None:
    # Long enough for a busy machine to see it in force before it goes.
    change = tried(lab, 8)

    gone = f"! vtysh -c 'show running-config' | grep -q '^{TRIED}'"
    lab.wait("the route is gone", "sh", "-c", gone, node=FIREWALL)
    late = lab.module(FIREWALL, "frr_config", change)

    assert late["error"]["what"] == "the change was not confirmed: the router does not run what was entered"
    assert TRIED in late["error"]["cause"]
    assert TRIED not in lab[FIREWALL].run("cat", "/etc/frr/frr.conf")


def test_a_change_that_is_confirmed_stays_and_is_saved(lab: Lab) -> None:
    change = tried(lab, 60)
    refused = lab.module(FIREWALL, "frr_config", {**change, "content": "hostname x\n", "confirm": ""})
    assert refused["error"]["what"] == "a change of this router waits for its confirmation"

    assert lab.module(FIREWALL, "frr_config", change)["saved"] is True

    assert TRIED in lab[FIREWALL].run("cat", "/etc/frr/frr.conf")
    without = change["content"].replace(TRIED, "")
    assert lab.module(FIREWALL, "frr_config", {"content": without})["changed"] is True


def test_a_configuration_that_frr_does_not_understand_changes_nothing(lab: Lab) -> None:
    before = lab[FIREWALL].run("vtysh", "-c", "show running-config")
    failed = lab.module(FIREWALL, "frr_config", {"content": "hostname other\nrouter osfp\n"})
    assert failed["error"]["what"] == "the router does not understand the configuration"
    assert "router osfp" in failed["error"]["cause"]
    assert lab[FIREWALL].run("vtysh", "-c", "show running-config") == before


def test_rules_that_nft_does_not_understand_change_nothing(lab: Lab) -> None:
    before = lab[FIREWALL].run("nft", "-s", "list", "ruleset")
    failed = lab.module(
        FIREWALL,
        "nft_table",
        {"name": "ajy_firewall", "content": "table inet ajy_firewall { chain x { tcp } }"},
    )
    assert failed["error"]["what"] == "nft refuses"
    assert lab[FIREWALL].run("nft", "-s", "list", "ruleset") == before


@pytest.mark.parametrize(
    ("asker", "address", "port", "answer"),
    [
        ("liujiang-pc-01", DR_APP, SERVICE_PORT, "dr-app-01"),
        ("liujiang-pc-01", NN_DB, DATABASE_PORT, "silence"),
        ("liujiang-pc-01", NN_DB, 22, "silence"),
        ("nn-app-01", DR_DB, DATABASE_PORT, "dr-db-01"),
        ("dr-app-01", NN_DB, DATABASE_PORT, "nn-db-01"),
        ("nn-db-01", DR_DB, DATABASE_PORT, "dr-db-01"),
        ("dr-db-01", NN_DB, DATABASE_PORT, "nn-db-01"),
        ("dr-db-01", NN_DB, 22, "silence"),
        ("dr-ctl-01", NN_DB, DATABASE_PORT, "nn-db-01"),
        ("dr-ctl-01", DR_DB, DATABASE_PORT, "dr-db-01"),
        ("dr-ctl-01", NN_DB, 22, "nn-db-01"),
        ("dr-ctl-01", DR_DB, 22, "dr-db-01"),
        ("dr-ctl-01", NN_APP, SERVICE_PORT, "nn-app-01"),
        # The firewall itself: its routing daemons listen on the inside only, ssh is for control nodes.
        ("liujiang-pc-01", "10.255.2.2", 2604, "silence"),
    ],
)
def test_the_firewalls_let_through_what_the_services_need(
    lab: Lab, asker: str, address: str, port: int, answer: str
) -> None:
    assert ask(lab, asker, address, port, 0.5) == answer


def test_bmcs_are_reached_without_passing_a_firewall(lab: Lab) -> None:
    """A firewall that died must not take the fence of the old primary with it."""
    for centre in ("nn", "dr"):
        bmc = lab.hostvars[f"{centre}-db-01"]["dc_bmc"]
        gateway = lab.hostvars[f"{centre}-db-01"]["dc_networks"][bmc["network"]]["gateway_host"]
        assert gateway == f"{centre}-rt-01"
    (lan,) = lab.hostvars["dr-ctl-01"]["dc_interfaces"]
    assert lab.hostvars["dr-ctl-01"]["dc_networks"][lan["network"]]["gateway_host"] == "dr-rt-01"


def test_a_connection_that_moved_in_mid_stream_is_reset_and_not_left_waiting(lab: Lab) -> None:
    lab.announce("nn-fw-01", NN_APP, 1)
    wait_answer(lab, "liujiang-pc-01", SERVICE, SERVICE_PORT, "nn-app-01")
    standing = Conversation(lab, "liujiang-pc-01", SERVICE, SERVICE_PORT)
    try:
        assert standing.say("before") == "before"
        lab.announce(FIREWALL, DR_APP, 3)
        wait_answer(lab, "liujiang-pc-01", SERVICE, SERVICE_PORT, "dr-app-01")
        assert standing.say("after") in ("closed", "broken")
    finally:
        standing.close()
