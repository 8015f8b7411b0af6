# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator sees: results go in, lines come out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from ansible.inventory.host import Host
from ansible.playbook.task import Task

from ansible_collections.anjianyun.datacenter.plugins.callback.runbook import CallbackModule


class Screen:
    """Takes what would be displayed."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.verbosity = 0

    def display(self, text: str, **_options: Any) -> None:
        self.lines.append(text)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass
class Result:
    """The public part of what Ansible gives a callback; how it makes its own differs between releases."""

    host: Host
    task: Task
    result: dict[str, Any]


class Show:
    """A display, and results to give it."""

    def __init__(self) -> None:
        self.callback = CallbackModule()
        self.screen = Screen()
        self.callback._display = self.screen

    def result(self, name: str, delegate_to: str | None = None, **data: Any) -> Result:
        task = Task()
        task.name, task.action, task.delegate_to = name, "ansible.builtin.debug", delegate_to
        self.callback.v2_playbook_on_task_start(task, False)
        return Result(Host("localhost"), task, data)


class Stats:
    """Ansible's account at the end."""

    def __init__(self, **failures: int) -> None:
        self.failures = failures
        self.dark: dict[str, int] = {}


@pytest.fixture
def show() -> Show:
    return Show()


def test_what_is_only_ok_says_nothing_unless_asked(show: Show) -> None:
    show.callback.v2_runner_on_ok(show.result("Read | it"))
    assert show.screen.lines == []

    show.screen.verbosity = 1
    show.callback.v2_runner_on_ok(show.result("Read | it"))
    assert "ok      localhost: Read | it" in show.screen.text


def test_a_gate_shows_each_reading(show: Show) -> None:
    readings = [
        {"ok": True, "reading": "it answers"},
        {"ok": False, "reading": "90 s behind", "approved": True},
        {"ok": None, "reading": "no word of the BMC"},
    ]
    show.callback.v2_runner_on_ok(show.result("Gate | fit", readings=readings))

    assert [line.split(" s  ")[1] for line in show.screen.lines] == [
        "ok       it answers", "approved 90 s behind", "no       no word of the BMC",
    ]  # fmt: skip


def test_an_act_is_announced_and_names_the_device_it_changed(show: Show) -> None:
    show.callback.v2_runner_on_ok(show.result("Act | promote", delegate_to="dr-db-01", changed=True))

    assert show.screen.lines[0].strip() == "Act | promote ..."
    assert "changed dr-db-01: Act | promote" in show.screen.lines[1]


def test_what_a_condition_leaves_out_for_sure_is_not_announced(show: Show) -> None:
    fact = show.result("Read | keep it", ansible_facts={"room_goes_up": False, "room_stage": "waits"})
    fact.task.action = "ansible.builtin.set_fact"
    show.callback.v2_runner_on_ok(fact)

    def announced(*conditions: str | bool) -> bool:
        task = Task()
        task.name, task.action, task.when = "Act | up", "ansible.builtin.debug", list(conditions)
        show.screen.lines.clear()
        show.callback.v2_playbook_on_task_start(task, False)
        return bool(show.screen.lines)

    assert not announced("room_goes_up")
    assert not announced("hostvars['localhost'].room_goes_up")
    assert not announced("room_goes_up and room_serves")
    assert not announced("nobody_knows", "room_stage == 'stands'")
    assert announced("not room_goes_up")
    assert announced("room_stage in ['stands', 'waits']")
    # Of what is not known here it is announced; so it is of what cannot be read.
    assert announced("nobody_knows")
    assert announced("x | anjianyun.datacenter.unheard_of")


def test_what_a_runbook_has_to_say_is_shown(show: Show) -> None:
    show.callback.v2_runner_on_ok(
        show.result("Read | what it waits for", msg=["it waits", "Next: fill it in"])
    )

    assert [line.strip() for line in show.screen.lines] == ["it waits", "Next: fill it in"]


def test_a_failure_says_why_unless_that_is_secret(show: Show) -> None:
    show.callback.v2_runner_on_failed(show.result("Act | x", msg="no route\nNext: mend the line"))
    assert "FAILED  localhost: Act | x" in show.screen.text
    assert "Next: mend the line" in show.screen.text

    show.screen.lines.clear()
    show.callback.v2_runner_on_failed(show.result("Act | x", msg="pw is s3cret", _ansible_no_log=True))
    assert "hidden" in show.screen.text
    assert "s3cret" not in show.screen.text


def test_an_item_of_a_loop_that_failed_is_named_unless_it_is_secret(show: Show) -> None:
    item = {"msg": "refused: pw s3cret", "item": "nn-core-01", "ansible_loop_var": "item"}
    show.callback.v2_runner_item_on_failed(show.result("Act | x", **item))
    assert "nn-core-01:" in show.screen.text
    assert "refused" in show.screen.text

    show.screen.lines.clear()
    show.callback.v2_runner_item_on_failed(show.result("Act | x", _ansible_no_log=True, **item))
    assert "s3cret" not in show.screen.text


def test_what_lasts_is_said_and_again_every_ten_seconds(show: Show) -> None:
    result = show.result("Verify | the address leads here", retries=20, attempts=3)
    show.callback.v2_runner_retry(result)
    assert show.screen.lines == []

    show.callback.task_started -= 5
    for _look in range(3):
        show.callback.v2_runner_retry(result)
    assert len(show.screen.lines) == 1
    assert "waits   localhost: Verify | the address leads here, 17 looks left" in show.screen.text

    show.callback.said -= 11
    for _look in range(3):
        show.callback.v2_runner_retry(result)
    assert len(show.screen.lines) == 2


def test_a_role_that_speaks_the_grammar_is_shown_as_a_runbook_is(show: Show) -> None:
    result = show.result("Gate | the UPS last", readings=[{"ok": True, "reading": "80 %"}])
    role: Any = type("Role", (), {"get_name": lambda self, **_options: "power_sequence"})()
    result.task._role = role
    assert result.task.get_name().startswith("power_sequence : ")

    show.callback.v2_runner_on_ok(result)

    assert "ok       80 %" in show.screen.text


def test_a_change_shows_its_diff(show: Show) -> None:
    diff = [{"before": "cost 10\n", "after": "cost 20\n"}]
    show.callback.v2_on_file_diff(show.result("Act | frr", changed=True, diff=diff))

    assert "+cost 20" in show.screen.text


@pytest.mark.parametrize(("failures", "word"), [({}, "done"), ({"localhost": 1}, "stopped")])
def test_the_end_is_what_ansible_says_it_is(show: Show, failures: dict[str, int], word: str) -> None:
    # Rescued by the playbook: a failure that stopped nothing.
    show.callback.v2_runner_on_failed(show.result("Read | x", msg="no answer"))

    show.callback.v2_playbook_on_stats(Stats(**failures))

    assert f" {word}: 1 failed" in show.screen.lines[-1]
