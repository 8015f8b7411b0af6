# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role burn_in with a real stress-ng under a real systemd, beside a simulated BMC."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from burn_in_room import HOST, Room, standing, until

pytestmark = pytest.mark.slow

UNIT = "anjianyun-burn-in.service"
#: Longer than a test needs, for those that end it before.
LONG_S = 300


@pytest.fixture
def room(namespace: str, plugin: Path, tmp_path: Path) -> Iterator[Room]:
    assert shutil.which("stress-ng"), "stress-ng is needed; see bindep.txt"
    with standing(tmp_path, plugin) as found:
        yield found


def nothing_left(room: Room) -> bool:
    return not room.loaded() and room.manager.state(UNIT) == "inactive" and room.left() == []


def test_a_server_that_bears_it_tells_heat_and_throughput_and_nothing_is_left(room: Room) -> None:
    ran = room.run()

    assert ran.rc == 0, ran.output
    assert [one["ok"] for one in ran.readings] == [True], ran.readings
    assert ran.result["aborted"] is None
    # One before it and one during it, on a slow machine.
    assert ran.result["looks"] >= 2
    told = ran.result["hosts"][HOST]
    assert (told["ended"], told["failures"]) == ("success", [])
    assert told["seconds"] >= 3
    assert set(told["throughput"]) == {"cpu", "vm", "hdd"}
    assert all(one["bogo_ops"] > 0 for one in told["throughput"].values())
    assert told["peaks"]["Inlet Temp"] == {"reading": 23, "unit": "°C"}
    assert nothing_left(room)


def test_a_check_loads_nothing(room: Room) -> None:
    ran = room.run("burn_in", "--check")

    assert ran.rc == 0, ran.output
    assert nothing_left(room)


def test_a_sensor_that_becomes_critical_ends_it_at_once(room: Room) -> None:
    child = room.begin(burn_in_seconds=LONG_S)
    until(room.loaded, 60, "it never was loaded")
    room.sensor("inlet_temp", "44")

    ran = room.ended(child)

    assert ran.rc == 0, ran.output
    assert [one["ok"] for one in ran.readings] == [False]
    assert f"{HOST}: Inlet Temp is critical: 44 °C" in ran.result["aborted"]
    assert ran.result["hosts"][HOST]["seconds"] < LONG_S
    assert ran.result["hosts"][HOST]["peaks"]["Inlet Temp"]["reading"] == 44
    assert nothing_left(room)


def test_a_bmc_that_falls_silent_ends_it_after_its_time(room: Room) -> None:
    child = room.begin(burn_in_seconds=LONG_S, burn_in_silent_s=5)
    until(room.loaded, 60, "it never was loaded")
    room.bmc.hang()

    ran = room.ended(child)

    assert ran.rc == 0, ran.output
    assert [one["ok"] for one in ran.readings] == [False]
    assert "its BMC has been silent for" in ran.result["aborted"]
    assert ran.result["hosts"][HOST]["seconds"] < LONG_S
    assert nothing_left(room)


def test_a_load_ends_by_itself_when_the_control_node_dies(room: Room) -> None:
    child = room.begin(burn_in_seconds=8)
    until(room.loaded, 60, "it never was loaded")
    room.kill(child)

    until(lambda: room.manager.state(UNIT) == "inactive", 60, "it runs for ever")
    assert not room.loaded()
    assert not (room.disk / "anjianyun-burn-in").exists()

    again = room.run()
    assert again.rc == 0, again.output
    assert [one["ok"] for one in again.readings] == [True]
    assert nothing_left(room)


def test_a_load_that_runs_is_not_joined_by_another(room: Room) -> None:
    child = room.begin(burn_in_seconds=LONG_S)
    until(room.loaded, 60, "it never was loaded")
    room.kill(child)

    refused = room.run()

    assert refused.rc != 0
    assert "a burn-in runs" in refused.output
    assert room.loaded()


def test_it_does_not_begin_beside_a_sensor_that_is_critical(room: Room) -> None:
    ran = room.run(burn_in_limits=[{"sensor": "Inlet Temp", "max": 20}])

    assert ran.rc != 0
    assert "Inlet Temp is critical: 23 °C, max is 20" in " ".join(ran.output.split())
    assert nothing_left(room)
