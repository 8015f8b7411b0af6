# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of the emulated switch: which lines it takes, and the tree that comes of them.

A line that no rule knows is refused with the device's words, a setting replaces the one it had, ``no``
takes away, and the text comes out in one order whatever order it went in.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

Tree = dict[str, "Tree"]

#: By section, in the order of the running configuration. A word is literal, one/of/several, a <kind> or a
#: <low-high>. ``|`` ends what identifies a setting, where another value replaces it and ``no`` may end;
#: ``^`` is a place where ``no`` may end as well. ``{name`` opens a section.
RULES: dict[str, tuple[str, ...]] = {
    "root": (
        "hostname | <word>", "dns domain | <word>", "logging host <ip>", "ntp server <word>",
        "interface <interface> {interface", "ip access-list <word> {acl", "ip routing",
        "ip route <prefix> ^ <hop>", "router bgp <1-4294967295> {bgp", "router ospf <1-65535> {ospf",
        "management api http-commands {api",
    ),
    "interface": (
        "description | <line>", "mtu | <68-9214>", "shutdown", "no switchport",
        "ip address | <prefix>", "ip address <prefix> secondary", "ip access-group | <word> in",
        "ip ospf cost | <1-65535>",
    ),
    "acl": ("<1-4294967295> | permit/deny <entry>",),
    "bgp": (
        "router-id | <ip>", "neighbor <ip> ^ remote-as | <1-4294967295>", "neighbor <ip> shutdown",
        "neighbor <ip> description | <line>", "network <prefix>", "redistribute connected/static",
    ),
    "ospf": ("router-id | <ip>", "passive-interface <interface>", "network <prefix> area <word>"),
    "api": ("protocol http/https", "no shutdown"),
}  # fmt: skip
PORTS = ("Ethernet1", "Ethernet2", "Ethernet3", "Ethernet4", "Management1")
_INTERFACE = re.compile(r"(Ethernet|Loopback|Management|Port-Channel|Vlan)\d+(/\d+)*(\.\d+)?")
_ENTRY = re.compile(r"(ip|tcp|udp|icmp)( (any|host [\d.]+|[\d.]+/\d+)){2}( eq \d+)?")


class Rejected(Exception):
    """The command line does not know this line; the text is the device's."""


class Rule(NamedTuple):
    words: tuple[str, ...]
    key: int
    shortest_no: int
    opens: str | None


class Match(NamedTuple):
    order: int
    line: str
    key: str
    opens: str | None


def _rule(text: str) -> Rule:
    text, _brace, opens = text.partition(" {")
    words = tuple(word for word in text.split() if word not in "|^")
    ends = {mark: len(text.split(mark)[0].replace("^", "").split()) for mark in "|^" if mark in text.split()}
    return Rule(words, ends.get("|", len(words)), min([*ends.values(), len(words)]), opens or None)


_RULES = {section: tuple(_rule(text) for text in texts) for section, texts in RULES.items()}


def _fits(word: str, token: str) -> bool:
    if not word.startswith("<"):
        return token in word.split("/")
    kind = word[1:-1]
    if kind[0].isdigit():
        low, high = kind.split("-")
        return token.isdecimal() and int(low) <= int(token) <= int(high)
    if kind in ("interface", "hop") and (token == "Null0" and kind == "hop" or _INTERFACE.fullmatch(token)):
        return True
    if kind in ("ip", "prefix", "hop"):
        try:
            return bool(ipaddress.IPv4Interface(token)) and ("/" in token) == (kind == "prefix")
        except ValueError:
            return False
    return kind == "word"


def _progress(rule: Rule, tokens: list[str]) -> int:
    """How many words of the line the rule takes; more than there are when one of its own is missing."""
    for place, word in enumerate(rule.words):
        if place == len(tokens):
            return place + 1
        if word == "<line>":
            return len(tokens)
        if word == "<entry>":
            return len(tokens) if _ENTRY.fullmatch(" ".join(tokens[place:])) else place
        if not _fits(word, tokens[place]):
            return place
    return len(rule.words)


