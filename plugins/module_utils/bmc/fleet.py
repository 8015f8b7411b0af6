# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One question to many BMCs at once, in one process.

A target that has been silent for a moment no longer counts among those at work, so that dead BMCs do not hold
up the living; each has its own time, so the whole call has a bound that is known before it starts.
"""

from __future__ import annotations

import os
import queue
import random
import resource
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Bmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import (
    FAREWELL_S,
    Deadline,
    Target,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
    Unreachable,
)

#: Threads at most, whatever waits: beyond it targets queue.
MOST_AT_ONCE = 1024
#: Open files left to everything else; each target has one of its own for a moment at least.
_SPARE_FILES = 64
#: How long a target counts as being at work when it has not ended.
BUSY_S = 1.0
#: How far a target may go beyond its time, the farewell of its session included; then it is given up.
GRACE_S = FAREWELL_S + 0.5
#: Between two looks at the clock of targets under way.
_LOOK_S = 0.1


@dataclass(frozen=True)
class Pace:
    """How hard the fleet is asked.

    :param at_once: targets at work at one time. A burst of more datagrams than a socket's buffer holds is
        lost.
    :param attempts: log-ins tried on a BMC that does not answer, or has no session left, until its time is
        over.
    :param backoff_s: before the second; doubled before each further one, with up to half of it added at
        random.
    """

    at_once: int = 128
    attempts: int = 2
    backoff_s: float = 1.0


@dataclass(frozen=True)
class Outcome:
    """What became of one target: ``result``, or ``error``.

    :param seconds: from its own start, waiting and retries included.
    """

    target: Target
    seconds: float
    attempts: int
    result: Mapping[str, Any] | None = None
    error: DatacenterError | None = None


@dataclass(frozen=True)
class Progress:
    """How far the call is."""

    total: int
    done: int
    failed: int
    seconds: float

    def __str__(self) -> str:
        bad = f", {self.failed} failed" if self.failed else ""
        return f"{self.done} of {self.total} BMCs{bad}, {self.seconds:.0f} s"


def most_at_once() -> int:
    """:data:`MOST_AT_ONCE`, or as many as this process may still open files for."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY:
        return MOST_AT_ONCE
    try:
        in_use = len(os.listdir("/dev/fd"))
    except OSError:
        in_use = 0
    return max(1, min(MOST_AT_ONCE, limit - in_use - _SPARE_FILES))


