# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A check foretells from the journal that the run would go on from, and leaves what is kept as it is."""

from __future__ import annotations

import base64
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible import constants as C

from ansible_collections.anjianyun.datacenter.plugins.action import drill_report, journal_fetch, note, run
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal.file import Journal

HOST = "nn-app-01"


class Node:
    """A control node during one call of ansible-playbook."""

    def __init__(self, folder: Path, *, check: bool, name: str = "ctl-b") -> None:
        self.directory = folder / name / "runs" / "room-x"
        self.check = check
        self.variables = {
            "dr_run_directory": str(self.directory), "dr_run_id": "room-x", "dr_control_node": name,
            "ansible_check_mode": check,
        }  # fmt: skip

    def do(self, plugin: Any, /, task_is_checked: bool | None = None, **arguments: Any) -> dict[str, Any]:
        """One task: a play may say of one that it is done in a check as well."""
        checked = self.check if task_is_checked is None else task_is_checked
        action = plugin.ActionModule(
            SimpleNamespace(check_mode=checked, name="Note | it", action="it"), None, None, None,
            SimpleNamespace(template=lambda value: value), None,
        )  # fmt: skip
        action.variables = self.variables
        given = {name: spec.get("default") for name, spec in action.ARGUMENTS.items()}
        found: dict[str, Any] = action.work({**given, **arguments})
        return found

    def fetch(self, *copies: dict[str, Any], **arguments: Any) -> dict[str, Any]:
        return self.do(journal_fetch, copies=list(copies), **arguments)

    def reads(self, name: str) -> dict[str, Any]:
        """As a runbook reads a note, in a check as well."""
        return self.do(note, task_is_checked=False, name=name)

    def opens(self) -> str:
        return str(self.do(run, state="opened", runbook="room")["state"])

    def stands(self) -> list[str]:
        """Everything on its disk."""
        return sorted(str(path) for path in self.directory.parent.parent.rglob("*"))


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "ansible-local"
    folder.mkdir()
    monkeypatch.setattr(C, "DEFAULT_LOCAL_TMP", str(folder))
    return folder


def copy_of(folder: Path, *states: str) -> dict[str, Any]:
    """What a host holds of a run that was begun on another control node, and got dark."""
    journal = Journal(folder / "elsewhere")
    journal.append({"kind": "run", "state": "opened", "control_node": "ctl-a", "machine": ""})
    journal.append({"kind": "note", "name": "room_dark", "data": {"hosts": ["nn-db-01"]}})
    for state in states:
        journal.append({"kind": "run", "state": state, "control_node": "ctl-a", "machine": ""})
    content = base64.b64encode(journal.path.read_bytes()).decode()
    return {"ansible_loop_var": "host", "host": HOST, "found": True, "content": content, "evidence": []}


def test_a_check_elsewhere_foretells_from_what_it_would_fetch_and_keeps_nothing(tmp_path: Path) -> None:
    there = Node(tmp_path, check=True)
    fetched = there.fetch(copy_of(tmp_path, "waiting"))

    assert (fetched["source"], fetched["changed"]) == (HOST, False)
    assert there.reads("room_dark")["data"] == {"hosts": ["nn-db-01"]}
    assert there.opens() == "resumed"
    assert there.do(drill_report, directory=str(there.directory))["changed"]
    assert there.stands() == []


def test_it_goes_on_from_the_longer_journal_where_an_older_one_is_kept(tmp_path: Path) -> None:
    there = Node(tmp_path, check=True)
    older = copy_of(tmp_path)
    there.directory.mkdir(parents=True)
    (there.directory / "journal.jsonl").write_bytes(base64.b64decode(older["content"]))
    before = (there.directory / "journal.jsonl").read_bytes()
    journal = Journal(tmp_path / "elsewhere")
    journal.append({"kind": "note", "name": "room_rises", "data": {}})
    journal.append({"kind": "run", "state": "waiting", "control_node": "ctl-a", "machine": ""})
    newer = {**older, "content": base64.b64encode(journal.path.read_bytes()).decode()}
    there.fetch(newer)

    assert there.reads("room_rises")["at"] is not None
    # A task that is done in a check, too, writes nothing to what is kept either.
    there.do(note, task_is_checked=False, name="by_mistake", data={})
    assert (there.directory / "journal.jsonl").read_bytes() == before


def test_the_next_call_begins_with_what_is_kept(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = copy_of(tmp_path, "waiting")
    Node(tmp_path, check=True).fetch(held)
    monkeypatch.setattr(C, "DEFAULT_LOCAL_TMP", str(tmp_path))
    there = Node(tmp_path, check=False)

    assert there.reads("room_dark")["at"] is None
    there.fetch(held)
    assert there.reads("room_dark")["at"] is not None
    assert Journal(there.directory).path.exists()


def test_a_task_that_alone_is_checked_changes_nothing_for_those_that_are_done(
    tmp_path: Path, temporary: Path
) -> None:
    there = Node(tmp_path, check=False)
    there.do(journal_fetch, task_is_checked=True, copies=[copy_of(tmp_path, "waiting")])

    assert list(temporary.iterdir()) == []
    assert there.reads("room_dark")["at"] is None


def test_a_run_that_has_ended_is_foretold_from_its_beginning(tmp_path: Path) -> None:
    there = Node(tmp_path, check=True)
    there.fetch(copy_of(tmp_path, "ended"))

    assert there.opens() == "opened"
    assert there.reads("room_dark")["at"] is None
    assert there.stands() == []


@pytest.mark.parametrize(
    ("states", "silent", "says"),
    [
        ((), [], "nobody runs room-x any more that was opened on control node ctl-a"),
        (None, ["dr-app-01"], "nobody has begun room-x, whose journal dr-app-01 may have"),
    ],
)
def test_it_says_what_a_person_will_have_to_attest_and_asks_nobody(
    tmp_path: Path, states: tuple[str, ...] | None, silent: list[str], says: str
) -> None:
    there = Node(tmp_path, check=True)
    fetched = there.fetch(*([] if states is None else [copy_of(tmp_path, *states)]), silent=silent)

    # As the display reads it for the end of a check.
    assert (fetched["verdict"], fetched["name"]) == ("predicted", "nobody_else_runs_it")
    assert fetched["statement"].startswith(says)
    assert fetched["risk"]
    assert "verdict" not in Node(tmp_path, check=True).fetch(copy_of(tmp_path / "b", "waiting"))


def test_a_check_that_cannot_put_it_down_says_so_instead_of_foretelling_another_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a file").write_text("")
    monkeypatch.setattr(C, "DEFAULT_LOCAL_TMP", str(tmp_path / "a file"))

    with pytest.raises(DatacenterError, match="cannot be put down"):
        Node(tmp_path, check=True).fetch(copy_of(tmp_path, "waiting"))
