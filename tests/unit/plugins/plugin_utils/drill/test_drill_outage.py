# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.logs import (
    Ack,
    parse_client,
    parse_probe,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.outage import (
    bins,
    outage,
    worst_connection,
)

MOMENTS = st.lists(st.floats(0, 100, allow_nan=False).map(lambda x: round(x, 3)), min_size=1, max_size=40)


def lines(*entries: dict[str, Any]) -> str:
    return "".join(json.dumps(entry) + "\n" for entry in entries)


def test_the_outage_is_the_longest_gap_in_the_span() -> None:
    found = outage([0, 1, 2, 5, 6, 20, 21], begin=1.5, end=5.5)
    assert found.gap is not None
    assert (found.gap.start, found.gap.end, found.gap.seconds) == (2, 5, 3)


def test_a_disaster_before_the_runbook_begins_counts_from_the_disaster() -> None:
    found = outage([0, 1, 9, 10], begin=4, end=9.5)
    assert found.gap is not None
    assert found.gap.seconds == 8


def test_a_service_that_comes_back_after_the_phase_counts_until_then() -> None:
    found = outage([0, 1, 9, 10], begin=0.5, end=4)
    assert found.gap is not None
    assert found.gap.seconds == 8


@pytest.mark.parametrize(
    ("times", "why"),
    [
        ([], "none"),
        # The last acknowledgement is 7 s before the end: the service may be out still.
        ([0, 1, 2, 3], "silent"),
        # The client began 6 s into the phase: what was before is not known.
        ([6, 7, 8, 9, 10], "early"),
    ],
)
def test_an_outage_whose_begin_or_end_was_not_seen_is_not_known(times: list[float], why: str) -> None:
    found = outage(times, begin=0, end=10)
    assert (found.gap, found.why) == (None, why)


@given(MOMENTS, st.floats(0, 100), st.floats(0, 100))
def test_no_acknowledgement_lies_inside_the_outage(moments: list[float], one: float, other: float) -> None:
    begin, end = sorted((one, other))
    found = outage(sorted(moments), begin, end).gap
    if found is not None:
        assert not [moment for moment in moments if found.start < moment < found.end]
        assert found.start <= end
        assert found.end >= begin


@given(MOMENTS)
def test_every_moment_falls_into_one_bin(moments: list[float]) -> None:
    assert sum(bins(sorted(moments), 0, 100.1, 0.1)) == len(moments)


def test_one_connection_may_wait_longer_than_the_service_is_out() -> None:
    acks = [
        Ack(str(i), connection, at)
        for i, (connection, at) in enumerate([(1, 0), (2, 1), (2, 2), (1, 3), (2, 3)])
    ]
    assert worst_connection(acks, 0, 3) == 3


def test_a_connection_that_never_came_back_makes_the_worst_unknown() -> None:
    acks = [Ack(str(at), 1, at) for at in range(10)] + [Ack("a", 2, 0), Ack("b", 2, 1)]
    assert worst_connection(acks, 0, 9) is None


def ack(report_id: str, acked: float, monotonic: float) -> dict[str, Any]:
    return {
        "type": "ack", "report_id": report_id, "connection": 0, "acked": acked, "acked_monotonic": monotonic,
        "timeline": 1, "database": "nn-db-01",
    }  # fmt: skip


def test_a_clock_that_is_set_makes_no_outage() -> None:
    # Between the two the wall clock was set 1,000 s ahead; 1 s has passed.
    log = parse_client(
        "wuming",
        lines(
            {"type": "start", "at": 500.0, "monotonic": 10.0}, ack("a", 501.0, 11.0), ack("b", 1502.0, 12.0)
        ),
    )
    assert [one.acked for one in log.acks] == [501.0, 502.0]


def test_a_client_that_was_started_again_is_put_on_one_axis() -> None:
    log = parse_client(
        "wuming",
        lines(
            {"type": "start", "at": 500.0, "monotonic": 10.0},
            ack("a", 501.0, 11.0),
            # The host was booted in between.
            {"type": "start", "at": 600.0, "monotonic": 1.0},
            ack("b", 602.0, 3.0),
        ),
    )
    assert [one.acked for one in log.acks] == [501.0, 602.0]
    assert log.started == 500.0
    assert log.ended is None


def test_a_damaged_line_counts_and_a_torn_last_one_does_not() -> None:
    good = lines({"type": "start", "at": 1.0, "monotonic": 1.0}, ack("a", 2.0, 2.0))
    assert parse_client("wuming", good + '{"type": "ack", "rep').damaged == 0
    assert parse_client("wuming", good + '{"type": "ack", "rep\n').damaged == 1
    assert parse_client("wuming", good + '{"type": "ack"}\n').damaged == 1
    assert parse_probe("dr-app-01", '{"type": "write", "node": "a"}\n').damaged == 1
