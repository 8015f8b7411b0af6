# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would go back: how the trees here differ from those at the source, but for the files' bytes."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying import manifest
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.compare import (
    GROUP,
    USER,
    Difference,
    Rules,
    compare,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.manifest import Entry
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.ssh import Source
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.trees import Job
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.verify import printable

MADE, ALTERED, REMOVED = "made", "altered", "removed"
_KINDS = {"missing": MADE, "extra": REMOVED}
#: By which rsync takes a file anew.
_ANEW = frozenset({"size", "mtime", "type", "missing", "extra"})
#: Paths that a result names.
SHOWN = 50


@dataclass
class Survey:
    """What goes back, counted.

    :ivar counts: paths by what becomes of them at the source. A directory whose time alone is another does
        not count: it is so wherever a file was made.
    :ivar differences: all lines that were written, directories included.
    :ivar entries: files of each root here, and of each at the source.
    :ivar brings: bytes of each root that the source takes.
    :ivar keeps: bytes of each root that are overwritten or removed there.
    :ivar unreadable: directories of either side of which nobody knows what they hold.
    """

    counts: Counter[str] = field(default_factory=Counter)
    differences: int = 0
    shown: list[dict[str, str]] = field(default_factory=list)
    entries: tuple[Counter[int], Counter[int]] = field(default_factory=lambda: (Counter(), Counter()))
    brings: Counter[int] = field(default_factory=Counter)
    keeps: Counter[int] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """As the result has it."""
        return {
            **{kind: self.counts[kind] for kind in (MADE, ALTERED, REMOVED)},
            "paths": self.shown,
            "path_count": sum(self.counts.values()),
        }


class _Side:
    """The entries of one side as they pass, counted; a difference tells of the one in hand."""

    def __init__(self, entries: Iterator[Entry], counted: Counter[int]) -> None:
        self.latest: Entry | None = None
        self._entries, self._counted = entries, counted

    def __iter__(self) -> Iterator[Entry]:
        for entry in self._entries:
            self.latest = entry
            self._counted[entry.root] += 1
            yield entry


def survey(source: Source, job: Job, whole_seconds: bool, lines: IO[str]) -> Survey:
    """Walk both sides.

    :param job: the other way round (``Job.back``).
    :param lines: takes each attribute that differs, as it is at the source, one JSON object a line.
    :raises Refused: for an ACL whose ids would have to be mapped.
    """
    found = Survey()
    manifests = manifest.here(job.order("dest")), manifest.at_source(source, job.order("src"))
    ours, theirs = (_Side(iter(one), counted) for one, counted in zip(manifests, found.entries))
    rules = Rules(uids=job.uids, gids=job.gids, whole_seconds=whole_seconds)
    last: tuple[int, str] | None = None
    for each in compare(_mappable(ours, job), theirs, rules):
        if each.warning:
            continue
        here = ours.latest if each.attribute != "extra" else None
        there = theirs.latest if each.attribute != "missing" else None
        _write(lines, job, each)
        found.differences += 1
        fresh = (each.root, each.path) != last
        last = _take(found, job, each, (here, there), fresh) or last
    for one, side in zip(manifests, ("dest", "src")):
        for root, path, cause in one.unreadable:
            found.unreadable.append(f"{os.path.join(getattr(job.trees[root], side), path)} ({cause})")
    return found


def _take(
    found: Survey, job: Job, each: Difference, entries: tuple[Entry | None, Entry | None], fresh: bool
) -> tuple[int, str] | None:
    """Count one; the path when it counts, so that its other attributes do not count again."""
    here, there = entries
    kind = _KINDS.get(each.attribute, ALTERED)
    if each.attribute == "mtime" and here is not None and here.type == "directory":
        return None
    if fresh:
        found.counts[kind] += 1
        if len(found.shown) < SHOWN:
            found.shown.append({"path": printable(_at_source(job, each)), "what": kind})
        # A file of which anything differs may come anew: rather too much room than too little.
        found.brings[each.root] += here.allocated if here is not None else 0
        found.keeps[each.root] += there.allocated if there is not None else 0
    return each.root, each.path


def _write(lines: IO[str], job: Job, each: Difference) -> None:
    was = {"attribute": each.attribute, "was": each.target, "becomes": each.source}
    lines.write(json.dumps({"path": _at_source(job, each), **was}) + "\n")


def _at_source(job: Job, each: Difference) -> str:
    root = job.trees[each.root].src
    return os.path.join(root, each.path) if each.path else root


def _mappable(entries: _Side, job: Job) -> Iterator[Entry]:
    """rsync maps owners and groups, and carries the numbers of an ACL unchanged; acls.py works here alone."""
    for entry in entries:
        for key in ("a", "b") if job.uids or job.gids else ():
            for tag, _permissions, number in entry.more.get(key, []):
                ids: Mapping[int, int] = job.uids if tag == USER else job.gids if tag == GROUP else {}
                if ids.get(number, number) != number:
                    place = printable(os.path.join(job.trees[entry.root].dest, entry.path))
                    raise Refused(
                        "the ids inside of its ACL cannot be mapped on the way back", device=place,
                        cause=f"{number} is {ids[number]} at the source",
                        next_step="take that entry out of the ACL (setfacl -x); set it at the source by hand",
                    )  # fmt: skip
        yield entry
