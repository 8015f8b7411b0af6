# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that refuse, are approved, break and go on: what stands in the journal, and what happened."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.tests.integration.runbook.engine_bench import (
    BIN,
    LOCKS,
    ROOT,
    Bench,
    task,
)

OPEN = task("run", state="opened", runbook="switchover")
ENDED = task("run", state="ended")
AFTER = {"name": "Act | after it", "ansible.builtin.debug": {"msg": "done all the same"}}
LAG = {
    "ok": False, "reading": "90 s behind", "refuse": "too old", "way_on": "wait", "approval": "rpo",
    "risk": "90 s of reports may be lost",
}  # fmt: skip


def gate(*readings: dict[str, Any]) -> dict[str, Any]:
    return task("gate", "Gate | fit", that=list(readings))


def test_a_gate_refuses_with_every_reason_and_nothing_follows(bench: Bench) -> None:
    results = bench.run(
        OPEN,
        gate(
            {"ok": True, "reading": "it answers"}, LAG, {"ok": None, "reading": "no answer", "way_on": "ask"}
        ),
        AFTER,
    )

    assert len(results) == 2
    assert results[1]["failed"]
    message = results[1]["msg"]
    assert "too old. Next: wait (dr_approvals=rpo)" in message
    assert "not known: no answer. Next: ask" in message
    line = bench.journal()[-1]
    assert (line["kind"], line["verdict"], line["step"], line["task"]) == (
        "gate", "refuse", "A step", "Gate | fit",
    )  # fmt: skip
    assert [reading["ok"] for reading in line["readings"]] == [True, False, None]


def test_an_approval_counts_for_its_plan_only_also_when_the_run_goes_on(bench: Bench) -> None:
    [_open, passed, _after] = bench.run(OPEN, gate(LAG), AFTER, dr_approvals=["rpo"])
    assert passed["verdict"] == "approved"
    given = [line for line in bench.journal() if line["kind"] == "approval"]
    assert [(line["given"], line["risk"], line["plan_digest"]) for line in given] == [
        ("beforehand", "90 s of reports may be lost", "d1")
    ]

    assert bench.run(OPEN, gate(LAG))[1]["verdict"] == "approved"
    assert [line["state"] for line in bench.journal() if line["kind"] == "run"] == ["opened", "resumed"]
    refused = bench.run(OPEN, gate(LAG), dc_plan={"name": "bench", "digest": "d2"})[1]
    assert refused["verdict"] == "refuse"
    assert sum(line["kind"] == "approval" for line in bench.journal()) == 1


def test_what_needs_two_persons_is_not_approved_by_one_of_them_twice(
    bench: Bench,
) -> None:
    two = task("approval", "Gate | two", name="hard", risk="three servers go off hard", persons=2)

    def said_by(uid: int) -> dict[str, Any]:
        return bench.run(OPEN, two, AFTER, prefix=logged_in(uid), dr_approvals="hard")[1]

    first, again, second = said_by(1), said_by(1), said_by(2)

    assert first["operators"] == again["operators"]
    assert len(first["operators"]) == 1
    assert "another person logs in" in again["msg"]
    assert len(second["operators"]) == 2
    assert "failed" not in second or not second["failed"]
    kept = [line["operator"] for line in bench.journal() if line["kind"] == "approval"]
    assert len(kept) == 2
    assert bench.run(OPEN, two)[1]["operators"] == second["operators"]


