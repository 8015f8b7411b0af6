# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The campaign's trials: every fault and every act, the same from the same seed, in a fair order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from campaign import plan
from campaign.acts import PLAYBOOKS, RUNBOOKS, Act, Span, acts_of, span_of
from campaign.run import gist, usual_of
from campaign.texts import FAULT_TITLES, TEXTS, WAYS

ACTS = [act for runbook in RUNBOOKS for act in acts_of(runbook)]


def test_every_act_that_stands_in_the_playbooks_is_killed_once() -> None:
    files = [*PLAYBOOKS.glob("dr_*.yml"), *PLAYBOOKS.glob("tasks/dr_*.yml")]
    # Not what a drill does around the runbooks.
    around = {"dr_drill.yml", "dr_watch.yml", "dr_unwatch.yml"}
    written = [
        match[1]
        for file in files
        if file.name not in around
        # A task that only takes other tasks in is no act of its own.
        for match in re.finditer(
            r"- name: Act \| (.*)\n +(?!ansible.builtin.(?:import|include)_tasks)\S", file.read_text()
        )
    ]

    assert {act.name for act in ACTS} == set(written)
    killed = [trial.act for trial in plan.draw(1, ACTS) if trial.kind == "kill"]
    assert killed == ACTS


def test_every_act_of_a_migration_is_known_whatever_file_its_step_stands_in() -> None:
    files = [PLAYBOOKS / "migration.yml", *PLAYBOOKS.glob("tasks/migration_*.yml")]
    written = {
        match[1]
        for file in files
        # Neither a task nor a block that only takes other tasks in.
        for match in re.finditer(
            r"- name: Act \| (.*)\n +(?!ansible.builtin.(?:import|include)_tasks|vars:|when:|block:)\S",
            file.read_text(),
        )
    }

    assert {act.name for act in acts_of("migration", parts=("block", "rescue", "always"))} == written


def test_a_failback_ends_with_the_acts_of_a_planned_move() -> None:
    switchover = [act.name for act in acts_of("switchover")]

    assert [act.name for act in acts_of("failback")][-len(switchover) :] == switchover


@pytest.mark.parametrize(
    ("task", "fits"),
    [
        ("Act | on that proof, promote dr-db-01", True),
        ("Act | on that proof, promote", False),
        ("Verify | on that proof, promote dr-db-01", False),
    ],
)
def test_an_act_is_known_by_its_name_with_templates_done(task: str, fits: bool) -> None:
    act = Act("failover", 3, "Open the standby", "on that proof, promote {{ dr_new.database }}", 1)

    assert act.matches(task) is fits


def events(*names: str) -> list[dict[str, Any]]:
    return [{"event": "task", "name": name, "monotonic": float(n)} for n, name in enumerate(names)]


def test_an_act_lasts_until_the_next_word_of_the_grammar_and_takes_its_roles_tasks_with_it() -> None:
    told = events(
        "Act | jobs stop", "report_app : Stop it", "report_app : See it", "Read | it", "Act | jobs stop"
    )
    first, second = (Act("switchover", n, "", "jobs {{ what }}", n, nth=n) for n in (1, 2))

    assert span_of(first, told) == Span(0, 3)
    assert span_of(second, told) == Span(4, None)
    assert span_of(first, told[3:4]) is None


def test_an_act_is_found_where_a_run_left_out_an_earlier_one_of_its_name() -> None:
    acts = [act for act in ACTS if act.runbook == "failover"]
    by_bmc = events(
        "Act | its BMC switches it off and keeps it off", "Act | the address is announced in dr",
        "Act | its lease is renewed no more, whatever its BMC says", "Act | nobody renews the lease of db",
        "Act | outbound jobs start on app", "Act | outbound jobs stop on app",
    )  # fmt: skip
    first, second = (act for act in acts if "renews the lease of" in act.name)
    _start, stop = (act for act in acts if act.name.startswith("outbound jobs"))

    assert span_of(second, by_bmc) == Span(3, 4)
    assert (span_of(first, by_bmc[:1]), span_of(second, by_bmc[:3])) == (None, None)
    withdrawn = events("Act | the address is withdrawn, if anybody is there to do it, in nanning")
    assert span_of(stop, [*withdrawn, *by_bmc[4:]]) == Span(5, None)


def test_how_long_an_act_takes_is_learned_where_it_had_something_to_do() -> None:
    act = Act("failover", 1, "", "renew", 1)
    skipped = events("Act | renew", "Verify | it")
    worked = [
        {"event": "task", "name": "Act | renew", "monotonic": 0.0},
        {"event": "ok", "name": "Act | renew", "monotonic": 1.9},
        {"event": "task", "name": "Verify | it", "monotonic": 2.0},
    ]

    assert usual_of(act, [skipped]) is None
    assert usual_of(act, [skipped, worked, skipped]) == 2.0


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    assert plan.draw(7, ACTS) == plan.draw(7, ACTS)
    assert [t.moment for t in plan.draw(7, ACTS)] != [t.moment for t in plan.draw(8, ACTS)]


def test_a_trial_does_not_depend_on_which_others_are_drawn() -> None:
    few = {trial.name: trial for trial in plan.draw(7, ACTS[:3], trials=2)}
    many = {trial.name: trial for trial in plan.draw(7, ACTS, trials=10)}

    assert all(many[name] == trial for name, trial in few.items())


