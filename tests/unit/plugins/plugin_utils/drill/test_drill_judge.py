# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One good drill, and every way in which it can be worse: each has its own reason, and fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.evidence import read
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.judge import judge
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.reasons import SENTENCES
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.plugin_utils.drill.sample import (
    BASE,
    DR,
    FAILOVER,
    MOVES,
    NN,
    OFF,
    Entry,
    Sample,
    ack,
    both_clocks,
    sample,
)

#: Reports a second on each connection: few, so that a case takes milliseconds.
RATE = 0.25
FAILED = MOVES[FAILOVER - 1]


def judged(made: Sample, directory: Path) -> dict[str, Any]:
    return judge(read(made.write(directory)))


def kind(name: str) -> Callable[[Entry], bool]:
    return lambda entry: entry["kind"] == name


def in_phase(place: int, name: str) -> Callable[[Entry], bool]:
    move = MOVES[place - 1]
    return lambda entry: entry["kind"] == name and move.begins <= entry["at"] - BASE <= move.ends


def begins(place: int) -> Callable[[Entry], bool]:
    return lambda entry: in_phase(place, "phase")(entry) and entry["state"] == "begins"


def ends(place: int) -> Callable[[Entry], bool]:
    return lambda entry: in_phase(place, "phase")(entry) and entry["state"] == "ends"


# The good drill


def test_a_good_drill_passes(tmp_path: Path) -> None:
    report = judged(sample(RATE), tmp_path)
    assert report["reasons"] == []
    assert report["verdict"] == "pass"
    assert report["two_writers"] is False
    assert report["lost_acknowledged"] == 0
    assert report["journal"]["verified"] is True


def test_it_has_the_fields_of_the_contract(tmp_path: Path) -> None:
    report = judged(sample(RATE), tmp_path)
    assert set(report) >= {
        "schema", "plan", "started", "ended", "world", "phases", "two_writers", "journal", "verdict",
    }  # fmt: skip
    assert report["schema"] == 1
    assert set(report["plan"]) == {"name", "digest"}
    for phase in report["phases"]:
        assert set(phase) >= {
            "kind", "trigger", "approved_at", "outage_s", "rto_s", "rto_target_s", "rpo_s", "rpo_target_s",
            "acknowledged", "lost_acknowledged", "replication", "fence", "steps",
        }  # fmt: skip
        for step in phase["steps"]:
            assert set(step) >= {"n", "of", "title", "gate", "verdict", "started", "ended"}


def test_the_figures_are_those_of_the_logs(tmp_path: Path) -> None:
    made = sample(RATE)
    report = judged(made, tmp_path)
    for phase, move in zip(report["phases"], MOVES, strict=True):
        assert phase["outage_s"] == pytest.approx(move.back - move.out, abs=0.001)
        assert phase["rto_s"] == pytest.approx(move.back - move.approved, abs=0.001)
        assert phase["rpo_s"] == 0
    assert sum(phase["acknowledged"] for phase in report["phases"]) == report["acknowledged"]
    assert report["acknowledged"] == len(made.acks())


def test_only_a_failover_has_a_fence(tmp_path: Path) -> None:
    fences = [phase["fence"] for phase in judged(sample(RATE), tmp_path)["phases"]]
    assert fences == [None, None, {"method": "bmc", "device": NN, "readings": OFF}, None]


def test_a_failback_is_held_to_its_outage_because_the_service_works_until_then(tmp_path: Path) -> None:
    failback = judged(sample(RATE), tmp_path)["phases"][3]
    assert failback["rto_s"] > failback["rto_target_s"]
    assert failback["verdict"] == "pass"


def test_a_step_begins_where_the_one_before_ended(tmp_path: Path) -> None:
    steps = judged(sample(RATE), tmp_path)["phases"][2]["steps"]
    assert [step["n"] for step in steps] == list(range(1, steps[0]["of"] + 1))
    assert [step["started"] for step in steps[1:]] == [step["ended"] for step in steps[:-1]]
    assert [step["title"] for step in steps][:2] == ["Prove that this is a failover", "Fence the old primary"]


