# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A county, the carrier's edge and both centres, each node in namespaces of its own, with real FRR.

Every node is a process that owns a network, a mount and a process namespace: its /etc/frr, /run,
/etc/nftables.conf are its own, so the modules run in it as on an appliance, and nothing of the host's
is touched. When that process ends, the kernel takes all of the node away; so nothing can leak.
Names and addresses are the rehearsal estate's, and the configurations come from the roles' templates.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[3]
INVENTORY = REPOSITORY / "inventory" / "rehearsal" / "site_plan.yml"
NETWORK_KINDS = ("router", "firewall")
NODES = (
    "liujiang-pc-01", "liujiang-rt-01", "liuzhou-rt-01", "gx-edge-01",
    "nn-rt-01", "nn-fw-01", "nn-app-01", "nn-db-01",
    "dr-rt-01", "dr-fw-01", "dr-app-01", "dr-db-01", "dr-ctl-01",
)  # fmt: skip
SERVICE = "10.100.0.1"
_LIBRARY = "ansible_collections.anjianyun.datacenter.plugins.module_utils.network"
_MODULES = "ansible_collections.anjianyun.datacenter.plugins.modules"
_DAEMONS = ("zebra", "staticd", "ospfd", "bfdd")

# What a node is before anything is configured: places of its own over the host's, which stay unseen.
_HOLDER = """
set -e
mount -t tmpfs tmpfs /mnt
mkdir /mnt/etc /mnt/work
mount -t overlay -o lowerdir=/etc,upperdir=/mnt/etc,workdir=/mnt/work overlay /etc
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/frr /run/sshd
for place in /etc/frr /var/log/frr; do
  [ -d "$place" ] && mount -t tmpfs -o mode=755 tmpfs "$place"
done
mkdir -p /etc/nftables.d
chown frr:frr /etc/frr /run/frr
ip link set lo up
hostname "$1"
echo ready
# The first process of a node takes in the daemons' orphans.
while :; do sleep 3600 & wait $!; done
"""

_RENDER = """
- name: Render what a twin would put on each device at day 0
  hosts: routers:firewalls
  gather_facts: false
  tasks:
    - name: Render
      ansible.builtin.copy:
        content: "{{ lookup('ansible.builtin.template', item.template) }}"
        dest: "{{ lab_directory }}/{{ inventory_hostname }}.{{ item.suffix }}"
        mode: "0644"
      delegate_to: localhost
      when: item.kinds is not defined or dc_kind in item.kinds
      loop:
        - {template: "{{ lab_repository }}/roles/frr_router/templates/frr.conf.j2", suffix: frr}
        - template: "{{ lab_repository }}/roles/firewall/templates/nftables.conf.j2"
          suffix: nft
          kinds: [firewall]
      vars:
        ansible_connection: local
"""


