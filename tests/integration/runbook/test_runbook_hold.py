# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run waits for days, is gone on with from anywhere, and takes what people answer meanwhile."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.anjianyun.datacenter.tests.integration.runbook.engine_bench import (
    LOCKS,
    ROOT,
    Bench,
    task,
)

pytestmark = pytest.mark.slow

OPEN = task("run", state="opened", runbook="room")
WAITS = task("run", state="waiting")
COPIES = Path("/var/lib/anjianyun/runs")


def tasks_of(name: str) -> dict[str, Any]:
    return {
        "name": f"Note | {name}",
        "ansible.builtin.import_tasks": str(ROOT / "playbooks" / "tasks" / name),
    }


FETCH, COPY = tasks_of("run_fetch.yml"), tasks_of("run_copy.yml")


@pytest.fixture
def here(bench: Bench) -> Iterator[Bench]:
    """A control node; the copies of its run stand on this very machine, under an id of its own."""
    bench.variables |= {
        "dr_run_id": f"test-{uuid.uuid4().hex[:12]}", "run_hosts": ["localhost"], "dr_control_node": "ctl-a",
    }  # fmt: skip
    new = not COPIES.exists()
    yield bench
    shutil.rmtree(COPIES / bench.variables["dr_run_id"], ignore_errors=True)
    if new and COPIES.exists():
        COPIES.rmdir()


@pytest.fixture
def there(here: Bench, tmp_path: Path) -> Bench:
    """Another control node of the same estate, which has never seen the run."""
    (tmp_path / "there").mkdir()
    other = Bench(tmp_path / "there")
    other.service = here.service
    other.variables = {
        **here.variables, "dr_run_directory": str(other.directory), "dr_control_node": "ctl-b",
    }  # fmt: skip
    return other


def states(bench: Bench) -> list[tuple[str, str]]:
    return [(line["state"], line["control_node"]) for line in bench.journal() if line["kind"] == "run"]


def lock(bench: Bench) -> bool:
    return (LOCKS / f"anjianyun-estate-bench-{bench.service}.lock").exists()


def test_a_run_that_waits_gives_its_lock_back_and_is_resumed_by_the_same_command(here: Bench) -> None:
    also = [f"{here.service}-b"]
    opened = task("run", state="opened", runbook="room", also=also)
    locked = {"name": "Read | the locks", "ansible.builtin.command": f"ls {LOCKS}"}
    shown = here.run(opened, locked, task("run", state="waiting", also=also), locked)
    assert [result["stdout"].count(here.service) for result in shown[1::2]] == [2, 0]

    again = here.run(opened, task("run", state="waiting", also=also))

    assert again[0]["state"] == "resumed"
    assert [state for state, _node in states(here)] == ["opened", "waiting", "resumed", "waiting"]
    assert not lock(here)


def test_a_run_that_waits_is_gone_on_with_from_another_control_node_and_back(
    here: Bench, there: Bench
) -> None:
    here.run(FETCH, OPEN, task("note", name="policy", data={"was": "previous"}), WAITS, COPY)
    results = there.run(FETCH, OPEN, task("note", name="policy"), WAITS, COPY)
    assert not results[-1].get("failed"), results[-1]
    back = here.run(FETCH, OPEN)

    assert not back[-1].get("failed"), back[-1]
    assert {"was": "previous"} in [result.get("data") for result in results]
    assert states(here) == [
        ("opened", "ctl-a"), ("waiting", "ctl-a"), ("resumed", "ctl-b"), ("waiting", "ctl-b"),
        ("resumed", "ctl-a"),
    ]  # fmt: skip


def test_one_that_another_control_node_may_run_is_refused_until_a_person_says_nobody_does(
    here: Bench, there: Bench
) -> None:
    here.run(FETCH, OPEN, COPY)
    refused = there.run(FETCH, OPEN)[-1]

    assert refused["failed"]
    assert "opened on control node ctl-a" in refused["msg"]
    assert "dr_attestations=nobody_else_runs_it" in refused["msg"]
    assert not there.directory.exists()

    taken = there.run(FETCH, dr_attestations="nobody_else_runs_it")
    assert not taken[-1].get("failed"), taken[-1]
    # Killed before it was resumed: what was attested still counts.
    again = there.run(FETCH, OPEN)
    assert not again[-1].get("failed"), again[-1]
    kinds = [line["kind"] for line in there.journal()]
    assert kinds == ["run", "attestation", "run"]
    assert states(there) == [("opened", "ctl-a"), ("resumed", "ctl-b")]


def test_two_that_went_on_in_two_places_are_refused_with_both_names(here: Bench, there: Bench) -> None:
    here.run(FETCH, OPEN, WAITS, COPY)
    there.run(FETCH, OPEN, WAITS, COPY)
    here.run(OPEN, WAITS)
    before = here.journal()
    refused = here.run(FETCH, OPEN)[-1]

    assert "in two places after line 2" in refused["msg"]
    assert "this control node (4 lines, the last by ctl-a" in refused["msg"]
    assert "localhost (4 lines, the last by ctl-b" in refused["msg"]
    assert here.journal() == before


