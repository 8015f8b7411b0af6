# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fence on a device that survives: nothing passes it from or to the fenced addresses.

The fence is a table of its own. In nftables a drop in any table is final and an accept is not, so
no other rule can open it, and it also ends connections that were there before. Its text lies in
a directory of its own that the device's boot includes, so it outlives a restart, and a re-run of
the role that owns the firewall's table. Standard library, Python 3.9.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from pathlib import Path
from typing import Any, Sequence

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.files import (
    read_text,
    replace_text,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.nft import Nft, Table, prefixes

FAMILY = "inet"
# Before the firewall's own rules, so that its counters do not see what the fence took.
PRIORITY = -10
# What is asked at each hook. A refusal is sent in a fenced address's name and leaves by the output hook:
# there only where a packet goes to counts.
HOOKS = {
    "forward": ("managed", "from_them", "to_them"),
    "input": ("managed", "from_them"),
    "output": ("managed", "to_them"),
}
_NAME = re.compile(r"^[a-z][a-z0-9_]{0,39}$")


@dataclasses.dataclass(frozen=True)
class Fence:
    """What is fenced off, and how what goes there is answered.

    :param addresses: as prefixes.
    :param managers: from where ssh still passes, so that what is fenced can be looked at.
    :param action: ``reject`` answers what goes to a fenced address at once, ``drop`` never.
    """

    name: str
    addresses: tuple[str, ...]
    managers: tuple[str, ...] = ()
    action: str = "reject"

    @property
    def table(self) -> str:
        return f"ajy_fence_{self.name}"

    def text(self) -> str:
        """What nft loads, and what a boot loads: it replaces a fence of the same name in one transaction."""
        chains = "".join(
            _chain_text(name, [rule for rule, _sentence in rules]) for name, rules in self._chains().items()
        )
        hooks = "".join(
            _chain_text(
                hook,
                [f"type filter hook {hook} priority {PRIORITY}; policy accept;"]
                + [f"jump {chain}" for chain in chains_asked],
            )
            for hook, chains_asked in HOOKS.items()
        )
        return (
            f"# The fence '{self.name}', made by the module network_fence, which also removes it.\n"
            f"table {FAMILY} {self.table}\n"
            f"delete table {FAMILY} {self.table}\n"
            f"table {FAMILY} {self.table} {{\n"
            f"    counter from_fenced {{ }}\n"
            f"    counter to_fenced {{ }}\n"
            f"{_set_text('fenced', self.addresses)}{_set_text('managers', self.managers)}{chains}{hooks}}}\n"
        )

    def missing_in(self, table: Table | None) -> str:
        """What the kernel's table lacks of this fence, as a sentence; empty when it is all there."""
        if table is None:
            return f"there is no table {FAMILY} {self.table}"
        wanted_rules = {
            **{hook: [f"jump {chain}" for chain in chains] for hook, chains in HOOKS.items()},
            **{name: [sentence for _rule, sentence in rules] for name, rules in self._chains().items()},
        }
        for hook in HOOKS:
            if table.hooks.get(hook) != (hook, PRIORITY):
                return f"nothing is asked at the hook {hook}"
        for chain, sentences in wanted_rules.items():
            if table.rules.get(chain) != sentences:
                return f"the chain {chain} has other rules: {'; '.join(table.rules.get(chain, [])) or 'none'}"
        for name, wanted in (("fenced", self.addresses), ("managers", self.managers)):
            if table.sets.get(name) != list(wanted):
                return f"the set {name} is {', '.join(table.sets.get(name, [])) or 'empty'}"
        return ""

    def _chains(self) -> dict[str, list[tuple[str, str]]]:
        """Each chain's rules, as nft reads them and as the sentences they are read back as."""
        to, read_to = "ip daddr @fenced counter name to_fenced", "ip daddr @fenced counter to_fenced"
        reject = [
            (f"meta l4proto tcp {to} reject with tcp reset", f"meta l4proto tcp {read_to} reject tcp reset"),
            (f"{to} reject with icmpx type admin-prohibited", f"{read_to} reject icmpx"),
        ]
        return {
            "managed": [
                ("ip saddr @managers ip daddr @fenced tcp dport 22 accept",) * 2,
                ("ip saddr @fenced ip daddr @managers tcp sport 22 ct state established accept",) * 2,
            ],
            # A host that should be silent is told nothing.
            "from_them": [
                (
                    "ip saddr @fenced counter name from_fenced drop",
                    "ip saddr @fenced counter from_fenced drop",
                )
            ],
            "to_them": reject if self.action == "reject" else [(f"{to} drop", f"{read_to} drop")],
        }


@dataclasses.dataclass(frozen=True)
class Places:
    """Where a device keeps what it loads at boot."""

    directory: Path = Path("/etc/nftables.d")
    main: Path = Path("/etc/nftables.conf")

    def file(self, table: str) -> Path:
        """The text of one fence."""
        return self.directory / f"{table}.nft"

    @property
    def include(self) -> str:
        return f'include "{self.directory}/*.nft"'


def make_fence(
    name: str, addresses: Sequence[str], managers: Sequence[str] = (), action: str = "reject"
) -> Fence:
    """A fence from what a person gave.

    :raises DatacenterError: naming what is not right.
    """
    if not _NAME.match(name):
        raise DatacenterError(
            f"a fence cannot be called '{name}'",
            cause="it becomes part of a table's and a file's name",
            next_step="use up to 40 lower-case letters, digits and underscores, such as a centre's name",
        )
    fence = Fence(name, _networks(addresses), _networks(managers), action)
    inside = [
        one
        for one in fence.managers
        if any(ipaddress.IPv4Network(one).overlaps(ipaddress.IPv4Network(other)) for other in fence.addresses)
    ]
    if inside:
        raise DatacenterError(
            f"{', '.join(inside)} is fenced off and a manager at once",
            next_step="name it in one of the lists",
        )
    return fence


def set_fence(
    fence: Fence, *, present: bool, dry_run: bool, nft: Nft | None = None, places: Places | None = None
) -> dict[str, Any]:
    """Put up a fence on this device, or take it away, and read it back from the kernel.

    :raises DatacenterError: when the kernel does not show what was asked for.
    """
    nft, places = nft or Nft(), places or Places()
    if present and not fence.addresses:
        raise DatacenterError("a fence without addresses holds nobody", next_step="name the addresses")
    before = _state(fence, nft, places)
    commands = _commands(fence, before, places, present=present)
    result: dict[str, Any] = {
        "changed": bool(commands),
        "table": f"{FAMILY} {fence.table}",
        "device": nft.device,
        "commands": commands,
        "before": before,
        "after": before,
        "verified": not dry_run,
        "proves": _proves(fence, nft.device) if present else "",
    }
    if present:
        nft.check(fence.text())
    if dry_run:
        return {**result, "after": _predicted(fence, present, before) if commands else before}
    try:
        if commands:
            _apply(fence, nft, places, present=present)
        result["after"] = _state(fence, nft, places)
        _verify(fence, nft, result["after"], present=present)
    except DatacenterError as error:
        error.result = {**result, "verified": False, **error.result}
        raise
    return result


def _state(fence: Fence, nft: Nft, places: Places) -> dict[str, Any]:
    """What the device has of a fence: in the kernel, and for its next start."""
    table = nft.table(FAMILY, fence.table)
    lacks = fence.missing_in(table)
    return {
        "in_force": table is not None and not lacks,
        "table": table is not None,
        "lacks": lacks,
        "addresses": [] if table is None else table.sets.get("fenced", []),
        "managers": [] if table is None else table.sets.get("managers", []),
        "counters": {} if table is None else table.counters,
        "saved": read_text(places.file(fence.table)) == fence.text(),
        "file": places.file(fence.table).exists(),
        "loaded_at_boot": places.include in read_text(places.main).splitlines(),
    }


def _commands(fence: Fence, before: dict[str, Any], places: Places, *, present: bool) -> list[str]:
    """What will be done, in words that a person could follow."""
    path = places.file(fence.table)
    if not present:
        return [
            *([f"remove {path}"] if before["file"] else []),
            *([f"delete the table {FAMILY} {fence.table}"] if before["table"] else []),
        ]
    return [
        *([] if before["in_force"] else [f"load the table {FAMILY} {fence.table}"]),
        *([] if before["saved"] else [f"write {path}"]),
        *([] if before["loaded_at_boot"] else [f"add '{places.include}' to {places.main}"]),
    ]


def _apply(fence: Fence, nft: Nft, places: Places, *, present: bool) -> None:
    if not present:
        # First what a restart would bring back: a run that breaks in between leaves the fence, not a ghost.
        places.file(fence.table).unlink(missing_ok=True)
        nft.load(f"table {FAMILY} {fence.table}\ndelete table {FAMILY} {fence.table}\n")
        return
    # The kernel first: it is what holds, and what is urgent.
    nft.load(fence.text())
    replace_text(places.file(fence.table), fence.text(), 0o644)
    main = read_text(places.main)
    if places.include not in main.splitlines():
        # At the end: Debian's own file begins by flushing all rules.
        start = main if main.endswith("\n") or not main else f"{main}\n"
        replace_text(places.main, f"{start}{places.include}\n", 0o755)


def _verify(fence: Fence, nft: Nft, after: dict[str, Any], *, present: bool) -> None:
    if present:
        lacks = after["lacks"] or ("" if after["saved"] and after["loaded_at_boot"] else "it is not saved")
    else:
        lacks = "the table is still there" if after["table"] or after["file"] else ""
    if lacks:
        raise DatacenterError(
            f"the fence {fence.name} is not {'in force' if present else 'gone'}",
            device=nft.device,
            cause=lacks,
            next_step=f"see nft list table {FAMILY} {fence.table}, and who else changes rules there",
        )


def _proves(fence: Fence, device: str) -> str:
    ssh = f" but ssh from {', '.join(fence.managers)}" if fence.managers else ""
    return (
        f"nothing{ssh} passes {device} from or to {', '.join(fence.addresses)}. "
        "It does not show that they are down, nor that no other way leads to them"
    )


def _predicted(fence: Fence, present: bool, before: dict[str, Any]) -> dict[str, Any]:
    return {
        **before,
        "in_force": present,
        "table": present,
        "lacks": "" if present else f"there is no table {FAMILY} {fence.table}",
        "addresses": list(fence.addresses) if present else [],
        "managers": list(fence.managers) if present else [],
        "counters": before["counters"] if present else {},
        "saved": present,
        "file": present,
        "loaded_at_boot": present or before["loaded_at_boot"],
    }


def _networks(addresses: Sequence[str]) -> tuple[str, ...]:
    try:
        return tuple(prefixes(ipaddress.IPv4Network(address) for address in addresses))
    except ValueError as error:
        raise DatacenterError(
            "this is no IPv4 address or prefix", cause=str(error), next_step="give an address or a prefix"
        ) from error


def _chain_text(name: str, rules: Sequence[str]) -> str:
    return f"    chain {name} {{\n" + "".join(f"        {rule}\n" for rule in rules) + "    }\n"


def _set_text(name: str, addresses: Sequence[str]) -> str:
    elements = f" elements = {{ {', '.join(addresses)} }};" if addresses else ""
    return f"    set {name} {{ type ipv4_addr; flags interval;{elements} }}\n"


def without_counters(state: dict[str, Any]) -> dict[str, Any]:
    """A fence's state without what changes by itself."""
    return {key: value for key, value in state.items() if key != "counters"}
