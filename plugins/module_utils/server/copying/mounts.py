# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On which mounts trees lie: noted by each copy, so that a disk that is missing later is no empty tree."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.module_utils import durable
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.trees import Job

NOTED = "mounts"


def points_of(text: str) -> tuple[str, ...]:
    """The mount points of /proc/mounts' second column, whose spaces and others stand as octal numbers."""
    return tuple(
        re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), line) for line in text.splitlines()
    )


def here() -> tuple[str, ...]:
    """Those of this machine."""
    text = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape")
    return points_of("\n".join(line.split(" ")[1] for line in text.splitlines()))


def below(path: str, points: Iterable[str]) -> list[str]:
    """Mounts below a path."""
    above = path.rstrip("/") + "/"
    return sorted({point for point in points if point.startswith(above) and point != path})


def of(path: str, points: Iterable[str]) -> list[str]:
    """The mount that holds a path, and those below it."""
    points = list(points)
    holding = [point for point in points if f"{path}/".startswith(point.rstrip("/") + "/")]
    return [*([max(holding, key=len)] if holding else []), *below(path, points)]


def note(root: Path, job: Job, theirs: Iterable[str]) -> None:
    """Keep in a copy's own directory how its trees lie, on both sides."""
    theirs, ours = list(theirs), here()
    told = [{"src": of(tree.src, theirs), "dest": of(tree.dest, ours)} for tree in job.trees]
    durable.replace(root / NOTED, json.dumps(told).encode(), 0o600)


def missing(root: Path, job: Job, theirs: Iterable[str]) -> dict[str, list[str]]:
    """Mounts of a side, ``src`` or ``dest``, that were there when it was copied and are not now."""
    try:
        told = json.loads((root / NOTED).read_bytes())
    except (OSError, ValueError):
        return {}
    theirs, ours = set(theirs), set(here())
    found: dict[str, list[str]] = {"src": [], "dest": []}
    for _tree, noted in zip(job.trees, told):
        for side, points in (("src", theirs), ("dest", ours)):
            found[side] += [point for point in noted[side] if point not in points]
    return {side: sorted(set(points)) for side, points in found.items() if points}
