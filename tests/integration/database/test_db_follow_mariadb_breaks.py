# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A move of a MariaDB database that broke, or that is asked for once more, loses nothing."""

from __future__ import annotations

import contextlib
import signal
from dataclasses import replace

import pytest
from mariadb_move import TERMS, Application, Pair, application, asked, killed_at, silent
from servers import PASSWORD, Maria

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb import way as ways
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import (
    BACK,
    FORWARD,
    Terms,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused


def test_what_was_confirmed_is_confirmed_again(pair: Pair) -> None:
    application(pair)
    with session(pair.old.over_tls("mover")) as old:
        # With rights as an administrator has them; and the only one without has long been locked.
        old.do("GRANT SUPER ON *.* TO app@localhost")
        old.do(f"CREATE USER former@localhost IDENTIFIED BY '{PASSWORD}' ACCOUNT LOCK")
        old.do("GRANT INSERT ON accidents.* TO former@localhost")
        old.do("REVOKE ALL PRIVILEGES ON accidents.* FROM app@localhost")
        old.do("GRANT INSERT, SELECT ON *.* TO app@localhost")
    moved = pair.moved("b1", "accidents")
    assert moved.read().writes == {"source": True, "target": False}
    with pytest.raises(Refused, match="nothing to cut over to"):
        moved.cut_over(TERMS, FORWARD)
    moved.copy(1, silent)
    moved.cut_over(TERMS, FORWARD)
    moved.remove()
    for _time in range(2):
        state = moved.read()
        assert (state.writes, state.left_behind) == ({"source": False, "target": True}, [])
        assert moved.cut_over(TERMS, FORWARD).acts == [("writes were open already", 0.0)]
        assert moved.not_ready(TERMS, FORWARD) == []
        assert "nothing flows back" in "".join(moved.not_ready(TERMS, BACK))
        with pytest.raises(Refused, match="the move was confirmed: nothing flows back"):
            moved.cut_over(TERMS, BACK)
        assert moved.remove() == []
    app = replace(pair.new.server(), user="app", password=PASSWORD)
    with session(app) as opened:
        opened.do("INSERT INTO accidents.written (number) VALUES (1)")


def cut_off(server: Maria) -> None:
    """It is killed, and no way runs when it comes back, nor knows its databases."""
    with session(server.server()) as root:
        root.do("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
    server.stop(signal.SIGKILL)
    before, server.settings = server.settings, (*server.settings, "skip-slave-start")
    server.start()
    server.settings = before


def test_going_back_out_of_a_broken_cutover_skips_no_row(pair: Pair) -> None:
    application(pair)
    moved = pair.moved("b2", "accidents")
    moved.copy(1, silent)
    with session(pair.new.over_tls("mover")) as new, session(pair.old.over_tls("mover")) as old:
        new.do("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
        # It is acknowledged, and held up on its way.
        new.do("LOCK TABLES accidents.written READ")
        old.do("INSERT INTO accidents.written (number) VALUES (7)")
        killed_at("read_only = 1", "cutover", moved, FORWARD)
        assert moved.read().writes == {"source": False, "target": False}
        cut_off(pair.new)
    assert moved.not_ready(TERMS, BACK) == []
    done = moved.cut_over(TERMS, BACK)
    assert done.acts[-1][0] == "writes open"
    assert done.refused_s
    state = moved.read()
    assert (state.writes, list(state.ways)) == ({"source": True, "target": False}, [FORWARD])
    moved.copy(1, silent)
    moved.cut_over(TERMS, FORWARD)
    for server in pair:
        assert asked(server, "SELECT number FROM accidents.written") == [(7,)]


def test_going_forward_out_of_a_broken_way_back_skips_no_row(pair: Pair) -> None:
    application(pair)
    moved = pair.moved("b3", "accidents")
    moved.copy(1, silent)
    moved.cut_over(TERMS, FORWARD)
    with session(pair.new.over_tls("mover")) as new, session(pair.old.over_tls("mover")) as old:
        old.do("LOCK TABLES accidents.written READ")
        new.do("INSERT INTO accidents.written (number) VALUES (8)")
        killed_at("read_only = 1", "cutover", moved, BACK)
        assert moved.read().writes == {"source": False, "target": False}
        with pytest.raises(Refused, match="a cutover is unfinished"):
            moved.remove()
        moved.cut_over(TERMS, FORWARD)
        state = moved.read()
        assert (state.writes, list(state.ways)) == ({"source": False, "target": True}, [BACK])
        old.do("UNLOCK TABLES")
    moved.cut_over(TERMS, BACK)
    for server in pair:
        assert asked(server, "SELECT number FROM accidents.written") == [(8,)]


def test_what_is_gone_on_with_and_breaks_opens_the_old_side(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    application(pair)
    moved = pair.moved("b7", "accidents")
    moved.copy(1, silent)

    def breaks(way: ways.Line, _within_s: float) -> None:
        raise DatacenterError(f"the way {way.direction} carries no row")

    for direction, end in ((FORWARD, "source"), (BACK, "target")):
        killed_at("read_only = 1", "cutover", moved, direction)
        with monkeypatch.context() as broken:
            broken.setattr(ways, "canary", breaks)
            with pytest.raises(DatacenterError, match="carries no row"):
                moved.cut_over(TERMS, direction)
        writes = moved.read().writes
        assert [side for side in writes if writes[side]] == [end]
        moved.cut_over(TERMS, direction)


#: After which statement a run is killed, from the closing to the opening.
KILLS = (
    "ACCOUNT LOCK",
    "read_only = 1",
    "STOP SLAVE",
    "'writes', 'at'",
    "RESET SLAVE",
    "DROP USER",
    "read_only = 0",
)


@pytest.mark.slow
def test_whoever_turns_round_in_any_act_loses_nothing(pair: Pair) -> None:
    application(pair)
    moved = pair.moved("b4", "accidents")
    app = Application(pair, "app", "accidents")
    with app.writing():
        moved.copy(2, silent)
        for words in KILLS:
            for direction, other in ((FORWARD, BACK), (BACK, FORWARD)):
                # Which is the last one that was finished; the kill is in the other.
                moved.cut_over(TERMS, other)
                app.more(1)
                killed_at(words, "cutover", moved, direction)
                moved.cut_over(TERMS, other)
                writes = moved.read().writes
                end = "target" if other == FORWARD else "source"
                assert [side for side in writes if writes[side]] == [end], (words, direction)
                app.more(3)
        moved.cut_over(TERMS, FORWARD)
        app.more()
        moved.cut_over(TERMS, BACK)
        app.more()
    for server in pair:
        assert app.missing_and_twice(server.over_tls("mover"), "accidents") == (set(), set())


def test_others_write_on_while_ours_move(pair: Pair) -> None:
    application(pair)
    for server in pair:
        with session(server.over_tls("mover")) as root:
            root.do("CREATE DATABASE busy")
            root.do("CREATE TABLE busy.written (number INT)")
            root.do(f"CREATE USER busy@localhost IDENTIFIED BY '{PASSWORD}'")
            root.do("GRANT ALL PRIVILEGES ON busy.* TO busy@localhost")
    moved = pair.moved("b5", "accidents")
    app = Application(pair, "app", "accidents")
    with contextlib.ExitStack() as writing:
        writing.enter_context(app.writing())
        others = [Application([server], "busy", "busy") for server in pair for _time in range(3)]
        for other in others:
            writing.enter_context(other.writing())
        moved.copy(2, silent)
        for direction in (FORWARD, BACK, FORWARD):
            moved.cut_over(TERMS, direction)
            app.more()
    assert app.changes == 3
    assert app.missing_and_twice(pair.new.over_tls("mover"), "accidents") == (set(), set())
    # Nobody has stopped them.
    assert max(other.longest_gap for other in others) < 2


def test_who_comes_by_our_account_is_seen_to_write(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    application(pair)
    moved = pair.moved("b6", "accidents")
    moved.copy(1, silent)
    real = ways.reached

    def reached(way: ways.Line, position: str, within_s: float) -> bool:
        with session(pair.old.over_tls("mover")) as opened:
            opened.do("INSERT INTO accidents.written (number) VALUES (1)")
        return real(way, position, within_s)

    monkeypatch.setattr(ways, "reached", reached)
    with pytest.raises(DatacenterError, match="somebody writes at the closed server"):
        moved.cut_over(Terms(lag_s=20, stop_s=20), FORWARD)
    assert moved.read().writes == {"source": True, "target": False}
