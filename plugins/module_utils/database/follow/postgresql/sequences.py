# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sequences: their values do not flow with the rows."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.side import (
    Side,
    literal,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.postgresql import quoted

_ALL = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'S' AND n.nspname NOT LIKE 'pg\\_%%' AND n.nspname <> %s AND c.relpersistence <> 't'
 ORDER BY 1, 2
"""
#: Of so many in one statement.
_AT_ONCE = 500


def carry(begin: Side, end: Side) -> int:
    """Set all of them at one side as they stand at the other; how many."""
    found = [(str(row[0]), str(row[1])) for row in begin.rows(_ALL, [begin.names.prefix])]
    for first in range(0, len(found), _AT_ONCE):
        _carry(begin, end, found[first : first + _AT_ONCE])
    return len(found)


def _carry(begin: Side, end: Side, names: Sequence[tuple[str, str]]) -> None:
    values = begin.rows(
        " UNION ALL ".join(
            f"SELECT {literal(quoted(*name))}, last_value, is_called FROM {quoted(*name)}" for name in names
        )
    )
    end.do(
        "SELECT setval(name::regclass, value, called) FROM (VALUES "
        + ", ".join(
            f"({literal(str(name))}, {int(value)}::bigint, {bool(called)})" for name, value, called in values
        )
        + ") AS wanted (name, value, called)"
    )
