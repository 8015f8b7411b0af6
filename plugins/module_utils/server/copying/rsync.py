# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""rsync's command lines, and what it says while it works."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.ssh import Source
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.trees import Job, Tree

PARTIAL = ".anjianyun-partial"
#: Exit codes (rsync(1)): all went well; some files vanished meanwhile; some could not be copied.
OK, VANISHED, PARTLY = 0, 24, 23
#: What is worth another try: the line, the other side, or a signal.
AGAIN = frozenset({10, 12, 13, 14, 19, 20, 21, 30, 35, 255, 137, 143})

_PROGRESS = re.compile(
    rb"^\s*([\d,]+)\s+(\d+)%\s+\S+\s+\S+(?:\s+\(xfr#(\d+), (ir|to)-chk=(\d+)/(\d+)\))?\s*$"
)
_FIGURE = re.compile(rb"^([A-Z][A-Za-z ]+): ([\d,]+)")
_VANISHED = re.compile(r'^(?:rsync: |file has vanished: |\[sender\] )*(?:file has vanished: )"(.*)"')
_FIGURES = {
    b"Number of files": "entries",
    b"Number of regular files transferred": "files",
    b"Number of deleted files": "deleted",
    b"Total transferred file size": "file_bytes",
    b"Literal data": "bytes",
    b"Total bytes received": "received",
}


@dataclass(frozen=True)
class Way:
    """How one rsync goes.

    :param compress: with what both sides know, at its fastest.
    :param delete: what is not at the source goes here, too; what is left out stays.
    :param files_from: a list of paths of the tree, each ended by a null byte; directories are not gone into.
    :param dry: say what would be done.
    :param kept: the other way, from here to the source. What is overwritten or removed there moves to this
        directory of its.
    """

    compress: bool = False
    delete: bool = False
    files_from: str | None = None
    dry: bool = False
    kept: str | None = None
    timeout_s: int = 60


def command(source: Source, job: Job, tree: Tree, way: Way) -> list[str]:
    """The command line of one rsync. It ends when the process that starts it does."""
    argv = ["rsync", "-aHAX", "-s", "--numeric-ids", "--sparse"]
    if way.kept is None:
        argv.append(f"--partial-dir={PARTIAL}")
    else:
        argv += ["--backup", f"--backup-dir={way.kept}"]
    argv += [f"--timeout={way.timeout_s}", "--no-human-readable", "--info=progress2,name0,stats2"]
    argv += ["-e", shlex.join(source.ssh())]
    # One letter for what is done to each file; the name as well where nothing is done but said.
    argv.append("--out-format=@%i %n%L" if way.dry else "--out-format=@%i")
    if source.become:
        argv.append("--rsync-path=sudo -n rsync")
    for option, ids in (("usermap", job.uids), ("groupmap", job.gids)):
        if ids:
            argv.append(f"--{option}=" + ",".join(f"{there}:{here}" for there, here in ids.items()))
    argv += [f"--exclude={for_rsync(pattern)}" for pattern in job.exclude]
    if job.one_file_system:
        argv.append("-x")
    if way.compress:
        argv += ["-z", "--compress-level=1"]
    if way.delete and way.files_from is None:
        # What goes back is all there before anything is removed.
        argv.append("--delete" if way.kept is None else "--delete-after")
    if way.dry:
        argv.append("--dry-run")
    if way.files_from is not None:
        argv += ["--from0", f"--files-from={way.files_from}"]
    host = f"[{source.host}]" if ":" in source.host else source.host
    ends = [f"{host}:{tree.src.rstrip('/')}/", f"{tree.dest.rstrip('/')}/"]
    argv += ["--", *(ends if way.kept is None else reversed(ends))]
    # A kernel's signal at the parent's death; rsync then keeps what it has of a file, and ends.
    tie = ["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []
    return tie + argv


def for_rsync(pattern: str) -> str:
    """A pattern of ours as rsync reads it: brackets are no wildcards with us."""
    if not any(sign in pattern for sign in "*?["):
        return pattern
    return pattern.replace("\\", "\\\\").replace("[", "\\[")


@dataclass
class Heard:
    """What one rsync has said so far.

    :ivar done: bytes of files that are through, whether they came over the line or were there.
    :ivar total: bytes of all files; ``None`` while rsync does not know all of them yet.
    :ivar changes: lines that said a change, of any kind.
    :ivar itemized: the first of them.
    :ivar figures: those at its end.
    """

    done: int = 0
    total: int | None = None
    files: int = 0
    changes: int = 0
    keep: int = 0
    itemized: list[str] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    error_count: int = 0
    vanished: list[str] = field(default_factory=list)
    vanished_count: int = 0
    _rest: bytes = b""
    _error_rest: bytes = b""

    def out(self, data: bytes) -> None:
        """Take what came on standard output; lines end with CR or LF."""
        *lines, self._rest = re.split(rb"[\r\n]", self._rest + data)
        for line in lines:
            self._line(line)

    def _line(self, line: bytes) -> None:
        if line.startswith(b"@"):
            self.changes += 1
            if len(self.itemized) < self.keep:
                self.itemized.append(line[1:].decode("utf-8", "backslashreplace"))
            return
        progress = _PROGRESS.match(line)
        if progress:
            self.done = _number(progress[1])
            self.files = int(progress[3]) if progress[3] else self.files
            percent = int(progress[2])
            # While it still lists ("ir"), the percentage is of what it has listed.
            self.total = self.done * 100 // percent if percent and progress[4] == b"to" else self.total
            return
        figure = _FIGURE.match(line)
        if figure and figure[1] in _FIGURES:
            self.figures[_FIGURES[figure[1]]] += _number(figure[2])

    def err(self, data: bytes) -> None:
        """Take what came on standard error."""
        *lines, self._error_rest = (self._error_rest + data).split(b"\n")
        for line in lines:
            text = line.decode("utf-8", "backslashreplace").strip()
            gone = _VANISHED.match(text)
            if gone:
                self.vanished_count += 1
                self.vanished += [gone[1]] if len(self.vanished) < 50 else []
            elif text and "some files vanished" not in text:
                self.error_count += 1
                self.errors += [text] if len(self.errors) < 50 else []


def _number(digits: bytes) -> int:
    return int(digits.replace(b",", b""))


def version_of(said: str) -> tuple[int, int, int] | None:
    """The version that ``rsync --version`` says; None where there is no rsync."""
    found = re.search(r"rsync\s+version\s+v?(\d+)\.(\d+)\.?(\d*)", said)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def environment() -> Mapping[str, str]:
    """In which rsync speaks so that we understand it, and asks nobody."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    return {**kept, "LC_ALL": "C"}
