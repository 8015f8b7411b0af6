# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids that must be unique and never return, and the addresses that follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan import addressing
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.estate import Estate, ip_text
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.findings import (
    Finding,
    Path,
    show_path,
)


def unique(estate: Estate) -> Iterator[Finding]:
    """Numbers of centres, carriers, services and lines, and centres' codes, stand once each."""
    plan = estate.plan
    yield from _once("centre number", ((c.number, ("centres", n, "number")) for n, c in plan.centres.items()))
    yield from _once("centre code", ((c.code, ("centres", n, "code")) for n, c in plan.centres.items()))
    yield from _once(
        "carrier number", ((c.number, ("carriers", n, "number")) for n, c in plan.carriers.items())
    )
    yield from _once(
        "service number", ((s.number, ("services", n, "number")) for n, s in plan.services.items())
    )
    yield from _once("line number", ((line.number, ("lines", n, "number")) for n, line in plan.lines.items()))
    yield from _once("site code", ((site.code, (*site.path, "code")) for site in estate.sites.values()))
    for name, centre in plan.centres.items():
        numbers = (
            (net.number, ("centres", name, "networks", n, "number"))
            for n, net in centre.networks.items()
            if net.prefix is None
        )
        yield from _once(f"network number of centre {name}", numbers)


def macs(estate: Estate) -> Iterator[Finding]:
    """A MAC address is that of one server: another one's would be installed in its place."""
    seen: dict[str, str] = {}
    for host in estate.hosts.values():
        if host.mac is None:
            continue
        first = seen.setdefault(host.mac, host.name)
        if first != host.name:
            yield Finding(
                "duplicate-mac",
                (*host.path, "mac"),
                f"{host.name} has the MAC address {host.mac}, which is that of {first}",
                "a MAC address once: a server is installed by it",
                "read it from the server's label, or from its BMC",
            )


def _once(what: str, stated: Iterable[tuple[object, Path]]) -> Iterator[Finding]:
    seen: dict[object, Path] = {}
    for value, path in stated:
        first = seen.setdefault(value, path)
        if first != path:
            yield Finding(
                "duplicate-id",
                path,
                f"the {what} {value} is taken already by {show_path(first[:-1])}",
                f"each {what} once: addresses follow from it",
                "give it a number that was never used",
            )


def site_codes(estate: Estate) -> Iterator[Finding]:
    """Codes belong to the region, a county's to its city."""
    region = estate.plan.addressing.region
    for site in estate.sites.values():
        path: Path = (*site.path, "code")
        city_code = estate.plan.cities[site.city].code
        if not site.code.startswith(region):
            allowed = f"a code that begins with {region} (addressing.region)"
        elif site.county is None and (not site.code.endswith("00") or site.code[2:4] == "00"):
            allowed = f"a city's code: {region}NN00 with NN from 01 to 99"
        elif site.county is not None and (site.code[:4] != city_code[:4] or site.code.endswith("00")):
            allowed = f"a code of {site.city}: {city_code[:4]}01 to {city_code[:4]}99"
        else:
            continue
        yield Finding(
            "site-code",
            path,
            f"the code {site.code} of {site.slug}",
            allowed,
            "look the code up in GB/T 2260",
        )


def in_networks(estate: Estate) -> Iterator[Finding]:
    """Every address once, and inside its network."""
    taken: dict[tuple[str, int], tuple[str, Path]] = {}
    for gateway, network in estate.gateways():
        taken[network.key, network.gateway_number] = (f"the gateway {gateway}", network.path)
        if network.gateway_number > network.last_number:
            yield _outside(
                f"the gateway {gateway}",
                network.gateway_number,
                network.prefix,
                network.last_number,
                network.path,
            )
    for host in estate.hosts.values():
        claims = [(host.network, host.number, host.name)] if host.network else []
        if host.bmc is not None:
            claims.append((host.bmc[0], host.bmc[1], f"the BMC of {host.name}"))
        for key, number, who in claims:
            network = estate.networks[key]
            if number > network.last_number:
                yield _outside(who, number, network.prefix, network.last_number, host.path)
            first = taken.setdefault((key, number), (who, host.path))
            if first != (who, host.path):
                yield Finding(
                    "duplicate-address",
                    host.path,
                    f"{who} has the address {network.address(number)} (number {number} in {key}), "
                    f"which is that of {first[0]}",
                    "a number of its own in its network",
                    f"give it a number that {key} has never used",
                )
    yield from _loopbacks(estate)


