# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bmc_sel asks of a BMC."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import eventlog
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls.call import (
    Call,
    cache_of,
    difference,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import SEVERITIES, Bmc


def _sel(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    since = params["since"]
    choice = eventlog.Choice(
        params["severity"],
        eventlog.instant(since) if since else None,
        params["sensors"],
        cache_of(params, check),
    )
    if params["state"] == "read":
        return eventlog.read(bmc, choice)
    act = eventlog.archive if params["state"] == "archived" else eventlog.clear
    result = act(bmc, choice, Path(params["archive"]), check=check)
    kept = result["archive"]
    before = {"archived": kept["records"] - kept["added"], "in_the_log": result["log"]["entries"]}
    entries = len(result["left"]) if params["state"] == "cleared" else before["in_the_log"]
    return {**result, **difference(before, {"archived": kept["records"], "in_the_log": entries})}


def _sel_misfits(params: Mapping[str, Any]) -> list[str]:
    wrong = []
    if params["state"] != "read" and not params["archive"]:
        wrong.append(f"state: {params['state']} needs archive, the folder to keep the records in")
    try:
        eventlog.instant(params["since"] or "2000-01-01")
    except ValueError:
        wrong.append("since is no moment such as 2026-11-01T08:00:00Z")
    return wrong


SEL = Call(
    _sel,
    {
        "state": {"type": "str", "default": "read", "choices": list(eventlog.STATES)},
        "severity": {"type": "str", "default": "ok", "choices": list(SEVERITIES)},
        "since": {"type": "str"},
        "sensors": {"type": "list", "elements": "str", "default": []},
        "archive": {"type": "path"},
        "cache": {"type": "path"},
    },
    _sel_misfits,
)