class Node:
    """One node, by the process that owns its namespaces."""

    def __init__(self, name: str, holder: subprocess.Popen[str], pid: int) -> None:
        self.name = name
        self._holder = holder
        self.pid = pid

    def argv(self, argv: Sequence[str]) -> list[str]:
        return ["nsenter", "-t", str(self.pid), "-n", "-m", "-p", "-u", "--", *argv]

    def start(self, argv: Sequence[str], **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(self.argv(argv), text=True, **options)

    def run(self, *argv: str, check: bool = True, stdin: str | None = None, seconds: float = 60.0) -> str:
        done = subprocess.run(
            self.argv(argv), text=True, input=stdin, capture_output=True, timeout=seconds, check=False
        )
        if check and done.returncode:
            raise AssertionError(f"{self.name}: {argv}: {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def python_script(self, code: str, *arguments: str) -> Any:
        """Run code in the node with the collection importable; what it prints is JSON."""
        return json.loads(self.run(sys.executable, "-c", code, *arguments))

    def write(self, path: str, text: str) -> None:
        self.run("sh", "-c", 'cat > "$1"', "sh", path, stdin=text)

    def destroy(self) -> None:
        # unshare kills its child, the namespace's first process, when it ends; and that all the others.
        self._holder.kill()
        self._holder.wait()


class Lab:
    """The nodes with their links; FRR runs on routers and firewalls, rules are loaded on firewalls."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.hostvars: dict[str, dict[str, Any]] = {}
        self._directory = tempfile.TemporaryDirectory(prefix="ajynet-")
        self.directory = Path(self._directory.name)

    def __getitem__(self, name: str) -> Node:
        return self.nodes[name]

    def build(self) -> None:
        self._read_plan()
        for name in NODES:
            self.nodes[name] = self._hold(name)
        self._wire()
        for name in NODES:
            if self.is_network_device(name):
                self._start_router(name)
            else:
                self._start_host(name)

    def destroy(self) -> None:
        for node in self.nodes.values():
            node.destroy()
        self._directory.cleanup()

    def ansible(self, node: str, argv: Sequence[str]) -> tuple[int, str]:
        """Run a command of Ansible's inside the node, on the node itself; its code and its output."""
        tool = str(Path(sys.executable).parent / argv[0])
        environment = {
            **os.environ,
            "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
            "ANSIBLE_STDOUT_CALLBACK": "default",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
            "LC_ALL": "C.UTF-8",
        }
        extra = ["-e", "ansible_connection=local", "-e", f"ansible_python_interpreter={sys.executable}"]
        done = subprocess.run(
            self[node].argv([tool, *argv[1:], "-i", str(INVENTORY), "--limit", node, *extra]),
            text=True, capture_output=True, timeout=120, env=environment, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def module(
        self, node: str, module: str, options: Mapping[str, Any], *, check: bool = False
    ) -> dict[str, Any]:
        """Run a module of the collection on the node itself; its result as data.

        Its own main() and Ansible's argument handling run; only the command ansible is spared.
        """
        code = (
            "import importlib, json, sys\n"
            "from ansible.module_utils.testing import patch_module_args\n"
            f"module = importlib.import_module('{_MODULES}.' + sys.argv[1])\n"
            "with patch_module_args(json.loads(sys.argv[2])):\n"
            "    module.main()\n"
        )
        options = {**options, "_ansible_check_mode": check}
        # A module that fails ends with 1 and has said why.
        result: dict[str, Any] = json.loads(
            self[node].run(sys.executable, "-c", code, module, json.dumps(options), check=False, seconds=240)
        )
        return result

    def playbook(self, node: str, name: str, *options: str) -> tuple[int, str]:
        """Run a playbook of the collection for one node, on the node itself."""
        return self.ansible(
            node, ["ansible-playbook", str(REPOSITORY / "playbooks" / name), "--diff", *options]
        )

    def is_network_device(self, name: str) -> bool:
        return self.hostvars[name]["dc_kind"] in NETWORK_KINDS

    def start_sshd(self, name: str) -> Path:
        """Let root in by a key; the private key, which is the same for all nodes."""
        user, host = self.directory / "id_ed25519", self.directory / "host_ed25519"
        for key in (user, host):
            if not key.exists():
                subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        self[name].run(
            "/usr/sbin/sshd", "-f", "/dev/null", "-h", str(host), "-o", "PidFile=/run/sshd.pid",
            "-o", f"AuthorizedKeysFile={user}.pub", "-o", "StrictModes=no", "-o", "UsePAM=no",
        )  # fmt: skip
        # sshd goes into the background first, and opens its port after that.
        self.wait("sshd listens", "sh", "-c", "ss -Htln sport = 22 | grep -q .", node=name)
        return user

    def known_hosts(self, *addresses: str) -> Path:
        """The nodes' host key, for those who look."""
        key = (self.directory / "host_ed25519.pub").read_text().rsplit(maxsplit=1)[0]
        path = self.directory / "known_hosts"
        path.write_text("".join(f"{address} {key}\n" for address in addresses))
        return path

    def unfence(self, name: str) -> None:
        """Remove every fence of a node by hand: what tests clean up with must not be what they test."""
        script = """
        nft list tables | awk '$3 ~ /^ajy_fence_/ {print "delete table", $2, $3}' | nft -f -
        rm -f /etc/nftables.d/*
        """
        self[name].run("sh", "-ec", script)

    def announce(
        self, node: str, next_hop: str | None, precedence: int = 1, timeout_s: float = 5.0
    ) -> dict[str, Any]:
        """Announce the service's address from a node by the library, or withdraw it."""
        code = (
            "import json, sys\n"
            f"from {_LIBRARY}.frr import Frr\n"
            f"from {_LIBRARY}.service_address import set_announcement\n"
            "next_hop, precedence, timeout_s = json.loads(sys.argv[1])\n"
            f"print(json.dumps(set_announcement(Frr(), '{SERVICE}/32', next_hop=next_hop,"
            " precedence=precedence, timeout_s=timeout_s, dry_run=False)))"
        )
        result: dict[str, Any] = self[node].python_script(code, json.dumps([next_hop, precedence, timeout_s]))
        return result

    def fence(
        self, node: str, *, name: str, addresses: Sequence[str], managers: Sequence[str] = (),
        action: str = "reject", present: bool = True,
    ) -> dict[str, Any]:  # fmt: skip
        """Put up or lift a fence on a node by the library."""
        code = (
            "import json, sys\n"
            f"from {_LIBRARY}.network_fence import make_fence, set_fence\n"
            "*fence, present = json.loads(sys.argv[1])\n"
            "print(json.dumps(set_fence(make_fence(*fence), present=present, dry_run=False)))"
        )
        arguments = [name, list(addresses), list(managers), action, present]
        result: dict[str, Any] = self[node].python_script(code, json.dumps(arguments))
        return result

    def routes(self, node: str, address: str, origin: str | None = None) -> dict[str, Any]:
        """Where an address leads, seen from a router, by the library; waits for an origin."""
        code = (
            "import json, sys\n"
            f"from {_LIBRARY}.frr import Frr\n"
            f"from {_LIBRARY}.routes import read_routes\n"
            "address, origin = json.loads(sys.argv[1])\n"
            "print(json.dumps(read_routes(Frr(), address, origin=origin, timeout_s=10)))"
        )
        result: dict[str, Any] = self[node].python_script(code, json.dumps([address, origin]))
        return result

    def wait(self, condition: str, *argv: str, node: str, seconds: float = 30.0) -> float:
        """Wait until a command in a node succeeds; the seconds that took.

        :raises AssertionError: saying which condition did not come.
        """
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            if (
                subprocess.run(self[node].argv(argv), capture_output=True, timeout=30, check=False).returncode
                == 0
            ):
                return time.monotonic() - begun
            time.sleep(0.05)
        raise AssertionError(f"{node}: not within {seconds} s: {condition}")

    def _read_plan(self) -> None:
        tools = Path(sys.executable).parent
        environment = {
            **os.environ, "LC_ALL": "C.UTF-8", "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
            "ANSIBLE_STDOUT_CALLBACK": "default",
        }  # fmt: skip
        listing = subprocess.run(
            [str(tools / "ansible-inventory"), "-i", str(INVENTORY), "--list"],
            check=True, capture_output=True, text=True, env=environment,
        )  # fmt: skip
        self.hostvars = json.loads(listing.stdout)["_meta"]["hostvars"]
        playbook = self.directory / "render.yml"
        playbook.write_text(_RENDER)
        variables = json.dumps({"lab_directory": str(self.directory), "lab_repository": str(REPOSITORY)})
        subprocess.run(
            [str(tools / "ansible-playbook"), "-i", str(INVENTORY), str(playbook), "-e", variables],
            check=True, capture_output=True, text=True, env=environment,
        )  # fmt: skip

    def hold(self, name: str) -> Node:
        """A further node, without links; FRR can be started in it."""
        self.nodes[name] = self._hold(name)
        return self.nodes[name]

    def _hold(self, name: str) -> Node:
        holder = subprocess.Popen(
            # Killed with this process, however that ends; and with it, by unshare, all that it holds.
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--mount", "--pid", "--uts", "--fork",
             "--kill-child", "--mount-proc", "--", "sh", "-c", _HOLDER, "sh", name],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n", f"{name}: its namespaces could not be made"
        child = Path(f"/proc/{holder.pid}/task/{holder.pid}/children").read_text().split()[0]
        return Node(name, holder, int(child))

    def _wire(self) -> None:
        lines = next(iter(self.hostvars.values()))["dc_lines"]
        for line in lines.values():
            a, b = line["a"], line["b"]
            if a["host"] in self.nodes and b["host"] in self.nodes:
                self._pair(a["host"], a["interface"], b["host"], b["interface"])
        networks = next(iter(self.hostvars.values()))["dc_networks"]
        for name, network in networks.items():
            gateway = network["gateway_host"]
            if gateway not in self.nodes:
                continue
            # A LAN's bridge is the gateway's own interface in it.
            interface = self._interface(gateway, name)
            self[gateway].run("ip", "link", "add", interface, "type", "bridge")
            self[gateway].run("ip", "link", "set", interface, "up")
            for number, host in enumerate(n for n in self.nodes if n != gateway):
                own = self._interface(host, name)
                if own:
                    self._pair(gateway, f"port{number}-{name}"[:15], host, own)
                    self[gateway].run("ip", "link", "set", f"port{number}-{name}"[:15], "master", interface)

    def _pair(self, a: str, a_interface: str, b: str, b_interface: str) -> None:
        subprocess.run(
            ["nsenter", "-t", str(self[a].pid), "-n", "--", "ip", "link", "add", a_interface, "type", "veth",
             "peer", "name", b_interface, "netns", str(self[b].pid)],
            check=True,
        )  # fmt: skip
        self[a].run("ip", "link", "set", a_interface, "up")
        self[b].run("ip", "link", "set", b_interface, "up")

    def _interface(self, host: str, network: str) -> str:
        found = [i["name"] for i in self.hostvars[host]["dc_interfaces"] if i.get("network") == network]
        return str(found[0]) if found else ""

    def _start_router(self, name: str) -> None:
        node = self[name]
        node.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        rules = self.directory / f"{name}.nft"
        if rules.exists():
            node.write("/etc/nftables.conf", rules.read_text())
            node.run("nft", "-f", "/etc/nftables.conf")
        node.write("/etc/frr/frr.conf", (self.directory / f"{name}.frr").read_text())
        node.write("/etc/frr/vtysh.conf", "")
        node.run("chown", "-R", "frr:frr", "/etc/frr")
        self.start_frr(name)

    def start_frr(self, name: str) -> None:
        """Start the daemons of a router, as its boot does."""
        for daemon in _DAEMONS:
            self.start_daemon(name, daemon)
        self[name].run("vtysh", "-b")

    def start_daemon(self, name: str, daemon: str) -> None:
        self[name].run(f"/usr/lib/frr/{daemon}", "-d", "-A", "127.0.0.1")

    def kill_daemons(self, name: str, *daemons: str) -> None:
        """End daemons of a router without a word to its neighbours."""
        for daemon in daemons or _DAEMONS:
            self[name].run("pkill", "-KILL", "-x", daemon)
        for daemon in daemons or _DAEMONS:
            self.wait(f"{daemon} has ended", "sh", "-c", f"! pgrep -x {daemon}", node=name)

    def _start_host(self, name: str) -> None:
        node, variables = self[name], self.hostvars[name]
        for interface in variables["dc_interfaces"]:
            node.run("ip", "address", "add", interface["address"], "dev", interface["name"])
        node.run("ip", "route", "add", "default", "via", variables["dc_gateway"])
        for service in variables["dc_services"].values():
            if name in [centre["application"] for centre in service["centres"].values()]:
                node.run("ip", "address", "add", f"{service['address']}/32", "dev", "lo")
