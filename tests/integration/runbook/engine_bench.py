# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A runbook of a few tasks on localhost, run by the real ansible-playbook; it touches no device."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
LOCKS = Path("/run/lock")


class Bench:
    """One service of its own, the directory of its run, and the ways to run tasks for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.directory = folder / "runs" / "move-it"
        self.service = f"test-{uuid.uuid4().hex[:12]}"
        self.variables: dict[str, Any] = {
            "dr_run_directory": str(self.directory),
            "dr_run_id": "move-it",
            "dr_phase": "switchover",
            "dr_service": self.service,
            "dc_plan": {"name": "bench", "digest": "d1"},
        }

    def command(self, *tasks: dict[str, Any], check: bool = False, **variables: Any) -> list[str]:
        """What runs these tasks as a playbook of one play."""
        play = self.folder / f"play-{uuid.uuid4().hex[:8]}.yml"
        play.write_text(
            yaml.safe_dump(
                [
                    {
                        "name": "A step",
                        "hosts": "localhost",
                        "gather_facts": False,
                        "tasks": tasks,
                        "connection": "local",
                    }
                ]
            )
        )
        extra = json.dumps({**self.variables, **variables})
        options = ["--check"] if check else []
        return [str(BIN / "ansible-playbook"), "-i", "localhost,", str(play), "-e", extra, *options]

    @staticmethod
    def environment(callback: str) -> dict[str, str]:
        return {
            **os.environ,
            "ANSIBLE_STDOUT_CALLBACK": callback,
            # This tree, and no copy that is installed elsewhere.
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/typing"),
            "LC_ALL": "C.UTF-8",
        }

    def start(
        self, *tasks: dict[str, Any], callback: str = "json", prefix: tuple[str, ...] = (), **options: Any
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*prefix, *self.command(*tasks, **options)], cwd=ROOT, env=self.environment(callback), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def show(self, *tasks: dict[str, Any], **options: Any) -> str:
        """What an operator sees of it."""
        with self.start(*tasks, callback="anjianyun.datacenter.runbook", **options) as process:
            return process.communicate(timeout=120)[0]

    def run(self, *tasks: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
        """The result of each task that was run, the failed one as the last."""
        with self.start(*tasks, **options) as process:
            text = process.communicate(timeout=120)[0]
        found = json.loads(text[text.index("{\n") :])["plays"][0]["tasks"]
        return [task["hosts"]["localhost"] for task in found]

    def journal(self) -> list[dict[str, Any]]:
        lines = (self.directory / "journal.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]


def task(plugin: str, title: str = "", /, **arguments: Any) -> dict[str, Any]:
    """A task of the grammar."""
    return {"name": title or f"Note | {plugin}", f"anjianyun.datacenter.{plugin}": arguments}
