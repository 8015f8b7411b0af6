# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of migration.yml makes of a system that an earlier run left in the middle of its move."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.tests.unit.playbooks.said import said, shared, task

READ, BEGUN = "Read | whether the new server serves", "Read | whether its cutover has begun"
SYSTEM = {"units": ["accident.service"]}


def database(copied: bool, source: bool | None, target: bool | None) -> dict[str, Any]:
    return {"copied": copied, "writes": {"source": source, "target": target}}


def ran(state: str, application: dict[str, Any]) -> dict[str, Any]:
    return {"results": [{"stdout": state} for _unit in application.get("units", [])]}


def stands(
    old: str,
    state: dict[str, Any] | None,
    application: dict[str, Any],
    served: bool = False,
    offline: bool = False,
) -> tuple[bool, bool, bool]:
    """Whether a system has arrived, whether its cutover has begun, and whether its users wait for it."""
    known: dict[str, Any] = {
        "migration_name": "accident_report", "migration_app": application, "migration_begun": ["another"],
        "migration_db": {"engine": "postgresql"} if state else {}, "migration_state": state,
        "migration_ran": ran(old, application), "migration_marked": {"stat": {"exists": served}},
        "migration_offline": offline,
    }  # fmt: skip
    for name in (READ, BEGUN):
        told = task("migration_arrived.yml", name)
        known.update(said(told["ansible.builtin.set_fact"], told.get("vars", {}), **known))
    return known["migration_arrived"], "accident_report" in known["migration_begun"], known["migration_out"]


@pytest.mark.parametrize(
    ("old", "served", "state", "expected"),
    [
        # Before the first copy: there is no database, or one of another's that takes writes.
        ("active", False, database(False, True, None), (False, False, False)),
        ("active", False, database(False, True, True), (False, False, False)),
        # Somebody stopped the old application: what is not copied is copied, and nobody has said go.
        ("inactive", False, database(False, True, None), (False, False, False)),
        ("active", False, database(True, True, False), (False, False, False)),
        # In the middle of the cutover, act by act.
        ("inactive", False, database(True, True, False), (False, False, True)),
        ("inactive", False, database(True, False, False), (False, True, True)),
        ("inactive", False, database(True, False, True), (True, True, True)),
        ("inactive", True, database(True, False, True), (True, True, True)),
        # It was confirmed, and what the move had made is removed.
        ("inactive", True, database(False, False, True), (True, True, True)),
        # An application alone.
        ("active", False, None, (False, False, False)),
        ("inactive", True, None, (True, True, True)),
    ],
)
def test_a_system_is_gone_on_with_where_its_servers_show_it(
    old: str, served: bool, state: dict[str, Any] | None, expected: tuple[bool, bool, bool]
) -> None:
    assert stands(old, state, SYSTEM, served) == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (database(True, True, False), (False, False, False)),
        (database(True, False, False), (False, True, True)),
        (database(True, False, True), (True, True, True)),
        # Its server is silent: nothing is copied over what may have been born there.
        (database(False, False, None), (True, True, True)),
    ],
)
def test_a_database_alone_shows_it_by_its_writes(
    state: dict[str, Any], expected: tuple[bool, bool, bool]
) -> None:
    assert stands("", state, {}) == expected


@pytest.mark.parametrize(
    ("old", "state", "expected"),
    [
        # Rehearsed, or not yet.
        ("active", database(True, True, False), (False, False, False)),
        ("active", database(False, True, False), (False, False, False)),
        # Behind the closed door: the copy is made again, by the cutover alone.
        ("inactive", database(False, False, False), (False, True, True)),
        ("inactive", database(True, False, True), (True, True, True)),
    ],
)
def test_what_moves_offline_is_copied_behind_the_closed_door(
    old: str, state: dict[str, Any], expected: tuple[bool, bool, bool]
) -> None:
    assert stands(old, state, SYSTEM, offline=True) == expected


@pytest.mark.parametrize("state", [database(True, False, True), database(True, True, False), None])
def test_files_that_were_born_at_the_new_server_are_kept_until_all_is_back(
    state: dict[str, Any] | None,
) -> None:
    for application in (SYSTEM, {}):
        arrived, begun, _out = stands("inactive", state, application, served=True)
        assert (arrived, begun) == (True, True)


OPEN, OVER = [{"ok": True}], [{"ok": False}]


