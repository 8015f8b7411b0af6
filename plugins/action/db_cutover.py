# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: writes move within seconds, or with all of the database, which is watched."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.watched import WatchedAction


class ActionModule(WatchedAction):
    """See the documentation of the module of the same name."""

    KEYS = ("migration", "direction")

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ansible's entry."""
        if self._task.args.get("path") == "offline":
            return super().run(tmp, task_vars)
        # The seconds count, and a job of its own costs some.
        result: dict[str, Any] = ActionBase.run(self, tmp, task_vars)
        result.update(self._execute_module(module_args=dict(self._task.args), task_vars=task_vars))
        return result