def test_a_campaign_that_is_cut_short_has_covered_every_fault_alike() -> None:
    names = [trial.name for trial in plan.draw(7, ACTS, trials=4) if trial.kind == "fault"]
    always = [fault for fault in plan.FAULTS if not fault.startswith("loss_") and fault not in plan.FEW]

    for cut in range(1, len(names) + 1):
        counts = [sum(name.startswith(f"{fault}.") for name in names[:cut]) for fault in always]
        assert max(counts) - min(counts) <= 1


def test_ten_moments_meet_every_way_of_a_fault() -> None:
    drawn = {trial.scenario for trial in plan.draw(7, ACTS) if trial.scenario}

    assert drawn == {*plan.SCENARIOS, *plan.LOSSES}


def test_a_fault_of_few_trials_has_as_many_as_it_says_and_every_other_ten() -> None:
    names = [trial.name for trial in plan.draw(7, ACTS)]

    for fault, turns in plan.FEW.items():
        assert sum(name.startswith(f"{fault}.") for name in names) == turns
    assert sum(name.startswith("firewall_killed.") for name in names) == 10


def test_both_pages_have_a_word_for_everything() -> None:
    for scenario in (*plan.SCENARIOS, *plan.LOSSES):
        assert set(WAYS[scenario.name]) == {"en", "zh"}
    assert {s.fault for s in plan.SCENARIOS} == set(FAULT_TITLES)
    assert TEXTS["en"].keys() == TEXTS["zh"].keys()


FAILOVER, SWITCHOVER = plan.command("failover"), plan.command("switchover")


@pytest.mark.parametrize(
    ("said", "last", "tries", "fallen", "following", "before"),
    [
        ("nobody answers for it", FAILOVER, 1, "failover",
         plan.Command("failover", "dr", (), ("old_primary_cannot_write",)), ""),
        ("nn-db-01 is a healthy primary. Next: x", FAILOVER, 1, "failover", SWITCHOVER, ""),
        ("silent: nn-db-01. if nanning is lost, this is no planned move but a failover", SWITCHOVER, 1,
         "failover", FAILOVER, ""),
        # Nobody gives a living centre up because a line is cut: it is mended.
        ("silent: nn-db-01. if nanning is lost, this is no planned move but a failover", SWITCHOVER, 1, "",
         SWITCHOVER, "mend"),
        # Nor is a centre that is alone given the service: its own lines are mended.
        ("dr itself may be what is cut off, while nanning serves", FAILOVER, 1, "failover", FAILOVER, "mend"),
        ("older than the RPO of 60 s allows: may be older than the RPO", FAILOVER, 1, "failover",
         plan.Command("failover", "dr", ("rpo",), ()), ""),
        ("something that nobody has seen before", SWITCHOVER, 1, "", SWITCHOVER, ""),
        ("something that nobody has seen before", SWITCHOVER, 2, "", SWITCHOVER, "mend"),
        ("nn-db-01 is a primary, too: two writers", plan.command("failback"), 1, "", plan.command("failback"),
         "stop_old"),
    ],
)  # fmt: skip
def test_an_operator_answers_what_he_reads(
    said: str, last: plan.Command, tries: int, fallen: str, following: plan.Command, before: str
) -> None:
    assert plan.answer(said, last, tries, fallen) == (following, before)


def test_an_act_that_follows_an_attestation_is_reached_at_all() -> None:
    attested = [
        (act.title, act.occurrence) for act in ACTS if plan.killed_command(act, plan.AWAY).attestations
    ]

    assert attested == [("the surviving devices refuse the old centre", 1)]


def test_every_answer_fits_words_that_the_runbooks_really_say() -> None:
    """An answer to words that nobody says any more would never be given."""
    root = PLAYBOOKS.parent
    files = [*PLAYBOOKS.glob("**/*.yml"), *(root / "plugins").glob("**/*.py")]
    said = " ".join(" ".join(file.read_text().split()) for file in files)
    said = re.sub(r"\{\{.*?\}\}", "it", said)

    for answer in plan.ANSWERS:
        # What stands for a name in the pattern is "it" here.
        assert re.search(answer.pattern, said), answer.pattern


def test_an_approval_is_given_with_the_command_and_the_loss_is_dated() -> None:
    given = plan.Command("failover", "dr", ("rpo",), ("old_primary_cannot_write",)).variables(
        "2026-01-01 00:00:00"
    )

    assert given == {
        "dr_approvals": ["failover", "rpo"], "dr_to": "dr", "dr_attestations": ["old_primary_cannot_write"],
        "dr_lost_at": "2026-01-01 00:00:00",
    }  # fmt: skip
    assert plan.command("failback").variables("x") == {"dr_approvals": ["failback"], "dr_home": "nanning"}


def test_the_gist_of_a_stopped_run_is_the_refusal_without_what_was_well(tmp_path: Path) -> None:
    text = """[twin x] 00:31 step 4 of 8: Fence
       1.4 s  ok       dr-db-01 is standby
       0.3 s  FAILED  localhost: Gate | somebody answers
              nobody answers for it:
                - to attest: it has no power
[twin x] 00:32 stopped: 5 changed, 1 failed, 12 ok
"""
    assert (
        gist(text)
        == "FAILED localhost: Gate | somebody answers nobody answers for it: - to attest: it has no power"
    )
    assert gist(text, 30).endswith(" …")