# What may be lost


def lose(made: Sample, count: int) -> None:
    """The last acknowledgements before the disaster did not survive it."""
    assert made.surviving is not None
    before = [line for line in made.acks() if line["acked"] <= BASE + FAILED.out]
    made.surviving -= {line["report_id"] for line in before[-count:]}


def test_an_async_failover_may_lose_what_the_rpo_accepts(tmp_path: Path) -> None:
    made = sample(RATE)
    lose(made, 5)
    report = judged(made, tmp_path)
    assert report["lost_acknowledged"] == 5
    assert report["phases"][2]["lost_acknowledged"] == 5
    assert 0 < report["phases"][2]["rpo_s"] < 60
    assert report["verdict"] == "pass"


def broken_once(made: Sample, *between: Entry) -> None:
    """The first gate of the first move refused, and passed when it was run again."""
    place = next(i for i, entry in enumerate(made.entries) if in_phase(1, "gate")(entry))
    refused = {**made.entries[place], "verdict": "refuse", "at": BASE + MOVES[0].begins + 0.5}
    made.entries[place:place] = [refused, *between]


@pytest.mark.parametrize("resumed", [True, False])
def test_a_run_that_broke_and_was_run_again_is_judged_by_the_second_time(
    resumed: bool, tmp_path: Path
) -> None:
    made = sample(RATE)
    line = {**made.entries[0], "state": "resumed", "at": BASE + MOVES[0].begins + 2.5}
    broken_once(made, *([line] if resumed else []))
    report = judged(made, tmp_path)
    assert report["verdict"] == "pass"
    first, second = report["phases"][0]["steps"][:2]
    assert [(step["gate"], step["superseded"]) for step in (first, second)] == [
        ("refuse", True),
        ("pass", False),
    ]
    # The pause until somebody ran it again belongs to neither.
    assert first["ended"] == BASE + MOVES[0].begins + 0.5
    assert second["started"] == BASE + MOVES[0].begins + (2.5 if resumed else 2.9)


def test_the_pause_after_a_run_that_was_killed_belongs_to_no_step(tmp_path: Path) -> None:
    made = sample(RATE)
    place = next(i for i, entry in enumerate(made.entries) if in_phase(1, "approval")(entry))
    resumed = BASE + MOVES[0].approved - 0.1
    made.entries.insert(place, {**made.entries[0], "state": "resumed", "at": resumed})
    report = judged(made, tmp_path)
    assert report["verdict"] == "pass"
    first, second = report["phases"][0]["steps"][:2]
    assert first["title"] == second["title"]
    assert (first["ended"], second["started"]) == (BASE + MOVES[0].approved - 0.5, resumed)


def test_another_gate_that_passes_does_not_make_up_for_one_that_refused(tmp_path: Path) -> None:
    made = sample(RATE)
    broken_once(made)
    made.edit(lambda e: in_phase(1, "gate")(e) and e["verdict"] == "refuse", task="Gate | another")
    report = judged(made, tmp_path)
    assert [reason["code"] for reason in report["reasons"]] == ["gate_refused"]


def test_a_gate_that_somebody_approved_shows_as_approved(tmp_path: Path) -> None:
    made = sample(RATE)
    place = next(i for i, entry in enumerate(made.entries) if in_phase(1, "gate")(entry))
    # Another gate of the same step passes after it.
    made.entries.insert(place, {**made.entries[place], "verdict": "approved", "task": "Gate | another"})
    report = judged(made, tmp_path)
    assert report["verdict"] == "pass"
    assert report["phases"][0]["steps"][0]["gate"] == "approved"


# What makes it fail


def no_more_acks(made: Sample) -> None:
    made.client = [line for line in made.client if line.get("acked", 0) <= BASE + FAILED.out]


def starts_late(made: Sample) -> None:
    made.client = [line for line in made.client if line["type"] == "ack" and line["acked"] > BASE + 12]


def slow(made: Sample) -> None:
    made.edit(begins(FAILOVER), rto_target_s=3.0)


def slow_move(made: Sample) -> None:
    made.edit(begins(1), rto_target_s=1.0)


