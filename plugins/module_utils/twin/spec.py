# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a twin is asked to be: the specification, checked as a whole before anything is made.

Computed from the inventory by the filter ``twin_spec``; plain data, so that it can travel
as a module's argument and be kept beside a test.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import asdict, dataclass, field
from typing import Any, Mapping

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

MACHINE, APPLIANCE, CONTROL = "machine", "appliance", "control"
KINDS = (MACHINE, APPLIANCE, CONTROL)
LAN, LINE, LOOPBACK = "lan", "line", "loopback"
# The id is a part of names of namespaces, where a dash ends it, and of a FRU's asset tag.
_TWIN_ID = re.compile(r"[a-z][a-z0-9]{0,9}\Z")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
_INTERFACE = re.compile(r"[A-Za-z0-9_.-]{1,15}\Z")


@dataclass(frozen=True)
class Interface:
    """An interface of a node; ``network`` for a LAN, ``line`` for a line's end."""

    name: str
    kind: str
    address: str
    network: str = ""
    line: str = ""


@dataclass(frozen=True)
class Bmc:
    """A server's BMC, in the namespace of its centre's BMCs."""

    address: str
    prefix_length: int
    network: str
    gateway: str
    vendor: str = "Anjianyun"
    model: str = "Twin"
    serial: str = "TWIN0000"


@dataclass(frozen=True)
class Node:
    """One machine, appliance or control node.

    :param disk_mib: the size of its own disk, in MiB; what a machine writes stays inside.
    :param files: text by absolute path, written once, before the first start.
    :param address: the management address, which sshd is asked on.
    """

    name: str
    kind: str
    address: str = ""
    centre: str = ""
    image: str = ""
    disk_mib: int = 0
    interfaces: tuple[Interface, ...] = ()
    gateway: str = ""
    forwards: bool = False
    files: Mapping[str, str] = field(default_factory=dict)
    bmc: Bmc | None = None


@dataclass(frozen=True)
class Network:
    """A LAN: a bridge in the namespace of the node that is its gateway."""

    name: str
    prefix: str
    gateway_host: str
    centre: str = ""


@dataclass(frozen=True)
class Line:
    """A shaped pair of links between two nodes' interfaces."""

    name: str
    a_host: str
    a_interface: str
    b_host: str
    b_interface: str
    rate_mbit: float


