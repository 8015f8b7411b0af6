# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role power_sequence on simulated BMCs: what is commanded, in which order, and what is refused."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from power_room import ORDER, ROOT, Room, standing

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.load import load_plan
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.who import Lock

VARIABLES = load_plan(ROOT / "inventory/rehearsal/plan").inventory().variables
SERVICES = VARIABLES["all"]["dc_services"]


def read_now(**percent: Any) -> dict[str, dict[str, Any]]:
    """What a person says that he has just read of the UPS."""
    return {name.replace("_", "-"): {"percent": value, "at": time.time()} for name, value in percent.items()}


def inrush_of(seconds: int) -> dict[str, Any]:
    """The plan's centres, were the inrush in their rooms as long as this."""
    found: dict[str, Any] = copy.deepcopy(VARIABLES["estate_wide"]["dc_centres"])
    for centre in found.values():
        for room in centre.get("rooms", {}).values():
            room["starts"]["inrush_s"] = seconds
    return found


def charged() -> dict[str, Any]:
    return {"power_sequence_ups_charge": read_now(nn_ups_a=80, nn_ups_b="55 %")}


@pytest.fixture
def room(namespace: str, plugin: Path, tmp_path: Path) -> Iterator[Room]:
    with standing(tmp_path, plugin) as found:
        yield found


def test_a_check_prints_the_schedule_and_does_nothing(room: Room) -> None:
    ran = room.run("down", "--check")

    assert ran.rc == 0, ran.output
    assert "Power down, run from dr-ctl-01" in ran.output
    assert ran.output.index("nn-app-01  PDU") < ran.output.index("nn-db-01   PDU")
    assert room.state == {"nn-db-01": "on", "nn-app-01": "on"}
    assert room.commands() == {"nn-db-01": [], "nn-app-01": []}


def test_operating_systems_that_obey_are_never_asked_by_their_bmcs(room: Room) -> None:
    room.answer()
    room.systems_end("nn-app-01", "nn-db-01")

    ran = room.run("down")

    assert ran.rc == 0, ran.output
    assert room.state == {"nn-db-01": "off", "nn-app-01": "off"}
    assert room.commands() == {"nn-db-01": [], "nn-app-01": []}
    verified = [line for line in room.journal("down") if line["kind"] == "verify"]
    assert [line["readings"][0]["reading"] for line in verified[:2]] == [
        "nn-app-01 is off",
        "nn-db-01 is off",
    ]
    assert verified[-1]["verdict"] == "pass"


def test_what_does_not_answer_is_asked_by_its_bmc_and_a_run_goes_on_where_it_broke(room: Room) -> None:
    room.servers["nn-app-01"].power = "off"

    ran = room.run("down")

    assert ran.rc == 0, ran.output
    assert "is so already: nn-app-01" in ran.output
    assert room.commands()["nn-app-01"] == []
    assert len(room.commands()["nn-db-01"]) == 1
    assert room.state == {"nn-db-01": "off", "nn-app-01": "off"}


@pytest.mark.slow
def test_what_obeys_nobody_needs_an_approval_and_a_lying_bmc_stops_the_run(room: Room) -> None:
    room.servers["nn-app-01"].fault("ignore")

    refused = room.run("down")
    alone = room.run("down", power_sequence_hard_alone=0, dr_approvals="hard_power_off")
    # The plan says one, and neither variable makes more of it: it is one that is switched off.
    approved = room.run(
        "down", dr_approvals="hard_power_off", power_sequence_hard_alone=99,
        dc_power_order={**ORDER, "hard_alone": 99},
    )  # fmt: skip

    assert refused.rc != 0
    assert "dr_approvals=hard_power_off" in refused.output
    assert "not approved by two persons" in alone.output
    assert approved.rc != 0
    said = "its operating system was not told (it did not answer on SSH); its BMC asked it"
    assert said in " ".join(refused.output.split())
    assert "nn-app-01 is on, expected: off" in " ".join(approved.output.split())
    assert room.state == {"nn-db-01": "on", "nn-app-01": "on"}, "nothing goes on without the stage before"
    yes = [line["alone"] for line in room.journal("down") if line["kind"] == "approval"]
    assert yes == [{"used": 1, "planned": 1, "given": 99}]


def test_a_bmc_that_does_not_answer_stops_it_before_anything_is_done(room: Room) -> None:
    room.servers["nn-db-01"].hang()

    ran = room.run("down", power_sequence_bmc_deadline_s=3)

    assert ran.rc != 0
    assert "nn-db-01: not known whether on or off" in ran.output
    assert room.state["nn-app-01"] == "on"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("charge", "said"),
    [
        ({}, "the charge of nn-ups-a is not known"),
        ({"nn-ups-a": 80, "nn-ups-b": 80}, "the charge of nn-ups-a is not known"),
        (read_now(nn_ups_a=80, nn_ups_b=49), "nn-ups-b is 49 %"),
    ],
)
def test_nothing_is_switched_on_before_the_ups_last_for_a_shutdown(
    room: Room, charge: dict[str, Any], said: str
) -> None:
    for server in room.servers.values():
        server.power = "off"

    ran = room.run("up", power_sequence_ups_charge=charge)

    assert ran.rc != 0
    assert said in ran.output
    assert room.state == {"nn-db-01": "off", "nn-app-01": "off"}


