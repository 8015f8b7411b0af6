# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives trees back to the source that they came from: what was made, altered and removed here since.

What is overwritten or removed there is kept there, in a directory of this run's own, so that a second run
never overwrites what a first one kept. Nothing is kept of a run for the next: a file that is there already is
not sent again.
"""

from __future__ import annotations

import os
import shlex
import tempfile
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    Refused,
    Unreachable,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying import (
    mounts,
    preflight,
    rsync,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.limits import (
    Limits,
    LiveLimits,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.preflight import Found
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.rounds import (
    Running,
    backoff,
    watch,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.session import (
    opened,
    place_of,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.ssh import Source, source_of
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.survey import Survey, survey
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.trees import (
    Job,
    Tree,
    job_of,
    within,
)

#: An rsync before it knows no maps of ids, and no part of a second.
_KNOWS_MAPS = (3, 1, 0)
#: What stays free at the source.
_RESERVE = 64 * 1024 * 1024
#: What each attribute was, one JSON object a line, beside the files that are kept.
ATTRIBUTES = "attributes.jsonl"
_ROOM = """\
for each in {places}; do
  while [ ! -d "$each/." ]; do each=$(dirname "$each"); done
  stat -f -c '%i %S %f %c %d' "$each/."
done
"""
_KEPT = """\
sync; cd {keep} 2>/dev/null || exit 0
find . -mindepth 2 ! -type d ! -path './*/{attributes}' -print0 | tr -dc '\\0' | wc -c
du -sk . | cut -f 1
"""


@dataclass
class Done:
    """What the rsyncs have said."""

    bytes: int = 0
    files: int = 0
    deleted: int = 0
    retries: int = 0


def return_trees(options: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """What the module's options ask for."""
    began = time.monotonic()
    job, source = job_of(options), source_of(options)
    back, keep = job.back(), _keep_in(options["keep_in"], job)
    found = preflight.ask(source, job)
    _gate_programs(source, back, found)
    state = Path(options["state_directory"])
    _gate_places(source, job, mounts.missing(place_of(state, source, job), job, found.mounts))
    with tempfile.TemporaryFile("w+", encoding="ascii") as lines:
        if check:
            seen = _surveyed(source, back, found, keep, lines)
            return {"changed": seen.differences > 0, **seen.told()}
        with opened(state, source, job, LiveLimits(Limits(), None), 1) as (_session, lock):
            seen = _surveyed(source, back, found, keep, lines)
            done = Done()
            if seen.differences:
                _push(source, back, _kept_now(source, keep, lines), lock, options["retries"], done)
    return {
        "changed": seen.differences > 0,
        **seen.told(),
        **vars(done),
        **_read_kept(source, keep),
        "seconds": round(time.monotonic() - began, 3),
    }


def _keep_in(path: str, job: Job) -> str:
    place = os.path.normpath(path)
    if not place.startswith("/") or place == "/":
        raise DatacenterError(f"{path} is no directory of ours", next_step="name an absolute path in keep_in")
    for tree in job.trees:
        if within(place, tree.src) or within(tree.src, place):
            raise DatacenterError(
                f"what is overwritten would be kept within the tree {tree.src} itself", device=place,
                next_step="name a place outside of the trees in keep_in",
            )  # fmt: skip
    return place


def _gate_programs(source: Source, back: Job, found: Found) -> None:
    if found.version is None:
        raise Refused(
            "the trees are not given back", device=source.name,
            cause="the source has no rsync, and tar keeps nothing of what it overwrites",
            next_step="bring its own rsync for the time of the move (its package, or its program alone); or "
            "bring back by hand what tree_verify lists",
        )  # fmt: skip
    if (back.uids or back.gids) and found.version < _KNOWS_MAPS:
        raise Refused(
            "the trees are not given back", device=source.name,
            cause="ids are to be mapped, and the source's rsync is older than 3.1, which maps none",
            next_step="bring back by hand what tree_verify lists",
        )  # fmt: skip


def _gate_places(source: Source, job: Job, missing: Mapping[str, list[str]]) -> None:
    """A disk that is not mounted is no empty tree: nobody has removed those files."""
    why = [f"{tree.dest} is no directory here" for tree in job.trees if not os.path.isdir(tree.dest)]
    for side, where in (("dest", "here"), ("src", "at the source")):
        why += [f"{point} is not mounted {where}, as it was" for point in missing.get(side, [])]
    _refuse(source, why)


def _gate_empty(source: Source, job: Job, seen: Survey) -> None:
    if seen.unreadable:
        raise Refused(
            "the trees are not given back", device=source.name,
            cause=f"what these hold cannot be read: {'; '.join(seen.unreadable[:5])}",
            next_step="mend or restore them, and run this again; nothing has been changed",
        )  # fmt: skip
    ours, theirs = seen.entries
    _refuse(
        source,
        [
            f"{tree.dest} is empty here, and has {theirs[number] - 1} files at the source"
            for number, tree in enumerate(job.trees)
            if ours[number] <= 1 < theirs[number]
        ],
    )