def lost_in_a_move(made: Sample) -> None:
    assert made.surviving is not None
    made.surviving.remove("last-0")


def lost_though_sync(made: Sample) -> None:
    made.edit(begins(FAILOVER), replication="sync")
    lose(made, 1)


def lost_too_old(made: Sample) -> None:
    made.edit(begins(FAILOVER), rpo_target_s=0.1)
    lose(made, 5)


def lost_with_no_end_of_the_outage(made: Sample) -> None:
    lose(made, 1)
    no_more_acks(made)


def second_writer(made: Sample) -> None:
    """The old primary accepts a write after the promotion, on its old timeline."""
    moments = {**both_clocks(64.02, "started"), **both_clocks(64.03, "ended")}
    made.probe.append({"type": "write", "node": NN, "timeline": 3, **moments})


def two_at_a_time(made: Sample) -> None:
    """The standby accepts a write while the primary still accepts others."""
    moments = {**both_clocks(53.95, "started"), **both_clocks(54.15, "ended")}
    made.probe.append({"type": "write", "node": DR, "timeline": 4, **moments})


def blind_for_a_while(made: Sample) -> None:
    made.probe = [line for line in made.probe if not 60 < began(line) - BASE < 65]


def began(line: Entry) -> float:
    return float(line["started"] if "started" in line else line["at"])


def fenced_once(made: Sample) -> None:
    made.edit(
        the_proof,
        data={"host": NN, "readings": ["off"], "restore_policy": "always-off", "at": BASE + 60},
    )


def comes_back_with_the_power(made: Sample) -> None:
    made.edit(
        the_proof,
        data={"host": NN, "readings": ["off", "off", "off"], "restore_policy": "previous", "at": BASE + 60},
    )


def shutdown_of_the_lost(made: Sample) -> None:
    """As good a proof as a planned move has, and none of a centre that is gone."""
    planned = next(entry for entry in made.entries if in_phase(2, "proof")(entry))
    made.edit(the_proof, method="shutdown", data=planned["data"])


def the_proof(entry: Entry) -> bool:
    return in_phase(FAILOVER, "proof")(entry)


def proof_too_late(made: Sample) -> None:
    made.edit(the_proof, at=BASE + FAILED.back + 0.25)


def odd_line(made: Sample) -> None:
    made.edit(begins(1), state=None)


CASES: list[tuple[str, int, Callable[[Sample], None]]] = [
    ("no_phase", 0, lambda made: made.drop(lambda e: e["kind"] not in ("run",))),
    ("phases_missing", 0, lambda made: made.drop(in_phase(4, "phase"))),
    ("phase_open", 2, lambda made: made.drop(ends(2))),
    ("run_open", 0, lambda made: made.drop(lambda e: e["kind"] == "run" and e["state"] == "ended")),
    ("journal_broken", 0, odd_line),
    ("world_unknown", 0, lambda made: made.edit(lambda e: e["kind"] == "run" and "world" in e, world=None)),
    ("no_client", 0, lambda made: made.client.clear()),
    ("client_damaged", 0, lambda made: made.client.insert(9, {"type": "ack", "report_id": "half"})),
    ("nothing_acknowledged", 0, lambda made: made.client.__delitem__(slice(1, None))),
    ("outage_silent", 3, no_more_acks),
    ("outage_early", 1, starts_late),
    ("not_approved", 3, lambda made: made.drop(in_phase(FAILOVER, "approval"))),
    # An approval of something else is none of the failover.
    ("not_approved", 3, lambda made: made.edit(in_phase(FAILOVER, "approval"), name="rpo")),
    ("target_unknown", 3, lambda made: made.edit(begins(FAILOVER), rto_target_s=None)),
    ("target_unknown", 3, lambda made: made.edit(begins(FAILOVER), rpo_target_s=None)),
    ("outage_over", 1, slow_move),
    ("rto_over", 3, slow),
    ("rto_unknown", 3, no_more_acks),
    ("loss_unknown", 3, lambda made: setattr(made, "surviving", None)),
    ("lost", 1, lost_in_a_move),
    ("lost", 3, lost_though_sync),
    ("rpo_over", 3, lost_too_old),
    ("rpo_unknown", 3, lost_with_no_end_of_the_outage),
    ("replication_unknown", 3, lambda made: made.edit(begins(FAILOVER), replication=None)),
    ("writers_after", 0, second_writer),
    ("writers_overlap", 0, two_at_a_time),
    ("probe_none", 0, lambda made: made.probe.clear()),
    ("probe_damaged", 0, lambda made: made.probe.insert(9, {"type": "write", "node": NN})),
    ("probe_one", 0, lambda made: made.probe[0].update(nodes=[NN])),
    ("probe_blind", 0, blind_for_a_while),
    ("no_fence", 3, lambda made: made.drop(the_proof)),
    ("fence_weak", 3, fenced_once),
    ("fence_weak", 3, comes_back_with_the_power),
    ("fence_weak", 3, shutdown_of_the_lost),
    ("opened_before_proof", 3, proof_too_late),
    ("gate_refused", 1, lambda made: made.edit(in_phase(1, "gate"), verdict="refuse")),
    ("verify_failed", 2, lambda made: made.edit(in_phase(2, "verify"), verdict="fail")),
]


