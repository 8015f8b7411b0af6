# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet: nobody waits for the dead, nobody is asked twice at once, and nothing is hidden."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors, fleet
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.arguments import secrets_of
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls.call import Call, run
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.fleet import (
    Pace,
    Progress,
    ask,
    bound_s,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Deadline, Target
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
    Unreachable,
)


def target(name: str, address: str = "") -> Target:
    return Target(name, address or f"10.0.0.{name}", "ops", "secret")


class Stub(str):
    """A BMC of which only the name matters."""

    @property
    def name(self) -> str:
        return str(self)


class Fleet:
    """Stands in for the wire: who is dead, who is busy at first, who is at work now."""

    def __init__(self) -> None:
        self.dead: set[str] = set()
        self.busy: dict[str, int] = {}
        self.refused: set[str] = set()
        self.silence_s = 0.3
        self.log_ins: list[str] = []
        self.at_work: dict[str, int] = {}
        self.most = 0
        self._lock = threading.Lock()

    @contextmanager
    def connect(self, one: Target, deadline: Deadline) -> Iterator[str]:
        self.log_ins.append(one.name)
        if one.name in self.dead:
            time.sleep(min(self.silence_s, deadline.remaining()))
            raise errors.silent(one.name, "no answer", "silence")
        if one.name in self.refused:
            raise errors.wrong_password(one.name)
        if self.busy.get(one.name, 0) > 0:
            self.busy[one.name] -= 1
            raise errors.NoSessionLeft("no session", device=one.name)
        with self._lock:
            self.at_work[one.address] = self.at_work.get(one.address, 0) + 1
            self.most = max(self.most, sum(self.at_work.values()))
            assert self.at_work[one.address] == 1, "two operations at once on one BMC"
        try:
            yield Stub(one.name)
        finally:
            with self._lock:
                self.at_work[one.address] -= 1


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Fleet:
    made = Fleet()
    monkeypatch.setattr(fleet, "connect", made.connect)
    return made


def work(bmc: Any) -> dict[str, Any]:
    time.sleep(0.002)
    return {"power": "on", "of": bmc}


QUICK = Pace(at_once=8, attempts=2, backoff_s=0.05)


def test_the_order_is_that_of_the_targets(wire: Fleet) -> None:
    outcomes = ask([target(str(n)) for n in range(30)], work, deadline_s=5, pace=QUICK)
    assert [outcome.result and outcome.result["of"] for outcome in outcomes] == [str(n) for n in range(30)]
    assert wire.most <= 8


