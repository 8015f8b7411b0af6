# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A BMC module's work in the task's own process, where that is the one the module would ask for.

A failover waits for its fence, and most of what a module costs on the control node is another Python's start.
And a module says nothing between its start and its end: here a call on a fleet says how far it is.
"""

from __future__ import annotations

import sys
from typing import Any

from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import failure, requires
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.arguments import secrets_of
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls import call
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.fleet import Progress
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


class BmcAction(ActionBase):
    """See the documentation of the module of the same name."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = True
    CALL: call.Call

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ansible's entry: here where this is the same, else the module."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        if not self._same_process(variables):
            result.update(self._execute_module(task_vars=variables, wrap_async=self._task.async_val))
            return result
        _validated, arguments = self.validate_argument_spec(argument_spec=self.CALL.spec())
        try:
            requires(call.LIBRARY)
            done = call.run(self.CALL, arguments, check=bool(self._task.check_mode), say=self._say)
            for warning in done.pop("warnings", []):
                self._display.warning(warning)
            result.update(done)
        except DatacenterError as error:
            result.update(failed=True, **failure(error))
        # Raised here, it would end the run without regard to failed_when, as no module's failure does, and a
        # failover could not go on to its next way of fencing.
        except Exception as error:
            broken = DatacenterError(
                "the operation broke off",
                device=arguments["name"] or arguments["address"],
                cause=f"{type(error).__name__}: {error}",
                next_step="read the BMC's state yourself before anything else is done with its server",
            )
            result.update(failed=True, **failure(broken))
        # As a module does: whatever quotes a secret is shown without it.
        shown: dict[str, Any] = remove_values(result, secrets_of(self.CALL.spec(), arguments))
        return shown

    def _say(self, progress: Progress) -> None:
        self._display.display(f"{self._task.action.rpartition('.')[2]}: {progress}")

    def _same_process(self, variables: dict[str, Any]) -> bool:
        """Whether a module would run on this machine, as this user and under this Python."""
        if self._connection.transport != "local" or self._task.async_val or self._connection.become:
            return False
        if any(self._task.environment or []):
            return False
        python = self._templar.template(variables.get("ansible_python_interpreter"))
        return python in (sys.executable, variables.get("ansible_playbook_python"))
