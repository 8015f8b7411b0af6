# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows and large objects are loaded whole, or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
from servers import postgres

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql import rows
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.programs import (  # noqa: E501
    programs,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.side import (
    SOURCE,
    TARGET,
    Side,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

#: One without pages, one with a hole, one with pages that are not full in its middle, and many pages.
OBJECTS = """
SELECT lo_create(1);
SELECT lo_create(2); SELECT lo_put(2, 100000, 'behind a hole');
SELECT lo_create(3); SELECT lo_put(3, 0, 'short'); SELECT lo_put(3, 5000, 'and on');
SELECT lo_from_bytea(4, decode(string_agg(md5(i::text), ''), 'hex')) FROM generate_series(1, 20000) i;
"""
WHAT_IS_THERE = "SELECT oid, md5(lo_get(oid)) FROM pg_largeobject_metadata ORDER BY 1"


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Side, Side]]:
    with postgres("old") as old, postgres("new") as new:
        made = [
            Side(word, one.server("postgres"), Names("r")) for word, one in ((SOURCE, old), (TARGET, new))
        ]
        with contextlib.closing(made[0]), contextlib.closing(made[1]):
            yield made[0], made[1]


@pytest.fixture
def sides(servers: tuple[Side, Side]) -> tuple[Side, Side]:
    """Both without large objects."""
    for side in servers:
        side.do("SELECT lo_unlink(oid) FROM pg_largeobject_metadata")
    return servers


@contextlib.contextmanager
def pump(sides: tuple[Side, Side]) -> Iterator[tuple[rows.Pump, str]]:
    """It, and a snapshot of the source."""
    source, target = sides
    with session(source.server) as held, programs(target.version, None, "r") as made:
        held.do("BEGIN ISOLATION LEVEL REPEATABLE READ")
        yield rows.Pump(made, source, target), held.value("SELECT pg_export_snapshot()")


def silent(done: int) -> None:
    """Nobody asks."""


def test_large_objects_arrive_as_they_are(sides: tuple[Side, Side], monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = sides
    source.do(OBJECTS)
    monkeypatch.setattr(rows, "_BATCH_BYTES", 100 * 2048)
    with pump(sides) as (pumped, snapshot):
        batches = rows.blob_batches(source)
        source.do("SELECT lo_put(4, 0, 'after the snapshot'); SELECT lo_create(5)")
        pumped.run([rows.load_blobs(batch, snapshot) for batch in batches], 2, silent)
    assert batches == [[1, 2, 3], [4]]
    assert target.rows(WHAT_IS_THERE) != source.rows(WHAT_IS_THERE)
    source.do("SELECT lo_unlink(5); SELECT lo_unlink(4);")
    source.do(OBJECTS.splitlines()[-1])
    assert target.rows(WHAT_IS_THERE) == source.rows(WHAT_IS_THERE)


def test_pages_that_did_not_come_are_missed(sides: tuple[Side, Side]) -> None:
    """A server takes a binary stream that was cut off at a row for a whole one."""
    source, target = sides
    source.do(OBJECTS)
    with pump(sides) as (pumped, snapshot):
        whole = rows.load_blobs([1, 2, 3, 4], snapshot)
        assert whole.pages
        cut = replace(whole, pages=whole.pages.replace(") TO STDOUT", " LIMIT 50) TO STDOUT"))
        with pytest.raises(DatacenterError, match="pages of large objects are missing") as told:
            pumped.run([cut], 1, silent)
    assert "loading rows" in str(told.value)
    assert target.rows(WHAT_IS_THERE) == []


@pytest.mark.parametrize("wrong", ["script", "pages"])
def test_a_reader_that_ends_is_told_as_the_cause(sides: tuple[Side, Side], wrong: str) -> None:
    source, target = sides
    source.do(OBJECTS)
    with pump(sides) as (pumped, snapshot):
        whole = rows.load_blobs([1, 2, 3, 4], snapshot)
        said = str(getattr(whole, wrong)).replace("FROM pg_largeobject WHERE", "FROM gone WHERE")
        with pytest.raises(DatacenterError, match='reading rows failed.*"gone" does not exist'):
            pumped.run([replace(whole, **{wrong: said})], 1, silent)
    assert target.rows(WHAT_IS_THERE) == []


def test_what_the_target_does_not_take_is_told_as_the_cause(sides: tuple[Side, Side]) -> None:
    """Its readers end with it, and have nothing to say."""
    source, target = sides
    source.do(
        "CREATE TABLE public.t AS SELECT i AS a, repeat('x', 500) AS b FROM generate_series(1, 20000) AS i"
    )
    target.do("CREATE TABLE public.t (a int CHECK (a < 1000), b text)")
    with pump(sides) as (pumped, snapshot):
        loads = [rows.load(batch, snapshot) for batch in rows.parts(source, 1)]
        with pytest.raises(DatacenterError, match="loading rows failed.*t_a_check"):
            pumped.run(loads, 1, silent)
    assert target.rows("SELECT a FROM public.t") == []
