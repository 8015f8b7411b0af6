# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules through ansible-playbook: results, check mode, diff, secrets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest
import yaml
from bmc_bench import PASSWORD, USER, Simulated

PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"


@dataclass
class Run:
    """One run of a playbook: results by the task's name, and everything it printed."""

    output: str
    results: dict[str, dict[str, Any]]
    seen_in_processes: list[str]


@dataclass
class Runner:
    folder: Path
    sim: Simulated

    def __call__(self, *tasks: dict[str, Any], arguments: tuple[str, ...] = ()) -> Run:
        """Run tasks under their ``name``, with the connection options as module defaults."""
        results = self.folder / "results.json"
        named = [{**task, "register": task["name"], "failed_when": False} for task in tasks]
        everything = ", ".join(f"{task['name']!r}: {task['name']}" for task in tasks)
        kept = {"content": f"{{{{ {{ {everything} }} | to_json }}}}", "dest": str(results)}
        named.append({"name": "keep", "ansible.builtin.copy": kept, "check_mode": False, "diff": False})
        connection = {
            "address": "127.0.0.1",
            "user": USER,
            "password": "{{ bmc_password }}",
            "name": "nn-db-01",
            "cipher_suite": 3,
            "answer_s": 3,
            "deadline_s": 20,
        }
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "connection": "local",
            "vars": {"ansible_python_interpreter": sys.executable},
            "module_defaults": {"group/anjianyun.datacenter.bmc": connection},
            "tasks": named,
        }
        playbook = self.folder / "play.yml"
        playbook.write_text(yaml.safe_dump([play], sort_keys=False))
        secrets = self.folder / "secrets.yml"
        secrets.touch(mode=0o600)
        secrets.write_text(yaml.safe_dump({"bmc_password": PASSWORD}))
        command = [str(PLAYBOOK), "-i", "localhost,", "-e", f"@{secrets}", str(playbook), *arguments]
        config = self.folder / "ansible.cfg"
        config.touch()
        environment = {
            **os.environ,
            "ANSIBLE_CONFIG": str(config),
            "ANSIBLE_STDOUT_CALLBACK": "default",
            "ANSIBLE_LOCAL_TEMP": str(self.folder / "tmp"),
            "ANSIBLE_REMOTE_TEMP": str(self.folder / "tmp"),
        }
        watcher = ProcessWatcher(PASSWORD)
        with watcher:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=300, check=False, env=environment
            )
        assert results.exists(), done.stdout + done.stderr
        found = json.loads(results.read_text())
        return Run(done.stdout + done.stderr, found, watcher.found)


class ProcessWatcher:
    """Looks for a word in the command line and environment of every process, all the time."""

    def __init__(self, word: str) -> None:
        self.word = word.encode()
        self.found: list[str] = []
        self.looks = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.05):
            self.looks += 1
            for process in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    try:
                        content = (process / name).read_bytes()
                    except OSError:
                        continue
                    if self.word in content:
                        self.found.append(f"{process.name} {name}: {content[:200]!r}")


@pytest.fixture
def run(sim: Simulated, tmp_path: Path) -> Runner:
    return Runner(tmp_path, sim)


def task(name: str, module: str, **options: Any) -> dict[str, Any]:
    return {"name": name, f"anjianyun.datacenter.{module}": options}


def test_every_module_once_and_again(run: Runner) -> None:
    tasks = [
        task("info", "bmc_info"),
        task("boot", "bmc_boot", device="pxe", uefi=True),
        task("boot_again", "bmc_boot", device="pxe", uefi=True),
        task("policy", "bmc_restore_policy", policy="previous"),
        task("policy_again", "bmc_restore_policy", policy="previous"),
        task("policy_read", "bmc_restore_policy"),
        task("off", "bmc_power", state="off", readings=3, interval_s=0.1),
        task("off_again", "bmc_power", state="off", readings=3, interval_s=0.1),
        task("on", "bmc_power", state="on"),
        task("fence", "bmc_fence", interval_s=0.1),
        task("fence_again", "bmc_fence", interval_s=0.1),
    ]
    done = run(*tasks)
    changed = {name: result.get("changed") for name, result in done.results.items()}
    assert changed == {
        "info": False, "boot": True, "boot_again": False, "policy": True, "policy_again": False,
        "policy_read": False, "off": True, "off_again": False, "on": True, "fence": True,
        "fence_again": False,
    }, done.output  # fmt: skip
    assert done.results["policy_read"]["after"] == "previous"
    assert done.results["fence"]["policy_before"] == "previous"
    assert [r["state"] for r in done.results["fence_again"]["readings"]] == ["off"] * 3
    assert done.results["info"]["fru"]["asset_number"] == "TWIN-test"
    witness = run.sim.ipmitool("chassis", "status")
    assert "System Power         : off" in witness
    assert "Policy : always-off" in witness


