# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules on MariaDB: collations, definers, engines, options, and what replication needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.document import known
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.finding import (
    BLOCKER,
    ONLINE,
    WARNING,
    Finding,
    at,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.rules_system import CENTRE_ZONES
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.targets import Target

Document = Mapping[str, Any]
Server = Mapping[str, Any]
#: A binlog that is kept for less than this may be gone before the target has read it.
KEEP_S = 2 * 86400
#: How MariaDB, and the system below it, call the time zone that the centre runs in.
_ZONES = (*CENTRE_ZONES, "+08:00", "CST")
_COLLATIONS = "MariaDB, Supported Character Sets and Collations; seen with 11.8"


def _servers(document: Document) -> Iterable[Server]:
    servers: Iterable[Server] = known(document, "mariadb", ())
    return servers


def _number(server: Server, name: str, otherwise: int = 0) -> int:
    text = str(server["variables"].get(name, "")).partition(".")[0]
    return int(text) if text.isdigit() else otherwise


def unanswered(document: Document, target: Target) -> Iterator[Finding]:
    for server in _servers(document):
        # Releases without a table of that name have nothing of the kind.
        if server["unknown"]:
            yield Finding(
                "my_unknown",
                BLOCKER,
                "MariaDB did not answer everything",
                "; ".join(sorted(set(server["unknown"].values())))[:400],
                "what is not known is no reason to go on",
                "let root in by the socket (unix_socket), or give /etc/mysql/debian.cnf, then assess again",
                **at(server["unknown"]),
            )


def replication(document: Document, target: Target) -> Iterator[Finding]:
    for server in _servers(document):
        have = server["variables"]
        if not have:
            continue
        here = at([server["directory"]])
        if have.get("log_bin") != "ON":
            yield Finding(
                "my_log_bin_off",
                BLOCKER,
                "it writes no binlog",
                "there is nothing that the target could follow, and changing it restarts the source",
                "MariaDB, log_bin",
                "set log_bin, server_id and binlog_format=ROW, and restart the source days before; or "
                "move offline",
                way=ONLINE,
                **here,
            )
        elif have.get("binlog_format") != "ROW":
            yield Finding(
                "my_binlog_format",
                BLOCKER,
                f"binlog_format is {have.get('binlog_format')}",
                "statements may do something else on another release, and give other rows",
                "MariaDB, Unsafe Statements for Statement-based Replication",
                "SET GLOBAL binlog_format=ROW, and let the application connect again",
                way=ONLINE,
                **here,
            )
        keep = _number(server, "binlog_expire_logs_seconds") or 86400 * _number(server, "expire_logs_days")
        if have.get("log_bin") == "ON" and 0 < keep < KEEP_S:
            yield Finding(
                "my_binlog_kept_short",
                BLOCKER,
                f"the binlog is kept for {keep // 3600} h",
                "the copy may take longer, and then the target cannot go on from it",
                "MariaDB, expire_logs_days",
                "keep it for the whole time up to the decommissioning, and see that there is room",
                way=ONLINE,
                **here,
            )
        if have.get("have_ssl") in ("DISABLED", "NO"):
            yield Finding(
                "my_ssl_off",
                BLOCKER if target.mariadb == "11.8" else WARNING,
                "it speaks no TLS",
                "a replica of 11.8 demands it ('SSL is required'), and what is copied would cross the "
                "line in clear"
                if target.mariadb == "11.8"
                else "what is copied would cross the line in clear",
                "seen with 10.5 and 11.8",
                "replicate through an SSH tunnel with MASTER_SSL=0, or give it a certificate (needs a "
                "restart)",
                way=ONLINE,
                **here,
            )
        others = [*(one["host"] for one in server["dump"])]
        if server["replica"].get("Master_Host"):
            others.append(f"it reads from {server['replica']['Master_Host']}")
        if others:
            yield Finding(
                "my_replicates_already",
                WARNING,
                "others read from it, or it reads from others",
                "they follow this server, not its successor",
                "SHOW SLAVE STATUS, Binlog Dump",
                "plan for each: moves as well, is made anew from the target, or ends",
                **at(others),
            )


def transactions(document: Document, target: Target) -> Iterator[Finding]:
    for server in _servers(document):
        if server["xa"]:
            yield Finding(
                "my_xa_prepared",
                BLOCKER,
                "XA transactions are prepared and neither committed nor rolled back",
                "a dump leaves them out, their locks hold the cutover up, and a replica may stop at them",
                "MariaDB, XA Transactions",
                "end each by XA COMMIT or XA ROLLBACK, as its transaction manager says",
                **at(one["data"] for one in server["xa"]),
            )


def tables(document: Document, target: Target) -> Iterator[Finding]:
    for server in _servers(document):
        keyless = [f"{one['schema']}.{one['name']} ({one['rows']} rows)" for one in server["without_key"]]
        if keyless:
            yield Finding(
                "my_table_without_key",
                WARNING,
                "tables have no primary key",
                "each changed row costs the target a scan of the table, so it falls behind; and no "
                "proof by key",
                "MariaDB, Row-based Replication With No Primary Key",
                "add a key, or move these tables in the window",
                way=ONLINE,
                **at(keyless),
            )
        floats = [f"{one['schema']}.{one['name']}" for one in server.get("float_without_key", ())]
        if floats:
            yield Finding(
                "my_float_without_key",
                BLOCKER,
                "tables have FLOAT columns and no primary key",
                "a dump writes six digits of a FLOAT, and without a key the others cannot be written over it",
                "seen with mariadb-dump of 10.5 to 11.8",
                "give them a primary key, or make these columns DOUBLE",
                **at(floats),
            )
        others = [one for one in server["other_engine"] if one["engine"] not in target.engines]
        if others:
            yield Finding(
                "my_engine_missing",
                BLOCKER,
                f"MariaDB {target.mariadb} of {target.name} lacks the engine of some tables",
                "they cannot be made there",
                "the packages of Debian",
                "change them to InnoDB at the source, or bring the engine's package",
                **at(f"{one['schema']}.{one['name']} ({one['engine']})" for one in others),
            )
        loose = [
            one
            for one in server["other_engine"]
            if one["engine"] in target.engines - {"none", "SEQUENCE", "BLACKHOLE"}
        ]
        if loose:
            yield Finding(
                "my_table_not_transactional",
                BLOCKER,
                "tables are not InnoDB",
                "no snapshot holds them still: a copy while they are written is no state that ever was",
                "MariaDB, mariadb-dump --single-transaction",
                "change them to InnoDB before, or lock them for their copy in the window",
                way=ONLINE,
                **at(f"{one['schema']}.{one['name']} ({one['engine']})" for one in loose),
            )
        if server["versioned"]:
            yield Finding(
                "my_system_versioned",
                WARNING,
                "tables keep their history (system versioned)",
                "a dump without --dump-history loses it, and the times of rows become those of the restore",
                "MariaDB, System-Versioned Tables",
                "dump with --dump-history (10.11 and later), or replicate the history's rows",
                **at(f"{one['schema']}.{one['name']}" for one in server["versioned"]),
            )


def character_sets(document: Document, target: Target) -> Iterator[Finding]:
    for server in _servers(document):
        by_set: dict[str, set[str]] = defaultdict(set)
        mixed: dict[str, set[str]] = defaultdict(set)
        for one in server["collation"]:
            by_set[one["charset"]].add(one["schema"])
            mixed[one["schema"]].add(one["collation"])
        three = by_set.get("utf8", set()) | by_set.get("utf8mb3", set())
        if three:
            yield Finding(
                "my_utf8_of_three_bytes",
                WARNING,
                "columns are utf8 of three bytes (utf8mb3), not utf8mb4",
                "rare Chinese characters and emoji were refused or became '?', and joins with utf8mb4 "
                "skip indexes",
                "MariaDB, utf8mb3",
                "move them as they are; convert to utf8mb4 as a step of its own, with key lengths in view",
                **at(sorted(three)),
            )
        narrow = by_set.get("latin1", set())
        if narrow:
            yield Finding(
                "my_bytes_in_latin1",
                WARNING,
                "columns are latin1",
                "applications of that age put UTF-8 or GBK bytes into them: read right only by a "
                "client that is "
                "latin1, too",
                "MariaDB, Character Set Conversion",
                "look at rows with Chinese; if it is so, move the bytes (--default-character-set=binary)",
                proof=("SELECT c, HEX(c) FROM t WHERE CONVERT(CAST(c AS BINARY) USING utf8mb4) IS NOT NULL "
                       "AND c <> CONVERT(c USING ascii) LIMIT 20",),
                **at(sorted(narrow)),
            )  # fmt: skip
        several = [
            f"{schema} ({', '.join(sorted(names))})"
            for schema, names in sorted(mixed.items())
            if len({name for name in names if name.startswith("utf8mb4")}) > 1
        ]
        if several:
            yield Finding(
                "my_collations_mixed",
                WARNING,
                "databases mix collations of utf8mb4",
                "a join over two of them fails (error 1267), and tables made at the target add "
                f"{target.collation} as a third",
                _COLLATIONS,
                "set collation_server and character_set_collations at the target to what the tables have",
                **at(several),
            )


def unique_keys(document: Document, target: Target) -> Iterator[Finding]:
    if "uca1400" not in target.collation:
        return
    for server in _servers(document):
        proved = [
            f"{one['schema']}.{one['table']} {one['key']} ({one['groups']} groups)"
            for one in server["collision"]
            if one["groups"]
        ]
        if proved:
            yield Finding(
                "my_uca1400_collision",
                BLOCKER,
                f"values that differ here are equal under {target.collation}",
                "the restore stops at the unique key, or rows are lost by REPLACE and IGNORE",
                "the source was asked itself, with that collation",
                "keep the collation of these columns at the target, by name; or settle the rows before",
                **at(proved),
            )
        keys = _keys(server["unique_key"])
        asked = {(one["schema"], one["table"], one["key"]) for one in server["collision"]}
        unproved = {key: rows for key, rows in keys.items() if key not in asked}
        if unproved:
            yield Finding(
                "my_uca1400_unique_key",
                WARNING,
                f"unique keys on texts may collide under {target.collation}, the default of MariaDB 11.8",
                "full-width and half-width letters, characters without a weight and others are equal "
                "there that "
                "differ here; columns whose collation is not written out take the default",
                _COLLATIONS,
                "run the queries on a copy at the target; none may return a row. Write collations out "
                "in the schema",
                proof=tuple(_proof(key, rows, target.collation) for key, rows in sorted(unproved.items())),
                **at(".".join(key[:2]) + f" {key[2]}" for key in sorted(unproved)),
            )


def _keys(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str, str], list[Mapping[str, Any]]]:
    """Unique keys with a text in them whose collation is of Unicode and not by bytes."""
    found: dict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for one in rows:
        found[one["schema"], one["table"], one["key"]].append(one)
    return {
        key: columns for key, columns in found.items() if any(_folds(one["collation"]) for one in columns)
    }


