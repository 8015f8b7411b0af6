# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Systems that move in: from where, to where, in an order that can be kept."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.checks.references import unknown
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.estate import SERVERS, Estate
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.findings import Finding, Path
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.migration import (
    MovedApplication,
    MovedDatabase,
    MovedSystem,
)


def _systems(estate: Estate) -> Iterator[tuple[str, MovedSystem, Path]]:
    stated = estate.plan.migration
    for name, system in (stated.systems if stated is not None else {}).items():
        yield name, system, ("migration", "systems", name)


def _parts(
    estate: Estate,
) -> Iterator[tuple[str, MovedApplication | MovedDatabase, Path]]:
    for name, system, path in _systems(estate):
        if system.application is not None:
            yield name, system.application, (*path, "application")
        if system.database is not None:
            yield name, system.database, (*path, "database")


def ends(estate: Estate) -> Iterator[Finding]:
    """Each part leaves a legacy server for a server of the estate."""
    for name, system, path in _systems(estate):
        if system.application is None and system.database is None:
            yield Finding(
                "nothing-moves",
                path,
                f"nothing of {name} moves",
                "an application, a database, or both",
                "state what moves",
            )
    for _name, part, path in _parts(estate):
        for key, kinds in (("source", ("legacy_server",)), ("target", SERVERS)):
            stated = getattr(part, key)
            host = estate.hosts.get(stated)
            if host is None:
                known = {one.name for one in estate.hosts.values() if one.kind in kinds}
                yield unknown("server", stated, known, (*path, key))
            elif host.kind not in (*kinds, ""):
                yield Finding(
                    "moves-between",
                    (*path, key),
                    f"{stated} is a {host.kind}",
                    f"as {key} one of {', '.join(kinds)}",
                    "name another host",
                )


def addresses(estate: Estate) -> Iterator[Finding]:
    """Each address is one system's, and somebody of the estate leads to it."""
    taken = {service.number: name for name, service in estate.plan.services.items()}
    for name, system, path in _systems(estate):
        reached = system.application.address if system.application is not None else None
        if reached is None:
            continue
        where: Path = (*path, "application", "address")
        if taken.setdefault(reached.number, name) != name:
            yield Finding(
                "same-address",
                (*where, "number"),
                f"the address of number {reached.number} is the one of {taken[reached.number]}",
                "a number of its own",
                "give another number",
            )
        host = estate.hosts.get(reached.announcer)
        known = {one.name for one in estate.hosts.values() if one.forwards and one.carrier is None}
        if host is None or host.name not in known:
            yield unknown("router or firewall", reached.announcer, known, (*where, "announcer"))


def order(estate: Estate) -> Iterator[Finding]:
    """What a system needs moves before it, or with it."""
    systems = {name: system for name, system, _path in _systems(estate)}
    for name, system, path in _systems(estate):
        for position, needed in enumerate(system.needs):
            if needed not in systems:
                yield unknown("moving system", needed, set(systems), (*path, "needs", position))
            elif systems[needed].wave > system.wave:
                yield Finding(
                    "needs-a-later-wave",
                    (*path, "needs", position),
                    f"{name} moves in wave {system.wave}, and needs {needed} of wave {systems[needed].wave}",
                    "what it needs in the same wave or before",
                    "change the wave of one of them",
                )


def hours(estate: Estate) -> Iterator[Finding]:
    """Whoever copies a database while nobody writes says for how long that may be."""
    for name, system, path in _systems(estate):
        stated = system.database
        if stated is not None and stated.path == "offline" and "out_s" not in system.model_fields_set:
            yield Finding(
                "offline-without-hours",
                path,
                f"the database of {name} is copied while it is out, and its out_s is not stated",
                "the seconds for which it may be out",
                "state out_s, as its owner allows; the rehearsal tells whether they are enough",
            )


def places(estate: Estate) -> Iterator[Finding]:
    """No two systems arrive in the same place."""
    taken: dict[tuple[str, str], str] = {}
    for name, part, path in _parts(estate):
        if isinstance(part, MovedDatabase):
            arriving = [(f"the {part.engine} database {one}", one) for one in part.names]
        else:
            arriving = [(f"the directory {tree.target or tree.source}",) * 2 for tree in part.trees]
        for what, key in arriving:
            place = (part.target, f"{type(part).__name__} {key}")
            if taken.setdefault(place, name) != name:
                yield Finding(
                    "same-place",
                    path,
                    f"{what} on {part.target} is where {taken[place]} arrives as well",
                    "a place of its own for each",
                    "name another target",
                )


def dependants(estate: Estate) -> Iterator[Finding]:
    """Who is told, and whom he is told to ask, are servers; what he asks is where the system arrives."""
    for name, system, path in _systems(estate):
        arrives = {part.target for part in (system.application, system.database) if part is not None}
        for position, one in enumerate(system.dependants):
            where: Path = (*path, "dependants", position)
            known = {host.name for host in estate.hosts.values() if host.kind in (*SERVERS, "legacy_server")}
            if one.host not in known:
                yield unknown("server", one.host, known, (*where, "host"))
            if one.asks not in arrives:
                yield Finding(
                    "asks-where-nothing-arrives",
                    (*where, "asks"),
                    f"{one.host} is told to ask {one.asks}, where nothing of {name} arrives",
                    f"one of {', '.join(sorted(arrives))}",
                    "name the new server of what it asks",
                )


def accounts(estate: Estate) -> Iterator[Finding]:
    """Each new number is that of one account which moves."""
    taken: dict[tuple[str, str, int], str] = {}
    for name, part, path in _parts(estate):
        for position, one in enumerate(part.renumbered if isinstance(part, MovedApplication) else ()):
            where: Path = (*path, "renumbered", position)
            if isinstance(part, MovedApplication) and one.account not in part.users:
                yield Finding(
                    "renumbers-nobody",
                    (*where, "account"),
                    f"{one.account} is no account that moves with {name}",
                    f"one of its users: {', '.join(part.users) or 'none is stated'}",
                    "state it in users, or leave its numbers out",
                )
            for kind, number in (("user", one.new_uid), ("group", one.new_gid)):
                if taken.setdefault((part.target, kind, number), one.account) != one.account:
                    yield Finding(
                        "same-number",
                        where,
                        f"{kind} {number} on {part.target} is {taken[part.target, kind, number]} as well",
                        "a number of its own for each",
                        "give another number",
                    )
