# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nftables on this device: check a text, load it in one transaction, read a table back as sentences.

The kernel's rules come back as JSON that differs a little between versions of nft. Reduced to
sentences they can be compared with what was meant, and shown to a person as they are.
Standard library, Python 3.9.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import platform
import subprocess
from typing import Any, Iterable, Mapping

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

TIMEOUT_S = 10.0


@dataclasses.dataclass(frozen=True)
class Table:
    """One table as the kernel has it."""

    #: Hook and priority of each base chain, by its name.
    hooks: dict[str, tuple[str, int]]
    #: Each chain's rules as sentences.
    rules: dict[str, list[str]]
    #: The addresses of each set of addresses, as few prefixes as there can be.
    sets: dict[str, list[str]]
    #: Each named counter's packets and bytes.
    counters: dict[str, dict[str, int]]


class Nft:
    """The rule set of one device."""

    def __init__(self, program: str = "nft") -> None:
        self._program = program
        self.device = platform.node()

    def check(self, text: str) -> None:
        """See whether a text could be loaded, and load nothing.

        :raises DatacenterError: with the kernel's or the parser's reason.
        """
        self._run(["-c", "-f", "-"], text)

    def load(self, text: str) -> None:
        """Load a text: all of it, or nothing."""
        self._run(["-f", "-"], text)

    def table(self, family: str, name: str) -> Table | None:
        """A table as the kernel has it, None when there is none of that name."""
        if not self._exists(family, name):
            return None
        return parse_table(json.loads(self._run(["-j", "list", "table", family, name])))

    def listing(self, family: str, name: str) -> str:
        """A table as nft writes it, without what its counters count; empty when there is none."""
        if not self._exists(family, name):
            return ""
        return self._run(["-s", "list", "table", family, name])

    def would_list(self, text: str, family: str, name: str) -> str:
        """How nft would list a table after loading a text; found out in a network that ends with the call."""
        script = f"{self._program} -f - && {self._program} -s list table {family} {name}"
        return self._call(["unshare", "--net", "sh", "-ec", script], text)

    def _exists(self, family: str, name: str) -> bool:
        listing = json.loads(self._run(["-j", "list", "tables"]))["nftables"]
        return (family, name) in [
            (one["table"]["family"], one["table"]["name"]) for one in listing if "table" in one
        ]

    def _run(self, arguments: list[str], text: str = "") -> str:
        return self._call([self._program, *arguments], text)

    def _call(self, argv: list[str], text: str) -> str:
        try:
            done = subprocess.run(
                argv,
                input=text,
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except FileNotFoundError as error:
            raise DatacenterError(
                "there is no nftables on this device",
                device=self.device,
                cause=f"{argv[0]} is not found",
                next_step="install the package nftables",
            ) from error
        except subprocess.TimeoutExpired as error:
            raise DatacenterError(
                f"nft did not end within {TIMEOUT_S:g} s", device=self.device, next_step="run this again"
            ) from error
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["it says nothing"]
            raise DatacenterError(
                "nft refuses",
                device=self.device,
                cause=lines[0],
                next_step="it needs root and CAP_NET_ADMIN; nothing was changed, it loads all or nothing",
            )
        return done.stdout


def parse_table(answer: Mapping[str, Any]) -> Table:
    """A table from what ``nft -j list table`` says."""
    table = Table({}, {}, {}, {})
    for entry in answer["nftables"]:
        ((kind, thing),) = entry.items()
        if kind == "chain":
            table.rules.setdefault(thing["name"], [])
            if "hook" in thing:
                table.hooks[thing["name"]] = (thing["hook"], int(thing["prio"]))
        elif kind == "rule":
            sentence = " ".join(_words(expression) for expression in thing["expr"])
            table.rules.setdefault(thing["chain"], []).append(sentence)
        elif kind == "set" and thing["type"] == "ipv4_addr":
            table.sets[thing["name"]] = prefixes(_elements(thing.get("elem", [])))
        elif kind == "counter":
            table.counters[thing["name"]] = {"packets": thing["packets"], "bytes": thing["bytes"]}
    return table


def prefixes(networks: Iterable[ipaddress.IPv4Network]) -> list[str]:
    """Networks as few prefixes, in order; a single address without its length."""
    merged = ipaddress.collapse_addresses(sorted(networks))
    return [str(one.network_address) if one.prefixlen == 32 else str(one) for one in merged]


def _elements(elements: Iterable[Any]) -> Iterable[ipaddress.IPv4Network]:
    for element in elements:
        if isinstance(element, str):
            yield ipaddress.IPv4Network(element)
        elif "prefix" in element:
            yield ipaddress.IPv4Network(f"{element['prefix']['addr']}/{element['prefix']['len']}")
        else:
            first, last = (ipaddress.IPv4Address(end) for end in element["range"])
            yield from ipaddress.summarize_address_range(first, last)


def _words(expression: Mapping[str, Any]) -> str:
    ((kind, what),) = expression.items()
    if kind == "match":
        operator = "" if what["op"] in ("==", "in") else f"{what['op']} "
        return f"{_words(what['left'])} {operator}{_value(what['right'])}"
    if kind == "payload":
        return f"{what['protocol']} {what['field']}"
    if kind in ("meta", "ct"):
        return f"{kind} {what['key']}"
    if kind == "counter":
        return f"counter {what}" if isinstance(what, str) else "counter"
    if kind == "jump":
        return f"jump {what['target']}"
    if kind == "reject":
        return " ".join(["reject", *([str(what["type"])] if what and "type" in what else [])])
    if kind in ("accept", "drop", "return"):
        return kind
    # Not understood is not equal to anything that was meant.
    return json.dumps(expression, sort_keys=True)


def _value(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(str(one) for one in value)
    return str(value) if not isinstance(value, dict) else json.dumps(value, sort_keys=True)