@pytest.mark.slow
def test_a_command_is_asked_until_the_ups_have_charged(room: Room) -> None:
    for server in room.servers.values():
        server.power = "off"
    asked = room.folder / "asked"
    room.command("charge", f"echo x >> {asked}; [ $(wc -l < {asked}) -gt 3 ] && echo '60 %' || echo 20")
    room.answer()
    room.command("systemctl", "true")

    ran = room.run(
        "up", power_sequence_ups_command=[f"{room.folder}/bin/charge"],
        power_sequence_ups_wait_s=8, power_sequence_ups_poll_s=1,
    )  # fmt: skip

    assert ran.rc == 0, ran.output
    assert room.state == {"nn-db-01": "on", "nn-app-01": "on"}
    # Until both are charged (five), both again at the gate, and before the second stage asked and judged.
    assert len(asked.read_text().split()) >= 11


@pytest.mark.slow
def test_what_the_ups_have_is_asked_again_before_the_second_stage(room: Room) -> None:
    for server in room.servers.values():
        server.power = "off"
    room.command(
        "charge", f"[ $(cat {room.servers['nn-db-01'].directory}/state) = on ] && echo 20 || echo 60"
    )
    room.answer()
    room.command("systemctl", "true")

    ran = room.run(
        "up", power_sequence_ups_command=[f"{room.folder}/bin/charge"],
        power_sequence_ups_wait_s=2, power_sequence_ups_poll_s=1,
    )  # fmt: skip

    assert ran.rc != 0
    assert "the charge of nn-ups-a is 20 %" in ran.output
    assert room.state == {"nn-db-01": "on", "nn-app-01": "off"}


@pytest.mark.slow
def test_what_starts_again_by_itself_is_not_switched_off_without_a_yes(room: Room) -> None:
    room.servers["nn-app-01"].ipmitool("chassis", "policy", "always-on")

    refused = room.run("down")
    approved = room.run("down", dr_approvals="restores_itself")

    assert refused.rc != 0
    assert "(nn-app-01 always-on)" in " ".join(refused.output.split())
    assert approved.rc == 0, approved.output
    assert room.state == {"nn-db-01": "off", "nn-app-01": "off"}


@pytest.mark.slow
def test_a_service_that_may_be_served_from_here_is_not_stopped_unasked(room: Room) -> None:
    refused = room.run("down", dc_services=SERVICES)

    assert refused.rc != 0
    assert "the database of hidden_danger in nanning is unknown" in " ".join(refused.output.split())
    assert "dr_approvals=serving_goes" in refused.output
    assert room.commands() == {"nn-db-01": [], "nn-app-01": []}


def test_servers_of_a_service_that_another_run_works_on_are_left_alone(room: Room) -> None:
    held = Lock(Path("/run/lock"), "anjianyun-estate-rehearsal-hidden_danger")
    held.take(os.getpid(), "switchover-dr")
    try:
        refused = room.run("down", dc_services=SERVICES)
    finally:
        held.release(os.getpid())

    assert refused.rc != 0
    assert "another run works on this service" in refused.output
    assert "switchover-dr" in refused.output


@pytest.mark.slow
def test_what_is_needed_and_not_on_is_named_before_anything_starts(room: Room) -> None:
    for server in room.servers.values():
        server.power = "off"

    ran = room.run("up", power_hosts="nn-app-01", **charged())

    assert ran.rc != 0
    assert "nn-db-01: off, and needed by what is to be switched on" in " ".join(ran.output.split())
    assert "dr_approvals=start_without" in ran.output
    assert room.state == {"nn-db-01": "off", "nn-app-01": "off"}

    # One that cannot be mended now keeps nobody off whom a person wants on without it.
    room.answer()
    room.command("systemctl", "true")
    approved = room.run("up", power_hosts="nn-app-01", dr_approvals="start_without", **charged())
    assert approved.rc == 0, approved.output
    assert room.state == {"nn-db-01": "off", "nn-app-01": "on"}


@pytest.mark.slow
def test_a_run_that_goes_on_waits_for_the_inrush_of_what_it_started(room: Room) -> None:
    for server in room.servers.values():
        server.power = "off"
    room.answer()
    room.command("systemctl", "echo storage.mount loaded failed failed Storage")
    # Longer than the second run needs anyway until it starts something.
    lasting = {"dc_centres": inrush_of(25)}
    broken = room.run("up", **charged(), **lasting)
    started = [e["at"] for e in room.journal("up") if e["kind"] == "note"]
    room.command("systemctl", "true")

    ran = room.run("up", **charged(), **lasting)

    assert broken.rc != 0
    assert ran.rc == 0, ran.output
    notes = [e["at"] for e in room.journal("up") if e["kind"] == "note"]
    assert len(started) == 2
    assert notes[2] - started[1] >= 25


@pytest.mark.slow
def test_a_database_that_does_not_answer_keeps_its_application_off(room: Room) -> None:
    for server in room.servers.values():
        server.power = "off"
    room.answer()
    room.command("systemctl", "true")

    ran = room.run("up", dc_services=SERVICES, **charged())

    assert ran.rc != 0
    assert "nn-db-01 has a database that is" in ran.output
    assert room.state == {"nn-db-01": "on", "nn-app-01": "off"}


@pytest.mark.slow
def test_a_unit_that_failed_keeps_the_next_tier_off(room: Room) -> None:
    for server in room.servers.values():
        server.power = "off"
    room.answer()
    room.command("systemctl", "echo storage.mount loaded failed failed Storage")

    ran = room.run("up", **charged())

    assert ran.rc != 0
    assert "storage.mount" in ran.output
    assert room.state == {"nn-db-01": "on", "nn-app-01": "off"}

    # Run again, the server that is on is no reason to start what needs it.
    again = room.run("up", **charged())
    assert again.rc != 0
    assert "storage.mount" in again.output
    assert room.state == {"nn-db-01": "on", "nn-app-01": "off"}
