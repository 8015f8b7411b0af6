# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change of FRR's configuration comes to: its lines, and which of them end a session.

A line is shown with the context it stands in, after a sign: ``- interface nn-dr-1 / ip ospf cost 10``.
Standard library, Python 3.9.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterable, Sequence

_PARTS = ("Lines To Delete", "Lines To Add")
# frr-reload.py enters the removal of these with what is added.
_REMOVED_LATE = re.compile(r"^no (ip|ipv6) (route|prefix-list|community-list) |^no (access-list|route-map) ")
_CLOSING = re.compile(r"^(exit|exit-\S+|end|!.*)?$")
#: Indented once in FRR's configuration, and then followed by lines of their own.
_NESTED = re.compile(r"^(address-family|profile|peer|vni|pseudowire|segment-routing|policy) ")


@dataclass(frozen=True)
class Line:
    """A line that enters or leaves the configuration, below its context."""

    sign: str
    context: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{self.sign} {' / '.join((*self.context, self.text))}"


def parse_replace(output: str, wanted: str) -> list[Line]:
    """What ``frr-reload.py --test`` says of a whole configuration."""
    literal = {line.strip() for line in wanted.splitlines()}
    lines = []
    for part, context, command in _commands(output):
        if part == _PARTS[0] or _REMOVED_LATE.match(command) and command not in literal:
            lines.append(Line("-", context, _opposite(command)))
        else:
            lines.append(Line("+", context, command))
    return list(dict.fromkeys(lines))


def parse_merge(output: str, wanted: str, running: str) -> list[Line]:
    """The same for lines that are entered beside the others: what is to be deleted does not count.

    ``no ...`` in it removes what the running configuration has and is nothing where it has not.
    """
    literal = {line.strip() for line in wanted.splitlines()}
    present = contexts(running)
    lines = []
    for part, context, command in _commands(output):
        if part == _PARTS[0] or (_REMOVED_LATE.match(command) and command not in literal):
            continue
        if not command.startswith("no "):
            lines.append(Line("+", context, command))
            continue
        gone = command[3:]
        lines += [
            Line("-", context, line)
            for where, line in present
            if where == context and (line == gone or line.startswith(f"{gone} "))
        ]
    # A route that is removed by the text is named twice by frr-reload.py.
    return list(dict.fromkeys(lines))


def _commands(output: str) -> Iterable[tuple[str, tuple[str, ...], str]]:
    """Each command with its part and its context. frr-reload.py repeats the context before each."""
    part = ""
    path: list[str] = []
    for raw in [*output.splitlines(), "end"]:
        starts = not raw.startswith(" ")
        if starts and path:
            yield part, tuple(path[:-1]), path[-1]
            path = []
        if raw in _PARTS:
            part = raw
        elif part and raw.strip() and not raw.startswith("===") and not _CLOSING.match(raw.strip()):
            path.append(raw.strip())


def _opposite(command: str) -> str:
    return command[3:] if command.startswith("no ") else f"no {command}"


def contexts(text: str) -> list[tuple[tuple[str, ...], str]]:
    """Every line of a configuration as FRR shows it, with its context."""
    found: list[tuple[tuple[str, ...], str]] = []
    path: list[str] = []
    for raw in text.splitlines():
        line = raw.strip()
        if _CLOSING.match(line):
            continue
        path = path[: len(raw) - len(raw.lstrip(" "))]
        found.append((tuple(path), line))
        path.append(line)
    return found


