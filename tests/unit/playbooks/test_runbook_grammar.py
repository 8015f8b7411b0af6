# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The grammar of runbooks: whoever acts also verifies, and a gate never acts.

The plays of the runbooks are steps, and the words that their tasks begin with say what each
may do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from campaign.acts import PLAYBOOKS, SECTIONS, WORDS, tasks_of

OURS = "anjianyun.datacenter."
JUDGES = {
    "Gate": {"gate", "approval", "attestation"},
    "Verify": {"verify", "drill_report", "migration_report"},
    "Note": {"note", "run", "phase", "proof", "journal_copy", "journal_fetch", "room_checklist"},
    "Measure": {"measure"},
}
#: Modules that change something on a device. Only an act may call them.
CHANGING = {
    "pg_promote", "pg_demote", "pg_rejoin", "pg_synchronous", "pg_clone", "bmc_power", "bmc_fence",
    "bmc_boot", "bmc_restore_policy", "frr_config", "nft_table", "service_address", "network_fence",
    "twin_fault", "twin", "pg_proof", "bmc_identify", "alert_silence",
    "db_copy", "db_cutover", "db_writes", "db_left", "tree_copy", "tree_return",
}  # fmt: skip
#: What a drill does around its runbooks has no effect on the service: the evidence itself is judged.
UNVERIFIED_PLAYS = {
    "Let a county report", "Let the probe try to write straight to both databases", "Let the county go home",
    "Let the probe end", "Break what the drill is to break", "Mend what was broken", "Ask what survived",
}  # fmt: skip


def problems_of(play: dict[str, Any], folder: Path) -> list[str]:
    """Everything that is wrong with a play, one sentence each."""
    found, acted = [], ""
    sections = [task for name in SECTIONS for task in play.get(name, [])]
    for task in tasks_of(sections, folder):
        name = str(task.get("name", ""))
        word, _bar, rest = name.partition(" | ")
        modules = {key.removeprefix(OURS) for key in task if key.startswith(OURS)}
        if word not in WORDS or not rest:
            found.append(f"{name!r} does not begin with one of {', '.join(WORDS)} and a bar")
        if word in JUDGES and not modules <= JUDGES[word]:
            found.append(f"{name!r} is a {word} and calls {', '.join(sorted(modules))}")
        if word != "Act" and modules & CHANGING and not reads_only(task):
            found.append(f"{name!r} changes something and is no act")
        if word == "Act":
            acted = name
        elif word == "Verify":
            acted = ""
    if acted and play["name"] not in UNVERIFIED_PLAYS:
        found.append(f"nothing verifies {acted!r}")
    if play["name"] not in UNVERIFIED_PLAYS:
        found += swallowed(list(tasks_of(sections, folder)), str(play.get("vars", "")))
    return found


def swallowed(tasks: list[dict[str, Any]], variables: str) -> list[str]:
    """Acts that go on when they fail, and of which nobody reads afterwards what came of them.

    :param variables: the play's own, which may work out what a verify is given.

    Any verify stands behind them, which may be about something else: it would have stopped for this act if it
    had been one that stops.
    """
    found = []
    for number, task in enumerate(tasks):
        modules = {f"{OURS}{name}" for name in CHANGING} & set(task)
        goes_on = task.get("failed_when") is False or any(
            (task[module] or {}).get("on_failure") == "hand_over" for module in modules
        )
        if not str(task.get("name", "")).startswith("Act | ") or not modules or not goes_on:
            continue
        later = [one for one in tasks[number + 1 :] if not str(one.get("name", "")).startswith("Act | ")]
        told = task.get("register")
        said = told is not None and any(told in str(one) for one in later)
        # What was set in a BMC is read back by asking it anew.
        readers = modules | ({f"{OURS}bmc_info"} if any("bmc_" in module for module in modules) else set())
        if not said and not any(readers & set(one) and looked_at(one, later, variables) for one in later):
            found.append(f"nobody reads what came of {task['name']!r}, which goes on when it fails")
    return found


def looked_at(read: dict[str, Any], later: list[dict[str, Any]], variables: str) -> bool:
    """Whether what a task found is spoken of by another one."""
    name = read.get("register")
    return name is not None and (
        name in variables or any(name in str(one) for one in later if one is not read)
    )


def reads_only(task: dict[str, Any]) -> bool:
    """A restore policy not given is only read; in check mode a locator is, and what would be copied."""
    if any(f"{OURS}{module}" in task for module in ("bmc_identify", "db_copy", "db_cutover", "tree_return")):
        return task.get("check_mode") is True
    return "policy" not in task.get(f"{OURS}bmc_restore_policy", {"policy": "of another module"})