def bound_s(count: int, pace: Pace, deadline_s: float, at_one_place: int = 1) -> float:
    """Seconds after which a call on so many targets has ended, whatever they do.

    :param at_one_place: as many of them at most name one BMC, where they follow each other.
    """
    waves = -(-count // most_at_once()) + at_one_place - 1
    return waves * (deadline_s + GRACE_S) + count / pace.at_once * BUSY_S


def ask(
    targets: Sequence[Target],
    work: Callable[[Bmc], Mapping[str, Any]],
    *,
    deadline_s: float,
    pace: Pace | None = None,
    say: Callable[[Progress], None] | None = None,
    every_s: float = 5.0,
    changes: bool = True,
) -> list[Outcome]:
    """Do the work on each target, one operation at a time on one BMC.

    :param deadline_s: for each target, from its own start, retries included.
    :param say: told how far it is each ``every_s`` seconds.
    :param changes: whether the work changes anything: then one whose end is not known may have done it.
    :returns: the outcomes in the order of the targets.
    """
    return _Call(targets, work, deadline_s, pace or Pace(), say, every_s, changes).run()


class _Call:
    def __init__(
        self,
        targets: Sequence[Target],
        work: Callable[[Bmc], Mapping[str, Any]],
        deadline_s: float,
        pace: Pace,
        say: Callable[[Progress], None] | None,
        every_s: float,
        changes: bool,
    ) -> None:
        self.targets = targets
        self.work = work
        self.deadline_s = deadline_s
        self.pace = pace
        self.say = say
        self.every_s = every_s
        self.ended: queue.SimpleQueue[tuple[int, Outcome]] = queue.SimpleQueue()
        self.outcomes: dict[int, Outcome] = {}
        self.started: dict[int, float] = {}
        self.most = most_at_once()
        self.changes = changes
        self.attempts = [0] * len(targets)
        #: Those logged in to, so that the work has begun.
        self.begun: set[int] = set()

    def run(self) -> list[Outcome]:
        waiting = list(reversed(range(len(self.targets))))
        begun = time.monotonic()
        said = begun
        while len(self.outcomes) < len(self.targets):
            self._start(waiting)
            self._collect()
            self._give_up()
            now = time.monotonic()
            if self.say and now - said >= self.every_s:
                said = now
                self.say(self._progress(now - begun))
        return [self.outcomes[index] for index in range(len(self.targets))]

    def _progress(self, seconds: float) -> Progress:
        failed = sum(outcome.error is not None for outcome in self.outcomes.values())
        return Progress(len(self.targets), len(self.outcomes), failed, seconds)

    def _start(self, waiting: list[int]) -> None:
        """Begin with as many as the pace allows, leaving out BMCs that are being talked to."""
        now = time.monotonic()
        busy = sum(now - since < BUSY_S for since in self.started.values())
        occupied = {self.targets[index].place for index in self.started}
        postponed = []
        while waiting and busy < self.pace.at_once and len(self.started) < self.most:
            index = waiting.pop()
            place = self.targets[index].place
            if place in occupied:
                postponed.append(index)
                continue
            occupied.add(place)
            self.started[index] = now
            busy += 1
            threading.Thread(target=self._one, args=(index,), daemon=True).start()
        waiting.extend(reversed(postponed))

    def _collect(self) -> None:
        """Wait until one has ended, or for a moment; then take all that have."""
        wait_s: float | None = _LOOK_S
        while True:
            try:
                index, outcome = self.ended.get(timeout=wait_s) if wait_s else self.ended.get_nowait()
            except queue.Empty:
                return
            wait_s = None
            if self.started.pop(index, None) is not None:
                self.outcomes[index] = outcome

    def _give_up(self) -> None:
        """The bound holds whatever a thread does: what goes on beyond its time is not waited for."""
        now = time.monotonic()
        for index, since in list(self.started.items()):
            if now - since > self.deadline_s + GRACE_S:
                del self.started[index]
                target = self.targets[index]
                error = DeadlineExceeded(
                    "the operation did not come to its end, and what it has done is not known",
                    device=target.name,
                    cause=f"it went on for more than {self.deadline_s:g} s",
                    next_step="look at this BMC, and at its server, before it is asked again",
                    result=self._perhaps_changed(index),
                )
                self.outcomes[index] = Outcome(target, now - since, self.attempts[index], error=error)

    def _perhaps_changed(self, index: int) -> dict[str, Any]:
        return {"changed": self.changes and index in self.begun}

    def _one(self, index: int) -> None:
        target = self.targets[index]
        begun = time.monotonic()
        result: Mapping[str, Any] | None = None
        failed: DatacenterError | None = None
        try:
            result = self._attempt(index, Deadline(self.deadline_s))
        except DatacenterError as error:
            failed = error
        # Whatever else happens concerns this target: the others must have their answers.
        except Exception as error:
            failed = DatacenterError(
                "the operation broke off",
                device=target.name,
                cause=f"{type(error).__name__}: {error}",
                next_step="report it with this message; ask this BMC alone meanwhile",
                result=self._perhaps_changed(index),
            )
        seconds = time.monotonic() - begun
        self.ended.put((index, Outcome(target, seconds, self.attempts[index], result, failed)))

    def _attempt(self, index: int, deadline: Deadline) -> Mapping[str, Any]:
        """Log in, again if need be, and work once: what has begun is never repeated."""
        pause_s = self.pace.backoff_s
        while True:
            self.attempts[index] += 1
            with ExitStack() as stack:
                try:
                    bmc = stack.enter_context(connect(self.targets[index], deadline))
                except (Unreachable, errors.NoSessionLeft):
                    if self.attempts[index] >= self.pace.attempts or deadline.remaining() <= 1.5 * pause_s:
                        raise
                else:
                    self.begun.add(index)
                    return self.work(bmc)
            time.sleep(pause_s * (1 + random.random() / 2))
            pause_s *= 2
