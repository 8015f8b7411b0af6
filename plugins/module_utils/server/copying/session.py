# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one copy keeps while it runs: its lock, the pumps of its sessions, its limit, its progress."""

from __future__ import annotations

import datetime
import fcntl
import hashlib
import json
import os
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.module_utils import durable
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying import pump_program
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.limits import LiveLimits
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.ssh import Source
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.trees import Job

#: Seconds that the rsync of a run that was killed has to end.
PATIENCE = 20.0
#: Seconds that a pump has to end after its ssh.
SETTLED = 1.0


class Session:
    """A directory of the copy's own, and what stands in it."""

    def __init__(self, root: Path, limits: LiveLimits, channels: int) -> None:
        self.root = root
        self.channels = channels
        self.limit_bytes_s = 0
        self._limits = limits
        self._told: int | None = None

    def through(self, source: Source) -> Source:
        """The source, entered through a pump."""
        words = [
            sys.executable,
            "-I",
            str(self.root / "pump.py"),
            source.host,
            str(source.port),
            str(self.root),
        ]
        line = " ".join(shlex.quote(word).replace("%", "%%") for word in words)
        return replace(source, way=("-o", f"ProxyCommand={line}"))

    def prepare(self) -> None:
        """Write the pump and the limit; forget what earlier pumps counted."""
        loader = pump_program.__loader__
        text = loader.get_source(pump_program.__name__) if loader else None  # type: ignore[attr-defined]
        if text is None:
            raise DatacenterError("the text of pump_program.py is not there")
        durable.replace(self.root / "pump.py", text.encode(), 0o600)
        for each in self.root.glob("wire-*"):
            each.unlink()
        self.apply_limit()

    def apply_limit(self) -> None:
        """Hand the limit of this moment to the pumps, when it is another than before."""
        self.limit_bytes_s = self._limits.bytes_s(datetime.datetime.now())
        each = max(1, self.limit_bytes_s // self.channels) if self.limit_bytes_s else 0
        if each != self._told:
            fresh = self.root / ".limit.new"
            fresh.write_text(f"{each}\n")
            os.replace(fresh, self.root / "limit")
            self._told = each

    @property
    def trouble(self) -> str | None:
        """Why the file of limits is not followed."""
        return self._limits.trouble

    def line_bytes(self) -> int:
        """What has come over the line since the copy began, all sessions together."""
        total = 0
        for each in self.root.glob("wire-*"):
            words = each.read_text().split()
            total += int(words[0]) if words else 0
        return total

    def settle(self) -> None:
        """Wait until the pumps of sessions that have ended have said their last; a killed one never does."""
        end = time.monotonic() + SETTLED
        while time.monotonic() < end:
            if all(each.read_text().endswith("end\n") for each in self.root.glob("wire-*")):
                return
            time.sleep(0.01)

    @property
    def unfinished_since_ns(self) -> int | None:
        """When the run began that was killed before this one; None when the last one came to its end."""
        try:
            return int(json.loads((self.root / "running").read_text())["began_ns"])
        except (OSError, ValueError, KeyError):
            return None

    def begin(self) -> None:
        """From here on a run that is killed is known."""
        if self.unfinished_since_ns is None:
            text = json.dumps({"began_ns": time.time_ns()})
            durable.replace(self.root / "running", text.encode(), 0o600)

    def end(self) -> None:
        """The run has come to its end."""
        (self.root / "running").unlink(missing_ok=True)


def place_of(state: Path, source: Source, job: Job) -> Path:
    """The directory that copies of these trees, there and back, have for themselves."""
    words = "\0".join([source.name, *(tree.dest for tree in job.trees)])
    return state / hashlib.sha256(words.encode()).hexdigest()[:16]


@contextmanager
def opened(
    state: Path, source: Source, job: Job, limits: LiveLimits, channels: int
) -> Iterator[tuple[Session, int]]:
    """The session of a copy and the descriptor of its lock, which its rsyncs have to hold as well.

    :raises Refused: when the same copy is at work already, or what a killed one has left still is.
    """
    root = place_of(state, source, job)
    durable.make_directory(root, 0o700)
    descriptor = os.open(root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, source)
        session = Session(root, limits, channels)
        session.prepare()
        yield session, descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, source: Source) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() > end:
                raise Refused(
                    "the same trees are being copied already", device=source.name,
                    cause="a run of this copy, or an rsync that one has left, holds its lock",
                    next_step="wait for it, or end it; a run after that goes on where it was",
                ) from error  # fmt: skip
            time.sleep(0.2)
