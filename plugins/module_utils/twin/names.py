# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where everything of a twin is, computed from its id alone.

Whatever a twin makes carries its id in one of these names, so what is left of a twin can
be found, and removed, without remembering what was asked for.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.cgroups import TREE

STATE = Path("/var/lib/anjianyun/twin")
RUNTIME = Path("/run/anjianyun/twin")
CACHE = Path("/var/cache/anjianyun")
NAMESPACES = Path("/run/netns")
NAMESPACE_PREFIX = "ajy-"
#: systemd-nspawn leaves its lock and its directories for a machine of ours here.
NSPAWN_RUNTIME = Path("/run/systemd/nspawn")


@dataclass(frozen=True)
class Names:
    """The names of one twin."""

    twin_id: str

    @property
    def state(self) -> Path:
        """Disks and what BMCs remember."""
        return STATE / self.twin_id

    @property
    def runtime(self) -> Path:
        """A file system in memory: keys, scripts, mount points, faults."""
        return RUNTIME / self.twin_id

    @property
    def group(self) -> str:
        """The control group over all its processes."""
        return f"{TREE}/{self.twin_id}"

    @property
    def launchers(self) -> str:
        """The control group of the shells that wait for machines to end."""
        return f"{self.group}/_launch"

    @property
    def vars_file(self) -> Path:
        """Extra variables for runs against the twin."""
        return self.runtime / "vars.yml"

    @property
    def spec_file(self) -> Path:
        """What the twin was last asked to be, for those who ask it for something by name."""
        return self.runtime / "spec.json"

    @property
    def secrets(self) -> Path:
        """Drawn once per twin, kept as long as its disks."""
        return self.state / "secrets.json"

    @property
    def ssh(self) -> Path:
        """The key of the control nodes, and the known hosts."""
        return self.runtime / "ssh"

    @property
    def faults(self) -> Path:
        """One file a fault that the kernel's own state does not show."""
        return self.runtime / "faults"

    def namespace(self, node: str) -> str:
        """The network namespace of a node."""
        return f"{NAMESPACE_PREFIX}{self.twin_id}-{node}"

    def bmc_namespace(self, centre: str) -> str:
        """The network namespace of a centre's BMCs."""
        return self.namespace(f"{centre}-bmc")

    def node_group(self, node: str) -> str:
        """The control group of a node; populated as long as it is on."""
        return f"{self.group}/{node}"

    def bmc_group(self, node: str) -> str:
        """The control group of the BMC of a node."""
        return f"{self.group}/_bmc/{node}"

    def node_dir(self, node: str) -> Path:
        """Scripts and mount points of a node."""
        return self.runtime / "nodes" / node

    def power(self, node: str) -> Path:
        """The node's power switch."""
        return self.node_dir(node) / "power"

    def disk(self, node: str) -> Path:
        """Where the disk of a node is mounted, upper and work directory inside."""
        return self.node_dir(node) / "disk"

    def root(self, node: str) -> Path:
        """Where the merged root of a node is mounted."""
        return self.node_dir(node) / "root"

    def disk_file(self, node: str, image: str) -> Path:
        """The file behind a machine's disk. It belongs to one image and names it."""
        return self.state / "disks" / f"{node}@{image}.img"

    def bmc_dir(self, node: str) -> Path:
        """What a BMC keeps when the power is gone."""
        return self.state / "bmc" / node

    def dark(self, centre: str) -> Path:
        """There while the centre has no power."""
        return self.faults / f"centre_lost@{centre}"

    def machine(self, node: str) -> str:
        """The machine's name towards systemd-nspawn."""
        return f"ajy-{self.twin_id}-{node}"


def port_name(member: str) -> str:
    """The name of a member's port on its network's bridge: 15 characters, never an end of the plan's."""
    plain = f"p.{member}"
    return plain if len(plain) <= 15 else "p." + hashlib.sha256(member.encode()).hexdigest()[:12]


def mac(twin_id: str, node: str, interface: str) -> str:
    """A locally administered address that is the same at every build."""
    digest = hashlib.sha256(f"{twin_id}/{node}/{interface}".encode()).digest()
    return ":".join(f"{byte:02x}" for byte in bytes([0x02]) + digest[:5])