@pytest.mark.parametrize(
    ("begun", "window", "waits", "asked"),
    [
        ([], {"that": OPEN, "before_s": 0}, False, True),
        ([], {"that": OVER, "before_s": 60}, True, False),
        # Told by the gate, by name.
        ([], {"that": OVER, "before_s": 0}, False, True),
        # Whoever waits in the middle of it is helped by its end alone, and whoever has moved needs no window.
        (["a", "b"], {"that": OVER, "before_s": 0}, False, False),
        (["a"], {"that": OVER, "before_s": 0}, True, False),
        (["a"], {"that": OPEN, "before_s": 0}, False, True),
    ],
)
def test_a_window_and_a_yes_are_for_those_alone_that_are_still_to_be_cut_over(
    begun: list[str], window: dict[str, Any], waits: bool, asked: bool
) -> None:
    known: dict[str, Any] = {
        "migration_going": ["a", "b"],
        "migration_begun": begun,
        "migration_waits": False,
    }
    known["migration_when"] = {"known": True, **window}
    whose = task("migration_go.yml", "Read | who is cut over now")
    known.update(said(whose["ansible.builtin.set_fact"], **known))
    block = task("migration_go.yml", "Note | it waits for its window")

    assert said("{{ " + block["when"] + " }}", **known) is waits
    known["migration_waits"] = waits
    for gate in ("Gate | what is left of the window", "Gate | go"):
        assert said("{{ " + task("migration_go.yml", gate)["when"] + " }}", **known) is asked
    left = task("migration_go.yml", "Read | those that wait")["ansible.builtin.set_fact"]["migration_going"]
    assert said(left, **known) == begun


def test_what_has_served_is_not_prepared_again() -> None:
    marks = {
        "results": [
            {"migration_name": "a", "stat": {"exists": True}},
            {"migration_name": "b", "stat": {"exists": False}},
            # A database alone has no mark.
            {"migration_name": "c", "skipped": True},
        ]
    }
    kept = task("migration_open.yml", "Read | keep who is to be prepared")["ansible.builtin.set_fact"]
    left = said(kept, migration_going=["a", "b", "c"], migration_marks=marks)
    assert left == {"migration_unprepared": ["b", "c"]}


STATED = {
    "a": {"database": {"path": "offline"}},
    "b": {"database": {"engine": "mariadb"}},
    "c": {"application": {}},
}
#: What every run knows; which systems are cut over is known in those alone that cut over.
KNOWN: dict[str, Any] = {"migration_stated": STATED, "migration_going": ["a", "b", "c"]}


@pytest.mark.parametrize(
    ("decision", "told"),
    [
        ("back", "a, b, c: users wait while their systems go back to the old servers; what was written at the"
         " new databases of a since the cutover stays there, and is missed at the old ones"),
        ("confirm", "a, b, c: what was made on the old servers for the move is removed, and what is written"
         " at the new ones flows back no more"),
    ],
)  # fmt: skip
def test_whoever_decides_is_told_what_stays_at_the_new_databases(decision: str, told: str) -> None:
    known = {**KNOWN, "migration_decision": decision}
    known["migration_offline_systems"] = said(shared("migration.yml")["migration_offline_systems"], **known)
    gate = task("migration_decide.yml", "Gate | it stays, or it goes back")
    known.update(said(gate["vars"], **known))
    assert said(gate["anjianyun.datacenter.approval"], **known) == {"name": decision, "risk": told}


def test_whoever_says_go_is_told_what_has_no_way_back() -> None:
    known = {**KNOWN, "migration_to_move": ["a", "b"], "migration_offline_systems": ["a"]}
    gate = task("migration_go.yml", "Gate | go")
    known.update(said(gate["vars"], **known))
    risk = said(gate["anjianyun.datacenter.approval"], **known)["risk"]
    assert risk.startswith("the users of a, b wait")
    assert "; a are copied while nobody can write" in risk


WAYS = {"back": {"exists": True, "running": True}}


@pytest.mark.parametrize(
    ("decision", "state", "way_back", "compared"),
    [
        ("", {"copied": True, "ways": WAYS}, True, True),
        ("confirm", {"copied": True, "ways": WAYS}, True, True),
        # A confirmation that broke in the middle of the end of the ways, and behind it.
        ("confirm", {"copied": True, "ways": {"back": {"exists": True, "running": False}}}, True, False),
        ("confirm", {"copied": False, "ways": {}}, True, False),
        # Somebody is to find out why nothing flows back before anybody decides.
        ("", {"copied": True, "ways": {"back": {"exists": True, "running": False}}}, True, True),
        ("", {"copied": True, "ways": {}}, False, False),
    ],
)
def test_rows_are_compared_after_the_cutover_while_they_flow_back(
    decision: str, state: dict[str, Any], way_back: bool, compared: bool
) -> None:
    read = task("migration_proven_one.yml", "Read | both databases, row for row")
    known = {
        "migration_db": {"engine": "mariadb"}, "migration_offline": False, "migration_way_back": way_back,
        "migration_decision": decision, "migration_state": state,
    }  # fmt: skip
    assert bool(said("{{ " + read["when"] + " }}", read["vars"], **known)) is compared
