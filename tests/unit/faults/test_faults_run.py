# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run is killed inside an act and nowhere else, and as much of it dies as is meant to."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from campaign.acts import Act
from campaign.run import Run

ACT = Act("switchover", 1, "A step", "promote {{ it }}", 1)
#: As a run does: a worker in a session of its own, and its tasks told to the file that the variable names.
PLAYER = """
import json, os, sys, time
def told(name):
    with open(os.environ["FAULTS_EVENTS"], "a") as file:
        file.write(json.dumps({"event": "task", "name": name, "monotonic": time.monotonic()}) + "\\n")
worker = os.fork()
if not worker:
    os.setsid()
    time.sleep(30)
    os._exit(0)
open(sys.argv[1], "w").write(str(worker))
told("Read | something")
told("Act | promote db")
time.sleep(float(sys.argv[2]))
told("Verify | it")
time.sleep(30)
"""


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


@pytest.fixture
def player(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Run, Path]]:
    worker = tmp_path / "worker"
    argv = [sys.executable, "-c", PLAYER, str(worker), str(request.param)]
    run = Run(argv, tmp_path, dict(os.environ), tmp_path / "01-switchover")
    yield run, worker
    run.kill("tree")
    if worker.exists() and alive(int(worker.read_text())):
        os.kill(int(worker.read_text()), 9)


@pytest.mark.parametrize("player", [20], indirect=True)
@pytest.mark.parametrize(("victim", "worker_lives"), [("tree", False), ("main", True)])
def test_a_kill_takes_what_it_is_meant_to_take(
    player: tuple[Run, Path], victim: str, worker_lives: bool
) -> None:
    run, worker = player
    assert run.wait_inside(ACT, 0.5, 0.1, 20)
    run.kill(victim)

    assert run.ended
    deadline = time.monotonic() + 5
    while alive(int(worker.read_text())) and not worker_lives and time.monotonic() < deadline:
        time.sleep(0.01)
    assert alive(int(worker.read_text())) is worker_lives


@pytest.mark.parametrize("player", [0.05], indirect=True)
def test_an_act_that_was_over_before_its_moment_is_not_called_hit(player: tuple[Run, Path]) -> None:
    run, _worker = player

    assert not run.wait_inside(ACT, 0.9, 10, 20)


@pytest.mark.parametrize("player", [20], indirect=True)
def test_an_act_that_never_begins_is_not_waited_for_for_ever(player: tuple[Run, Path]) -> None:
    run, _worker = player

    assert not run.wait_inside(Act("switchover", 2, "", "withdraw", 1), 0.5, 1, 0.3)
