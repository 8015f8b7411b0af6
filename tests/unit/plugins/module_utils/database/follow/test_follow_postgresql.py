# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a PostgreSQL move needs no server."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.call import Log, migration
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql import (
    catalog,
    rows,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused


class Tables:
    """In the place of a source: its tables with their sizes in blocks."""

    names = Names("m")

    def __init__(self, version: int, **blocks: int) -> None:
        self.version, self.blocks = version, blocks

    def rows(self, sql: str, values: Sequence[Any], answer_s: float) -> list[tuple[Any, ...]]:
        return [
            ("public", name, size * 8192, size * 8192, 8192, "", ["id", "v"])
            for name, size in self.blocks.items()
        ]


def test_parts_of_a_large_table_leave_no_block_out() -> None:
    batches = rows.parts(Tables(14, large=300_000), jobs=4)  # type: ignore[arg-type]
    found = [part.where or "" for [part] in batches]
    edges = sorted(tuple(map(int, re.findall(r"\((\d+),0\)", where))) for where in found)
    assert len(edges) > 1
    assert edges[0][0] == 0
    # The last has no end: a table grows.
    assert [len(edge) for edge in edges] == [2] * (len(edges) - 1) + [1]
    assert all(one[1] == following[0] for one, following in zip(edges, edges[1:], strict=False))


def test_an_old_source_reads_a_large_table_once() -> None:
    [[part]] = rows.parts(Tables(13, large=300_000), jobs=4)  # type: ignore[arg-type]
    assert part.where is None


def test_small_tables_go_together_and_none_is_left_out() -> None:
    small = {f"t{number}": 10 for number in range(250)}
    batches = rows.parts(Tables(15, **small), jobs=4)  # type: ignore[arg-type]
    assert [len(batch) for batch in batches] == [100, 100, 50]
    assert {part.table for batch in batches for part in batch} == {f'"public"."{name}"' for name in small}


def test_a_script_that_is_cut_off_does_not_commit() -> None:
    text = rows.load([rows.Part('"a"."it\'s"', ("x",), 1)], "0-1").script
    lines = text.splitlines()
    assert lines[-1] == "\\echo 'COMMIT;'"
    assert text.count("COMMIT") == 1
    assert '\\echo \'COPY "a"."it\'\'s" ("x") FROM stdin WITH (FREEZE);\'' in lines


def test_schema_changes_are_told_by_name() -> None:
    before = {"table a": "1", "index b": "2", "view c": "3"}
    assert catalog.changed(before, {"table a": "1", "index b": "9", "view d": "4"}) == [
        "index b was changed",
        "view c is gone",
        "view d is new",
    ]


@pytest.mark.parametrize("called", ["", "Shop", "a-b", "1a", "a" * 33, 'a"; DROP'])
def test_a_name_that_servers_would_not_take_is_refused(called: str) -> None:
    with (
        pytest.raises(Refused, match="called"),
        migration({"engine": "postgresql", "migration": called}, Log(None)),
    ):
        pass


def test_a_database_has_to_be_named() -> None:
    given = {"engine": "postgresql", "migration": "m", "source": {"host": "h", "user": "u"}}
    with pytest.raises(Refused, match="which database"), migration(given, Log(None)):
        pass
