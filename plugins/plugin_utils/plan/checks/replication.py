# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the lines between the centres carry the changes fast enough for the stated RPO.

While changes come at R Mbit/s and the line takes C < R, the standby falls behind. After a
stretch of T seconds it holds what the primary had at the moment t with R t = C T, so its data
are T (1 - C/R) seconds old: that is the RPO within reach. For an RPO of P the line must take
R (1 - P/T). Without an end to the stretch nothing but C >= R will do.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.estate import Estate
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.findings import Finding, Path
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.service import Service

#: For a rate of change without an end the age of the data is told after an hour of it.
HOUR_S = 3600


def lag_s(rate_mbit: float, line_mbit: float, lasts_s: float) -> float:
    """Age of the standby's data after a stretch of changes, in seconds.

    >>> lag_s(600, 500, 3600)
    600.0
    """
    return 0.0 if rate_mbit <= line_mbit else lasts_s * (rate_mbit - line_mbit) / rate_mbit


def needed_mbit(rate_mbit: float, rpo_s: float, lasts_s: float) -> float:
    """What the line must take for an RPO, in Mbit/s.

    >>> needed_mbit(600, 60, 3600)
    590.0
    """
    return rate_mbit * max(0.0, 1 - rpo_s / lasts_s)


def rpo(estate: Estate) -> Iterator[Finding]:
    """Each service's RPO is within reach of the line that remains when the better one is cut."""
    directions: dict[tuple[str, str], list[tuple[str, Service]]] = {}
    for name, service in estate.plan.services.items():
        for centre in service.centres:
            if centre != service.primary and {centre, service.primary} <= set(estate.plan.centres):
                directions.setdefault((service.primary, centre), []).append((name, service))
    for (primary, standby), services in directions.items():
        line_mbit, over = _capacity(estate, primary, standby)
        factor = estate.plan.limits.replication_overhead
        steady = factor * sum(service.change_rate_mbit for _name, service in services)
        peak = factor * sum(
            service.change_peak.rate_mbit if service.change_peak else service.change_rate_mbit
            for _name, service in services
        )
        lasts = max(
            (service.change_peak.lasts_s for _name, service in services if service.change_peak), default=0
        )
        for name, service in services:
            yield from _judge(name, service, (steady, peak, lasts), line_mbit, over, standby)


def leases(estate: Estate) -> Iterator[Finding]:
    """A service that can be failed over says how its primary lets go when it is cut off.

    Without a lease a centre that answers nobody may go on serving its own people. Then only its BMC, or a
    person, can tell that it does not, and a failover asks for that.
    """
    for name, service in estate.plan.services.items():
        databases = [tiers for tiers in service.centres.values() if tiers.database]
        if service.database and len(databases) > 1 and service.lease is None:
            yield Finding(
                "no-lease",
                ("services", name),
                "it has no lease: a primary that is cut off goes on serving its own centre, and a failover"
                " needs its BMC or a person to say that it does not",
                "a lease that a server outside of its centres renews as well",
                "add lease: {witnesses: [...]} with a city's server, or know it",
                severity="warning",
            )


def _judge(
    name: str, service: Service, change: tuple[float, float, int], line_mbit: float, over: str, standby: str
) -> Iterator[Finding]:
    steady, peak, lasts = change
    path: Path = ("services", name, "rpo_s")
    reach = lag_s(peak, line_mbit, lasts)
    allowed = f"a line that keeps an RPO of {service.rpo_s:g} s"
    if not line_mbit:
        yield Finding(
            "rpo",
            path,
            f"no path leads from centre {service.primary} to {standby}: nothing can be replicated",
            "a line between the centres",
            "add one",
        )
    elif steady > line_mbit:
        yield Finding(
            "rpo",
            path,
            f"changes of {steady:.1f} Mbit/s (all services, with overhead) never end and {over} takes "
            f"{line_mbit:g}: no RPO is within reach; after an hour the data are "
            f"{lag_s(steady, line_mbit, HOUR_S):.0f} s old",
            allowed,
            f"raise the line to {steady:.1f} Mbit/s or more",
        )
    elif service.replication == "async" and service.rpo_s == 0:
        yield Finding(
            "rpo",
            path,
            f"{name} may lose nothing, and asynchronous replication confirms a write before {standby} has it",
            "for an RPO of 0 s replication: sync",
            "state replication: sync, or an RPO above 0 s",
        )
    elif service.replication == "sync" and peak > line_mbit:
        yield Finding(
            "rpo",
            path,
            f"in the peak {peak:.1f} Mbit/s have to be confirmed and {over} takes {line_mbit:g}: "
            "commits would queue",
            "for synchronous replication a line that takes the peak",
            f"raise the line to {peak:.1f} Mbit/s or more",
        )
    elif lasts and reach > service.rpo_s:
        yield Finding(
            "rpo",
            path,
            f"in a peak of {peak:.1f} Mbit/s for {lasts} s (all services, with overhead) over {line_mbit:g} "
            f"Mbit/s of {over} an RPO of {reach:.0f} s is in reach, not the {service.rpo_s:g} s stated",
            allowed,
            f"raise the line to {needed_mbit(peak, service.rpo_s, lasts):.1f} Mbit/s or more, or state "
            f"an RPO of {reach:.0f} s",
        )


def _capacity(estate: Estate, primary: str, standby: str) -> tuple[float, str]:
    """Mbit/s between two centres once the better of their lines is cut, and what gives them."""
    direct: list[tuple[int, str]] = []
    for line in estate.lines.values():
        places = {estate.hosts[name].centre for name in line.hosts() if name in estate.hosts}
        if places == {primary, standby}:
            direct.append((line.rate_mbit, line.name))
    if direct:
        # Lines with different costs do not share the load: what counts is the weakest alone.
        rate, name = min(direct)
        return rate, f"the line {name}" + (" (alone, when another is cut)" if len(direct) > 1 else "")
    return _widest(estate, primary, standby)


def _widest(estate: Estate, primary: str, standby: str) -> tuple[float, str]:
    """The widest way over other places, when no line joins the centres directly."""
    edges: dict[str, list[tuple[str, int]]] = {}
    for line in estate.lines.values():
        ends = line.hosts()
        if len(ends) == 2:
            edges.setdefault(ends[0], []).append((ends[1], line.rate_mbit))
            edges.setdefault(ends[1], []).append((ends[0], line.rate_mbit))
    rest: list[tuple[float, str]] = [
        (-float("inf"), host.name)
        for host in estate.hosts.values()
        if host.forwards and host.centre == primary
    ]
    heapq.heapify(rest)
    done: set[str] = set()
    while rest:
        width, name = heapq.heappop(rest)
        if name in done or name not in estate.hosts:
            continue
        done.add(name)
        if estate.hosts[name].centre == standby:
            return -width, "the widest way over the carrier"
        for other, rate in edges.get(name, ()):
            heapq.heappush(rest, (max(width, -float(rate)), other))
    return 0.0, "nothing"