def plays() -> list[Any]:
    found = []
    for path in sorted(
        p
        for kind in ("dr_*", "room_*", "power", "migration", "decommission")
        for p in PLAYBOOKS.glob(f"{kind}.yml")
    ):
        for play in yaml.safe_load(path.read_text()):
            if "hosts" in play:
                found.append(pytest.param(path, play, id=f"{path.stem}: {play['name']}"))
    return found


@pytest.mark.parametrize(("path", "play"), plays())
def test_a_step_that_acts_verifies(path: Path, play: dict[str, Any]) -> None:
    assert problems_of(play, path.parent) == []


def test_a_runbook_of_power_opens_and_ends_its_phase_and_keeps_the_services_locked() -> None:
    tasks = [
        task
        for _path, play in (p.values for p in plays())
        if _path.stem == "power"
        for task in play.get("tasks", [])
    ]

    phases = [task[f"{OURS}phase"]["state"] for task in tasks if f"{OURS}phase" in task]
    runs = [task[f"{OURS}run"] for task in tasks if f"{OURS}run" in task]
    assert phases == ["begins", "ends"]
    assert [(run["state"], run["also"]) for run in runs] == [
        ("opened", "{{ power_services }}"), ("ended", "{{ power_services }}"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("playbook", "about"), [("power", "power_wanted"), ("bare_metal", "bare_metal_names")]
)
def test_nobody_gives_power_before_he_has_asked_whether_people_have_their_hands_inside(
    playbook: str, about: str
) -> None:
    steps = yaml.safe_load((PLAYBOOKS / f"{playbook}.yml").read_text())
    written = [task for play in steps for task in play.get("tasks", [])]
    places = [n for n, task in enumerate(written)
              if str(task.get("ansible.builtin.import_tasks")).endswith("room_holds.yml")]  # fmt: skip
    assert len(places) == 1
    asked, gate = written[places[0]], written[places[0] + 1]
    assert about in asked["vars"]["room_asked_about"]
    assert gate[f"{OURS}gate"]["that"] == "{{ room_held.that }}"
    assert "when" not in asked
    assert "when" not in gate
    # In the first step, where nothing is switched yet, and the run is open to write the yes down.
    assert asked in steps[0]["tasks"]
    assert f"{OURS}run" in steps[0]["tasks"][0]


def test_there_are_runbooks_to_read() -> None:
    assert {path.values[0].stem for path in plays()} >= {
        "dr_switchover", "dr_failover", "dr_failback", "dr_drill", "room_upgrade",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tasks", "problem"),
    [
        ([{"name": "Act | promote", f"{OURS}pg_promote": {}}], "nothing verifies 'Act | promote'"),
        ([{"name": "Promote", f"{OURS}pg_promote": {}}], "does not begin with one of"),
        ([{"name": "Read | all", f"{OURS}pg_promote": {}}], "changes something and is no act"),
        ([{"name": "Verify | it", f"{OURS}pg_info": {}}], "is a Verify and calls pg_info"),
        (
            [
                {"name": "Verify | it", f"{OURS}verify": {}},
                {"name": "Act | too late", f"{OURS}service_address": {}},
            ],
            "nothing verifies 'Act | too late'",
        ),
        (
            [{"block": [], "rescue": [{"name": "Act | undo", f"{OURS}service_address": {}}]}],
            "nothing verifies 'Act | undo'",
        ),
        ([{"name": "Gate | it", f"{OURS}bmc_power": {}}], "is a Gate and calls bmc_power"),
        (
            [{"name": "Read | it", f"{OURS}bmc_restore_policy": {"policy": "always-on"}}],
            "changes something and is no act",
        ),
        (
            [{"name": "Read | it", f"{OURS}bmc_identify": {"state": "on"}}],
            "changes something and is no act",
        ),
        (
            [
                {
                    "name": "Act | light it",
                    f"{OURS}bmc_identify": {},
                    "failed_when": False,
                    "register": "lit",
                },
                {"name": "Verify | another thing", f"{OURS}verify": {"that": "{{ dark }}"}},
            ],
            "nobody reads what came of 'Act | light it'",
        ),
        (
            [
                {"name": "Act | light it", f"{OURS}bmc_identify": {"on_failure": "hand_over"}},
                {"name": "Read | it", f"{OURS}bmc_identify": {}, "check_mode": True, "register": "lit"},
                {"name": "Verify | another thing", f"{OURS}verify": {"that": "{{ dark }}"}},
            ],
            "nobody reads what came of 'Act | light it'",
        ),
    ],
)
def test_the_rules_find_what_breaks_them(tasks: list[dict[str, Any]], problem: str) -> None:
    found = problems_of({"name": "A step", "tasks": tasks}, PLAYBOOKS)

    assert any(problem in sentence for sentence in found), found
