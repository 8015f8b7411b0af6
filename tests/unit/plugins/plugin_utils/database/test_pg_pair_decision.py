# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.database.pair import decide_primary

ABSENT: dict[str, Any] = {"role": "absent"}
EMPTY: dict[str, Any] = {"role": "primary", "holds_data": False}


def having(role: str) -> dict[str, Any]:
    return {"role": role, "holds_data": True}


@pytest.mark.parametrize(
    ("nanning", "dr", "primary", "fresh", "reason"),
    [
        (ABSENT, ABSENT, "nanning", True, "the plan begins in nanning"),
        (EMPTY, EMPTY, "nanning", True, "the plan begins in nanning"),
        (having("stopped"), ABSENT, "nanning", True, "only nanning holds data"),
        (having("primary"), ABSENT, "nanning", False, "nanning is the primary"),
        (having("standby"), having("primary"), "dr", False, "dr is the primary"),
        (having("stopped"), having("primary"), "dr", False, "dr is the primary"),
        (having("primary"), having("primary"), None, False, "both accept writes"),
        (having("stopped"), having("standby"), None, False, "none of them is a primary"),
        (ABSENT, having("stopped"), None, False, "none of them is a primary"),
        (having("unknown"), ABSENT, None, False, "none of them is a primary"),
    ],
)
def test_decides(nanning: Any, dr: Any, primary: str | None, fresh: bool, reason: str) -> None:
    decision = decide_primary({"nanning": nanning, "dr": dr}, "nanning")
    assert (decision["primary"], decision["fresh"]) == (primary, fresh)
    assert reason in decision["reason"]
    assert decision["ok"] is (primary is not None)
