# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs tasks of a playbook with a plan's own inventory, on this machine alone: no device is talked to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"


@dataclass
class Ran:
    """What ansible-playbook printed, and the results by the tasks' names."""

    rc: int
    output: str
    results: dict[str, dict[str, Any]]


@dataclass
class Bench:
    folder: Path
    estate: str = "rehearsal"
    variables: dict[str, Any] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()

    def run(self, *tasks: dict[str, Any], arguments: tuple[str, ...] = ()) -> Ran:
        """Run tasks on localhost and give each one's own result."""
        playbook = self.folder / "play.yml"
        play = {
            "name": "A step",
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {
                "ansible_python_interpreter": sys.executable,
                "dr_run_directory": str(self.folder / "run"),
                "dr_run_id": "power-test",
                "dr_phase": "power",
                **self.variables,
            },
            "tasks": list(tasks),
        }
        playbook.write_text(yaml.safe_dump([play]))
        log = self.folder / "results.jsonl"
        log.unlink(missing_ok=True)
        environment = {name: value for name, value in os.environ.items() if name not in ("PLAN", "TWIN")}
        environment.update(
            ANSIBLE_STDOUT_CALLBACK="ansible.builtin.default",
            ANSIBLE_NOCOLOR="1",
            ANSIBLE_LOCALHOST_WARNING="False",
        )
        done = subprocess.run(
            [*self.prefix, str(PLAYBOOK), "-i", f"inventory/{self.estate}/site_plan.yml", "-vv",
             *arguments, str(playbook)],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout + done.stderr, self._kept())

    def _kept(self) -> dict[str, dict[str, Any]]:
        kept = self.folder / "kept.json"
        return json.loads(kept.read_text()) if kept.exists() else {}

    def keep(self, *names: str) -> dict[str, Any]:
        """A task that writes registered variables down."""
        everything = ", ".join(f"{name!r}: {name}" for name in names)
        return {
            "name": "Keep what was found",
            "ansible.builtin.copy": {
                "content": f"{{{{ {{ {everything} }} | to_json }}}}",
                "dest": str(self.folder / "kept.json"),
                "mode": "0600",
            },
            "check_mode": False,
        }
