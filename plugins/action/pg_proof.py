# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: a proof goes to a promotion that waits for it, over the open connection, without Python."""

from __future__ import annotations

import json
import shlex
import time
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ansible's entry: one command over the connection of the standby's host."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validated, arguments = self.validate_argument_spec(
            argument_spec={
                "path": {"type": "str", "required": True},
                "proof": {"type": "dict", "required": True},
            }
        )
        result["changed"] = True
        if self._task.check_mode:
            return result
        path = shlex.quote(str(arguments["path"]))
        # The rename makes it appear whole.
        said = self._low_level_execute_command(
            f"umask 077 && cat > {path}.new && mv {path}.new {path}",
            in_data=json.dumps(arguments["proof"]).encode(),
        )
        if said["rc"] != 0:
            error = DatacenterError(
                "the proof was not handed over, so nothing is promoted",
                device=str(self._task.delegate_to or (task_vars or {}).get("inventory_hostname")),
                cause=str(said["stderr"]).strip() or f"the shell ended with {said['rc']}",
                next_step=f"see whether {arguments['path']} can be written there, then run this again",
            )
            result.update(failed=True, msg=str(error), error=error.fields())
        result["handed_at"] = time.time()
        return result
