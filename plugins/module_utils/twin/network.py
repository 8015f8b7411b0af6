# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin's network as it should be, and its difference from the network as it is.

Pure: the kernel is read and changed in ``netlink.py``.

Each node has a namespace; each centre has one more for its BMCs. A LAN is a bridge in the
namespace of its gateway, a line is a pair of links shaped at both ends. Both ends of every
pair are born inside namespaces of the twin, so nothing of it ever stands in the host's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterable, Mapping

from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import Names, mac, port_name
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.spec import (
    CONTROL,
    LAN,
    LINE,
    LOOPBACK,
    Interface,
    Node,
    Spec,
)

BRIDGE, VETH = "bridge", "veth"
#: There only while the kernel has br_netfilter loaded, which whatever else runs on the host decides.
BRIDGE_FILTER = "net/bridge/bridge-nf-call-iptables"
End = tuple[str, str]


@dataclass(frozen=True)
class Device:
    """One link in a namespace.

    :param addresses: with prefix length.
    :param master: the bridge it is a port of.
    :param peer: the other end, as namespace and name.
    :param rate_mbit: what it is shaped to; 0 for not at all.
    :param line: the plan's line it is an end of.
    """

    name: str
    kind: str
    addresses: tuple[str, ...] = ()
    mac: str = ""
    master: str = ""
    peer: End | None = None
    rate_mbit: float = 0
    line: str = ""


@dataclass(frozen=True)
class Namespace:
    """One namespace with all that stands in it.

    :param node: whose it is; empty for the BMCs of a centre.
    :param always_up: its links do not wait for a node to be switched on.
    """

    name: str
    node: str = ""
    always_up: bool = False
    loopbacks: tuple[str, ...] = ()
    devices: Mapping[str, Device] = field(default_factory=dict)
    gateway: str = ""
    sysctls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LinkState:
    """A link as the kernel has it. ``rate_mbit`` is 0 when it is not shaped."""

    name: str
    kind: str
    up: bool
    mac: str = ""
    master: str = ""
    addresses: frozenset[str] = frozenset()
    rate_mbit: float = 0


@dataclass(frozen=True)
class NamespaceState:
    """A namespace as the kernel has it."""

    links: Mapping[str, LinkState] = field(default_factory=dict)
    gateway: str = ""
    sysctls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """One thing to do to the network; ``verb`` is a name in ``netlink.VERBS``."""

    verb: str
    namespace: str
    device: str = ""
    arguments: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join(part for part in (self.verb, self.namespace, self.device, *self.arguments) if part)


_COMMON_SYSCTLS = {
    # What the twin carries is IPv4; without this every link talks IPv6 to itself.
    "net/ipv6/conf/default/disable_ipv6": "1",
    # Two lines between the centres: answers may come back on the other one.
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/default/rp_filter": "0",
}
_FORWARDING = {
    "net/ipv4/ip_forward": "1",
    # Over lines of equal cost, spread by connection and not by packet.
    "net/ipv4/fib_multipath_hash_policy": "1",
    # A LAN is a bridge in its gateway's namespace; who speaks within it does not pass the gateway's rules.
    BRIDGE_FILTER: "0",
}


