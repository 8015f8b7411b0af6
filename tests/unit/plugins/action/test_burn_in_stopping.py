# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A loop that tells loads to stop waits for none of the servers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.plugins.action.normal import ActionModule as NormalAction

from ansible_collections.anjianyun.datacenter.plugins.action.burn_in import ActionModule
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server import burn_in

#: Far longer than it takes, for a machine that is busy; a test that passes never waits for it.
PATIENCE_S = 60


def action(monkeypatch: pytest.MonkeyPatch, command: Callable[[str], Any], **task: Any) -> ActionModule:
    monkeypatch.setattr(ActionModule, "_low_level_execute_command", lambda _self, text: command(text))
    return ActionModule(
        SimpleNamespace(**{"args": {"state": "stopping"}, "check_mode": False, **task}),
        None, None, None, None, None,
    )  # fmt: skip


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_next_server_is_told_while_the_ones_before_have_not_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(text: str) -> None:
        """A server that answers only when it sees that three have been told."""
        (tmp_path / f"told-{os.getpid()}").write_text(text)
        until(lambda: len(list(tmp_path.glob("told-*"))) == 3)
        (tmp_path / f"answered-{os.getpid()}").write_text("")

    for _server in range(3):
        assert action(monkeypatch, stop).run(None, {}) == {"changed": True}

    until(lambda: len(list(tmp_path.glob("answered-*"))) == 3)
    assert {path.read_text() for path in tmp_path.glob("told-*")} == {
        "systemctl stop --no-block anjianyun-burn-in.service"
    }


def test_a_server_that_is_silent_breaks_nothing_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_text: str) -> None:
        (tmp_path / "told").write_text(str(os.getpid()))
        raise ConnectionError("no route to host")

    assert action(monkeypatch, stop).run(None, {}) == {"changed": True}

    until((tmp_path / "told").exists)
    assert (tmp_path / "told").read_text() != str(os.getpid())


@pytest.mark.parametrize(
    "task", [{"args": {"state": "ended"}}, {"args": {}}, {"check_mode": True}], ids=["ended", "read", "check"]
)
def test_what_is_to_be_read_back_is_waited_for(monkeypatch: pytest.MonkeyPatch, task: dict[str, Any]) -> None:
    monkeypatch.setattr(NormalAction, "run", lambda _self, _tmp, _variables: {"said": "by the module"})

    assert action(monkeypatch, pytest.fail, **task).run(None, {}) == {"said": "by the module"}


@pytest.mark.parametrize(("runs", "check", "told"), [(True, False, 1), (True, True, 0), (False, False, 0)])
def test_the_module_tells_a_load_that_runs_and_no_other(
    monkeypatch: pytest.MonkeyPatch, runs: bool, check: bool, told: int
) -> None:
    called: list[tuple[str, ...]] = []
    monkeypatch.setattr(burn_in, "running", lambda: runs)
    monkeypatch.setattr(burn_in, "_call", lambda *argv: called.append(argv))

    assert burn_in.tell(check=check) == {"changed": runs}
    assert len(called) == told
    assert all("--no-block" in argv for argv in called)
