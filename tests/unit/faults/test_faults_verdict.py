# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a trial came to, and how the pages tell it."""

from __future__ import annotations

from typing import Any

import pytest
from campaign import table, verdict
from campaign.acts import acts_of

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.logs import (
    Ack,
    ClientLog,
    ProbeLog,
    Written,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal import chain

NODES = ("dr-db-01", "nn-db-01")


def probe(host: str, *writes: tuple[str, float, int], end: float = 10.0) -> ProbeLog:
    written = [Written(node, at, at + 0.01, timeline) for node, at, timeline in writes]
    tried = {node: [second / 2 for second in range(int(end * 2) + 1)] for node in NODES}
    return ProbeLog(host, NODES, written, tried)


def client(*moments: float) -> ClientLog:
    return ClientLog("pc", [Ack(f"id-{m}", 0, m) for m in moments])


def figures(acks: ClientLog, *probes: ProbeLog, surviving: set[str] | None = None) -> verdict.Figures:
    held = {ack.report_id for ack in acks.acks} if surviving is None else surviving
    return verdict.figures(acks, probes, held, (1.0, 9.0), 3.0)


def test_what_no_single_probe_could_see_is_seen_by_both() -> None:
    """Each centre writes on its own side of the cut, and neither probe reaches the other one."""
    here = probe("nn-app-01", ("nn-db-01", 5.0, 1), ("nn-db-01", 6.0, 1))
    there = probe("dr-app-01", ("dr-db-01", 5.5, 2))
    acks = client(*(n / 2 for n in range(21)))

    assert figures(acks, here, there).two_writers is True
    assert figures(acks, here).two_writers is False
    assert figures(acks, there).two_writers is False


def test_a_probe_that_looked_away_proves_nothing() -> None:
    acks = client(*(n / 2 for n in range(21)))

    assert figures(acks, probe("dr-app-01", ("nn-db-01", 1.0, 1), end=4.0)).two_writers is None
    assert figures(acks).two_writers is None


def test_the_outage_is_the_longest_gap_and_the_rto_counts_from_the_approval() -> None:
    found = figures(client(0, 1, 2, 6.5, 7, 8, 9, 10), probe("dr-app-01"))

    assert (found.outage_s, found.rto_s) == (4.5, 3.5)
    assert figures(client(0, 1, 2), probe("dr-app-01")).outage_s is None


def test_lost_is_what_the_survivor_does_not_hold() -> None:
    assert figures(client(0, 1, 2), probe("dr-app-01"), surviving={"id-0", "id-2", "other"}).lost == 1
    assert verdict.figures(client(0, 1), [], None, (0, 1), None).lost is None


def test_a_move_is_a_change_of_the_writer() -> None:
    writes = probe("p", ("nn-db-01", 1, 1), ("nn-db-01", 2, 1), ("dr-db-01", 3, 2), ("nn-db-01", 4, 3)).writes

    assert verdict.moves(writes) == 2


@pytest.mark.parametrize(
    ("promotions", "moved", "switched", "problems"),
    [
        (2, 2, {"nn-db-01": ["off", "on"]}, []),
        (3, 2, {}, ["3 timelines were begun for 2 moves of the writer"]),
        (2, 2, {"nn-db-01": ["off", "on", "off", "on"]},
         ["nn-db-01 was switched off 2 times", "nn-db-01 was switched on 2 times"]),
    ],
)  # fmt: skip
def test_what_must_happen_once_is_counted(
    promotions: int, moved: int, switched: dict[str, list[str]], problems: list[str]
) -> None:
    assert verdict.once_problems(promotions, moved, switched) == problems


def journal(*entries: dict[str, Any]) -> str:
    prev, lines = chain.GENESIS, []
    for n, entry in enumerate(entries, start=1):
        linked = chain.link(entry, n, prev)
        prev = linked["digest"]
        lines.append(chain.canonical(linked) + "\n")
    return "".join(lines)


def note(policy: str) -> dict[str, Any]:
    return {"kind": "note", "name": "restore_policy_nn-db-01", "data": {"policy": policy}, "at": 1.0}


def test_the_ledger_keeps_the_original_and_not_our_own_fence() -> None:
    originals = {"nn-db-01": "always-on"}

    assert verdict.ledger_problems({"failover": journal(note("always-on"))}, originals) == []
    (problem,) = verdict.ledger_problems(
        {"failover": journal(note("always-on"), note("always-off"))}, originals
    )
    assert "the original policy of nn-db-01 is always-on, noted is always-off" in problem


def test_a_proof_by_the_bmc_without_the_original_in_the_ledger_is_told() -> None:
    originals = {"nn-db-01": "always-on"}
    proof = {"kind": "proof", "method": "bmc", "at": 2.0}

    assert verdict.ledger_problems({"failover": journal(note("always-on"), proof)}, originals) == []
    assert verdict.ledger_problems({"failover": journal({**proof, "method": "lease"})}, originals) == []
    (problem,) = verdict.ledger_problems({"failover": journal(proof)}, originals)
    assert "no original restore policy is noted" in problem


def test_a_changed_ledger_and_a_torn_one_are_not_the_same() -> None:
    whole = journal(note("always-on"))

    assert verdict.ledger_problems({"failover": whole + '{"torn'}, {}) == []
    assert verdict.ledger_problems({"failover": whole.replace("always-on", "previous")}, {})


def test_the_first_approval_counts() -> None:
    text = journal(*({"kind": "approval", "name": "failover", "at": at} for at in (5.0, 9.0)))

    assert verdict.approvals_at({"failover": text}, "failover") == 5.0
    assert verdict.approvals_at({}, "failover") is None


# The pages


def result(trial: str, subject: str, **fields: Any) -> dict[str, Any]:
    return {
        "trial": trial, "kind": "fault", "seed": 1, "subject": subject, "runbook": "", "victim": "tree",
        "steps": [],
        "problems": [], "inside": None, "offset_s": None, "acknowledged": 100, "lost": 0,
        "two_writers": False,
        "outage_s": 2.0, "rto_s": 1.0, "counted": None, "machine": "2 cores", "load": 1.0, **fields,
    }  # fmt: skip


def step(runbook: str, code: int = 0, said: str = "done") -> dict[str, Any]:
    return {"runbook": runbook, "to": "dr", "code": code, "seconds": 9.0, "said": said}


def row(text: str, beginning: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(f"| {beginning}"))


@pytest.mark.parametrize(
    ("subject", "runbook", "lost", "finding"),
    [
        ("database_killed, in calm", "failover", 20, False),
        ("database_killed, in calm", "failover", 21, True),
        ("one_line_cut, during a switchover", "switchover", 1, True),
        ("loss_lines_full, the lines full before the database dies", "failover", 500, False),
    ],
)
def test_a_failover_over_whole_lines_loses_no_more_than_what_was_on_its_way(
    subject: str, runbook: str, lost: int, finding: bool
) -> None:
    found = result("x.01", subject, lost=lost, steps=[step(runbook)])

    assert table.failed(found) is finding


def test_a_fault_and_its_way_have_a_row_with_median_and_worst() -> None:
    subject = "database_killed, in calm"
    found = [
        result("database_killed.01", subject, steps=[step("failover"), step("failback")]),
        result("database_killed.03", subject, outage_s=6.0, lost=3,
               steps=[step("failover", 2, "FAILED localhost: Gate | x"), step("failover"), step("failback")]),
        result("database_killed.05", subject, outage_s=4.0, steps=[step("failover"), step("failback")]),
    ]  # fmt: skip
    text = table.page(found, [], "en")
    dark = "the primary's database server without power | nothing runs"
    cells = [cell.strip() for cell in row(text, dark).split("|")]

    assert cells[3] == "3"
    assert cells[4] == "reports are not acknowledged any more"
    assert cells[5] == "failover → failback"
    assert cells[6:10] == ["4.0 / 6.0", "1.0 / 1.0", "3 / 300", "no"]


def test_what_is_not_known_is_not_told_as_good() -> None:
    found = [result("disk_full.01", "disk_full, in calm", outage_s=None, lost=None, two_writers=None)]
    cells = [
        c.strip() for c in row(table.page(found, [], "en"), "the primary's disk full | nothing").split("|")
    ]

    assert cells[6:10] == ["?", "1.0 / 1.0", "?", "?"]
    assert table.failed(found[0])


@pytest.mark.parametrize(
    ("fields", "failed"),
    [
        ({}, False),
        ({"two_writers": True}, True),
        ({"two_writers": None}, True),
        ({"problems": ["x"]}, True),
        ({"lost": 5, "counted": 5, "steps": [step("failover")]}, False),
        ({"lost": 5, "counted": 6, "steps": [step("failover")]}, True),
        ({"lost": 5, "steps": [step("switchover")]}, True),
        ({"lost": None}, True),
        ({"kind": "control", "two_writers": True}, False),
        ({"kind": "control", "two_writers": False}, True),
    ],
)
def test_a_finding_is_told(fields: dict[str, Any], failed: bool) -> None:
    one = result("t", "s", **fields)

    assert table.failed(one) is failed
    assert ("- `t`" in table.page([one], [], "en")) is failed


def test_an_act_that_was_not_killed_shows_as_that_in_its_row() -> None:
    acts = acts_of("switchover")[:2]
    killed = result("kill.switchover.01", f"{acts[0].key} {acts[0].title}", kind="kill", inside=True,
                    offset_s=0.3,
                    steps=[step("switchover", -9, "killed"), step("switchover")])  # fmt: skip
    text = table.page([killed], acts, "en")

    assert "| 0.3 s | all | 9.0 s | 2.0 / 2.0 | 0 / 100 | none |" in row(text, "switchover.01")
    assert row(text, "switchover.02").count("–") == 6


def test_the_pages_hold_no_place_of_the_machine_and_both_languages_have_the_same_rows() -> None:
    said = "FAILED in /some/where/build/faults/trials/disk_full.01/.anjianyun/runs/x | y"
    found = [result("disk_full.01", "disk_full, in calm", steps=[step("failover", 2, said)], problems=[said])]
    english, chinese = (table.page(found, acts_of("failover"), language) for language in ("en", "zh"))

    assert "/some/where" not in english + chinese
    assert "x ¦ y" in english
    rows = [
        [line.count(" | ") for line in t.splitlines() if line.startswith("|")] for t in (english, chinese)
    ]
    assert rows[0] == rows[1]
