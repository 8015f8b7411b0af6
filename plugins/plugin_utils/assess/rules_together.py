# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules on several servers at once: what only stands in the way when two of them move to one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.document import known
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.finding import (
    WARNING,
    Finding,
    at,
)

Document = Mapping[str, Any]
#: What adduser gives to people and applications (/etc/adduser.conf); above are nobody and the like.
_GIVEN = range(1000, 60000)


def _accounts(document: Document) -> Iterator[tuple[str, int]]:
    for one in known(document, "accounts", {}).get("users", ()):
        if one["uid"] in _GIVEN:
            yield str(one["name"]), int(one["uid"])


def findings(systems: Mapping[str, Document]) -> dict[str, list[Finding]]:
    """By system: its accounts whose number, or whose name, means another one elsewhere."""
    numbers: dict[int, set[tuple[str, str]]] = defaultdict(set)
    names: dict[str, set[tuple[int, str]]] = defaultdict(set)
    for system, document in systems.items():
        for name, uid in _accounts(document):
            numbers[uid].add((name, system))
            names[name].add((uid, system))
    found: dict[str, list[Finding]] = {}
    for system, document in systems.items():
        shared = []
        for name, uid in _accounts(document):
            shared += [
                f"{name} ({uid}, which is {other}'s on {there})"
                for other, there in sorted(numbers[uid])
                if there != system and other != name
            ]
            shared += [
                f"{name} ({uid}, and {other} on {there})"
                for other, there in sorted(names[name])
                if there != system and other != uid
            ]
        found[system] = [_finding(shared)] if shared else []
    return found


def _finding(shared: list[str]) -> Finding:
    return Finding(
        "user_id_of_another_system",
        WARNING,
        "accounts have the number, or the name, of another account of another system",
        "on one server the one would own what the other one owns",
        "files keep numbers, not names",
        "move these systems to different servers, or give one of the accounts new numbers there "
        "(renumbered, in the plan)",
        **at(shared),
    )
