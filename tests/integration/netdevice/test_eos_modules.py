# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``net_config`` and ``net_facts`` through ansible-playbook, against emulated EOS switches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from eos_emulator import PASSWORD, USER, Emulator
from napalm import get_network_driver

PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"
GOOD = "interface Ethernet2\n   description to the archive\n   ip address 10.0.1.1/24\n"
CONFIG, FACTS = "anjianyun.datacenter.net_config", "anjianyun.datacenter.net_facts"


def running(eos: Emulator) -> str:
    with eos.switch.changed:
        return eos.switch.text(eos.switch.running, "")


class Played:
    """One play over two switches: one at rest, and one with a change that waits. What each task came to."""

    def __init__(self, folder: Path, eos: Emulator, waiting: Emulator) -> None:
        self.folder, self.eos, self.waiting = folder, eos, waiting
        self.before = running(eos)
        driver = get_network_driver("eos")("127.0.0.1", USER, PASSWORD, optional_args={"port": waiting.port})
        driver.open()
        driver.load_merge_candidate(config=GOOD)
        driver.commit_config(revert_in=600)
        driver.config_session = None
        self.results: dict[str, Any] = {}
        self.output = ""

    def play(self) -> None:
        archive = {"archive_directory": str(self.folder / "archive"), "confirm_s": 60}
        tasks = [
            self._task("checked", self.eos, {"config": GOOD, **archive}, check_mode=True, diff=True),
            self._task("made", self.eos, {"config": GOOD, **archive}, diff=True),
            self._task("again", self.eos, {"config": GOOD, **archive}),
            self._task("cut", self.eos, {"config": "interface Management1\n   shutdown\n", "confirm_s": 2,
                                         "timeout": 1}),
            self._task("facts", self.eos, {"getters": ["facts", "interfaces_ip"]}, module=FACTS),
            self._task("restored", self.eos, {"state": "restored", **archive}),
            self._task("second", self.waiting, {"config": "hostname other\n"}),
            self._task("confirmed", self.waiting, {"state": "confirmed"}),
        ]  # fmt: skip
        results = self.folder / "results.json"
        everything = ", ".join(f"{task['name']!r}: {task['name']}" for task in tasks)
        kept = {"content": f"{{{{ {{ {everything} }} | to_json }}}}", "dest": str(results)}
        tasks.append({"name": "keep", "ansible.builtin.copy": kept})
        play = {
            "hosts": "localhost", "gather_facts": False, "connection": "local", "tasks": tasks,
            "vars": {"ansible_python_interpreter": sys.executable},
        }  # fmt: skip
        playbook, config = self.folder / "play.yml", self.folder / "ansible.cfg"
        playbook.write_text(yaml.safe_dump([play], sort_keys=False))
        config.touch()
        temporary = {name: str(self.folder / "tmp") for name in ("ANSIBLE_LOCAL_TEMP", "ANSIBLE_REMOTE_TEMP")}
        done = subprocess.run(
            [str(PLAYBOOK), "-i", "localhost,", "-v", str(playbook)],
            capture_output=True, text=True, timeout=300, check=False,
            env={**os.environ, "ANSIBLE_CONFIG": str(config), **temporary},
        )  # fmt: skip
        self.output = done.stdout + done.stderr
        assert results.exists(), self.output
        self.results = json.loads(results.read_text())

    def _task(
        self, name: str, eos: Emulator, options: dict[str, Any], module: str = CONFIG, **keywords: Any
    ) -> dict[str, Any]:
        device = {"driver": "eos", "host": "127.0.0.1", "name": f"sw-{name}", "port": eos.port, "user": USER,
                  "password": PASSWORD}  # fmt: skip
        if "archive_directory" in options:
            device["name"] = "nn-sw-01"
        return {
            "name": name,
            module: {**device, **options},
            "register": name,
            "failed_when": False,
            **keywords,
        }


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with Emulator() as eos, Emulator() as waiting:
        run = Played(tmp_path_factory.mktemp("net_config"), eos, waiting)
        run.play()
        yield run


def told(played: Played, name: str) -> dict[str, Any]:
    """How a task failed: which device, why, and what to do next."""
    result = played.results[name]
    assert not result["changed"]
    error = result["error"]
    assert isinstance(error, dict)
    assert error["device"] == f"sw-{name}"
    assert error["next_step"]
    assert result["msg"].startswith(f"sw-{name}: ")
    return error


def test_a_change_is_checked_made_and_not_made_twice(played: Played) -> None:
    checked, made = played.results["checked"], played.results["made"]
    assert (checked["changed"], checked["confirmed"], checked["archive"]) == (True, None, None)
    assert "+   ip address 10.0.1.1/24" in checked["diff"]["prepared"]
    assert made["diff"] == checked["diff"]
    assert (made["changed"], made["confirmed"]) == (True, True)
    assert Path(made["archive"]["path"]).read_text().splitlines()[2:] == played.before.splitlines()[2:]
    assert not played.results["again"]["changed"]


def test_a_change_that_cut_its_way_was_taken_back_by_the_device(played: Played) -> None:
    error, result = told(played, "cut"), played.results["cut"]
    assert error["kind"] == "NotConfirmed"
    assert "timed out" in error["cause"]
    assert (result["confirmed"], result["rolled_back"], result["rolled_back_by"]) == (False, True, "device")
    assert 2 <= result["seconds"] < 30


def test_beside_a_change_that_waits_there_is_no_second(played: Played) -> None:
    assert told(played, "second")["kind"] == "Refused"
    assert played.results["confirmed"]["changed"]
    assert played.waiting.switch.armed is None
    assert "ip address 10.0.1.1/24" in running(played.waiting)


def test_what_was_replaced_comes_back(played: Played) -> None:
    assert played.results["facts"]["getters"]["facts"]["hostname"] == "eos1"
    assert "10.0.1.1" in played.results["facts"]["getters"]["interfaces_ip"]["Ethernet2"]["ipv4"]
    assert (played.results["restored"]["changed"], played.results["restored"]["confirmed"]) == (True, True)
    assert running(played.eos) == played.before


def test_the_switch_saw_nothing_else(played: Played) -> None:
    """Its own log: what was looked at was aborted, what was committed had a timer, and was decided on."""
    seen = [line.split(":")[0].removeprefix("CONFIG_SESSION_") for line in played.eos.switch.log]
    made = ["COMMIT_SUCCESS", "ABORTED", "COMMIT_SUCCESS"]
    assert seen == [
        "ABORTED", *made, "ABORTED", "COMMIT_SUCCESS", "COMMIT_TIMER_EXPIRED", *made,
    ]  # fmt: skip
    assert not any("timer None" in line for line in played.eos.switch.log)
    assert PASSWORD not in played.output
