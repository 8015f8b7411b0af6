# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database that nobody here made moves to another server and back, under its application."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from mariadb_move import NEW, OLD, add_mover
from sample import FIRST, NAME, Application, Place, fetch, statements
from servers import PASSWORD, maria, postgres

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.migration import (
    MariadbMigration,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import (
    BACK,
    FORWARD,
    Names,
    Terms,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.migration import (  # noqa: E501
    PostgresqlMigration,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.compare import Care
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.run import Wanted, verify

pytestmark = pytest.mark.slow

TERMS = Terms(lag_s=5, stop_s=20)
#: What Debian 12's packages are known to hold, counted in their files.
TABLES, FOREIGN_KEYS, PICTURES = 173, 226, 187


class Case(NamedTuple):
    engine: str
    old: Place
    new: Place
    moved: PostgresqlMigration | MariadbMigration

    def compare(self, source: Place, target: Place, settle_s: float = 3.0, **more: Any) -> dict[str, Any]:
        """As the runbook does it; rows flow from the one to the other, unless nobody writes."""
        schemas = () if self.engine == "postgresql" else (NAME,)
        care = Care(settle_s=settle_s, give_up_s=10, chunk_rows=5000, leaf_rows=500)
        return verify(source.mover, target.mover, Wanted(schemas, ("ajy_*.*",), care=care, **more))

    def settle(self, direction: str) -> None:
        end = time.monotonic() + 30
        while self.moved.read().ways[direction].lag_bytes != 0:
            assert time.monotonic() < end, self.moved.read()
            time.sleep(0.1)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fetch(tmp_path_factory.mktemp("sample"))


@pytest.fixture
def pg(packages: Path) -> Iterator[Case]:
    settings = "max_slot_wal_keep_size = 1GB"
    with postgres("old", settings=settings) as old, postgres("new", settings=settings) as new:
        for made in (old, new):
            with session(made.server()) as root:
                root.do(f"CREATE ROLE mover SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
        places = Place(old), Place(new)
        places[0].load(statements(packages, "postgresql"))
        moved = PostgresqlMigration(places[0].mover, places[1].mover, Names("sample"))
        yield Case("postgresql", *places, moved)
        moved.close()


@pytest.fixture
def ma(packages: Path) -> Iterator[Case]:
    with maria("old", *OLD) as old, maria("new", *NEW) as new:
        for made in (old, new):
            add_mover(made)
        places = Place(old), Place(new)
        places[0].load(statements(packages, "mariadb"))
        yield Case(
            "mariadb", *places, MariadbMigration(places[0].mover, places[1].mover, Names("sample"), [NAME])
        )


@pytest.fixture(params=["pg", "ma"])
def case(request: pytest.FixtureRequest) -> Case:
    made: Case = request.getfixturevalue(request.param)
    return made


def _same(said: dict[str, Any]) -> None:
    """No difference; a row that its application changes each moment may be all that is left."""
    assert said["differences"] == []
    assert said["not_compared"] == []
    assert {one["table"].partition(".")[2] for one in said["unsettled"]} <= {"ids"}
    assert len(said["tables"]) == TABLES


#: One byte of one picture; two columns of one row that have changed places.
CORRUPTIONS = {
    "postgresql": (
        "UPDATE images SET image = set_byte(image, 1000, (get_byte(image, 1000) + 1) % 256)"
        " WHERE imageid = 100",
        "UPDATE users SET name = surname, surname = name WHERE userid = 1",
    ),
    "mariadb": (
        "UPDATE images SET image = INSERT(image, 1001, 1, CHAR((ORD(SUBSTR(image, 1001, 1)) + 1) % 256))"
        " WHERE imageid = 100",
        # Columns are set one after the other there.
        "UPDATE users SET name = 'Administrator', surname = 'Zabbix' WHERE userid = 1",
    ),
}


def _corruptions_are_named(case: Case) -> None:
    with session(case.new.root) as root:
        for statement in CORRUPTIONS[case.engine]:
            assert root.do(statement) == 1
    for settle_s in (0, 1.0):
        said = case.compare(case.old, case.new, settle_s)
        found = {
            (
                one["table"].partition(".")[2],
                one["where"],
                str(next(iter(one["key"].values()))),
                *one["columns"],
            )
            for one in said["differences"]
        }
        assert found == {("images", "both", "100", "image"), ("users", "both", "1", "name", "surname")}
        assert said["difference_count"] == 2
        assert not said["identical"]


def test_it_moves_and_comes_back_without_losing_a_row(case: Case) -> None:
    old, new, moved = case.old, case.new, case.moved
    with session(old.application) as asked:
        keys = "SELECT COUNT(*) FROM information_schema.referential_constraints WHERE constraint_schema = %s"
        assert asked.value(keys, ["public" if case.engine == "postgresql" else NAME]) == FOREIGN_KEYS
        assert asked.value("SELECT COUNT(*) FROM images") == PICTURES
        asked.do(FIRST)
    before = old.shape()
    assert moved.objections() == []
    app = Application([old, new])
    with app.working():
        app.works_at(0)
        moved.copy(2, lambda progress: None)
        app.works_at(0, 70)
        _same(case.compare(old, new, sequences="ignored"))
        done = moved.cut_over(TERMS, FORWARD)
        app.works_at(1, 70)
        _same(case.compare(new, old, sequences="ignored"))
        back = moved.cut_over(TERMS, BACK)
        app.works_at(0)
        _same(case.compare(old, new, sequences="ignored"))
    for one in (done, back):
        assert one.refused_s is not None
        assert one.refused_s < 3
    assert app.removed
    case.settle(FORWARD)
    for place in (old, new):
        app.judge(place.root)
    # The witnesses are the engines' own programs.
    assert old.rows() == new.rows()
    moved.cut_over(TERMS, FORWARD)
    said = case.compare(old, new, settle_s=0)
    assert said["identical"]
    assert said["rows"] > 100_000
    assert moved.remove()
    old.unlock()
    assert old.shape() == before
    assert new.shape() == before
    _corruptions_are_named(case)