def desired(spec: Spec, names: Names) -> dict[str, Namespace]:
    """Every namespace of the twin with its links, from the specification alone."""
    devices: dict[str, dict[str, Device]] = {}
    for node in spec.nodes.values():
        devices.setdefault(names.namespace(node.name), {})
    for network in spec.networks.values():
        _lan(spec, names, network.name, devices)
    for line in spec.lines.values():
        a = (names.namespace(line.a_host), line.a_interface)
        b = (names.namespace(line.b_host), line.b_interface)
        for (host, near), far in (((line.a_host, a), b), ((line.b_host, b), a)):
            interface = next(i for i in spec.nodes[host].interfaces if i.kind == LINE and i.name == near[1])
            devices[near[0]][near[1]] = Device(
                name=near[1],
                kind=VETH,
                addresses=(interface.address,),
                mac=mac(spec.twin_id, host, near[1]),
                peer=far,
                rate_mbit=line.rate_mbit,
                line=line.name,
            )
    found = {}
    for node in spec.nodes.values():
        name = names.namespace(node.name)
        found[name] = Namespace(
            name=name,
            node=node.name,
            always_up=node.kind == CONTROL,
            loopbacks=tuple(i.address for i in node.interfaces if i.kind == LOOPBACK),
            devices=devices[name],
            gateway=node.gateway,
            sysctls={**_COMMON_SYSCTLS, **(_FORWARDING if node.forwards else {})},
        )
    for centre, nodes in spec.bmc_centres().items():
        name = names.bmc_namespace(centre)
        gateway = next((n.bmc.gateway for n in nodes if n.bmc), "")
        found[name] = Namespace(
            name=name, always_up=True, devices=devices[name], gateway=gateway, sysctls=_COMMON_SYSCTLS
        )
    return found


def _lan(spec: Spec, names: Names, network: str, devices: dict[str, dict[str, Device]]) -> None:
    """The bridge of a network, and a pair of links to each of its members."""
    gateway = spec.nodes[spec.networks[network].gateway_host]
    bridge = next(i for i in gateway.interfaces if i.kind == LAN and i.network == network)
    home = names.namespace(gateway.name)
    devices[home][bridge.name] = Device(
        name=bridge.name,
        kind=BRIDGE,
        addresses=(bridge.address,),
        mac=mac(spec.twin_id, gateway.name, bridge.name),
    )
    for namespace, member, interface, addresses in _members(spec, names, network, gateway):
        port = port_name(member)
        pair = ((namespace, interface), (home, port))
        devices.setdefault(namespace, {})[interface] = Device(
            name=interface,
            kind=VETH,
            addresses=addresses,
            mac=mac(spec.twin_id, member, interface),
            peer=pair[1],
        )
        devices[home][port] = Device(name=port, kind=VETH, master=bridge.name, peer=pair[0])


def _members(
    spec: Spec, names: Names, network: str, gateway: Node
) -> Iterable[tuple[str, str, str, tuple[str, ...]]]:
    """Namespace, name, interface and addresses of everything in the network but its gateway."""
    for node in spec.nodes.values():
        if node.name == gateway.name:
            continue
        mine: list[Interface] = [i for i in node.interfaces if i.kind == LAN and i.network == network]
        for n, interface in enumerate(mine):
            member = node.name if n == 0 else f"{node.name}.{interface.name}"
            yield names.namespace(node.name), member, interface.name, (interface.address,)
    for centre, nodes in spec.bmc_centres().items():
        addresses = tuple(
            f"{n.bmc.address}/{n.bmc.prefix_length}" for n in nodes if n.bmc and n.bmc.network == network
        )
        if addresses:
            yield names.bmc_namespace(centre), f"{centre}-bmc", network[:15], addresses


def difference(
    wanted: Mapping[str, Namespace],
    actual: Mapping[str, NamespaceState],
    live: frozenset[str] = frozenset(),
    cut: frozenset[str] = frozenset(),
    filled: frozenset[str] = frozenset(),
) -> list[Change]:
    """What to do, in order, to make the network as wanted.

    :param live: the nodes that are on; the links of the others stay down until they are.
    :param cut: lines that a fault holds down; :param filled: lines it holds to a trickle.
    """
    changes = [Change("add_namespace", name) for name in sorted(wanted) if name not in actual]
    changes += [Change("delete_namespace", name) for name in sorted(actual) if name not in wanted]
    born: set[End] = set()
    for namespace in (wanted[name] for name in sorted(wanted)):
        changes += _links(namespace, actual, born)
    for name, namespace in sorted(wanted.items()):
        changes += _settings(namespace, actual.get(name, NamespaceState()), live, cut, filled)
    return changes


