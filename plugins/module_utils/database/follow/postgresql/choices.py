# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the one who moves a database has decided about what replication does not carry."""

from __future__ import annotations

from dataclasses import dataclass

#: What is taken as it is when it is accepted by name.
UNLOGGED, CHANGES, TRIGGERS = "unlogged_tables", "schema_changes", "replica_triggers"
NO_WAY_BACK = "no_way_back"
#: The choice of offline moves (see follow/offline.py) stands in the same list.
ACCEPTED = (UNLOGGED, CHANGES, TRIGGERS, NO_WAY_BACK, "rows_at_target")
REFUSE, RECOPY, FULL = "refuse", "recopy", "full"


@dataclass(frozen=True)
class Choices:
    """
    :param keyless: tables without a key: ``refuse``, or ``full``: a change names its row by all columns.
    :param large_objects: that changed since they were copied: ``refuse`` the cutover, or ``recopy`` them in
        it.
    :param accept: some of :data:`ACCEPTED`.
    :param wal_keep: limit of what a slot may hold back, set where the server has none ('20GB').
    :param lock: superusers' roles that cannot log in while a side is closed.
    :param trust: superusers' roles, or kinds of background workers, that may stay: they do not write.
    :param programs: directory of the target's pg_dump, pg_restore and psql.
    """

    keyless: str = REFUSE
    large_objects: str = REFUSE
    accept: tuple[str, ...] = ()
    wal_keep: str | None = None
    lock: tuple[str, ...] = ()
    trust: tuple[str, ...] = ()
    programs: str | None = None
