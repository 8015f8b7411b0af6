# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a tree from a source that has no rsync: tar over SSH, of what two manifests find to differ.

What is here already, by size and time, is not brought again: so a run after a cut goes on with the files that
are missing. A file that was cut begins anew. Hard-link groups travel whole, in one archive.
"""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Unreachable
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying import manifest, rsync
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.compare import (
    Rules,
    compare,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.manifest import Entry
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.rounds import Round
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.ssh import (
    NO_SESSION,
    Source,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.trees import Job, Tree

#: One archive has no more than this: it is what is said to be here at once.
MOST_BYTES, MOST_FILES = 1 << 30, 20000
MAKE = "tar --format=posix --no-recursion --numeric-owner --sparse --null -C {src} {more} -T - -cf -"
TAKE = [
    "tar",
    "-x",
    "-p",
    "--same-owner",
    "--numeric-owner",
    "--acls",
    "--xattrs",
    "--xattrs-include=*",
    "--delay-directory-restore",
]
ATTRIBUTES = "--acls --xattrs --xattrs-include='*'"


@dataclass(frozen=True)
class Way:
    """How one tree is brought; ``this`` takes what is counted."""

    this: Round
    delete: bool
    lock: int
    tick: Callable[[], None]
    retries: int
    tar: str


@dataclass
class Lot:
    """What one archive brings."""

    entries: list[Entry]
    size: int = 0


def bring(through: Source, source: Source, job: Job, tree: Tree, way: Way) -> None:
    """Make a tree here what it is at its source.

    :raises DatacenterError: when something cannot be brought.
    """
    if job.uids or job.gids:
        raise DatacenterError(
            "ids cannot be mapped on the way", device=source.name,
            cause="the source has no rsync, and tar maps none",
            next_step="give the users here the numbers that they have there",
        )  # fmt: skip
    one = Job((tree,), job.exclude, one_file_system=job.one_file_system)
    failed = 0
    while True:
        wanted, extra = _differing(source, one)
        if way.delete:
            _delete(tree, extra, way.this)
        try:
            for lot in _lots(wanted):
                _archive(through, tree, lot, way)
                failed = 0
        except Unreachable:
            failed += 1
            way.this.resumed += 1
            if failed > way.retries:
                raise
            time.sleep(min(30, 2**failed))
            continue
        if wanted or extra:
            # What is written into a directory changes its time, also of one that was right before.
            _directories_right(tree, _differing(source, one)[0])
        return


def _differing(source: Source, job: Job) -> tuple[list[Entry], list[str]]:
    """What has to be brought, in order, and what is too much here; by everything but the files' bytes."""
    # The one in hand when a difference is told is the one that differs.
    latest: list[Entry] = []
    groups: dict[str, list[Entry]] = {}

    def noted() -> Iterator[Entry]:
        for entry in manifest.at_source(source, job.order("src")):
            latest[:] = [entry]
            if "h" in entry.more:
                groups.setdefault(entry.more["h"], []).append(entry)
            yield entry

    wanted: dict[str, Entry] = {}
    extra: list[str] = []
    for each in compare(noted(), manifest.here(job.order("dest")), Rules()):
        if each.attribute == "extra":
            extra.append(each.path)
        elif not each.warning:
            wanted[each.path] = latest[0]
    for group in groups.values():
        if any(entry.path in wanted for entry in group):
            wanted.update((entry.path, entry) for entry in group)
    return sorted(wanted.values(), key=Entry.key), extra


def _lots(wanted: Sequence[Entry]) -> Iterator[Lot]:
    """In order, but for the paths of a hard-link group: they follow their first."""
    groups: dict[str, list[Entry]] = {}
    for entry in wanted:
        if "h" in entry.more:
            groups.setdefault(entry.more["h"], []).append(entry)
    lot = Lot([])
    for entry in wanted:
        if entry.more.get("h", entry.path) != entry.path:
            continue
        lot.entries += groups.get(entry.path, [entry])
        lot.size += entry.size
        if lot.size >= MOST_BYTES or len(lot.entries) >= MOST_FILES:
            yield lot
            lot = Lot([])
    if lot.entries:
        yield lot


