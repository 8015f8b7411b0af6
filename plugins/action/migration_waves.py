# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: which servers move together and when, from what was assessed, with a drawing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.anjianyun.datacenter.plugins.module_utils import durable
from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import failure
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess import (
    document,
    judge,
    picture,
    waves,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.estimate import Line, Pace

ARGUMENTS: dict[str, Any] = {
    "documents": {"type": "list", "elements": "dict", "default": []},
    "paths": {"type": "list", "elements": "path", "default": []},
    "target": {"type": "str", "required": True, "choices": sorted(judge.TARGETS)},
    "mbit_s": {"type": "float", "required": True},
    "efficiency": {"type": "float", "default": 0.9},
    "window_s": {"type": "float"},
    "systems_at_once": {"type": "int", "default": waves.MOST_SYSTEMS},
    "pace": {
        "type": "dict",
        "default": {},
        "options": {name: {"type": "float"} for name in Pace.__dataclass_fields__},
    },
    "svg": {"type": "path"},
    "dest": {"type": "path"},
    "language": {"type": "str", "default": "en", "choices": sorted(picture.WORDS)},
}


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ansible's entry."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validated, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        try:
            result.update(self._plan(arguments))
        except DatacenterError as error:
            result.update(failed=True, **failure(error))
        return result

    def _plan(self, arguments: dict[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in (arguments["pace"] or {}).items() if value is not None}
        plan = waves.plan(
            [*document.taken(arguments["documents"]), *document.load(map(Path, arguments["paths"]))],
            arguments["target"],
            Line(arguments["mbit_s"], arguments["efficiency"]),
            pace=Pace(**given),
            window_s=arguments["window_s"],
            most_systems=arguments["systems_at_once"],
        )
        result = plan.as_dict()
        papers = {
            "dest": json.dumps(result, ensure_ascii=False, indent=1) + "\n",
            "svg": picture.svg(plan, arguments["language"]),
        }
        made = [self._put(Path(arguments[key]), text) for key, text in papers.items() if arguments[key]]
        return {"changed": any(made), **result}

    def _put(self, path: Path, text: str) -> bool:
        """Whether the file is, or in a check would be, another than before."""
        try:
            if path.is_file() and path.read_bytes() == text.encode():
                return False
            if not self._task.check_mode:
                durable.make_directory(path.parent.absolute(), 0o750)
                durable.replace(path, text.encode(), 0o640)
        except OSError as error:
            raise DatacenterError(
                "the plan cannot be written",
                device=str(path),
                cause=str(error),
                next_step="give another path, then run this again",
            ) from error
        return True
