# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the time of an outage went: no moment of it is left out, and none counts twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.logs import Ack
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.outage import Gap
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.trace import (
    BETWEEN,
    CLIENT,
    Span,
    as_data,
    marks_of,
    parse,
    spans,
)

DEMOTE = {
    "phase": "switchover", "step": "Move the database", "task": "Act | a clean stop of nn-db-01",
    "host": "nn-db-01", "state": "ok", "started": 10.0, "ended": 11.0,
    "marks": {"started": 10.2, "stop_sent": 10.5, "stopped": 10.8},
}  # fmt: skip
PROMOTE = {
    **DEMOTE, "task": "Act | promote dr-db-01", "host": "dr-db-01", "started": 11.1, "ended": 11.9,
    "marks": {"started": 11.3, "proved": 11.4, "writable": 11.6},
}  # fmt: skip
VERIFY = {
    **DEMOTE, "task": "Verify | one writer", "host": "localhost", "started": 11.9, "ended": 12.0,
    "marks": {},
}  # fmt: skip
GAP = Gap(10.5, 11.65)
ACKS = [Ack("1", 0, 10.5, database="nn-db-01"), Ack("2", 0, 11.65, database="dr-db-01")]


def traced(*lines: dict[str, Any], gap: Gap | None = GAP) -> list[Span]:
    return spans(parse("".join(json.dumps(line) + "\n" for line in lines)), 9.0, 20.0, gap, ACKS)


def in_outage(found: list[Span]) -> float:
    return sum(span.seconds for span in found if span.in_outage)


def test_every_moment_of_the_outage_has_one_span() -> None:
    found = traced(DEMOTE, PROMOTE, VERIFY)

    assert in_outage(found) == pytest.approx(GAP.seconds)
    assert [(span.part, round(span.seconds, 3)) for span in found if span.in_outage] == [
        ("stopped", 0.3), ("answer", 0.2), (BETWEEN, 0.1), ("started", 0.2), ("proved", 0.1),
        ("writable", 0.2), (CLIENT, 0.05),
    ]  # fmt: skip


def test_the_last_span_is_the_application_that_finds_the_database() -> None:
    last = [span for span in traced(DEMOTE, PROMOTE, VERIFY) if span.in_outage][-1]

    assert (last.part, last.host, last.started, last.ended) == (CLIENT, "dr-db-01", 11.6, 11.65)


def test_a_promotion_that_waited_for_its_proof_is_the_path_while_nobody_asks_for_it() -> None:
    give = {**PROMOTE, "started": 11.1, "ended": 11.3, "marks": {}}
    ask = {**PROMOTE, "task": "Read | how it ended", "started": 11.4, "ended": 11.9,
           "marks": {"started": 4.0, "handed": 11.2, "proved": 11.25, "writable": 11.55}}  # fmt: skip

    found = traced(DEMOTE, give, ask, gap=Gap(10.5, 11.6))

    assert [(span.part, round(span.seconds, 3)) for span in found if span.in_outage] == [
        ("stopped", 0.3), ("answer", 0.2), (BETWEEN, 0.1), ("handed", 0.1), ("proved", 0.05),
        ("writable", 0.3), (CLIENT, 0.05),
    ]  # fmt: skip
    assert {span.title for span in found if span.part == "writable"} == {PROMOTE["task"]}


def test_what_is_done_while_a_promotion_works_begins_behind_it_on_the_path() -> None:
    give = {**PROMOTE, "started": 11.1, "ended": 11.3, "marks": {}}
    announce = {
        **VERIFY,
        "task": "Act | announce",
        "started": 11.35,
        "ended": 12.5,
        "marks": {"changed_at": 12.2},
    }
    ask = {**PROMOTE, "task": "Read | how it ended", "started": 12.6, "ended": 12.9,
           "marks": {"handed": 11.2, "writable": 11.55}}  # fmt: skip

    quick = traced(DEMOTE, give, announce, ask, gap=Gap(10.5, 11.6))
    # The old centre is lost, so the county needs the address, too.
    late = traced(DEMOTE, give, announce, ask, gap=Gap(10.5, 12.3))

    assert [(span.part, round(span.seconds, 3)) for span in quick if span.in_outage][-2:] == [
        ("writable", 0.35), (CLIENT, 0.05),
    ]  # fmt: skip
    assert [(span.part, round(span.seconds, 3)) for span in late if span.in_outage][-3:] == [
        ("writable", 0.35), ("changed_at", 0.65), (CLIENT, 0.1),
    ]  # fmt: skip
    assert in_outage(late) == pytest.approx(1.8)


def test_an_address_that_moves_after_the_database_is_waited_for() -> None:
    announce = {**VERIFY, "task": "Act | announce", "ended": 12.4, "marks": {"changed_at": 12.2}}

    found = traced(DEMOTE, PROMOTE, announce, gap=Gap(10.5, 12.3))

    assert [span.part for span in found if span.in_outage][-3:] == ["answer", "changed_at", CLIENT]
    assert in_outage(found) == pytest.approx(1.8)


def test_without_a_gap_the_tasks_are_still_told() -> None:
    found = traced(DEMOTE, PROMOTE, gap=None)

    assert {span.host for span in found} == {"nn-db-01", "dr-db-01", ""}
    assert not any(span.in_outage for span in found)


def test_hosts_that_are_asked_at_once_count_once() -> None:
    slow = {**VERIFY, "host": "dr-db-01", "ended": 12.5}

    found = traced(VERIFY, slow, gap=Gap(11.9, 12.5))

    assert in_outage(found) == pytest.approx(0.6)


def test_a_clock_that_is_off_gives_no_parts() -> None:
    found = traced({**DEMOTE, "marks": {"started": 3610.2, "stopped": 3610.8}}, gap=None)

    assert [(span.part, span.started, span.ended) for span in found if span.host] == [("", 10.0, 11.0)]


def test_tasks_of_another_phase_are_left_out() -> None:
    found = spans(parse(json.dumps(DEMOTE)), 11.0, 20.0, GAP)

    assert found == []


@pytest.mark.parametrize("line", ["", "{", "[]", '{"state": "ok"}', json.dumps({**DEMOTE, "marks": None})])
def test_a_damaged_line_hides_no_other(line: str) -> None:
    assert [task.title for task in parse(f"{line}\n{json.dumps(PROMOTE)}\n")] == [PROMOTE["task"]]


def test_what_was_skipped_took_no_time() -> None:
    assert parse(json.dumps({**DEMOTE, "state": "skipped"})) == []


def test_moments_come_from_the_results_of_modules() -> None:
    result = {
        "times": {"started": 5.00004, "writable": 6.5, "of another meaning": 7},
        "changed_at": 8.25,
        "confirmed_at": None,
        "readings": [{"at": "1970-01-01T00:00:09.500Z", "state": "off"}, {"ok": True, "reading": "fine"}],
    }

    assert marks_of(result) == {"started": 5.0, "writable": 6.5, "changed_at": 8.25, "read_1": 9.5}


@pytest.mark.parametrize(
    "result", [{}, {"times": "soon"}, {"readings": 3}, {"readings": ["off"]}, {"changed_at": True}]
)
def test_a_result_without_moments_gives_none(result: dict[str, Any]) -> None:
    assert marks_of(result) == {}


def test_the_report_has_them_as_data() -> None:
    one = as_data(traced(VERIFY, gap=Gap(11.0, 13.0)))[-1]

    assert one == {
        "title": "Verify | one writer", "part": "", "host": "localhost", "started": 11.9, "ended": 12.0,
        "in_outage": True,
    }  # fmt: skip
