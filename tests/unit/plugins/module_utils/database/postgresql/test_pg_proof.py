# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.demote import (
    judge_standby,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.info import (
    standby_lag,
    without_password,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.proof import (
    StandbyPosition,
    Verdict,
    judge_proof,
)

NOW = 1_000_000.0
STANDBY = StandbyPosition("7", 2, "0/5000100", "0/50000A0")
SHUTDOWN = {"state": "shut down", "shutdown_lsn": "0/5000028", "timeline": 2, "system_identifier": "7"}
BMC = {
    "host": "nn-db-01",
    "readings": ["off", {"power": "off"}, False],
    "restore_policy": "always-off",
    "at": NOW - 5,
}
WORD = {"by": "li.wei", "risk": "two writers", "expires_at": NOW + 60}
NETWORK = {"devices": ["nn-rt-01"], "verified": True, "at": NOW - 5, "attestation": WORD}
READING = {
    "holder": "nn-db-01", "refusing": True, "over": True, "remaining_s": 0.0, "gated": True,
    "asks": ["dr-db-01", "liuzhou-wit-01"], "asked_s_ago": 20.0,
}  # fmt: skip
DR = {**READING, "granter": "dr-db-01"}
WITNESS = {**READING, "granter": "liuzhou-wit-01"}
WHO = ["dr-db-01", "liuzhou-wit-01"]
# The plan names another witness since the holder was deployed.
FORMER = ["dr-db-01", "hechi-wit-01"]
NEVER_ASKED = {**WITNESS, "gated": None, "asks": None, "asked_s_ago": None}
LEASE = {"holder": "nn-db-01", "granters": [DR, WITNESS], "expected": WHO, "at": NOW - 5}


def judge(method: str | None, data: dict[str, Any], standby: StandbyPosition | None = STANDBY) -> Verdict:
    return judge_proof({"method": method, "data": data}, standby, now=NOW, max_age_s=600)


@pytest.mark.parametrize(
    ("method", "data"),
    [("shutdown", SHUTDOWN), ("bmc", BMC), ("attested", WORD), ("network", NETWORK), ("lease", LEASE)],
)
def test_a_whole_proof_holds(method: str, data: dict[str, Any]) -> None:
    verdict = judge(method, data)
    assert verdict.ok is True, verdict.reason


@pytest.mark.parametrize(
    ("method", "data", "reason"),
    [
        (None, {}, "no proof was given"),
        ("prayer", {}, "no method of proof"),
        ("shutdown", {**SHUTDOWN, "state": "in production"}, "'in production', not 'shut down'"),
        ("shutdown", {**SHUTDOWN, "system_identifier": "8"}, "of another database"),
        ("shutdown", {**SHUTDOWN, "timeline": 1}, "of timeline 1, this standby is on 2"),
        ("shutdown", {}, "lacks 'state'"),
        ("shutdown", {**SHUTDOWN, "shutdown_lsn": "soon"}, "cannot be understood"),
        ("bmc", {**BMC, "readings": ["off"]}, "1 reading"),
        ("bmc", {**BMC, "readings": ["off", "unknown"]}, "not read as off each time: off, unknown"),
        ("bmc", {**BMC, "readings": ["off", True]}, "not read as off each time"),
        ("bmc", {**BMC, "restore_policy": "previous"}, "comes back with the power"),
        ("bmc", {**BMC, "at": NOW - 601}, "601 s old"),
        ("bmc", {**BMC, "at": NOW + 100}, "in the future"),
        ("attested", {**WORD, "expires_at": NOW - 1}, "expired 1 s ago"),
        ("attested", {**WORD, "risk": " "}, "names who gives it and the risk"),
        ("network", {**NETWORK, "verified": "yes"}, "no device was read"),
        ("network", {**NETWORK, "devices": []}, "no device was read"),
        ("network", {**NETWORK, "attestation": {**WORD, "expires_at": 1}}, "expired"),
        ("lease", {**LEASE, "granters": [DR]}, "liuzhou-wit-01 was not asked and may renew"),
        ("lease", {**LEASE, "granters": [], "expected": []}, "nobody was asked"),
        ("lease", {**LEASE, "granters": [DR, {**WITNESS, "refusing": False}]}, "liuzhou-wit-01 would renew"),
        ("lease", {**LEASE, "granters": [{**DR, "over": False, "remaining_s": 3}, WITNESS]}, "may last 3 s"),
        ("lease", {**LEASE, "granters": [DR, {**WITNESS, "gated": False}]}, "without a gate"),
        ("lease", {**LEASE, "granters": [{**DR, "gated": None}, {**WITNESS, "gated": None}]}, "nobody knows"),
        ("lease", {**LEASE, "granters": [DR, {**WITNESS, "holder": "dr-db-01"}]}, "was asked about dr-db-01"),
        (
            "lease",
            {**LEASE, "granters": [{**DR, "asks": FORMER}, NEVER_ASKED]},
            "hechi-wit-01 was not asked",
        ),
        (
            "lease",
            {**LEASE, "granters": [DR, {**WITNESS, "asks": FORMER}]},
            "which liuzhou-wit-01 knows",
        ),
        ("lease", {**LEASE, "granters": [{**DR, "asks": None}, NEVER_ASKED]}, "dr-db-01 was not told whom"),
        ("lease", {**LEASE, "granters": [DR, {**WITNESS, "asks": None}]}, "deploy the service again"),
        (
            "lease",
            {**LEASE, "granters": [{**DR, "asks": None, "asked_s_ago": None}, NEVER_ASKED]},
            "no granter was told whom nn-db-01 asks",
        ),
        ("lease", {**LEASE, "at": NOW - 601}, "601 s old"),
    ],
)
def test_a_broken_proof_does_not_hold(method: str | None, data: dict[str, Any], reason: str) -> None:
    verdict = judge(method, data)
    assert verdict.ok is False
    assert reason in verdict.reason


@pytest.mark.parametrize("asks", [WHO, ["dr-db-01"]])
def test_a_proof_by_lease_holds_when_one_granter_was_never_asked(asks: list[str]) -> None:
    """A witness that is new in the plan, or was silent all the time: the others know whom the holder asks."""
    verdict = judge("lease", {**LEASE, "granters": [{**DR, "asks": asks}, NEVER_ASKED]})
    assert verdict.ok is True, verdict.reason


@pytest.mark.parametrize("lsn", ["0/5000028", "0/5000000"])
def test_the_shutdown_record_must_have_arrived_itself(lsn: str) -> None:
    verdict = judge("shutdown", SHUTDOWN, StandbyPosition("7", 2, lsn, lsn))
    assert verdict.ok is None
    assert "not arrived" in verdict.reason


def test_received_but_not_replayed_is_enough() -> None:
    assert judge("shutdown", SHUTDOWN, StandbyPosition("7", 2, "0/50000A0", "0/4000000")).ok is True


ROW = {"application_name": "dr-db-01", "state": "streaming", "flush_lag_bytes": 10, "flush_lsn": "0/1"}


@pytest.mark.parametrize(
    ("rows", "ok", "reason"),
    [
        ([ROW], True, "10 bytes behind"),
        ([], False, "nobody does"),
        ([{**ROW, "application_name": "x"}], False, "(x does)"),
        ([{**ROW, "state": "catchup"}], False, "is catchup, not streaming"),
        ([{**ROW, "flush_lag_bytes": 11}], False, "11 bytes behind, at most 10"),
        ([{**ROW, "flush_lsn": None}], None, "not known"),
    ],
)
def test_who_may_inherit(rows: list[dict[str, Any]], ok: bool | None, reason: str) -> None:
    verdict = judge_standby(rows, "dr-db-01", 10)
    assert verdict.ok is ok
    assert reason in verdict.reason


def receiver(**changes: Any) -> dict[str, Any]:
    told = {"status": "streaming", "latest_end_lsn": "0/500", "sent_at": NOW - 1, "carried_log": True}
    return {**told, **changes}


def answer(**changes: Any) -> dict[str, Any]:
    return {
        "receiver": receiver(),
        "replayed": "0/500",
        "now": NOW,
        "last_replayed_commit_at": NOW - 90,
        **changes,
    }


def test_a_standby_that_holds_what_was_just_announced_is_not_late() -> None:
    lag_s, basis = standby_lag(answer())
    assert lag_s == 1.0
    assert "announced" in basis


def test_what_lay_in_a_full_line_is_as_old_as_its_sending() -> None:
    """It came this very moment, and the primary has written for forty seconds since it was sent."""
    full = receiver(sent_at=NOW - 40)
    assert standby_lag(answer(receiver=full)) == (
        40.0,
        "all of what the primary announced 40.0 s ago is replayed",
    )


def test_a_keepalive_does_not_tell_where_the_primary_s_log_ends() -> None:
    """It tells how far the log was sent: on a line that takes no more, less than there is."""
    assert standby_lag(answer(receiver=receiver(carried_log=False)))[0] == 90.0


def test_a_standby_behind_is_as_late_as_its_newest_commit() -> None:
    assert standby_lag(answer(replayed="0/400"))[0] == 90.0


def test_without_a_primary_the_newest_commit_counts() -> None:
    assert standby_lag(answer(receiver=None))[0] == 90.0


def test_a_word_from_the_future_measures_clocks_and_no_lag() -> None:
    for silent in (None, receiver(sent_at=NOW + 211)):
        lag_s, basis = standby_lag(answer(receiver=silent, last_replayed_commit_at=NOW + 210))
        assert lag_s is None
        assert "clocks of the servers disagree" in basis


def test_unknown_lag_is_not_zero() -> None:
    assert standby_lag(answer(receiver=None, last_replayed_commit_at=None))[0] is None


def test_no_password_is_shown() -> None:
    assert without_password("host=a password=geheim user=b") == "host=a user=b"
