# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL database whose server cannot replicate moves in its window, or stays where it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from postgresql_move import Move, quiet
from servers import Postgres, postgres

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import (
    BACK,
    FORWARD,
    Names,
    Terms,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.choices import (
    Choices,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.offline import (
    OfflinePostgresql,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused

#: Of nobody who thought of replication: no slot, no sender, no worker.
OLD = "wal_level = replica\nmax_wal_senders = 0\nmax_replication_slots = 0\n"
TERMS = Terms(stop_s=120)
#: With what stands in the way of rows that follow: no key, unlogged, a trigger that fires for such rows.
TABLES = """
CREATE TABLE line (id bigserial PRIMARY KEY, n int NOT NULL UNIQUE);
CREATE TABLE counted (rows int NOT NULL);
INSERT INTO counted VALUES (0);
CREATE TABLE tried (id bigserial PRIMARY KEY);
CREATE UNLOGGED TABLE seen (n int NOT NULL);
CREATE TABLE "报 告" (id int PRIMARY KEY, text text);
INSERT INTO "报 告" SELECT i, E'a\\tb\\\\.\\n' || i FROM generate_series(1, 500) AS i;
CREATE FUNCTION count_it() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN UPDATE counted SET rows = rows + 1; INSERT INTO seen VALUES (NEW.n); RETURN NEW; END $$;
CREATE TRIGGER count_it BEFORE INSERT ON line FOR EACH ROW EXECUTE FUNCTION count_it();
ALTER TABLE line ENABLE ALWAYS TRIGGER count_it;
CREATE MATERIALIZED VIEW many AS SELECT count(*) FROM line;
SELECT lo_from_bytea(4711, 'picture');
GRANT ALL ON ALL TABLES IN SCHEMA public TO app; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO app;
"""


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Postgres, Postgres]]:
    with postgres("old", settings=OLD) as old, postgres("new") as new:
        with session(old.server()) as root:
            assert root.value("SHOW wal_level") == "replica"
            root.do("CREATE ROLE app LOGIN PASSWORD 'app,Pass:w0rd' CONNECTION LIMIT 30")
        yield old, new


class Case(Move):
    """A move within a window."""

    def __init__(self, pair: tuple[Postgres, Postgres], name: str) -> None:
        super().__init__(pair, name, TABLES, OfflinePostgresql)

    def moved(self, *accept: str) -> OfflinePostgresql:
        return OfflinePostgresql(self.source, self.target, Names(self.name), Choices(accept=accept), jobs=2)


@pytest.fixture
def closing() -> Iterator[list[OfflinePostgresql]]:
    made: list[OfflinePostgresql] = []
    yield made
    for one in made:
        one.close()


def test_it_moves_in_its_window_and_loses_nothing(
    pair: tuple[Postgres, Postgres], closing: list[OfflinePostgresql]
) -> None:
    case = Case(pair, "offline")
    moved = case.moved()
    closing.append(moved)
    # What concerns replication alone is no reason; who cannot say how long it takes is.
    assert moved.objections() == []
    assert "rehearse it" in "\n".join(moved.not_ready(TERMS, FORWARD))
    with case.writer() as writer:
        moved.copy(2, quiet)
        state = moved.read()
        assert (state.copied, state.writes) == (True, {"source": True, "target": False})
        assert state.ways == {}
        # Nothing of the move is at the source before its window.
        assert list(state.left_behind) == []
        assert state.estimate_s
        short = Terms(stop_s=state.estimate_s)
        assert f"takes {state.estimate_s:g} s" in "\n".join(moved.not_ready(short, FORWARD))
        with pytest.raises(Refused, match="the window is too short"):
            moved.cut_over(short, FORWARD)
        writer.writes_at("source")
        done = moved.cut_over(TERMS, FORWARD)
        writer.writes_at("target")
        assert dict(moved.read().writes) == {"source": False, "target": True}
        assert done.compared
        assert done.compared["identical"]
        assert {one["table"] for one in done.compared["tables"]} >= {
            "public.line",
            "pg_catalog.pg_largeobject",
        }
        assert done.refused_s
        # Whoever has lost the answer asks again.
        again = moved.cut_over(TERMS, FORWARD)
        assert (again.acts, again.compared and again.compared["identical"]) == ([], True)
    writer.judge(case.target)
    with session(case.target) as root:
        assert root.value("SELECT lo_get(4711)").tobytes() == b"picture"
        assert root.value("SELECT datconnlimit FROM pg_database WHERE datname = 'offline'") == 25
    moved.close()
    with pytest.raises(Refused, match="rows that were written there from 2.* would stay there"):
        moved.cut_over(TERMS, BACK)
    assert dict(moved.read().writes) == {"source": False, "target": True}
    # And by the path that follows nobody makes a copy over it.
    assert moved.remove()
    assert list(moved.read().left_behind) == []


ACTS = ("refuse", "copy", "schema", "rows", "indexes", "copied", "compare", "prove", "open")


@pytest.mark.slow
def test_killed_in_any_act_it_is_gone_on_with(
    pair: tuple[Postgres, Postgres], closing: list[OfflinePostgresql]
) -> None:
    case = Case(pair, "offkilled")
    with case.writer() as writer:
        for act in ("rows", "copied"):
            case.killed("copy", act)
            writer.writes_at("source")
        moved = case.moved("rows_at_target")
        closing.append(moved)
        moved.copy(2, quiet)
        # One kill behind the other, so that each finds what the one before has left.
        for act in ACTS:
            moved.close()
            case.killed(FORWARD, act)
            assert moved.read().writes["target"] is False, act
        done = moved.cut_over(TERMS, FORWARD)
        writer.writes_at("target")
        # The copy behind the door that was closed all the time was whole; it was not made again.
        assert [act for act, second in done.acts] == ["refuse", "compare", "prove", "open"]
    writer.judge(case.target)
    assert case.moved().not_ready(TERMS, BACK)
    moved.cut_over(TERMS, BACK)
    assert dict(moved.read().writes) == {"source": True, "target": False}
    # And forward again: those rows are asked for once more.
    stubborn = case.moved()
    closing.append(stubborn)
    with pytest.raises(Refused, match="take their place"):
        stubborn.cut_over(TERMS, FORWARD)
    assert dict(moved.read().writes) == {"source": True, "target": False}


@pytest.mark.slow
def test_what_fails_gives_the_writes_back(
    pair: tuple[Postgres, Postgres], closing: list[OfflinePostgresql]
) -> None:
    case = Case(pair, "offfails")
    moved = case.moved()
    closing.append(moved)
    with case.writer() as writer:
        moved.copy(2, quiet)

        def spoil(act: str) -> None:
            if act == "compare":
                with session(case.target) as root:
                    root.do("UPDATE \"报 告\" SET text = 'b' WHERE id = 7")

        def end(act: str) -> None:
            if act == "indexes":
                with session(case.new.server()) as root:
                    root.do(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'offfails'"
                    )

        for tell, words in ((spoil, "报 告"), (end, "terminat")):
            moved._tell = tell
            moved.close()
            with pytest.raises(DatacenterError, match=words) as caught:
                moved.cut_over(TERMS, FORWARD)
            assert "open again at old" in caught.value.result["writes"]
            writer.writes_at("source")
        moved.close()
        moved._tell = lambda act: None
        # A copy that takes longer than it may ends, and does not hold the writes until it is done.
        with session(case.source) as root:
            made = "FUNCTION slow(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1"
            root.do(f"CREATE {made}'")
            root.do('CREATE INDEX slowly ON "报 告" (public.slow(id)) WHERE id < 60')
            root.do(f"CREATE OR REPLACE {made} FROM pg_sleep(1)'")
        with pytest.raises(DatacenterError, match="the window is over"):
            moved.cut_over(Terms(stop_s=(moved.read().estimate_s or 0) + 4), FORWARD)
        writer.writes_at("source")
    writer.judge(case.source)