@pytest.mark.parametrize(
    ("code", "place", "bend"), CASES, ids=[f"{case[0]}-{i}" for i, case in enumerate(CASES)]
)
def test_fails_for_its_reason(code: str, place: int, bend: Callable[[Sample], None], tmp_path: Path) -> None:
    made = sample(RATE)
    bend(made)
    report = judged(made, tmp_path)
    assert (code, place or None) in {(reason["code"], reason["phase"]) for reason in report["reasons"]}
    assert report["verdict"] == "fail"
    if place:
        assert report["phases"][place - 1]["verdict"] == "fail"


def test_every_reason_is_shown_to_fail_a_drill() -> None:
    assert {code for code, _place, _bend in CASES} == set(SENTENCES)


def test_both_languages_have_the_same_figures() -> None:
    for english, chinese in SENTENCES.values():
        assert sorted(part.split("}")[0].split(":")[0] for part in english.split("{")[1:]) == sorted(
            part.split("}")[0].split(":")[0] for part in chinese.split("{")[1:]
        )


def test_what_is_not_known_is_null_and_never_zero(tmp_path: Path) -> None:
    made = sample(RATE)
    made.client.clear()
    made.probe.clear()
    report = judged(made, tmp_path)
    assert report["two_writers"] is None
    assert report["acknowledged"] is None
    assert report["lost_acknowledged"] is None
    for phase in report["phases"]:
        for name in ("outage_s", "rto_s", "rpo_s", "lost_acknowledged", "acknowledged"):
            assert phase[name] is None
        assert phase["verdict"] == "fail"


def test_a_line_that_was_changed_shows(tmp_path: Path) -> None:
    made = sample(RATE)
    made.write(tmp_path)
    path = tmp_path / "journal.jsonl"
    path.write_text(path.read_text().replace('"rto_target_s":30.0', '"rto_target_s":90.0', 1))
    report = judge(read(tmp_path))
    assert report["journal"]["verified"] is False
    assert [reason["code"] for reason in report["reasons"]] == ["journal_broken"]


def test_a_journal_that_was_cut_since_its_report_shows(tmp_path: Path) -> None:
    made = sample(RATE)
    report = judged(made, tmp_path)
    (tmp_path / "report.json").write_text(json.dumps(report))
    del made.entries[3]
    again = judged(made, tmp_path)
    assert again["journal"]["verified"] is False


def test_a_network_fence_needs_a_person_who_answers_for_it(tmp_path: Path) -> None:
    made = sample(RATE)
    proof: Entry = {"devices": ["dr-fw-01"], "verified": True, "at": BASE + 60, "proves": []}
    attestation = {"by": "li.wei", "risk": "whoever reaches it may write", "expires_at": BASE + 3600}
    made.edit(the_proof, method="network", readings=[], data={**proof, "attestation": attestation})
    assert judged(made, tmp_path)["verdict"] == "pass"
    made.edit(the_proof, data={**proof, "attestation": {**attestation, "expires_at": BASE + 59}})
    report = judged(made, tmp_path / "expired")
    assert [reason["code"] for reason in report["reasons"]] == ["fence_weak"]


