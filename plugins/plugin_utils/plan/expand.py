# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laying the plan out flat, and what can go wrong while doing so: names, classes, ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan import addressing
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.estate import (
    NOWHERE,
    Estate,
    PlacedHost,
    PlacedLine,
    PlacedNetwork,
    PlacedSite,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.findings import (
    Finding,
    Path,
    show_path,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.centre import Centre
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.hosts import (
    FORWARDING,
    Bmc,
    Host,
    HostClass,
    HostStatement,
    Kind,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.plan import (
    Addressing,
    SitePlan,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.region import (
    City,
    County,
    End,
    SiteStatement,
    Uplink,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.suggest import nearest

#: Purpose of the network that a host stands in when neither it nor its class says.
_HOME = {"control_node": "management", "storage": "storage"}


def expand(plan: SitePlan) -> tuple[Estate, list[Finding]]:
    """The plan laid out flat, with what is wrong about its names and classes."""
    return _Expander(plan).run()


class _Expander:
    def __init__(self, plan: SitePlan) -> None:
        self.plan = plan
        self.estate = Estate(plan)
        self.findings: list[Finding] = []
        self.estate_base = self._pool("estate", 8)
        self.estate.lines_base = self._pool("lines", 16)
        self.estate.loopbacks_base = self._pool("loopbacks", 16)
        self.estate.services_base = self._pool("services", 24)

    def run(self) -> tuple[Estate, list[Finding]]:
        for name, centre in self.plan.centres.items():
            self._centre(name, centre)
        for slug, city in self.plan.cities.items():
            self._site(slug, city, ("cities", slug), slug, None, self.plan.site_defaults.city)
            for county_slug, county in city.counties.items():
                path: Path = ("cities", slug, "counties", county_slug)
                self._site(county_slug, county, path, slug, county_slug, self.plan.site_defaults.county)
        for name, carrier in self.plan.carriers.items():
            for node_name, node in carrier.nodes.items():
                self._add(
                    PlacedHost(
                        name=node_name,
                        path=("carriers", name, "nodes", node_name),
                        kind="router",
                        number=node.number,
                        place=name,
                        os=node.os,
                        roles=[],
                        class_=None,
                        carrier=name,
                        loopback=addressing.carrier_loopback(carrier.number, node.number),
                    )
                )
        self._lines()
        return self.estate, self.findings

    def _pool(self, name: str, length: int) -> int:
        stated = getattr(self.plan.addressing, name)
        base = addressing.prefix_base(stated)
        if base is None or addressing.prefix_length(stated) != length:
            self._find(
                "bad-prefix",
                ("addressing", name),
                f"'{stated}' is not a /{length} with its host bits zero",
                f"an IPv4 network of length {length}",
                f"state the network address itself, such as {Addressing.model_fields[name].default}",
            )
            return 0
        return base

    def _centre(self, name: str, centre: Centre) -> None:
        path: Path = ("centres", name)
        home: dict[str, str] = {}
        for local, network in centre.networks.items():
            key = f"{centre.code}-{local}"
            base: int | None = addressing.centre_network(self.estate_base, centre.number, network.number)
            length = network.prefix_length
            if network.prefix is not None:
                base, length = (
                    addressing.prefix_base(network.prefix),
                    addressing.prefix_length(network.prefix),
                )
            if base is None or base & ((1 << (32 - length)) - 1):
                self._find(
                    "bad-prefix",
                    (*path, "networks", local),
                    f"network {network.prefix or network.number} of length {length} has host bits that are "
                    "not zero",
                    "the network's own address, such as 10.20.30.0/24"
                    if network.prefix is not None
                    else f"a number that is a multiple of {1 << max(0, 24 - length)}",
                    "choose another number or a longer prefix",
                )
                # Put where nothing else is, so that what stands in it is not told as a mistake of its own.
                base, length = NOWHERE
            if key in self.estate.networks:
                self._twice("network", key, (*path, "networks", local), self.estate.networks[key].path)
                continue
            placed = PlacedNetwork(
                key=key,
                path=(*path, "networks", local),
                local=local,
                base=base,
                length=length,
                purpose=network.purpose,
                gateway=network.gateway,
                gateway_number=network.gateway_number,
                centre=name,
            )
            self.estate.networks[key] = placed
            home.setdefault(network.purpose, key)
        for host_name, host in centre.hosts.items():
            placed_host = self._host(host_name, host, host.number, (*path, "hosts", host_name), centre.code)
            self._stand(placed_host, name, centre, host, home)
            self._add(placed_host)
        for position, series in enumerate(centre.series):
            where: Path = (*path, "series", position)
            for number in self._numbers(series.numbers, (*where, "numbers")):
                host_name = series.name.format(number=number)
                placed_host = self._host(host_name, series, number, where, centre.code)
                self._stand(placed_host, name, centre, series, home)
                self._add(placed_host)

    def _numbers(self, text: str, path: Path) -> Iterator[int]:
        """The numbers of a series, unless they cannot be: a range of a milliard is a slip, not a plan."""
        for numbers in addressing.number_ranges(text):
            if numbers and numbers[0] > 0 and numbers[-1] <= addressing.MOST_HOSTS:
                yield from numbers
            else:
                self._find(
                    "bad-numbers",
                    path,
                    f"'{text}' holds a range that runs backwards or leaves 1 to {addressing.MOST_HOSTS}",
                    "numbers and rising ranges, such as 101-104,107",
                    "correct the range",
                )

    def _stand(
        self, placed: PlacedHost, name: str, centre: Centre, stated: HostStatement, home: dict[str, str]
    ) -> None:
        """Put a host of a centre into its network, and its BMC into its own."""
        placed.centre = name
        wanted_bmc: bool | Bmc | None = stated.bmc if isinstance(stated, Host) else None
        if wanted_bmc is None and placed.class_ is not None:
            wanted_bmc = placed.class_.bmc
        if wanted_bmc is None:
            wanted_bmc = placed.kind == "physical_server"
        if wanted_bmc:
            placed.has_bmc = True
            at = wanted_bmc if isinstance(wanted_bmc, Bmc) else Bmc()
            key = f"{centre.code}-{at.network}" if at.network else home.get("bmc")
            if key is not None and key in self.estate.networks:
                placed.bmc = (key, at.number or placed.number)
                placed.bmc_spoken_to = at.spoken_to
        if placed.kind in FORWARDING:
            placed.loopback = addressing.centre_loopback(centre.number, placed.number)
            return
        local = stated.network or (placed.class_.network if placed.class_ else None)
        if local is not None:
            key = f"{centre.code}-{local}"
            if key not in self.estate.networks:
                self._unknown("network", local, list(centre.networks), (*placed.path, "network"))
                return
            placed.network = key
            return
        placed.network = home.get(_HOME.get(placed.kind, "servers")) or home.get("servers")
        if placed.network is None:
            self._find(
                "no-network",
                placed.path,
                f"{placed.name} stands in no network: centre {name} has none of purpose "
                f"{_HOME.get(placed.kind, 'servers')}",
                "a network of the centre",
                f"add a network under centres.{name}.networks, or name one with 'network'",
            )

    def _site(
        self,
        slug: str,
        site: City | County,
        path: Path,
        city: str,
        county: str | None,
        defaults: SiteStatement,
    ) -> None:
        if slug in self.estate.sites:
            self._twice("site", slug, path, self.estate.sites[slug].path)
            return
        router = site.router or f"{slug}-rt-01"
        lost_with = site.accepts_loss_with or defaults.accepts_loss_with
        self.estate.sites[slug] = PlacedSite(slug, path, site.code, city, county, router, lost_with)
        self.estate.networks[slug] = PlacedNetwork(
            key=slug,
            path=path,
            local="lan",
            base=addressing.site_network(self.estate_base, site.code),
            length=24,
            purpose="site",
            gateway=router,
            gateway_number=1,
            site=slug,
        )
        class_name = site.router_class or defaults.router_class
        class_ = self._class(class_name, (*path, "router_class")) if class_name else None
        self._add(
            PlacedHost(
                name=router,
                path=(*path, "router") if site.router else path,
                kind="router",
                number=1,
                place=slug,
                os=(class_.os if class_ else None) or "frr",
                roles=list(class_.roles) if class_ else [],
                class_=class_,
                city=city,
                county=county,
                loopback=addressing.site_loopback(site.code),
            )
        )
        for name, host in site.hosts.items():
            placed = self._host(name, host, host.number, (*path, "hosts", name), slug)
            placed.city, placed.county, placed.network = city, county, slug
            if placed.forwards:
                self._find(
                    "second-router",
                    (*path, "hosts", name),
                    f"{name} is a {placed.kind} at a site, whose loopback follows from the site's code alone",
                    "one router a site, stated with 'router'",
                    "remove it, or state it as the site's router",
                )
            self._add(placed)
        self._uplink(slug, site, path, city, county, defaults, router)

    def _uplink(
        self,
        slug: str,
        site: City | County,
        path: Path,
        city: str,
        county: str | None,
        defaults: SiteStatement,
        router: str,
    ) -> None:
        own, general = site.uplink or Uplink(), defaults.uplink or Uplink()

        def choose(key: str, last: object = None) -> object:
            value = getattr(own, key)
            return value if value is not None else (v if (v := getattr(general, key)) is not None else last)

        to = choose("to", self.estate.sites[city].router if county and city in self.estate.sites else None)
        rate = choose("rate_mbit")
        here = (*path, "uplink")
        if rate is None:
            self._find(
                "uplink-rate",
                here,
                f"the uplink of {slug} has no rate",
                "rate_mbit with the site or in site_defaults",
                "state rate_mbit",
            )
            return
        name = str(choose("name", slug))
        self._add_line(
            PlacedLine(
                name=name,
                path=here if site.uplink else path,
                index=addressing.uplink_index(site.code),
                ends=((str(to), name) if to else None, (router, name)),
                rate_mbit=int(str(rate)),
                kind=str(choose("kind", "leased")),
                medium=str(choose("medium", "fibre")),
                redundancy_group=own.redundancy_group or general.redundancy_group,
                ospf_cost=int(str(choose("ospf_cost", 10))),
                oversubscription=own.oversubscription or general.oversubscription,
                below=slug,
            )
        )

    def _lines(self) -> None:
        for name, line in self.plan.lines.items():
            ends: list[tuple[str, str] | None] = []
            for end in (line.a, line.b):
                if isinstance(end, End):
                    ends.append((end.host, end.interface or name))
                else:
                    ends.append((end, name) if end is not None else None)
            self._add_line(
                PlacedLine(
                    name=name,
                    path=("lines", name),
                    index=addressing.line_index(line.number),
                    ends=(ends[0], ends[1]),
                    rate_mbit=line.rate_mbit,
                    kind=line.kind,
                    medium=line.medium,
                    redundancy_group=line.redundancy_group,
                    ospf_cost=line.ospf_cost,
                    oversubscription=line.oversubscription,
                )
            )

    def _host(self, name: str, stated: HostStatement, number: int, path: Path, place: str) -> PlacedHost:
        class_ = self._class(stated.class_, (*path, "class")) if stated.class_ else None
        kind: Kind | None = stated.kind or (class_.kind if class_ else None)
        if kind is None and not stated.class_:
            self._find(
                "no-kind",
                path,
                f"{name} has neither a class nor a kind",
                "class: one of classes, or kind: physical_server, cloud_host, ...",
                "state one of them",
            )
        whole = stated if isinstance(stated, Host) else None
        return PlacedHost(
            name=name,
            path=path,
            kind=kind or "",
            number=number,
            place=place,
            os=stated.os or (class_.os if class_ else None),
            roles=stated.roles if stated.roles is not None else (class_.roles if class_ else []),
            class_=class_,
            carried_by=stated.carried_by,
            position=whole.position if whole else None,
            serial=whole.serial if whole else None,
            mac=whole.mac if whole else None,
            needs=whole.needs if whole else [],
        )

    def _class(self, name: str, path: Path) -> HostClass | None:
        class_ = self.plan.classes.get(name)
        if class_ is None:
            self._unknown("class", name, self.plan.classes, path)
        return class_

    def _add(self, host: PlacedHost) -> None:
        if host.name in self.estate.hosts:
            self._twice("host", host.name, host.path, self.estate.hosts[host.name].path)
        else:
            self.estate.hosts[host.name] = host

    def _add_line(self, line: PlacedLine) -> None:
        if line.name in self.estate.lines:
            self._twice("line", line.name, line.path, self.estate.lines[line.name].path)
        else:
            self.estate.lines[line.name] = line

    def _twice(self, what: str, name: str, path: Path, first: Path) -> None:
        self._find(
            "duplicate-name",
            path,
            f"the {what} '{name}' is there already, at {show_path(first)}",
            f"every {what} has a name of its own in the whole plan",
            "rename one of the two",
        )

    def _unknown(self, what: str, name: str, known: Iterable[str], path: Path) -> None:
        known = list(known)
        self._find(
            "unknown-reference",
            path,
            f"there is no {what} '{name}'{nearest(name, known)}",
            ", ".join(sorted(known)[:12]) + (", ..." if len(known) > 12 else "")
            if known
            else f"no {what} is stated",
            f"name an existing {what}, or add this one",
        )

    def _find(self, rule: str, path: Path, found: str, allowed: str, step: str) -> None:
        self.findings.append(Finding(rule, path, found, allowed, step))
