# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of a PostgreSQL move that two servers on one machine do not have: another C library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql import remarks


class Sorting:
    """A server whose texts are sorted by a release of glibc."""

    def __init__(self, device: str, glibc: str | None, collate: str = "zh_CN.UTF-8", *parted: str) -> None:
        self.device, self.glibc, self.collate, self.parted = device, glibc, collate, list(parted)
        self.said: list[str] = []

    def value(self, sql: str, values: Sequence[Any] = ()) -> Any:
        return self.glibc if "actual_version" in sql else self.collate

    def names_of(self, sql: str, values: Sequence[Any] = ()) -> list[str]:
        return self.parted

    def do(self, sql: str, values: Sequence[Any] = ()) -> None:
        self.said.append(sql)


def told(old: Sorting, new: Sorting) -> str:
    return "\n".join(remarks._order(old, new))  # type: ignore[arg-type]


def test_another_glibc_is_told_with_the_tables_whose_rows_may_belong_elsewhere() -> None:
    new = Sorting("new", "2.36")
    said = told(Sorting("old", "2.31", "zh_CN.UTF-8", "public.by_place"), new)
    assert "glibc 2.31 at old and 2.36 at new" in said
    assert "public.by_place" in said
    # It was tried with a collation of the session's own, and undone.
    assert new.said[0] == "BEGIN"
    assert new.said[-1] == "ROLLBACK"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (Sorting("old", "2.36"), Sorting("new", "2.36")),
        (Sorting("old", "2.31", "C.UTF-8"), Sorting("new", "2.36")),
        (Sorting("old", None), Sorting("new", "2.36")),
    ],
    ids=["the same", "no order of a language", "not known"],
)
def test_where_nothing_is_sorted_otherwise_nothing_is_told(old: Sorting, new: Sorting) -> None:
    assert told(old, new) == ""
