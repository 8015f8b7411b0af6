# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names: the naming standard, interfaces that the kernel accepts, groups that do not collide."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.derive import (
    ESTATE_WIDE,
    KIND_GROUPS,
    PARENTS,
    ROLE_GROUPS,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.estate import Estate
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.findings import Finding

#: IFNAMSIZ of Linux is 16 with the closing zero.
LONGEST_INTERFACE = 15
_PARTS = re.compile(r"(.+)-([a-z0-9]*[a-z])-(\d+)$")
_RESERVED = {
    *PARENTS,
    *KIND_GROUPS.values(),
    ESTATE_WIDE,
    "network_devices",
    "carrier",
    "bmc",
    "all",
    "ungrouped",
}
_PREFIXES = ("centre_", "city_", "county_", "line_", "handover_", "service_")


def hosts(estate: Estate) -> Iterator[Finding]:
    """Host names follow <place>-<function>-<number>."""
    standard = estate.plan.naming
    if standard is None:
        return
    for host in estate.hosts.values():
        if not host.kind:
            continue
        parts = _PARTS.match(host.name)
        fitting = [word for word, kinds in standard.functions.items() if host.kind in kinds]
        problem = ""
        if parts is None:
            problem = "is not <place>-<function>-<number>"
        elif parts[1] != host.place:
            problem = f"begins with '{parts[1]}', but it stands in '{host.place}'"
        elif parts[2] not in standard.functions:
            problem = f"has the function '{parts[2]}', which the standard does not know"
        elif host.kind not in standard.functions[parts[2]]:
            problem = f"has the function '{parts[2]}', which is not for a {host.kind}"
        elif len(parts[3]) < standard.digits:
            problem = f"has the number '{parts[3]}', which is shorter than {standard.digits} digits"
        if problem:
            example = f"{host.place}-{(fitting or ['<function>'])[0]}-{1:0{standard.digits}}"
            yield Finding(
                "naming",
                host.path,
                f"the name {host.name} {problem}",
                f"{host.place}-<{'|'.join(fitting) or 'no function is stated for this kind'}>-<number>, "
                f"such as {example}",
                "rename the host, or extend naming.functions",
            )


def interfaces(estate: Estate) -> Iterator[Finding]:
    """Interface names have at most 15 characters and are used once a device."""
    seen: dict[tuple[str, str], str] = {}
    for line in estate.lines.values():
        for end in line.ends:
            if end is None:
                continue
            yield from _interface(seen, end[0], end[1], f"line {line.name}", line.path)
    for gateway, network in estate.gateways():
        yield from _interface(seen, gateway, network.local, f"network {network.key}", network.path)


def _interface(
    seen: dict[tuple[str, str], str], device: str, name: str, of: str, path: tuple[str | int, ...]
) -> Iterator[Finding]:
    if len(name) > LONGEST_INTERFACE:
        yield Finding(
            "interface-name",
            path,
            f"the interface '{name}' of {of} at {device} has {len(name)} characters",
            f"at most {LONGEST_INTERFACE}: the kernel takes no more",
            "shorten the name, or state 'interface' at that end",
        )
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) or name == "lo":
        yield Finding(
            "interface-name",
            path,
            f"the interface '{name}' of {of} at {device} cannot be created",
            "letters, digits, '.', '_' and '-', and not lo",
            "choose another name",
        )
    other = seen.setdefault((device, name), of)
    if other != of:
        yield Finding(
            "interface-name",
            path,
            f"{device} would have two interfaces '{name}': of {other} and of {of}",
            "each interface name once a device",
            "state another 'interface' at one end, or rename the line or network",
        )


def groups(estate: Estate) -> Iterator[Finding]:
    """A role's group must not be one that means something else, and no host is called like a group."""
    reported: set[str] = set()
    of_roles: set[str] = set()
    for host in estate.hosts.values():
        for role in host.roles:
            group = ROLE_GROUPS.get(role) or role.replace("-", "_")
            of_roles.add(group)
            if (group in _RESERVED or group.startswith(_PREFIXES)) and role not in reported:
                reported.add(role)
                yield Finding(
                    "role-name",
                    host.path,
                    f"the role '{role}' would become the group '{group}', which the inventory uses already",
                    "a role whose group is its own",
                    "rename the role",
                )
    for name in sorted((_RESERVED | of_roles) & estate.hosts.keys()):
        yield Finding(
            "host-name",
            estate.hosts[name].path,
            f"the host '{name}' is called like a group of the inventory",
            "names that no group bears",
            "rename the host",
        )