def logged_in(uid: int) -> tuple[str, ...]:
    """What makes a new process one of a login of that account, as PAM does."""
    as_login = ("sh", "-c", f'echo {uid} > /proc/self/loginuid && exec "$@"', "sh")
    if subprocess.run([*as_login, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this kernel keeps no logins (audit), or lets nobody set one here")
    return as_login


@pytest.mark.parametrize("uid", [None, "1"])
def test_neither_root_nor_a_variable_is_a_person_of_his_own(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, uid: str | None
) -> None:
    if Path("/proc/self/loginuid").read_text().strip() != "4294967295" or os.getuid() != 0:
        pytest.skip("this is a person's login")
    monkeypatch.delenv("SUDO_UID", raising=False)
    if uid is not None:
        monkeypatch.setenv("SUDO_UID", uid)
    two = task("approval", "Gate | two", name="hard", risk="three servers go off hard", persons=2)

    refused = bench.run(OPEN, two, AFTER, dr_approvals="hard")[1]

    assert refused["operators"] == []
    assert "no person of his own" in refused["msg"]
    assert "log in under a name of your own" in refused["msg"]
    assert not [line for line in bench.journal() if line["kind"] == "approval"]


def test_a_yes_counts_for_the_risk_that_was_told_and_for_no_other(bench: Bench) -> None:
    def hard(*servers: str) -> dict[str, Any]:
        risk = f"{', '.join(servers)} go off hard"
        return task(
            "approval", "Gate | hard", name="hard", risk=risk, this_risk=True, about=list(servers), alone=2
        )

    unheard = bench.run(OPEN, hard("a"), AFTER, dr_approvals="hard")[1]
    [_open, heard, _after] = bench.run(OPEN, hard("a"), AFTER, dr_approvals="hard")
    other = bench.run(OPEN, hard("a"), hard("b"), AFTER, dr_approvals="hard")
    second = bench.run(OPEN, hard("a"), hard("b"), AFTER, dr_approvals="hard")
    third = bench.run(OPEN, hard("c"), AFTER, dr_approvals="hard")[1]

    assert "a go off hard" in unheard["msg"]
    assert heard["given"] == "beforehand"
    assert (len(other), "b go off hard" in other[-1]["msg"]) == (3, True)
    assert len(second) == 4
    assert "two persons" in third["msg"], "a, b and c are more than two, though each came alone"


def test_a_gate_lets_pass_with_a_yes_to_its_own_risk_alone(bench: Bench) -> None:
    def wanted(risk: str) -> dict[str, Any]:
        return gate({**LAG, "risk": risk, "this_risk": True})

    assert bench.run(OPEN, wanted("90 s"), dr_approvals="rpo")[1]["verdict"] == "refuse"
    assert bench.run(OPEN, wanted("90 s"), dr_approvals="rpo")[1]["verdict"] == "approved"
    assert bench.run(OPEN, wanted("900 s"), dr_approvals="rpo")[1]["verdict"] == "refuse"


@pytest.mark.parametrize(("typed", "approved"), [("failover", True), ("yes", False)])
def test_a_person_at_the_terminal_types_what_is_approved(bench: Bench, typed: str, approved: bool) -> None:
    command = bench.command(
        task("approval", "Gate | approved", name="failover", risk="it is switched off hard"), AFTER
    )
    person, terminal = pty.openpty()
    # A prompt is for whoever holds the terminal that controls the process.
    process = subprocess.Popen(
        ["setsid", "--ctty", *command], cwd=ROOT, env=bench.environment("anjianyun.datacenter.runbook"),
        stdin=terminal, stdout=terminal, stderr=terminal,
    )  # fmt: skip
    os.close(terminal)
    try:
        seen = b""
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            seen += shown(person)
            if b"to approve" in seen:
                # The prompt throws away what was typed before it was there, and says not when that is.
                os.write(person, typed.encode() + b"\r")
        assert b"it is switched off hard" in seen
        assert (process.wait(timeout=1) == 0) is approved
    finally:
        process.kill()
        process.wait()
        os.close(person)
    if approved:
        assert [(line["kind"], line["given"]) for line in bench.journal()] == [("approval", "interactive")]
    else:
        assert not bench.directory.exists()


def shown(terminal: int) -> bytes:
    """What a terminal shows within half a second."""
    if not select.select([terminal], [], [], 0.5)[0]:
        return b""
    try:
        return os.read(terminal, 4096)
    except OSError:
        # Whoever held the other side has closed it.
        return b""


def test_nobody_at_the_terminal_approves_nothing(bench: Bench) -> None:
    [refused] = bench.run(task("approval", name="failover", risk="it is switched off hard"), AFTER)

    assert "it is switched off hard" in refused["msg"]
    assert "-e dr_approvals=failover" in refused["msg"]


def test_an_attestation_counts_for_its_statement_alone(bench: Bench) -> None:
    def attest(statement: str) -> dict[str, Any]:
        return task("attestation", name="dead", statement=statement, risk="it may write")

    [refused] = bench.run(attest("db-01 has no power"), AFTER)
    assert "db-01 has no power" in refused["msg"]
    assert "The risk: it may write" in refused["msg"]
    [other] = bench.run(attest("db-01 has no power"), dr_attestations={"dead": "db-02 has no power"})
    assert other["failed"]

    stands = [
        {"what": "db-01 is off", "way_back": "switch it on"},
        {"what": "", "way_back": "undo what was not done"},
    ]
    [told] = bench.run(task("attestation", name="dead", statement="x", risk="y", stands=stands), AFTER)
    assert "nothing was changed" not in told["msg"]
    assert "stands already: db-01 is off. To take it back: switch it on" in told["msg"]
    assert "undo" not in told["msg"]

    before = time.time()
    [given] = bench.run(attest("db-01 has no power"), dr_attestations={"dead": "db-01 has no power"})
    assert given["risk"] == "it may write"
    assert given["by"]
    assert before < given["expires_at"] < before + 3700
    [kept, not_this] = bench.run(attest("db-01 has no power"), attest("db-02 has no power"))
    assert (kept["changed"], kept["expires_at"]) == (False, given["expires_at"])
    assert not_this["failed"]


def test_one_run_at_a_time_and_a_killed_one_holds_nothing(bench: Bench, tmp_path: Path) -> None:
    opened, go_on = tmp_path / "opened", tmp_path / "go on"
    wait = [
        {"name": "Note | open", "ansible.builtin.file": {"path": str(opened), "state": "touch"}},
        {"name": "Read | it", "ansible.builtin.wait_for": {"path": str(go_on), "timeout": 60}},
    ]
    first = bench.start(OPEN, *wait)
    try:
        deadline = time.monotonic() + 60
        while not opened.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        refused = bench.run(OPEN, AFTER)[-1]
        assert "another run works on this service" in refused["msg"]
        assert f"process {first.pid} of " in refused["msg"]
    finally:
        first.kill()
        go_on.touch()
        first.communicate(timeout=60)

    [taken, ended] = bench.run(OPEN, ENDED)
    assert (taken["state"], ended["state"]) == ("resumed", "ended")


def test_a_run_that_ended_is_put_aside_and_its_originals_are_kept(bench: Bench) -> None:
    def note(policy: str) -> dict[str, Any]:
        return task("note", name="policy", data={"policy": policy}, left_by_us={"policy": "always-off"})

    [_open, first, again, _ended] = bench.run(OPEN, note("previous"), note("always-on"), ENDED)
    assert (first["first"], again["first"], again["data"]) == (True, False, {"policy": "previous"})

    # Run again although it has ended: what it reads now is what it made itself.
    [opened, carried, _ended] = bench.run(OPEN, note("always-off"), ENDED)
    assert opened["state"] == "opened"
    assert carried["data"] == {"policy": "previous"}
    assert len(list(bench.directory.parent.glob("move-it.*Z"))) == 1

    [read] = bench.run(
        task("note", name="policy", **{"from": str(bench.directory)}),
        dr_run_directory=str(bench.directory.parent / "failback"),
    )
    assert read["data"] == {"policy": "previous"}


def test_secrets_are_neither_written_nor_shown(bench: Bench) -> None:
    secrets = {"dc_secrets": {"app": {"password": "s3cret-of-app"}}, "bmc_password": 90210777}
    tasks = [
        OPEN,
        gate({"ok": True, "reading": "psql said: password=s3cret-of-app"}),
        task("measure", name="x", data={"s3cret-of-app": ["90210777", 90210777]}),
        task("verify", "Verify | it", that=[{"ok": False, "reading": "bmc admin/90210777 is off"}]),
    ]
    shown = bench.show(*tasks, **secrets)

    text = (bench.directory / "journal.jsonl").read_text()
    assert "is off" in shown
    for secret in ("s3cret-of-app", "90210777"):
        assert secret not in shown
        assert secret not in text


def test_a_check_writes_nothing_takes_no_lock_and_says_predicted(bench: Bench) -> None:
    fit = {"ok": True, "reading": "fit"}
    results = bench.run(
        OPEN,
        gate(fit),
        task("approval", name="failover", risk="r"),
        task("verify", that=[{"ok": False, "reading": "not there yet"}]),
        task("note", name="n", data={"a": 1}),
        check=True,
    )

    assert [result.get("verdict") for result in results] == [
        None,
        "predicted",
        "predicted",
        "predicted",
        None,
    ]
    assert not any(result["changed"] for result in results)
    assert not bench.directory.exists()
    assert not list(LOCKS.glob(f"*{bench.service}*"))
    assert bench.run(gate(fit, {"ok": False, "reading": "not fit"}), check=True)[0]["failed"]


def test_a_run_that_cannot_write_its_journal_does_nothing_more(bench: Bench) -> None:
    bench.directory.parent.mkdir()
    bench.directory.write_text("a file where the directory should be")

    [failed] = bench.run(gate({"ok": True, "reading": "fit"}), AFTER)

    assert "nothing more is done" in failed["msg"]


def test_a_journal_that_was_tampered_with_stops_the_run_and_shows(bench: Bench) -> None:
    bench.run(OPEN, task("measure", name="lag", data={"s": 90}), ENDED)
    [found] = bench.run(task("journal_verify"))
    assert (found["lines"], found["sealed"], found["torn"], found["problems"]) == (3, False, False, [])
    path = bench.directory / "journal.jsonl"
    whole = path.read_text()

    path.write_text("".join(whole.splitlines(keepends=True)[:-1]))
    [cut] = bench.run(task("journal_verify", path=str(bench.directory), seal=found["seal"]))
    assert "the tail is cut: 2 lines, 3 were sealed" in cut["msg"]
    tool = subprocess.run(
        [str(BIN / "python"), "tools/journal.py", "verify", str(path), "--seal", found["seal"]],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT / "build/typing")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert tool.returncode == 1
    assert "the tail is cut" in tool.stderr

    path.write_text(whole.replace('"s":90', '"s":9'))
    [changed] = bench.run(task("journal_verify"))
    assert changed["problems"][0].startswith("line 2 was changed")
    [refused] = bench.run(OPEN, AFTER)
    assert "cannot be trusted" in refused["msg"]


WARNS = """
from ansible.module_utils.basic import AnsibleModule
module = AnsibleModule(argument_spec={})
module.warn("the disk is nearly full")
module.exit_json(changed=False)
"""


def test_the_display_shows_what_a_module_warns_of_and_nothing_that_is_just_ok(bench: Bench) -> None:
    (bench.folder / "library").mkdir()
    (bench.folder / "library" / "warns.py").write_text(WARNS)

    shown = bench.show(
        {"name": "Read | the disk", "warns": {}}, {"name": "Read | it", "ansible.builtin.meta": "noop"}
    )

    assert "the disk is nearly full" in shown
    assert "step 1 of 1: A step" in shown
    assert "Read | " not in shown
