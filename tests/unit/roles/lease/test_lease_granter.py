# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets a lease, who does not, and when the last one has certainly run out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from anjianyun_lease.granter import DRIFT, GRACE_S, Granter

LEASE_S = 10.0


def question(**changes: Any) -> dict[str, Any]:
    asked = {"holder": "nn-db-01", "lease_s": LEASE_S, "system": "7", "timeline": 2}
    return {**asked, "serving": True, "gated": True, **changes}


def granter(tmp_path: Path, started: float = 0.0) -> Granter:
    return Granter("liuzhou-wit-01", tmp_path / "granter.json", started, LEASE_S)


def test_a_holder_gets_its_lease_and_the_granter_counts_it_longer_than_the_holder(tmp_path: Path) -> None:
    one = granter(tmp_path)
    assert one.ask(question(), now=100.0).granted
    assert not one.status("nn-db-01", now=100.0 + LEASE_S)["over"]
    assert not one.status("nn-db-01", now=100.0 + LEASE_S * (1 + DRIFT))["over"]
    assert one.status("nn-db-01", now=100.0 + LEASE_S * (1 + DRIFT) + GRACE_S)["over"]


def test_a_refused_holder_gets_nothing_after_a_restart_either(tmp_path: Path) -> None:
    one = granter(tmp_path)
    one.ask(question(), now=100.0)
    assert one.refuse("nn-db-01", "failover to dr", "li.wei")
    assert not one.refuse("nn-db-01", "again", "li.wei"), "refusing twice changes nothing"
    answer = granter(tmp_path).ask(question(), now=101.0)
    assert not answer.granted
    assert "failover to dr" in answer.reason


def test_after_a_restart_every_lease_may_still_run(tmp_path: Path) -> None:
    """What the former process granted in its last moment is not known."""
    granter(tmp_path).ask(question(), now=100.0)
    status = granter(tmp_path, started=101.0).status("nn-db-01", now=101.0)
    assert status["remaining_s"] == pytest.approx(LEASE_S * (1 + DRIFT) + GRACE_S)
    assert status["gated"] is True, "that the holder has a gate outlives the granter"


def test_a_holder_on_an_older_timeline_gets_nothing(tmp_path: Path) -> None:
    """Somebody was promoted past it; the granter remembers that over a restart."""
    granter(tmp_path).ask(question(holder="dr-db-01", timeline=3), now=100.0)
    answer = granter(tmp_path).ask(question(), now=100.0)
    assert not answer.granted
    assert "timeline 3" in answer.reason


def test_the_timelines_of_another_database_do_not_count(tmp_path: Path) -> None:
    one = granter(tmp_path)
    one.ask(question(holder="dr-db-01", timeline=9, system="8"), now=100.0)
    assert one.ask(question(), now=100.0).granted


@pytest.mark.parametrize("timeline", [1, 2, 3])
def test_a_granter_whose_own_database_accepts_writes_grants_to_nobody_else(
    tmp_path: Path, timeline: int
) -> None:
    """On a newer timeline neither: it may have been passed over, and as long as it writes there are two."""
    one = granter(tmp_path)
    one.own = ("7", 2)
    answer = one.ask(question(timeline=timeline), now=100.0)
    assert not answer.granted
    assert "liuzhou-wit-01 accepts writes" in answer.reason
    assert one.ask(question(timeline=timeline, system="8"), now=100.0).granted, "another service's database"
    one.own = None
    assert one.ask(question(timeline=timeline), now=100.0).granted, "it has ended itself"


def test_nobody_gets_a_longer_lease_than_the_plan_says(tmp_path: Path) -> None:
    assert not granter(tmp_path).ask(question(lease_s=LEASE_S + 1), now=0.0).granted


def test_allowed_again_it_gets_its_lease(tmp_path: Path) -> None:
    one = granter(tmp_path)
    one.refuse("nn-db-01", "failover", "li.wei")
    assert one.allow("nn-db-01")
    assert not one.allow("nn-db-01")
    assert granter(tmp_path).ask(question(), now=100.0).granted


def test_a_holder_without_a_gate_is_told_apart(tmp_path: Path) -> None:
    one = granter(tmp_path)
    assert one.status("nn-db-01", now=100.0)["gated"] is None
    one.ask(question(gated=False), now=100.0)
    assert one.status("nn-db-01", now=100.0)["gated"] is False
