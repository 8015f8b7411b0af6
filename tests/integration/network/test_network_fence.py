# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fence on a surviving device holds what it should, from everybody's side, and stays."""

from __future__ import annotations

from typing import Any

import pytest
from netlab import Lab
from traffic import DATABASE_PORT, SERVICE_PORT, Conversation, ask, wait_answer

DR_FIREWALL, DR_ROUTER = "dr-fw-01", "dr-rt-01"
NN_DB, NN_APP, DR_DB = "10.1.10.11", "10.1.10.21", "10.2.10.11"
CONTROL = "10.2.30.11"
FENCE: dict[str, Any] = {"name": "nanning", "addresses": [NN_DB, NN_APP]}


def fenced(lab: Lab, node: str) -> bool:
    """What nft's own listing says, by a person's eye."""
    return "ajy_fence_nanning" in lab[node].run("nft", "list", "tables")


def test_four_runs_and_back(lab: Lab) -> None:
    check = lab.module(DR_FIREWALL, "network_fence", FENCE, check=True)
    assert (check["changed"], check["verified"]) == (True, False)
    assert not fenced(lab, DR_FIREWALL)

    real = lab.module(DR_FIREWALL, "network_fence", FENCE)
    assert (real["changed"], real["verified"]) == (True, True)
    assert real["commands"] == check["commands"]
    assert real["after"]["addresses"] == [NN_DB, NN_APP]
    assert fenced(lab, DR_FIREWALL)

    again = lab.module(DR_FIREWALL, "network_fence", FENCE)
    assert (again["changed"], again["commands"], again["verified"]) == (False, [], True)
    assert lab.module(DR_FIREWALL, "network_fence", FENCE, check=True)["changed"] is False

    gone = {**FENCE, "state": "absent"}
    assert lab.module(DR_FIREWALL, "network_fence", gone, check=True)["changed"] is True
    assert fenced(lab, DR_FIREWALL)
    assert lab.module(DR_FIREWALL, "network_fence", gone)["changed"] is True
    assert not fenced(lab, DR_FIREWALL)
    assert lab[DR_FIREWALL].run("ls", "/etc/nftables.d") == ""
    assert lab.module(DR_FIREWALL, "network_fence", gone)["changed"] is False


def test_no_database_traffic_passes_in_either_direction(lab: Lab) -> None:
    assert ask(lab, "dr-app-01", NN_DB, DATABASE_PORT) == "nn-db-01"
    assert ask(lab, "nn-db-01", DR_DB, DATABASE_PORT) == "dr-db-01"
    standing = Conversation(lab, "dr-db-01", NN_DB, DATABASE_PORT)
    try:
        assert standing.say("before") == "before"

        lab.fence(DR_FIREWALL, **FENCE)

        # Whoever asks is refused at once and can turn elsewhere; the fenced host hears nothing at all.
        assert standing.say("after") in ("closed", "broken")
        assert ask(lab, "dr-app-01", NN_DB, DATABASE_PORT) == "refused"
        assert ask(lab, "dr-app-01", NN_APP, SERVICE_PORT) == "refused"
        assert ask(lab, "nn-db-01", DR_DB, DATABASE_PORT) == "silence"
    finally:
        standing.close()
    counters = lab.fence(DR_FIREWALL, **FENCE)["after"]["counters"]
    assert counters["from_fenced"]["packets"] > 0
    assert counters["to_fenced"]["packets"] >= 3
    # Who is not fenced is not disturbed, and other ways stay open: this is what a fence does not prove.
    assert ask(lab, "liujiang-pc-01", "10.2.10.21", SERVICE_PORT) == "dr-app-01"
    assert ask(lab, "liujiang-pc-01", NN_APP, SERVICE_PORT) == "nn-app-01"


def test_a_fence_that_drops_leaves_the_asker_waiting(lab: Lab) -> None:
    lab.fence(DR_FIREWALL, **FENCE, action="drop")
    assert ask(lab, "dr-app-01", NN_DB, DATABASE_PORT) == "silence"