def _folds(collation: str) -> bool:
    return collation.startswith("utf8") and not collation.endswith("_bin") and "uca1400" not in collation


def _proof(key: tuple[str, str, str], columns: Iterable[Mapping[str, Any]], collation: str) -> str:
    """The query that returns what would collide."""

    def quoted(name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    taken, present = [], []
    for one in columns:
        column = quoted(one["column"])
        cut = f"LEFT({column}, {one['cut']})" if one["cut"] else column
        taken.append(f"CONVERT({cut} USING utf8mb4) COLLATE {collation}" if _folds(one["collation"]) else cut)
        present.append(f"{column} IS NOT NULL")
    return (
        f"SELECT {', '.join(taken)}, COUNT(*) FROM {quoted(key[0])}.{quoted(key[1])} "
        f"WHERE {' AND '.join(present)} GROUP BY {', '.join(taken)} HAVING COUNT(*) > 1"
    )


def definers(document: Document, target: Target) -> Iterator[Finding]:
    for server in _servers(document):
        users = {f"{one['name']}@{one['host']}" for one in server["user"]}
        if not users:
            continue
        lost = [
            f"{kind} {one['schema']}.{one['name']} ({one['definer']})"
            for kind in ("trigger", "view", "routine", "event")
            for one in server[kind]
            if one["definer"] not in users
        ]
        if lost:
            yield Finding(
                "my_definer_missing",
                BLOCKER,
                "triggers, views, routines or events belong to users that do not exist",
                "they fail when they are used (error 1449), and some restores stop at them",
                "MariaDB, Stored Routine Privileges",
                "make the user, or give them another definer, before the move",
                **at(lost),
            )
        events = [f"{one['schema']}.{one['name']}" for one in server["event"] if one["status"] == "ENABLED"]
        if events and server["variables"].get("event_scheduler") == "ON":
            yield Finding(
                "my_event_runs_twice",
                WARNING,
                "events run by themselves",
                "at the target they run as well, before the cutover",
                "MariaDB, Event Scheduler",
                "keep event_scheduler off on the idle side; a replica disables them, a restore does not",
                **at(events),
            )


def users(document: Document, target: Target) -> Iterator[Finding]:
    for server in _servers(document):
        kinds: dict[str, list[str]] = defaultdict(list)
        for one in server["user"]:
            kinds[one["password"]].append(f"'{one['name']}'@'{one['host']}'")
        if kinds["mysql_old_password"]:
            yield Finding(
                "my_old_password",
                BLOCKER,
                "passwords are kept as before MySQL 4.1",
                "they can be read back at once, and today's clients refuse them",
                "MariaDB, Authentication Plugin - mysql_old_password",
                "give these users new passwords before the move",
                **at(kinds["mysql_old_password"]),
            )
        if kinds["empty"]:
            yield Finding(
                "my_empty_password",
                WARNING,
                "users have no password",
                "MLPS level 3 does not allow it, and they are carried over as they are",
                "MLPS (GB/T 22239-2019) 8.1.4.1",
                "give them one, or drop them, before the move",
                **at(kinds["empty"]),
            )
        usual = {"mysql_native_password", "unix_socket", "ed25519", "mysql_old_password", "empty", "unusable"}
        strange = [f"{name} ({kind})" for kind, names in kinds.items() if kind not in usual for name in names]
        if strange:
            yield Finding(
                "my_authentication_plugin",
                WARNING,
                "users authenticate by a plugin",
                "without it at the target they cannot log in",
                "mysql.user",
                "install the plugin there (pam, gssapi), or change how they log in",
                **at(strange),
            )


def configuration(document: Document, target: Target) -> Iterator[Finding]:
    for server in _servers(document):
        options = set(server["options"])
        refused = sorted(options & target.options_refused)
        if refused:
            yield Finding(
                "my_option_removed",
                BLOCKER,
                f"MariaDB {target.mariadb} refuses {', '.join(refused)}",
                "with them in its configuration it does not start ('unknown variable')",
                f"given to MariaDB {target.mariadb} itself",
                "leave them out of the target's configuration",
                **at(refused),
            )
        ignored = sorted(options & target.options_ignored)
        if ignored:
            yield Finding(
                "my_option_ignored",
                WARNING,
                f"MariaDB {target.mariadb} ignores {', '.join(ignored)}",
                "it starts with a warning, and does without them",
                f"given to MariaDB {target.mariadb} itself",
                "leave them out, and look whether what they were for is still needed",
                **at(ignored),
            )
        have = server["variables"]
        modes = set(str(have.get("sql_mode", "")).split(","))
        if have and not modes & {"STRICT_TRANS_TABLES", "STRICT_ALL_TABLES"}:
            yield Finding(
                "my_sql_mode_lenient",
                WARNING,
                f"sql_mode is {have.get('sql_mode') or 'empty'}",
                "the application relies on values that are cut or changed silently; with the target's "
                "default it "
                "fails on the first, and rows with dates of zero may be refused",
                "MariaDB, SQL_MODE",
                "give the target this sql_mode, and change it as a step of its own",
            )
        zone = have.get("time_zone", "")
        zone = have.get("system_time_zone", "") if zone == "SYSTEM" else zone
        if zone and zone not in _ZONES:
            yield Finding(
                "my_time_zone",
                WARNING,
                f"the time zone is {zone}",
                "TIMESTAMP columns, NOW() and the hours of events are shown and taken in that one",
                "MariaDB, time_zone",
                f"give the target default_time_zone = '{zone}', or see that each application sets its own",
                **at([server["directory"]]),
            )
        if have.get("lower_case_table_names") not in (None, "0"):
            yield Finding(
                "my_lower_case_table_names",
                BLOCKER,
                f"lower_case_table_names is {have['lower_case_table_names']}",
                "names of tables differ in case between application and data; it can only be set "
                "before the first start",
                "MariaDB, Identifier Case-sensitivity",
                "make the target with the same value before anything is restored",
            )
        plugins = [f"{one['name']} ({one['library']})" for one in server["plugin"]]
        if plugins:
            yield Finding(
                "my_plugin",
                WARNING,
                "plugins are loaded",
                "mysql.plugin names them, and the target may not have their files",
                "information_schema.PLUGINS",
                "install what is needed there, and leave mysql.plugin itself behind",
                **at(plugins),
            )


RULES = (
    unanswered,
    replication,
    transactions,
    tables,
    character_sets,
    unique_keys,
    definers,
    users,
    configuration,
)
