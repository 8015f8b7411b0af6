# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reads which rows of a MariaDB database."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.copying import (
    Reader,
    Table,
    shares,
)

MB = 1 << 20


class Source:
    """Every table has an integer key from 1 to 1000."""

    @property
    def sql(self) -> Source:
        return self

    def quote(self, *names: str) -> str:
        return ".".join(f"`{name}`" for name in names)

    def rows(self, query: str, values: Any = None) -> list[tuple[Any, ...]]:
        return [(1, 1000)] if "MIN(" in query else [("id",)]


def shared(jobs: int, **sizes: int) -> list[Reader]:
    found = [Table("d", name, size * MB, True) for name, size in sizes.items()]
    return shares(Source(), found, jobs)  # type: ignore[arg-type]


def parts(readers: list[Reader]) -> list[str | None]:
    return [reader.where for reader in readers if reader.where]


def test_a_table_of_nearly_one_share_is_read_by_several() -> None:
    """Else its keys are made when all others have ended."""
    readers = shared(2, large=612, a=200, b=200, c=213)
    assert parts(readers) == ["`id` < 500", "`id` >= 500"]
    whole = sorted(table.name for reader in readers if not reader.where for table in reader.tables)
    assert whole == ["a", "b", "c"]


@pytest.mark.parametrize(("jobs", "size", "count"), [(4, 1000, 4), (4, 300, 2), (4, 100, 0), (1, 1000, 0)])
def test_it_is_read_by_as_many_as_its_size_is_worth(jobs: int, size: int, count: int) -> None:
    rest = {f"t{number}": (1600 - size) // 40 for number in range(40)}
    assert len(parts(shared(jobs, large=size, **rest))) == count
    assert len(shared(jobs, large=size, **rest)) == jobs + count