def test_no_more_are_begun_than_files_can_be_opened(wire: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    room = len(os.listdir("/dev/fd")) + 64 + 3
    monkeypatch.setattr(fleet.resource, "getrlimit", lambda _what: (room, room))
    outcomes = ask([target(str(n)) for n in range(12)], work, deadline_s=5, pace=QUICK)
    assert all(outcome.result for outcome in outcomes)
    assert wire.most <= 3
    assert bound_s(12, QUICK, 5) >= 4 * 5


def test_the_dead_do_not_hold_up_the_living(wire: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty dead ones come first, and only eight may be at work at a time."""
    monkeypatch.setattr(fleet, "BUSY_S", 0.05)
    monkeypatch.setattr(fleet, "_LOOK_S", 0.01)
    wire.silence_s = 2.0
    wire.dead = {str(n) for n in range(20)}
    ended: list[float] = []

    def noted(bmc: Any) -> dict[str, Any]:
        ended.append(time.monotonic())
        return {}

    began = time.monotonic()
    outcomes = ask([target(str(n)) for n in range(60)], noted, deadline_s=0.8, pace=Pace(8, 1))
    assert len(ended) == 40
    assert max(ended) - began < 0.6, "the living waited for the dead"
    assert time.monotonic() - began < bound_s(60, Pace(8, 1), 0.8)
    assert {outcome.target.name for outcome in outcomes if outcome.error} == wire.dead


def test_a_bmc_is_never_worked_on_twice_at_once(wire: Fleet) -> None:
    """Two names of one BMC: the second waits, and both are answered."""
    one_chassis = [target(str(n), "10.9.9.9") for n in range(5)]
    outcomes = ask([*one_chassis, target("9")], work, deadline_s=5, pace=QUICK)
    assert all(outcome.result for outcome in outcomes)


def test_a_busy_bmc_is_tried_again_and_a_wrong_password_is_not(wire: Fleet) -> None:
    wire.busy = {"1": 1, "2": 2}
    wire.refused = {"3"}
    ok, again, busy, refused = ask([target(n) for n in "0123"], work, deadline_s=5, pace=QUICK)
    assert (ok.attempts, again.attempts, busy.attempts, refused.attempts) == (1, 2, 2, 1)
    assert again.result
    assert isinstance(busy.error, errors.NoSessionLeft)
    assert isinstance(refused.error, errors.WrongPassword)


def test_what_has_begun_is_not_repeated(wire: Fleet) -> None:
    begun: list[str] = []

    def breaks(bmc: Any) -> dict[str, Any]:
        begun.append(bmc)
        raise errors.silent(bmc, "power off", "no answer")

    (outcome,) = ask([target("1")], breaks, deadline_s=5, pace=QUICK)
    assert isinstance(outcome.error, Unreachable)
    assert begun == ["1"]


def test_time_for_a_target_holds_for_its_retries_too(wire: Fleet) -> None:
    wire.dead = {"1"}
    began = time.monotonic()
    (outcome,) = ask([target("1")], work, deadline_s=0.5, pace=Pace(8, 50, 0.05))
    assert 1 < outcome.attempts < 5
    assert time.monotonic() - began < 0.7


def test_the_bound_holds_whatever_a_target_does(wire: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "GRACE_S", 0.1)
    release = threading.Event()

    def stands_still(bmc: Any) -> dict[str, Any]:
        if bmc == "1":
            release.wait(20)
        return {}

    began = time.monotonic()
    fine, still = ask([target("0"), target("1")], stands_still, deadline_s=0.2, pace=QUICK)
    assert time.monotonic() - began < bound_s(2, QUICK, 0.2) + 0.2
    assert fine.result is not None
    assert isinstance(still.error, DeadlineExceeded)
    assert "is not known" in str(still.error)
    release.set()


@pytest.mark.parametrize("changes", [True, False])
def test_one_whose_end_is_not_known_may_have_been_changed(
    wire: Fleet, monkeypatch: pytest.MonkeyPatch, changes: bool
) -> None:
    """But for one that was never logged in to, and where nothing is ever changed."""
    monkeypatch.setattr(fleet, "GRACE_S", 0.1)
    release = threading.Event()
    wire.busy = {"0": 1}
    real = wire.connect

    @contextmanager
    def connect(one: Target, deadline: Deadline) -> Iterator[str]:
        if one.name == "1":
            release.wait(20)
        with real(one, deadline) as bmc:
            yield bmc

    monkeypatch.setattr(fleet, "connect", connect)

    def stands_still(bmc: Any) -> dict[str, Any]:
        if bmc == "2":
            raise ZeroDivisionError
        release.wait(20)
        return {}

    outcomes = ask([target(n) for n in "012"], stands_still, deadline_s=0.4, pace=QUICK, changes=changes)
    release.set()
    said = [outcome.error.result["changed"] for outcome in outcomes if outcome.error]
    assert said == [changes, False, changes]
    assert [outcome.attempts for outcome in outcomes] == [2, 1, 1]


def test_the_bound_holds_where_many_name_one_bmc(wire: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "GRACE_S", 0.0)
    monkeypatch.setattr(fleet, "BUSY_S", 0.0)

    def slow(call: Any, *_more: Any) -> dict[str, Any]:
        time.sleep(0.3)
        return {}

    options = {**params("0123"), "deadline_s": 0.4}
    for one in options["targets"]:
        one["address"] = "10.9.9.9"
    began = time.monotonic()
    result = run(Call(slow), options, check=False)
    assert time.monotonic() - began < result["bound_s"] == pytest.approx(4 * 0.4)


def test_a_mistake_of_ours_concerns_one_target(wire: Fleet) -> None:
    def stumbles(bmc: Any) -> dict[str, Any]:
        return {"x": 1 / int(bmc)}

    broken, fine = ask([target("0"), target("1")], stumbles, deadline_s=5, pace=QUICK)
    assert "ZeroDivisionError" in str(broken.error)
    assert fine.result


def test_progress_is_told_while_it_runs(wire: Fleet) -> None:
    wire.dead = {"1"}
    wire.silence_s = 1.0
    said: list[Progress] = []
    ask([target(n) for n in "012"], work, deadline_s=5, pace=Pace(8, 1), say=said.append, every_s=0.2)
    assert len(said) >= 2
    # The last may have been told just as the silent one was given up.
    assert (3, 2) in [(one.total, one.done) for one in said]


# What a module makes of it -------------------------------------------------------------------


def params(names: str, **more: Any) -> dict[str, Any]:
    call = Call(lambda bmc, _params, check: {"changed": not check, "of": str(bmc)})
    values: dict[str, Any] = {name: option.get("default") for name, option in call.spec().items()}
    empty = dict.fromkeys(("port", "user", "password", "cipher_suite", "privilege"))
    values["targets"] = [{**empty, "name": n, "address": f"10.0.0.{n}"} for n in names]
    return {**values, "user": "ops", "password": "secret", "deadline_s": 1.0, "attempts": 1, **more}


CALL = Call(lambda bmc, _params, check: {"changed": not check, "of": str(bmc)})


def test_a_share_is_a_result_of_its_own(wire: Fleet) -> None:
    wire.dead, wire.refused = {"1"}, {"2"}
    result = run(CALL, params("012", on_failure="hand_over"), check=False)
    shares = result["targets"]
    assert (shares["0"]["changed"], shares["0"]["of"]) == (True, "0")
    assert shares["1"]["unreachable"] is True
    assert (shares["2"]["failed"], shares["2"]["error"]["kind"]) == (True, "WrongPassword")
    assert (result["succeeded"], result["failed_targets"]) == (1, ["1", "2"])
    assert "Unreachable: 1" in result["warnings"][0]


def test_a_failure_is_not_hidden_unless_it_is_handed_over(wire: Fleet) -> None:
    wire.dead = {"1"}
    with pytest.raises(DatacenterError, match=r"1 of 3 BMCs failed(?s:.*)\n  - ") as error:
        run(CALL, params("012"), check=False)
    assert error.value.result["changed"] is True
    assert set(error.value.result["targets"]) == {"0", "1", "2"}


def test_many_failures_are_told_in_one_line(wire: Fleet) -> None:
    wire.dead = set("0123456")
    with pytest.raises(DatacenterError, match="Unreachable: 0, 1, 2, 3, 4 and 2 more"):
        run(CALL, params("0123456789"), check=False)


def test_a_target_may_state_for_itself_what_the_module_lets_it(wire: Fleet) -> None:
    call = Call(
        lambda _bmc, own, _check: {"slot": own["slot"], "quota": own["quota"]},
        {"slot": {"type": "int", "default": 1}, "quota": {"type": "int", "default": 5}},
        own=("slot",),
    )
    assert "slot" in call.spec()["targets"]["options"]
    assert "quota" not in call.spec()["targets"]["options"]
    options = {**params("01"), "slot": 1, "quota": 5}
    options["targets"][1]["slot"] = 7
    shares = run(call, options, check=False)["targets"]
    assert [(shares[name]["slot"], shares[name]["quota"]) for name in "01"] == [(1, 5), (7, 5)]


def test_no_secret_of_a_target_is_left_out_of_those_to_hide() -> None:
    spec = {"password": {"no_log": True}, "new_password": {"no_log": True}, "slot": {}}
    one = {"password": None, "new_password": "theirs", "slot": 3}
    hidden = secrets_of(spec, {"password": "ours", "new_password": None, "slot": 1, "targets": [one]})
    assert hidden == {"ours", "theirs"}
