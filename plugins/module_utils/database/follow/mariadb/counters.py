# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counters at the new side are at least where they were at the old one.

Rows bring a counter along, but not what was given out and never stored: a number that a client has seen is
not given a second time.
"""

from __future__ import annotations

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.side import Side

Name = tuple[str, str]


def raise_counters(old: Side, new: Side) -> list[str]:
    """Set those that are behind; which, by name."""
    raised = []
    there = _auto_increments(new)
    for table, value in _auto_increments(old).items():
        if value > there.get(table, value):
            new.sql.do(f"ALTER TABLE {new.sql.quote(*table)} AUTO_INCREMENT = {value}")
            raised.append(".".join(table))
    for sequence in _sequences(old):
        if _raise_sequence(old, new, sequence):
            raised.append(".".join(sequence))
    return raised


def _auto_increments(side: Side) -> dict[Name, int]:
    rows = side.sql.rows(
        "SELECT table_schema, table_name, auto_increment FROM information_schema.tables"
        " WHERE table_schema IN %s AND auto_increment IS NOT NULL",
        [side.databases],
    )
    return {(str(a), str(b)): int(c) for a, b, c in rows}


def _sequences(side: Side) -> list[Name]:
    rows = side.sql.rows(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema IN %s"
        " AND table_type = 'SEQUENCE'",
        [side.databases],
    )
    return [(str(a), str(b)) for a, b in rows]


def _raise_sequence(old: Side, new: Side, sequence: Name) -> bool:
    name = old.sql.quote(*sequence)
    query = f"SELECT next_not_cached_value, increment, cycle_count FROM {name}"
    (value, step, rounds), (there, _step, rounds_there) = old.sql.rows(query)[0], new.sql.rows(query)[0]
    behind = there > value if step < 0 else there < value
    if (rounds_there, behind) == (rounds, False) or rounds_there > rounds:
        return False
    new.sql.rows(f"SELECT SETVAL({name}, {value}, 0, {rounds})")
    return True
