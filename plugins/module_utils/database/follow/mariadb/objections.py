# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a MariaDB database cannot move as it stands, and what will be different: all by name, all at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb import way as ways
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.accounts import (
    absent_plugins,
    accounts,
    carried_over,
    required,
    writers,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.copying import (
    tables,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.floats import (
    without_key,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.side import Side
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.way import Line
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import PLAIN
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Unreachable

#: A binary log that is kept for less may be gone before the copy is whole.
_LOGS_KEPT_S = 2 * 86400
#: Settings by which the same statement does something else.
_MEANING = (
    "sql_mode", "time_zone", "system_time_zone", "character_set_server", "collation_server",
    "explicit_defaults_for_timestamp", "group_concat_max_len", "innodb_strict_mode",
    "div_precision_increment", "default_week_format", "event_scheduler", "log_bin_trust_function_creators",
    "character_set_collations", "max_connections", "wait_timeout",
)  # fmt: skip
#: Names that are told one by one; of more only the number.
_NAMED = 8


def objections(forward: Line, back: Line, hold_for_tables: bool, replicates: bool = True) -> list[str]:
    """What must be mended before a migration can begin.

    :param replicates: changes shall flow; else it is a copy alone.
    """
    source, target = forward.leader, forward.follower
    found = _rights(source, target)
    if found:
        # Without rights the other answers would be those of an empty server.
        return found
    if replicates:
        for check in (
            _logs(source), _logs(target), _numbers(source, target), _domains(forward), _filters(source),
        ):  # fmt: skip
            found += check
    found += _names(source, target)
    found += _contents(source, hold_for_tables)
    found += without_key(source)
    found += _place(source, target)
    found += absent_plugins(source, target)
    if replicates:
        found += _lines(forward, back)
    return found


def remarks(source: Side, target: Side) -> list[str]:
    """What does not hinder, and whoever decides should know."""
    if _rights(source, target):
        # An objection says so; without them the answers would be those of an empty server.
        return []
    return [*_slow(source), *_settings(source, target), *_definers(source), *_who_else(source, target)]


def _rights(*sides: Side) -> list[str]:
    """:raises Unreachable: a server that does not answer says nothing about rights."""
    found: list[str] = []
    for side in sides:
        try:
            required(side)
        except Unreachable:
            raise
        except DatacenterError as error:
            found.append(str(error))
    return found


def _told(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _logs(side: Side) -> Iterator[str]:
    if side.variable("log_bin") != "ON":
        yield (
            f"{side.name} writes no binary log: set log_bin in its configuration and restart it, or move"
            " offline (path)"
        )
    if side.variable("binlog_format") != "ROW":
        yield (
            f"{side.name} has binlog_format {side.variable('binlog_format')}: SET GLOBAL"
            " binlog_format = 'ROW'"
            " and in its configuration, then have its applications connect anew"
        )
    if side.variable("binlog_row_image") != "FULL":
        yield f"{side.name} logs parts of rows: SET GLOBAL binlog_row_image = 'FULL'"
    kept = side.variable("binlog_expire_logs_seconds") or "0"
    days = side.variable("expire_logs_days") or "0"
    seconds = float(kept) or float(days) * 86400
    if 0 < seconds < _LOGS_KEPT_S:
        yield (
            f"{side.name} keeps its binary logs for {seconds / 3600:.0f} h: SET GLOBAL"
            " expire_logs_days = 7 until"
            " the migration is done"
        )
    if side.variable("binlog_do_db") or side.variable("binlog_ignore_db"):
        yield f"{side.name} logs some databases only (binlog_do_db, binlog_ignore_db): take that out"


def _numbers(source: Side, target: Side) -> Iterator[str]:
    for name, example in (("server_id", "server_id"), ("gtid_domain_id", "gtid_domain_id")):
        if source.variable(name) == target.variable(name):
            yield (
                f"both servers have {name} {source.variable(name)}: give {target.name} another one, in its"
                f" configuration and by SET GLOBAL {example}"
            )
    if target.variable("log_slave_updates") != "ON":
        yield (
            f"{target.name} would not log what comes from the source: set log_slave_updates there, and"
            " restart it"
        )
    follows = [str(row[0]) for row in source.sql.rows("SHOW ALL SLAVES STATUS")]
    if follows and not source.has_ours:
        yield (
            f"{source.name} is itself a replica, by the connection '{_told(follows)}': move its primary, or"
            " end its following (STOP SLAVE, then RESET SLAVE ALL, each with that name)"
        )


def _domains(forward: Line) -> Iterator[str]:
    source, target = forward.leader, forward.follower
    position = str(source.sql.value("SELECT @@GLOBAL.gtid_binlog_pos") or "")
    # What it writes from now on, and what its binary logs have had in them.
    written = f"{source.variable('gtid_domain_id')}-0-0,{position}"
    shared, others = ways.disputed(forward, written)
    for domain in dict.fromkeys(shared):
        yield (
            f"{target.name} follows another server in the GTID domain {domain} ({_told(others)}): SET GLOBAL"
            f" gtid_domain_id to a number of its own at {source.name}, have its applications connect anew,"
            " and once its old binary logs are purged there"
            f" FLUSH BINARY LOGS DELETE_DOMAIN_ID=({domain})"
        )


def _names(source: Side, target: Side) -> Iterator[str]:
    for name in ("lower_case_table_names", "innodb_page_size"):
        if source.variable(name) != target.variable(name):
            yield (
                f"{name} is {source.variable(name)} at {source.name} and {target.variable(name)}"
                f" at {target.name}:"
                " it is chosen when a server is first set up; make the target anew"
            )
    if int(target.variable("max_allowed_packet")) < int(source.variable("max_allowed_packet")):
        yield f"max_allowed_packet of {target.name} is smaller: rows of {source.name} may not pass; raise it"


def _filters(source: Side) -> Iterator[str]:
    for database in source.databases:
        if "," in database or "." in database:
            yield (
                f"the database {database} has a dot or a comma in its name, which replication filters"
                " cannot say"
            )


def _contents(source: Side, hold_for_tables: bool) -> Iterator[str]:
    there = {str(row[0]) for row in source.sql.rows("SELECT schema_name FROM information_schema.schemata")}
    for database in source.databases:
        if database not in there:
            yield f"{source.name} has no database {database}"
    plain = [table.key for table in tables(source) if not table.transactional]
    if plain and not hold_for_tables:
        yield (
            f"tables without transactions: {_told(plain)}. ALTER TABLE ... ENGINE = InnoDB at the"
            " source, or let its"
            " writers wait while these are copied (hold_for_tables)"
        )
    kinds = source.sql.rows(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema IN %s"
        " AND table_type = 'SYSTEM VERSIONED'",
        [source.databases],
    )
    if kinds:
        yield (
            "tables with a history of their own, which a dump leaves behind:"
            f" {_told([f'{a}.{b}' for a, b in kinds])}. Copy the history to a table of its"
            " own, then ALTER TABLE ... DROP SYSTEM VERSIONING (which forgets it); or move these databases by"
            " mariadb-dump --dump-history"
        )
    for row in source.sql.rows("XA RECOVER FORMAT='SQL'"):
        yield (
            f"{source.name} has a prepared XA transaction {row[3]}: have it committed or rolled"
            f" back (XA COMMIT or XA ROLLBACK {row[3]})"
        )


def _place(source: Side, target: Side) -> Iterator[str]:
    ours = target.kept("schema")
    for database in target.filled:
        if database not in ours:
            yield f"{target.name} has a database {database} that is not empty: see whose it is, and remove it"
    if (
        target.sql.rows("SELECT 1 FROM information_schema.processlist WHERE command = 'Binlog Dump'")
        and not ours
    ):
        yield f"{target.name} has replicas, which the copy does not reach: make them after it"


def _lines(forward: Line, back: Line) -> Iterator[str]:
    for line in (forward, back):
        address = line.leader_address
        if address.tls != PLAIN:
            if line.leader.variable("have_ssl") != "YES":
                yield (
                    f"{line.leader.name} speaks no TLS: give it a certificate (ssl_cert, ssl_key),"
                    " or a tunnel that"
                    " ends on the follower's host, and its address there with tls: plain"
                )
        elif address.host not in ("127.0.0.1", "::1", "localhost"):
            yield (
                f"rows would go to {address.host} in clear: reach {line.leader.name} through TLS or a tunnel"
            )


def _slow(source: Side) -> Iterator[str]:
    rows = source.sql.rows(
        "SELECT t.table_schema, t.table_name FROM information_schema.tables t WHERE t.table_schema IN %s"
        " AND t.table_type = 'BASE TABLE' AND NOT EXISTS (SELECT 1 FROM information_schema.statistics s"
        " WHERE s.table_schema = t.table_schema AND s.table_name = t.table_name AND s.index_name"
        " = 'PRIMARY')",
        [source.databases],
        answer_s=300,
    )
    if rows:
        named = _told([f"{a}.{b}" for a, b in rows])
        yield (
            f"tables without a primary key follow slowly, for each row is searched for: {named}. Give them"
            " one, or expect a lag while many of their rows change"
        )
    rows = source.sql.rows(
        "SELECT DISTINCT table_schema, table_name FROM information_schema.columns WHERE table_schema IN %s"
        " AND character_set_name IN ('utf8', 'utf8mb3')",
        [source.databases],
        answer_s=300,
    )
    if rows:
        yield (
            f"tables in utf8mb3, which are carried as they are: {_told([f'{a}.{b}' for a, b in rows])}."
            " Convert them to utf8mb4 as a step of its own, after the move"
        )


def _settings(source: Side, target: Side) -> Iterator[str]:
    values = [(name, source.variable(name), target.variable(name)) for name in _MEANING]
    # It was given another name in 11.1.
    levels = [
        side.variable("transaction_isolation") or side.variable("tx_isolation") for side in (source, target)
    ]
    for name, here, there in [*values, ("transaction_isolation", *levels)]:
        if here != there:
            yield (
                f"{name} is '{here}' at {source.name} and '{there}' at {target.name}, and stays so: set"
                " it there if applications rely on it"
            )
    here_mode, there_mode = source.variable("sql_mode"), target.variable("sql_mode")
    strict = {"NO_ZERO_DATE", "NO_ZERO_IN_DATE", "STRICT_TRANS_TABLES", "STRICT_ALL_TABLES"}
    new = strict & set(there_mode.split(",")) - set(here_mode.split(","))
    if new:
        yield (
            f"{target.name} refuses what {source.name} takes, zero dates for instance:"
            f" {', '.join(sorted(new))}. Rows are carried as they are; for new ones give"
            f" {target.name} the old sql_mode until the application is mended"
        )


def _definers(source: Side) -> Iterator[str]:
    there = {f"{user}@{host}" for user, host in source.sql.rows("SELECT User, Host FROM mysql.global_priv")}
    views = (
        ("views", "table_schema", "table_name"),
        ("routines", "routine_schema", "routine_name"),
        ("triggers", "trigger_schema", "trigger_name"),
        ("events", "event_schema", "event_name"),
    )
    for view, schema, name in views:
        rows = source.sql.rows(
            f"SELECT {schema}, {name}, definer FROM information_schema.{view} WHERE {schema} IN %s",
            [source.databases],
        )
        lost = [f"{a}.{b} ({definer})" for a, b, definer in rows if definer not in there and "@" in definer]
        if lost:
            yield (
                f"{view} whose definer does not exist fail on both sides: {_told(lost)}. Make that account,"
                " or give them another definer"
            )


def _who_else(source: Side, target: Side) -> Iterator[str]:
    for side in (source, target):
        if side.others:
            yield (
                f"{side.name} has other databases, so read_only is not set there and accounts"
                " alone are locked:"
                f" {_told(side.others)}"
            )
    for side in (source, target):
        if side.variable("innodb_flush_log_at_trx_commit") != "1":
            yield (
                f"innodb_flush_log_at_trx_commit of {side.name} is not 1: a crash loses rows there that were"
                " acknowledged, and a follower's place"
            )
    bypassing = [account.name for account in writers(source) if account.bypass]
    if bypassing:
        yield f"accounts that read_only does not stop, and that are locked at the cutover: {_told(bypassing)}"
    there = {account.name for account in accounts(target)} - set(target.kept("carried"))
    both = sorted(account.name for account in accounts(source) if account.name in there)
    if both:
        yield f"accounts that {target.name} has already, and that stay as they are there: {_told(both)}"
    come = {account.user for account in carried_over(source, target)}
    rows = source.sql.rows(
        "SELECT DISTINCT user FROM information_schema.processlist WHERE db IN %s", [source.databases]
    )
    left = sorted({str(row[0]) for row in rows} - come - {source.us[0]})
    if left:
        yield f"sessions come by accounts that are not carried over; give them others: {_told(left)}"
    user, host = source.us
    sessions = source.sql.value(
        "SELECT COUNT(*) FROM information_schema.processlist WHERE user = %s AND db IN %s AND id"
        " <> CONNECTION_ID()",
        [user, source.databases],
    )
    if sessions:
        yield (
            f"{sessions} sessions come by our own account '{user}'@'{host}', which is not locked: see"
            " whose they are"
        )
