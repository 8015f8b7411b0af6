# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device in memory, as far as NAPALM's interface goes: lines, a candidate, a commit with a timer.

It stands for what a wire would only slow down: the order of the steps, time, and devices that misbehave
in ways which a real one cannot be made to. It has EOS's way with pending commits: the session that made
one owns it, and takes it back when it is closed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from napalm.base import NetworkDriver
from napalm.base.exceptions import CommitError, ConnectionException, MergeConfigException

from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice import edges
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.change import Clock
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.session import Device, translated


class FakeClock(Clock):
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += max(seconds, 0.01)


@dataclass
class Hardware:
    """What the sessions share. The switches say how it misbehaves."""

    clock: FakeClock
    lines: list[str] = field(default_factory=lambda: ["hostname r1"])
    before: list[str] = field(default_factory=list)
    owner: str | None = None
    due: float = 0.0
    boot: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    #: A line that cuts the way to the device while it is there.
    cutting: str = "cut"
    #: Lines that are taken without a word and not entered.
    ignored: tuple[str, ...] = ()
    timer_works: bool = True
    confirm_answers: bool = True
    on_commit: Callable[[], None] | None = None
    #: What a rival does in the moment before a commit arrives.
    rival: Callable[[], None] | None = None
    refusal: str = "Pending commit confirm already in process!"
    #: Whose commit the last one was, and how many rollbacks fail before one succeeds.
    last: str | None = None
    failing_rollbacks: int = 0
    resets: tuple[str, ...] = ()

    def tick(self) -> None:
        if self.owner and self.timer_works and self.clock.now() >= self.due:
            self.log.append("fired")
            self.lines, self.owner = self.before, None

    @property
    def reachable(self) -> bool:
        self.tick()
        return self.cutting not in self.lines


class MemoryDriver(NetworkDriver):
    """One session."""

    serial = 0

    def __init__(self, hardware: Hardware) -> None:
        MemoryDriver.serial += 1
        self.hardware, self.platform = hardware, "memory"
        self.candidate: list[str] | None = None
        self.config_session: str | None = None
        self.name = f"session-{MemoryDriver.serial}"

    @property
    def session_resets(self) -> list[str]:
        return [line for line in self.hardware.resets if self.candidate and line in self.candidate]

    def _answers(self) -> Hardware:
        if not self.hardware.reachable:
            raise ConnectionException("no route to host")
        return self.hardware

    def open(self) -> None:
        self._answers()

    def close(self) -> None:
        if self.config_session is not None and self.config_session == self.hardware.owner:
            self.hardware.log.append("aborted by closing")
            self.hardware.lines, self.hardware.owner = self.hardware.before, None

    def load_merge_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        wanted = (config or "").splitlines()
        if "typo" in wanted:
            raise MergeConfigException("invalid: typo")
        self.candidate = [*self._answers().lines, *(x for x in wanted if x not in self.hardware.lines)]

    def load_replace_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        self._answers()
        self.candidate = (config or "").splitlines()

    def compare_config(self) -> str:
        lines, candidate = self._answers().lines, self.candidate
        if candidate is None:
            return ""
        gone = [f"- {line}" for line in lines if line not in candidate]
        return "\n".join(gone + [f"+ {line}" for line in candidate if line not in lines])

    def discard_config(self) -> None:
        self.hardware.log.append("discarded")
        self.candidate = None

    def commit_config(self, message: str = "", revert_in: int | None = None) -> None:
        hardware = self._answers()
        if hardware.rival:
            hardware.rival()
        if hardware.owner:
            raise CommitError(hardware.refusal)
        if self.candidate is None:
            raise CommitError("no candidate")
        hardware.before = hardware.lines
        hardware.lines = [line for line in self.candidate if line not in hardware.ignored]
        self.config_session = hardware.last = self.name
        if revert_in:
            hardware.owner, hardware.due = self.name, hardware.clock.now() + revert_in
        else:
            hardware.boot = hardware.lines
        self.candidate = None
        if hardware.on_commit:
            hardware.on_commit()
        self._answers()

    def _get_pending_commits(self) -> dict[str, int]:
        owner = self._answers().owner
        return {owner: 1} if owner else {}

    def has_pending_commit(self) -> bool:
        return bool(self._get_pending_commits())

    def confirm_commit(self) -> None:
        if not self.hardware.owner or self.config_session != self.hardware.owner:
            raise CommitError("no pending commit of this session")
        self.hardware.owner, self.hardware.boot = None, self.hardware.lines
        if not self.hardware.confirm_answers:
            raise ConnectionException("reset by peer")

    def rollback(self) -> None:
        self.hardware.log.append("rollback")
        if self.config_session not in (None, self.hardware.owner or self.hardware.last):
            raise CommitError("the change that is there is somebody else's")
        self.hardware.failing_rollbacks -= 1
        if self.hardware.failing_rollbacks >= 0:
            raise CommitError("busy")
        self.hardware.lines, self.hardware.owner = self._answers().before, None

    def get_config(
        self, retrieve: str = "all", full: bool = False, sanitized: bool = False, format: str = "text"
    ) -> dict[str, Any]:
        return {"running": "\n".join(self._answers().lines), "startup": "", "candidate": ""}


DEVICE = Device("r1", "memory", "192.0.2.1", "root")


def opener_of(hardware: Hardware) -> Callable[..., Any]:
    """What ``open_session`` is for devices with a wire."""

    @contextlib.contextmanager
    def opener(device: Device, timeout_s: float | None = None) -> Iterator[MemoryDriver]:
        session = MemoryDriver(hardware)
        hardware.clock.sleep(0.1)
        with translated(device, "no session with the device"):
            session.open()
        try:
            yield session
        finally:
            edges.take_handle(session)
            session.close()

    return opener
