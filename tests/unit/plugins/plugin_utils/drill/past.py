# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that were judged and are history."""

from __future__ import annotations

from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill import history


def report(started: float, **more: Any) -> dict[str, Any]:
    """The part of a report.json that matters here."""
    phase = {
        "n": 1,
        "kind": "switchover",
        "trigger": "rehearsal",
        "outage_s": 0.5,
        "rto_s": 6.0,
        "rto_target_s": 30.0,
        "rpo_s": 0.0,
        "rpo_target_s": 60.0,
        "lost_acknowledged": 0,
        "replication": "async",
        "verdict": "pass",
        "fence": {"method": "bmc", "readings": []},
        "steps": [
            {"title": "Move the database", "started": started, "ended": started + 2.5, "superseded": False},
            {"title": "Move the database", "started": started, "ended": started + 90, "superseded": True},
        ],
    }
    return {
        "plan": {"name": "anhui", "digest": "d" * 64},
        "world": "twin",
        "runbook": "drill",
        "service": "reports",
        "started": started,
        "ended": started + 100,
        "verdict": "pass",
        "two_writers": False,
        "lost_acknowledged": 0,
        "acknowledged": 100,
        "journal": {
            "lines": 9,
            "head": f"{int(started):064x}",
            "verified": True,
            "torn": False,
            "problems": [],
        },
        "phases": [phase],
        **more,
    }


def act(seconds: float, changed: bool = True, **more: str) -> dict[str, Any]:
    return {
        "phase": "switchover",
        "step": "Move the database",
        "act": "a clean stop of hf-db-01",
        "device": "hf-db-01",
        "seconds": seconds,
        "changed": changed,
        **more,
    }


def kept(*acts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return history.record(report(100, **more), acts)
