# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which world a host stands in: the real estate, or a twin of it.

A twin carries the estate's own addresses, so an address proves nothing. What proves it
is what the twin's builder put where only it can: a file inside every machine, and, on
the control node, the network namespace the process runs in. Standard library only.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

WORLD_FILE = Path("/etc/anjianyun/world")
NAMESPACES = Path("/run/netns")
NAMESPACE_PREFIX = "ajy-"


def read_world(
    world_file: Path = WORLD_FILE,
    namespaces: Path = NAMESPACES,
    own_namespace: Path = Path("/proc/self/ns/net"),
) -> dict[str, Any]:
    """Say which world this process stands in, and by what that was seen.

    :returns: ``world`` (``twin`` or ``estate``), ``twin_id`` (None in the estate) and
        ``evidence``, a sentence. No mark of a twin means ``estate``: the dangerous
        answer is the default one, so that a lost mark never makes a real machine look
        like a rehearsal.
    :raises DatacenterError: when the mark is there and cannot be understood.
    """
    if world_file.exists():
        return _from_file(world_file)
    name = _own_namespace_name(namespaces, own_namespace)
    if name is not None:
        return {
            "world": "twin",
            "twin_id": name[len(NAMESPACE_PREFIX) :].split("-", 1)[0],
            "evidence": f"runs in the network namespace {name}",
        }
    return {"world": "estate", "twin_id": None, "evidence": f"no {world_file}, no namespace of a twin"}


def _from_file(world_file: Path) -> dict[str, Any]:
    try:
        mark = json.loads(world_file.read_text(encoding="utf-8"))
        world, twin_id = mark["world"], mark.get("twin_id")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatacenterError(
            "the mark that says which world this is cannot be read",
            device=str(world_file),
            cause=str(error),
            next_step="build the twin again, or remove the file if this is a real machine",
        ) from error
    return {"world": world, "twin_id": twin_id, "evidence": f"{world_file} says so"}


def _own_namespace_name(namespaces: Path, own_namespace: Path) -> str | None:
    """The name of the twin's namespace this process runs in, None outside of any."""
    try:
        own = os.stat(own_namespace)
        entries = sorted(namespaces.iterdir())
    except OSError:
        return None
    for entry in entries:
        if not entry.name.startswith(NAMESPACE_PREFIX):
            continue
        try:
            other = entry.stat()
        except OSError:
            continue
        if (other.st_dev, other.st_ino) == (own.st_dev, own.st_ino):
            return entry.name
    return None
