# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a gate makes of its readings, whose approvals count, and who holds a lock."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook import approvals, readings
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.who import (
    Lock,
    identity,
    private,
    started,
)


@pytest.mark.parametrize(
    ("ok", "passes"),
    [
        (True, True), ("True", True), (False, False), ("false", False), (None, False), ("", False),
        ("yes", False), (1, False), ("unknown", False),
    ],
)  # fmt: skip
def test_only_a_real_yes_passes(ok: Any, passes: bool) -> None:
    assert (readings.failing(readings.parse([{"ok": ok, "reading": "r"}])) == []) is passes


def test_unknown_is_said_to_be_unknown_and_the_way_on_is_named() -> None:
    [reading] = readings.parse(
        [{"ok": None, "reading": "no answer", "refuse": "it may be writing", "way_on": "fence it"}]
    )

    assert reading.sentence() == "not known: it may be writing. Next: fence it"


@pytest.mark.parametrize("item", [{"reading": "r"}, {"ok": True}, {"ok": True, "reading": "r", "wayon": "x"}])
def test_an_item_that_cannot_be_understood_is_no_reading(item: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="an item has ok and reading"):
        readings.parse([item])


def approval(**changes: Any) -> dict[str, Any]:
    return {"kind": "approval", "name": "failover", "plan_digest": "d1", "expires_at": 100.0, **changes}


ENDS = {"kind": "phase", "state": "ends"}


def yes(operator: str, **changes: Any) -> dict[str, Any]:
    return approval(operator=operator, risk="three servers", **{"source": "login", **changes})


@pytest.mark.parametrize(
    ("entries", "persons"),
    [
        ([yes("wei"), yes("li")], {"wei", "li"}),
        ([yes("wei"), yes("wei (as root)")], {"wei"}),
        ([yes("wei"), yes("li", expires_at=40.0)], {"wei"}),
        ([yes("wei"), yes("li", plan_digest="d2")], {"wei"}),
        ([yes("wei"), yes("li") | {"risk": "four servers"}], {"wei"}),
        ([yes("wei"), ENDS, yes("li")], {"li"}),
        ([yes("wei"), yes("li", source="environment")], {"wei"}),
        ([yes("wei"), yes("root", source="root")], {"wei"}),
        ([yes("wei"), yes("duty", source="process")], {"wei"}),
    ],
)
def test_two_persons_are_two_logins_that_heard_the_same(
    entries: list[dict[str, Any]], persons: set[str]
) -> None:
    assert set(approvals.persons(entries, "failover", "three servers", "d1", now=50.0)) == persons


@pytest.mark.parametrize(("risk", "holds"), [("three servers", True), ("four servers", False), (None, True)])
def test_a_yes_to_one_risk_is_none_to_another_where_that_is_asked(risk: str | None, holds: bool) -> None:
    assert (approvals.find([yes("wei")], "failover", "d1", 50.0, risk) is not None) is holds


def test_only_what_was_refused_in_this_phase_was_told() -> None:
    refused = {"kind": "gate", "verdict": "refuse", "readings": [{"approval": "hard", "risk": "a goes off"}]}

    assert approvals.told([refused], "hard", "a goes off")
    assert not approvals.told([refused], "hard", "b goes off")
    assert not approvals.told([refused], "other", "a goes off")
    assert not approvals.told([refused, ENDS], "hard", "a goes off")
    assert not approvals.told([{**refused, "verdict": "pass"}], "hard", "a goes off")


def test_what_was_approved_before_counts_for_the_whole_run() -> None:
    entries = [approval(about=["a", "b"], expires_at=1.0), ENDS, approval(about=["c"], name="x"), approval()]

    assert approvals.about(entries) == {"a", "b", "c"}


def attestation(**changes: Any) -> dict[str, Any]:
    return {"kind": "attestation", "name": "dead", "statement": "no power", "expires_at": 100.0, **changes}


@pytest.mark.parametrize(
    ("entries", "holds"),
    [
        ([approval()], True),
        ([approval(expires_at=40.0)], False),
        ([approval(plan_digest="d2")], False),
        ([approval(name="rpo")], False),
        ([approval(), ENDS], False),
        ([approval(expires_at=40.0), approval()], True),
    ],
)
def test_an_approval_is_for_this_plan_and_phase_and_expires(
    entries: list[dict[str, Any]], holds: bool
) -> None:
    assert (approvals.find(entries, "failover", "d1", now=50.0) is not None) is holds


@pytest.mark.parametrize(
    ("entries", "holds"),
    [
        ([attestation()], True),
        ([attestation(expires_at=40.0)], False),
        ([attestation(statement="nobody can reach it")], False),
        ([attestation(name="other")], False),
        ([attestation(), ENDS], False),
    ],
)
def test_an_attestation_is_for_this_statement_and_phase_and_expires(
    entries: list[dict[str, Any]], holds: bool
) -> None:
    assert (approvals.attested(entries, "dead", "no power", now=50.0) is not None) is holds