@dataclass(frozen=True)
class Spec:
    """A whole twin."""

    twin_id: str
    plan: Mapping[str, Any]
    nodes: Mapping[str, Node]
    networks: Mapping[str, Network]
    lines: Mapping[str, Line]

    def bmc_centres(self) -> dict[str, list[Node]]:
        """The nodes with a BMC, by centre."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes.values():
            if node.bmc is not None:
                found.setdefault(node.centre, []).append(node)
        return found

    def rooted(self) -> list[Node]:
        """The nodes with a file system of their own, appliances first: they start fastest."""
        return sorted((n for n in self.nodes.values() if n.kind != CONTROL), key=lambda n: (n.kind, n.name))


def check_twin_id(twin_id: str) -> str:
    """Return the id.

    :raises DatacenterError: when it cannot be a part of the names that need it.
    """
    if not _TWIN_ID.match(twin_id):
        raise DatacenterError(
            "this cannot be the id of a twin",
            device=twin_id,
            cause="it becomes a part of names",
            next_step="take a small letter and up to nine more small letters and digits",
        )
    return twin_id


def parse(data: Mapping[str, Any]) -> Spec:
    """Read a specification from plain data.

    :raises DatacenterError: naming everything that is wrong with it, not only the first.
    """
    twin_id = check_twin_id(str(data.get("twin_id", "")))
    try:
        spec = Spec(
            twin_id=twin_id,
            plan=dict(data.get("plan", {})),
            nodes={name: _node(name, value) for name, value in sorted(data["nodes"].items())},
            networks={name: Network(name=name, **value) for name, value in sorted(data["networks"].items())},
            lines={name: Line(name=name, **value) for name, value in sorted(data["lines"].items())},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DatacenterError(
            "the specification of the twin cannot be read",
            device=twin_id,
            cause=f"{type(error).__name__}: {error}",
            next_step="make it with the filter anjianyun.datacenter.twin_spec",
        ) from error
    problems = find_problems(spec)
    if problems:
        raise DatacenterError(
            "the specification of the twin does not fit together",
            device=twin_id,
            cause="; ".join(problems),
            next_step="correct the plan",
        )
    return spec


def as_data(spec: Spec) -> dict[str, Any]:
    """The specification as the plain data that :func:`parse` reads."""

    def nameless(items: Mapping[str, Any]) -> dict[str, Any]:
        return {key: {k: v for k, v in asdict(item).items() if k != "name"} for key, item in items.items()}

    return {
        "twin_id": spec.twin_id,
        "plan": dict(spec.plan),
        "nodes": nameless(spec.nodes),
        "networks": nameless(spec.networks),
        "lines": nameless(spec.lines),
    }


def _node(name: str, value: Mapping[str, Any]) -> Node:
    fields = dict(value)
    fields["interfaces"] = tuple(Interface(**each) for each in fields.get("interfaces", ()))
    bmc = fields.get("bmc")
    fields["bmc"] = Bmc(**bmc) if bmc else None
    return Node(name=name, **fields)


def find_problems(spec: Spec) -> list[str]:
    """Everything that keeps the specification from being built, one sentence each."""
    problems: list[str] = []
    for node in spec.nodes.values():
        problems += _node_problems(spec, node)
    for network in spec.networks.values():
        gateway = spec.nodes.get(network.gateway_host)
        if gateway is None:
            problems.append(f"network {network.name}: its gateway {network.gateway_host} is not a node")
        elif not any(i.kind == LAN and i.network == network.name for i in gateway.interfaces):
            problems.append(f"network {network.name}: {network.gateway_host}, its gateway, is not in it")
    for line in spec.lines.values():
        for host, interface in ((line.a_host, line.a_interface), (line.b_host, line.b_interface)):
            end = spec.nodes.get(host)
            if end is None:
                problems.append(f"line {line.name}: its end {host} is not a node")
            elif not any(i.kind == LINE and i.name == interface for i in end.interfaces):
                problems.append(f"line {line.name}: {host} has no interface {interface}")
        if line.rate_mbit <= 0:
            problems.append(f"line {line.name}: a rate of {line.rate_mbit} Mbit/s")
    return problems


def _node_problems(spec: Spec, node: Node) -> list[str]:
    problems = []
    if not _NAME.match(node.name):
        problems.append(f"{node.name!r} is not a host name")
    if node.kind not in KINDS:
        problems.append(f"{node.name}: kind {node.kind!r} is none of {', '.join(KINDS)}")
    if node.kind in (MACHINE, APPLIANCE) and (not node.image or node.disk_mib < 16):
        problems.append(f"{node.name}: needs an image and a disk of at least 16 MiB")
    names = [i.name for i in node.interfaces if i.kind != LOOPBACK]
    twice = sorted({n for n in names if names.count(n) > 1})
    problems += [f"{node.name}: interface {n} twice" for n in twice]
    for interface in node.interfaces:
        where = f"{node.name}, interface {interface.name}"
        if not _INTERFACE.match(interface.name):
            problems.append(f"{where}: not a name Linux takes (15 characters)")
        try:
            ipaddress.ip_interface(interface.address)
        except ValueError:
            problems.append(f"{where}: {interface.address!r} is not an address")
        if interface.kind == LAN and interface.network not in spec.networks:
            problems.append(f"{where}: network {interface.network!r} is not there")
        if interface.kind == LINE and interface.line not in spec.lines:
            problems.append(f"{where}: line {interface.line!r} is not there")
    if node.bmc is not None and node.bmc.network not in spec.networks:
        problems.append(f"{node.name}: the network {node.bmc.network!r} of its BMC is not there")
    return problems