# What takes a session down that is up, by FRR's sources and its issues 22953, 14242 and 14439. A line
# that is new to a session that is new itself takes nothing down.
_OSPF_INTERFACE = re.compile(
    r"^(ip ospf|ipv6 ospf6) (area|network|passive|dead-interval|hello-interval|authentication|mtu-ignore"
    r"|instance-id|message-digest-key|bfd|prefix-suppression)\b"
)
_OSPF = re.compile(r"^(ospf6?|ospf6) router-id |^area .* (stub|nssa|authentication)|^router-id ")
_ISIS_INTERFACE = re.compile(
    r"^(ip|ipv6) router (isis|openfabric)\b"
    r"|^(isis|openfabric) (circuit-type|network|passive|password|authentication|three-way-handshake|bfd)\b"
)
_ISIS = re.compile(r"^(net|is-type|area-password|domain-password|authentication) ")
_BGP_GLOBAL = re.compile(
    r"^bgp (router-id|graceful-restart|cluster-id|confederation|listen limit|default (?!show)|fast-external"
    r"|disable-ebgp-connected)|^(no )?bgp default ipv4-unicast"
)
_BGP_NEIGHBOUR = re.compile(
    r"^neighbor (\S+) (remote-as|peer-group|interface|local-as|update-source|ebgp-multihop|disable-connected"
    r"|ttl-security|password|passive|shutdown|capability|graceful-|dont-capability|override-capability"
    r"|strict-capability|local-role|addpath|port|bfd|activate|route-reflector-client|route-server-client"
    r"|allowas-in)"
)
_OSPF_ALSO_WHEN_ADDED = re.compile(
    r"(dead|hello)-interval|network|authentication|mtu-ignore|passive|message-digest-key"
)
_ISIS_ALSO_WHEN_ADDED = re.compile(r" (circuit-type|network|passive|password|authentication)\b")
# What puts an interface into a protocol; before it there was no session.
_JOINS = re.compile(r"^(?P<ospf>ip ospf area|ipv6 ospf6 area)\b|^(ip|ipv6) router (isis|openfabric)\b")
_ALWAYS = re.compile(
    r"^(router (ospf6?|bgp|isis|openfabric|eigrp|ripng|rip)|interface |bfd$|ip address |ipv6 address"
    r" |shutdown)"
)


def session_resets(lines: Sequence[Line]) -> list[str]:
    """Those of a change's lines that take down a session which is up, or may be."""
    born = {(line.context, line.text) for line in lines if line.sign == "+"}
    new_neighbours = {
        (line.context, line.text.split()[1])
        for line in lines
        if line.sign == "+" and re.match(r"neighbor \S+ (remote-as|interface)\b", line.text)
    } - {
        (line.context, line.text.split()[1])
        for line in lines
        if line.sign == "-" and line.text.startswith("neighbor ")
    }
    new_members = _joined(lines, "+") - _joined(lines, "-")
    return [str(line) for line in lines if _resets(line, born, new_neighbours, new_members)]


def _joined(lines: Sequence[Line], sign: str) -> set[tuple[str, bool]]:
    """Interfaces that enter or leave a protocol, and whether that is OSPF."""
    found = [(line, _JOINS.match(line.text)) for line in lines if line.sign == sign and line.context]
    return {(line.context[0], bool(joins["ospf"])) for line, joins in found if joins}


def _resets(
    line: Line, born: set[tuple[tuple[str, ...], str]], new_neighbours: set[tuple[tuple[str, ...], str]],
    new_members: set[tuple[str, bool]],
) -> bool:  # fmt: skip
    if line.context and (line.context[:-1], line.context[-1]) in born:
        return False
    if not line.context or line.text == "shutdown":
        # A whole context that goes; one that comes is new.
        return bool(_ALWAYS.match(line.text)) and (line.sign == "-") != (line.text == "shutdown")
    where = line.context[0]
    if where == "interface lo":
        # No neighbour is behind it.
        return False
    if where.startswith("interface "):
        return _resets_interface(line, new_members)
    if where.startswith("router ospf"):
        return bool(
            _OSPF.match(line.text)
            or re.match("passive-interface " if line.sign == "+" else "network .* area ", line.text)
        )
    if where.startswith(("router isis", "router openfabric")):
        return bool(_ISIS.match(line.text))
    if where.startswith("router bgp"):
        neighbour = _BGP_NEIGHBOUR.match(line.text)
        if neighbour:
            return not any(name == neighbour[1] for _context, name in new_neighbours)
        return bool(_BGP_GLOBAL.match(line.text))
    return where == "bfd" and line.sign == "-" and line.text.startswith(("peer ", "profile "))


def _resets_interface(line: Line, new_members: set[tuple[str, bool]]) -> bool:
    ospf, isis = _OSPF_INTERFACE.match(line.text), _ISIS_INTERFACE.match(line.text)
    if line.sign == "-":
        return bool(ospf or isis or re.match(r"ip(v6)? address ", line.text))
    if (line.context[0], bool(ospf)) in new_members:
        return False
    return bool(
        (ospf and _OSPF_ALSO_WHEN_ADDED.search(line.text))
        or (isis and _ISIS_ALSO_WHEN_ADDED.search(line.text))
    )
