# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting while a limit is passed: until it is not, and not for ever."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.throttle import (
    Limit,
    Throttle,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DeadlineExceeded


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def _throttle(
    clock: Clock, measure: Callable[[], float | None], rest_s: float = 0, patience_s: float = 60
) -> Throttle:
    limit = Limit("lag of the replication in seconds", measure, 30)
    return Throttle((limit,), rest_s, patience_s, lambda: clock.now, clock.sleep)


def test_it_goes_on_when_the_lag_is_small_again_and_says_why_it_waits() -> None:
    clock, said = Clock(), list[str]()
    throttle = _throttle(clock, lambda: 100 - 10 * clock.now)
    throttle.wait(said.append)
    assert 100 - 10 * clock.now <= 30
    assert said[0] == "lag of the replication in seconds: 100, more than 30"
    assert said[-1] == ""
    assert throttle.waited_s == clock.now


def test_a_lag_that_is_not_known_holds_nothing_up() -> None:
    clock = Clock()
    _throttle(clock, lambda: None, rest_s=0.5).wait()
    assert clock.now == 0.5


def test_it_gives_up_after_its_patience() -> None:
    clock = Clock()
    with pytest.raises(DeadlineExceeded, match="held up for too long: lag of the replication in seconds: 31"):
        _throttle(clock, lambda: 31, patience_s=20).wait()
    assert 20 <= clock.now < 30


def test_a_measure_is_asked_for_once_in_a_while_only() -> None:
    clock, asked = Clock(), list[float]()

    def measure() -> float:
        asked.append(clock.now)
        return 1.0

    throttle = _throttle(clock, measure)
    for _number in range(100):
        throttle.wait()
        clock.now += 0.1
    assert len(asked) <= 6
