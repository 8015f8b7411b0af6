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
  - With C(--check) a runbook ends with what it would do, device by device and in order, with the median
    time that each act took in the last drills, who will be asked what, and the command that does it.
  - Only displays. It decides nothing and writes no evidence; how long the acts of a run took is put beside
    the run's journal for the next check.
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

import sys
import time
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible import context
from ansible.plugins.callback import CallbackBase
from jinja2 import Environment, StrictUndefined, TemplateError, Undefined

from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.world import read_world
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill import history
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.durations import Durations, durations
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook import acts
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.forecast import (
    Asked,
    Forecast,
    again,
)

#: Task names of the runbook grammar begin with one of these.
_JUDGING = ("Gate", "Verify")
#: Say what is waited for when an effect does not come within these seconds.
_PATIENCE_S = 2.0
#: And again each time that so many more have gone by.
_AGAIN_S = 10.0
#: Actions that only lead to others.
_NO_WORK = (
    "include_role", "include_tasks", "import_role", "import_tasks", "meta", "set_fact",
    "validate_argument_spec",
)  # fmt: skip
#: The action that says which run this is, and where its files are.
_RUN = "anjianyun.datacenter.run"
_MARK = {"ok": "ok", "changed": "changed", "failed": "FAILED", "unreachable": "SILENT"}


