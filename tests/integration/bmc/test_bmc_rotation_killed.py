# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rotation is killed at each of its moments, and a BMC loses power in the middle: a password is never lost.

The witness is ipmitool, with the passwords that stand in the rotation's file.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bmc_bench import PASSWORD, USER, Simulated

SCRIPT = Path(__file__).with_name("rotation_run.py")
#: Before and after: the line 'pending', the command, the log-in, the line 'done'.
STEPS = 8
BMCS = 3
#: Runs that are killed at a moment that nobody chose.
AT_RANDOM = 8


@pytest.fixture
def fleet(namespace: str, plugin: Path, tmp_path: Path) -> Iterator[list[Simulated]]:
    made = [Simulated(tmp_path / f"sim{number}", plugin, port=6300 + number) for number in range(BMCS)]
    try:
        for sim in made:
            sim.start()
        yield made
    finally:
        for sim in made:
            sim.stop()


def lets_in(sim: Simulated, password: str) -> bool:
    command = ["ipmitool", "-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", str(sim.port), "-R", "1",
               "-N", "1", "-L", "ADMINISTRATOR", "-U", USER, "-E", "power", "status"]  # fmt: skip
    environment = {**os.environ, "IPMI_PASSWORD": password}
    done = subprocess.run(command, capture_output=True, timeout=15, check=False, env=environment)
    return done.returncode == 0


class Rotating:
    """Runs of the rotation of these BMCs with one file."""

    def __init__(self, sims: list[Simulated], ledger: Path, password: str = PASSWORD) -> None:
        self.sims = sims
        self.ledger = ledger
        self.stated = {str(sim.port): password for sim in sims}

    def begin(self, kill_at: int = 0) -> subprocess.Popen[str]:
        targets = [
            {"name": name, "address": "127.0.0.1", "port": int(name), "password": password}
            for name, password in self.stated.items()
        ]
        options = {"user": USER, "targets": targets, "ledger": str(self.ledger), "cipher_suite": 3,
                   "answer_s": 2, "deadline_s": 10, "attempts": 1, "kill_at": kill_at}  # fmt: skip
        run = subprocess.Popen(
            [sys.executable, str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert run.stdin is not None
        run.stdin.write(json.dumps(options))
        run.stdin.close()
        return run

    def finish(self, kill_at: int = 0) -> tuple[int, dict[str, Any]]:
        run = self.begin(kill_at)
        assert run.stdout is not None
        with run.stdout as output:
            said = output.read()
        return run.wait(timeout=60), json.loads(said) if said else {}

    def known(self) -> dict[str, list[str]]:
        """The passwords that a person would find: those in the file, else the one that was stated."""
        known = {name: [password] for name, password in self.stated.items()}
        if self.ledger.exists():
            # A line without its end was not acted upon, and the program that wrote it is dead.
            for line in self.ledger.read_text().splitlines(keepends=True):
                if line.endswith("\n"):
                    entry = json.loads(line)
                    known[entry["name"]] = [entry["new"], entry["old"]]
        return known

    def in_force(self) -> dict[str, str]:
        """Of each BMC the password that lets in; a BMC that nobody gets into any more fails the test."""
        found = {}
        for sim in self.sims:
            works = [word for word in self.known()[str(sim.port)] if lets_in(sim, word)]
            assert works, f"neither the old nor the new password of {sim.port} lets anybody in"
            found[str(sim.port)] = works[0]
        return found

    def check_done(self, result: dict[str, Any]) -> None:
        assert result["result"]["failed_targets"] == [], result
        last = {entry["name"]: entry for entry in map(json.loads, self.ledger.read_text().splitlines())}
        assert {entry["state"] for entry in last.values()} == {"done"}
        assert self.in_force() == {name: entry["new"] for name, entry in last.items()}
        assert all(entry["new"] != self.stated[name] for name, entry in last.items())


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_killed_at_each_step_and_run_again(fleet: list[Simulated], tmp_path: Path, step: int) -> None:
    rotating = Rotating(fleet[:1], tmp_path / "rotation.jsonl")
    code, _said = rotating.finish(kill_at=step)
    assert code == -9, "it was not killed"
    rotating.in_force()
    code, said = rotating.finish()
    assert code == 0
    rotating.check_done(said)


def test_the_steps_are_all_there_are(fleet: list[Simulated], tmp_path: Path) -> None:
    code, said = Rotating(fleet[:1], tmp_path / "rotation.jsonl").finish()
    assert (code, said["steps"]) == (0, STEPS)


@pytest.mark.slow
def test_a_fleet_killed_at_random_moments_and_run_again(fleet: list[Simulated], tmp_path: Path) -> None:
    rotating = Rotating(fleet, tmp_path / "whole.jsonl")
    begun = time.monotonic()
    code, said = rotating.finish()
    whole_s = time.monotonic() - begun
    assert code == 0
    rotating.check_done(said)
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    killed = 0
    for number in range(AT_RANDOM):
        following = Rotating(fleet, tmp_path / f"{number}.jsonl")
        following.stated = rotating.in_force()
        run = following.begin()
        # Python's own start takes the first part of the time.
        time.sleep(moments.uniform(0.3, 1.0) * whole_s)
        run.kill()
        killed += run.wait() == -9
        if run.stdout:
            run.stdout.close()
        following.in_force()
        code, said = following.finish()
        assert code == 0, f"seed {seed}, run {number}"
        following.check_done(said)
        rotating = following
    assert killed, f"no run was caught alive (seed {seed})"


@pytest.mark.parametrize(("fault", "changed"), [("dies:before", False), ("dies:after", True)])
def test_a_bmc_that_loses_power_in_the_middle(
    fleet: list[Simulated], tmp_path: Path, fault: str, changed: bool
) -> None:
    rotating = Rotating(fleet, tmp_path / "rotation.jsonl")
    fleet[0].fault(fault)
    code, said = rotating.finish()
    name = str(fleet[0].port)
    assert (code, said["result"]["failed_targets"]) == (0, [name])
    share = said["result"]["targets"][name]
    assert share["unreachable"] is True
    assert "run this again with the same file" in share["msg"]
    # The power returns.
    fleet[0].fault(None)
    fleet[0].stop()
    fleet[0].start()
    assert (rotating.in_force()[name] == PASSWORD) is not changed
    code, said = rotating.finish()
    assert code == 0
    rotating.check_done(said)
    # And once more: nothing is done any more.
    code, said = rotating.finish()
    assert (code, said["result"]["changed"]) == (0, False)
