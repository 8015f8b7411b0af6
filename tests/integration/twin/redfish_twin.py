# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two servers of the rehearsal estate as a twin. The BMC of one speaks Redfish as well as IPMI."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bcrypt
import yaml
from redfish_bench import Authority

from ansible_collections.anjianyun.datacenter.tests.integration.twin.twin_bench import (
    CONTROL,
    ROOT,
    SERVER,
    Twin,
    soon,
)

#: Its BMC speaks IPMI alone.
NEIGHBOUR = "nn-app-01"
UUID = "00000000-0000-4000-8000-000000000011"
#: A machine takes its time to boot where other work goes on beside it.
BOOT_S = 120.0


@dataclass
class Wired:
    """The twin, and sushy-tools' emulator at the address of ``SERVER``'s BMC, in its network namespace."""

    twin: Twin
    authority: Authority
    directory: Path
    process: subprocess.Popen[bytes] | None = None
    known: dict[str, str] = field(default_factory=dict)

    def address(self, node: str = SERVER) -> str:
        bmc = self.twin.spec().nodes[node].bmc
        assert bmc is not None
        return bmc.address

    def start(self) -> None:
        self.known = json.loads(self.twin.names.vars_file.read_text())
        certificate, key = self.authority.sign("bmc", subject=f"IP:{self.address()}")
        hashed = bcrypt.hashpw(self.known["bmc_password"].encode(), bcrypt.gensalt(4)).decode()
        settings = {
            "TWIN_ID": self.twin.names.twin_id,
            "SUSHY_EMULATOR_LISTEN_IP": self.address(),
            "SUSHY_EMULATOR_LISTEN_PORT": 443,
            "SUSHY_EMULATOR_SSL_CERT": str(certificate),
            "SUSHY_EMULATOR_SSL_KEY": str(key),
            "SUSHY_EMULATOR_AUTH_FILE": str(self._private("users", f"{self.known['bmc_user']}:{hashed}\n")),
            "SUSHY_EMULATOR_STATE_DIR": str(self.directory),
            "SUSHY_EMULATOR_FAKE_SYSTEMS": [{"uuid": UUID, "name": SERVER, "nics": []}],
        }
        config = self._private("emulator.conf", "".join(f"{k} = {v!r}\n" for k, v in settings.items()))
        self._private("curl", f'user = "{self.known["bmc_user"]}:{self.known["bmc_password"]}"\n')
        namespace = self.twin.names.bmc_namespace(self.twin.spec().nodes[SERVER].centre)
        environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        with (self.directory / "log").open("wb") as log:
            self.process = subprocess.Popen(
                ["nsenter", f"--net=/run/netns/{namespace}", "--", sys.executable,
                 str(Path(__file__).with_name("sushy_machines.py")), "--config", str(config), "--fake"],
                cwd=ROOT, env={**environment, "PYTHONPATH": str(ROOT / "build/typing")},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        soon(self._speaks, "the emulator answers", 60)

    def _private(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def _speaks(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.directory / "log").read_text()
        return self._curl("").returncode == 0

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    # The witness: curl, over the estate's routers

    def _curl(self, path: str) -> subprocess.CompletedProcess[str]:
        return self.twin.inside(
            CONTROL, "curl", "-sS", "--fail", "--noproxy", "*", "--cacert", str(self.authority.ca_file),
            "--max-time", "20", "-K", str(self.directory / "curl"),
            f"https://{self.address()}/redfish/v1/{path}",
        )  # fmt: skip

    def seen(self) -> tuple[str, str]:
        """Power state and boot device of the server, as curl is told."""
        done = self._curl(f"Systems/{UUID}")
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        return found["PowerState"], found["Boot"]["BootSourceOverrideTarget"]

    # What is tried: the modules, by a playbook on the control node

    def play(
        self, module: str, *arguments: str, times: int = 1, ca_file: Path | None = None, **options: Any
    ) -> list[dict[str, Any]]:
        """Run one task so many times; on the BMC of ``SERVER`` unless ``targets`` are given.

        :returns: the results.
        """
        results = self.directory / "results.json"
        results.unlink(missing_ok=True)
        one = {"name": SERVER, "address": self.address(), "protocol": "redfish"}
        asked = {
            "user": "{{ bmc_user }}", "password": "{{ bmc_password }}", "cipher_suite": 3, "answer_s": 20,
            "deadline_s": 100, "ca_file": str(ca_file or self.authority.ca_file),
            **({} if "targets" in options else one), **options,
        }  # fmt: skip
        tasks = [
            {"name": "ask", f"anjianyun.datacenter.{module}": asked, "register": f"done_{number}",
             "ignore_errors": True}
            for number in range(times)
        ]  # fmt: skip
        kept = ", ".join(f"done_{number}" for number in range(times))
        keep = {
            "name": "keep",
            "ansible.builtin.copy": {"content": f"{{{{ [{kept}] | to_json }}}}", "dest": str(results)},
            "check_mode": False,
            "diff": False,
        }
        play = {
            "hosts": "localhost", "gather_facts": False, "connection": "local",
            "vars": {"ansible_python_interpreter": sys.executable}, "tasks": [*tasks, keep],
        }  # fmt: skip
        playbook = self.directory / "play.yml"
        playbook.write_text(yaml.safe_dump([play], sort_keys=False))
        (self.directory / "ansible.cfg").touch()
        done = self.twin.inside(
            CONTROL, "ansible-playbook", "-i", "localhost,", "-e", f"@{self.twin.names.vars_file}",
            str(playbook), *arguments, timeout_s=600, ANSIBLE_CONFIG=str(self.directory / "ansible.cfg"),
            ANSIBLE_LOCAL_TEMP=str(self.directory / "tmp"), ANSIBLE_NOCOLOR="1",
        )  # fmt: skip
        assert results.exists(), done.stdout + done.stderr
        assert self.known["bmc_password"] not in done.stdout + done.stderr + results.read_text()
        found: list[dict[str, Any]] = json.loads(results.read_text())
        return found


class Alive:
    """Counts a node's processes all the while, in the kernel's list; a thread, in a ``with``."""

    def __init__(self, twin: Twin, node: str) -> None:
        self._twin, self._node = twin, node
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        #: When the last count began that found any. It was alive then.
        self.last = datetime.min.replace(tzinfo=UTC)

    def _watch(self) -> None:
        while not self._end.is_set():
            began = datetime.now(UTC)
            if self._twin.processes(self._node):
                self.last = began
            time.sleep(0.05)

    def __enter__(self) -> Alive:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