def _refusal(tokens: list[str], section: str, before: int = 0) -> Rejected:
    """EOS counts the words of a line from 0."""
    best = max((_progress(rule, tokens) for rule in _RULES[section]), default=0)
    if best > len(tokens):
        return Rejected(f"Incomplete command (at token {before + len(tokens) - 1}: '{tokens[-1]}')")
    best = min(best, len(tokens) - 1)
    return Rejected(f"Invalid input (at token {before + best}: '{tokens[best]}')")


@lru_cache(maxsize=4096)
def understand(line: str, section: str) -> Match:
    """The rule that a line follows."""
    tokens = line.split()
    for order, rule in enumerate(_RULES[section]):
        whole = len(rule.words) == len(tokens) or rule.words[-1] in ("<line>", "<entry>")
        if whole and _progress(rule, tokens) == len(tokens):
            return Match(order, " ".join(tokens), " ".join(tokens[: rule.key]), rule.opens)
    raise _refusal(tokens, section)


class Editor:
    """Someone's place in a configuration: the section into which the next line falls."""

    def __init__(self, tree: Tree) -> None:
        self.path: list[tuple[str, Tree]] = [("root", tree)]

    def line(self, text: str) -> None:
        """Take one line. What the section does not know is tried in those around it, as EOS does."""
        refused: Rejected | None = None
        for depth in range(len(self.path) - 1, -1, -1):
            try:
                self.path[depth + 1 :] = self._apply(" ".join(text.split()), *self.path[depth])
                return
            except Rejected as error:
                refused = refused or error
        assert refused
        raise refused

    def _apply(self, text: str, section: str, tree: Tree) -> list[tuple[str, Tree]]:
        if section == "acl" and text.startswith(("permit ", "deny ")):
            text = f"{max([int(line.split()[0]) for line in tree], default=0) + 10} {text}"
        if f"no {text}" in RULES[section]:
            tree.pop(f"no {text}", None)
            return []
        if text.startswith("no ") and text not in RULES[section]:
            self._remove(text[3:], section, tree)
            return []
        found = understand(text, section)
        for other in [line for line in tree if understand(line, section).key == found.key]:
            if other != found.line:
                del tree[other]
        below = tree.setdefault(found.line, {})
        return [(found.opens, below)] if found.opens else []

    def _remove(self, text: str, section: str, tree: Tree) -> None:
        tokens = text.split()
        if not any(_progress(r, tokens) >= len(tokens) >= r.shortest_no for r in _RULES[section]):
            raise _refusal(tokens, section, before=1)
        for line in [line for line in tree if f"{line} ".startswith(f"{text} ")]:
            del tree[line]
        if text.removeprefix("interface ") in PORTS:
            tree[text] = {}  # The port itself cannot be taken out.


def clean() -> Tree:
    """What ``rollback clean-config`` goes back to: the ports, and nothing set."""
    return {f"interface {name}": {} for name in PORTS}


def parse(text: str) -> Tree:
    """The tree of a whole configuration."""
    tree = clean()
    editor = Editor(tree)
    for line in text.splitlines():
        if line.strip() not in ("", "end") and not line.lstrip().startswith("!"):
            editor.line(line)
    return tree


def _order(line: str, section: str) -> tuple[int, list[tuple[int, str]]]:
    parts = re.findall(r"\d+|\D+", line)
    return understand(line, section).order, [(int(p), "") if p.isdecimal() else (-1, p) for p in parts]


def render(tree: Tree, section: str = "root", indent: str = "") -> Iterator[str]:
    """The text of a tree, in the device's order."""
    previous = -1
    for line in sorted(tree, key=lambda line: _order(line, section)):
        found = understand(line, section)
        if section == "root" and (found.opens or found.order != previous):
            yield "!"
        previous = found.order
        yield f"{indent}{line}"
        if found.opens:
            yield from render(tree[line], found.opens, f"{indent}   ")


def without(tree: Tree, line: str) -> Tree:
    """A copy in which one line is missing, wherever it stood."""
    return {name: without(below, line) for name, below in tree.items() if name != line}


def diff(before: Tree, after: Tree, session: str) -> str:
    """What ``show session-config diffs`` prints: nothing when nothing differs."""
    names = ("system:/running-config", f"session:/{session}-session-config")
    return "\n".join(difflib.unified_diff(list(render(before)), list(render(after)), *names, lineterm=""))
