# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The acts of a run in their order, device by device, as the display hears of them. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping

#: What a task's name begins with in a runbook. Others are a role's, and belong to the act that called it.
WORDS = ("Read", "Gate", "Note", "Measure", "Act", "Verify")
#: An act changes something, or finds nothing to do; or a check cannot know before earlier acts are done.
CHANGES, NOTHING, UNSEEN = "changes", "nothing", "unseen"


@dataclass
class Act:
    """What one act did, or would do, to one device.

    :param seconds: from where its tasks began to where this device had answered.
    :param commands: what the modules would give the device, where they say it.
    """

    phase: str
    step: str
    act: str
    device: str
    state: str = NOTHING
    seconds: float = 0.0
    commands: list[str] = field(default_factory=list)

    def line(self) -> str:
        """As it is kept beside the journal."""
        kept = {
            "phase": self.phase, "step": self.step, "act": self.act, "device": self.device,
            "seconds": round(self.seconds, 3), "changed": self.state == CHANGES,
        }  # fmt: skip
        return json.dumps(kept, ensure_ascii=False) + "\n"


class Acts:
    """Takes what Ansible tells and gives acts."""

    def __init__(self) -> None:
        self.found: list[Act] = []
        self.phase = self.step = self.current = ""
        self._open: dict[str, Act] = {}
        self._began = 0.0

    def enter(self, phase: str, step: str) -> list[Act]:
        """A step begins. Returns the acts that are over by that."""
        over = self.close()
        self.phase, self.step = phase, step
        return over

    def task(self, name: str, now: float) -> list[Act]:
        """A task begins. Returns the acts that are over by that."""
        over: list[Act] = []
        word, stroke, rest = name.partition(" | ")
        if stroke and word in WORDS:
            over = self.close()
            self.current = rest if word == "Act" else ""
        self._began = now
        return over

    def result(self, device: str, state: str, now: float, commands: list[str] | None = None) -> None:
        """A device answered to the task that runs; one outside of an act is passed over."""
        if not self.current:
            return
        _what, named, last = self.current.rpartition(" on ")
        if state == UNSEEN and device == "localhost" and named:
            # A role that was not entered: its tasks would have named the device.
            device = last
        act = self._open.get(device)
        if act is None:
            act = self._open[device] = Act(self.phase, self.step, self.current, device)
            self.found.append(act)
        act.seconds += max(0.0, now - self._began)
        act.commands += commands or []
        if CHANGES in (state, act.state):
            act.state = CHANGES
        elif state == UNSEEN:
            act.state = UNSEEN

    def close(self) -> list[Act]:
        """No more is to come of the act that runs."""
        over = list(self._open.values())
        self._open, self.current = {}, ""
        return over


def device_of(host: str, result: Mapping[str, Any]) -> str:
    """Whom a result is about: a BMC is asked from the control node, and one of a loop by its item."""
    arguments = (result.get("invocation") or {}).get("module_args") or {}
    if {"address", "cipher_suite", "name"} <= arguments.keys() and arguments["name"]:
        return f"{arguments['name']} (BMC)"
    loop = result.get("ansible_loop_var")
    if loop == "dr_host":
        return str(result.get(loop, host))
    if arguments.get("fault") and arguments.get("target"):
        return str(arguments["target"])
    return host


def write(path: Path, acts: list[Act]) -> None:
    """Put acts behind those that are there. That figures for the next check are missing stops nothing."""
    if not acts:
        return
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write("".join(act.line() for act in acts))
    except OSError:
        return
