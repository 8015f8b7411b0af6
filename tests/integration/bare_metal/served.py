# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role pxe_server and the playbook bare_metal, run against the tests' own bridge.

Everything is real but systemd: a ``systemctl`` of the tests' own starts what the role's units say, in the
tests' network namespace.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from bmc_bench import PASSWORD, USER
from metal import BRIDGE, MAC, OTHER_MAC, SERVER

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7Q1z2mqB7c0vO6a3h0xkq7C0k1y2o3p4q5r6s7t8u9 operator"
SERVICES = ("anjianyun-pxe-http.service", "anjianyun-pxe-dhcp.service")

_SYSTEMCTL = """\
#!{python}
import os, pathlib, re, shlex, signal, subprocess, sys
units = pathlib.Path({units!r})
words = [word for word in sys.argv[1:] if not word.startswith("-")]
verb, names = words[0], words[1:]
def pid(name):
    try:
        found = int((units / (name + ".pid")).read_text())
        state = pathlib.Path(f"/proc/{{found}}/stat").read_text().rpartition(")")[2].split()[0]
        return found if state != "Z" else 0
    except (OSError, ValueError):
        return 0
def stop(name):
    if pid(name):
        os.killpg(pid(name), signal.SIGKILL)
        while pid(name):
            pass
def start(name):
    if not pid(name):
        line = re.search("^ExecStart=(.*)", (units / name).read_text(), re.M)[1]
        with open(units / (name + ".log"), "ab") as log:
            process = subprocess.Popen(shlex.split(line), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       start_new_session=True)
        (units / (name + ".pid")).write_text(str(process.pid))
for name in names:
    if verb == "show":
        known = (units / name).exists()
        print("LoadState=" + ("loaded" if known else "not-found"))
        print("ActiveState=" + ("active" if pid(name) else "inactive"))
    elif verb == "is-enabled":
        print("disabled")
        sys.exit(1)
    elif verb in ("start", "restart", "stop"):
        if verb != "start":
            stop(name)
        if verb != "stop":
            start(name)
if verb == "list-units":
    for unit in units.glob("*.service"):
        if pid(unit.name):
            print(unit.name, "loaded active running")
"""


def installer() -> Path:
    """Where this release's package has the kernel and initrd of its installer."""
    found = sorted(Path("/usr/lib/debian-installer/images").glob("*/amd64/text/debian-installer/amd64"))
    assert found, "the package debian-installer-*-netboot-amd64 is needed; see bindep.txt"
    return found[-1]


@dataclass
class Ran:
    rc: int
    output: str

    @property
    def changed(self) -> int:
        found = re.search(r"done: (?:(\d+) changed)?", self.output)
        assert found, self.output
        return int(found[1] or 0)


@dataclass
class Served:
    folder: Path

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def units(self) -> Path:
        return self.folder / "units"

    def variables(self) -> dict[str, Any]:
        return {
            "pxe_server_interface": BRIDGE,
            "pxe_server_address": SERVER,
            "pxe_server_authorized_keys": [KEY],
            "pxe_server_disk": "/dev/vda",
            "pxe_server_kernel_options": "console=ttyS0,115200n8 DEBIAN_FRONTEND=text",
            "pxe_server_installer_directory": str(installer()),
            "pxe_server_config": str(self.folder / "etc"),
            "pxe_server_files": str(self.folder / "files"),
            "pxe_server_run": str(self.run),
            "pxe_server_units_directory": str(self.units),
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
        }

    def log(self) -> list[dict[str, Any]]:
        """What nginx saw."""
        path = self.run / "http.log"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def role(self, *arguments: str, tasks: str = "main", **variables: Any) -> Ran:
        """The role alone."""
        include = {"name": "anjianyun.datacenter.pxe_server", "tasks_from": tasks}
        play = [{"hosts": "nn-ctl-01", "gather_facts": False,
                 "tasks": [{"name": "Run the role", "ansible.builtin.include_role": include}]}]  # fmt: skip
        path = self.folder / "role.yml"
        path.write_text(yaml.safe_dump(play))
        return self.play(path, *arguments, **{"pxe_server_hosts": ["nn-db-01", "nn-app-01"], **variables})

    def playbook(self, *arguments: str, **variables: Any) -> Ran:
        """The runbook."""
        return self.play(
            ROOT / "playbooks" / "bare_metal.yml", *arguments,
            **{"bare_metal_servers": "nn-db-01", "bare_metal_from": "nn-ctl-01", "bare_metal_poll_s": 1,
               "bmc_user": USER, "bmc_password": PASSWORD, "bmc_cipher_suite": 3,
               # The estate's hosts that keep runs are not part of this bench.
               "room_kept_by": [], **variables},
        )  # fmt: skip

    def play(self, path: Path, *arguments: str, **variables: Any) -> Ran:
        extra = self.folder / "extra.json"
        extra.touch(mode=0o600)
        extra.write_text(json.dumps({**self.variables(), **variables}))
        environment = {
            **{name: value for name, value in os.environ.items() if name not in ("PLAN", "TWIN")},
            "HOME": str(self.folder),
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/typing"),
            "ANSIBLE_NOCOLOR": "1",
        }
        done = subprocess.run(
            [str(PLAYBOOK), "-i", str(self.folder / "estate/site_plan.yml"), str(path), "-e", f"@{extra}",
             *arguments],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=1500,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout + done.stderr)

    def journal(self) -> list[dict[str, Any]]:
        """Of all runs, one after the other."""
        runs = sorted(self.folder.glob(".anjianyun/runs/bare-metal-servers-*/journal.jsonl"))
        lines = [line for path in runs for line in path.read_text(encoding="utf-8").splitlines()]
        return [json.loads(line) for line in lines]

    def command(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)


@contextlib.contextmanager
def standing() -> Iterator[Served]:
    """A folder that nginx' and dnsmasq's own users may enter, with the rehearsal estate in it."""
    folder = Path(tempfile.mkdtemp(prefix="anjianyun-pxe-", dir="/run"))
    folder.chmod(0o755)
    served = Served(folder)
    try:
        shutil.copytree(ROOT / "inventory" / "rehearsal", folder / "estate")
        plan = folder / "estate" / "plan" / "centre-nanning.yml"
        text = plan.read_text()
        for serial, mac in (("AJY-NN-0011", MAC), ("AJY-NN-0021", OTHER_MAC)):
            assert text.count(f"serial: {serial}") == 1
            text = text.replace(f"serial: {serial}", f"serial: {serial}\n        mac: '{mac}'")
        plan.write_text(text)
        served.units.mkdir()
        served.command("systemctl", _SYSTEMCTL.format(python=sys.executable, units=str(served.units)))
        yield served
    finally:
        for pid in served.units.glob("*.pid"):
            with contextlib.suppress(ProcessLookupError, ValueError):
                os.killpg(int(pid.read_text()), signal.SIGKILL)
        shutil.rmtree(folder)