def _title(task: Any) -> str:
    """A task's name; of a role that speaks the runbooks' grammar without the role's."""
    own = str(task.name or "").strip()
    return own if own.partition(" | ")[0] in acts.WORDS else str(task.get_name() or "").strip()


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
        self.said = 0.0
        self.counts: dict[str, int] = {}
        self.namespace = ""
        self.world = self._world()
        self.check = bool(context.CLIARGS.get("check"))
        self.acts = acts.Acts()
        self.forecast = Forecast()
        self.run: dict[str, Any] = {}
        self.conditions = Environment(undefined=StrictUndefined, autoescape=False)
        self.facts: dict[str, Any] = {}

    def _world(self) -> str:
        try:
            found = read_world()
        except Exception:
            # A display never is why a run stops; the first gate asks the same question and may refuse.
            return "?"
        if found["world"] == "twin":
            self.namespace = found["evidence"].rpartition(" ")[2]
        return f"{found['world']} {found['twin_id'] or ''}".strip()

    @property
    def foretells(self) -> bool:
        """A check of a runbook: its end is an ordered list, and nothing is shown as if it had been done."""
        return self.check and bool(self.run) and not self._display.verbosity

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
        self._over(self.acts.enter(str(play.get_vars().get("dr_phase", "")), title))
        tasks = [
            task for block in play.get_tasks() for task in (block if isinstance(block, list) else [block])
        ]
        if tasks and all(map(self._left_out, tasks)) and not self._display.verbosity:
            # Not this time: a run that goes on days later has done it, one that waits does not yet.
            return
        self._line(
            f"[{self.world}] {self._elapsed()} step {self.step} of {self.steps}: {title}", C.COLOR_HIGHLIGHT
        )

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self.task_started = time.monotonic()
        self.task_name = _title(task)
        self.said = 0.0
        self._over(self.acts.task(self.task_name, self.task_started))
        told = self.task_name.startswith("Act") and not self.foretells and not self._left_out(task)
        if self._display.verbosity or told:
            # Said before it is done: what lasts is what the reader is waiting for.
            self._line(f"              {self.task_name} ...", C.COLOR_VERBOSE)

    def _left_out(self, task: Any) -> bool:
        """Whether a condition on facts that the run has set leaves a task out for sure."""
        return any(self._false(condition) for condition in getattr(task, "when", None) or ())

    def _false(self, condition: Any) -> bool:
        if isinstance(condition, bool):
            return not condition
        try:
            found = self.conditions.compile_expression(str(condition), undefined_to_none=False)(**self.facts)
            # What is not known here, such as a fact of another host, is false for nobody.
            return not isinstance(found, Undefined) and not found
        except (TemplateError, TypeError, KeyError, AttributeError):
            return False

    def v2_runner_on_ok(self, result: Any) -> None:
        if result.task.action.rpartition(".")[2] == "set_fact" and result.host.get_name() == "localhost":
            self.facts.update(result.result.get("ansible_facts") or {})
            self.facts["hostvars"] = {"localhost": self.facts}
        changed = bool(result.result.get("changed"))
        self._listen(result)
        if not result.result.get("results"):
            self._act(result, acts.CHANGES if changed else acts.NOTHING)
        self._result(result, "changed" if changed else "ok")

    def v2_runner_on_skipped(self, result: Any) -> None:
        # What only the check leaves out would be done; what something else leaves out would not.
        if self.check and "ansible_check_mode" in str(result.result.get("false_condition", "")):
            self._act(result, acts.UNSEEN)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._result(result, "ok" if ignore_errors else "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        ignored = bool(getattr(result.task, "ignore_unreachable", False))
        self._result(result, "ok" if ignored else "unreachable")

    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._act(result, acts.CHANGES if result.result.get("changed") else acts.NOTHING)
        self._handle_warnings(result.result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        if not result.task.ignore_errors and not self._hidden(result):
            self._line(f"              {self._get_item_label(result.result)}:", C.COLOR_ERROR)
            self._explain(result.result)

    def v2_runner_retry(self, result: Any) -> None:
        now = time.monotonic()
        due = now - self.said >= _AGAIN_S if self.said else now - self.task_started >= _PATIENCE_S
        if self._display.verbosity or due:
            self.said = now
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
        self._over(self.acts.close())
        if self.foretells:
            self._foretell(bad)
            return
        self._line(
            f"[{self.world}] {self._elapsed()} {'stopped' if bad else 'done'}: {figures}",
            C.COLOR_ERROR if bad else C.COLOR_OK,
        )

    # Acts, and what a check says of them

    def _listen(self, result: Any) -> None:
        """What a run's own actions say of it."""
        data = result.result
        if result.task.action == _RUN and data.get("directory"):
            self.run = data
        elif data.get("verdict") == "predicted" and data.get("risk") and data.get("name"):
            says, variable = str(data["risk"]), "dr_approvals"
            if data.get("statement"):
                says, variable = f"{data['statement']}. The risk: {says}", "dr_attestations"
            self.forecast.asked.append(Asked(str(data["name"]), says, variable))
        elif self.task_name.startswith("Gate") and isinstance(data.get("readings"), list):
            self.forecast.readings += data["readings"]

    def _act(self, result: Any, state: str) -> None:
        if state != acts.UNSEEN and result.task.action.rpartition(".")[2] in _NO_WORK:
            return
        commands = result.result.get("commands") if self.check and context.CLIARGS.get("diff") else None
        self.acts.result(
            acts.device_of(self._where(result), result.result),
            state,
            time.monotonic(),
            [str(command) for command in commands] if isinstance(commands, list) else None,
        )

    def _over(self, over: list[acts.Act]) -> None:
        """Acts are over: in a run that was not a check, how long they took is kept beside its journal."""
        if self.run and not self.check:
            acts.write(Path(self.run["directory"]) / history.ACTS, over)

    def _foretell(self, bad: bool) -> None:
        if bad:
            self._line(
                f"[{self.world}] {self._elapsed()} Nothing was changed, and nothing would be: it stops where"
                " it says FAILED. Correct that, or take the way that is named there.",
                C.COLOR_ERROR,
            )
            return
        for line in self.forecast.lines(
            str(self.run.get("runbook") or "the runbook"),
            self.acts.found,
            self._known(),
            again(sys.argv, self.namespace),
        ):
            self._line(line)

    def _known(self) -> Durations:
        """How long things took in the last drills of this plan."""
        found = history.read(history.root(), str(self.run.get("plan", ""))).runs
        return durations([one for one in found if one["service"] == self.run.get("service")])

    # Results

    def _result(self, result: Any, state: str) -> None:
        self.counts[state] = self.counts.get(state, 0) + 1
        data = result.result
        name = _title(result.task)
        host = self._where(result)
        self._handle_warnings(data)
        if state in ("failed", "unreachable"):
            self._under(f"{_MARK[state]}  {host}: {name}", C.COLOR_ERROR)
            if self._hidden(result):
                self._line("              (hidden: it holds secrets)", C.COLOR_ERROR)
            else:
                self._explain(data)
        elif self.foretells and name.startswith("Verify"):
            # It reads what an act would have made, and none was done.
            return
        elif name.startswith(_JUDGING) and isinstance(data.get("readings"), list):
            self._readings(data)
        elif self.foretells and state == "changed":
            # It stands in the list at the end.
            return
        elif data.get("verdict") == "predicted" and name.startswith("Gate"):
            # Nobody was asked yet, and nobody answered.
            self._under(f"asks    {data.get('name', '')}")
        elif name.startswith("Gate") and (data.get("operator") or data.get("by")):
            # An approval, or an attestation.
            self._under(f"approved {name} by {data.get('operator') or data['by']}", C.COLOR_WARN)
        elif result.task.action.rpartition(".")[2] == "debug" and data.get("msg") and state == "ok":
            # What a runbook has to say to its reader.
            said = data["msg"] if isinstance(data["msg"], list) else [data["msg"]]
            for line in said:
                self._line(f"              {line}", C.COLOR_HIGHLIGHT)
        elif self._display.verbosity or state == "changed":
            colour = C.COLOR_CHANGED if state == "changed" else C.COLOR_OK
            mark = "would" if self.check and state == "changed" else _MARK[state]
            self._under(f"{mark:8}{host}: {name}", colour)

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