def _links(namespace: Namespace, actual: Mapping[str, NamespaceState], born: set[End]) -> list[Change]:
    """Links to remove and to make. A pair with one end lost is made anew."""
    changes = []
    state = actual.get(namespace.name, NamespaceState())
    for link in state.links.values():
        if link.kind in (BRIDGE, VETH) and link.name not in namespace.devices:
            changes.append(Change("delete_link", namespace.name, link.name))
    for device in namespace.devices.values():
        there = state.links.get(device.name)
        if device.kind == BRIDGE:
            if there is None:
                changes.append(Change("add_bridge", namespace.name, device.name))
            continue
        far = device.peer
        if far is None or far in born:
            continue
        far_there = actual.get(far[0], NamespaceState()).links.get(far[1])
        if there is None or far_there is None:
            # Removing the end that is left removes the pair, whatever it was joined to.
            changes += [Change("delete_link", namespace.name, device.name)] if there else []
            changes += [Change("delete_link", *far)] if far_there else []
            changes.append(Change("add_pair", namespace.name, device.name, far))
            born.add((namespace.name, device.name))
    return changes


def _settings(
    namespace: Namespace,
    state: NamespaceState,
    live: frozenset[str],
    cut: frozenset[str],
    filled: frozenset[str],
) -> list[Change]:
    name = namespace.name
    changes = [
        Change("set_sysctl", name, "", (key, value))
        for key, value in sorted(namespace.sysctls.items())
        if state.sysctls.get(key) != value
    ]
    up = namespace.always_up or namespace.node in live
    loopback = state.links.get("lo")
    for address in namespace.loopbacks:
        if loopback is None or address not in loopback.addresses:
            changes.append(Change("add_address", name, "lo", (address,)))
    if up and (loopback is None or not loopback.up):
        changes.append(Change("set_up", name, "lo"))
    for device in sorted(namespace.devices.values(), key=lambda d: d.kind):
        there = state.links.get(device.name) or LinkState(name=device.name, kind="", up=False)
        if device.mac and there.mac != device.mac:
            changes.append(Change("set_mac", name, device.name, (device.mac,)))
        if device.master and there.master != device.master:
            changes.append(Change("set_master", name, device.name, (device.master,)))
        for address in device.addresses:
            if address not in there.addresses:
                changes.append(Change("add_address", name, device.name, (address,)))
        if device.rate_mbit and there.rate_mbit != device.rate_mbit and device.line not in filled:
            changes.append(Change("shape", name, device.name, (f"{device.rate_mbit:g}",)))
        if up and not there.up and device.line not in cut:
            changes.append(Change("set_up", name, device.name))
    if up and namespace.gateway and state.gateway != namespace.gateway:
        changes.append(Change("set_gateway", name, "", (namespace.gateway,)))
    return changes


def switch_on_batch(namespace: Namespace) -> tuple[list[str], dict[str, str], list[str]]:
    """What ``ip -batch`` is told when a node is switched on, as a start from nothing.

    Addresses that were added by hand are gone after a power cycle, as on a real machine.

    :returns: lines before, ends of lines (link name by line; up unless cut), lines after.
    """
    before = ["link set dev lo up", "address flush dev lo scope global"]
    before += [f"address add {address} dev lo" for address in namespace.loopbacks]
    for device in namespace.devices.values():
        if device.addresses:
            before.append(f"address flush dev {device.name}")
            before += [f"address add {address} dev {device.name}" for address in device.addresses]
        if not device.line:
            before.append(f"link set dev {device.name} up")
    ends = {device.line: device.name for device in namespace.devices.values() if device.line}
    after = [f"route replace default via {namespace.gateway}"] if namespace.gateway else []
    return before, ends, after


def switch_off_batch(namespace: Namespace) -> list[str]:
    """What ``ip -batch`` is told when a node is off: it answers nobody, and its cables are dark."""
    return ["route flush table main", *(f"link set dev {name} down" for name in namespace.devices)]
