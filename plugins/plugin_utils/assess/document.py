# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The document of a server: what is known of it, and of everything else why it is not.

A section is its data, or ``{"unknown": why}``. What is known in part stands with its data, and with why in
``in_part``. Nothing here judges; that is done by the rules.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess import (
    parse_database,
    parse_network,
    parse_system,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.collect import Answer, Section
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.parse_system import Data

FORMAT = 1
KIND = "server_assessment"
_SIMPLE: Mapping[str, Callable[[str], Any]] = {
    "system": parse_system.system,
    "packages": parse_system.packages,
    "changed": parse_system.changed,
    "services": parse_system.services,
    "accounts": parse_system.accounts,
    "sudo": parse_system.by_file,
    "cron": parse_system.by_file,
    "mounts": parse_system.mounts,
    "network": parse_network.network,
    "time_locale": parse_system.time_locale,
    "mandatory_access": parse_system.mandatory_access,
    "certificates": parse_system.certificates,
    "references": parse_system.references,
    "roots": parse_system.roots,
    "postgresql": parse_database.postgresql,
}
_NOT_ASKED = Section(1, "", "it was not asked for")


def build(name: str, answer: Answer, taken_at: float, sample_s: float) -> Data:
    """Make the document of what a server answered."""
    document: Data = {
        "kind": KIND,
        "format": FORMAT,
        "name": name,
        "taken_at": taken_at,
        "by": answer.by,
        "in_part": {},
    }

    def put(section: str, parse: Callable[[str], Any], probe: str | None = None) -> None:
        said = answer.sections.get(probe or section, _NOT_ASKED)
        if said.why and not said.out.strip():
            document[section] = {"unknown": said.why}
            return
        try:
            document[section] = parse(said.out)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            # One odd line must not take the rest of the server with it.
            document[section] = {"unknown": f"what the probe said cannot be read: {error!r}"}
            return
        if said.why:
            document["in_part"][section] = said.why

    for section, parse in _SIMPLE.items():
        put(section, parse)
    put("mariadb", lambda text: parse_database.mariadb(text, sample_s))
    put("performance", parse_network.performance, "samples")
    running: dict[int, Data] = {}

    def processes(text: str) -> Data:
        running.update(parse_network.processes(text))
        return _processes(running)

    put("processes", processes)
    samples = answer.sections.get("samples", _NOT_ASKED).out
    # The samples have shorter connections that are gone when sockets are read, but know no process.
    put("sockets", lambda text: parse_network.sockets(f"{text}\n{samples}", running))
    return document


def _processes(running: Mapping[int, Data]) -> Data:
    own = [one for one in running.values() if one["own"]]
    return {
        "count": len(own),
        "in_containers": len(running) - len(own),
        "of_deleted_files": sorted(
            {one["exe"] for one in own if one["deleted"] and not one["exe"].startswith("/memfd:")}
        ),
        "by_hand": sorted(
            {
                (one["name"], one["exe"])
                for one in own
                if parse_network.BY_HAND.match(one["unit"]) and one["exe"]
            }
        ),
    }


def why_unknown(value: Any) -> str | None:
    """Why a section is not known; None when it is."""
    return str(value["unknown"]) if isinstance(value, Mapping) and set(value) == {"unknown"} else None


def known(document: Mapping[str, Any], section: str, otherwise: Any) -> Any:
    """A section's data, or what is to be taken in its place where it is not known."""
    value = document.get(section)
    return otherwise if value is None or why_unknown(value) else value


def load(paths: Iterable[Path]) -> list[Data]:
    """Read documents from files; of a directory all that end with ``.json`` and are of the kind.

    :raises DatacenterError: naming every file that is none, at once.
    """
    found, mistakes = [], []
    for given in paths:
        for path in sorted(given.glob("*.json")) if given.is_dir() else [given]:
            try:
                data = json.loads(path.read_text(encoding="utf-8"))
                if not given.is_dir() or _is_one(data):
                    found.append(checked(data))
            except (OSError, ValueError) as error:
                mistakes.append(f"{path}: {error}")
    _refuse(mistakes)
    return found


def taken(documents: Iterable[Any]) -> list[Data]:
    """Documents that were handed over. :raises DatacenterError: naming each that is none."""
    found, mistakes = [], []
    for number, one in enumerate(documents, 1):
        try:
            found.append(checked(one))
        except ValueError as error:
            mistakes.append(f"number {number}: {error}")
    _refuse(mistakes)
    return found


def _refuse(mistakes: list[str]) -> None:
    if mistakes:
        raise DatacenterError(
            "documents cannot be read",
            cause="; ".join(mistakes),
            next_step="assess those servers again with server_assess, which writes them",
        )


def _is_one(data: Any) -> bool:
    return isinstance(data, dict) and data.get("kind") == KIND


def checked(document: Any) -> Data:
    """The document, if it is one of this format. :raises ValueError: otherwise."""
    if not _is_one(document):
        raise ValueError("it is no document of server_assess")
    if document.get("format") != FORMAT:
        raise ValueError(f"it has format {document.get('format')}, and {FORMAT} is understood")
    found: Data = document
    return found
