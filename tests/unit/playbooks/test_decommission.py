# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is seen to talk to an old server that is to go, in the words of ss."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.tests.unit.playbooks.said import said, task

HOSTVARS = {"legacy-app-01": {"ansible_host": "10.20.1.15"}, "nn-db-01": {"ansible_host": "10.1.10.11"}}
STATED = {"site": {"database": {"target": "nn-db-01"}}, "files": {"application": {"target": "nn-app-01"}}}


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("ESTAB 0 0 10.20.1.15:3306 10.1.10.11:41234", ["10.20.1.15:3306 10.1.10.11:41234"]),
        ("FIN-WAIT-2 0      0      10.20.1.15:3306 10.1.10.11:41234", ["10.20.1.15:3306 10.1.10.11:41234"]),
        # As ss tells one state alone.
        ("0 0 10.20.1.15:80 10.9.0.7:5050", ["10.20.1.15:80 10.9.0.7:5050"]),
        # Of its own accord.
        ("ESTAB 0 0 10.20.1.15:40022 10.9.0.7:25", ["10.20.1.15:40022 10.9.0.7:25"]),
        # This run, and what it says to itself.
        ("ESTAB 0 0 10.20.1.15:22 10.1.0.5:50022", []),
        ("ESTAB 0 0 127.0.0.1:3306 127.0.0.1:50023", []),
        ("ESTAB 0 0 [::1]:5432 [::1]:50023", []),
        ("TIME-WAIT 0 0 10.20.1.15:3306 10.20.1.15:50024", []),
        # It was asked a moment ago how its database stands; whoever else was there is seen.
        ("TIME-WAIT 0 0 10.20.1.15:3306 10.1.10.11:50025", []),
        ("TIME-WAIT 0 0 10.20.1.15:3306 10.1.10.12:50025", ["10.20.1.15:3306 10.1.10.12:50025"]),
    ],
)
def test_whoever_has_a_connection_with_it_is_seen(line: str, seen: list[str]) -> None:
    gate = task("decommission_callers.yml", "Gate | nobody talks to it")
    known: dict[str, Any] = {
        "decommission_callers": {"results": [{"stdout_lines": [line]}, {"stdout_lines": [line]}]},
        "decommission_host": "legacy-app-01", "hostvars": HOSTVARS, "migration_stated": STATED,
        "decommission_systems": ["files", "site"],
    }  # fmt: skip
    for name in ("decommission_itself", "decommission_asked", "decommission_seen"):
        known[name] = said(gate["vars"][name], **known)
    assert known["decommission_seen"] == seen
