# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is proved before anything is copied: the way in, the programs, the trees, the room."""

from __future__ import annotations

import os
import re
import shlex
import socket
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying import (
    manifest,
    mounts,
    rsync,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.ssh import Source
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.trees import Job

#: File systems whose used blocks are what a copy of them takes here, or more.
PLAIN = frozenset({"ext2/ext3", "xfs", "tmpfs", "overlayfs"})
#: What stays free beside the copy, for the file that is being written and for the system.
RESERVE = 256 * 1024 * 1024
ASK = """\
rsync --version 2>/dev/null || true
echo @tar; tar --version 2>/dev/null | head -n 1
echo @mounts; cut -d ' ' -f 2 /proc/mounts
echo @trees
for each in {trees}; do
  if [ -d "$each/." ]; then stat -f -c '%i %T %S %b %f %c %d' "$each/." || echo unknown; else echo missing; fi
done
"""
#: In the same session, for each costs the time in which megabytes come: 1 where there is no Python.
ASK_SAMPLE = f"""\
echo @sample
( {manifest.FIND_PYTHON} ) || echo 1
"""
#: How well the first files of a tree compress, told by a sample of them.
SAMPLE = """
import os, time, zlib
found, raw, packed, end = [], 0, 0, time.time() + 0.4
for root in ROOTS:
    for directory, names, files in os.walk(root):
        for name in files:
            path = os.path.join(directory, name)
            if os.path.isfile(path) and not os.path.islink(path):
                found.append((os.path.getsize(path), path))
        if len(found) > 1500 or time.time() > end:
            break
found.sort()
for size, path in found[-24:] + found[:-24][:: max(1, len(found) // 60)]:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, size // 2 - 32768))
            data = file.read(65536)
    except OSError:
        continue
    weight = size / max(1, len(data))
    raw += len(data) * weight
    packed += len(zlib.compress(data, 1)) * weight
print(packed / raw if raw else 1)
"""


@dataclass(frozen=True)
class Found:
    """What the source has.

    :param version: of its rsync; None: it has none.
    :param zstd: its rsync compresses with zstd.
    :param bound: bytes and inodes that the trees take at most; None: not known without a walk.
    :param rtt_s: of the line, by the time that a connection takes to open.
    :param mounts: its mount points.
    :param ratio: what a sample of the files becomes when compressed, as a share of its size; 1: not known.
    """

    version: tuple[int, int, int] | None
    zstd: bool
    tar: str
    bound: tuple[int, int] | None
    rtt_s: float
    mounts: tuple[str, ...] = ()
    ratio: float = 1.0


def ask(source: Source, job: Job, sample: bool = False) -> Found:
    """One question to the source.

    :param sample: whether some files are compressed for it.
    :raises DatacenterError: when a tree is not there.
    """
    text = ASK.format(trees=" ".join(shlex.quote(tree.src) for tree in job.trees))
    program = ""
    if sample:
        text += ASK_SAMPLE
        program = f"ROOTS = {[tree.src for tree in job.trees]!r}\n{SAMPLE}"
    said = source.ask(text, timeout_s=60, stdin=program.encode("utf-8", "surrogateescape"))
    said, _mark, ratio = said.partition("@sample\n")
    head, trees = said.split("@trees\n")
    head, column = head.split("@mounts\n")
    points = mounts.points_of(column)
    head, tar = head.split("@tar\n")
    rows = trees.splitlines()
    missing = [tree.src for tree, row in zip(job.trees, rows) if row == "missing"]
    if missing:
        raise DatacenterError(
            f"{', '.join(missing)} is no directory there",
            device=source.name,
            next_step="name what is to be copied",
        )
    found = re.search(r"Compress list:\s*\n\s*([^\n]*)", head)
    return Found(
        version=rsync.version_of(head),
        zstd=bool(found and "zstd" in found[1].split()),
        tar=tar.strip(),
        bound=None if _has_mounts_below(job, points) else _bound(rows),
        rtt_s=round_trip(source),
        mounts=points,
        ratio=_ratio(ratio),
    )


def _ratio(said: str) -> float:
    try:
        return float(said.split()[0])
    except (IndexError, ValueError):
        return 1.0


def round_trip(source: Source) -> float:
    """Seconds that the opening of a connection takes; the best of three."""
    times = []
    for _attempt in range(3):
        began = time.monotonic()
        try:
            socket.create_connection((source.host, source.port), source.connect_timeout_s).close()
        except OSError:
            continue
        times.append(time.monotonic() - began)
    return min(times, default=0.0)


def _has_mounts_below(job: Job, points: tuple[str, ...]) -> bool:
    return not job.one_file_system and any(mounts.below(tree.src, points) for tree in job.trees)


def _bound(rows: list[str]) -> tuple[int, int] | None:
    """What the file systems of the trees hold in all, each once; None where that bounds nothing."""
    systems: dict[str, tuple[int, int]] = {}
    for row in rows:
        words = row.split()
        if len(words) != 7 or words[1] not in PLAIN:
            return None
        size, blocks, free, inodes, inodes_free = (int(word) for word in words[2:])
        systems[words[0]] = (blocks - free) * size, inodes - inodes_free
    return sum(one[0] for one in systems.values()), sum(one[1] for one in systems.values())


def prove_room(source: Source, job: Job, found: Found) -> dict[str, int | str]:
    """That the trees have room here, by the cheapest proof that does.

    :returns: ``proved_by``, ``needed_bytes``, ``free_bytes``.
    :raises Refused: when they have not.
    """
    free = {device: _free(path) for device, path in _devices(job).items()}
    least = min(room[0] for room in free.values()), min(room[1] for room in free.values())
    if found.bound is not None and found.bound[0] + RESERVE <= least[0] and found.bound[1] <= least[1]:
        whole = "all that its file systems hold"
        return {"proved_by": whole, "needed_bytes": found.bound[0], "free_bytes": least[0]}
    needed, inodes = _survey(source, job)
    for device, room in free.items():
        short = needed[device] + RESERVE - room[0]
        if short > 0 or inodes[device] > room[1]:
            raise Refused(
                "the trees have no room here", device=_devices(job)[device],
                cause=f"{needed[device]} bytes and {inodes[device]} files more are needed, {RESERVE} bytes "
                f"stay free; there are {room[0]} bytes and {room[1]} files free",
                next_step="make room, or leave out what is not needed; nothing has been copied",
            )  # fmt: skip
    return {"proved_by": "a walk", "needed_bytes": sum(needed.values()), "free_bytes": least[0]}


def _survey(source: Source, job: Job) -> tuple[dict[int, int], dict[int, int]]:
    """Bytes and files that each file system here still has to take."""
    needed: defaultdict[int, int] = defaultdict(int)
    inodes: defaultdict[int, int] = defaultdict(int)
    devices = [os.stat(_existing(tree.dest)).st_dev for tree in job.trees]
    theirs = manifest.at_source(source, job.order("src", xattrs=False))
    for entry in theirs:
        if entry.more.get("h", entry.path) == entry.path:
            needed[devices[entry.root]] += entry.allocated
            inodes[devices[entry.root]] += 1
    for entry in manifest.here(job.order("dest", xattrs=False)):
        if entry.more.get("h", entry.path) == entry.path:
            needed[devices[entry.root]] -= entry.allocated
            inodes[devices[entry.root]] -= 1
    return needed, inodes


def _devices(job: Job) -> dict[int, str]:
    """The file systems here that the trees come to, each with a path on it."""
    return {os.stat(place).st_dev: place for place in (_existing(tree.dest) for tree in job.trees)}


def _existing(path: str) -> str:
    place = Path(path)
    while not place.is_dir():
        place = place.parent
    return str(place)


def _free(path: str) -> tuple[int, int]:
    status = os.statvfs(path)
    # A file system that counts no inodes has as many as it likes.
    return status.f_bavail * status.f_frsize, status.f_favail if status.f_files else 2**62
