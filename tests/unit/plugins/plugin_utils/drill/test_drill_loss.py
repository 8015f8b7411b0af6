# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.logs import Ack
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.loss import (
    Surviving,
    lost,
    rpo_s,
    share,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.outage import Gap

ACKS = [Ack("a", 1, 1.0), Ack("b", 1, 5.0), Ack("c", 1, 6.0), Ack("d", 1, 99.0)]
SHARES = share(ACKS, [4.0, 10.0])


def names(parts: list[list[Ack] | None]) -> list[list[str] | None]:
    return [None if part is None else [ack.report_id for ack in part] for part in parts]


def test_what_was_acknowledged_before_a_disaster_belongs_to_its_failover() -> None:
    # The second phase began somewhere between 4 and 10; "b" was acknowledged in the pause before it.
    assert names([*SHARES]) == [["a"], ["b", "c", "d"]]


def test_an_acknowledgement_at_the_end_of_a_phase_belongs_to_it() -> None:
    assert names([*share([Ack("a", 1, 4.0)], [4.0, 10.0])]) == [["a"], []]


def test_nothing_is_shared_when_there_was_no_phase() -> None:
    assert share(ACKS, []) == []


def test_not_asked_is_not_known_and_never_none_lost() -> None:
    assert lost(SHARES, Surviving()) == [None, None]


def test_an_empty_database_has_lost_everything() -> None:
    assert names(lost(SHARES, Surviving(final=frozenset()))) == [["a"], ["b", "c", "d"]]


def test_lost_is_what_is_not_there() -> None:
    assert names(lost(SHARES, Surviving(final=frozenset("acd")))) == [[], ["b"]]


def test_ids_taken_after_a_phase_tell_which_phase_lost_them() -> None:
    # "a" survived the first phase, and the second lost it.
    after = {1: frozenset("a"), 2: frozenset("bcd")}
    assert names(lost(SHARES, Surviving(frozenset("bcd"), after))) == [[], ["a"]]


def test_ids_of_an_earlier_phase_say_nothing_of_a_later_one() -> None:
    assert names(lost(SHARES, Surviving(None, {1: frozenset("a")}))) == [[], None]


def test_ids_of_the_last_phase_are_the_final_ones() -> None:
    assert names(lost(SHARES, Surviving(None, {2: frozenset("bcd")}))) == [["a"], []]


def test_a_loss_is_counted_once() -> None:
    after = {1: frozenset(), 2: frozenset("bcd")}
    assert names(lost(SHARES, Surviving(frozenset("bcd"), after))) == [["a"], []]


def test_what_was_lost_and_put_back_by_hand_is_lost_all_the_same() -> None:
    after = {1: frozenset(), 2: frozenset("abcd")}
    assert names(lost(SHARES, Surviving(frozenset("abcd"), after))) == [["a"], []]


def test_the_rpo_is_the_age_of_the_oldest_loss_when_the_service_failed() -> None:
    missing = [Ack("b", 1, 5.0), Ack("c", 1, 6.0)]
    assert rpo_s(missing, Gap(6.5, 12.0)) == 1.5
    assert rpo_s([], Gap(6.5, 12.0)) == 0.0
    assert rpo_s([], None) == 0.0


def test_a_loss_is_never_zero_seconds_old() -> None:
    rpo = rpo_s([Ack("c", 1, 6.5)], Gap(6.5, 12.0))
    assert rpo is not None
    assert rpo > 0


def test_the_rpo_is_unknown_when_the_loss_or_the_failure_is() -> None:
    assert rpo_s(None, Gap(6.5, 12.0)) is None
    assert rpo_s([Ack("c", 1, 6.0)], None) is None
