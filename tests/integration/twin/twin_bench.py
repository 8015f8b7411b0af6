# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of the rehearsal estate as a twin, and witnesses that are not the twin's own code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import reconcile
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.faults import Faults
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.spec import Spec, parse

ROOT = Path(__file__).resolve().parents[3]
PLAN = ROOT / "inventory/rehearsal/site_plan.yml"
#: A database server with its BMC, and the line to the other centre.
PART = ("nn-db-01", "dr-rt-01")
SERVER, CONTROL, NEAR, FAR = "nn-db-01", "nn-ctl-01", "nn-rt-01", "dr-rt-01"
LINE = "nn-dr-1"


def tool(*argv: str, timeout_s: float = 120, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of this machine; what it says is for the assertion that follows."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin:/sbin"
    done = subprocess.run(
        argv, cwd=ROOT, env={**os.environ, "PATH": path, "LC_ALL": "C.UTF-8", **environment},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s, check=False,
    )  # fmt: skip
    assert done.returncode not in (126, 127), f"{argv} cannot be run: {done.stderr}"
    return done


def soon(ask: Callable[[], bool], what: str, deadline_s: float = 30.0) -> None:
    """Wait until it is so."""
    end = time.monotonic() + deadline_s
    while not ask():
        assert time.monotonic() < end, f"not within {deadline_s:g} s: {what}"
        time.sleep(0.1)


class Twin:
    """One twin of a part of the estate."""

    def __init__(self, twin_id: str, part: tuple[str, ...] = PART) -> None:
        self.names = Names(twin_id)
        self.part = part

    def playbook(self, state: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Make it or take it away as a person does."""
        asked = {"twin_id": self.names.twin_id, "twin_only": list(self.part), "twin_state": state}
        return tool(
            "ansible-playbook", "-i", str(PLAN), "playbooks/twin.yml", "-e", json.dumps(asked), *options,
            timeout_s=600, ANSIBLE_STDOUT_CALLBACK="ansible.builtin.default", ANSIBLE_NOCOLOR="1",
        )  # fmt: skip

    def spec(self, **line: Any) -> Spec:
        """What it was last asked to be; ``line`` changes the line between the centres."""
        data = json.loads(self.names.spec_file.read_text())
        if line:
            data["lines"][LINE].update(line)
        return parse(data)

    def present(self, asked: Spec | None = None) -> reconcile.Outcome:
        """Make it whole by the library: the same, without Ansible's start."""
        return reconcile.Run(asked or self.spec()).present()

    @property
    def faults(self) -> Faults:
        return Faults(self.names)

    # Witnesses

    def inside(
        self, node: str, *argv: str, timeout_s: float = 60, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """A command of this machine in a node's network namespace."""
        namespace = f"--net=/run/netns/{self.names.namespace(node)}"
        return tool("nsenter", namespace, "--", *argv, timeout_s=timeout_s, **environment)

    def ssh(self, node: str, command: str, timeout_s: float = 30) -> subprocess.CompletedProcess[str]:
        """A command on a machine, over the network from the control node, by the machine's name."""
        return self.inside(
            CONTROL, "ssh", "-F", f"{self.names.ssh}/config", "-o", "BatchMode=yes", node, command,
            timeout_s=timeout_s,
        )  # fmt: skip

    def boot(self, node: str) -> str:
        """What changes with each boot of a machine; empty while it does not answer."""
        return self.ssh(node, "stat -c %Z /proc/1 && systemctl show -P UserspaceTimestampMonotonic").stdout

    def answers(self, node: str) -> bool:
        return self.ssh(node, "true").returncode == 0

    def bmc(
        self, node: str, *words: str, retries: int = 1, answer_s: int = 2
    ) -> subprocess.CompletedProcess[str]:
        """ipmitool, from the control node."""
        known = json.loads(self.names.vars_file.read_text())
        server = self.spec().nodes[node]
        assert server.bmc is not None
        return self.inside(
            CONTROL, "ipmitool", "-I", "lanplus", "-C", "3", "-H", server.bmc.address,
            "-U", known["bmc_user"], "-E", "-R", str(retries), "-N", str(answer_s), *words,
            IPMI_PASSWORD=known["bmc_password"],
        )  # fmt: skip

    def power(self, node: str) -> str:
        """What the BMC says of the power: ``on``, ``off``, or nothing when it does not answer."""
        said = self.bmc(node, "chassis", "power", "status").stdout
        return said.strip().rpartition(" ")[2]

    def processes(self, node: str) -> int:
        """Live processes of a node, counted in the kernel's list and not in the twin's own view."""
        return sum(f"/anjianyun/{self.names.twin_id}/{node}" in text for text in _control_groups())


def _control_groups() -> list[str]:
    """The control groups of each live process of this machine."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                if state not in "ZX":
                    found.append((entry / "cgroup").read_text())
            except (OSError, IndexError):
                continue
    return found


def remains(twin_id: str) -> list[str]:
    """What kernel and disk still have of a twin, by ``tools/leftovers.py`` and by control group."""
    listed = tool(sys.executable, "tools/leftovers.py").stdout.splitlines()
    found = [line for line in listed if twin_id in line]
    return found + [text for text in _control_groups() if f"/anjianyun/{twin_id}/" in text]


def host_settings() -> dict[str, str]:
    """The host's own links, routes, rules and forwarding, which no twin may touch."""
    return {
        "links": tool("ip", "-br", "link").stdout,
        "routes": tool("ip", "route", "show", "table", "all").stdout,
        "rules": tool("nft", "list", "ruleset").stdout,
        "sysctls": tool("sysctl", "net.ipv4.ip_forward", "net.ipv4.conf.all.rp_filter").stdout,
    }