def test_a_fence_in_the_task_and_one_in_a_python_of_its_own_are_the_same(run: Runner) -> None:
    here = task("here", "bmc_fence", interval_s=0.1)
    # An environment of its own is for a process of its own.
    apart = {**task("apart", "bmc_fence", interval_s=0.1), "environment": {"APART": "1"}}
    refused = {**task("refused", "bmc_fence", password="x" * 21), "environment": {"APART": "1"}}
    refused_here = task("refused_here", "bmc_fence", password="x" * 21)
    done = run(here, apart, refused_here, refused, arguments=("-vvv",))
    results = done.results
    assert (results["here"]["fenced"], results["apart"]["fenced"]) == (True, True), done.output
    # Two of the four were modules: Ansible shows what it called them with.
    assert done.output.count('"require_restore_policy": true') == 2
    ansible = {"failed_when_result", "failed"}
    assert set(results["here"]) - ansible == set(results["apart"]) - ansible
    assert (results["here"]["commands"], results["apart"]["commands"]) == (
        ["set power restore policy always-off", "chassis power off"],
        [],
    )
    assert results["refused_here"]["msg"] == results["refused"]["msg"]
    assert results["refused_here"]["error"] == results["refused"]["error"]
    assert "x" * 21 not in done.output + json.dumps(results)


def test_check_mode_predicts_with_a_diff_and_touches_nothing(run: Runner) -> None:
    done = run(
        task("boot", "bmc_boot", device="pxe"),
        task("policy", "bmc_restore_policy", policy="always-off"),
        task("off", "bmc_power", state="off"),
        task("fence", "bmc_fence", record_path=str(run.folder / "record")),
        arguments=("--check", "--diff"),
    )
    assert all(result["changed"] for result in done.results.values()), done.output
    diff = done.results["fence"]["diff"]
    assert diff["before"] == {"power": "on", "restore_policy": "always-on"}
    assert diff["after"] == {"power": "off", "restore_policy": "always-off"}
    assert done.results["fence"]["fenced"] is False
    assert not (run.folder / "record").exists()
    assert run.sim.calls == []
    assert "always-on" in run.sim.ipmitool("chassis", "status")
    assert "Boot Flag Invalid" in run.sim.ipmitool("chassis", "bootparam", "get", "5")


def test_no_secret_in_the_output_nor_in_the_process_list(run: Runner) -> None:
    run.sim.fault("slow:0.3")
    done = run(
        task("info", "bmc_info", gather=["chassis"]),
        task("suite", "bmc_info", cipher_suite=17),
        task("wrong", "bmc_power", state="off", user="nobody"),
        task("fence", "bmc_fence", interval_s=0.1),
        arguments=("-vvv",),
    )
    assert done.results["fence"]["fenced"], done.output
    assert done.results["suite"]["error"]["kind"] == "CipherRefused"
    assert done.results["wrong"]["error"]["kind"] == "WrongPassword"
    assert "check the user and password" in done.results["wrong"]["msg"]
    assert PASSWORD not in done.output
    assert PASSWORD not in json.dumps(done.results)
    assert done.seen_in_processes == []


def test_the_watcher_would_have_seen_it() -> None:
    word = "a-word-" + os.urandom(6).hex()
    with ProcessWatcher(word) as watcher:
        subprocess.run([sys.executable, "-c", "import time; time.sleep(0.5)", word], check=True)
    assert watcher.found


def test_a_failure_is_one_sentence_and_keeps_what_was_read(run: Runner) -> None:
    run.sim.fault("ignore")
    done = run(task("off", "bmc_power", state="off", deadline_s=1), task("bad", "bmc_info", answer_s=0))
    off, bad = done.results["off"], done.results["bad"]
    assert (off["error"]["kind"], off["changed"]) == ("DeadlineExceeded", True)
    assert {reading["state"] for reading in off["readings"]} == {"on"}
    assert "exception" not in off
    assert bad["msg"].startswith("nn-db-01: the options do not fit: answer_s is not above 0")
    assert run.sim.power == "on"
