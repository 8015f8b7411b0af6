# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts: who may write, who is locked out, and how they come to the new server with their passwords.

Hashes travel between the two servers and are told to nobody: an error says which account, never its
statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.side import (
    TARGET,
    Side,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import SqlError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

#: Rights with which no row can be changed.
_HARMLESS = (
    "USAGE", "SELECT", "SHOW VIEW", "SHOW DATABASES", "PROCESS", "RELOAD", "SHUTDOWN", "LOCK TABLES",
    "REFERENCES", "CREATE TEMPORARY TABLES", "REPLICATION SLAVE", "REPLICATION CLIENT", "BINLOG MONITOR",
    "SLAVE MONITOR", "REPLICA MONITOR",
)  # fmt: skip
#: From 10.11 on SUPER alone no longer writes while read_only is on (MariaDB's manual, 'read_only').
_SUPER_BYPASSED_UNTIL = (10, 11)
_SYSTEM = frozenset({"mariadb.sys", "mysql.sys", "mysql.session", "mysql.infoschema", "PUBLIC"})


@dataclass(frozen=True)
class Account:
    """One account, or a role (whose ``host`` is empty).

    :param bypass: writes although ``read_only`` is on.
    :param everywhere: has a right to write that is not bound to a database.
    """

    user: str
    host: str
    role: bool
    locked: bool
    writes: bool
    bypass: bool
    everywhere: bool

    @property
    def name(self) -> str:
        return self.user if self.role else f"'{self.user}'@'{self.host}'"


def quoted(side: Side, account: Account) -> str:
    if account.role:
        return side.sql.quote(account.user)
    return f"{side.sql.quote(account.user)}@{side.sql.quote(account.host)}"


def accounts(side: Side) -> list[Account]:
    """All that people and applications come by: not the server's own, not ours, not the migration's."""
    rows = side.sql.rows(
        "SELECT User, Host, COALESCE(JSON_VALUE(Priv, '$.is_role'), 0),"
        " COALESCE(JSON_VALUE(Priv, '$.account_locked'), 0) FROM mysql.global_priv"
    )
    everywhere = _grantees(
        side, "SELECT grantee FROM information_schema.user_privileges WHERE privilege_type NOT IN %s", []
    )
    bypass = ["READ_ONLY ADMIN", "READ ONLY ADMIN"]
    if side.version < _SUPER_BYPASSED_UNTIL:
        bypass.append("SUPER")
    bypassing = {
        str(row[0])
        for row in side.sql.rows(
            "SELECT DISTINCT grantee FROM information_schema.user_privileges WHERE privilege_type IN %s",
            [bypass],
        )
    }
    here = _writers_here(side)
    with_roles = {
        f"'{user}'@'{host}'" for user, host in side.sql.rows("SELECT User, Host FROM mysql.roles_mapping")
    }
    us = side.us
    found = []
    for user, host, role, locked in rows:
        if user in _SYSTEM or (user, host) == us or str(user).startswith(f"{side.names.prefix}_"):
            continue
        grantee = f"'{user}'@'{host}'"
        found.append(
            Account(
                str(user), str(host), role=str(role) == "1", locked=str(locked) == "1",
                # Which rights a role brings is not followed up: whoever has one may write.
                writes=grantee in everywhere or grantee in here or grantee in with_roles,
                bypass=grantee in bypassing or grantee in with_roles,
                everywhere=grantee in everywhere,
            )
        )  # fmt: skip
    return found


def writers(side: Side) -> list[Account]:
    """Accounts that applications could write by, now or once they are unlocked.

    At the source these are all that may write at all, its root included: a cron job as root is an
    application, too. At the target its own administrators are left out; they were there before.
    """
    able = [account for account in accounts(side) if account.writes and not account.role]
    if side.role != TARGET:
        return able
    carried = side.kept("carried")
    return [account for account in able if account.name in carried or not account.everywhere]


def _writers_here(side: Side) -> set[str]:
    """Who has a right to write in our databases, or in a part of one."""
    # A grant's database may be a pattern; _ and % in it, and how they are escaped, are LIKE's.
    matches = " OR ".join(["%s LIKE table_schema"] * len(side.databases))
    found = set()
    for view in ("schema_privileges", "table_privileges", "column_privileges"):
        query = (
            f"SELECT grantee FROM information_schema.{view} WHERE privilege_type NOT IN %s AND ({matches})"
        )
        found |= _grantees(side, query, side.databases)
    routines = side.sql.rows("SELECT User, Host FROM mysql.procs_priv WHERE Db IN %s", [side.databases])
    return found | {f"'{user}'@'{host}'" for user, host in routines}


def _grantees(side: Side, query: str, values: Iterable[Any]) -> set[str]:
    return {str(row[0]) for row in side.sql.rows(query, [_HARMLESS, *values])}


def lock(side: Side, account: Account) -> None:
    side.keep("locked", account.name, "open")
    side.sql.do(f"ALTER USER {quoted(side, account)} ACCOUNT LOCK")


def unlock(side: Side) -> None:
    """Those that we have locked, and no others."""
    kept = side.kept("locked")
    for account in accounts(side):
        if account.name in kept and account.locked:
            side.sql.do(f"ALTER USER {quoted(side, account)} ACCOUNT UNLOCK")
    for name in kept:
        side.forget("locked", name)


def carried_over(source: Side, target: Side) -> list[Account]:
    """What is carried: all of the source's accounts but its root, and those that the target had before."""
    before = {account.name for account in accounts(target)} - set(target.kept("carried"))
    ours = {f"'{target.us[0]}'@'{target.us[1]}'"}
    return [
        account
        for account in accounts(source)
        if account.user not in ("root", "mysql", "") and account.name not in before | ours
    ]


def carry(source: Side, target: Side, locked_before: Iterable[str] = ()) -> list[str]:
    """Make the source's accounts at the target, locked, with hashes and rights; what could not be, by name.

    Done again it makes them anew: what was changed at the source since comes along, for accounts do not flow.

    :param locked_before: those that are locked at the source because we did it.
    """
    problems = []
    chosen = carried_over(source, target)
    were_locked = set(locked_before)
    for account in sorted(chosen, key=lambda one: not one.role):
        target.keep("carried", account.name, "")
        try:
            _make(source, target, account)
        except SqlError as error:
            problems.append(f"account {account.name}: the target does not take it (error {error.code})")
            continue
        if not account.role and (not account.locked or account.name in were_locked):
            target.keep("locked", account.name, "open")
    for account in chosen:
        problems.extend(_grant(source, target, account))
    return problems


def _make(source: Side, target: Side, account: Account) -> None:
    name = quoted(source, account)
    if account.role:
        target.sql.do(f"CREATE ROLE IF NOT EXISTS {name}")
        return
    statement = str(source.sql.value(f"SHOW CREATE USER {name}"))
    statement = re.sub(r" ACCOUNT (UN)?LOCK\b", "", statement)
    # One statement: there is no moment at which it is open.
    target.sql.do(statement.replace("CREATE USER", "CREATE OR REPLACE USER", 1) + " ACCOUNT LOCK")


def _grant(source: Side, target: Side, account: Account) -> list[str]:
    problems = []
    for row in source.sql.rows(f"SHOW GRANTS FOR {quoted(source, account)}"):
        # The hash came with the account.
        statement = re.sub(r" IDENTIFIED (BY PASSWORD '[^']*'|VIA .*?(?= REQUIRE| WITH|$))", "", str(row[0]))
        try:
            target.sql.do(statement)
        except SqlError as error:
            what = re.sub(r"^GRANT (.*) TO .*$", r"\1", statement)
            problems.append(
                f"account {account.name}: {what} is not granted at the target (error {error.code})"
            )
    return problems


def absent_plugins(source: Side, target: Side) -> list[str]:
    """Accounts that prove who they are by what the target has not."""
    there = {
        str(row[0])
        for row in target.sql.rows(
            "SELECT plugin_name FROM information_schema.plugins WHERE plugin_status = 'ACTIVE'"
            " AND plugin_type = 'AUTHENTICATION'"
        )
    }
    rows = source.sql.rows(
        "SELECT User, Host, COALESCE(JSON_VALUE(Priv, '$.plugin'), '') FROM mysql.global_priv"
    )
    carried = {account.name for account in carried_over(source, target)}
    return [
        f"account '{user}'@'{host}' comes by {plugin}, which the target has not loaded"
        for user, host, plugin in rows
        if plugin and plugin not in there and f"'{user}'@'{host}'" in carried
    ]


def required(side: Side) -> None:
    """Whether our own account may do what will be done.

    :raises DatacenterError: with what it lacks, by name.
    """
    # Not the session of ours: to open that one takes such rights.
    with side.logged() as opened:
        user, host = str(opened.value("SELECT CURRENT_USER()")).rsplit("@", 1)
        rows = opened.rows(
            "SELECT privilege_type, is_grantable FROM information_schema.user_privileges WHERE grantee = %s",
            [f"'{user}'@'{host}'"],
        )
    has = {str(row[0]).replace("_", " ") for row in rows}
    lacks = sorted({
        "SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "RELOAD", "PROCESS",
        "CREATE USER", "EVENT", "TRIGGER", "SHOW VIEW", "LOCK TABLES", "SUPER", "REPLICATION SLAVE",
        "SET USER", "CONNECTION ADMIN", "READ ONLY ADMIN", "REPLICATION SLAVE ADMIN", "BINLOG ADMIN",
        "BINLOG MONITOR",
    } - has)  # fmt: skip
    if lacks or not any(row[1] == "YES" for row in rows):
        raise DatacenterError(
            "our account lacks rights",
            device=side.name,
            cause=f"'{user}'@'{host}' has not: {', '.join(lacks) or 'GRANT OPTION'}",
            next_step="GRANT ALL PRIVILEGES ON *.* TO it WITH GRANT OPTION, until the end",
        )
