# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings trees here from their source: rsync copies; we prove room, watch, slow down, resume and count."""

from __future__ import annotations

import math
import os
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Unreachable
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying import (
    acls,
    manifest,
    mounts,
    preflight,
    rsync,
    salvage,
    tar,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.limits import (
    LiveLimits,
    limits_of,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.progress import Progress
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.rounds import (
    Round,
    Running,
    Small,
    backoff,
    decide,
    shares,
    watch,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.session import (
    Session,
    opened,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.ssh import Source, source_of
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.trees import (
    Job,
    Tree,
    job_of,
)

#: What OpenSSH lets be under way in one channel.
WINDOW = 2 * 1024 * 1024
MOST_CHANNELS = 8
#: Lines of what would be done that a check tells.
SHOWN = 200


@dataclass(frozen=True)
class Plan:
    """How it is copied.

    :param delete: what is not at the source goes here as well.
    :param compress: ``yes``, ``no``, or ``auto``: where a sample of the files gets smaller by a fifth.
    :param channels: SSH sessions of the first round; 0: as many as the line's round trip asks for.
    :param line_mbit_s: what the line carries, where it is known.
    :param repeat: rounds until the delta is small; else one alone.
    :param retries: tries after a cut that brought nothing new.
    """

    delete: bool = False
    compress: str = "auto"
    channels: int = 1
    line_mbit_s: float = 0
    repeat: bool = False
    small: Small = Small()
    retries: int = 5


def copy_trees(options: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """What the module's options ask for."""
    job, source = job_of(options), source_of(options)
    plan = Plan(
        delete=options["delete"],
        compress=options["compress"],
        channels=options["channels"],
        line_mbit_s=options["line_mbit_s"],
        repeat=options["mode"] == "until_small",
        small=Small(options["small_seconds"], options["small_bytes"], options["max_rounds"]),
        retries=options["retries"],
    )
    limits = LiveLimits(
        limits_of(options), Path(options["limits_file"]) if options["limits_file"] else None
    )  # fmt: skip
    if check:
        return would_copy(source, job, plan, preflight.ask(source, job))
    found = preflight.ask(source, job, sample=plan.compress == "auto")
    compress = _compresses(plan, found)
    room = preflight.prove_room(source, job, found)
    channels = channels_for(plan, found.rtt_s)
    progress = Progress(Path(options["progress_file"]) if options["progress_file"] else None)
    with opened(Path(options["state_directory"]), source, job, limits, channels) as (session, lock):
        copier = Copier(source, job, replace(plan, compress=compress), found, session, lock, progress)
        result = copier.run()
    return {**result, "room": room}


def _compresses(plan: Plan, found: preflight.Found) -> str:
    """Yes or no, with what a sample of the files has shown."""
    if found.version is None:
        return "no"
    if plan.compress != "auto":
        return plan.compress
    # Beyond that the processors are what is waited for; zlib, all that an old rsync has, is slower.
    fastest = 2000 if found.zstd else 600
    return "yes" if plan.line_mbit_s <= fastest and found.ratio < 0.8 else "no"


def channels_for(plan: Plan, rtt_s: float) -> int:
    """As many channels as fill the line's rate times its round trip: one has at most its window under way."""
    if plan.channels:
        return plan.channels
    return max(1, min(MOST_CHANNELS, math.ceil(plan.line_mbit_s * 125_000 * rtt_s / WINDOW)))


def would_copy(source: Source, job: Job, plan: Plan, found: preflight.Found) -> dict[str, Any]:
    """What a copy would do, by rsync itself; nothing is written."""
    if found.version is None:
        return {"changed": True, "method": "tar", "would": [], "would_count": None}
    lines: list[str] = []
    count = 0
    for tree in job.trees:
        run = Running(rsync.command(source, job, tree, rsync.Way(delete=plan.delete, dry=True)), None, SHOWN)
        watch([run], lambda: None)
        code = run.process.returncode
        if code not in (rsync.OK, rsync.VANISHED):
            raise source.failure(
                "rsync could not say what it would do", code, "\n".join(run.heard.errors).encode()
            )
        count += run.heard.changes
        lines += run.heard.itemized
    return {"changed": count > 0, "method": "rsync", "would": lines[:SHOWN], "would_count": count}


class Copier:
    """One copy at work."""

    def __init__(
        self, source: Source, job: Job, plan: Plan, found: preflight.Found,
        session: Session, lock: int, progress: Progress,
    ) -> None:  # fmt: skip
        self.source = source
        self.through = session.through(source)
        self.job = job
        self.plan = plan
        self.found = found
        self.session = session
        self.lock = lock
        self.progress = progress
        self.rounds: list[Round] = []
        self.compress = plan.compress == "yes"
        self.resumed = 0
        self.cut = False
        self.began = time.monotonic()
        self.converged: bool | None = None
        self.reason = ""

    def run(self) -> dict[str, Any]:
        """Round after round.

        :raises DatacenterError: with what has been done so far.
        """
        roots = [tree.dest for tree in self.job.trees]
        since = self.session.unfinished_since_ns
        if since is not None:
            self.cut = True
            self.resumed += salvage.salvage(roots, since)
        self.session.begin()
        for root in roots:
            os.makedirs(root, exist_ok=True)
        try:
            while not self._enough():
                self._round(len(self.rounds) + 1)
        except DatacenterError as error:
            error.result = {**self.result(), **error.result}
            raise
        if (self.job.uids or self.job.gids) and self.found.version is not None:
            acls.map_ids(self.source, self.job)
        if self.cut or any(one.vanished_count for one in self.rounds):
            salvage.sweep(roots)
        mounts.note(self.session.root, self.job, self.found.mounts)
        self.session.end()
        return self.result()

    def _enough(self) -> bool:
        if not self.rounds:
            return False
        if not self.plan.repeat:
            # Several channels bring the files; a pass over the whole then makes directories and links right.
            return len(self.rounds) > 1 or self.session.channels == 1 or self.found.version is None
        stop, self.converged, self.reason = decide(self.rounds, self.plan.small)
        return stop

    def _round(self, number: int) -> None:
        this = Round(number)
        began, line = time.monotonic(), self.session.line_bytes()
        self.rounds.append(this)
        try:
            for tree in self.job.trees:
                if self.found.version is None:
                    tar.bring(self.through, self.source, self.job, tree, self._tar_way(this))
                else:
                    self._bring(tree, this)
        finally:
            this.seconds = time.monotonic() - began
            this.line_bytes = self.session.line_bytes() - line
            self._say(this, [], began, now_too=True)

    def _tar_way(self, this: Round) -> tar.Way:
        began = time.monotonic()
        return tar.Way(
            this,
            self.plan.delete,
            self.lock,
            lambda: self._tick(this, [], began),
            self.plan.retries,
            self.found.tar,
        )

    def _bring(self, tree: Tree, this: Round) -> None:
        """One tree, tried again after each cut; only tries that bring nothing are counted."""
        failed: deque[float] = deque()
        while True:
            began, line = time.monotonic(), self.session.line_bytes()
            running = [Running(argv, self.lock) for argv in self._commands(tree, this)]
            watch(running, lambda: self._tick(this, running, began))  # noqa: B023 - called in this turn only
            self.session.settle()
            codes = [each.process.returncode for each in running]
            self._count(this, running)
            if all(code in (rsync.OK, rsync.VANISHED) for code in codes):
                return
            code = next(code for code in codes if code not in (rsync.OK, rsync.VANISHED))
            said = [text for each in running for text in each.heard.errors]
            if code >= 0 and code not in rsync.AGAIN:
                raise self._failure(code, said, this)
            self.cut = True
            kept = salvage.salvage([tree.dest], self.session.unfinished_since_ns or 0)
            this.resumed += 1
            self.resumed += kept
            if self.session.line_bytes() - line > WINDOW:
                failed.clear()
            failed.append(began)
            if len(failed) > self.plan.retries:
                raise Unreachable(
                    "the copy was cut again and again", device=self.source.name, cause="; ".join(said[-5:]),
                    next_step="mend the line or the source, and run this again: what is here stays",
                )  # fmt: skip
            time.sleep(backoff(failed))

    def _failure(self, code: int, said: Sequence[str], this: Round) -> DatacenterError:
        this.errors += said
        return DatacenterError(
            "some files could not be copied" if code == rsync.PARTLY else "rsync failed",
            device=self.source.name, cause=f"rsync ended with {code}: " + "; ".join(said[:5]),
            next_step="mend what is named, or leave it out, and run this again",
            result={"errors": said[:50]},
        )  # fmt: skip

    def _commands(self, tree: Tree, this: Round) -> list[list[str]]:
        way = rsync.Way(compress=self.compress, delete=self.plan.delete)
        if this.number > 1 or self.session.channels == 1:
            return [rsync.command(self.through, self.job, tree, way)]
        commands = []
        for number, lot in enumerate(self._lots(tree)):
            path = self.session.root / f"files-{number}"
            path.write_bytes(b"".join(os.fsencode(name) + b"\0" for name in lot))
            commands.append(
                rsync.command(
                    self.through, self.job, tree, rsync.Way(compress=self.compress, files_from=str(path))
                )
            )
        return commands or [rsync.command(self.through, self.job, tree, way)]

    def _lots(self, tree: Tree) -> list[list[str]]:
        """The tree's files in as many lots as there are channels; its directories are made here before."""
        groups: dict[str, tuple[int, list[str]]] = {}
        order = Job((tree,), self.job.exclude, one_file_system=self.job.one_file_system).order(
            "src", xattrs=False
        )
        for entry in manifest.at_source(self.source, order):
            if entry.type == "directory":
                # Two channels would else make the same directory at once, and one of them fail.
                os.makedirs(os.path.join(tree.dest, entry.path), mode=0o700, exist_ok=True)
            else:
                groups.setdefault(entry.more.get("h", entry.path), (entry.size, []))[1].append(entry.path)
        return shares(list(groups.values()), self.session.channels)

    def _count(self, this: Round, running: Sequence[Running]) -> None:
        for each in running:
            figures = each.heard.figures
            this.bytes += figures["bytes"] if figures else each.heard.done
            this.files += figures["files"] if figures else each.heard.files
            this.deleted += figures["deleted"]
            this.entries += figures["entries"]
            this.changes += each.heard.changes
            this.vanished += each.heard.vanished[: 50 - len(this.vanished)]
            this.vanished_count += each.heard.vanished_count

    def _tick(self, this: Round, running: Sequence[Running], began: float) -> None:
        self.session.apply_limit()
        self._say(this, running, began)

    def _say(self, this: Round, running: Sequence[Running], began: float, now_too: bool = False) -> None:
        totals = [each.heard.total for each in running]
        figures = {
            "round": this.number,
            "bytes_done": sum(each.heard.done for each in running),
            "bytes_total": None if None in totals or not totals else sum(total or 0 for total in totals),
            "files": this.files + sum(each.heard.files for each in running),
            "seconds": round(time.monotonic() - began, 1),
            "limit_bytes_s": self.session.limit_bytes_s,
            "limits_trouble": self.session.trouble,
            "rounds": [one.told() for one in self.rounds[:-1]],
        }
        self.progress.say(figures, line_bytes=self.session.line_bytes(), now_too=now_too)

    def result(self) -> dict[str, Any]:
        """What has been done, as far as it came."""
        seconds = time.monotonic() - self.began
        total = sum(one.bytes for one in self.rounds)
        return {
            "changed": any(one.changes or one.deleted for one in self.rounds),
            "method": "tar" if self.found.version is None else "rsync",
            "source_rsync": ".".join(str(part) for part in self.found.version or ()) or None,
            "bytes": total,
            "files": sum(one.files for one in self.rounds),
            "deleted": sum(one.deleted for one in self.rounds),
            "line_bytes": self.session.line_bytes(),
            "seconds": round(seconds, 3),
            "bytes_s": round(total / seconds) if seconds else None,
            "rounds": [one.told() for one in self.rounds],
            "small": self.converged,
            "reason": self.reason,
            "channels": self.session.channels,
            "compressed": self.compress,
            "resumed_bytes": self.resumed,
            "vanished": [name for one in self.rounds for name in one.vanished][:50],
            "notes": self._notes(),
        }

    def _notes(self) -> list[str]:
        notes = []
        vanished = sum(one.vanished_count for one in self.rounds)
        if vanished:
            notes.append(f"{vanished} files vanished at the source while they were copied")
        if self.plan.repeat and self.converged is False:
            notes.append(f"the delta never got small: {self.reason}")
        if self.found.version is not None and self.found.version < (3, 1, 0):
            notes.append("the source's rsync carries whole seconds only: verify with whole_seconds")
        if self.session.trouble:
            notes.append(f"the limits file is not followed: {self.session.trouble}")
        return notes
