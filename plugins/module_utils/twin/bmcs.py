# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes behind the BMCs of a twin: one ``ipmi_sim`` each, in the namespace of its centre."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, Mapping

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import bmc_sim, cgroups, netlink
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import NAMESPACES, Names, mac
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.spec import Node

_START = 'for group in $0; do echo 0 > "$group/cgroup.procs" || exit 1; done; exec "$@"'
#: RMCP, in the hexadecimal of /proc/net/udp.
_PORT = ":026F"
_READY_S = 5.0


def start(names: Names, node: Node, secrets: Mapping[str, Any]) -> None:
    """Start the BMC of a node and wait until it listens; one that runs already is left alone."""
    group = names.bmc_group(node.name)
    if node.bmc is None or cgroups.populated(group):
        return
    spec = _described(names, node, secrets)
    command = bmc_sim.prepare(names.bmc_dir(node.name), spec, names.power(node.name))
    cgroups.ensure(group)
    groups = " ".join(str(root / group) for root in cgroups.roots())
    namespace = names.bmc_namespace(node.centre)
    log = names.runtime / f"bmc-{node.name}.log"
    with log.open("wb") as output:
        subprocess.Popen(
            # Only the network is the namespace's: the power switch is on the host's file system.
            ["sh", "-c", _START, groups, "nsenter", f"--net={NAMESPACES / namespace}", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
        )
    _wait(node.name, node.bmc.address, namespace, log)


def _described(names: Names, node: Node, secrets: Mapping[str, Any]) -> bmc_sim.BmcSpec:
    if node.bmc is None:
        raise DatacenterError("there is no BMC", device=node.name)
    return bmc_sim.BmcSpec(
        node=node.name,
        address=node.bmc.address,
        prefix_length=node.bmc.prefix_length,
        gateway=node.bmc.gateway or "0.0.0.0",
        user=secrets["bmc_user"],
        password=secrets["bmc_password"],
        asset_tag=f"TWIN-{names.twin_id}",
        vendor=node.bmc.vendor,
        model=node.bmc.model,
        serial=node.bmc.serial,
        mac=mac(names.twin_id, node.name, "bmc"),
    )


def swap(names: Names, node: Node, secrets: Mapping[str, Any], serial: str) -> None:
    """Let a server say that it is another one; with an empty number, what it is."""
    directory = names.bmc_dir(node.name)
    if serial:
        remember(names, node.name, "serial", serial)
    else:
        (directory / "serial").unlink(missing_ok=True)
    bmc_sim.write_identity(directory, _described(names, node, secrets))


def _wait(node: str, address: str, namespace: str, log: Path) -> None:
    wanted = _hex_address(address) + _PORT
    end = time.monotonic() + _READY_S
    sockets = Path("/proc/thread-self/net/udp")
    while not netlink.in_namespace(namespace, lambda: wanted in sockets.read_text()):
        if time.monotonic() > end:
            text = log.read_text(errors="replace").strip().splitlines()
            raise DatacenterError(
                "the simulated BMC does not listen",
                device=node,
                cause=" / ".join(text[-3:]) or f"nothing after {_READY_S:g} s",
                next_step=f"see {log}",
            )
        time.sleep(0.02)


def _hex_address(address: str) -> str:
    """An address as /proc/net/udp writes it on a little-endian machine."""
    return "".join(f"{int(part):02X}" for part in reversed(address.split(".")))


def stop(names: Names, node: str) -> None:
    """End the BMC of a node; what it remembers stays."""
    cgroups.kill(names.bmc_group(node))
    cgroups.remove(names.bmc_group(node))


def forget(names: Names, node: str) -> None:
    """Remove what the BMC of a node remembers."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(names.bmc_dir(node))


def note(names: Names, node: str, file: str) -> str:
    """One of the files of a BMC's memory, without its line end; empty when it is not there."""
    with contextlib.suppress(OSError):
        return (names.bmc_dir(node) / file).read_text(encoding="utf-8").strip()
    return ""


def remember(names: Names, node: str, file: str, text: str) -> None:
    """Write one of the files of a BMC's memory."""
    path = names.bmc_dir(node) / file
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text + "\n", encoding="utf-8")
    fresh.rename(path)


def starts_when_power_returns(policy: str, last_power: str) -> bool:
    """Whether a server starts by itself when its power comes back."""
    return policy == "always-on" or (policy == "previous" and last_power == "on")