def test_a_first_run_begins_where_nobody_has_a_copy_and_asks_where_somebody_is_silent(there: Bench) -> None:
    assert there.run(FETCH, OPEN)[-1]["state"] == "opened"
    shutil.rmtree(there.directory)

    refused = there.run(FETCH, OPEN, run_silent=["nn-app-01"])[-1]
    assert "nn-app-01 did not answer" in refused["msg"]
    attested = there.run(FETCH, OPEN, run_silent=["nn-app-01"], dr_attestations="nobody_else_runs_it")[-1]
    assert attested["state"] == "opened"


def test_a_check_elsewhere_foretells_the_fetched_run_and_takes_nothing(
    here: Bench, there: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.run(FETCH, OPEN, task("note", name="dark", data={"hosts": ["a"]}), WAITS, COPY)
    monkeypatch.setenv("ANSIBLE_LOCAL_TEMP", str(tmp_path / "local"))
    # A runbook reads its notes in a check as well.
    read = {**task("note", name="dark"), "check_mode": False}
    meanwhile = {"name": "Read | what Ansible keeps for the time it runs",
                 "ansible.builtin.command": f"find {tmp_path}/local -name journal.jsonl",
                 "check_mode": False}  # fmt: skip
    shown = there.run(FETCH, OPEN, read, meanwhile, check=True)

    assert any(result.get("source") == "localhost" for result in shown)
    opened, noted, found = shown[-3:]
    assert (opened["state"], noted["data"]) == ("resumed", {"hosts": ["a"]})
    assert not there.directory.exists()
    assert len(found["stdout_lines"]) == 1
    assert list((tmp_path / "local").rglob("*")) == []


def test_evidence_travels_with_the_run_and_an_altered_copy_does_not(
    here: Bench, there: Bench, tmp_path: Path
) -> None:
    answers = tmp_path / "answers.yml"
    for name in ("door.jpg", "gas.pdf"):
        (tmp_path / name).write_text(name)
    text = "{clause}: {{state: met, by: Li Wei, at: 2026-01-03T10:00+08:00, evidence: [{file}]}}\n"
    answers.write_text(
        text.format(clause="8.1.1.2.a", file="door.jpg") + text.format(clause="8.1.1.5.a", file="gas.pdf")
    )
    done = here.run(OPEN, task("room_checklist", answers=str(answers)), WAITS, COPY)
    assert done[1]["recorded"] == ["8.1.1.2.a", "8.1.1.5.a"]
    copies = COPIES / here.variables["dr_run_id"] / "evidence"
    [gas] = copies.glob("*.pdf")
    gas.write_text("something else")

    results = there.run(FETCH, OPEN, task("room_checklist"))

    assert [path.read_text() for path in (there.directory / "evidence").iterdir()] == ["door.jpg"]
    [lost] = results[-1]["missing_evidence"]
    assert (lost["name"], lost["sha256"] + ".pdf") == ("gas.pdf", gas.name)
    assert results[-1]["that"][2]["ok"] is False


def answer(state: str, note: str = "", evidence: str = "[]") -> str:
    return (
        f"8.1.1.2.a: {{state: {state}, by: Li Wei, at: 2026-01-03T10:00+08:00, note: '{note}', "
        f"evidence: {evidence}}}\n"
    )


def test_answers_are_recorded_once_and_what_stood_before_stays(here: Bench, tmp_path: Path) -> None:
    answers = tmp_path / "answers.yml"
    listed = task(
        "room_checklist", answers=str(answers), template=str(answers), sheet=str(tmp_path / "sheet.md")
    )
    [_open, empty] = here.run(OPEN, listed)
    assert (empty["changed"], len(empty["open"]), empty["recorded"]) == (True, 22, [])
    assert answers.read_text().startswith("---")

    (tmp_path / "door.jpg").write_text("a door")
    answers.write_text(answer("not_met", "no lock yet", "[door.jpg]"))
    first, again = here.run(listed)[0], here.run(listed)[0]
    answers.write_text(answer("met"))
    last = here.run(listed)[0]

    assert (first["recorded"], again["recorded"], last["recorded"]) == (["8.1.1.2.a"], [], ["8.1.1.2.a"])
    assert (first["changed"], again["changed"]) == (True, False)
    assert [item["note"] for item in first["not_met"]] == ["no lock yet"]
    assert last["not_met"] == []
    lines = [line for line in here.journal() if line["kind"] == "answer"]
    assert [(line["name"], line["data"]["state"]) for line in lines] == [
        ("8.1.1.2.a", "not_met"), ("8.1.1.2.a", "met"),
    ]  # fmt: skip
    [kept] = (here.directory / "evidence").iterdir()
    assert lines[0]["data"]["evidence"] == [{"name": "door.jpg", "sha256": kept.stem, "size": 6}]
    assert answers.read_text() == answer("met"), "what people wrote is never overwritten"
    assert "met 符合" in (tmp_path / "sheet.md").read_text()


def test_malformed_answers_record_nothing_and_a_check_neither(here: Bench, tmp_path: Path) -> None:
    answers = tmp_path / "answers.yml"
    (tmp_path / "door.jpg").write_text("a door")
    answers.write_text(answer("met", evidence="[door.jpg]") + "8.1.1.5.a: {state: perhaps}\n")
    listed = task("room_checklist", answers=str(answers))
    [_open, refused] = here.run(OPEN, listed)
    assert "8.1.1.5.a: state is 'perhaps'" in refused["msg"]
    assert len(refused["mistakes"]) == 3

    answers.write_text(answer("met", evidence="[door.jpg]"))
    [checked] = here.run(listed, check=True)
    assert (checked["changed"], checked["recorded"]) == (False, ["8.1.1.2.a"])
    assert "answer" not in [line["kind"] for line in here.journal()]
    assert not (here.directory / "evidence").exists()
    [absent] = here.run(task("room_checklist", answers=str(tmp_path / "none.yml")))
    assert "the file is not there" in absent["msg"]


def test_a_password_in_an_answer_is_not_written_and_not_recorded_twice(here: Bench, tmp_path: Path) -> None:
    answers = tmp_path / "answers.yml"
    answers.write_text(answer("not_met", "the door opens with GEHEIM"))
    listed = task("room_checklist", answers=str(answers))
    here.run(OPEN, listed, listed, bmc_password="GEHEIM")

    assert "GEHEIM" not in json.dumps(here.journal())
    assert [line["kind"] for line in here.journal()].count("answer") == 1


def test_what_is_abandoned_needs_a_reason_is_put_aside_and_its_originals_are_carried_on(here: Bench) -> None:
    def note(**more: Any) -> dict[str, Any]:
        left = {"policy": "always-off"}
        return task("note", **{"name": "restore_policy_a", "left_by_us": left, "data": left, **more})

    gone = {"state": "abandoned", "service": here.service}
    [_open, _note, refused] = here.run(OPEN, note(data={"policy": "previous"}), task("run", **gone))
    assert refused["failed"]
    assert "for a reason" in refused["msg"]
    [done] = here.run(task("run", **gone, reason="announced anew"))
    assert (done["changed"], done["state"]) == (True, "abandoned")
    assert [line["reason"] for line in here.journal()[-1:]] == ["announced anew"]
    assert not lock(here)

    earlier = {"policy": "always-on", "run": "another"}
    [opened, none, carried] = here.run(OPEN, note(earlier={}), note(name="restore_policy_b", earlier=earlier))
    assert opened["state"] == "opened"
    # Whoever has looked everywhere and found none takes nothing from the one that was put aside here.
    assert none["data"] == {"policy": "always-off"}
    assert carried["data"] == earlier


def test_a_room_that_waits_is_known_on_another_control_node_and_holds_its_servers(
    here: Bench, there: Bench
) -> None:
    opened = task("run", state="opened", runbook="room upgrade")
    named = task("note", name="room_dark", data={"hosts": ["a", "b"], "ticket": "CHG-1"})
    here.run(opened, named, WAITS, COPY)
    read = {**task("journal_kept", runbook="room upgrade"), "register": "kept", "loop": ["localhost"],
            "delegate_to": "{{ item }}"}  # fmt: skip

    def asks(host: str, **more: Any) -> dict[str, Any]:
        return task("room_holds", hosts=[host], copies="{{ kept.results }}", keepers=["localhost"], **more)

    ours = here.variables["dr_run_id"]
    [_read, held, other, own] = there.run(
        read, asks("a"), asks("c"), asks("a", but=ours), dr_run_id="power", check=True
    )

    assert [hold["run"] for hold in held["holds"]] == [ours]
    assert (held["that"][0]["ok"], held["that"][0]["approval"]) == (False, "held")
    assert other["that"][0]["ok"] is True
    assert own["that"][0]["ok"] is True


def test_no_server_goes_dark_before_the_other_centre_has_the_journal_as_it_stands(here: Bench) -> None:
    down = yaml.safe_load((ROOT / "playbooks" / "tasks" / "room_down.yml").read_text(encoding="utf-8"))
    first = next(n for n, item in enumerate(down) if "journal as it stands" in item["name"])

    def looks(*keepers: str, centre: str = "centre_none") -> list[dict[str, Any]]:
        variables = {"room_keepers": list(keepers), "room_group": centre, "room_members": [],
                     "dr_new": {"application": "dr-app-01"}}  # fmt: skip
        return [
            {**item, "vars": {**item.get("vars", {}), **variables}, "ignore_errors": True}
            for item in down[first : first + 2]
        ]

    results = here.run(
        OPEN, COPY, *looks("localhost"), COPY, *looks("localhost", centre="ungrouped"), COPY, *looks(),
        *looks("localhost"),
    )  # fmt: skip

    gates = [result for result in results if "verdict" in result]
    # One that holds it; in the room's own centre; nobody who answers; and one whose copy is older.
    assert [gate["verdict"] for gate in gates] == ["pass", "refuse", "refuse", "refuse"]
    assert "no host of the other centre has the journal" in gates[2]["msg"]
    assert "see that dr-app-01 answers" in gates[2]["msg"]
