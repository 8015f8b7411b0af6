# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: who is held by a room's upgrade, from the journals that are kept here and on hosts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.kept_runs import (
    JOURNALS,
    runbook_of,
    unpacked,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.world import read_world
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal.fetch import HERE
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room import holds
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.action import RunbookAction

#: Where a run is kept on a control node when nobody says otherwise.
RUNS = Path("~/.anjianyun/runs")


class ActionModule(RunbookAction):
    """See the documentation of the module of the same name."""

    ARGUMENTS = {
        "hosts": {"type": "list", "elements": "str", "required": True},
        "keepers": {"type": "list", "elements": "str", "default": []},
        "copies": {"type": "list", "elements": "dict", "default": []},
        "but": {"type": "str", "default": ""},
        "approvable": {"type": "bool", "default": True},
        "silence_passes": {"type": "bool", "default": False},
    }

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        hosts, keepers = arguments["hosts"], arguments["keepers"]
        journals, silent = _copies(arguments["copies"])
        answered = {name for name, _text in journals} | _answered(arguments["copies"])
        for name in keepers:
            if name not in answered:
                silent.setdefault(name, "it does not answer")
        world = read_world()
        kept = holds.judge([*self._here(), *journals], str(world["world"]), world["twin_id"])
        kept.holds = [hold for hold in kept.holds if hold.run != arguments["but"]]
        quiet = holds.excused(hosts, keepers, silent, self._centre)
        asked = [HERE, *sorted(answered)]
        counted = {name: why for name, why in silent.items() if name not in quiet}
        return {
            "that": holds.readings(
                kept, hosts, asked, counted, arguments["approvable"], arguments["silence_passes"]
            ),
            "holds": [asdict(hold) for hold in kept.holds if set(hold.hosts) & set(hosts)],
            "policies": kept.policies,
            "silent": sorted(silent),
        }

    def _here(self) -> list[tuple[str, bytes]]:
        """Those of this account; another's are heard of from the hosts that keep a copy."""
        folders = {self.directory.parent.absolute(), RUNS.expanduser().absolute()}
        paths = sorted({path for folder in folders for path in folder.glob(JOURNALS)})
        try:
            texts = [(f"{HERE} ({path})", path.read_bytes()) for path in paths]
        except OSError as error:
            raise DatacenterError(
                "a journal that is kept here cannot be read",
                device=str(error.filename or ""),
                cause=str(error),
                next_step="let the account that runs this read it",
            ) from error
        # Those of other runbooks may be many, and long.
        return [(where, text) for where, text in texts if runbook_of(text) in (holds.RUNBOOK, None)]

    def _centre(self, name: str) -> str | None:
        hostvars = self.variables.get("hostvars") or {}
        centre = hostvars[name].get("dc_centre") if name in hostvars else None
        return None if centre is None else str(centre)


def _answered(results: Iterable[Mapping[str, Any]]) -> set[str]:
    return {_host(result) for result in results if isinstance(result.get("runs"), (list, tuple))}


def _host(result: Mapping[str, Any]) -> str:
    return str(result.get(result.get("ansible_loop_var", "item")) or result.get("host") or "a host")


def _copies(results: Iterable[Mapping[str, Any]]) -> tuple[list[tuple[str, bytes]], dict[str, str]]:
    """The journals by who holds them, and who did not hand over his, with the reason."""
    found: list[tuple[str, bytes]] = []
    silent: dict[str, str] = {}
    for result in results:
        host = _host(result)
        if not isinstance(result.get("runs"), (list, tuple)):
            silent[host] = str(result.get("msg") or "it does not answer")
            continue
        for run in result["runs"]:
            try:
                found.append((host, unpacked(str(run["content"]))))
            except (ValueError, KeyError, TypeError) as error:
                silent[host] = f"its journal {run.get('run', '')} cannot be read ({error})"
    return found, silent
