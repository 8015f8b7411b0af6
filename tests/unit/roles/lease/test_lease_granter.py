# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets a lease, who does not, and when the last one has certainly run out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from anjianyun_lease.granter import DRIFT, GRACE_S, TRIED_S, Granter

LEASE_S = 10.0
WHO = ["dr-db-01", "liuzhou-wit-01"]


def question(**changes: Any) -> dict[str, Any]:
    asked = {"holder": "nn-db-01", "lease_s": LEASE_S, "system": "7", "timeline": 2}
    return {**asked, "serving": True, "gated": True, "asks": WHO, **changes}


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
    assert one.refuse("nn-db-01", "failover to dr", "li.wei", now=100.0)
    assert not one.refuse("nn-db-01", "again", "li.wei", now=100.0), "refusing twice changes nothing"
    answer = granter(tmp_path).ask(question(), now=101.0)
    assert not answer.granted
    assert "failover to dr" in answer.reason


def test_it_counts_how_long_it_refuses_since_it_was_last_told(tmp_path: Path) -> None:
    """The refusal of an earlier run tells nothing of the leases that others gave since."""
    one = granter(tmp_path)
    one.refuse("nn-db-01", "failover to dr", "li.wei", now=100.0)
    assert one.status("nn-db-01", now=113.0)["told_s_ago"] == 13.0
    one.refuse("nn-db-01", "failover to dr", "li.wei", now=500.0)
    assert one.status("nn-db-01", now=501.0)["told_s_ago"] == 1.0
    assert granter(tmp_path).status("nn-db-01", now=600.0)["told_s_ago"] is None
    one.allow("nn-db-01")
    assert one.status("nn-db-01", now=600.0)["told_s_ago"] is None


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
    one.refuse("nn-db-01", "failover", "li.wei", now=100.0)
    assert one.allow("nn-db-01")
    assert not one.allow("nn-db-01")
    assert granter(tmp_path).ask(question(), now=100.0).granted


def test_a_holder_without_a_gate_is_told_apart(tmp_path: Path) -> None:
    one = granter(tmp_path)
    assert one.status("nn-db-01", now=100.0)["gated"] is None
    one.ask(question(gated=False), now=100.0)
    assert one.status("nn-db-01", now=100.0)["gated"] is False


def test_it_knows_whom_a_holder_asks_after_a_restart_too(tmp_path: Path) -> None:
    one = granter(tmp_path)
    assert one.status("nn-db-01", now=100.0)["asks"] is None
    one.ask(question(), now=100.0)
    assert granter(tmp_path).status("nn-db-01", now=100.0)["asks"] == WHO


def test_it_learns_whom_a_holder_asks_when_it_refuses_it_as_well(tmp_path: Path) -> None:
    """The holder may have been deployed anew meanwhile, and others may renew its lease."""
    one = granter(tmp_path)
    one.ask(question(), now=100.0)
    one.refuse("nn-db-01", "failover", "li.wei", now=100.0)
    assert not one.ask(question(asks=["dr-db-01", "hechi-wit-01"]), now=101.0).granted
    assert one.status("nn-db-01", now=101.0)["asks"] == ["dr-db-01", "hechi-wit-01"]


def test_an_older_holder_that_does_not_say_whom_it_asks_is_granted_its_lease(tmp_path: Path) -> None:
    one = granter(tmp_path)
    one.ask(question(), now=100.0)
    older = question()
    del older["asks"]
    assert one.ask(older, now=101.0).granted
    assert one.status("nn-db-01", now=101.0)["asks"] is None, "what it said before may be over"


class Disk:
    """That of a granter: full, it takes no new file and keeps the old one."""

    def __init__(self, folder: Path) -> None:
        self.new = folder / ".granter.json.new"

    def fill(self) -> None:
        self.new.mkdir()

    def make_room(self) -> None:
        self.new.rmdir()


def test_with_a_full_disk_a_renewal_is_granted_and_what_is_new_is_not(tmp_path: Path) -> None:
    one, disk = granter(tmp_path), Disk(tmp_path)
    one.ask(question(), now=100.0)
    disk.fill()
    assert one.ask(question(), now=102.0).granted, "nothing of it has to be written down"
    for unknown in (question(timeline=3), question(holder="dr-db-01"), question(gated=False)):
        answer = one.ask(unknown, now=103.0)
        assert not answer.granted
        assert "cannot write down" in answer.reason
        assert ".granter.json.new" in answer.reason, "the cause"
    assert one.ask(question(), now=104.0).granted, "the timeline that it could not write down does not count"
    disk.make_room()
    assert one.ask(question(timeline=3), now=105.0).granted


def test_a_refusal_that_cannot_be_written_down_is_not_in_force(tmp_path: Path) -> None:
    """After a restart it would be forgotten; so nobody may take it for given before."""
    one, disk = granter(tmp_path), Disk(tmp_path)
    disk.fill()
    with pytest.raises(OSError, match="granter.json"):
        one.refuse("nn-db-01", "failover", "li.wei", now=100.0)
    assert not one.status("nn-db-01", now=100.0)["refusing"]
    disk.make_room()
    assert one.refuse("nn-db-01", "failover", "li.wei", now=100.0), "asked again it is new, and done"
    disk.fill()
    with pytest.raises(OSError, match="granter.json"):
        one.allow("nn-db-01")
    assert one.status("nn-db-01", now=100.0)["refusing"]


def test_it_says_whether_it_can_write_before_anything_depends_on_it(tmp_path: Path) -> None:
    one, disk = granter(tmp_path), Disk(tmp_path)
    one.ask(question(), now=100.0)
    assert one.status("nn-db-01", now=100.0)["writable"] is True
    disk.fill()
    assert one.status("nn-db-01", now=100.0 + TRIED_S)["writable"] is False
    disk.make_room()
    assert one.status("nn-db-01", now=100.0 + 2 * TRIED_S)["writable"] is True
    assert granter(tmp_path).status("nn-db-01", now=100.0)["asks"] == WHO, "trying loses nothing"


def test_it_is_known_how_far_the_clock_of_a_holder_was_ahead(tmp_path: Path) -> None:
    """A standby measures what it lacks by the clock of a primary that nobody can read any more."""
    one = Granter("dr-db-01", tmp_path / "granter.json", 0.0, LEASE_S, wall=lambda: 1_000_000.0)
    assert one.ask(question(wall=1_000_210.0), now=100.0).granted
    assert one.status("nn-db-01", now=101.0)["clock_s"] == 210.0
    one.ask(question(), now=102.0)
    assert one.status("nn-db-01", now=103.0)["clock_s"] is None
