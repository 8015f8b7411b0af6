# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: opens a run or goes on with one that broke, and closes it."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path
from typing import Any

from ansible.release import __version__ as ansible_version

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.world import read_world
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal.fetch import OVER
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.action import RunbookAction
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.who import (
    Lock,
    control_node,
    operator,
)

LOCKS = Path("/run/lock")


class ActionModule(RunbookAction):
    """See the documentation of the module of the same name."""

    ARGUMENTS = {
        "state": {"type": "str", "required": True, "choices": ["opened", "waiting", "ended", "abandoned"]},
        "runbook": {"type": "str"},
        "service": {"type": "str"},
        "also": {"type": "list", "elements": "str", "default": []},
        "from": {"type": "str"},
        "to": {"type": "str"},
        "directory": {"type": "path"},
        "run_id": {"type": "str"},
        "reason": {"type": "str"},
    }

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        world = read_world()
        plan = self.variable("dc_plan") or {}
        service = arguments["service"] or str(self.variable("dr_service", "all"))
        where = ["anjianyun", str(world["twin_id"] or "estate"), str(plan.get("name", "plan"))]
        # In one order for everybody, so that of two runs one gets all of them.
        locks = [Lock(LOCKS, "-".join([*where, name])) for name in sorted({service, *arguments["also"]})]
        if arguments["state"] == "abandoned":
            self._may_be_abandoned(locks, arguments["reason"])
        if arguments["state"] != "opened":
            written = self.write("run", state=arguments["state"], **self._where(), **self._why(arguments))
            if not self.check:
                for lock in locks:
                    lock.release(os.getppid())
            return {"changed": not self.check, "state": arguments["state"], "at": written.get("at")}
        if not self.check:
            # Ansible runs each task in a child of its own; what lives as long as the run is the parent.
            for lock in locks:
                lock.take(os.getppid(), str(self.variable("dr_run_id", "")))
        self._put_ended_run_aside()
        # What was attested before it was opened is no run yet.
        state = "resumed" if any(e["kind"] == "run" for e in self.journal.read()) else "opened"
        self.write(
            "run",
            state=state,
            runbook=arguments["runbook"],
            service=service,
            **{"from": arguments["from"], "to": arguments["to"]},
            plan={key: str(plan.get(key, "")) for key in ("name", "digest")},
            world=world["world"],
            twin_id=world["twin_id"],
            operator=operator(),
            **self._where(),
            versions={"ansible-core": ansible_version, "python": platform.python_version()},
        )
        return {
            "changed": not self.check,
            "state": state,
            "directory": str(self.directory),
            "world": world,
            # For the display, which sees results alone.
            "plan": str(plan.get("name", "")),
            "service": service,
            "runbook": arguments["runbook"],
        }

    def _may_be_abandoned(self, locks: list[Lock], reason: str | None) -> None:
        """Whether there is a reason, and no process here that still runs it.

        :raises DatacenterError: when not.
        """
        if not (reason or "").strip():
            raise DatacenterError(
                "a run is abandoned for a reason, and none is given",
                device=str(self.variable("dr_run_id", "")),
                next_step="say why nobody goes on with it; whoever finds it has nothing else to go by",
            )
        for lock in [] if self.check else locks:
            lock.take(os.getppid(), str(self.variable("dr_run_id", "")))

    @staticmethod
    def _why(arguments: dict[str, Any]) -> dict[str, str]:
        if arguments["state"] != "abandoned":
            return {}
        return {"reason": str(arguments["reason"]).strip(), "operator": operator()}

    def _where(self) -> dict[str, str]:
        """Which control node writes this: who finds the journal elsewhere has to know."""
        node = control_node(str(self.variable("dr_control_node", "")))
        return {"control_node": node.name, "machine": node.machine}

    def _put_ended_run_aside(self) -> None:
        """A run that has ended is history: the next one of the same id begins a journal of its own."""
        entries = self.journal.read()
        last = next((e for e in reversed(entries) if e["kind"] == "run"), None)
        if last and last["state"] in OVER:
            if self.check:
                self.suppose(b"")
                return
            stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(last["at"]))
            self.directory.rename(self.directory.with_name(f"{self.directory.name}.{stamp}"))
