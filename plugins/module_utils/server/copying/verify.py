# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves that trees here are the same as at their source, or names each difference."""

from __future__ import annotations

import json
import os
import queue
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying import compare, manifest
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.compare import (
    Difference,
    Rules,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.manifest import (
    Manifest,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.ssh import (
    Source,
    source_of,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.trees import Job, job_of

#: Lines that one side may be ahead of the other.
AHEAD = 4096
BATCH = 256


@dataclass(frozen=True)
class Proof:
    """How thorough a comparison is, and what becomes of what it finds.

    :param digest: blake2b or sha256; ``None`` compares everything but the files' bytes.
    :param nice: of the programs on both sides.
    :param shown: so many differences stand in the result, all of them in the list.
    :param list_file: where all differences are written, one JSON object a line.
    """

    digest: str | None = "blake2b"
    threads: int | None = None
    nice: int = 5
    shown: int = 50
    list_file: Path | None = None


def verify(source: Source, job: Job, rules: Rules, proof: Proof) -> dict[str, Any]:
    """Compare trees with their source; nothing is changed on either side.

    :returns: ``identical``, ``differences`` (the first few), ``difference_count``, ``by_attribute``,
        ``warnings``, ``entries``, ``bytes``, ``unreadable``, ``seconds``, ``list_file``.
    """
    began = time.monotonic()
    told = {"digest": proof.digest, "threads": proof.threads, "nice": proof.nice}
    theirs = manifest.at_source(source, job.order("src", **told))
    ours = manifest.here(job.order("dest", **told))
    found = Findings(job, proof)
    try:
        for each in compare.compare_lines(read_ahead(theirs), read_ahead(ours), rules):
            found.add(each)
        for attribute, ids in (("users", rules.uids), ("groups", rules.gids)):
            for each in compare.name_changes(
                theirs.last[attribute], ours.last[attribute], ids, f"{attribute[:-1]}_name"
            ):
                found.add(each)
    finally:
        found.close()
    unreadable = [_told(job, "src", *each) for each in theirs.unreadable]
    unreadable += [_told(job, "dest", *each) for each in ours.unreadable]
    return {
        "identical": not found.count and not unreadable,
        "unreadable": unreadable[: proof.shown],
        "entries": theirs.last["entries"],
        "bytes": theirs.last["bytes"],
        "lacks": sorted({*theirs.first["lacks"], *ours.first["lacks"]}),
        "seconds": round(time.monotonic() - began, 3),
        "source_clock_ns": theirs.first["clock_ns"],
        **found.told(),
    }


def verify_trees(options: Mapping[str, Any]) -> dict[str, Any]:
    """What the module's options ask for.

    :raises DatacenterError: with the whole result, when something differs and ``fail_on_difference`` is set.
    """
    job, source = job_of(options), source_of(options)
    rules = Rules(
        uids=job.uids, gids=job.gids, sparse=options["sparse"], whole_seconds=options["whole_seconds"]
    )
    proof = Proof(
        digest=None if options["digest"] == "none" else options["digest"],
        threads=options["threads"],
        shown=options["shown"],
        list_file=Path(options["list_file"]) if options["list_file"] else None,
    )
    result = verify(source, job, rules, proof)
    if options["fail_on_difference"] and not result["identical"]:
        raise DatacenterError(
            "the trees are not the same as at the source", device=source.name,
            cause=f"{result['difference_count']} differences in {result['by_attribute']}, "
            f"{len(result['unreadable'])} directories not read",
            next_step="read the list of differences, copy again, and verify again", result=result,
        )  # fmt: skip
    return result


class Findings:
    """Differences as they come: counted, the first few kept, all of them written."""

    def __init__(self, job: Job, proof: Proof) -> None:
        self.count = 0
        self._job = job
        self._proof = proof
        self._kinds: Counter[str] = Counter()
        self._shown: list[dict[str, Any]] = []
        self._warnings: list[dict[str, Any]] = []
        self._warned = 0
        self._list: IO[str] | None = None
        if proof.list_file is not None:
            self._list = _opened(proof.list_file)

    def add(self, each: Difference) -> None:
        """Take a difference or a warning."""
        told = each.told()
        told["path"] = os.path.join(self._job.trees[each.root].dest, each.path) if each.path else ""
        if not each.path and not each.attribute.endswith("_name"):
            told["path"] = self._job.trees[each.root].dest
        if self._list is not None:
            self._list.write(json.dumps({**told, "warning": each.warning}) + "\n")
        kept = self._warnings if each.warning else self._shown
        if len(kept) < self._proof.shown:
            # What a result carries has to be text: bytes that are none stand as \\udcXX.
            kept.append({**told, "path": printable(told["path"])})
        if each.warning:
            self._warned += 1
        else:
            self.count += 1
            self._kinds[each.attribute.partition(":")[0]] += 1

    def close(self) -> None:
        """Finish the list."""
        if self._list is not None:
            self._list.close()

    def told(self) -> dict[str, Any]:
        """As the result has it."""
        return {
            "differences": self._shown,
            "difference_count": self.count,
            "by_attribute": dict(self._kinds),
            "differing": self._warnings,
            "differing_count": self._warned,
            "list_file": None if self._proof.list_file is None else str(self._proof.list_file),
        }


def printable(path: str) -> str:
    """A path as text that any reader takes: bytes that are no text are written as ``\\xNN``."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _told(job: Job, side: str, root: int, path: str, cause: str) -> dict[str, str]:
    place = os.path.join(getattr(job.trees[root], side), path)
    return {"side": "source" if side == "src" else "target", "path": printable(place), "cause": cause}


def _opened(path: Path) -> IO[str]:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8")
    except OSError as error:
        raise DatacenterError(
            "the list of differences cannot be written", device=str(path), cause=error.strerror
        ) from error


def read_ahead(entries: Manifest) -> Iterator[bytes]:
    """The entries, while a thread reads on: else the one side would stand still while the other works."""
    ahead: queue.Queue[list[bytes] | BaseException | None] = queue.Queue(maxsize=AHEAD // BATCH)
    stopped = threading.Event()

    def read() -> None:
        try:
            batch: list[bytes] = []
            for entry in entries.lines():
                batch.append(entry)
                if len(batch) == BATCH:
                    _put(ahead, batch, stopped)
                    batch = []
                if stopped.is_set():
                    return
            _put(ahead, batch, stopped)
            _put(ahead, None, stopped)
        except BaseException as error:
            _put(ahead, error, stopped)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        while True:
            got = ahead.get()
            if got is None:
                return
            if isinstance(got, BaseException):
                raise got
            yield from got
    finally:
        stopped.set()
        reader.join(30)


def _put(ahead: queue.Queue[Any], item: object, stopped: threading.Event) -> None:
    while not stopped.is_set():
        try:
            ahead.put(item, timeout=0.5)
            return
        except queue.Full:
            continue
