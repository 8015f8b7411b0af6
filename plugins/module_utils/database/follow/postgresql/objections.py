# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a PostgreSQL database cannot be moved as it is, each with what to do about it. Read, never changed."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.choices import (
    FULL,
    TRIGGERS,
    UNLOGGED,
    Choices,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.side import (
    Side,
    literal,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.postgresql import quoted
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import SqlError

_OURS_NOT = r"n.nspname NOT LIKE 'pg\_%%' AND n.nspname NOT IN ('information_schema', %s)"
#: 'd' is the primary key, 'i' an index that may have been dropped, 'n' nothing, 'f' all columns.
_KEYLESS = rf"""
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND {_OURS_NOT} AND NOT (
       c.relreplident = 'f'
       OR c.relreplident = 'd' AND EXISTS (
          SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indimmediate)
       OR c.relreplident = 'i' AND EXISTS (
          SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident))
 ORDER BY 1
"""
_UNLOGGED = rf"""
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND c.relpersistence = 'u' AND {_OURS_NOT} ORDER BY 1
"""
_REPLICA_TRIGGERS = rf"""
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) || '.' || quote_ident(t.tgname)
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT t.tgisinternal AND t.tgenabled IN ('A', 'R') AND {_OURS_NOT} ORDER BY 1
"""
_PREPARED = """
SELECT quote_literal(gid) || ' of ' || owner || ' since ' || prepared FROM pg_prepared_xacts
 WHERE database = current_database() ORDER BY 1
"""
_SUBSCRIBED = """
SELECT subname FROM pg_subscription WHERE subenabled AND subname NOT LIKE %s
   AND subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1
"""
_FOREIGN_OBJECTS = r"""
SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_depend e ON e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e'
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND e.objid IS NULL AND n.nspname <> 'information_schema'
   AND n.nspname NOT LIKE 'pg\_%' ORDER BY 1 LIMIT 5
"""


def keyless(side: Side) -> list[str]:
    """Tables whose changes cannot name the row that they are of."""
    return side.names_of(_KEYLESS, [side.names.prefix])


def prepared(side: Side) -> list[str]:
    """Transactions that are neither done nor undone, and may be committed by anybody later."""
    return [
        f"{side.device}: a prepared transaction ({one}): commit it or roll it back"
        for one in side.names_of(_PREPARED)
    ]


def locale(source: Side, target: Side) -> list[str]:
    """Whether the target can make a database that sorts as the source's: tried, and undone."""
    collate, ctype = source.rows(
        "SELECT datcollate, datctype FROM pg_database WHERE datname = current_database()"
    )[0]
    target.do("BEGIN")
    try:
        target.do(
            f"CREATE COLLATION pg_temp.probe (LC_COLLATE = {literal(collate)}, LC_CTYPE = {literal(ctype)})"
        )
    except SqlError as error:
        return [
            f"{target.device}: it does not know the source's locale {collate} ({error.cause}): generate "
            "it there (locale-gen) and restart the server"
        ]
    finally:
        target.do("ROLLBACK")
    return []


def find(
    source: Side, target: Side, choices: Choices, unfinished: bool, replicates: bool = True
) -> list[str]:
    """All of them at once.

    :param unfinished: the target's database is what a broken copy of ours left.
    :param replicates: changes shall flow; else it is a copy alone.
    """
    found = _rights(source) + _rights(target)
    if found:
        return found
    found += locale(source, target)
    if replicates:
        found += _room(source) + _room(target) + _source(source, choices)
    found += prepared(source)
    return found + _target(source, target, unfinished)


def _rights(side: Side) -> list[str]:
    if side.value("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        return []
    return [
        f"{side.device}: {side.server.user} is no superuser, and cannot publish all tables, carry passwords' "
        "hashes or end sessions: give the migration an account that is one"
    ]


def _room(side: Side) -> list[str]:
    """For a slot and a sender of one direction, and the workers of the other."""
    setting: Callable[[str], int] = lambda name: int(side.value("SELECT current_setting(%s)", [name]))  # noqa: E731
    found = []
    if side.value("SHOW wal_level") != "logical":
        found.append(
            f"{side.device}: wal_level is {side.value('SHOW wal_level')}: set it to logical and restart it, "
            "or move offline (path)"
        )
    mine = f"{side.names.prefix}_%"
    slots = int(side.value("SELECT count(*) FROM pg_replication_slots WHERE slot_name NOT LIKE %s", [mine]))
    if slots >= setting("max_replication_slots"):
        found.append(f"{side.device}: all {slots} replication slots are in use: raise max_replication_slots")
    senders = int(side.value("SELECT count(*) FROM pg_stat_replication"))
    # One for the snapshot, or for the road: never both.
    if senders >= setting("max_wal_senders") and not side.value(
        "SELECT 1 FROM pg_replication_slots WHERE slot_name LIKE %s AND active", [mine]
    ):
        found.append(f"{side.device}: all {senders} WAL senders are in use: raise max_wal_senders")
    workers = int(
        side.value("SELECT count(*) FROM pg_subscription WHERE subenabled AND subname NOT LIKE %s", [mine])
    )
    if workers >= min(setting("max_logical_replication_workers"), setting("max_worker_processes") - 1):
        found.append(
            f"{side.device}: no worker is free to apply changes: raise max_logical_replication_workers and "
            "max_worker_processes"
        )
    return found


def _source(side: Side, choices: Choices) -> list[str]:
    found = []
    if choices.keyless != FULL:
        found += [
            f"{side.device}: {table} has no primary key, so that changes of its rows cannot flow: give it "
            "one, or move it with keyless: full (each change then searches its row by all columns)"
            for table in keyless(side)
        ]
    if UNLOGGED not in choices.accept:
        found += [
            f"{side.device}: {table} is unlogged, so that its changes do not flow: ALTER TABLE ... SET "
            f"LOGGED, or accept {UNLOGGED} (it keeps the rows of the first copy)"
            for table in side.names_of(_UNLOGGED, [side.names.prefix])
        ]
    if TRIGGERS not in choices.accept:
        found += [
            f"{side.device}: the trigger {trigger} fires for replicated rows as well, so that its effect "
            f"would be there twice: ALTER TABLE ... ENABLE TRIGGER, or accept {TRIGGERS}"
            for trigger in side.names_of(_REPLICA_TRIGGERS, [side.names.prefix])
        ]
    found += [
        f"{side.device}: the subscription {name} writes into this database: disable it, or move it on first"
        for name in side.names_of(_SUBSCRIBED, [f"{side.names.prefix}_%"])
    ]
    if choices.wal_keep is None and side.value("SHOW max_slot_wal_keep_size") == "-1":
        found.append(
            f"{side.device}: max_slot_wal_keep_size is not set, so that a dead target would fill this "
            "server's disk: set it, or give wal_keep"
        )
    return found


def _target(source: Side, target: Side, unfinished: bool) -> list[str]:
    found = []
    if target.version < source.version:
        found.append(
            f"{target.device}: it is PostgreSQL {target.version}, older than {source.version} of the source: "
            "take a newer one"
        )
    available = set(target.names_of("SELECT name FROM pg_available_extensions"))
    found += [
        f"{target.device}: it lacks the extension {name}: install the package that has it"
        for name in source.names_of("SELECT extname FROM pg_extension ORDER BY 1")
        if name not in available
    ]
    encoding = [side.value("SHOW server_encoding") for side in (source, target)]
    if encoding[0] != encoding[1] and encoding[1] != "UTF8":
        found.append(
            f"{target.device}: its encoding is {encoding[1]}, the source's {encoding[0]}: make it with UTF8"
        )
    if not unfinished:
        there = target.names_of(_FOREIGN_OBJECTS)
        there += [
            f"large object {one}"
            for one in target.names_of("SELECT oid FROM pg_largeobject_metadata LIMIT 3")
        ]
        if there:
            found.append(
                f"{target.device}: the database {quoted(target.database)} is not empty ({', '.join(there)}): "
                "name another, or drop it"
            )
    return found