def _loopbacks(estate: Estate) -> Iterator[Finding]:
    seen: dict[int, str] = {}
    for host in estate.hosts.values():
        if host.loopback is None or host.site is not None:  # a site's follows from its code
            continue
        if host.centre is not None and host.number > 254:
            yield _outside(
                f"the loopback of {host.name}", host.number, f"the loopbacks of {host.centre}", 254, host.path
            )
            continue
        first = seen.setdefault(host.loopback, host.name)
        if first != host.name:
            yield Finding(
                "duplicate-address",
                host.path,
                f"{host.name} has the loopback {estate.loopback(host)} (number {host.number}), "
                f"which is that of {first}",
                "a number of its own among the routers and firewalls of its place",
                "give it a number that was never used there",
            )


def _outside(who: str, number: int, of: str, last: int, path: Path) -> Finding:
    return Finding(
        "number-outside",
        path,
        f"{who} has the number {number}, which {of} does not hold",
        f"1 to {last}",
        "give it a number inside, or widen the network",
    )


def overlaps(estate: Estate) -> Iterator[Finding]:
    """No two prefixes share an address."""
    pools: list[tuple[int, int, str, Path]] = [
        (network.base, network.length, f"network {network.key}", network.path)
        for network in estate.networks.values()
        if network.base
    ]
    for name, base in (
        ("lines", estate.lines_base),
        ("loopbacks", estate.loopbacks_base),
        ("services", estate.services_base),
    ):
        if base:  # 0 is what could not be read, which was said already
            length = addressing.prefix_length(getattr(estate.plan.addressing, name))
            pools.append((base, length, f"the pool of {name}", ("addressing", name)))
    if not pools:
        return
    pools.sort(key=lambda pool: (pool[0], pool[1]))
    reach, holder = -1, pools[0]
    for pool in pools:
        if pool[0] <= reach and not pool[3][0] == holder[3][0] == "cities":  # that is one code given twice
            # Told at the network, since pools are seldom what one has just changed.
            one, other = (holder, pool) if pool[3][0] == "addressing" else (pool, holder)
            yield Finding(
                "overlap",
                one[3],
                f"the prefix {ip_text(one[0])}/{one[1]} of {one[2]} overlaps "
                f"{ip_text(other[0])}/{other[1]} of {other[2]}",
                "prefixes that share no address",
                "give it another number or a longer prefix",
            )
        last = pool[0] + (1 << (32 - pool[1])) - 1
        if last > reach:
            reach, holder = last, pool


def retired(estate: Estate) -> Iterator[Finding]:
    """What was in use once is never given again."""
    plan, gone = estate.plan, estate.plan.retired
    lists: list[tuple[str, list[int], Iterable[tuple[int, Path]]]] = [
        (
            "centre number",
            gone.centres,
            ((c.number, ("centres", n, "number")) for n, c in plan.centres.items()),
        ),
        (
            "carrier number",
            gone.carriers,
            ((c.number, ("carriers", n, "number")) for n, c in plan.carriers.items()),
        ),
        (
            "service number",
            gone.services,
            ((s.number, ("services", n, "number")) for n, s in plan.services.items()),
        ),
        (
            "line number",
            gone.lines,
            ((line.number, ("lines", n, "number")) for n, line in plan.lines.items()),
        ),
    ]
    for what, numbers, stated in lists:
        for number, path in stated:
            if number in numbers:
                yield _returned(what, number, path)
    for site in estate.sites.values():
        if site.code in gone.sites:
            yield _returned("site code", site.code, (*site.path, "code"))
    if not gone.hosts:
        return
    pools = {key: addressing.number_ranges(text) for key, text in gone.hosts.items()}
    for host in estate.hosts.values():
        claims = [(host.network, host.number), *([host.bmc] if host.bmc else [])]
        if host.loopback is not None and host.centre is not None:
            claims.append((f"{plan.centres[host.centre].code}-loopbacks", host.number))
        for key, number in claims:
            if key is not None and any(number in numbers for numbers in pools.get(key, ())):
                yield _returned(f"{key} number", number, host.path)


def _returned(what: str, value: object, path: Path) -> Finding:
    return Finding(
        "retired-id",
        path,
        f"the {what} {value} is retired",
        "ids that were never used: an old device, log or backup may still bear this one's address",
        "take a fresh one",
    )
