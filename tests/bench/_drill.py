# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benches of moves share: the twin, the county that reports meanwhile, and the judge's figures.

The figures are those of a drill's report: the county client's log, read by the report's own code.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill import measures
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.logs import parse_client
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.phases import Phase, phases
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal.file import Journal

ROOT = Path(__file__).resolve().parents[2]
PLAN = ROOT / "inventory/rehearsal/site_plan.yml"
HOME, AWAY = "nanning", "dr"
#: Rounds of each: RUNS=3 for a proof.
RUNS = int(os.environ.get("RUNS", "10"))
#: Seconds that the county works before a move, and after it.
BEFORE_S, AFTER_S = 3.0, 2.0
CLIENT = "/usr/local/lib/anjianyun/drill"


@dataclass(frozen=True)
class Figures:
    """What the county saw of one move, in seconds.

    :param moments: what whoever moved says of its own times, epoch seconds.
    """

    outage_s: float
    rto_s: float
    moments: dict[str, float] = field(default_factory=dict)


class Twin:
    """The twin of the rehearsal plan. Everything that talks to it runs on the DR centre's control node."""

    def __init__(self) -> None:
        self.name = os.environ.get("TWIN", "bench")
        self.run_directory = Path(f"/run/anjianyun/twin/{self.name}")
        self.ssh_config = self.run_directory / "ssh/config"
        self.evidence = ROOT / "build/bench/moves"
        path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"
        self.environment = {
            **os.environ, "PATH": path, "LC_ALL": "C.UTF-8", "TWIN": self.name, "PLAN": "rehearsal",
            # What a runbook keeps below the operator's home is the bench's own.
            "HOME": str(self.evidence),
        }  # fmt: skip

    @contextlib.contextmanager
    def up(self) -> Iterator[Twin]:
        """With its service deployed. One that this made is taken down behind it, unless KEEP=1."""
        there = Path(f"/run/netns/ajy-{self.name}-dr-ctl-01").exists()
        self.evidence.mkdir(parents=True, exist_ok=True)
        try:
            if not there:
                self._twin("up")
            if self._writes_to() != self.server(HOME, "database"):
                self.play("service.yml")
            self.install_client()
            yield self
        finally:
            if not there and os.environ.get("KEEP") != "1":
                self._twin("down")

    def _writes_to(self) -> str:
        """Which database the application uses; empty when there is none, or no application."""
        said = self.ssh(
            self.server(HOME, "application"),
            f"curl -s -m 2 http://127.0.0.1:{self.service['port']}/status || true",
        )
        try:
            return str(json.loads(said)["writable"] or "")
        except (ValueError, KeyError):
            return ""

    def _twin(self, *arguments: str) -> None:
        subprocess.run(
            ["sh", "tools/twin.sh", *arguments], cwd=ROOT, env=self.environment, check=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def inside(
        self, argv: Sequence[str], *, text: str | None = None, more: dict[str, str] | None = None
    ) -> str:
        """What a command on the control node prints; it has to succeed."""
        done = subprocess.run(
            ["nsenter", f"--net=/run/netns/ajy-{self.name}-dr-ctl-01", "--", *argv],
            cwd=ROOT, env={**self.environment, **(more or {})}, input=text, text=True,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True, timeout=600, check=False,
        )  # fmt: skip
        if done.returncode:
            said = "\n".join((done.stdout + done.stderr).splitlines()[-40:])
            raise SystemExit(f"{' '.join(argv)[:200]} failed ({done.returncode}):\n{said}")
        return done.stdout

    def ssh(self, host: str, command: str, text: str | None = None) -> str:
        """What a command on a machine prints."""
        argv = ["ssh", "-F", str(self.ssh_config), "-o", "BatchMode=yes", host, command]
        return self.inside(argv, text=text).strip()

    def play(self, playbook: str, **variables: Any) -> None:
        """Run a playbook of the collection."""
        self.inside(
            ["ansible-playbook", "-i", str(PLAN), "-e", f"@{self.run_directory / 'vars.yml'}",
             "-e", json.dumps(variables), f"playbooks/{playbook}"],
        )  # fmt: skip

    def fault(self, state: str, fault: str, target: str) -> None:
        """Break or mend something from outside of the twin."""
        self._twin("fault", f"state={state}", f"fault={fault}", f"target={target}")

    @cached_property
    def hosts(self) -> dict[str, dict[str, Any]]:
        """The variables of each host."""
        listed = json.loads(self.inside(["ansible-inventory", "-i", str(PLAN), "--list"]))
        found: dict[str, dict[str, Any]] = listed["_meta"]["hostvars"]
        return found

    @cached_property
    def secrets(self) -> dict[str, Any]:
        """The twin's own passwords."""
        found: dict[str, Any] = json.loads((self.run_directory / "vars.yml").read_text())
        return found

    @cached_property
    def service(self) -> dict[str, Any]:
        """The service under protection, as the plan has it."""
        services = self.hosts["dr-db-01"]["dc_services"]
        return {"name": next(iter(services)), **next(iter(services.values()))}

    def server(self, centre: str, role: str) -> str:
        """The host that has a role of the service in a centre."""
        return str(self.service["centres"][centre][role])

    def address(self, host: str) -> str:
        """Of a server's network."""
        lan = next(one for one in self.hosts[host]["dc_interfaces"] if one["kind"] == "lan")
        return str(lan["address"]).partition("/")[0]

    # The county

    @property
    def county(self) -> str:
        return sorted(name for name, host in self.hosts.items() if host["dc_kind"] == "terminal")[0]

    def install_client(self) -> None:
        """Put the drill's programs where the drill puts them."""
        self.ssh(self.county, f"mkdir -p {CLIENT}")
        for program in ("drill_process.py", "report_client.py"):
            text = (ROOT / "roles/drill_client/files" / program).read_text()
            self.ssh(self.county, f"cat > {CLIENT}/{program}", text)

    @contextlib.contextmanager
    def reporting(self, into: Path) -> Iterator[None]:
        """The county reports meanwhile, as in a drill: twenty connections, ten reports a second each.

        :param into: where its log is put, as a drill does.
        """
        directory = f"/var/tmp/anjianyun/bench-{time.time_ns()}"
        url = f"http://{self.service['address'].partition('/')[0]}:{self.service['port']}/reports"
        program = f"python3 {CLIENT}/report_client.py"
        self.ssh(self.county, f"{program} start --directory={directory} --county=bench --url={url}")
        try:
            time.sleep(BEFORE_S)
            yield
            time.sleep(AFTER_S)
        finally:
            self.ssh(self.county, f"{program} stop --directory={directory}")
            text = self.ssh(self.county, f"cat {directory}/report_client.jsonl; rm -r {directory}")
        into.mkdir(parents=True, exist_ok=True)
        (into / f"report_client-{self.county}.jsonl").write_text(text + "\n")


def judged(directory: Path, approved: float, ended: float, moments: dict[str, float]) -> Figures:
    """What the report's own code says of a move, from the log of the county."""
    logs = [parse_client(path.stem, path.read_text()) for path in directory.glob("report_client-*.jsonl")]
    gap = measures.worst_outage(logs, approved, ended).gap
    if gap is None:
        raise SystemExit("the county saw no end of the outage: the service is not back")
    return Figures(gap.seconds, gap.end - approved, moments)


def phase_of(directory: Path) -> Phase:
    """The last phase of a run's journal."""
    return phases(Journal(directory).read())[-1]


def spread(values: Sequence[float]) -> dict[str, float]:
    """Least, median and worst."""
    return {
        "least": round(min(values), 3),
        "median": round(statistics.median(values), 3),
        "worst": round(max(values), 3),
    }