def _archive(through: Source, tree: Tree, lot: Lot, way: Way) -> None:
    for entry in lot.entries:
        _make_way(tree, entry)
    sockets = [entry for entry in lot.entries if entry.type == "socket"]
    names = b"".join(
        b"./" + os.fsencode(entry.path) + b"\0" for entry in lot.entries if entry.type != "socket"
    )  # fmt: skip
    more = ATTRIBUTES if "GNU tar" in way.tar else ""
    command = through.command(MAKE.format(src=shlex.quote(tree.src), more=more))
    with (
        tempfile.TemporaryFile() as wanted,
        tempfile.TemporaryFile() as said,
        tempfile.TemporaryFile() as ours,
    ):
        wanted.write(names)
        wanted.seek(0)
        environment = dict(rsync.environment())
        tie = ["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []
        sender = subprocess.Popen(
            tie + command,
            stdin=wanted,
            stdout=subprocess.PIPE,
            stderr=said,
            env=environment,
            pass_fds=(way.lock,),
        )
        taker = subprocess.Popen(
            [*tie, *TAKE, "-C", tree.dest, "-f", "-"], stdin=sender.stdout, stdout=subprocess.DEVNULL,
            stderr=ours, env=environment, pass_fds=(way.lock,),
        )  # fmt: skip
        if sender.stdout is not None:
            sender.stdout.close()
        try:
            _wait(taker, way.tick)
            _wait(sender, way.tick)
        finally:
            for process in (sender, taker):
                if process.poll() is None:
                    process.terminate()
                    process.wait()
        said.seek(0)
        ours.seek(0)
        _judge(through, sender.returncode, said.read(), taker.returncode, ours.read(), way.this)
    for entry in sockets:
        _socket(tree, entry)
    way.this.bytes += lot.size
    way.this.files += len(lot.entries)
    way.this.changes += len(lot.entries)


def _judge(source: Source, sent: int, said: bytes, taken: int, ours: bytes, this: Round) -> None:
    if sent == NO_SESSION or sent < 0 or (taken != 0 and b"Unexpected EOF" in ours):
        raise Unreachable(
            "the copy was cut", device=source.name, cause=(said or ours).decode("utf-8", "replace")[-500:],
            next_step="run this again: files that are here are not copied again",
        )  # fmt: skip
    lines = said.decode("utf-8", "backslashreplace").splitlines()
    gone = [line for line in lines if "No such file or directory" in line or "removed before we read" in line]
    changed = [line for line in lines if "file changed as we read it" in line or "shrank by" in line]
    this.vanished += gone[: 50 - len(this.vanished)]
    this.vanished_count += len(gone)
    other = [
        line
        for line in lines
        if line not in gone and line not in changed and "Exiting with failure" not in line
    ]
    if (sent not in (0, 1) and other) or taken != 0:
        raise DatacenterError(
            "some files could not be copied", device=source.name,
            cause="; ".join([*other[:5], ours.decode("utf-8", "replace")[-500:]]),
            next_step="mend what is named, or leave it out, and run this again",
        )  # fmt: skip


def _wait(process: subprocess.Popen[bytes], tick: Callable[[], None]) -> None:
    while True:
        try:
            process.wait(1)
            return
        except subprocess.TimeoutExpired:
            tick()


def _make_way(tree: Tree, entry: Entry) -> None:
    """Remove what stands where something of another type has to: tar replaces no directory."""
    place = os.path.join(tree.dest, entry.path)
    try:
        there = os.lstat(place)
    except FileNotFoundError:
        return
    if stat.S_ISDIR(there.st_mode) != (entry.type == "directory"):
        _remove(place)


def _delete(tree: Tree, extra: Sequence[str], this: Round) -> None:
    for path in reversed(extra):
        place = os.path.join(tree.dest, path)
        try:
            # What is left out lies in no list: a directory that holds such stays.
            if stat.S_ISDIR(os.lstat(place).st_mode):
                os.rmdir(place)
            else:
                os.unlink(place)
        except OSError:
            continue
        this.deleted += 1


def _remove(place: str) -> None:
    if os.path.isdir(place) and not os.path.islink(place):
        shutil.rmtree(place)
    else:
        os.unlink(place)


def _socket(tree: Tree, entry: Entry) -> None:
    """tar leaves sockets out."""
    place = os.path.join(tree.dest, entry.path)
    if not os.path.lexists(place):
        os.mknod(place, stat.S_IFSOCK | entry.mode)
    os.chown(place, entry.uid, entry.gid)
    os.chmod(place, entry.mode)
    os.utime(place, ns=(entry.mtime_ns, entry.mtime_ns))


def _directories_right(tree: Tree, wanted: Sequence[Entry]) -> None:
    """A later archive writes into a directory that an earlier one brought: its time is set last."""
    for entry in reversed(wanted):
        if entry.type == "directory":
            os.utime(os.path.join(tree.dest, entry.path), ns=(entry.mtime_ns, entry.mtime_ns))
