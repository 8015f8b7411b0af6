# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role power_sequence on simulated BMCs: what is commanded, in which order, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from power_room import Room, standing

CHARGED = {"power_sequence_ups_charge": {"nn-ups-a": 80, "nn-ups-b": "55 %"}}


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


def test_what_obeys_nobody_needs_an_approval_and_a_lying_bmc_stops_the_run(room: Room) -> None:
    room.servers["nn-app-01"].fault("ignore")

    refused = room.run("down")
    alone = room.run("down", power_sequence_hard_alone=0, dr_approvals="hard_power_off")
    approved = room.run("down", dr_approvals="hard_power_off")

    assert refused.rc != 0
    assert "dr_approvals=hard_power_off" in refused.output
    assert "Two persons" in alone.output or "another person logs in" in alone.output
    assert approved.rc != 0
    assert "nn-app-01 is on, expected: off or silent" in " ".join(approved.output.split())
    assert room.state == {"nn-db-01": "on", "nn-app-01": "on"}, "nothing goes on without the stage before"


def test_a_bmc_that_does_not_answer_stops_it_before_anything_is_done(room: Room) -> None:
    room.servers["nn-db-01"].hang()

    ran = room.run("down", power_sequence_bmc_deadline_s=3)

    assert ran.rc != 0
    assert "nn-db-01: not known whether on or off" in ran.output
    assert room.state["nn-app-01"] == "on"


@pytest.mark.parametrize(
    ("charge", "said"),
    [({}, "the charge of nn-ups-a is not known"), ({"nn-ups-a": 80, "nn-ups-b": 49}, "nn-ups-b is 49 %")],
)  # fmt: skip
def test_nothing_is_switched_on_before_the_ups_last_for_a_shutdown(
    room: Room, charge: dict[str, int], said: str
) -> None:
    for server in room.servers.values():
        server.power = "off"

    ran = room.run("up", power_sequence_ups_charge=charge)

    assert ran.rc != 0
    assert said in ran.output
    assert room.state == {"nn-db-01": "off", "nn-app-01": "off"}


def test_a_command_is_asked_until_the_ups_have_charged(room: Room) -> None:
    for server in room.servers.values():
        server.power = "off"
    asked = room.folder / "asked"
    room.command("charge", f"echo x >> {asked}; [ $(wc -l < {asked}) -gt 3 ] && echo 60 || echo 20")
    room.answer()
    room.command("systemctl", "true")

    ran = room.run(
        "up", dc_services={}, power_sequence_ups_command=[f"{room.folder}/bin/charge"],
        power_sequence_ups_wait_s=8, power_sequence_ups_poll_s=1,
    )  # fmt: skip

    assert ran.rc == 0, ran.output
    assert room.state == {"nn-db-01": "on", "nn-app-01": "on"}
    assert len(asked.read_text().split()) >= 5


def test_a_database_that_does_not_answer_keeps_its_application_off(room: Room) -> None:
    for server in room.servers.values():
        server.power = "off"
    room.answer()
    room.command("systemctl", "true")

    ran = room.run("up", **CHARGED)

    assert ran.rc != 0
    assert "nn-db-01 has a database that is" in ran.output
    assert room.state == {"nn-db-01": "on", "nn-app-01": "off"}


def test_a_unit_that_failed_keeps_the_next_tier_off(room: Room) -> None:
    for server in room.servers.values():
        server.power = "off"
    room.answer()
    room.command("systemctl", "echo storage.mount loaded failed failed Storage")

    ran = room.run("up", dc_services={}, **CHARGED)

    assert ran.rc != 0
    assert "storage.mount" in ran.output
    assert room.state == {"nn-db-01": "on", "nn-app-01": "off"}

    # Run again, the server that is on is no reason to start what needs it.
    again = room.run("up", dc_services={}, **CHARGED)
    assert again.rc != 0
    assert "storage.mount" in again.output
    assert room.state == {"nn-db-01": "on", "nn-app-01": "off"}
