# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two servers of the rehearsal estate, as BMCs at the plan's addresses, and the role that switches them.

Their operating systems are played: a port that greets as SSH does, and a ``systemd-run`` that ends one server
after the other. All of it stands in the tests' own network namespace.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from bmc_bench import PASSWORD, USER, Simulated

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.load import load_plan

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"
#: Server: (its own address, its BMC's), as the plan derives them.
SERVERS = {"nn-db-01": ("10.1.10.11", "10.1.20.11"), "nn-app-01": ("10.1.10.21", "10.1.20.21")}
CONTROL_NODE = "10.2.30.11"
#: What the servers need beside each other: the way to them and their centre's control node. Nobody greets
#: there, but an address that refuses is on.
AROUND = ("nn-rt-01", "nn-fw-01", "nn-ctl-01", "dr-rt-01", "dr-fw-01", "nn-old-01", "nn-old-02")
#: The old servers stand beside the database here: nothing is left on that needs the two servers.
ORDER = {
    "tiers": [
        {"name": "network", "kinds": ["router", "firewall"], "roles": []},
        {"name": "control", "kinds": ["control_node"], "roles": []},
        {"name": "databases", "kinds": ["legacy_server"], "roles": ["database"]},
        {"name": "applications", "kinds": [], "roles": ["application"]},
    ],
    "providers": {},
}


@dataclass
class Ran:
    rc: int
    output: str


@dataclass
class Room:
    folder: Path
    servers: dict[str, Simulated]
    greeting: list[socket.socket] = field(default_factory=list)

    @property
    def state(self) -> dict[str, str]:
        return {name: server.power for name, server in self.servers.items()}

    def commands(self) -> dict[str, list[str]]:
        """What the BMCs told the servers' power."""
        return {name: server.calls for name, server in self.servers.items()}

    def answer(self) -> None:
        """From now on the servers' SSH ports greet; what is asked there is run by the tests' own commands."""
        for address, _bmc in SERVERS.values():
            listening = socket.create_server((address, 22))
            self.greeting.append(listening)
            threading.Thread(target=_greet, args=(listening,), daemon=True).start()

    def systems_end(self, *order: str) -> None:
        """The first shut-down that an operating system is told ends the first of these, and so on."""
        names = self.folder / "order"
        names.write_text("".join(f"{self.servers[name].directory}/state\n" for name in order))
        self.command(
            "systemd-run",
            f'read -r file < {names}; sed -i 1d {names}; [ -z "$file" ] || echo off > "$file"',
        )

    def command(self, name: str, body: str) -> None:
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def run(self, direction: str, *arguments: str, **variables: Any) -> Ran:
        """The playbook, on the control node of the other centre."""
        extra = {
            "power_direction": direction,
            "power_hosts": list(SERVERS),
            "power_sequence_control_node": "dr-ctl-01",
            "dc_power_order": ORDER,
            "dc_services": {},
            # Nobody keeps runs here: whom a room's upgrade holds is tried with the runbooks' engine.
            "room_kept_by": [],
            "bmc_user": USER,
            "bmc_password": PASSWORD,
            "bmc_cipher_suite": 3,
            "power_sequence_stop_s": 2,
            "power_sequence_soft_s": 4,
            "power_sequence_hard_s": 4,
            "power_sequence_poll_s": 1,
            "power_sequence_bmc_deadline_s": 8,
            "power_sequence_connect_timeout_s": 1,
            # What an operating system is told is run here, by the commands above.
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            **variables,
        }
        environment = {
            **{name: value for name, value in os.environ.items() if name not in ("PLAN", "TWIN")},
            "HOME": str(self.folder),
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/typing"),
            "ANSIBLE_NOCOLOR": "1",
        }
        done = subprocess.run(
            [str(PLAYBOOK), "-i", "inventory/rehearsal/site_plan.yml", "playbooks/power.yml",
             "-e", json.dumps(extra), *arguments],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=240,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout + done.stderr)

    def journal(self, direction: str) -> list[dict[str, Any]]:
        runs = self.folder / ".anjianyun" / "runs"
        # Behind the name stands which hosts they are; a run that has ended has its time there, too.
        path = (
            max(runs.glob(f"power-{direction}-servers-*"), key=lambda run: run.stat().st_mtime)
            / "journal.jsonl"
        )
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@contextlib.contextmanager
def standing(folder: Path, plugin: Path) -> Iterator[Room]:
    """The room, with both servers on. The namespace has the plan's addresses as long as it stands."""
    addresses = [CONTROL_NODE, *around(), *(address for pair in SERVERS.values() for address in pair)]
    room = Room(
        folder, {name: Simulated(folder / name, plugin, address=bmc) for name, (_own, bmc) in SERVERS.items()}
    )
    try:
        for address in addresses:
            subprocess.run(["ip", "addr", "add", f"{address}/32", "dev", "lo"], check=True)
        for name, server in room.servers.items():
            server.start(node=name)
            server.ipmitool("chassis", "policy", "previous")
        yield room
    finally:
        for listening in room.greeting:
            # Closed alone, it would listen for as long as its thread waits for somebody.
            listening.shutdown(socket.SHUT_RDWR)
            listening.close()
        for server in room.servers.values():
            server.stop()
        for address in addresses:
            subprocess.run(["ip", "addr", "del", f"{address}/32", "dev", "lo"], check=False)


@cache
def around() -> list[str]:
    """The addresses of :data:`AROUND`, as the plan derives them."""
    hosts = load_plan(ROOT / "inventory/rehearsal/plan").inventory().hosts
    return [str(hosts[name]["ansible_host"]) for name in AROUND]


def _greet(listening: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _from = listening.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"SSH-2.0-played\r\n")
