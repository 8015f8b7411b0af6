# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run shows while it runs: a line a step, what is read, done and refused; not thousands of 'ok'."""

from __future__ import annotations

DOCUMENTATION = r"""
name: runbook
type: stdout
short_description: A line a step, fit for a crisis
version_added: 0.1.0
description:
  - Shows each play as step n of m with the time since the start and the world it runs in, and under it what
    was judged, what was changed, what lasts and what failed. With C(-v) every task is shown, with C(--diff)
    what a change consists of.
  - Only displays. It decides nothing and writes no evidence.
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

import time
from typing import Any

from ansible import constants as C
from ansible.plugins.callback import CallbackBase

from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.world import read_world

#: Task names of the runbook grammar begin with one of these.
_JUDGING = ("Gate", "Verify")
#: Say what is waited for when an effect does not come within these seconds.
_PATIENCE_S = 2.0
_MARK = {"ok": "ok", "changed": "changed", "failed": "FAILED", "unreachable": "SILENT"}


class CallbackModule(CallbackBase):
    """See the documentation above."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "anjianyun.datacenter.runbook"

    def __init__(self) -> None:
        super().__init__()
        self.started = time.monotonic()
        self.task_started = self.started
        self.step = 0
        self.steps = 0
        self.task_name = ""
        self.waiting = False
        self.counts: dict[str, int] = {}
        self.world = self._world()

    @staticmethod
    def _world() -> str:
        try:
            found = read_world()
        except Exception:
            # A display never is why a run stops; the first gate asks the same question and may refuse.
            return "?"
        return f"{found['world']} {found['twin_id'] or ''}".strip()

    # Lines

    def _line(self, text: str, colour: str | None = None) -> None:
        self._display.display(text, color=colour)

    def _elapsed(self) -> str:
        seconds = int(time.monotonic() - self.started)
        return f"{seconds // 60:02d}:{seconds % 60:02d}"

    def _under(self, text: str, colour: str | None = None) -> None:
        took = time.monotonic() - self.task_started
        self._line(f"    {took:6.1f} s  {text}", colour)

    # What Ansible tells

    def v2_playbook_on_start(self, playbook: Any) -> None:
        # Several playbooks of one command line each count their own steps.
        self.step, self.steps = 0, len(playbook.get_plays())

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self.step += 1
        title = play.get_name().strip()
        self._line(
            f"[{self.world}] {self._elapsed()} step {self.step} of {self.steps}: {title}", C.COLOR_HIGHLIGHT
        )

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self.task_started = time.monotonic()
        self.task_name = task.get_name().strip()
        self.waiting = False
        if self._display.verbosity or self.task_name.startswith("Act"):
            # Said before it is done: what lasts is what the reader is waiting for.
            self._line(f"              {self.task_name} ...", C.COLOR_VERBOSE)

    def v2_runner_on_ok(self, result: Any) -> None:
        self._result(result, "changed" if result.result.get("changed") else "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._result(result, "ok" if ignore_errors else "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        ignored = bool(getattr(result.task, "ignore_unreachable", False))
        self._result(result, "ok" if ignored else "unreachable")

    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._handle_warnings(result.result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        if not result.task.ignore_errors and not self._hidden(result):
            self._line(f"              {self._get_item_label(result.result)}:", C.COLOR_ERROR)
            self._explain(result.result)

    def v2_runner_retry(self, result: Any) -> None:
        lasts = time.monotonic() - self.task_started >= _PATIENCE_S
        if self._display.verbosity or (lasts and not self.waiting):
            self.waiting = True
            left = result.result.get("retries", 0) - result.result.get("attempts", 0)
            self._under(
                f"waits   {self._where(result)}: {self.task_name}, {left} looks left", C.COLOR_VERBOSE
            )

    def v2_playbook_on_no_hosts_remaining(self) -> None:
        self._line("              nobody is left to go on with", C.COLOR_ERROR)

    def v2_on_file_diff(self, result: Any) -> None:
        if self._hidden(result):
            return
        for part in result.result.get("results", [result.result]):
            if part.get("diff") and part.get("changed"):
                self._line(self._get_diff(part["diff"]))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        figures = ", ".join(f"{count} {name}" for name, count in sorted(self.counts.items()))
        # Ansible's own account: a failure that the playbook rescued has stopped nothing.
        bad = bool(stats.failures or stats.dark)
        self._line(
            f"[{self.world}] {self._elapsed()} {'stopped' if bad else 'done'}: {figures}",
            C.COLOR_ERROR if bad else C.COLOR_OK,
        )

    # Results

    def _result(self, result: Any, state: str) -> None:
        self.counts[state] = self.counts.get(state, 0) + 1
        data = result.result
        name = (result.task.get_name() or "").strip()
        host = self._where(result)
        self._handle_warnings(data)
        if state in ("failed", "unreachable"):
            self._under(f"{_MARK[state]}  {host}: {name}", C.COLOR_ERROR)
            if self._hidden(result):
                self._line("              (hidden: it holds secrets)", C.COLOR_ERROR)
            else:
                self._explain(data)
        elif name.startswith(_JUDGING) and isinstance(data.get("readings"), list):
            self._readings(data)
        elif name.startswith("Gate") and (data.get("operator") or data.get("by")):
            # An approval, or an attestation.
            self._under(f"approved {name} by {data.get('operator') or data['by']}", C.COLOR_WARN)
        elif self._display.verbosity or state == "changed":
            colour = C.COLOR_CHANGED if state == "changed" else C.COLOR_OK
            self._under(f"{_MARK[state]:8}{host}: {name}", colour)

    def _readings(self, data: dict[str, Any]) -> None:
        for reading in data["readings"]:
            sign = (
                "ok      "
                if reading.get("ok") is True
                else "approved"
                if reading.get("approved")
                else "no      "
            )
            colour = C.COLOR_OK if reading.get("ok") is True else C.COLOR_WARN
            self._under(f"{sign} {reading.get('reading', '')}", colour)

    def _explain(self, data: dict[str, Any]) -> None:
        message = str(
            data.get("msg") or data.get("stderr") or data.get("exception") or data.get("reason") or ""
        )
        for line in message.splitlines()[:40]:
            self._line(f"              {line}", C.COLOR_ERROR)
        for extra in ("stderr", "module_stderr"):
            text = str(data.get(extra) or "").strip()
            if text and text not in message:
                self._line(f"              {text.splitlines()[-1]}", C.COLOR_ERROR)

    @staticmethod
    def _hidden(result: Any) -> bool:
        data = result.result
        return bool(data.get("_ansible_no_log") or data.get("censored") or result.task.no_log is True)

    @staticmethod
    def _where(result: Any) -> str:
        delegated = str(result.task.delegate_to or "")
        # In a loop every item is delegated to a host of its own, and the task's word for it stays a template.
        return result.host.get_name() if not delegated or "{{" in delegated else delegated
