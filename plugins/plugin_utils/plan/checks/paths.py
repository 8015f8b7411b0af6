# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths through the region: how much shares a line, and what is lost with a centre."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.estate import Estate, PlacedLine
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.findings import Finding
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.suggest import nearest


def oversubscription(estate: Estate) -> Iterator[Finding]:
    """The rates below a line are at most a stated multiple of its own."""
    at_device: dict[str, int] = {}
    at_carrier: dict[str, int] = {}
    for line in estate.lines.values():
        if line.below is None or line.ends[0] is None:
            continue
        upper = line.ends[0][0]
        at_device[upper] = at_device.get(upper, 0) + line.rate_mbit
        device = estate.hosts.get(upper)
        if device is not None and device.carrier is not None:
            at_carrier[device.carrier] = at_carrier.get(device.carrier, 0) + line.rate_mbit
    for line in estate.lines.values():
        below = _subscribed(estate, line, at_device, at_carrier)
        limit = line.oversubscription or estate.plan.limits.oversubscription
        if below > limit * line.rate_mbit:
            yield Finding(
                "oversubscription",
                line.path,
                f"lines of together {below} Mbit/s share the {line.rate_mbit} Mbit/s of {line.name}: "
                f"{below / line.rate_mbit:.1f} to 1",
                f"at most {limit:g} to 1",
                f"raise its rate to {_ceil(below / limit)} Mbit/s, or state a greater 'oversubscription'",
            )


def _ceil(value: float) -> int:
    return -int(-value // 1)


def _subscribed(
    estate: Estate, line: PlacedLine, at_device: dict[str, int], at_carrier: dict[str, int]
) -> int:
    """Mbit/s of the uplinks that reach the centres over this line."""
    if line.below is not None:
        end = line.ends[1]
        return at_device.get(end[0], 0) if end else 0
    devices = [estate.hosts.get(name) for name in line.hosts()]
    carriers = {device.carrier for device in devices if device is not None and device.carrier is not None}
    into_centre = any(device is not None and device.centre is not None for device in devices)
    return sum(at_carrier.get(carrier, 0) for carrier in carriers) if into_centre else 0


def redundancy(estate: Estate) -> Iterator[Finding]:
    """A line that has a redundancy group is not alone in it."""
    groups: dict[str, list[PlacedLine]] = {}
    for line in estate.lines.values():
        if line.redundancy_group is not None:
            groups.setdefault(line.redundancy_group, []).append(line)
    for group, lines in groups.items():
        if len(lines) == 1:
            meant = nearest(group, groups.keys() - {group})
            yield Finding(
                "redundancy-alone",
                lines[0].path,
                f"{lines[0].name} is alone in the redundancy group '{group}'{meant}",
                "two lines or more in a group: they stand in for each other",
                "correct the group's name, add the other line, or leave redundancy_group out",
            )


def neighbours(estate: Estate) -> dict[str, set[str]]:
    """Devices joined by lines with two known ends."""
    found: dict[str, set[str]] = {}
    for line in estate.lines.values():
        ends = line.hosts()
        if len(ends) == 2 and all(name in estate.hosts for name in ends):
            found.setdefault(ends[0], set()).add(ends[1])
            found.setdefault(ends[1], set()).add(ends[0])
    return found


def reached(
    estate: Estate, joined: dict[str, set[str]], from_centres: set[str], without: str | None
) -> set[str]:
    """Devices reached from those of some centres when another centre is gone altogether."""
    start = [host.name for host in estate.hosts.values() if host.forwards and host.centre in from_centres]
    found, rest = set(start), start
    while rest:
        for other in joined.get(rest.pop(), ()):
            if other not in found and (without is None or estate.hosts[other].centre != without):
                found.add(other)
                rest.append(other)
    return found


def lost_sites(estate: Estate) -> Iterator[Finding]:
    """Sites that no centre reaches, and sites that are lost with one centre."""
    if not estate.sites:
        return
    joined = neighbours(estate)
    centres = set(estate.plan.centres)
    whole = reached(estate, joined, centres, None)
    for site in estate.sites.values():
        if site.router not in whole:
            yield Finding(
                "no-path",
                site.path,
                f"no line leads from {site.slug} to any centre",
                "a path to a centre",
                "correct its uplink, or that of its city",
            )
    for centre in estate.plan.centres:
        if len(centres) < 2:
            return
        rest = reached(estate, joined, centres - {centre}, centre)
        for site in estate.sites.values():
            if site.router in whole and site.router not in rest:
                accepted = site.accepts_loss_with == centre
                yield Finding(
                    "lost-with-centre",
                    site.path,
                    f"{site.slug} is lost with centre {centre}: its only path leads through it",
                    "a path that does not, or accepts_loss_with where that is accepted",
                    f"add a line around {centre}"
                    + ("" if accepted else f", or state accepts_loss_with: {centre}"),
                    severity="warning" if accepted else "error",
                )
