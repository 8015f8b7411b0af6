# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges documents: every rule is asked, and one that cannot know says so instead of passing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess import (
    rules_files,
    rules_mariadb,
    rules_postgresql,
    rules_postgresql_contents,
    rules_system,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.document import why_unknown
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.finding import (
    BLOCKER,
    WARNING,
    Finding,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.targets import TARGETS, Target

__all__ = ["TARGETS", "findings"]

Rule = Callable[[Mapping[str, Any], Target], Iterable[Finding]]
RULES: tuple[Rule, ...] = (
    *rules_system.RULES,
    *rules_files.RULES,
    *rules_postgresql.RULES,
    *rules_postgresql_contents.RULES,
    *rules_mariadb.RULES,
)
#: Without these nothing can be said of what has to move, so nothing may be begun.
_NEEDED = ("system", "packages", "accounts", "sockets", "roots", "postgresql", "mariadb")


def findings(document: Mapping[str, Any], target: str) -> list[Finding]:
    """What stands in the way of moving this server there; blockers first."""
    found = [one for rule in RULES for one in rule(document, TARGETS[target])]
    found += _not_known(document)
    return sorted(found, key=lambda one: (one.severity != BLOCKER, one.name, one.what))


def _not_known(document: Mapping[str, Any]) -> Iterator[Finding]:
    for section, value in document.items():
        why = why_unknown(value)
        if why:
            yield Finding(
                f"unknown_{section}",
                BLOCKER if section in _NEEDED else WARNING,
                f"{section} is not known",
                why,
                "what is not known is no reason to go on",
                "assess again with the rights and the time that it needs, or look there by hand",
            )
    for section, why in document.get("in_part", {}).items():
        yield Finding(
            f"in_part_{section}",
            WARNING,
            f"{section} is known in part only",
            str(why),
            "what is not known is no reason to go on",
            "assess again as root, or with a longer search_s",
        )
