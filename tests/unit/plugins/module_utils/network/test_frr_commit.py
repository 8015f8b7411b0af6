# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a commit on an FRR router is, and what becomes of it, over a router whose vtysh is a variable.

That it does so on a living router: tests/integration/network.
"""

from __future__ import annotations

import fcntl
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.network import frr_commit, frr_kept
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.frr_text import Failed, Router


class Memory(Router):
    """FRR with its running configuration in a variable; the switches say how it misbehaves."""

    full = False
    text = "frr version 8.4.4\nhostname a\n"

    def check(self, text: str) -> dict[str, Any]:
        return {}

    def running(self) -> str:
        return self.text

    def replace(self, text: str) -> str:
        type(self).text = text
        return ""

    def merge(self, text: str) -> None:
        type(self).text += text

    def save(self) -> None:
        if self.full:
            raise Failed("device", "no space left")
        Path(self.boot_file).write_text(self.text)


@pytest.fixture
def router(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Memory:
    """A router, and guards that are threads of this process."""

    class Fresh(Memory):
        pass

    def launch(_router: Router, call: str, _token: str) -> None:
        threading.Thread(target=eval, args=(call, vars(frr_commit)), daemon=True).start()

    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/frr.conf").write_text(Memory.text)
    monkeypatch.setattr(frr_commit, "Router", Fresh)
    monkeypatch.setattr(frr_commit, "launch", launch)
    monkeypatch.setattr(frr_commit, "UNDO_PAUSE_S", 0.01)
    return Fresh(str(tmp_path / "state"), str(tmp_path / "etc"))


def begin(router: Router, token: str, text: str = "ip route 192.0.2.0/24 blackhole\n", **words: Any) -> None:
    given = {"mode": "merge", "confirm_s": 30, "message": "", **words}
    frr_commit.begin(router, text, token=token, **given)


def boot(router: Router) -> str:
    return Path(router.boot_file).read_text()


@pytest.mark.parametrize("decide", [frr_commit.confirm, frr_commit.roll_back])
def test_a_commit_is_decided_on_by_whom_it_belongs_to(router: Memory, decide: Any) -> None:
    begin(router, "of-a")
    with pytest.raises(Failed, match="pending") as refused:
        begin(router, "of-b")
    assert refused.value.kind == "pending"
    with pytest.raises(Failed, match="somebody else's"):
        decide(router, "of-b")
    assert frr_commit.status(router)["token"] == "of-a"
    assert "192.0.2.0" in router.running()
    decide(router, "of-a")
    assert frr_commit.status(router)["state"] == "idle"


def test_a_change_that_was_confirmed_is_not_taken_back_by_another(router: Memory) -> None:
    begin(router, "of-a")
    frr_commit.confirm(router, "of-a")
    with pytest.raises(Failed, match="somebody else's"):
        frr_commit.roll_back(router, "of-b")
    assert "192.0.2.0" in boot(router)
    assert frr_commit.roll_back(router, None)["outcome"] == "rolled_back"
    assert "192.0.2.0" not in boot(router)


def test_what_a_change_goes_back_to_is_read_when_nobody_elses_can_be_in_it(
    router: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rival that is confirmed between the first look and the claim stays when this one is taken back."""

    def check(self: Memory, text: str) -> dict[str, Any]:
        monkeypatch.setattr(Memory, "check", lambda *_given: {})
        begin(router, "of-a", "ip route 198.51.100.0/24 blackhole\n")
        frr_commit.confirm(router, "of-a")
        return {}

    monkeypatch.setattr(Memory, "check", check)
    begin(router, "of-b")
    frr_commit.roll_back(router, "of-b")
    assert "198.51.100.0" in router.running()
    assert "198.51.100.0" in boot(router)
    assert "192.0.2.0" not in router.running()


def test_what_cannot_be_saved_is_not_confirmed_and_is_taken_back(router: Memory) -> None:
    begin(router, "of-a", confirm_s=1)
    type(router).full = True
    with pytest.raises(Failed, match="no space left"):
        frr_commit.confirm(router, "of-a")
    assert frr_commit.status(router)["guarded"]
    said = frr_commit.wait_for(router, "of-a", ("outcome.json",))
    assert said["outcome"] == "rolled_back"
    assert "192.0.2.0" not in router.running()


