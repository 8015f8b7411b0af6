# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL database moves to another cluster and back, under a writer that knows what was taken."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from postgresql_move import TABLES, Move, quiet
from servers import PASSWORD, Postgres, postgres

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import (
    BACK,
    FORWARD,
    Names,
    Progress,
    Terms,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.choices import (
    Choices,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.migration import (  # noqa: E501
    PostgresqlMigration,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused

#: Every statement is logged, so that a secret in one is found.
SETTINGS = (
    "max_prepared_transactions = 4\nlog_statement = all\nmax_slot_wal_keep_size = 1GB\n"
    "password_encryption = 'scram-sha-256'\n"
)
TERMS = Terms(lag_s=5, stop_s=15)


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Postgres, Postgres]]:
    with postgres("old", settings=SETTINGS) as old, postgres("new", settings=SETTINGS) as new:
        with session(old.server()) as root:
            root.do("CREATE ROLE app LOGIN PASSWORD 'app,Pass:w0rd' CONNECTION LIMIT 30")
            root.do(
                "CREATE ROLE readers; GRANT readers TO app; ALTER ROLE app SET search_path = public, "
                "pg_catalog"
            )
            root.do(f"CREATE ROLE mover SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
        with session(new.server()) as root:
            root.do(f"CREATE ROLE mover SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
        yield old, new


class Case(Move):
    """A move that follows, of a database with settings of its own."""

    def __init__(self, pair: tuple[Postgres, Postgres], name: str, tables: str = TABLES) -> None:
        super().__init__(pair, name, tables, PostgresqlMigration)
        with session(self.old.server()) as root:
            root.do(f"ALTER DATABASE {name} SET statement_timeout = '55s'")
            root.do(f"GRANT CONNECT ON DATABASE {name} TO readers")

    def migration(self, choices: Choices = Choices()) -> PostgresqlMigration:  # noqa: B008
        return PostgresqlMigration(self.source, self.target, Names(self.name), choices)


@pytest.fixture
def closing() -> Iterator[list[PostgresqlMigration]]:
    made: list[PostgresqlMigration] = []
    yield made
    for one in made:
        one.close()


def dump(server: Postgres, name: str) -> str:
    """What an independent tool says of a database and its roles, without what is of the moment."""
    told = ""
    for command in (["pg_dump", "-s", "-C", name], ["pg_dumpall", "-g"]):
        told += subprocess.run(
            [str(server.bin / command[0]), "-h", str(server.root), "-p", str(server.port), "-U", "postgres",
             *command[1:]], capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    return "\n".join(line for line in told.splitlines() if not line.startswith(("--", "\\")))


class Slow:
    """From the stop on the target takes no row of the writer, for a while."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._held: threading.Thread | None = None

    def __call__(self, act: str) -> None:
        if act == "refuse" and self._held is None:
            locked = threading.Event()
            self._held = threading.Thread(target=self._hold, args=(locked,), daemon=True)
            self._held.start()
            assert locked.wait(10)

    def _hold(self, locked: threading.Event) -> None:
        with session(self._case.target) as root:
            root.do("BEGIN; LOCK TABLE line IN EXCLUSIVE MODE")
            locked.set()
            time.sleep(0.8)
            root.do("COMMIT")


def settle(case: Case, moved: PostgresqlMigration, direction: str) -> None:
    """Until what was written is at the other end."""
    end = time.monotonic() + 20
    while (moved.read().ways[direction].lag_bytes or 0) > 0 and time.monotonic() < end:
        time.sleep(0.05)


def test_there_and_back_without_losing_a_row(
    pair: tuple[Postgres, Postgres], closing: list[PostgresqlMigration]
) -> None:
    case = Case(pair, "shop")
    before = dump(case.old, "shop")
    moved = PostgresqlMigration(
        case.old.over_tls("mover", "shop"), case.new.over_tls("mover", "shop"), Names("shop"),
        Choices(large_objects="recopy"), tell=Slow(case),
    )  # fmt: skip
    closing.append(moved)
    told: list[Progress] = []
    assert moved.objections() == []
    with case.writer() as writer:
        moved.copy(2, told.append)
        assert told[-1].tables_total == told[-1].tables_done >= 5
        assert dict(moved.read().writes) == {"source": True, "target": False}
        with session(case.source) as root:
            root.do("SELECT lo_put(4711, 0, 'PICTURE'), lo_from_bytea(4712, 'new')")
        done = moved.cut_over(TERMS, FORWARD)
        assert done.refused_s is not None
        assert done.refused_s < 3
        with session(case.source) as left, session(case.target) as taken:
            late = "SELECT n FROM line"
            assert {row[0] for row in left.rows(late)} - {row[0] for row in taken.rows(late)} == set()
        writer.writes_at("target")
        with session(case.target) as root:
            assert root.value("SELECT lo_get(4711) || lo_get(4712)").tobytes() == b"PICTUREnew"
            assert root.value("SELECT obj_description(4711, 'pg_largeobject')") == "it's"
            root.do("SELECT lo_unlink(4712)")
            assert root.value("SELECT count FROM many") == 2000
            assert root.value("SELECT count(*) FROM \"报 告\" WHERE text = E'a\\tb\\\\.\\n' || id") == 2000
        done = moved.cut_over(TERMS, BACK)
        assert done.refused_s is not None
        assert done.refused_s < 3
        writer.writes_at("source")
    settle(case, moved, FORWARD)
    case.same_rows(writer)
    with session(case.source) as root:
        assert root.value("SELECT count(*) FROM pg_largeobject_metadata") == 1
    with session(case.target) as root:
        rights = root.rows("SELECT rolconnlimit, rolpassword FROM pg_authid WHERE rolname = 'app'")
        assert root.value("SHOW statement_timeout") == "55s"
    with session(case.source) as root:
        assert rights == root.rows("SELECT rolconnlimit, rolpassword FROM pg_authid WHERE rolname = 'app'")
    assert any(one.startswith("slot ajy_shop_forward") for one in moved.read().left_behind)
    assert moved.remove()
    assert list(moved.read().left_behind) == []
    assert dump(case.old, "shop") == before
    for server in pair:
        log = (server.root / "log").read_text()
        assert "ajy_shop_forward" in log
        # What a fixture of this file says in clear is before it.
        assert log.count("SCRAM-SHA-256$") == 0
        # What came by one way has not gone back by the other.
        assert "duplicate key" not in log
        assert "password='" not in log


ACTS = ("prepare", "refuse", "drain", "sequences", "disarm", "arm", "canary", "open", "afterwards")


def test_killed_in_any_act_it_is_gone_on_with(
    pair: tuple[Postgres, Postgres], closing: list[PostgresqlMigration]
) -> None:
    case = Case(pair, "killed")
    with case.writer() as writer:
        for act in ("indexes", "follow"):
            case.killed("copy", act)
        moved = case.migration()
        closing.append(moved)
        moved.copy(2, quiet)
        assert not list(Path(tempfile.gettempdir()).glob("ajy-copy-killed.*"))
        for number, act in enumerate(ACTS):
            direction, end = ((FORWARD, "target"), (BACK, "source"))[number % 2]
            moved.close()
            case.killed(direction, act)
            moved.cut_over(TERMS, direction)
            assert moved.read().writes == {"source": end == "source", "target": end == "target"}, act
            writer.writes_at(end)
    settle(case, moved, BACK)
    case.same_rows(writer)
    assert moved.remove()
    assert dict(moved.read().writes) == {"source": False, "target": True}


def test_a_target_that_freezes_in_the_stop_gives_the_writes_back(
    pair: tuple[Postgres, Postgres], closing: list[PostgresqlMigration]
) -> None:
    case = Case(pair, "frozen")
    moved = case.migration()
    closing.append(moved)
    frozen: list[float] = []

    def tell(act: str) -> None:
        if act == "canary" and not frozen:
            frozen.append(time.monotonic())
            subprocess.run(["pkill", "-STOP", "-P", str(case.new.process.pid)], check=True)  # type: ignore[union-attr]

    moved._tell = tell
    with case.writer() as writer:
        moved.copy(2, quiet)
        try:
            with pytest.raises(DatacenterError) as caught:
                moved.cut_over(replace(TERMS, stop_s=4), FORWARD)
            writer.writes_at("source")
            assert time.monotonic() - frozen[0] < 6
        finally:
            subprocess.run(["pkill", "-CONT", "-P", str(case.new.process.pid)], check=True)  # type: ignore[union-attr]
        assert "open again" in str(caught.value.result["writes"])
        moved.close()
        moved.cut_over(TERMS, FORWARD)
        writer.writes_at("target")
    settle(case, moved, BACK)
    case.same_rows(writer)
    moved.remove()


AWKWARD = """
CREATE TABLE keyless (a int); CREATE UNLOGGED TABLE cache (a int PRIMARY KEY);
CREATE TABLE watched (a int PRIMARY KEY);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER always BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION f();
ALTER TABLE watched ENABLE ALWAYS TRIGGER always;
"""


def test_what_cannot_flow_is_named_before_anything_is_done(
    pair: tuple[Postgres, Postgres], closing: list[PostgresqlMigration]
) -> None:
    case = Case(pair, "awkward", AWKWARD)
    with session(case.source) as root:
        root.do("BEGIN; INSERT INTO watched VALUES (1); PREPARE TRANSACTION 'half done'")
    with session(case.new.server()) as root:
        root.do("CREATE DATABASE awkward")
    with session(case.target) as root:
        root.do("CREATE TABLE stranger (a int)")
    moved = case.migration()
    closing.append(moved)
    found = "\n".join(moved.objections())
    for word in ("public.keyless", "public.cache", "watched.always", "'half done'", "public.stranger"):
        assert word in found
    with pytest.raises(Refused, match=r"public\.keyless"):
        moved.copy(1, quiet)
    assert list(moved.read().left_behind) == []
    with session(case.source) as root:
        root.do("ROLLBACK PREPARED 'half done'")
    with session(case.target) as root:
        root.do("DROP TABLE stranger")
    choices = Choices(keyless="full", accept=("unlogged_tables", "replica_triggers"), lock=("mighty",))
    before = dump(case.old, "awkward")
    lost = replace(case.target, host="/nowhere")
    lost_back = PostgresqlMigration(case.source, case.target, Names("awkward"), choices, target_seen=lost)
    closing.append(lost_back)
    with pytest.raises(DatacenterError, match="old cannot read from new"):
        lost_back.copy(1, quiet)
    moved = case.migration(choices)
    closing.append(moved)
    moved.copy(1, quiet)
    with session(case.source) as root:
        root.do("SELECT lo_from_bytea(9, 'x'); ALTER TABLE watched ADD b int; DELETE FROM keyless")
        reasons = "\n".join(moved.not_ready(TERMS, FORWARD))
        assert "table public.watched was changed" in reasons
        assert "large objects" in reasons
        assert "superuser postgres" in reasons
    with pytest.raises(Refused, match=r"public\.watched"):
        moved.cut_over(TERMS, FORWARD)
    # Given up: nothing is left, and all is as it was.
    with session(case.source) as root:
        root.do("ALTER TABLE watched DROP b")
    assert moved.remove()
    assert dump(case.old, "awkward") == before


def test_superusers_that_are_locked_come_back_only_when_writes_do(
    pair: tuple[Postgres, Postgres], closing: list[PostgresqlMigration]
) -> None:
    case = Case(pair, "locks", "CREATE TABLE t (a int PRIMARY KEY)")
    with session(case.source) as root:
        root.do("CREATE ROLE mighty SUPERUSER LOGIN")
    moved = case.migration(Choices(lock=("mighty",)))
    closing.append(moved)
    mighty = replace(case.source, user="mighty")
    with session(mighty) as there:
        moved.close_writes("source")
        with pytest.raises(DatacenterError):
            there.do("INSERT INTO t VALUES (1)")
    for user in ("mighty", "app"):
        with pytest.raises(DatacenterError), session(replace(case.source, user=user)):
            pass
    assert moved.read().writes["source"] is False
    with session(case.new.server()) as root:
        root.do("CREATE DATABASE locks")
    with pytest.raises(Refused, match="new"):
        moved.open_writes("source")
    moved.close_writes("target")
    moved.open_writes("source")
    with session(mighty) as there:
        there.do("INSERT INTO t VALUES (1)")
    with session(case.source) as root:
        assert root.value("SELECT datconnlimit FROM pg_database WHERE datname = 'locks'") == 25


def test_a_second_run_waits_for_nobody(
    pair: tuple[Postgres, Postgres], closing: list[PostgresqlMigration]
) -> None:
    case = Case(pair, "twice", "CREATE TABLE t (a int PRIMARY KEY)")
    first, second = case.migration(), case.migration()
    closing += [first, second]
    begun, go_on = threading.Event(), threading.Event()

    def tell(act: str) -> None:
        begun.set()
        go_on.wait(20)

    first._tell = tell
    copying = threading.Thread(target=first.copy, args=(1, quiet))
    copying.start()
    try:
        assert begun.wait(10)
        with pytest.raises(Refused, match="another run"):
            second.copy(1, quiet)
    finally:
        go_on.set()
        copying.join(30)
    assert first.read().copied
    first.remove()


def test_what_a_silent_target_has_is_not_known(pair: tuple[Postgres, Postgres]) -> None:
    """That it has no copy would be said of one that has been cut over, too."""
    case = Case(pair, "silent", "CREATE TABLE t (a int PRIMARY KEY)")
    nobody = replace(case.target, port=case.new.port + 1)
    with contextlib.closing(case.migration()) as moved:
        assert moved.read().copied is False
    with contextlib.closing(PostgresqlMigration(case.source, nobody, Names("silent"))) as moved:
        assert (moved.read().copied, moved.read().writes["target"]) == (None, None)


def test_a_move_that_was_given_up_can_be_made_again(pair: tuple[Postgres, Postgres]) -> None:
    case = Case(pair, "givenup", "CREATE TABLE line (n int PRIMARY KEY); GRANT ALL ON line TO app;")
    with session(case.new.server()) as root:
        root.do("CREATE ROLE idle SUPERUSER LOGIN")
    moved = case.migration(Choices(lock=("idle",)))
    moved.copy(1, lambda progress: None)
    moved.cut_over(TERMS, FORWARD)
    moved.cut_over(TERMS, BACK)
    with session(case.new.server()) as root:
        assert root.value("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'idle'") is False
    assert moved.remove()
    assert moved.remove() == []
    with session(case.new.server()) as root:
        assert root.value("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'idle'") is True
    assert moved.read().writes == {"source": True, "target": False}
    with session(case.source) as old:
        old.do("INSERT INTO line VALUES (7)")
    assert moved.objections() == []
    moved.copy(1, lambda progress: None)
    moved.cut_over(TERMS, FORWARD)
    with session(case.target) as new:
        assert [int(row[0]) for row in new.rows("SELECT n FROM line")] == [7]
        assert new.value("SELECT datconnlimit FROM pg_database WHERE datname = 'givenup'") == 25
    moved.remove()
    moved.close()