def test_the_first_note_of_a_name_stays() -> None:
    entries = [
        {"kind": "note", "name": "policy", "data": {"policy": "previous"}},
        {"kind": "note", "name": "policy", "data": {"policy": "always-off"}},
    ]

    found = approvals.note(entries, "policy")

    assert found is not None
    assert found["data"] == {"policy": "previous"}


@pytest.mark.parametrize(
    ("given", "names"), [("a, b", ["a", "b"]), (["a"], ["a"]), (None, []), ("", []), ([], [])]
)
def test_approvals_may_come_from_a_command_line(given: Any, names: list[str]) -> None:
    assert approvals.names(given) == names


def test_a_living_holder_keeps_the_lock_and_a_dead_one_does_not(tmp_path: Path) -> None:
    lock = Lock(tmp_path, "service")
    holder = subprocess.Popen(["sleep", "60"])
    try:
        lock.take(holder.pid, "run a")
        with pytest.raises(Refused, match=f"process {holder.pid}"):
            lock.take(os.getpid(), "run b")
        # Whoever holds it may take it again: a run resumes in its own process.
        lock.take(holder.pid, "run a")
    finally:
        holder.kill()
        holder.wait()
    lock.take(os.getpid(), "run b")
    held = lock.holder()
    assert held is not None
    assert held["run"] == "run b"
    # Only its holder lets it go.
    lock.release(1)
    assert lock.holder() is not None
    lock.release(os.getpid())
    assert not lock.path.exists()
    assert lock.holder() is None


def test_of_many_who_find_a_dead_holder_one_takes_the_lock(tmp_path: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    holders = [subprocess.Popen(["sleep", "60"]) for _number in range(6)]

    def take(holder: subprocess.Popen[bytes]) -> bool:
        try:
            Lock(tmp_path, "service").take(holder.pid, "run")
        except Refused:
            return False
        return True

    try:
        for _round in range(20):
            (tmp_path / "service.lock").write_text(json.dumps({"pid": dead.pid, "started": "1"}))
            with ThreadPoolExecutor(len(holders)) as pool:
                assert sum(pool.map(take, holders)) == 1
    finally:
        for holder in holders:
            holder.kill()
            holder.wait()


def test_a_lock_that_cannot_be_opened_is_an_error_with_a_way_on(tmp_path: Path) -> None:
    (tmp_path / "service.lock").mkdir()

    with pytest.raises(DatacenterError, match=r"cannot be taken: .*Next: see whose file it is"):
        Lock(tmp_path, "service").take(os.getpid(), "run")


def test_a_number_used_again_by_another_process_holds_nothing(tmp_path: Path) -> None:
    lock = Lock(tmp_path, "service")
    lock.take(os.getpid(), "run a")
    text = lock.path.read_text()
    lock.path.write_text(text.replace(f'"{started(os.getpid())}"', '"1"'))

    assert lock.holder() is None


def test_the_operator_is_who_logged_in_or_stands_behind_sudo(tmp_path: Path) -> None:
    login = tmp_path / "loginuid"
    login.write_text("4294967295")

    assert identity({}, login).name == "root"
    assert identity({"SUDO_UID": "65534", "USER": "somebody"}, login).name == "nobody (as root)"
    login.write_text("65534")
    assert identity({"SUDO_UID": "0"}, login).name == "nobody (as root)"


@pytest.mark.parametrize(
    ("uid", "environment", "source", "one_person"),
    [
        ("65534", {}, "login", True),
        ("65534", {"SUDO_UID": "0"}, "login", True),
        ("0", {"SUDO_UID": "65534"}, "root", False),
        ("4294967295", {"SUDO_UID": "65534"}, "environment", False),
        ("4294967295", {}, "root", False),
    ],
)
def test_who_says_so_decides_whether_it_is_a_person_of_his_own(
    tmp_path: Path, uid: str, environment: dict[str, str], source: str, one_person: bool
) -> None:
    login = tmp_path / "loginuid"
    login.write_text(uid)

    found = identity(environment, login)

    # The unset ones stand for root, as whom these tests are run; anybody else is his own process's.
    if uid == "4294967295" and not environment and os.getuid() != 0:
        source = "process"
    assert (found.source, found.one_person) == (source, one_person)


@pytest.mark.parametrize(
    ("directory", "person", "account", "found"),
    [
        ("/home/wei/.anjianyun/runs/a", "wei", "wei", True),
        # Who became the account of all by sudo finds what the others left there.
        ("/home/duty/.anjianyun/runs/a", "wei", "duty", False),
        ("/var/lib/anjianyun/runs/a", "wei", "wei", False),
    ],
)
def test_a_run_in_a_persons_own_home_is_not_found_by_the_second_one(
    directory: str, person: str, account: str, found: bool
) -> None:
    assert private(Path(directory), person, account, [f"/home/{account}", ""]) is found
