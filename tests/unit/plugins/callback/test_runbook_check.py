# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator sees of a check, and what a run leaves for the next one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible import context
from ansible.module_utils.common.collections import ImmutableDict

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill import history
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.callback.test_runbook_display import (
    Show,
    Stats,
)
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.plugin_utils.drill.past import (
    act,
    report,
)

RUN = "anjianyun.datacenter.run"


@dataclass
class Play:
    """The part of a play that the display reads."""

    name: str
    phase: str = "switchover"

    def get_name(self) -> str:
        return self.name

    def get_vars(self) -> dict[str, str]:
        return {"dr_phase": self.phase}

    def get_tasks(self) -> list[object]:
        return []


class Runbook(Show):
    """A runbook under way whose files are in a folder."""

    def __init__(self, directory: Path, plan: str = "anhui") -> None:
        super().__init__()
        self.callback.v2_playbook_on_play_start(Play("See who answers"))
        opened = self.result(
            "Note | the run is open", directory=str(directory), plan=plan, service="reports",
            runbook="switchover", changed=not self.callback.check,
        )  # fmt: skip
        opened.task.action = RUN
        self.callback.v2_runner_on_ok(opened)

    def step(self, name: str) -> None:
        self.callback.v2_playbook_on_play_start(Play(name))

    def ok(self, name: str, delegate_to: str | None = None, **data: Any) -> None:
        self.callback.v2_runner_on_ok(self.result(name, delegate_to, **data))

    def skipped(self, name: str, condition: str, delegate_to: str) -> None:
        result = self.result(name, delegate_to, skipped=True, false_condition=condition)
        self.callback.v2_runner_on_skipped(result)

    def end(self, **failures: int) -> str:
        self.callback.v2_playbook_on_stats(Stats(**failures))
        return self.screen.text


@pytest.fixture
def checking() -> Iterator[None]:
    before = context.CLIARGS
    context.CLIARGS = ImmutableDict(check=True)
    yield
    context.CLIARGS = before


@pytest.fixture
def past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "history"
    monkeypatch.setenv(history.ENVIRONMENT, str(folder))
    return folder


@pytest.mark.usefixtures("checking")
def test_a_check_ends_with_what_would_be_done_and_how_long_it_takes(tmp_path: Path, past: Path) -> None:
    history.keep(report(100), [act(0.6)], past)
    history.keep(report(200, service="other"), [act(66.0)], past)
    book = Runbook(tmp_path)
    book.step("Prove that nothing can be lost")
    book.ok("Gate | fit", readings=[{"ok": True, "reading": "it streams"}])
    approval = book.result("Gate | approved", risk="it moves", verdict="predicted")
    approval.result["name"] = "switchover"
    book.callback.v2_runner_on_ok(approval)
    word = book.result(
        "Gate | attested", statement="it is dark", risk="it writes", by="root", verdict="predicted"
    )
    word.result["name"] = "dark"
    book.callback.v2_runner_on_ok(word)
    book.step("Move the database")
    book.ok("Act | a clean stop of hf-db-01", "hf-db-01", changed=True)
    book.skipped("Act | promote wh-db-01", "not ansible_check_mode", "wh-db-01")
    book.skipped("Act | what nobody needs", "dr_moved", "wh-fw-01")
    book.ok("Verify | one writer", readings=[{"ok": False, "reading": "hf-db-01 is primary"}])

    text = book.end()

    effects = [line.split() for line in text.splitlines() if "hf-db-01" in line or "wh-db-01" in line]
    assert [line[:2] for line in effects] == [["1", "hf-db-01"], ["2", "wh-db-01"]]
    assert effects[0][-2:] == ["0.6", "s"]
    assert "it streams" in text
    assert "what nobody needs" not in text
    # Nothing was done, so nothing may look as if it had been, or as if it had failed.
    assert "changed" not in text.replace("Nothing was changed", "")
    assert "hf-db-01 is primary" not in text
    assert "'dark': it is dark. The risk: it writes" in text
    assert "-e dr_approvals=switchover -e dr_attestations=dark" in text
    assert "approved" not in text


@pytest.mark.usefixtures("checking", "past")
def test_a_check_that_is_refused_offers_nothing_to_run(tmp_path: Path) -> None:
    book = Runbook(tmp_path)
    book.step("Prove")
    book.callback.v2_runner_on_failed(book.result("Gate | fit", msg="hf-db-01 is a healthy primary"))

    text = book.end(localhost=1)

    assert "hf-db-01 is a healthy primary" in text
    assert "Nothing was changed, and nothing would be" in text
    assert "to run it" not in text


@pytest.mark.usefixtures("checking", "past")
def test_a_check_leaves_nothing(tmp_path: Path) -> None:
    book = Runbook(tmp_path)
    book.ok("Act | it", "hf-db-01", changed=True)
    book.end()

    assert not (tmp_path / history.ACTS).exists()


@pytest.mark.usefixtures("checking", "past")
def test_whoever_wants_every_task_gets_it(tmp_path: Path) -> None:
    book = Runbook(tmp_path)
    book.screen.verbosity = 1
    book.ok("Act | it", "hf-db-01", changed=True)

    assert "would   hf-db-01: Act | it" in book.end()


@pytest.mark.usefixtures("past")
def test_a_run_keeps_how_long_its_acts_took(tmp_path: Path) -> None:
    book = Runbook(tmp_path)
    book.step("Move the database")
    book.ok("Act | a clean stop of hf-db-01", "hf-db-01", changed=True)
    book.ok("Read | it", "hf-db-01")

    # A run that is killed now has left it already.
    kept = [json.loads(line) for line in (tmp_path / history.ACTS).read_text().splitlines()]
    assert [(one["step"], one["device"], one["changed"]) for one in kept] == [
        ("Move the database", "hf-db-01", True)
    ]
    assert "done:" in book.end()
