# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that works for minutes or hours on a host, watched from the control node.

It runs there as a job of its own, so that it goes on when the control node dies; whoever runs the same task
again finds it by the file beside its progress, and watches on instead of beginning a second one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import time
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.progress import told

#: Seconds between two looks at it, and between two lines about it.
LOOK_S, SAY_S = 2.0, 9.0
#: A job that takes longer is ended by Ansible's own wrapper.
LONGEST_S = 14 * 86400
#: Where progress is told on the host when the task names no file.
FOLDER = "/run/anjianyun/progress"


class WatchedAction(ActionBase):
    """Runs the module of the action's own name, and tells the last line of the file that it writes."""

    _supports_check_mode = True
    _supports_async = False
    #: The option that names that file: JSON lines, or one object that is written anew.
    FILE = "progress"
    #: Options that tell one job from another on the same host.
    KEYS: tuple[str, ...] = ()

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ansible's entry."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        if self._task.check_mode or not self._takes_long():
            result.update(self._execute_module(module_args=arguments, task_vars=task_vars))
            return result
        arguments.setdefault(self.FILE, f"{FOLDER}/{self._title}-{self._digest(arguments)}.jsonl")
        progress = str(arguments[self.FILE])
        job_file = f"{progress}.job"
        begun = self._under_way(job_file) or self._begin(arguments, progress, task_vars)
        if begun.get("failed") or "ansible_job_id" not in begun:
            result.update(begun)
            return result
        ended = self._watch(begun, progress, task_vars)
        self._shell_command(f"rm -f {shlex.quote(job_file)}")
        result.update(ended)
        return result

    def _takes_long(self) -> bool:
        """Whether what is asked for is worth a job of its own, which costs seconds."""
        return True

    @property
    def _title(self) -> str:
        return str(self._task.action).rpartition(".")[2]

    def _digest(self, arguments: dict[str, Any]) -> str:
        """Of what tells this job from another."""
        told_apart = {key: arguments.get(key) for key in self.KEYS}
        return hashlib.sha256(json.dumps(told_apart, sort_keys=True, default=str).encode()).hexdigest()[:12]

    def _shell_command(self, command: str) -> str:
        done = self._low_level_execute_command(command, executable="/bin/sh")
        return str(done.get("stdout") or "") if done.get("rc") == 0 else ""

    def _under_way(self, job_file: str) -> dict[str, Any]:
        """The job that an earlier run began, while it works."""
        number = self._shell_command(f"cat {shlex.quote(job_file)} 2>/dev/null").strip()
        job = {"ansible_job_id": number}
        # Ended or killed: begun anew, which goes on from what is there.
        return job if number and self._works(job) else {}

    def _works(self, job: dict[str, Any]) -> bool:
        """Whether its process is there: what its own file says of a job that was killed is that it works.

        The number stands on the command line of Ansible's wrapper; as this expression has it, it does not
        find itself.
        """
        name = str(job["ansible_job_id"]).partition(".")[0]
        expression = shlex.quote(f"[{name[:1]}]{name[1:]}")
        # Quietly: otherwise a process that ends meanwhile makes it fail.
        found = self._shell_command(f"grep -qsae {expression} /proc/[0-9]*/cmdline && echo it works")
        return bool(found)

    def _begin(self, arguments: dict[str, Any], progress: str, task_vars: Any) -> dict[str, Any]:
        folder, job_file = shlex.quote(progress.rpartition("/")[0]), f"{progress}.job"
        self._shell_command(f"mkdir -p -m 700 {folder}; : > {shlex.quote(progress)}")
        self._task.async_val = LONGEST_S
        try:
            begun: dict[str, Any] = self._execute_module(
                module_args=arguments, task_vars=task_vars, wrap_async=True
            )
        finally:
            self._task.async_val = 0
        if "ansible_job_id" in begun:
            self._shell_command(f"echo {shlex.quote(begun['ansible_job_id'])} > {shlex.quote(job_file)}")
        return begun

    def _ask(self, job: dict[str, Any], mode: str, task_vars: Any) -> dict[str, Any]:
        folder = self._remote_expand_user(self.get_shell_option("async_dir", default="~/.ansible_async"))
        answer: dict[str, Any] = self._execute_module(
            module_name="ansible.legacy.async_status",
            module_args={"jid": job["ansible_job_id"], "mode": mode, "_async_dir": folder},
            task_vars=task_vars,
        )
        return answer

    def _watch(self, job: dict[str, Any], progress: str, task_vars: Any) -> dict[str, Any]:
        """Until it ends. Where its host does not answer meanwhile, the task ends, and the job goes on."""
        said, run = time.monotonic(), os.getppid()
        while True:
            works = self._works(job)
            if os.getppid() != run:
                # A worker outlives a run that is killed. Whoever goes on with the run has the result.
                raise AnsibleActionFail(f"{self._title}: its run has ended, and the job goes on")
            if not works:
                break
            if time.monotonic() - said >= SAY_S:
                said = time.monotonic()
                self._say(self._shell_command(f"tail -n 1 {shlex.quote(progress)} 2>/dev/null"))
            time.sleep(LOOK_S)
        status = self._ask(job, "status", task_vars)
        if not status.get("finished"):
            status.update(
                failed=True,
                msg=f"{self._title} was killed on its host, and left no word. Next: see what killed it (the "
                "system's log, its memory), and run this again: it goes on from what is there",
            )
        self._ask(job, "cleanup", task_vars)
        # Words of the wrapper's, which say nothing of the work.
        for word in ("ansible_job_id", "started", "finished", "results_file", "stdout", "stderr"):
            status.pop(word, None)
        return status

    def _say(self, line: str) -> None:
        try:
            progress = json.loads(line)
        except ValueError:
            progress = {}
        self._display.display(f"{self._title}: {told(progress)}")
