# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back of a PostgreSQL database: out of a cutover that was killed, and when it cannot be gone."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from postgresql_move import TABLES, Move, quiet
from servers import Postgres, postgres

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.call import (
    cut_over,
    follow_argument_spec,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import (
    BACK,
    FORWARD,
    Names,
    Terms,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.choices import (
    Choices,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.cutover import (
    CUTTING,
    DRAINED,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.migration import (  # noqa: E501
    PostgresqlMigration,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused

SETTINGS = "max_slot_wal_keep_size = 1GB\n"
TERMS = Terms(lag_s=5, stop_s=15)
AT_SOURCE, AT_TARGET = {"source": True, "target": False}, {"source": False, "target": True}
NOWHERE = {"source": False, "target": False}
#: Acts of a cutover in which both sides are closed, and rows do not take the other way yet.
BEFORE_THE_TURN = ("drain", "sequences", "disarm", "arm")
#: And those in which they do.
AFTER_THE_TURN = ("canary", "open")


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Postgres, Postgres]]:
    with postgres("old", settings=SETTINGS) as old, postgres("new", settings=SETTINGS) as new:
        with session(old.server()) as root:
            root.do("CREATE ROLE app LOGIN")
        yield old, new


class Case(Move):
    """A move whose copy is whole."""

    def __init__(self, pair: tuple[Postgres, Postgres], name: str) -> None:
        super().__init__(pair, name, TABLES, PostgresqlMigration)
        self.moved = PostgresqlMigration(
            self.source, self.target, Names(name), Choices(large_objects="recopy")
        )
        self.moved.copy(2, quiet)

    def __enter__(self) -> Case:
        return self

    def __exit__(self, *error: object) -> None:
        self.moved.close()

    def broken(self, direction: str, act: str) -> None:
        """A cutover is killed while both sides are closed."""
        self.moved.close()
        self.killed(direction, act)
        assert self.moved.read().writes == NOWHERE, act


def test_back_out_of_a_cutover_that_was_killed(pair: tuple[Postgres, Postgres]) -> None:
    with Case(pair, "undone") as case:
        moved = case.moved
        with case.writer() as writer:
            for act in BEFORE_THE_TURN + AFTER_THE_TURN:
                case.broken(FORWARD, act)
                assert moved.not_ready(TERMS, BACK) == []
                done = moved.cut_over(TERMS, BACK)
                if act in BEFORE_THE_TURN:
                    assert [name for name, _second in done.acts] == ["undo", "open again"], act
                assert moved.read().writes == AT_SOURCE, act
                assert not {CUTTING, DRAINED} & set(moved.source.kept())
                writer.writes_at("source")
                # Done again, it finds nothing to do; and rows flow as they did.
                assert moved.cut_over(TERMS, BACK).acts == []
                way = moved.read().ways[FORWARD]
                assert (way.running, way.armed) == (True, True), act
                with session(case.source) as root:
                    root.do("SELECT lo_put(4711, 0, %s)", [act.encode()])
                moved.cut_over(TERMS, FORWARD)
                writer.writes_at("target")
                with session(case.target) as root:
                    assert root.value("SELECT lo_get(4711)").tobytes().startswith(act.encode())
                moved.cut_over(TERMS, BACK)
                writer.writes_at("source")
            moved.cut_over(TERMS, FORWARD)
            writer.writes_at("target")
        moved.cut_over(TERMS, BACK)
        case.same_rows(writer)
        moved.remove()


def test_forward_out_of_a_way_back_that_was_killed_before_the_turn(pair: tuple[Postgres, Postgres]) -> None:
    with Case(pair, "stays") as case:
        moved = case.moved
        with case.writer() as writer:
            moved.cut_over(TERMS, FORWARD)
            for act in BEFORE_THE_TURN:
                case.broken(BACK, act)
                assert moved.not_ready(TERMS, FORWARD) == []
                moved.cut_over(TERMS, FORWARD)
                assert moved.read().writes == AT_TARGET, act
                writer.writes_at("target")
            moved.cut_over(TERMS, BACK)
            writer.writes_at("source")
        moved.cut_over(TERMS, FORWARD)
        case.same_rows(writer)
        moved.remove()


def test_the_other_side_is_not_opened_when_rows_may_have_been_written_here(
    pair: tuple[Postgres, Postgres],
) -> None:
    with Case(pair, "byhand") as case:
        moved = case.moved
        case.broken(FORWARD, "disarm")
        moved.open_writes("target")
        with session(case.target) as root:
            root.do("INSERT INTO line (n) VALUES (1)")
        moved.close_writes("target")
        for _again in range(2):
            with pytest.raises(Refused, match="rows do not take the way back"):
                moved.cut_over(TERMS, BACK)
            assert moved.read().writes == NOWHERE


def test_a_side_that_was_opened_by_hand_is_drained_anew(pair: tuple[Postgres, Postgres]) -> None:
    with Case(pair, "anew") as case:
        moved = case.moved
        case.broken(FORWARD, "disarm")
        moved.open_writes("source")
        with session(case.source) as root:
            root.do("INSERT INTO line (n) VALUES (1)")
        done = moved.cut_over(TERMS, FORWARD)
        assert "drain" in [name for name, _second in done.acts]
        with session(case.target) as root:
            root.do("INSERT INTO line (n) VALUES (2)")
            assert root.value("SELECT count(*) FROM line") == 2
        moved.remove()


def test_a_way_is_not_made_anew_over_rows_that_it_has_not_brought(pair: tuple[Postgres, Postgres]) -> None:
    with Case(pair, "hole") as case:
        moved = case.moved
        moved.cut_over(TERMS, FORWARD)
        moved._roads[BACK].drop_slot()
        with session(case.target) as root:
            root.do("INSERT INTO line (n) VALUES (1)")
        moved.close_writes("target")
        told = "does not flow back to old any more"
        assert told in "; ".join(moved.not_ready(TERMS, FORWARD))
        with pytest.raises(Refused, match=told):
            moved.cut_over(TERMS, FORWARD)
        assert moved.read().writes == NOWHERE
        moved.open_writes("target")
        with pytest.raises(Refused, match=told):
            moved.cut_over(TERMS, BACK)
        assert moved.remove()


def test_a_side_is_not_opened_again_without_what_was_written_at_the_other(
    pair: tuple[Postgres, Postgres],
) -> None:
    with Case(pair, "again") as case:
        moved = case.moved
        moved.cut_over(TERMS, FORWARD)
        with session(case.target) as root:
            root.do("INSERT INTO line (n) VALUES (1)")
        moved.close_writes("target")

        def tell(act: str) -> None:
            if act == "canary":
                raise DatacenterError("nothing goes on")

        moved._tell = tell
        with pytest.raises(DatacenterError, match="nothing goes on") as caught:
            moved.cut_over(TERMS, FORWARD)
        assert "refused at both sides" in str(caught.value.result["writes"])
        assert moved.read().writes == NOWHERE
        moved._tell = lambda act: None
        moved.cut_over(TERMS, FORWARD)
        moved.cut_over(TERMS, BACK)
        with session(case.source) as root:
            assert root.value("SELECT count(*) FROM line") == 1
        moved.remove()


def outrun(begin: Postgres, end: Postgres, slot: str) -> None:
    """One server is down while the other one writes more log than it keeps for it."""
    end.stop(signal.SIGQUIT)
    with session(begin.server()) as root:
        root.do("ALTER SYSTEM SET max_slot_wal_keep_size = '32MB'")
        root.do("SELECT pg_reload_conf()")
        late = time.monotonic() + 60
        while (
            root.value("SELECT wal_status FROM pg_replication_slots WHERE slot_name = %s", [slot]) != "lost"
        ):
            assert time.monotonic() < late
            root.do("SELECT pg_logical_emit_message(false, 'test', 'a word')")
            root.do("SELECT pg_switch_wal()")
            root.do("CHECKPOINT")
        root.do("ALTER SYSTEM RESET max_slot_wal_keep_size")
        root.do("SELECT pg_reload_conf()")
    end.start()


@pytest.mark.parametrize("how", ["outrun", "dropped"])
def test_a_way_back_that_is_lost_is_told_with_what_can_be_done(
    pair: tuple[Postgres, Postgres], how: str
) -> None:
    with Case(pair, how) as case:
        moved = case.moved
        moved.cut_over(TERMS, FORWARD)
        with session(case.target) as root:
            root.do("INSERT INTO line (n) VALUES (1)")
        if how == "outrun":
            outrun(case.new, case.old, f"ajy_{how}_back")
        else:
            moved._roads[BACK].drop_slot()
        moved.close()
        told = "what was written at new since the cutover does not flow back to old any more"
        error = str(moved.read().ways[BACK].error)
        for words in (told, "go on at new", "db_verify", "db_writes", "db_left"):
            assert words in error
        assert "copy again" not in error
        assert told in "; ".join(moved.not_ready(TERMS, BACK))
        with pytest.raises(Refused, match=told):
            moved.cut_over(TERMS, BACK)
        assert moved.read().writes == AT_TARGET
        # The last of what is proposed: the move ends where writes are.
        assert moved.remove()
        assert list(moved.read().left_behind) == []
        assert moved.read().writes == AT_TARGET


def test_a_way_forward_that_is_lost_is_given_up_and_copied_again(pair: tuple[Postgres, Postgres]) -> None:
    with Case(pair, "lostway") as case:
        moved = case.moved
        outrun(case.old, case.new, "ajy_lostway_forward")
        moved.close()
        with session(case.source) as root:
            root.do("INSERT INTO line (n) VALUES (1)")
        assert "give the move up (db_left, give_up) and copy again" in str(moved.read().ways[FORWARD].error)
        assert moved.remove()
        moved.copy(2, quiet)
        moved.cut_over(TERMS, FORWARD)
        with session(case.target) as root:
            assert root.value("SELECT count(*) FROM line") == 1
        moved.remove()


def test_a_way_that_is_lost_while_no_row_takes_it_is_made_anew(pair: tuple[Postgres, Postgres]) -> None:
    with Case(pair, "idle") as case:
        moved = case.moved
        moved.cut_over(TERMS, FORWARD)
        outrun(case.old, case.new, "ajy_idle_forward")
        moved.close()
        moved._roads[BACK].await_worker(time.monotonic() + 20)
        assert "the next cutover makes it anew" in str(moved.read().ways[FORWARD].error)
        moved.cut_over(TERMS, BACK)
        with session(case.source) as root:
            root.do("INSERT INTO line (n) VALUES (1)")
        moved.cut_over(TERMS, FORWARD)
        with session(case.target) as root:
            assert root.value("SELECT count(*) FROM line") == 1
        moved.remove()


def test_what_stands_in_the_way_back_is_told_before_anything_is_stopped(
    pair: tuple[Postgres, Postgres],
) -> None:
    with Case(pair, "told") as case:
        moved = case.moved
        moved.cut_over(TERMS, FORWARD)
        assert moved.not_ready(TERMS, BACK) == []
        with session(case.source) as root:
            root.do("ALTER SUBSCRIPTION ajy_told_back DISABLE")
            said_of_both(moved, "ajy_told_back at old is disabled")
            root.do("ALTER SUBSCRIPTION ajy_told_back ENABLE")
        moved._roads[BACK].await_worker(time.monotonic() + 20)
        case.old.stop(signal.SIGQUIT)
        try:
            said_of_both(moved, "old: ")
            assert moved.read().writes == {"source": None, "target": True}
        finally:
            case.old.start()
        moved.close()
        moved._roads[BACK].await_worker(time.monotonic() + 20)
        # By no means of ours: a move finds both sides open.
        with session(case.source) as root:
            root.do("ALTER DATABASE told CONNECTION LIMIT 5")
        assert "both sides accept writes" in "; ".join(moved.not_ready(TERMS, BACK))
        assert "both sides accept writes" in "; ".join(checked(case, BACK))
        with session(case.source) as root:
            root.do("ALTER DATABASE told CONNECTION LIMIT 0")
        assert moved.not_ready(TERMS, BACK) == []
        moved.cut_over(replace(TERMS, way_back=False), BACK)
        with pytest.raises(Refused, match="there is no such way"):
            moved.cut_over(TERMS, FORWARD)
        assert "there is no such way" in "; ".join(moved.not_ready(TERMS, FORWARD))


def checked(case: Case, direction: str) -> list[str]:
    """What db_cutover says in check mode."""
    given = {name: one.get("default") for name, one in follow_argument_spec().items()}
    given |= {**vars(TERMS), "engine": "postgresql", "migration": case.name, "direction": direction,
              "source": vars(case.source), "target": vars(case.target)}  # fmt: skip
    reasons: list[str] = cut_over(given, check=True)["reasons"]
    return reasons


def said_of_both(moved: PostgresqlMigration, words: str) -> None:
    """As the way's error, and as a reason. The move itself says it too, and stops nothing."""
    late = time.monotonic() + 20
    while moved.read().ways[BACK].running:
        assert time.monotonic() < late
        time.sleep(0.1)
    assert words in str(moved.read().ways[BACK].error)
    assert words in "; ".join(moved.not_ready(TERMS, BACK))
    with pytest.raises(DatacenterError, match=words):
        moved.cut_over(TERMS, BACK)
    assert moved.read().writes["target"] is True
