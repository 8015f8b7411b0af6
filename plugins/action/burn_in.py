# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: the module, but a load that has to stop is told so without waiting for the server.

A task's loop goes from host to host. A load takes seconds to stop, and a server that is silent takes the time
that a connection may take: the last of twenty would go on for minutes beside a sensor that is critical.
"""

from __future__ import annotations

import os
import shlex
from typing import Any

from ansible.plugins.action.normal import ActionModule as NormalAction

from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.burn_in import STOPPING


class ActionModule(NormalAction):
    """See the documentation of the module of the same name."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ansible's entry: the module does it, or a process that nobody waits for."""
        if self._task.args.get("state") != "stopping" or self._task.check_mode:
            result: dict[str, Any] = super().run(tmp, task_vars)
            return result
        self._tell()
        return {"changed": True}

    def _tell(self) -> None:
        """In a process of its own, that outlives the task's; what came of it is read back later."""
        if os.fork() != 0:
            return
        # It is not this process's place to go up to Ansible's own code, whatever happens.
        try:
            os.setsid()
            self._low_level_execute_command(shlex.join(STOPPING))
        finally:
            os._exit(0)
