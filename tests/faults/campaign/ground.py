# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ground of a campaign: one twin with its service, broken, looked at and mended from outside of it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
import time
from pathlib import Path
from typing import Any

from estate import DATABASES, PLAN, ROOT, Estate

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import cgroups, images, switch
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.faults import Faults
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import Names
from campaign.plan import AWAY, HOME, Break, Command
from campaign.run import Run

APPLICATIONS = {HOME: "nn-app-01", AWAY: "dr-app-01"}
TERMINAL = "liujiang-pc-01"
PROGRAMS = ROOT / "roles/drill_client/files"
CONNECTIONS, RATE = 20, 2.0
ASK_S, DEPLOY_S = 5.0, 1200.0
# A primary's timeline is the one that it writes on: the control file has it a checkpoint later.
_STATE = """SELECT json_build_object('standby', pg_is_in_recovery(),
 'timeline', CASE WHEN pg_is_in_recovery() THEN 0
   ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END,
 'streaming', (SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'))"""


def deployed_code() -> str:
    """A digest of what a deployment puts on the machines."""
    digest = hashlib.sha256()
    folders = ("roles", "inventory/rehearsal", "plugins/module_utils", "playbooks/service.yml")
    paths = [path for name in folders for path in [ROOT / name, *(ROOT / name).rglob("*")] if path.is_file()]
    for path in sorted(path for path in paths if path.suffix != ".pyc"):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


class Lost(Exception):
    """The twin does not come back to its start state."""


