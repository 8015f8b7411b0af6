# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned moves between two real clusters: nothing is lost, and nothing is promoted on a promise."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from pg_pair import Pair, attested, come_back, hand_over

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import Cluster
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.demote import demote
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.info import read_info
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.promote import promote
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.synchronous import (
    set_synchronous,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused


def test_info_says_what_both_nodes_are(pair: Pair, found: Cluster) -> None:
    pair.write(pair.a, 1, 10)
    primary, standby = read_info(found), read_info(pair.b)

    assert (primary["role"], standby["role"]) == ("primary", "standby")
    assert primary["system_identifier"] == standby["system_identifier"]
    assert primary["timeline"] == standby["timeline"] == 1
    assert [row["application_name"] for row in primary["replication"]] == ["b"]
    assert primary["settings"]["fsync"] == "on"
    assert primary["settings"]["data_checksums"] == "on"
    assert [slot["name"] for slot in primary["slots"]] == ["b"]
    assert standby["receiver"]["status"] == "streaming"
    assert standby["lag_s"] is not None
    assert standby["lag_s"] < 10
    json.dumps([primary, standby])


def test_on_a_slow_line_the_standby_lacks_at_least_what_is_still_on_its_way(pair: Pair) -> None:
    """What arrives this moment was sent a while ago, and the primary goes on committing meanwhile."""
    measured: list[float] = []
    end = time.monotonic() + 60
    with pair.slow_line(seconds=1.5), pair.committing(pair.a):
        while len(measured) < 5:
            assert time.monotonic() < end, "it never holds all of what was announced"
            info = read_info(pair.b)
            if "announced" in info["lag_basis"]:
                measured.append(info["lag_s"])
    assert min(measured) > 1.4


def test_info_of_a_stopped_cluster_comes_from_its_control_file(pair: Pair) -> None:
    pair.b.stop_fast(20)

    info = read_info(pair.b)

    assert (info["running"], info["ready"], info["role"]) == (False, False, "stopped")
    assert info["control"]["state"] == "shut down in recovery"
    assert info["lag_s"] is None


def test_switchover_there_and_back_loses_nothing(pair: Pair) -> None:
    pair.write(pair.a, 1, 100)
    began = time.monotonic()
    there = hand_over(pair.a, pair.b, "b")
    took = time.monotonic() - began

    assert there["judged"]["ok"] is True
    assert (there["timeline_before"], there["timeline_after"]) == (1, 2)
    assert there["slots_created"] == ["a"]
    assert pair.count(pair.b) == 100
    print(f"demote and promote: {took:.3f} s, promotion alone {there['promote_s']} s")

    back = come_back(pair, pair.a, pair.b)
    assert (back["action"], back["streaming"], back["diverged"]) == ("follow", True, False)
    assert back["slots_dropped"] == ["b"]
    assert come_back(pair, pair.a, pair.b)["changed"] is False

    pair.write(pair.b, 101, 200)
    home = hand_over(pair.b, pair.a, "a")
    assert home["timeline_after"] == 3
    assert pair.count(pair.a) == 200
    assert come_back(pair, pair.b, pair.a)["action"] == "follow"


def test_demote_twice_gives_the_same_proof(pair: Pair) -> None:
    first = demote(pair.a, standby="b", max_lag_bytes=1 << 24, timeout_s=20, dry_run=False)
    second = demote(pair.a, standby="b", max_lag_bytes=1 << 24, timeout_s=20, dry_run=False)

    assert (first["changed"], second["changed"]) == (True, False)
    assert first["proof"] == second["proof"]
    assert read_info(pair.a)["standby_signal"] is True
    # The standby holds the shutdown record itself, not only what came before it.
    assert first["proof"]["data"]["shutdown_lsn"] == read_info(pair.a)["control"]["checkpoint_lsn"]


def test_demote_refuses_without_a_streaming_heir(pair: Pair) -> None:
    pair.b.stop_fast(20)
    pair.a.wait_for(lambda: read_info(pair.a)["replication"] == [], 10, "still streaming")

    with pytest.raises(Refused, match="b does not replicate from here"):
        demote(pair.a, standby="b", max_lag_bytes=1 << 24, timeout_s=20, dry_run=False)

    assert read_info(pair.a)["role"] == "primary"
    pair.write(pair.a, 1, 1)


def test_check_mode_stops_and_promotes_nothing(pair: Pair) -> None:
    planned = demote(pair.a, standby="b", max_lag_bytes=1 << 24, timeout_s=20, dry_run=True)
    promoted = promote(pair.b, proof=attested(), slots=["a"], timeout_s=5, max_proof_age_s=60, dry_run=True)

    assert planned["changed"]
    assert promoted["changed"]
    assert (read_info(pair.a)["role"], read_info(pair.b)["role"]) == ("primary", "standby")
    assert read_info(pair.b)["slots"] == []


@pytest.mark.parametrize(
    ("proof", "sentence"),
    [
        ({}, "no proof was given"),
        ({"method": "bmc", "data": {"readings": ["off"]}}, "1 reading"),
        ({"method": "attested", "data": {"by": "x", "risk": "y", "expires_at": 1}}, "expired"),
    ],
)
def test_promote_refuses_without_proof(pair: Pair, proof: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        promote(pair.b, proof=proof, slots=["a"], timeout_s=1, max_proof_age_s=60, dry_run=False)

    info = read_info(pair.b)
    assert (info["role"], info["timeline"], info["slots"]) == ("standby", 1, [])


def test_promote_refuses_while_the_shutdown_record_is_missing(pair: Pair) -> None:
    pair.b.stop_fast(20)
    pair.a.wait_for(lambda: read_info(pair.a)["replication"] == [], 10, "still streaming")
    pair.write(pair.a, 1, 10)
    pair.a.stop_fast(20)
    pair.b.start(20)
    proof = demote(pair.a, standby="b", max_lag_bytes=1 << 24, timeout_s=20, dry_run=False)["proof"]

    with pytest.raises(Refused, match="has not arrived here yet"):
        promote(pair.b, proof=proof, slots=[], timeout_s=0.5, max_proof_age_s=60, dry_run=False)

    assert read_info(pair.b)["role"] == "standby"


def test_a_synchronous_survivor_does_not_hang(pair: Pair) -> None:
    assert (
        set_synchronous(pair.a, standby="b", synchronous=True, wait_s=5, dry_run=False)["sync_state"]
        == "sync"
    )
    again = set_synchronous(pair.a, standby="b", synchronous=True, wait_s=5, dry_run=False)
    assert again["changed"] is False
    # The other node is prepared the same way by mistake: it must still not wait for anybody.
    pair.b.write(pair.b.synchronous_file, "synchronous_standby_names = 'a'\n")
    pair.b.psql("SELECT pg_reload_conf();")

    hand_over(pair.a, pair.b, "b")

    pair.write(pair.b, 1, 1)
    with pytest.raises(Refused, match="does not stream from here"):
        set_synchronous(pair.b, standby="a", synchronous=True, wait_s=5, dry_run=False)
    pair.write(pair.b, 2, 2)
