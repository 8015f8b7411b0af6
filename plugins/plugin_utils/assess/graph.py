# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who depends on whom, and what therefore has to move together.

An edge leads from who depends to what he depends on. A way that is asked for every page (a database, a cache,
a file server) is *tight*: with a line in between the application crawls, so both ends move together. So do
those that depend on each other in a circle. Everything else only says an order.
"""

from __future__ import annotations

import ipaddress
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.document import known

Document = Mapping[str, Any]
#: How a way is known: it was open while we looked, or an address is written in a file.
CONNECTED, WRITTEN = "connected", "written"
TIGHT_PORTS = frozenset({1433, 1521, 2049, 3306, 5432, 6379, 11211, 27017, 50000})
TIGHT_PROCESSES = re.compile(
    r"^(postgres|postmaster|mariadbd|mysqld|redis-server|memcached|mongod|oracle|nfsd)"
)
#: Where an address in a file says nothing of a way that is used.
_NO_WAY = re.compile(r"^/etc/(hosts$|network/|netplan/|resolv\.conf$|hosts\.(allow|deny)$|iptables|nftables)")


@dataclass(frozen=True, order=True)
class Edge:
    """``source`` depends on ``target``; port 0 when only an address is known."""

    source: str
    target: str
    port: int
    how: str = CONNECTED
    tight: bool = False
    #: The file an address stands in, or the process that was connected.
    by: str = ""


@dataclass(frozen=True, order=True)
class Outside:
    """A way to or from somebody who was not assessed: clients are added up by their network."""

    system: str
    direction: str
    peer: str
    port: int
    count: int


def newest(documents: Iterable[Document]) -> dict[str, Document]:
    """One document a server: the newest, with the connections of all, since each looked at another hour."""
    found: dict[str, Document] = {}
    seen: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = defaultdict(dict)
    for document in sorted(documents, key=lambda one: one["taken_at"]):
        name = document["name"]
        found[name] = document
        for one in known(document, "sockets", {}).get("connections", ()):
            key = (one["direction"], one["local"], one["peer"], one["port"], one["process"])
            seen[name].setdefault(key, one)
    for name, document in found.items():
        sockets = known(document, "sockets", None)
        if sockets is not None:
            found[name] = {**document, "sockets": {**sockets, "connections": list(seen[name].values())}}
    return found


def homes(systems: Mapping[str, Document]) -> dict[str, str]:
    """Whose each address is; one that several have (of containers' bridges) is nobody's."""
    owners: dict[str, set[str]] = defaultdict(set)
    for name, document in systems.items():
        for address in known(document, "network", {}).get("addresses", ()):
            if not ipaddress.ip_address(address).is_link_local:
                owners[address].add(name)
    return {address: next(iter(names)) for address, names in owners.items() if len(names) == 1}


def edges(systems: Mapping[str, Document]) -> list[Edge]:
    """Every way between two of the systems, once."""
    home = homes(systems)
    found: dict[tuple[str, str, int], Edge] = {}
    for name, document in systems.items():
        for edge in (
            *_connected(name, document, home),
            *_mounted(name, document, home),
            *_replicas(name, document, home),
        ):
            if edge.source != edge.target:
                tight = edge.tight or _tight(systems[edge.target], edge.port)
                found.setdefault(
                    (edge.source, edge.target, edge.port),
                    Edge(edge.source, edge.target, edge.port, CONNECTED, tight, edge.by),
                )
    open_ways = {(source, target) for source, target, _port in found}
    for name, document in systems.items():
        for one in known(document, "references", ()):
            other = home.get(one["address"])
            if other and other != name and (name, other) not in open_ways and not _NO_WAY.match(one["file"]):
                found.setdefault((name, other, 0), Edge(name, other, 0, WRITTEN, False, one["file"]))
    return sorted(found.values())


def _connected(name: str, document: Document, home: Mapping[str, str]) -> Iterator[Edge]:
    for one in known(document, "sockets", {}).get("connections", ()):
        other = home.get(one["peer"])
        if other and one["direction"] == "out":
            yield Edge(name, other, one["port"], by=one["process"])
        elif other:
            yield Edge(other, name, one["port"])


def _mounted(name: str, document: Document, home: Mapping[str, str]) -> Iterator[Edge]:
    for one in known(document, "mounts", {}).get("mounts", ()):
        match = (
            re.match(r"^(?://)?([\d.]+)[:/]", one["device"])
            if one["type"] in ("nfs", "nfs4", "cifs")
            else None
        )
        if match and match[1] in home:
            yield Edge(
                name, home[match[1]], 445 if one["type"] == "cifs" else 2049, tight=True, by=one["path"]
            )


def _replicas(name: str, document: Document, home: Mapping[str, str]) -> Iterator[Edge]:
    for cluster in known(document, "postgresql", ()):
        for one in cluster["standbys"]:
            if one.get("client_addr") in home:
                yield Edge(
                    home[one["client_addr"]], name, int(cluster["settings"].get("port", 5432)), tight=True
                )
    for server in known(document, "mariadb", ()):
        primary = home.get(server["replica"].get("Master_Host", ""))
        if primary:
            yield Edge(name, primary, 3306, tight=True)


def _tight(target: Document, port: int) -> bool:
    listening = known(target, "sockets", {}).get("listening", ())
    programs = {one["process"] for one in listening if one["port"] == port and one["protocol"] == "tcp"}
    return port in TIGHT_PORTS or any(TIGHT_PROCESSES.match(one) for one in programs)


def outside(systems: Mapping[str, Document]) -> list[Outside]:
    """Ways to and from everybody else."""
    home = homes(systems)
    own = {address for one in systems.values() for address in known(one, "network", {}).get("addresses", ())}
    found: dict[tuple[str, str, str, int], set[str]] = defaultdict(set)
    for name, document in systems.items():
        for one in known(document, "sockets", {}).get("connections", ()):
            peer = ipaddress.ip_address(one["peer"])
            if one["peer"] in home or one["peer"] in own or peer.is_loopback or peer.is_link_local:
                continue
            label = str(peer)
            if one["direction"] == "in":
                label = str(ipaddress.ip_network(f"{peer}/{24 if peer.version == 4 else 64}", strict=False))
            found[name, one["direction"], label, one["port"]].add(one["peer"])
    return sorted(Outside(*key, len(peers)) for key, peers in found.items())


def groups(names: Iterable[str], ways: Iterable[Edge]) -> list[list[str]]:
    """What has to move together: tied by tight ways, or depending on each other in a circle.

    In an order in which what others depend on comes first.
    """
    after: dict[str, set[str]] = {name: set() for name in sorted(names)}
    for edge in ways:
        if edge.how == CONNECTED:
            after[edge.source].add(edge.target)
            if edge.tight:
                after[edge.target].add(edge.source)
    return [sorted(group) for group in _strong(after)]


def _strong(after: Mapping[str, set[str]]) -> list[list[str]]:
    """Strongly connected parts (Tarjan's), without recursion: an estate may be one long chain."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []
    for root in after:
        if root in index:
            continue
        work = [(root, iter(sorted(after[root])))]
        index[root] = low[root] = len(index)
        stack.append(root)
        while work:
            name, rest = work[-1]
            following = next(rest, None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    part = stack[stack.index(name) :]
                    del stack[stack.index(name) :]
                    found.append(part)
            elif following not in index:
                index[following] = low[following] = len(index)
                stack.append(following)
                work.append((following, iter(sorted(after[following]))))
            elif following in stack:
                low[name] = min(low[name], index[following])
    return found


def levels(parts: Sequence[Sequence[str]], ways: Iterable[Edge]) -> list[int]:
    """For each group how many have to go before it: what it depends on is in the new centre first."""
    part_of = {name: number for number, part in enumerate(parts) for name in part}
    needs: dict[int, set[int]] = defaultdict(set)
    for edge in ways:
        if edge.how == CONNECTED and part_of[edge.source] != part_of[edge.target]:
            needs[part_of[edge.source]].add(part_of[edge.target])
    found: list[int] = []
    # Groups come in the order of Tarjan: what a group needs stands before it.
    for number in range(len(parts)):
        found.append(1 + max((found[other] for other in needs[number]), default=-1))
    return found
