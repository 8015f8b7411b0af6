# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callback of the campaign: one JSON line for each task that begins and each result, as they come.

The campaign has to know inside which act a run is in order to kill it there. The journal cannot tell: its
lines are written after the work. Written to the file that FAULTS_EVENTS names.
"""

from __future__ import annotations

DOCUMENTATION = r"""
name: faults_events
type: notification
short_description: The tasks of a run as JSON lines, while they happen
description:
  - Writes each begin of a task and each result to the file that the variable E(FAULTS_EVENTS) names.
requirements: []
"""

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """See the documentation above."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "faults_events"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        path = os.environ.get("FAULTS_EVENTS")
        self.file = open(path, "a", buffering=1, encoding="utf-8") if path else None  # noqa: SIM115

    def _say(self, event: str, **data: Any) -> None:
        if self.file is not None:
            line = {"event": event, "at": time.time(), "monotonic": time.monotonic(), **data}
            self.file.write(json.dumps(line) + "\n")

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._say("play", name=play.get_name().strip())

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._say("task", name=task.get_name().strip())

    def v2_runner_on_ok(self, result: Any) -> None:
        self._say("ok", name=result.task.get_name().strip(), changed=bool(result.result.get("changed")))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._say("failed", name=result.task.get_name().strip())

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._say("end")
