# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role line_rate with a real iperf3 between two addresses of the tests' own network namespace."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from burn_in_room import Room, standing

FROM, TO = "nn-db-01", "dr-db-01"
ADDRESSES = ("10.1.10.11", "10.2.10.11")
UNIT = "anjianyun-line-rate.service"
ENDS = {"line_rate_from": FROM, "line_rate_to": TO, "line_rate_seconds": 1}


@pytest.fixture
def room(namespace: str, plugin: Path, tmp_path: Path) -> Iterator[Room]:
    assert shutil.which("iperf3"), "iperf3 is needed; see bindep.txt"
    for address in ADDRESSES:
        subprocess.run(["ip", "addr", "add", f"{address}/32", "dev", "lo"], check=True)
    try:
        with standing(tmp_path, plugin) as found:
            yield found
    finally:
        for address in ADDRESSES:
            subprocess.run(["ip", "addr", "del", f"{address}/32", "dev", "lo"], check=False)


def nothing_left(room: Room) -> bool:
    return room.manager.state(UNIT) == "inactive" and not room.manager.processes("iperf3")


@pytest.mark.slow
def test_both_directions_are_measured_and_held_against_the_plan(room: Room) -> None:
    ran = room.run("line_rate", **ENDS)

    assert ran.rc == 0, ran.output
    assert [one["ok"] for one in ran.readings] == [True, True], ran.readings
    assert [(way["from"], way["to"]) for way in ran.result["ways"]] == [(FROM, TO), (TO, FROM)]
    assert (ran.result["lines"], ran.result["rate_mbit"]) == (["nn-dr-1"], 500)
    assert nothing_left(room)


def test_a_line_that_is_slower_than_the_plan_says_does_not_pass(room: Room) -> None:
    shaped = [
        "tc",
        "qdisc",
        "add",
        "dev",
        "lo",
        "root",
        "tbf",
        "rate",
        "200mbit",
        "burst",
        "256k",
        "latency",
        "50ms",
    ]
    subprocess.run(shaped, check=True)
    try:
        ran = room.run("line_rate", **ENDS)
    finally:
        subprocess.run(["tc", "qdisc", "del", "dev", "lo", "root"], check=True)

    assert ran.rc == 0, ran.output
    assert [one["ok"] for one in ran.readings] == [False, False], ran.readings
    assert all(50 < way["mbit"] < 300 for way in ran.result["ways"])
    assert nothing_left(room)
