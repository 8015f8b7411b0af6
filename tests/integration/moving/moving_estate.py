# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The moving estate on a twin, its legacy systems as they are found, and a county's load on them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.logs import ClientLog, parse_client

ROOT = Path(__file__).resolve().parents[3]
PLAN = ROOT / "inventory/moving/site_plan.yml"
CONTROL = "nn-ctl-01"
CLIENT = "liujiang-pc-01"
SITE, REPORT = "legacy-app-01", "legacy-report-01"
SYSTEMS = {"legacy_site": SITE, "legacy_report": REPORT}
UPLOADS = {"legacy_site": "/var/www/anjian/uploads", "legacy_report": "/opt/accident/uploads"}
#: Which reports each system's database holds.
STORED = {
    "legacy_site": "mariadb -N anjian -e 'SELECT report_id FROM reports'",
    "legacy_report": "cd /; runuser -u postgres -- psql -XAtq -d accident"
    " -c 'SELECT report_id FROM accident.reports'",
}


class Moving:
    """One twin. Everything that talks to it runs in its control namespace."""

    def __init__(self, twin_id: str, directory: Path) -> None:
        self.twin_id, self.directory = twin_id, directory
        self.variables = Path(f"/run/anjianyun/twin/{twin_id}/vars.yml")
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        # What the runbooks keep by default under the operator's home is this test's own.
        mine = {"PATH": path, "HOME": str(directory), "LC_ALL": "C.UTF-8", "TWIN": twin_id, "PLAN": "moving"}
        self.environment = {**os.environ, **mine}

    def twin(self, verb: str) -> None:
        """Put the twin up, or take it down."""
        subprocess.run(["sh", "tools/twin.sh", verb], cwd=ROOT, env=self.environment, check=True)

    def entering(self, *argv: str, node: str = CONTROL) -> list[str]:
        """The words that run a command in the namespace of a node."""
        return ["nsenter", f"--net=/run/netns/ajy-{self.twin_id}-{node}", "--", *argv]

    def inside(
        self, *argv: str, node: str = CONTROL, timeout_s: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the namespace of a node."""
        return subprocess.run(
            self.entering(*argv, node=node),
            cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=timeout_s, check=False,
        )  # fmt: skip

    def playing(self, playbook: str, **variables: Any) -> list[str]:
        """The words that run a playbook; ``variables`` become extra variables."""
        return [
            "ansible-playbook", "-i", str(PLAN), "-e", f"@{self.variables}",
            "-e", json.dumps(variables), playbook,
        ]  # fmt: skip

    def must(self, playbook: str, **variables: Any) -> str:
        """Run a playbook to its end; returns what it said."""
        done = self.inside(*self.playing(playbook, **variables))
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        return done.stdout

    def ssh(self, host: str, command: str) -> str:
        """What a command prints on a host."""
        config = f"/run/anjianyun/twin/{self.twin_id}/ssh/config"
        done = self.inside("ssh", "-F", config, "-o", "BatchMode=yes", host, command)
        assert done.returncode == 0, f"{host}: {command}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def counted(self, host: str, command: str) -> dict[str, int]:
        """What a program of the stage counts on a host."""
        found: dict[str, int] = json.loads(self.ssh(host, command).splitlines()[-1])
        return found

    def load(self, seconds: float) -> dict[str, ClientLog]:
        """A county's load for some seconds, and what it saw of each system."""
        load = self.begin_load()
        time.sleep(seconds)
        return self.end_load(load)

    def begin_load(self, **variables: Any) -> str:
        """Let a county report; returns where on the terminal its logs are.

        :param variables: of tests/stage/load.yml.
        """
        directory = f"/root/load-{time.monotonic_ns()}"
        self.must("tests/stage/load.yml", load="start", load_directory=directory, **variables)
        return directory

    def end_load(
        self, directory: str, systems: Iterable[str] = tuple(SYSTEMS), **variables: Any
    ) -> dict[str, ClientLog]:
        """Let it go home; what it saw of each system.

        :param variables: of tests/stage/load.yml: where the database of one that has moved is.
        """
        collected, systems = self.directory / Path(directory).name, list(systems)
        self.must(
            "tests/stage/load.yml", load="stop", load_directory=directory, load_systems=systems,
            load_collect_to=str(collected), **variables,
        )  # fmt: skip
        return {
            system: parse_client(CLIENT, (collected / system / f"report_client-{CLIENT}.jsonl").read_text())
            for system in systems
        }

    def uploads(self, system: str, ids: set[str], size: int, host: str = "") -> set[str]:
        """The reports whose upload is on the disk as it was sent: its content follows from the id.

        :param host: where the application is, when not where it was found.
        """
        folder = UPLOADS[system]
        command = f"find {folder} -name '现场照片-*' -print0 | xargs -0 sha256sum"
        said = self.ssh(host or SYSTEMS[system], command)
        found = {line[-40:-4]: line.split()[0] for line in said.splitlines()}
        digests = {
            one: hashlib.sha256(hashlib.shake_128(one.encode()).digest(size)).hexdigest() for one in ids
        }
        return {one for one, digest in digests.items() if found.get(one) == digest}

    def stored(self, system: str, host: str = "") -> set[str]:
        """The ids of all reports that a system's database holds, on the host where it is."""
        return set(self.ssh(host or SYSTEMS[system], STORED[system]).split())
