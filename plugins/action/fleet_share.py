# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: what a call on a fleet found out about this host becomes this host's own result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import failure
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ansible's entry."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        spec = {"of": {"type": "str", "required": True}, "name": {"type": "str"}}
        _validated, arguments = self.validate_argument_spec(argument_spec=spec)
        name = arguments["name"] or variables["inventory_hostname"]
        try:
            result.update(_share(variables.get(arguments["of"]), arguments["of"], name))
        except DatacenterError as error:
            result.update(failed=True, **failure(error))
        return result


def _share(fleet: Any, variable: str, name: str) -> Mapping[str, Any]:
    shares = fleet.get("targets") if isinstance(fleet, Mapping) else None
    if not isinstance(shares, Mapping):
        raise DatacenterError(
            f"{variable} is not what a call on a fleet registered",
            device=name,
            cause="it has no targets" if fleet is not None else "there is no such variable",
            next_step="give the name of the variable (not its value) that the task with 'targets' registered",
        )
    if name not in shares:
        raise DatacenterError(
            f"the call of {variable} said nothing of it",
            device=name,
            cause="it is not among its targets",
            next_step="name the targets as their hosts are named, or give 'name'",
        )
    share: Mapping[str, Any] = shares[name]
    return share
