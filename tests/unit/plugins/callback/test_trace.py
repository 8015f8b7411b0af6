# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of a task: when, where and in which step; nothing of what it was given or said."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible import context
from ansible.inventory.host import Host
from ansible.playbook.play import Play
from ansible.playbook.task import Task

from ansible_collections.anjianyun.datacenter.plugins.callback.trace import CallbackModule


@dataclass
class Result:
    """The public part of what Ansible gives a callback."""

    host: Host
    task: Task
    result: dict[str, Any]


class Run:
    """A callback, and results to give it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.callback = CallbackModule()
        play = Play()
        play.name, play.vars = "Move the database", {"dr_phase": "switchover"}
        self.callback.v2_playbook_on_play_start(play)

    def task(self, name: str, delegate_to: str | None = None, action: str = "ansible.builtin.debug") -> Task:
        task = Task()
        task.name, task.action, task.delegate_to = name, action, delegate_to
        self.callback.v2_playbook_on_task_start(task, False)
        self.callback.v2_runner_on_start(Host("localhost"), task)
        return task

    def ok(self, task: Task, **data: Any) -> None:
        self.callback.v2_runner_on_ok(Result(Host("localhost"), task, data))

    def opened(self) -> None:
        self.ok(self.task("Note | open", action="anjianyun.datacenter.run"), directory=str(self.directory))

    def lines(self) -> list[dict[str, Any]]:
        path = self.directory / "trace.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(context, "CLIARGS", {"check": False})
    return Run(tmp_path)


def test_tasks_before_the_run_is_known_are_kept_too(run: Run) -> None:
    run.ok(run.task("Read | first"))
    assert run.lines() == []
    run.opened()

    assert [line["task"] for line in run.lines()] == ["Read | first", "Note | open"]


def test_a_line_says_where_and_when_and_in_which_step(run: Run) -> None:
    run.opened()
    run.ok(run.task("Act | promote", delegate_to="dr-db-01"), times={"started": 5.0}, password="never")

    line = run.lines()[-1]
    assert (line["phase"], line["step"], line["host"]) == ("switchover", "Move the database", "dr-db-01")
    assert line["marks"] == {"started": 5.0}
    assert line["started"] <= line["ended"]
    assert "never" not in (run.directory / "trace.jsonl").read_text()


def test_the_items_of_a_loop_stand_for_it_one_after_the_other(run: Run) -> None:
    run.opened()
    task = run.task("Read | both", delegate_to="{{ dr_host }}")
    for host in ("nn-db-01", "dr-db-01"):
        item = {"ansible_loop_var": "dr_host", "dr_host": host}
        run.callback.v2_runner_item_on_ok(Result(Host("localhost"), task, item))
    run.ok(task)

    lines = run.lines()[1:]
    assert [line["host"] for line in lines] == ["nn-db-01", "dr-db-01"]
    assert lines[1]["started"] >= lines[0]["ended"] - 0.0002


def test_a_bmc_is_named_though_the_control_node_asks_it(run: Run) -> None:
    run.opened()
    run.ok(
        run.task("Act | off"),
        invocation={"module_args": {"address": "10.1.20.11", "cipher_suite": 17, "name": "nn-db-01"}},
    )

    assert run.lines()[-1]["host"] == "nn-db-01 (BMC)"


def test_a_check_leaves_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "CLIARGS", {"check": True})
    run.opened()

    assert run.lines() == []


def test_a_place_that_cannot_be_written_stops_nothing(run: Run) -> None:
    run.directory = run.directory / "not there"
    run.opened()
    run.ok(run.task("Act | promote"))

    assert run.lines() == []