class Ground(Estate):
    """A twin, and everything a trial does to it beside running runbooks."""

    def __init__(self, twin_id: str, directory: Path) -> None:
        super().__init__(twin_id, directory)
        self.names = Names(twin_id)
        self._hosts: dict[str, Any] = {}
        self._load: list[subprocess.Popen[bytes]] = []

    # The twin

    def make(self) -> None:
        """Put the twin up, with its service; a healthy one that stands on the same code is left as it is."""
        self.twin("up")
        mark = self.names.runtime / "faults-deployed"
        code = deployed_code()
        if self.healthy() and mark.exists() and mark.read_text() == code:
            return
        self.mend()
        done = self.inside(*self.playing("service.yml")[3:], timeout_s=DEPLOY_S)
        if done.returncode:
            raise Lost(f"the service cannot be deployed: {done.stdout[-600:]}")
        mark.write_text(code)

    def remake(self) -> None:
        """From nothing."""
        self.stop_load()
        with contextlib.suppress(DatacenterError):
            self.faults.lift_all()
        self.twin("down")
        self.make()

    @property
    def faults(self) -> Faults:
        return Faults(self.names)

    def hosts(self) -> dict[str, Any]:
        """The inventory's variables of every host."""
        if not self._hosts:
            done = self.inside("ansible-inventory", "-i", str(PLAN), "--list")
            self._hosts = json.loads(done.stdout)["_meta"]["hostvars"]
        return self._hosts

    # Runbooks

    def start(self, command: Command, directory: Path, lost_at: str | None) -> Run:
        """Begin a runbook on the control node of the DR centre; the evidence is kept in the directory."""
        argv = self.playing(f"dr_{command.runbook}.yml", **command.variables(lost_at))
        number = len(list(directory.glob("*.txt"))) + 1
        environment = {**self.environment, "HOME": str(directory)}
        return Run(argv, ROOT, environment, directory / f"{number:02d}-{command.runbook}")

    # Looking

    def on(self, node: str) -> bool:
        return cgroups.populated(self.names.node_group(node))

    def within(self, node: str, *argv: str, timeout_s: float = ASK_S) -> str:
        """What a command prints inside a machine, entered from the host; empty when it cannot be asked."""
        payload = cgroups.unified_root() / self.names.node_group(node) / "payload"
        try:
            init = (payload / "init.scope/cgroup.procs").read_text().split()[0]
            done = subprocess.run(
                ["nsenter", "-a", "-t", init, "--", *argv],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s, check=False,
            )  # fmt: skip
        except (OSError, IndexError, subprocess.TimeoutExpired):
            return ""
        return done.stdout.strip()

    def query(self, node: str, statement: str, timeout_s: float = ASK_S) -> str:
        """What the service's database on a node answers; empty when it does not."""
        return self.within(
            node, "runuser", "-u", "postgres", "--", "psql", "-XAtq", "-d", "hidden_danger", "-c", statement,
            timeout_s=timeout_s,
        )  # fmt: skip

    def roles(self) -> dict[str, dict[str, Any]]:
        """What the databases say of themselves, by centre; a silent one is not there."""
        found = {}
        for centre, node in DATABASES.items():
            said = self.query(node, _STATE)
            if said:
                found[centre] = json.loads(said)
        return found

    @property
    def lease_s(self) -> float:
        """How long a lease lasts in this estate."""
        return float(self.hosts()[TERMINAL]["dc_services"]["hidden_danger"]["lease"]["seconds"])

    def writes(self, node: str) -> bool:
        """Whether the database of a node commits a write from its own machine."""
        return bool(
            self.query(node, "INSERT INTO drill_probe (probe, node) VALUES ('woken', 'self') RETURNING 1")
        )

    def primaries(self) -> list[str]:
        return [centre for centre, role in self.roles().items() if not role["standby"]]

    def outbound(self) -> list[str]:
        """The centres whose outbound jobs run."""
        return [
            centre
            for centre, node in APPLICATIONS.items()
            if self.within(node, "systemctl", "is-active", "anjianyun-outbound.timer") == "active"
        ]

    def healthy(self) -> bool:
        """Whether one primary has its standby, and everything is on."""
        roles = self.roles()
        primaries = [role for role in roles.values() if not role["standby"]]
        return (
            len(roles) == len(DATABASES)
            and len(primaries) == 1
            and primaries[0]["streaming"] == 1
            and all(self.on(node.name) for node in self.faults.spec.rooted())
            and not self.faults.listed()
        )

    def until_healthy(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not (well := self.healthy()) and time.monotonic() < end:
            time.sleep(0.3)
        return well

    def policy(self, node: str) -> str:
        """What a BMC remembers of its power-restore policy, read from the BMC's own file."""
        try:
            return (self.names.bmc_dir(node) / "restore_policy").read_text().strip()
        except OSError:
            return ""

    # Breaking and mending

    def inject(self, breaks: tuple[Break, ...]) -> None:
        for each in breaks:
            self.faults.inject(each.fault, each.target, each.value)

    def lift(self, breaks: tuple[Break, ...]) -> None:
        for each in breaks:
            self.faults.lift(each.fault, each.target)

    def mend(self, fenced: tuple[str, ...] = ()) -> None:
        """Lift every fault and switch on what is off, but for what a fence keeps off."""
        for each in self.faults.listed():
            # A fault whose thing is gone meanwhile (a frozen unit of a dead machine) has nothing to lift.
            with contextlib.suppress(DatacenterError):
                self.faults.lift(each["fault"], each["target"])
        for node in self.faults.spec.rooted():
            if not self.on(node.name) and node.name not in fenced:
                switch.use(self.names, node.name, "on")

    # Load

    def start_load(self, directory: Path) -> None:
        """A county that reports, and in each centre a probe that tries to write to both databases."""
        self.stop_load()
        service = self.hosts()[TERMINAL]["dc_services"]["hidden_danger"]
        url = f"http://{service['address'].split('/')[0]}:{service['port']}/reports"
        # In the namespaces of the machines, not in the machines: the programs outlive whatever is killed, and
        # are as cut off as it is.
        self._load = [
            self._spawn(
                TERMINAL, "python3", str(PROGRAMS / "report_client.py"), "run", f"--directory={directory}",
                f"--connections={CONNECTIONS}", f"--rate={RATE}", "--county=450221", f"--url={url}",
            )
        ]  # fmt: skip
        self._load += [self._probe(node, service, directory) for node in APPLICATIONS.values()]

    def _probe(self, node: str, service: dict[str, Any], directory: Path) -> subprocess.Popen[bytes]:
        """A probe that looks from a machine's place, and lives beside it: with its image's Python and driver.

        Not with the machine's own: who holds a file of its disk keeps a power cut from being one.
        """
        secrets = json.loads(self.variables.read_text())["dc_secrets"]
        nodes = [
            {
                "name": database,
                "conninfo": {
                    "host": self.hosts()[database]["ansible_host"],
                    "port": service["database"]["port"],
                    "dbname": service["database"]["name"],
                    "user": "dc_probe",
                    "password": secrets["probe"],
                    "sslmode": "require",
                },
            }
            for database in DATABASES.values()
        ]
        place = directory / f"probe-{node}"
        place.mkdir()
        config = place / "write_probe.json"
        config.touch(mode=0o600)
        config.write_text(json.dumps({"name": node, "nodes": nodes}))
        image = images.path_of(self.faults.spec.nodes[node].image)
        (loader,) = [*image.glob("usr/lib64/ld-linux-*.so.*"), *image.glob("usr/lib/ld-linux-*.so.*")]
        (libraries,) = image.glob("usr/lib/*-linux-gnu")
        return self._spawn(
            node, "env", f"PYTHONHOME={image}/usr", f"PYTHONPATH={image}/usr/lib/python3/dist-packages",
            str(loader), "--library-path", str(libraries), f"{image}/usr/bin/python3",
            str(PROGRAMS / "write_probe.py"), "run", f"--directory={place}", f"--config={config}",
        )  # fmt: skip

    def _spawn(self, node: str, *argv: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{self.names.namespace(node)}", "--", *argv],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def stop_load(self) -> None:
        """End the programs; their logs are whole then."""
        for process in self._load:
            process.terminate()
        for process in self._load:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._load = []
