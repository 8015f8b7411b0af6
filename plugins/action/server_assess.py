# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: reads a server by one command over its connection, with its own Python or plain shell."""

from __future__ import annotations

import json
import secrets
import time
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.anjianyun.datacenter.plugins.module_utils import durable
from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import failure
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess import collect, document, judge

ARGUMENTS: dict[str, Any] = {
    "dest": {"type": "path"},
    "target": {"type": "str", "choices": sorted(judge.TARGETS)},
    "sample_s": {"type": "int", "default": 10},
    "verify_packages": {"type": "bool", "default": True},
    "search_s": {"type": "int", "default": 120},
    "roots": {"type": "list", "elements": "str", "default": list(collect.ROOTS)},
    "interpreter": {"type": "str", "choices": ["auto", "sh"], "default": "auto"},
}


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ansible's entry."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validated, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        name = str(self._task.delegate_to or (task_vars or {}).get("inventory_hostname"))
        try:
            result.update(changed=False)
            result.update(self._assess(name, arguments))
        except DatacenterError as error:
            result.update(failed=True, **failure(error))
        return result

    def _assess(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        mark = secrets.token_hex(8)
        asked = collect.command(
            mark,
            sample_s=arguments["sample_s"],
            verify=arguments["verify_packages"],
            long_s=arguments["search_s"],
            roots=arguments["roots"],
            python=arguments["interpreter"] == "auto",
        )
        taken_at = time.time()
        said = self._low_level_execute_command(asked, executable="/bin/sh")
        answer = collect.read(str(said["stdout"]), mark, name)
        found = document.build(name, answer, taken_at, arguments["sample_s"])
        result: dict[str, Any] = {
            "document": found,
            "by": answer.by,
            "seconds": round(time.time() - taken_at, 2),
        }
        if arguments["target"]:
            result["findings"] = [one.as_dict() for one in judge.findings(found, arguments["target"])]
        if arguments["dest"] and not self._task.check_mode:
            result["dest"] = _keep(found, Path(arguments["dest"]), name)
        return result


def _keep(found: dict[str, Any], path: Path, name: str) -> str:
    """Write it down on the control node; into a directory under the server's own name."""
    if path.is_dir():
        path = path / f"{name}.json"
    try:
        durable.make_directory(path.parent.absolute(), 0o750)
        durable.replace(path, (json.dumps(found, ensure_ascii=False, indent=1) + "\n").encode(), 0o640)
    except OSError as error:
        raise DatacenterError(
            "the document cannot be written",
            device=str(path),
            cause=str(error),
            next_step="give another dest, then run this again",
            result={"document": found},
        ) from error
    return str(path)
