# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet through ansible-playbook: one call, each host's own result, and nobody is waited for in silence."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from bmc_bench import PASSWORD, USER, Simulated

PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"
FIRST_PORT = 6230
#: By name: who lives, who has another password, who is dead.
LIVING, REFUSING, DEAD = ("srv-01", "srv-02", "srv-03"), "srv-04", "srv-05"
NAMES = (*LIVING, REFUSING, DEAD)


@pytest.fixture
def fleet(namespace: str, plugin: Path, tmp_path: Path) -> Iterator[dict[str, Simulated]]:
    sims = {
        name: Simulated(tmp_path / name, plugin, port=FIRST_PORT + number)
        for number, name in enumerate(NAMES[:-1])
    }
    try:
        for sim in sims.values():
            sim.start()
        yield sims
    finally:
        for sim in sims.values():
            sim.stop()


def play(folder: Path, task: dict[str, Any], *arguments: str) -> tuple[int, str, dict[str, Any]]:
    """Ask the fleet in one task; each host takes its share, and what it has then is given by host."""
    targets = [
        {
            "name": name,
            "address": "127.0.0.1",
            "port": FIRST_PORT + number,
            **({"password": "another"} if name == REFUSING else {}),
        }
        for number, name in enumerate(NAMES)
    ]
    module, options = next(iter(task.items()))
    common = {"targets": targets, "user": USER, "password": "{{ bmc_password }}", "cipher_suite": 3}
    here = {"ansible_python_interpreter": sys.executable}
    asked = {
        "name": "ask",
        f"anjianyun.datacenter.{module}": {"answer_s": 2, "attempts": 1, **common, **options},
        "run_once": True,
        "delegate_to": "localhost",
        "vars": here,
        "register": "fleet",
    }
    taken = {"name": "take", "anjianyun.datacenter.fleet_share": {"of": "fleet"}, "register": "share"}
    kept = {
        "name": "keep",
        "ansible.builtin.copy": {
            "content": "{{ share | to_json }}",
            "dest": f"{folder}/{{{{ inventory_hostname }}}}.json",
        },
        "check_mode": False,
        "diff": False,
        "vars": here,
        "delegate_to": "localhost",
    }
    plays = [{"hosts": "all", "gather_facts": False, "connection": "local", "tasks": [asked, taken, kept]}]
    playbook = folder / "play.yml"
    playbook.write_text(yaml.safe_dump(plays, sort_keys=False))
    secrets = folder / "secrets.yml"
    secrets.touch(mode=0o600)
    secrets.write_text(yaml.safe_dump({"bmc_password": PASSWORD}))
    (folder / "ansible.cfg").touch()
    done = subprocess.run(
        [str(PLAYBOOK), "-i", ",".join(NAMES) + ",", "-e", f"@{secrets}", str(playbook), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={
            **os.environ,
            "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
            "ANSIBLE_STDOUT_CALLBACK": "default",
            "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
        },
    )
    shares = {path.stem: json.loads(path.read_text()) for path in folder.glob("srv-*.json")}
    return done.returncode, done.stdout + done.stderr, shares


def recap(output: str) -> dict[str, dict[str, int]]:
    """Host by host, as Ansible sums it up."""
    lines = output.rsplit("PLAY RECAP", 1)[1].splitlines()
    return {
        line.split()[0]: {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)}
        for line in lines
        if ":" in line
    }


def test_each_host_is_what_its_bmc_was(fleet: dict[str, Simulated], tmp_path: Path) -> None:
    code, output, shares = play(tmp_path, {"bmc_info": {"gather": ["power"], "on_failure": "hand_over"}})
    assert code != 0
    assert {name: share["power"]["power"] for name, share in shares.items()} == dict.fromkeys(LIVING, "on")
    hosts = recap(output)
    assert [name for name in NAMES if hosts[name]["unreachable"]] == [DEAD]
    assert [name for name in NAMES if hosts[name]["failed"]] == [REFUSING]
    assert "2 of 5 BMCs failed" in output
    assert f"{DEAD}: no answer" in output
    assert PASSWORD not in output


def test_a_power_off_of_all_is_confirmed_one_by_one(fleet: dict[str, Simulated], tmp_path: Path) -> None:
    fleet[LIVING[0]].power = "off"
    fleet[LIVING[1]].fault("ignore")
    options = {"state": "off", "deadline_s": 3, "on_failure": "hand_over"}
    foretold = play(tmp_path, {"bmc_power": options}, "--check")[2]
    assert {name: share["changed"] for name, share in foretold.items()} == {
        LIVING[0]: False, LIVING[1]: True, LIVING[2]: True,
    }  # fmt: skip
    assert fleet[LIVING[2]].calls == []
    for path in tmp_path.glob("srv-*.json"):
        path.unlink()

    _code, output, shares = play(tmp_path, {"bmc_power": options})
    assert {name: share["changed"] for name, share in shares.items()} == {LIVING[0]: False, LIVING[2]: True}
    assert "Power is off" in fleet[LIVING[2]].ipmitool("power", "status")
    assert fleet[LIVING[0]].calls == []
    assert recap(output)[LIVING[1]]["failed"] == 1
    assert "a BMC may accept a command and do nothing" in output


def test_a_failure_fails_the_task_unless_it_is_handed_over(
    fleet: dict[str, Simulated], tmp_path: Path
) -> None:
    code, output, shares = play(tmp_path, {"bmc_info": {"gather": ["power"]}})
    assert (code, shares) == (2, {})
    assert "2 of 5 BMCs failed" in output


def test_progress_is_seen_while_it_runs(fleet: dict[str, Simulated], tmp_path: Path) -> None:
    """The dead one is waited for twelve seconds."""
    _code, output, _shares = play(
        tmp_path, {"bmc_info": {"gather": ["power"], "answer_s": 12, "on_failure": "hand_over"}}
    )
    told = re.findall(r"^bmc_info: (\d) of 5 BMCs, 1 failed, (\d+) s$", output, re.MULTILINE)
    assert told == [("4", "5"), ("4", "10")]


def test_a_share_that_is_none_says_so(fleet: dict[str, Simulated], tmp_path: Path) -> None:
    playbook = tmp_path / "play.yml"
    task = {"anjianyun.datacenter.fleet_share": {"of": "nothing"}}
    playbook.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": [task]}]))
    done = subprocess.run(
        [str(PLAYBOOK), "-i", "a,", str(playbook)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    assert "there is no such variable" in done.stdout + done.stderr
