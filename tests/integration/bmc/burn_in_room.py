# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of the rehearsal estate as a simulated BMC and a systemd of its own, and the roles that load it.

The systemd is a user's manager in control groups of its own, by which whatever it starts ends with the test.
It is what ``systemd-run`` and ``systemctl`` speak to here; stress-ng and iperf3 are the real ones.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bmc_bench import PASSWORD, USER, Simulated

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"
HOST, BMC_ADDRESS = "nn-db-01", "10.1.20.11"
GROUPS = [Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")]

# A user's manager wants a machine that systemd has started; the mount is seen by this one alone.
_MANAGER = """\
for group in {groups}; do echo $$ > $group/cgroup.procs || exit 1; done
mount -t tmpfs none /run/systemd && mkdir /run/systemd/system || exit 1
exec /lib/systemd/systemd --user
"""
_PLAY = """\
- name: {role}
  hosts: localhost
  gather_facts: false
  vars:
    dr_phase: {role}
    dr_run_id: {role}
    dr_run_directory: {folder}/run
  tasks:
    - name: Note | the run is open
      anjianyun.datacenter.run:
        state: opened
        directory: "{{{{ dr_run_directory }}}}"
        run_id: {role}
        runbook: {role}
        service: {service}
    - name: Act | what is tested
      ansible.builtin.include_role:
        name: anjianyun.datacenter.{role}
    - name: Read | what it hands back
      ansible.builtin.copy:
        content: >-
          {{{{ {{'readings': {role}_readings, 'result': {role}_result}} | to_json }}}}
        dest: {folder}/handed.json
"""


@dataclass
class Ran:
    rc: int
    output: str
    readings: list[dict[str, Any]] = field(default_factory=list)
    result: dict[str, Any] = field(default_factory=dict)


@dataclass
class Manager:
    """A systemd for the units of one test."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None
    groups: list[Path] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        run = self.folder / "xdg"
        return {"XDG_RUNTIME_DIR": str(run), "SYSTEMD_UNIT_PATH": str(run / "units")}

    def start(self) -> None:
        units = self.folder / "xdg" / "units"
        units.mkdir(parents=True)
        for name in ("basic", "sockets", "timers", "paths", "shutdown"):
            (units / f"{name}.target").write_text("[Unit]\n")
        (units / "default.target").write_text("[Unit]\nDefaultDependencies=no\n")
        bases = [base for base in GROUPS[:2] if base.is_dir()] or GROUPS[2:]
        self.groups = [base / f"burn-in-test-{os.getpid()}" for base in bases]
        for group in self.groups:
            group.mkdir()
        script = self.folder / "manager"
        script.write_text(_MANAGER.format(groups=" ".join(map(str, self.groups))))
        log = (self.folder / "manager.log").open("wb")
        self.process = subprocess.Popen(
            ["unshare", "--mount", "sh", str(script)],
            env={**os.environ, **self.environment, "SYSTEMD_LOG_TARGET": "console"},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        commands = self.folder / "bin"
        commands.mkdir()
        for name in ("systemd-run", "systemctl"):
            (commands / name).write_text(f'#!/bin/sh\nexec /usr/bin/{name} --user "$@"\n')
            (commands / name).chmod(0o755)
        end = time.monotonic() + 30
        while not (self.folder / "xdg" / "systemd" / "private").exists():
            assert time.monotonic() < end, (self.folder / "manager.log").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        end = time.monotonic() + 10
        while pids := self._pids():
            assert time.monotonic() < end, pids
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        if self.process is not None:
            self.process.wait()
        for top in self.groups:
            for group in sorted(top.rglob("*/"), reverse=True) + [top]:
                while group.is_dir():
                    with contextlib.suppress(OSError):
                        group.rmdir()
                    assert time.monotonic() < end, group
                    time.sleep(0.01)

    def state(self, unit: str) -> str:
        """As systemd itself says."""
        done = subprocess.run(
            ["/usr/bin/systemctl", "--user", "show", unit, "--property=ActiveState", "--value"],
            env={**os.environ, **self.environment}, capture_output=True, text=True, check=True, timeout=10,
        )  # fmt: skip
        return done.stdout.strip()

    def processes(self, program: str) -> list[str]:
        """What runs of a program in the manager's groups, as the kernel says."""
        found = []
        for pid in self._pids():
            with contextlib.suppress(OSError):
                name = Path(f"/proc/{pid}/comm").read_text().strip()
                found += [name] if name.startswith(program) else []
        return found

    def _pids(self) -> set[int]:
        found: set[int] = set()
        for group in self.groups:
            for path in group.rglob("cgroup.procs"):
                with contextlib.suppress(OSError):
                    found |= set(map(int, path.read_text().split()))
        return found


@dataclass
class Room:
    folder: Path
    bmc: Simulated
    manager: Manager
    children: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def disk(self) -> Path:
        return self.folder / "disk"

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def left(self) -> list[str]:
        return [str(path) for path in (self.disk / "anjianyun-burn-in", self.results) if path.exists()]

    def loaded(self) -> bool:
        return bool(self.manager.processes("stress-ng"))

    def sensor(self, name: str, value: str) -> None:
        (self.bmc.bmc / "sensors" / name).write_text(value + "\n")

    def begin(self, role: str = "burn_in", *arguments: str, **variables: Any) -> subprocess.Popen[str]:
        """The role in a play, in a session of its own, so that a test can kill all of it."""
        play = self.folder / f"{role}.yml"
        play.write_text(_PLAY.format(role=role, folder=self.folder, service=self.manager.groups[0].name))
        (self.folder / "handed.json").unlink(missing_ok=True)
        extra = {
            "bmc_user": USER, "bmc_password": PASSWORD, "bmc_cipher_suite": 3,
            "burn_in_hosts": [HOST], "burn_in_seconds": 3, "burn_in_cpus": 1, "burn_in_disk_mb": 4,
            # A hundred MiB or so, whatever the machine has.
            "burn_in_memory_share": 0.005, "burn_in_poll_s": 1, "burn_in_bmc_deadline_s": 4,
            "burn_in_directory": str(self.disk), "burn_in_results": str(self.results),
            "ansible_connection": "local", "ansible_python_interpreter": sys.executable,
            **variables,
        }  # fmt: skip
        environment = {
            **{name: value for name, value in os.environ.items() if name not in ("PLAN", "TWIN")},
            **self.manager.environment,
            "HOME": str(self.folder),
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/typing"),
            "ANSIBLE_NOCOLOR": "1",
        }
        child = subprocess.Popen(
            [str(PLAYBOOK), "-i", "inventory/rehearsal/site_plan.yml", str(play),
             "-e", json.dumps(extra), *arguments],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        self.children.append(child)
        return child

    def ended(self, child: subprocess.Popen[str]) -> Ran:
        output, _nothing = child.communicate(timeout=240)
        ran = Ran(child.returncode, output)
        handed = self.folder / "handed.json"
        if handed.exists():
            told = json.loads(handed.read_text())
            ran.readings, ran.result = told["readings"], told["result"]
        return ran

    def run(self, role: str = "burn_in", *arguments: str, **variables: Any) -> Ran:
        return self.ended(self.begin(role, *arguments, **variables))

    def kill(self, child: subprocess.Popen[str]) -> None:
        """The control node dies."""
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def until(condition: Any, seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


@contextlib.contextmanager
def standing(folder: Path, plugin: Path) -> Iterator[Room]:
    room = Room(folder, Simulated(folder / HOST, plugin), Manager(folder))
    room.disk.mkdir()
    subprocess.run(["ip", "addr", "add", f"{BMC_ADDRESS}/32", "dev", "lo"], check=True)
    try:
        room.manager.start()
        room.bmc.start(node=HOST, address=BMC_ADDRESS)
        yield room
    finally:
        for child in room.children:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        room.bmc.stop()
        room.manager.stop()
        subprocess.run(["ip", "addr", "del", f"{BMC_ADDRESS}/32", "dev", "lo"], check=False)
