# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.control import (
    ControlData,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.fork import (
    Upstream,
    decide_rejoin,
)

LOCAL = ControlData(
    state="shut down", system_identifier="7", checkpoint_lsn="0/5000028", redo_lsn="0/5000028", timeline=1,
    min_recovery_end_lsn="0/0", min_recovery_timeline=0, wal_log_hints=False, checksums=True,
    segment_bytes=1 << 22, checkpoint_at=None,
)  # fmt: skip
UPSTREAM = Upstream(False, "7", 2, "0/6000000", [(1, "0/50000A0")])
CRASHED = {"state": "in production", "checkpoint_lsn": "0/4000000"}
STANDBY = {"state": "shut down in recovery", "min_recovery_end_lsn": "0/5000000", "min_recovery_timeline": 1}


@pytest.mark.parametrize(
    ("local", "upstream", "options", "action", "reason"),
    [
        ({}, {}, {}, "follow", "nothing beyond 0/50000A0"),
        ({"checkpoint_lsn": "0/50000A0"}, {}, {}, "rewind", "beyond 0/50000A0"),
        (CRASHED, {}, {"records_after_switch": True}, "rewind", "beyond"),
        (CRASHED, {}, {"records_after_switch": False}, "follow", "nothing beyond"),
        (CRASHED, {}, {"records_after_switch": None}, "refuse", "not known"),
        (CRASHED, {}, {"records_after_switch": False, "interrupted_rewind": True}, "rewind", "did not end"),
        ({"checkpoint_lsn": "0/6000000"}, {}, {"allow_rewind": False}, "refuse", "is not allowed"),
        ({"checkpoint_lsn": "0/6000000", "checksums": False}, {}, {}, "refuse", "cannot be rewound"),
        (
            {"checkpoint_lsn": "0/6000000", "checksums": False, "wal_log_hints": True},
            {}, {}, "rewind", "beyond",
        ),
        (
            {"checkpoint_lsn": "0/6000000", "checksums": False},
            {}, {"allow_rebuild": True}, "rebuild", "neither",
        ),
        ({}, {"in_recovery": True}, {}, "refuse", "itself a standby"),
        ({}, {"system_identifier": "8"}, {"allow_rebuild": True}, "refuse", "another database"),
        ({"timeline": 3}, {}, {}, "refuse", "promoted later"),
        ({"timeline": 2}, {}, {}, "refuse", "cannot be told apart"),
        ({"timeline": 2}, {}, {"fresh_copy": True}, "follow", "never started"),
        ({**STANDBY, "timeline": 2, "min_recovery_timeline": 2}, {}, {}, "follow", "was a standby"),
        (
            {**STANDBY, "timeline": 2, "min_recovery_end_lsn": "0/7000000"},
            {}, {}, "refuse", "more than its upstream",
        ),
        (STANDBY, {}, {"records_after_switch": False}, "follow", "nothing beyond"),
        (
            {**STANDBY, "min_recovery_end_lsn": "0/6000000"},
            {}, {"records_after_switch": False}, "rewind", "beyond",
        ),
        ({}, {"history": [(5, "0/1")]}, {}, "rewind", "never was on this node's timeline 1"),
        ({}, {"history": []}, {"allow_rewind": False}, "refuse", "never was on"),
    ],
)  # fmt: skip
def test_decides(
    local: dict[str, Any], upstream: dict[str, Any], options: dict[str, Any], action: str, reason: str
) -> None:
    arguments = {"records_after_switch": None, "allow_rewind": True, "allow_rebuild": False, **options}

    decision = decide_rejoin(
        dataclasses.replace(LOCAL, **local), dataclasses.replace(UPSTREAM, **upstream), **arguments
    )

    assert decision.action == action, decision.reason
    assert reason in decision.reason
