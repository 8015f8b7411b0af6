# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check says at its end, and what a run keeps of its acts for the next check."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill import history
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.durations import Durations, durations
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.acts import (
    CHANGES,
    NOTHING,
    UNSEEN,
    Act,
    Acts,
    device_of,
    write,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.forecast import (
    Asked,
    Forecast,
    again,
)
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.plugin_utils.drill.past import (
    act,
    kept,
)

STEP = "Move the database"


def acted(name: str, device: str, state: str = CHANGES, **more: object) -> Act:
    return Act("switchover", STEP, name, device, state, **more)  # type: ignore[arg-type]


def said(*found: Act, known: Durations | None = None, forecast: Forecast | None = None) -> str:
    return "\n".join((forecast or Forecast()).lines("switchover", found, known or durations([]), "do it"))


# Acts


def test_tasks_of_a_role_belong_to_the_act_that_called_it_and_its_devices_are_told_apart() -> None:
    acts = Acts()
    acts.enter("switchover", STEP)
    acts.task("Act | outbound jobs stop", 10.0)
    acts.task("anjianyun.datacenter.report_app : Mark", 10.0)
    acts.result("a", CHANGES, 10.5)
    acts.result("b", NOTHING, 10.7)
    acts.task("anjianyun.datacenter.report_app : Stop", 11.0)
    acts.result("a", NOTHING, 11.25)

    over = acts.task("Verify | it", 12.0)

    assert [(one.act, one.device, one.state, one.seconds) for one in over] == [
        ("outbound jobs stop", "a", CHANGES, 0.75), ("outbound jobs stop", "b", NOTHING, pytest.approx(0.7)),
    ]  # fmt: skip
    acts.result("a", CHANGES, 13.0)
    assert len(acts.found) == 2


def test_a_role_that_a_check_does_not_enter_is_about_the_device_that_the_act_names() -> None:
    acts = Acts()
    acts.enter("failback", STEP)
    acts.task("Act | outbound jobs stop on wh-app-01", 1.0)
    acts.result("localhost", UNSEEN, 1.0)

    assert [one.device for one in acts.found] == ["wh-app-01"]


def test_an_act_ends_with_its_step() -> None:
    acts = Acts()
    acts.enter("switchover", STEP)
    acts.task("Act | it", 1.0)
    acts.result("a", UNSEEN, 1.5)

    assert [one.state for one in acts.enter("switchover", "another")] == [UNSEEN]
    assert acts.close() == []


@pytest.mark.parametrize(
    ("result", "device"),
    [
        ({}, "localhost"),
        (
            {
                "invocation": {
                    "module_args": {"address": "10.1.20.11", "cipher_suite": 17, "name": "hf-db-01"}
                }
            },
            "hf-db-01 (BMC)",
        ),
        ({"ansible_loop_var": "dr_host", "dr_host": "wh-fw-01"}, "wh-fw-01"),
        ({"invocation": {"module_args": {"fault": "line_cut", "target": "hf-wh-1"}}}, "hf-wh-1"),
        ({"invocation": {"module_args": {"name": "x"}}}, "localhost"),
    ],
)
def test_an_act_names_the_device_that_it_is_about(result: dict[str, object], device: str) -> None:
    assert device_of("localhost", result) == device


def test_what_is_kept_of_acts_is_what_the_history_reads(tmp_path: Path) -> None:
    write(tmp_path / history.ACTS, [acted("a clean stop of hf-db-01", "hf-db-01", seconds=0.71239)])
    write(tmp_path / history.ACTS, [acted("promote wh-db-01", "wh-db-01", NOTHING)])

    found = history.acts_of(tmp_path)

    assert [(one["device"], one["seconds"], one["changed"]) for one in found] == [
        ("hf-db-01", 0.712, True), ("wh-db-01", 0.0, False),
    ]  # fmt: skip


def test_that_acts_cannot_be_kept_stops_nothing(tmp_path: Path) -> None:
    write(tmp_path / "none" / history.ACTS, [acted("it", "a")])


# What a check says


def test_effects_are_numbered_in_order_and_what_is_so_already_is_not_one() -> None:
    text = said(
        acted("first", "hf-app-01"), acted("second", "wh-fw-01", NOTHING), acted("third", "wh-db-01", UNSEEN)
    )

    rows = [
        line
        for line in text.splitlines()
        if line.split(" ") and any(n in line for n in ("first", "second", "third"))
    ]
    assert [row.split()[0:2] for row in rows] == [["1", "hf-app-01"], ["-", "wh-fw-01"], ["2", "wh-db-01"]]
    assert "is so already" in rows[1]
    assert "seen only once it runs" in rows[2]


def test_an_act_has_the_time_that_it_took_in_the_last_drills() -> None:
    known = durations([kept(act(0.6)), kept(act(0.8))])
    text = said(acted("a clean stop of hf-db-01", "hf-db-01"), acted("never seen", "x"), known=known)

    assert next(line for line in text.splitlines() if "clean stop" in line).endswith("0.7 s")
    assert next(line for line in text.splitlines() if "never seen" in line).endswith("no drill yet")
    assert "about 2 s in all" in text
    assert "median of the last 2 drills, twin" in text
    assert "waited 0.5 s at the longest" in text


def test_without_a_drill_no_time_is_made_up() -> None:
    text = said(acted("it", "a"))

    assert "not known: no drill" in text
    assert "about" not in text


def test_a_phase_that_was_never_drilled_has_no_time() -> None:
    text = "\n".join(
        Forecast().lines(
            "failover", [Act("failover", STEP, "it", "a", CHANGES)], durations([kept(act(1.0))]), "x"
        )
    )

    assert "not known" in text


def test_gates_and_questions_are_said_before_the_command() -> None:
    forecast = Forecast(
        [{"ok": True, "reading": "streaming"}, {"ok": False, "reading": "90 s behind", "approval": "rpo"}],
        [
            Asked("failover", "hf-db-01 is switched off hard", "dr_approvals"),
            Asked("failover", "asked for a second time", "dr_approvals"),
            Asked("old_primary_cannot_write", "it may write", "dr_attestations"),
        ],
    )
    lines = said(acted("it", "a"), forecast=forecast).splitlines()
    text = "\n".join(lines)

    assert "1 of 2 readings are good now" in text
    assert "let pass: 90 s behind (approved: rpo)" in text
    assert "'failover': hf-db-01 is switched off hard" in text
    assert "-e dr_approvals=failover,rpo -e dr_attestations=old_primary_cannot_write" in text
    assert "asked for a second time" not in text
    assert lines[-1] == "  to run it  do it"


def test_commands_stand_under_their_effect() -> None:
    text = said(acted("the address", "fw", commands=["ip route 10.100.0.1/32 10.1.10.21"]))

    assert "ip route 10.100.0.1/32 10.1.10.21" in text.splitlines()[4]


@pytest.mark.parametrize(
    ("argv", "inside", "line"),
    [
        (["/x/ansible-playbook", "-i", "e/x.yml", "p.yml", "-e", "dr_to=dr", "--check"], "",
         "ansible-playbook -i e/x.yml p.yml -e dr_to=dr"),
        (["ansible-playbook", "-CD", "p.yml", "-e", "t=a b"], "", "ansible-playbook p.yml -e 't=a b'"),
        (["ansible-playbook", "p.yml", "-C"], "ajy-people-wh-ctl-01",
         "TWIN=people tools/twin.sh run wh-ctl-01 ansible-playbook p.yml"),
    ],
)  # fmt: skip
def test_the_last_line_is_what_to_type(argv: list[str], inside: str, line: str) -> None:
    assert again(argv, inside) == line