def _refuse(source: Source, why: list[str]) -> None:
    if why:
        raise Refused(
            "the trees are not given back", device=source.name,
            cause=f"{'; '.join(why)}: all that is missing would be removed there",
            next_step="mount what is missing and run this again; nothing has been changed",
        )  # fmt: skip


def _surveyed(source: Source, back: Job, found: Found, keep: str, lines: IO[str]) -> Survey:
    seen = survey(source, back, (found.version or _KNOWS_MAPS) < _KNOWS_MAPS, lines)
    _gate_empty(source, back, seen)
    _gate_room(source, back, seen, keep)
    return seen


def _gate_room(source: Source, job: Job, seen: Survey, keep: str) -> None:
    """That the source takes it, and keeps what it overwrites; on one file system a rename keeps it."""
    places = [*(tree.src for tree in job.trees), keep]
    said = source.ask(_ROOM.format(places=" ".join(map(shlex.quote, places))), timeout_s=60)
    rows = [line.split() for line in said.splitlines()]
    if [len(row) for row in rows] != [5] * len(places):
        raise DatacenterError(
            "what room the source has is not known", device=source.name,
            cause=f"of {len(places)} places its stat tells {said!r}",
        )  # fmt: skip
    needed: Counter[str] = Counter()
    for number in range(len(job.trees)):
        needed[rows[number][0]] += seen.brings[number]
        if rows[number][0] != rows[-1][0]:
            needed[rows[-1][0]] += seen.keeps[number]
    for place, (name, size, free, inodes, inodes_free) in zip(places, rows):
        short = needed[name] and needed[name] + _RESERVE - int(size) * int(free)
        if short > 0 or (int(inodes) and sum(seen.counts.values()) > int(inodes_free)):
            raise Refused(
                "the trees are not given back", device=source.name,
                cause=f"{needed[name]} bytes are needed at {place}, {_RESERVE} stay free; there are "
                f"{int(size) * int(free)} bytes and {inodes_free} files free",
                next_step="make room there, or name another place in keep_in; nothing has been changed",
            )  # fmt: skip


def _kept_now(source: Source, keep: str, lines: IO[str]) -> str:
    """This run's own directory at the source, with what each attribute was."""
    lines.seek(0)
    now = time.time_ns()
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now // 10**9))
    place = f"{keep}/{stamp}.{now % 10**9 // 10**3:06d}Z"
    quoted = shlex.quote(place)
    source.ask(
        f"umask 077; mkdir -p {quoted} && cat > {quoted}/{ATTRIBUTES} && sync",
        timeout_s=300, stdin=lines.read().encode("ascii"),
    )  # fmt: skip
    return place


def _push(source: Source, back: Job, kept: str, lock: int, retries: int, done: Done) -> None:
    for tree in back.trees:
        way = rsync.Way(delete=True, kept=os.path.join(kept, tree.src.lstrip("/")))
        _push_tree(source, rsync.command(source, back, tree, way), tree, lock, retries, done)


def _push_tree(source: Source, argv: list[str], tree: Tree, lock: int, retries: int, done: Done) -> None:
    """One tree, tried again after a cut."""
    failed: deque[float] = deque()
    while True:
        run = Running(argv, lock)
        watch([run], lambda: None)
        code, figures = run.process.returncode, run.heard.figures
        done.bytes += figures["bytes"]
        done.files += figures["files"]
        done.deleted += figures["deleted"]
        if code == rsync.OK:
            return
        said = "; ".join(run.heard.errors[:5])
        if code == rsync.VANISHED:
            raise DatacenterError(
                "files vanish while they are given back", device=tree.dest,
                cause=said or run.heard.vanished[0],
                next_step="end what still works on the trees here, and run this again",
                result={"changed": True, **vars(done)},
            )  # fmt: skip
        if code >= 0 and code not in rsync.AGAIN:
            raise DatacenterError(
                "some files could not be given back", device=source.name,
                cause=f"rsync ended with {code}: {said}",
                next_step="mend what is named, and run this again: what is there is not sent again",
                result={"changed": True, **vars(done)},
            )  # fmt: skip
        failed.append(time.monotonic())
        done.retries += 1
        if len(failed) > retries:
            raise Unreachable(
                "the trees were cut off again and again on their way back", device=source.name, cause=said,
                next_step="mend the line or the source, and run this again: what is there is not sent again",
                result={"changed": True, **vars(done)},
            )  # fmt: skip
        time.sleep(backoff(failed))


def _read_kept(source: Source, keep: str) -> dict[str, Any]:
    """All that this and earlier runs keep there, as the source says; it is on its disk then."""
    said = source.ask(
        _KEPT.format(keep=shlex.quote(keep), attributes=ATTRIBUTES), timeout_s=300
    ).split()  # fmt: skip
    files, kibibytes = (int(word) for word in said) if said else (0, 0)
    return {"kept": keep if said else None, "kept_files": files, "kept_bytes": kibibytes * 1024}
