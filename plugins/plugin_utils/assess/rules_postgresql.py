# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules on PostgreSQL: what logical replication leaves out, and what the newer release has no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.document import known
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.finding import (
    ALL,
    BLOCKER,
    ONLINE,
    WARNING,
    Finding,
    at,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.rules_system import CENTRE_ZONES
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.targets import (
    EXTENSION_PACKAGES,
    LANGUAGE_PACKAGES,
    Target,
)

Document = Mapping[str, Any]
_LIMITS = "PostgreSQL, Logical Replication, Restrictions"
#: What logical replication needs of the source while it runs: one slot, one sender, and as many for the copy.
_SLOTS_NEEDED = 4
#: Collations whose order no C library changes.
_STABLE = ("C", "POSIX", "C.UTF-8", "C.utf8", "ucs_basic")


def unanswered(document: Document, target: Target) -> Iterator[Finding]:
    """A question without an answer is no answer."""
    for cluster in known(document, "postgresql", ()):
        silent = {f"{cluster['directory']}: {what}": why for what, why in cluster["unknown"].items()}
        for name, database in cluster["databases"].items():
            for what, why in database.get("unknown", {}).items():
                silent[f"{name}: {what}"] = why
        if silent:
            yield Finding(
                "pg_unknown",
                BLOCKER,
                "PostgreSQL did not answer everything",
                "; ".join(sorted(set(silent.values())))[:400],
                "what is not known is no reason to go on",
                "let root reach the cluster's owner by its socket (peer in pg_hba.conf), then assess again",
                **at(silent),
            )


def settings(document: Document, target: Target) -> Iterator[Finding]:
    for cluster in known(document, "postgresql", ()):
        have, version = cluster["settings"], cluster["version"] or 0
        if not have:
            continue
        if version and version < 100000:
            yield Finding(
                "pg_too_old_for_logical",
                BLOCKER,
                f"PostgreSQL {version // 10000} has no logical replication",
                "publications came with 10",
                "PostgreSQL 10 release notes",
                "dump and restore it offline",
                way=ONLINE,
                **at([cluster["directory"]]),
            )
        if have.get("wal_level") != "logical":
            yield Finding(
                "pg_wal_level",
                BLOCKER,
                f"wal_level is {have.get('wal_level')}",
                "only 'logical' writes down what a subscriber needs, and changing it restarts the source",
                "PostgreSQL, wal_level",
                "set it, and restart the source in a short window of its own days before; or move it offline",
                way=ONLINE,
                **at([cluster["directory"]]),
            )
        if "max_slot_wal_keep_size" not in have:
            yield Finding(
                "pg_max_slot_wal_keep_size",
                BLOCKER,
                "this release cannot limit what a slot keeps",
                "a dead target fills the source's disk, and the source stops",
                "PostgreSQL 13 release notes: max_slot_wal_keep_size",
                "watch the free room, and drop the slot by a guard at the source before it is full; or "
                "move offline",
                way=ONLINE,
                **at([cluster["directory"]]),
            )
        elif have["max_slot_wal_keep_size"] == "-1":
            yield Finding(
                "pg_max_slot_wal_keep_size",
                BLOCKER,
                "max_slot_wal_keep_size is not set",
                "a dead target fills the source's disk, and the source stops",
                "PostgreSQL, max_slot_wal_keep_size",
                "set it to what may be lost of the free room (a reload suffices), then begin",
                way=ONLINE,
                **at([cluster["directory"]]),
            )
        yield from _slots(cluster)
        zone = have.get("TimeZone")
        if zone and zone not in CENTRE_ZONES:
            yield Finding(
                "pg_time_zone",
                WARNING,
                f"TimeZone is {zone}",
                "defaults of now(), texts made of times and materialized views mean that one",
                "PostgreSQL, TimeZone",
                "db_copy keeps it for the moved database; after a dump say it by ALTER DATABASE ... SET "
                "before the restore",
                **at([cluster["directory"]]),
            )
        if have.get("ssl") == "off":
            yield Finding(
                "pg_ssl_off",
                WARNING,
                "it speaks no TLS",
                "what is copied would cross the line in clear",
                "PostgreSQL, ssl",
                "copy through an SSH tunnel or a VPN, or give it a certificate (a reload suffices)",
                **at([cluster["directory"]]),
            )


def _slots(cluster: Mapping[str, Any]) -> Iterator[Finding]:
    have = cluster["settings"]
    used = len(cluster["slots"])
    for name, taken in (("max_replication_slots", used), ("max_wal_senders", len(cluster["standbys"]))):
        free = int(have.get(name) or 0) - taken
        if free < _SLOTS_NEEDED:
            yield Finding(
                "pg_no_slot_free",
                BLOCKER,
                f"{name} leaves {max(0, free)} free",
                f"a copy while it runs takes up to {_SLOTS_NEEDED}, and changing it restarts the source",
                f"PostgreSQL, {name}",
                "raise it in the same restart as wal_level",
                way=ONLINE,
            )
    idle = [one["slot_name"] for one in cluster["slots"] if not one.get("active")]
    if idle:
        yield Finding(
            "pg_slot_idle",
            WARNING,
            "slots are kept that nobody reads",
            "each keeps the log back from the day it was left, and the disk fills",
            "pg_replication_slots.active",
            "ask who left them, and drop them",
            **at(idle),
        )
    if cluster["standbys"] or cluster["subscriptions"]:
        names = [one.get("application_name") for one in cluster["standbys"]]
        names += [one["name"] for one in cluster["subscriptions"]]
        yield Finding(
            "pg_replicates_already",
            WARNING,
            "others read from it, or it reads from others",
            "they follow this server, not its successor",
            "pg_stat_replication, pg_subscription",
            "plan for each: moves as well, is made anew from the target, or ends",
            **at(names),
        )
    if any(one.get("in_recovery") for one in cluster["state"]):
        yield Finding(
            "pg_is_standby",
            WARNING,
            "this is a standby",
            "it holds no data of its own, and logical replication from a standby came with 16",
            "pg_is_in_recovery()",
            "move its primary, and make the standby anew there",
        )


def prepared(document: Document, target: Target) -> Iterator[Finding]:
    for cluster in known(document, "postgresql", ()):
        found = [f"{one['gid']} in {one['database']} since {one['prepared']}" for one in cluster["prepared"]]
        if found:
            yield Finding(
                "pg_prepared_transaction",
                BLOCKER,
                "transactions are prepared and neither committed nor rolled back",
                "a dump leaves them out, their locks hold the cutover up, and the log is kept for them",
                "PostgreSQL, PREPARE TRANSACTION",
                "end each by COMMIT PREPARED or ROLLBACK PREPARED, as its transaction manager says",
                **at(found),
            )


def passwords(document: Document, target: Target) -> Iterator[Finding]:
    for cluster in known(document, "postgresql", ()):
        md5 = [one["name"] for one in cluster["roles"] if one["password"] == "md5"]
        if md5:
            yield Finding(
                "pg_md5_password",
                WARNING,
                "passwords are kept as MD5",
                f"they can be carried over, but PostgreSQL {target.postgresql} writes scram-sha-256 "
                "and a pg_hba.conf "
                "with scram-sha-256 refuses them",
                "PostgreSQL, Password Authentication",
                "leave 'md5' in pg_hba.conf of the target until each was set again, then change it",
                **at(md5),
            )
        open_lines = [
            f"{one['type']} {one['database']} {one['user_name']} {one['address'] or ''}".strip()
            for one in cluster["hba"]
            if one["auth_method"] == "trust" and one["type"] != "local"
        ]
        if open_lines:
            yield Finding(
                "pg_trust",
                WARNING,
                "pg_hba.conf lets others in without a password",
                "at the target it is refused, and applications without a password then fail",
                "pg_hba_file_rules",
                "give these roles passwords, and the applications with them, before the move",
                **at(open_lines),
            )


def collation(document: Document, target: Target) -> Iterator[Finding]:
    libc = str(known(document, "system", {}).get("libc", "")).removeprefix("glibc ")
    for cluster in known(document, "postgresql", ()):
        changed, partitions, indexes = [], [], 0
        for name, database in cluster["databases"].items():
            encoding = database.get("encoding", "")
            if encoding == "SQL_ASCII":
                yield Finding(
                    "pg_encoding_sql_ascii",
                    BLOCKER,
                    f"{name} has no encoding (SQL_ASCII)",
                    "it holds whatever bytes came, and a database in UTF-8 refuses those that are none",
                    "PostgreSQL, Character Set Support",
                    "restore into SQL_ASCII as well, or find the rows and their encoding first",
                    **at([name]),
                )
            elif encoding and encoding != "UTF8":
                yield Finding(
                    "pg_encoding_not_utf8",
                    WARNING,
                    f"{name} is in {encoding}",
                    "characters that it has no place for, or that were written wrongly, stop the copy "
                    "at that row",
                    "PostgreSQL, Character Set Support",
                    "try the copy of all text columns before the window",
                    **at([name]),
                )
            if database.get("collate") not in (None, *_STABLE) and database.get("provider") != "i":
                changed.append(f"{name} ({database['collate']})")
                partitions += [
                    f"{name}: {one['schema']}.{one['name']}" for one in database.get("text_partitions", ())
                ]
                indexes += sum(one["n"] for one in database.get("text_indexes", ()))
        if changed and libc != target.libc:
            yield Finding(
                "pg_collation_change",
                BLOCKER if partitions else WARNING,
                f"texts are ordered by glibc {libc or 'unknown'}, and by {target.libc} at the target",
                f"{indexes} indexes on text would be corrupt if data files were copied, ORDER BY "
                "differs, and rows of "
                "tables partitioned by ranges of text may belong elsewhere",
                "wiki.postgresql.org, Locale data changes",
                "copy by logical means only (they build indexes anew); compare partitions' rows before "
                "the window",
                **at([*partitions, *changed]),
            )


def gone(document: Document, target: Target) -> Iterator[Finding]:
    for cluster in known(document, "postgresql", ()):
        names = [one["name"] for one in cluster["changed_settings"] + cluster["role_settings"]]
        removed = sorted(set(names) & set(target.settings_gone))
        if removed:
            yield Finding(
                "pg_setting_removed",
                BLOCKER,
                f"PostgreSQL {target.postgresql} does not know {', '.join(removed)}",
                "with them in its configuration it does not start; on a role or database they end each login",
                "given to PostgreSQL 13, 15 and 17",
                "; ".join(f"{name}: {target.settings_gone[name]}" for name in removed),
                **at(removed),
            )
        missing, packaged = set(), set()
        for name, database in cluster["databases"].items():
            for one in database.get("extensions", ()):
                if one["name"] in EXTENSION_PACKAGES or one["name"] in LANGUAGE_PACKAGES:
                    packaged.add(_package(one["name"], target))
                elif one["name"] not in target.extensions:
                    missing.add(f"{one['name']} {one['version']} in {name}")
            lost = {one["name"] for one in database.get("languages", ())} - set(LANGUAGE_PACKAGES)
            missing.update(f"language {one} in {name}" for one in lost)
        if missing:
            yield Finding(
                "pg_extension_missing",
                BLOCKER,
                f"extensions are not in the packages of PostgreSQL {target.postgresql}",
                "CREATE EXTENSION fails, and with it everything that uses its types and functions",
                "the archives of Debian 12 and 13",
                "drop what is not used (adminpack, old_snapshot), or bring a package of it for the target",
                **at(sorted(missing)),
            )
        if packaged:
            yield Finding(
                "pg_extension_packages",
                WARNING,
                "extensions come in packages of their own",
                "without them the copy stops at CREATE EXTENSION",
                "the archives of Debian 12 and 13",
                f"install {', '.join(sorted(packaged))} at the target",
                **at(sorted(packaged)),
            )


def _package(name: str, target: Target) -> str:
    if name in LANGUAGE_PACKAGES:
        return f"{LANGUAGE_PACKAGES[name]}-{target.postgresql}"
    return f"postgresql-{target.postgresql}-{EXTENSION_PACKAGES[name]}"


def changes_of_schema(document: Document, target: Target) -> Iterator[Finding]:
    """Said of every one: nobody can see beforehand whether somebody will."""
    for cluster in known(document, "postgresql", ()):
        makers = {"pg_cron", "pg_partman", "timescaledb"}
        found = [
            f"{name}: {one['name']}"
            for name, database in cluster["databases"].items()
            for one in database.get("extensions", ())
            if one["name"] in makers
        ]
        if cluster["databases"]:
            yield Finding(
                "pg_ddl_during_copy",
                WARNING,
                "a change of the schema during the copy is not carried over",
                "the target's apply stops at the first row of the new shape"
                + (", and something here makes tables by itself" if found else ""),
                _LIMITS,
                "let nobody deploy between copy and cutover" + (", and hold these jobs" if found else ""),
                way=ONLINE,
                **at(found),
            )
        spaces = [f"{one['name']} ({one['location']})" for one in cluster["tablespaces"]]
        if spaces:
            yield Finding(
                "pg_tablespace",
                WARNING,
                "data lies in tablespaces",
                "the target needs directories for them, or everything in one place",
                "pg_tablespace",
                "make them there first, or restore without (--no-tablespaces)",
                way=ALL,
                **at(spaces),
            )


RULES = (unanswered, settings, prepared, passwords, collation, gone, changes_of_schema)
