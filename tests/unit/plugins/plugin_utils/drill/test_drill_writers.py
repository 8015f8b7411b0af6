# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.logs import ProbeLog, Written
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.writers import judge

TRIED = [moment / 2 for moment in range(41)]


def probe(*writes: Written) -> ProbeLog:
    return ProbeLog("dr-app-01", ("a", "b"), list(writes), {"a": TRIED, "b": TRIED}, started=0.0, ended=20.0)


def write(node: str, started: float, timeline: int, lasts: float = 0.01) -> Written:
    return Written(node, started, started + lasts, timeline)


@pytest.mark.parametrize(
    ("writes", "found"),
    [
        # A planned move and the way home: each promotion begins a newer timeline.
        ([write("a", 1, 1), write("b", 2, 2), write("a", 3, 3)], False),
        ([write("a", 1, 1), write("a", 2, 1)], False),
        ([], False),
        # Both at a time.
        ([write("a", 1, 1, lasts=0.5), write("b", 1.2, 2)], True),
        # The old one goes on after the promotion.
        ([write("a", 1, 1), write("b", 2, 2), write("a", 3, 1)], True),
        ([write("a", 1, 1), write("b", 2, 2), write("a", 3, 2)], True),
        # Both promoted on their own.
        ([write("a", 1, 1), write("b", 2, 1)], True),
        # A long write that began before others of the other node ended.
        ([write("a", 1, 1, lasts=3), write("a", 1.1, 1), write("b", 3.5, 2)], True),
    ],
)
def test_two_writers(writes: list[Written], found: bool) -> None:
    assert judge([probe(*writes)], 0, 20).found is found


def test_two_writers_are_told_with_their_timelines() -> None:
    found = judge([probe(write("a", 1, 1), write("b", 2, 2), write("a", 3, 1))], 0, 20)
    assert found.reason is not None
    assert found.reason.as_dict()["text"] == (
        "two writers: a accepted a write on timeline 1 after b accepted one on timeline 2"
    )


def test_without_a_probe_it_is_not_known() -> None:
    assert judge([], 0, 20).found is None


@pytest.mark.parametrize(
    ("tried", "why"),
    [
        ([m for m in TRIED if m < 8 or m > 11], "did not ask b for 4.0 s"),
        ([m for m in TRIED if m > 5], "did not ask b for 5.5 s"),
        ([m for m in TRIED if m < 15], "did not ask b for 5.5 s"),
        ([], "did not ask b for 20.0 s"),
    ],
)
def test_a_blind_probe_proves_nothing(tried: list[float], why: str) -> None:
    log = replace(probe(), tried={"a": TRIED, "b": tried})
    found = judge([log], 0, 20)
    assert found.found is None
    assert found.reason is not None
    assert why in found.reason.as_dict()["text"]


def test_a_blind_probe_that_saw_two_writers_saw_them() -> None:
    log = replace(probe(write("a", 1, 1), write("b", 2, 1)), tried={})
    assert judge([log], 0, 20).found is True


def test_one_probe_that_looked_all_the_time_is_enough() -> None:
    assert judge([replace(probe(), tried={}), probe()], 0, 20).found is False


def test_a_probe_that_asked_one_database_proves_nothing() -> None:
    assert judge([replace(probe(), nodes=("a",))], 0, 20).found is None


def test_damaged_lines_prove_nothing() -> None:
    assert judge([replace(probe(), damaged=1)], 0, 20).found is None
