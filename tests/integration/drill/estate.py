# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rehearsal estate on a twin, with its service deployed, and the runbooks run against it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
PLAN = ROOT / "inventory/rehearsal/site_plan.yml"
HOME, AWAY = "nanning", "dr"
DATABASES = {HOME: "nn-db-01", AWAY: "dr-db-01"}


def effects(said: str) -> list[str]:
    """What a check lists, in its order: the device, and how the act's name begins."""
    rows = [re.match(r" +\d+  (\S+)(?: \(BMC\))? +(.+?)  ", line) for line in said.splitlines()]
    return [f"{row[1]} {' '.join(row[2].split()[:4])}" for row in rows if row]


class Estate:
    """One twin. Everything that talks to it runs in its control namespace of the DR centre."""

    def __init__(self, twin_id: str, directory: Path) -> None:
        self.twin_id = twin_id
        self.directory = directory
        self.variables = Path(f"/run/anjianyun/twin/{twin_id}/vars.yml")
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        # What the runbooks keep by default under the operator's home is this test's own.
        self.environment = {
            **os.environ,
            "PATH": path,
            "HOME": str(directory),
            "LC_ALL": "C.UTF-8",
            "TWIN": twin_id,
        }

    def twin(self, verb: str) -> None:
        """Put the twin up, or take it down."""
        subprocess.run(["sh", "tools/twin.sh", verb], cwd=ROOT, env=self.environment, check=True)

    def inside(
        self,
        *argv: str,
        timeout_s: float = 300,
        control: str = "dr-ctl-01",
        secrets: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on a control node, the one of the DR centre.

        :param secrets: for its environment, since a command line is everybody's.
        """
        return subprocess.run(
            ["nsenter", f"--net=/run/netns/ajy-{self.twin_id}-{control}", "--", *argv],
            cwd=ROOT, env={**self.environment, **(secrets or {})}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=timeout_s, check=False,
        )  # fmt: skip

    def play(
        self, playbook: str | Path, *arguments: str, **variables: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a playbook; ``variables`` become extra variables."""
        path = playbook if isinstance(playbook, Path) else ROOT / "playbooks" / playbook
        return self.inside(
            "ansible-playbook", "-i", str(PLAN), "-e", f"@{self.variables}",
            "-e", json.dumps(variables), str(path), *arguments,
        )  # fmt: skip

    def playing(self, playbook: str, **variables: Any) -> list[str]:
        """The words that run a playbook on the control node of the DR centre, for who watches it run."""
        return [
            "nsenter", f"--net=/run/netns/ajy-{self.twin_id}-dr-ctl-01", "--",
            "ansible-playbook", "-i", str(PLAN), "-e", f"@{self.variables}",
            "-e", json.dumps(variables), str(ROOT / "playbooks" / playbook),
        ]  # fmt: skip

    def must(self, playbook: str | Path, *arguments: str, **variables: Any) -> str:
        """As :meth:`play`, and it succeeds; returns what it said."""
        done = self.play(playbook, *arguments, **variables)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        return done.stdout

    def ssh(self, host: str, command: str, control: str = "dr-ctl-01") -> str:
        """What a command prints on a host: a witness beside the modules."""
        config = f"/run/anjianyun/twin/{self.twin_id}/ssh/config"
        argv = ["ssh", "-F", config, "-o", "BatchMode=yes", host, command]
        return self.inside(*argv, control=control).stdout.strip()

    def sql(self, host: str, statement: str) -> str:
        """What the service's database on a host answers."""
        return self.ssh(host, f'runuser -u postgres -- psql -XAtq -d hidden_danger -c "{statement}"')

    def writers(self) -> list[str]:
        """The centres whose database accepts writes, asked of the databases themselves."""
        return [
            centre
            for centre, host in DATABASES.items()
            if self.sql(host, "SELECT pg_is_in_recovery()") == "f"
        ]

    def ssh_until(self, host: str, command: str, deadline_s: float = 60, control: str = "dr-ctl-01") -> str:
        """As :meth:`ssh`, again until it prints something."""
        end = time.monotonic() + deadline_s
        while not (said := self.ssh(host, command, control)):
            assert time.monotonic() < end, f"{host} prints nothing for {command!r} within {deadline_s:g} s"
            time.sleep(0.5)
        return said

    def fault(self, state: str, fault: str, target: str, value: str = "") -> None:
        """Break or mend something, from outside of the twin."""
        subprocess.run(
            ["sh", "tools/twin.sh", "fault", f"state={state}", f"fault={fault}", f"target={target}",
             f"value='{value}'"],
            cwd=ROOT, env=self.environment, check=True, capture_output=True,
        )  # fmt: skip

    def bmc_policy(self, host: str) -> str:
        """The power-restore policy, with ipmitool as the witness."""
        return self._chassis(host, "Restore Policy")

    def bmc_power(self, host: str) -> str:
        """Whether its server has power, with ipmitool as the witness."""
        return self._chassis(host, "System Power")

    def _chassis(self, host: str, line: str) -> str:
        said = self.ipmitool(host, "chassis", "status").splitlines()
        return next(found for found in said if line in found).partition(":")[2].strip()

    def ipmitool(self, host: str, *words: str) -> str:
        """What a server's BMC answers to ipmitool."""
        kept = json.loads(self.variables.read_text())
        return self.inside(
            "ipmitool", "-I", "lanplus", "-C", "3", "-H", self.hostvars(host)["dc_bmc"]["address"],
            "-U", kept["bmc_user"], "-P", kept["bmc_password"], *words,
        ).stdout  # fmt: skip

    def hostvars(self, host: str) -> dict[str, Any]:
        """What the inventory says of a host."""
        found: dict[str, Any] = json.loads(
            self.inside("ansible-inventory", "-i", str(PLAN), "--host", host).stdout
        )
        return found