def test_the_county_that_fares_worst_counts(tmp_path: Path) -> None:
    made = sample(RATE)
    made.write(tmp_path)
    # Another county that saw the first move longer than this one.
    other = [line for line in made.client if not BASE + 16 <= line.get("acked", 0) <= BASE + 20]
    text = "".join(json.dumps(line) + "\n" for line in other)
    (tmp_path / "report_client-yangshuo.jsonl").write_text(text)
    assert judge(read(tmp_path))["phases"][0]["outage_s"] > 4


def test_an_outage_that_one_county_did_not_see_end_is_not_known(tmp_path: Path) -> None:
    made = sample(RATE)
    made.write(tmp_path)
    text = "".join(
        json.dumps(line) + "\n" for line in made.client if line.get("acked", 0) <= BASE + FAILED.out
    )
    (tmp_path / "report_client-yangshuo.jsonl").write_text(text)
    failover = judge(read(tmp_path))["phases"][FAILOVER - 1]
    assert (failover["outage_s"], failover["rto_s"]) == (None, None)


def test_a_pause_that_was_over_before_the_approval_is_none_of_the_recovery(tmp_path: Path) -> None:
    made = sample(RATE)
    move = MOVES[0]
    made.client = [
        line for line in made.client if not move.begins < line.get("acked", 0) - BASE < move.approved
    ]
    made.client.append(ack("before-approval", 1, move.approved - 0.1))
    first = judged(made, tmp_path)["phases"][0]
    assert first["outage_s"] > 3
    assert first["rto_s"] == pytest.approx(move.back - move.approved, abs=0.001)


def test_the_loss_of_all_is_unknown_when_that_of_one_phase_is(tmp_path: Path) -> None:
    made = sample(RATE)
    held, made.surviving = made.surviving, None
    made.write(tmp_path)
    (tmp_path / "surviving-1-switchover.txt").write_text("\n".join(sorted(held or ())))
    report = judge(read(tmp_path))
    assert [phase["lost_acknowledged"] for phase in report["phases"]] == [0, None, None, None]
    assert report["lost_acknowledged"] is None


def test_ids_after_a_phase_are_read(tmp_path: Path) -> None:
    made = sample(RATE)
    made.write(tmp_path)
    ids = "\n".join(line["report_id"] for line in made.acks() if line["report_id"] != "last-0")
    (tmp_path / "surviving-1-switchover.txt").write_text(ids)
    assert judge(read(tmp_path))["phases"][0]["lost_acknowledged"] == 1


def test_structured_ids_are_read(tmp_path: Path) -> None:
    made = sample(RATE)
    made.write(tmp_path)
    (tmp_path / "surviving_ids.txt").rename(tmp_path / "surviving.json")
    ids = [line["report_id"] for line in made.acks()]
    (tmp_path / "surviving.json").write_text(json.dumps({"database": DR, "ids": ids}))
    assert judge(read(tmp_path))["lost_acknowledged"] == 0
    (tmp_path / "surviving.json").write_text("[]")
    with pytest.raises(DatacenterError, match="the list of surviving reports cannot be read"):
        read(tmp_path)


def test_a_directory_without_a_journal_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(DatacenterError, match="there is no run to report"):
        read(tmp_path)


def test_retries_are_no_loss_and_no_acknowledgement(tmp_path: Path) -> None:
    made = sample(RATE)
    made.client.append({"type": "pending", "report_id": "cut-off", "sent": BASE + 121, "attempts": 2})
    made.client.append({"type": "retry", "report_id": "x", "error": "", "attempt": 1, **both_clocks(121.5)})
    made.client.append(ack("late", 1, 121.6))
    assert made.surviving is not None
    made.surviving.add("late")
    report = judged(made, tmp_path)
    assert report["verdict"] == "pass"
    assert report["clients"][0]["pending"] == 1