SERVICE = "10.100.0.1/32"
ROUTE = f"ip route {SERVICE} 10.2.10.21 tag 3"


@pytest.mark.parametrize("decide", [frr_commit.confirm, frr_commit.roll_back])
@pytest.mark.parametrize("routes", [[ROUTE], []])
def test_a_service_that_moved_while_a_change_waited_stays_where_it_is(
    router: Memory, decide: Any, routes: list[str]
) -> None:
    old = f"ip route {SERVICE} 10.2.10.9 tag 1\n"
    type(router).text = f"{router.text}{old}interface lo\nexit\n"
    router.save()
    begin(router, "of-a")
    assert frr_kept.keep(SERVICE, routes, 1.0, router.state)
    type(router).text = frr_kept.with_routes(router.text.replace(old, ""), routes)
    assert frr_kept.save(Path(router.boot_file), SERVICE, routes, 1.0, router.state)
    assert "192.0.2.0" not in boot(router)
    decide(router, "of-a")
    for text in (router.running(), boot(router)):
        assert [line for line in text.splitlines() if SERVICE in line] == routes
        assert ("192.0.2.0" in text) is (decide is frr_commit.confirm)


def test_a_service_that_moves_while_a_change_is_taken_back_is_entered_again(
    router: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it goes back to was read before the service moved."""
    entered: list[str] = []

    def replace(self: Memory, text: str) -> str:
        entered.append(text)
        if len(entered) == 1:
            assert frr_kept.keep(SERVICE, [ROUTE], 1.0, self.state)
        type(self).text = text
        return ""

    begin(router, "of-a")
    monkeypatch.setattr(Memory, "replace", replace)
    frr_commit.roll_back(router, "of-a")
    assert (len(entered), ROUTE in router.running(), ROUTE in boot(router)) == (2, True, True)
    # And of the last change, which may be undone without a timer.
    assert not frr_kept.keep(SERVICE, [], 1.0, router.state)
    assert ROUTE not in Path(router.path("done", "before.conf")).read_text()


def test_a_service_does_not_wait_long_for_whoever_holds_the_state(router: Memory) -> None:
    begin(router, "of-a")
    with frr_commit.alone(router):
        assert frr_kept.keep(SERVICE, [ROUTE], 0.05, router.state)
        assert not frr_kept.save(Path(router.boot_file), SERVICE, [ROUTE], 0.05, router.state)
    assert ROUTE in Path(router.path("pending", "before.conf")).read_text()
    assert not frr_kept.keep(SERVICE, [ROUTE], 1.0, router.path("nothing"))


def test_a_guard_that_lives_is_waited_for_no_longer_and_left_to_its_work(
    router: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody enters lines beside a guard that does so still."""
    entering, done = threading.Event(), threading.Event()

    def slow(self: Memory, text: str) -> None:
        entering.set()
        assert done.wait(10)

    monkeypatch.setattr(Memory, "merge", slow)
    monkeypatch.setattr(frr_commit, "CALL_S", 0.2)
    with pytest.raises(Failed, match="goes on") as failed:
        begin(router, "of-a", confirm_s=1)
    assert entering.is_set()
    assert not isinstance(failed.value, frr_commit.NoGuard)
    assert frr_commit.status(router)["state"] == "pending"
    done.set()
    monkeypatch.setattr(frr_commit, "CALL_S", 10)
    assert frr_commit.wait_for(router, "of-a", ("outcome.json",))["outcome"] == "rolled_back"


def test_a_guard_that_comes_too_late_enters_nothing(router: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(frr_commit, "START_S", 0.1)
    monkeypatch.setattr(frr_commit, "launch", lambda _router, call, _token: calls.append(call))
    with pytest.raises(Failed, match="did not say"):
        begin(router, "of-a")
    # The next change is there when the first one's guard starts at last.
    with open(router.path("lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = Path(router.path("pending"))
        folder.mkdir()
        (folder / "guard.lock").touch()
        (folder / "job.json").write_text(json.dumps({"token": "of-b", "mode": "merge", "confirm_s": 0}))
        (folder / "candidate.conf").write_text("ip route 192.0.2.0/24 blackhole\n")
    eval(calls[0], vars(frr_commit))
    assert "192.0.2.0" not in router.running()
