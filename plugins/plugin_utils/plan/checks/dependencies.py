# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What depends on what: tiers without servers, circles, and help that stands inside what fails."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.estate import Estate
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.findings import Finding, Path


def tiers(estate: Estate) -> Iterator[Finding]:
    """Every centre of a service has a server for every tier, and there is a second centre."""
    for name, service in estate.plan.services.items():
        path: Path = ("services", name, "centres")
        if len(service.centres) < 2:
            yield Finding(
                "no-second-centre",
                path,
                f"{name} stands in {', '.join(service.centres)} alone: nothing takes over",
                "two centres",
                "add the hosts that carry it in the other centre",
            )
        wanted = ["application", "announcer"] + (["database"] if service.database is not None else [])
        for centre, stated in service.centres.items():
            for tier in sorted(wanted):
                if getattr(stated, tier) is None:
                    where = "" if centre == service.primary else "DR "
                    yield Finding(
                        "tier-without-server",
                        (*path, centre),
                        f"the {tier} tier of {name} has no server in the {where}centre {centre}",
                        f"a host of {centre} for each of: {', '.join(sorted(wanted))}",
                        f"state {tier}: <host>",
                    )


def _needs(estate: Estate) -> dict[str, list[str]]:
    """What each service and each piece of infrastructure needs to work."""
    plan = estate.plan
    needs = {name: list(service.depends_on) for name, service in plan.services.items()}
    for name, item in plan.infrastructure.items():
        needs.setdefault(name, []).extend(item.needs)
    return needs


def circles(estate: Estate) -> Iterator[Finding]:
    """Nothing needs itself in the end, also not by way of the control node that recovers it."""
    needs = _needs(estate)
    for circle in _circles(needs):
        section = "services" if circle[0] in estate.plan.services else "infrastructure"
        key = "depends_on" if section == "services" else "needs"
        yield Finding(
            "circle",
            (section, circle[0], key),
            f"needs itself in the end: {' -> '.join((*circle, circle[0]))}",
            "dependencies that come to an end",
            "remove one of these needs",
        )
    for host in estate.hosts.values():
        if host.kind != "control_node":
            continue
        for service, way in _services_reached(estate, host.needs, needs):
            yield Finding(
                "circle",
                (*host.path, "needs"),
                f"the control node {host.name}, from which {service} is recovered, needs {' -> '.join(way)}",
                "control nodes that need no service which they recover",
                "let it need infrastructure that runs without this service",
            )


def _circles(needs: dict[str, list[str]]) -> Iterator[tuple[str, ...]]:
    done: set[str] = set()
    for start, first in needs.items():
        stack: list[tuple[str, Iterator[str]]] = [(start, iter(first))] if start not in done else []
        while stack:
            name, rest = stack[-1]
            for needed in rest:
                way = [part[0] for part in stack]
                if needed in way:
                    yield tuple(way[way.index(needed) :])
                elif needed in needs and needed not in done:
                    stack.append((needed, iter(needs[needed])))
                    break
            else:
                done.add(name)
                stack.pop()


def _services_reached(
    estate: Estate, start: list[str], needs: dict[str, list[str]]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    seen: set[str] = set()
    rest: list[tuple[str, ...]] = [(name,) for name in start]
    while rest:
        way = rest.pop()
        if way[-1] in seen:
            continue
        seen.add(way[-1])
        if way[-1] in estate.plan.services:
            yield way[-1], way
        rest += [(*way, needed) for needed in needs.get(way[-1], ())]


def _all_needed(start: list[str], needs: dict[str, list[str]]) -> list[str]:
    found: dict[str, None] = {}
    rest = list(start)
    while rest:
        name = rest.pop()
        if name not in found:
            found[name] = None
            rest += needs.get(name, ())
    return list(found)


def inside_what_fails(estate: Estate) -> Iterator[Finding]:
    """When a centre fails, what is needed to recover from it does not stand inside it alone."""
    plan = estate.plan
    if len(plan.centres) < 2 or not plan.services:
        return
    needs = _needs(estate)
    controls = [host for host in estate.hosts.values() if host.kind == "control_node"]
    for centre in plan.centres:
        moved = [name for name, service in plan.services.items() if centre in service.centres]
        if not moved:
            continue
        outside = [host for host in controls if host.centre != centre]
        if not outside:
            yield Finding(
                "inside-what-fails",
                controls[0].path if controls else ("centres", centre),
                f"no control node stands outside centre {centre}: "
                f"when it fails nothing recovers {', '.join(moved)}",
                "a control node in each centre",
                "add a control node to the other centre",
            )
        needed_by: dict[str, str] = {}
        for name in moved:
            for item in _all_needed(plan.services[name].depends_on, needs):
                needed_by.setdefault(item, f"the service {name}")
        for host in outside:
            for item in _all_needed(host.needs, needs):
                needed_by.setdefault(item, f"the control node {host.name}")
        for item, by in needed_by.items():
            stated = plan.infrastructure.get(item)
            if stated is None:
                continue
            places = {estate.hosts[name].centre for name in stated.runs_on if name in estate.hosts}
            if not places - {centre}:
                yield Finding(
                    "inside-what-fails",
                    ("infrastructure", item, "runs_on"),
                    f"{item} runs in {centre} alone; when {centre} fails, {by} cannot do without it"
                    if places
                    else f"{item} runs nowhere, and {by} needs it",
                    "a host in another centre too",
                    f"run {item} in the other centre as well",
                )
