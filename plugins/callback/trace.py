# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When each task of a run began and ended, beside its journal: the report draws the critical path of it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: trace
type: notification
short_description: When each task of a run began and ended
version_added: 0.1.0
description:
  - Writes C(trace.jsonl) beside the journal of a run, a line a task and host, with the moments that a module
    itself tells of. The report shows from it where each tenth of a second of an outage went.
  - It is no evidence. A run goes on where it cannot be written, and the report says that it is not known.
  - Nothing is written in check mode, and nothing of what a task was given or said.
requirements:
  - C(callbacks_enabled=anjianyun.datacenter.trace) in C(ansible.cfg), as this repository's own has it
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

import json
import time
from pathlib import Path
from typing import Any

from ansible import context
from ansible.plugins.callback import CallbackBase

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.trace import NAME, marks_of

#: The action that says where a run's files are.
_RUN = "anjianyun.datacenter.run"


class CallbackModule(CallbackBase):
    """See the documentation above."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "anjianyun.datacenter.trace"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.path: Path | None = None
        self.early: list[dict[str, Any]] = []
        self.phase = self.step = ""
        #: Since when each host works on the task; in a loop since when on this item.
        self.since: dict[str, float] = {}
        self.began = time.time()
        self.items: set[str] = set()

    # What Ansible tells

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self.phase = str(play.get_vars().get("dr_phase") or "")
        self.step = play.get_name().strip()

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self.began, self.since, self.items = time.time(), {}, set()

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        self.since[host.get_name()] = time.time()

    def v2_runner_on_ok(self, result: Any) -> None:
        self._ended(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._ended(result, "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._ended(result, "silent")

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._ended(result, "skipped")

    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._ended(result, "ok", item=True)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._ended(result, "failed", item=True)

    # Lines

    def _ended(self, result: Any, state: str, *, item: bool = False) -> None:
        now, host, data = time.time(), result.host.get_name(), result.result
        if context.CLIARGS.get("check") or (host in self.items and not item):
            # The items of a loop stand for the whole of it.
            return
        if item:
            self.items.add(host)
        line = {
            "phase": self.phase,
            "step": self.step,
            "task": (result.task.get_name() or "").strip(),
            "host": self._where(result, host),
            "state": state,
            "started": round(self.since.get(host, self.began), 4),
            "ended": round(now, 4),
            "marks": marks_of(data),
        }
        self.since[host] = now
        if result.task.action == _RUN and data.get("directory"):
            self.path = Path(str(data["directory"])).expanduser() / NAME
        self._write(line)

    def _write(self, line: dict[str, Any]) -> None:
        self.early.append(line)
        if self.path is None:
            return
        text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in self.early)
        self.early = []
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError:
            # A trace that is missing is no reason to stop a failover.
            return

    @staticmethod
    def _where(result: Any, host: str) -> str:
        """Whom it was done to: a BMC is asked from the control node, an item of a loop is its own host."""
        arguments = (result.result.get("invocation") or {}).get("module_args") or {}
        if {"address", "cipher_suite", "name"} <= arguments.keys() and arguments["name"]:
            return f"{arguments['name']} (BMC)"
        delegated = str(result.task.delegate_to or "")
        if "{{" not in delegated:
            return delegated or host
        return str(result.result.get(result.result.get("ansible_loop_var") or "", host))
