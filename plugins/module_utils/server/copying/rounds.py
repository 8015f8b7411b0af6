# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One round of a copy after the other, until what is left is small."""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying import rsync
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.rsync import Heard

TICK = 1.0
#: Seconds in which what rsync says comes together, and how much of it may wait: it says a line of each small
#: file, and who wakes for each of them takes the processor from the copy itself.
TOGETHER = 0.02
PIPE = 1024 * 1024
#: linux/fcntl.h; the module of Python 3.9 does not name it.
F_SETPIPE_SZ = 1031


@dataclass
class Round:
    """What one pass over all trees has brought."""

    number: int
    seconds: float = 0.0
    bytes: int = 0
    files: int = 0
    changes: int = 0
    deleted: int = 0
    entries: int = 0
    line_bytes: int = 0
    resumed: int = 0
    vanished: list[str] = field(default_factory=list)
    vanished_count: int = 0
    errors: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """As the result has it."""
        names = ("number", "bytes", "files", "changes", "deleted", "line_bytes", "resumed", "vanished_count")
        return {**{name: getattr(self, name) for name in names}, "seconds": round(self.seconds, 3)}


@dataclass(frozen=True)
class Small:
    """When a delta counts as small enough to be the last one of the window.

    :param seconds: that a round takes.
    :param bytes: that a round brings, whatever time it takes: to look at many files takes its time.
    :param rounds: after so many it is said that it never got small.
    """

    seconds: float = 5.0
    bytes: int = 1024 * 1024
    rounds: int = 10


def decide(rounds: Sequence[Round], small: Small) -> tuple[bool, bool, str]:
    """Whether to stop, whether the delta is small, and why, as a sentence."""
    last = rounds[-1]
    size = f"round {last.number} brought {last.bytes} bytes in {last.seconds:.1f} s"
    if last.seconds <= small.seconds or last.bytes <= small.bytes:
        return True, True, f"{size}: small enough"
    if len(rounds) >= small.rounds:
        return True, False, f"{size}, and {small.rounds} rounds are all that were allowed"
    # The first round brings everything; of those after it two have to fail to shrink the delta.
    recent = rounds[1:][-3:]
    if len(recent) == 3 and all(
        after.bytes > 0.9 * before.bytes for before, after in zip(recent, recent[1:])
    ):
        return True, False, f"{size}, no less than the two before: as much changes as the line carries"
    return False, False, size


class Running:
    """An rsync at work."""

    def __init__(self, argv: Sequence[str], lock: int | None, keep: int = 0) -> None:
        self.heard = Heard(keep=keep)
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(rsync.environment()),
            # As long as any process of it lives, the copy is held to be at work.
            pass_fds=() if lock is None else (lock,),
        )


def watch(running: Sequence[Running], tick: Callable[[], None]) -> None:
    """Read what all of them say until they have ended; ``tick`` is called about each second.

    They are ended when this is left otherwise.
    """
    with selectors.DefaultSelector() as selector:
        for each in running:
            for pipe, take in ((each.process.stdout, each.heard.out), (each.process.stderr, each.heard.err)):
                if pipe is not None:
                    os.set_blocking(pipe.fileno(), False)
                    with contextlib.suppress(OSError):
                        # Beyond what one account may have in pipes (pipe-user-pages-soft) it stays.
                        fcntl.fcntl(pipe.fileno(), F_SETPIPE_SZ, PIPE)
                    selector.register(pipe, selectors.EVENT_READ, take)
        ticked = float("-inf")
        try:
            while selector.get_map():
                for key, _events in selector.select(TICK):
                    data = os.read(key.fd, PIPE)
                    if not data:
                        selector.unregister(key.fileobj)
                    key.data(data or b"\n")
                if time.monotonic() - ticked >= TICK:
                    ticked = time.monotonic()
                    tick()
                time.sleep(TOGETHER)
        finally:
            for each in running:
                _end(each.process)
    tick()


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(0.5)
    except subprocess.TimeoutExpired:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def shares(files: Sequence[tuple[int, Sequence[str]]], channels: int) -> list[list[str]]:
    """Files in as many lots of about the same size; paths of one hard-link group stay together.

    :param files: size and all paths of each.
    """
    lots: list[list[str]] = [[] for _number in range(channels)]
    weights = [0] * channels
    for size, paths in sorted(files, key=lambda each: -each[0]):
        # A file costs its handling as well: so many small ones are shared as fairly as a few large ones.
        lightest = weights.index(min(weights))
        lots[lightest] += paths
        weights[lightest] += size + 16384 * len(paths)
    return [lot for lot in lots if lot]


def backoff(attempts: deque[float]) -> float:
    """Seconds before the next try: 1, 2, 4 and so on up to 30."""
    return float(min(30, 2 ** max(0, len(attempts) - 1)))