def test_a_router_without_rules_of_its_own_keeps_its_fence_over_a_restart(lab: Lab) -> None:
    lab.fence(DR_ROUTER, **FENCE)
    assert ask(lab, "dr-app-01", NN_DB, DATABASE_PORT) == "refused"
    # The device itself is no way around it.
    assert ask(lab, DR_ROUTER, NN_DB, DATABASE_PORT) != "nn-db-01"

    lab[DR_ROUTER].run("sh", "-ec", "nft flush ruleset; nft -f /etc/nftables.conf")

    assert ask(lab, "dr-app-01", NN_DB, DATABASE_PORT) == "refused"


def test_the_firewalls_role_and_a_restart_leave_the_fence(lab: Lab) -> None:
    lab.fence(DR_FIREWALL, **FENCE)
    lab[DR_FIREWALL].run("nft", "add", "rule", "inet", "ajy_firewall", "input", "counter", "accept")

    code, output = lab.playbook(DR_FIREWALL, "network.yml")

    assert code == 0, output
    assert "changed=1" in output
    assert ask(lab, "dr-app-01", NN_DB, DATABASE_PORT) == "refused"
    lab[DR_FIREWALL].run("sh", "-ec", "nft flush ruleset; nft -f /etc/nftables.conf")
    assert ask(lab, "dr-app-01", NN_DB, DATABASE_PORT) == "refused"
    assert lab.fence(DR_FIREWALL, **FENCE)["changed"] is False


def test_managers_reach_what_is_fenced_by_ssh_alone(lab: Lab) -> None:
    lab.fence(DR_ROUTER, **FENCE, managers=[CONTROL])
    assert ask(lab, "dr-ctl-01", NN_DB, 22) == "nn-db-01"
    assert ask(lab, "dr-ctl-01", NN_DB, DATABASE_PORT) == "refused"
    assert ask(lab, "nn-db-01", CONTROL, 22) == "silence"


@pytest.mark.parametrize(
    "damage",
    [
        "nft flush chain inet ajy_fence_nanning to_them",
        "nft insert rule inet ajy_fence_nanning from_them accept",
        "nft flush chain inet ajy_fence_nanning forward",
        "nft delete element inet ajy_fence_nanning fenced { 10.1.10.11 }",
        "rm /etc/nftables.d/ajy_fence_nanning.nft",
        "nft flush ruleset",
    ],
)
def test_a_damaged_fence_is_seen_and_made_whole(lab: Lab, damage: str) -> None:
    lab.fence(DR_ROUTER, **FENCE)
    lab[DR_ROUTER].run("sh", "-ec", damage)

    repaired = lab.fence(DR_ROUTER, **FENCE)

    assert repaired["changed"] is True
    assert repaired["after"]["in_force"] is True
    assert lab.fence(DR_ROUTER, **FENCE)["changed"] is False
    assert ask(lab, "dr-app-01", NN_DB, DATABASE_PORT) == "refused"


def test_two_fences_stand_side_by_side(lab: Lab) -> None:
    lab.fence(DR_ROUTER, **FENCE)
    lab.fence(DR_ROUTER, name="other", addresses=["10.1.30.0/24"])
    lab.fence(DR_ROUTER, **FENCE, present=False)
    wait_answer(lab, "dr-app-01", NN_DB, DATABASE_PORT, "nn-db-01")
    assert "ajy_fence_other" in lab[DR_ROUTER].run("nft", "list", "tables")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": "Nanning-1"}, "a fence cannot be called 'Nanning-1'"),
        ({"addresses": ["10.1.10.300"]}, "this is no IPv4 address or prefix"),
        ({"addresses": []}, "a fence without addresses holds nobody"),
        ({"managers": [NN_DB]}, "10.1.10.11 is fenced off and a manager at once"),
    ],
)
def test_refuses_a_fence_that_is_none(lab: Lab, wrong: dict[str, Any], says: str) -> None:
    failed = lab.module(DR_ROUTER, "network_fence", {**FENCE, **wrong})
    assert says in failed["msg"]
    assert failed["error"]["next_step"]
    assert "ajy_fence" not in lab[DR_ROUTER].run("nft", "list", "tables")
