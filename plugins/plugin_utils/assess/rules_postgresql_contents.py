# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules on what PostgreSQL's databases hold, each no more than a list in a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.document import known
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.finding import (
    BLOCKER,
    ONLINE,
    WARNING,
    Finding,
    at,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.targets import Target

Document = Mapping[str, Any]
_LIMITS = "PostgreSQL, Logical Replication, Restrictions"


def _named(key: str) -> Callable[[Mapping[str, Any]], list[str]]:
    return lambda database: [f"{one['schema']}.{one['name']}" for one in database.get(key, ())]


def _large_objects(database: Mapping[str, Any]) -> list[str]:
    return [f"{one['n']} large objects" for one in database.get("large_objects", ()) if one["n"]]


def _sequences(database: Mapping[str, Any]) -> list[str]:
    return [f"{one['n']} sequences" for one in database.get("kinds", ()) if one["kind"] == "S"]


def _names(key: str) -> Callable[[Mapping[str, Any]], list[str]]:
    return lambda database: [one["name"] for one in database.get(key, ())]


#: Rules that need no more than a list in each database.
_LISTED: tuple[tuple[Callable[[Mapping[str, Any]], list[str]], Finding], ...] = (
    (
        _named("without_key"),
        Finding(
            "pg_table_without_key",
            BLOCKER,
            "tables have no primary key and no replica identity",
            "once they are published, the application's UPDATE and DELETE on them fail at the source",
            _LIMITS,
            "add a key, or set REPLICA IDENTITY FULL (slow for large ones); or move these tables in "
            "the window",
            way=ONLINE,
        ),
    ),
    (
        _large_objects,
        Finding(
            "pg_large_objects",
            WARNING,
            "there are large objects",
            "logical replication leaves them out",
            _LIMITS,
            "copy them within the window, with their owners, and count both sides",
            way=ONLINE,
        ),
    ),
    (
        _named("replica_triggers"),
        Finding(
            "pg_replica_trigger",
            BLOCKER,
            "triggers fire for replicated rows as well",
            "what they do flows to the target, and is done there once more",
            "PostgreSQL, ALTER TABLE ... ENABLE ALWAYS TRIGGER",
            "ALTER TABLE ... ENABLE TRIGGER until the move is done, or accept replica_triggers where that is "
            "no harm",
            way=ONLINE,
        ),
    ),
    (
        _named("unlogged"),
        Finding(
            "pg_unlogged_table",
            WARNING,
            "tables are unlogged",
            "logical replication leaves them out, and a crash empties them",
            _LIMITS,
            "copy them within the window, or start the target with them empty",
            way=ONLINE,
        ),
    ),
    (
        _sequences,
        Finding(
            "pg_sequences",
            WARNING,
            "there are sequences",
            "logical replication leaves them where the copy found them, so the first INSERT has a used key",
            _LIMITS,
            "set them at the cutover, and again when going back",
            way=ONLINE,
        ),
    ),
    (
        _names("event_triggers"),
        Finding(
            "pg_event_trigger",
            WARNING,
            "event triggers act on changes of the schema",
            "they fire at the target as the schema is restored",
            "PostgreSQL, Event Triggers",
            "restore them last, disabled",
        ),
    ),
    (
        _names("foreign_servers"),
        Finding(
            "pg_foreign_server",
            WARNING,
            "tables reach into other databases",
            "from the target these have to be reached and to let it in",
            "pg_foreign_server",
            "allow the target's address there, and carry the user mappings over by hand (they hold "
            "passwords)",
        ),
    ),
    (
        _names("publications"),
        Finding(
            "pg_published_already",
            WARNING,
            "it publishes to others",
            "their subscriptions follow this server, not its successor",
            "pg_publication",
            "make the publications at the target, and the subscriptions anew from there",
        ),
    ),
    (
        _named("removed_types"),
        Finding(
            "pg_type_removed",
            BLOCKER,
            "columns are of types abstime, reltime or tinterval",
            "these were removed in 12",
            "PostgreSQL 12 release notes",
            "change them to timestamptz or interval at the source",
        ),
    ),
    (
        _named("with_oids"),
        Finding(
            "pg_with_oids",
            BLOCKER,
            "tables are WITH OIDS",
            "that was removed in 12, and an application that reads oid fails",
            "PostgreSQL 12 release notes",
            "ALTER TABLE ... SET WITHOUT OIDS, after a look at who reads them",
        ),
    ),
)


def listed(document: Document, target: Target) -> Iterator[Finding]:
    for cluster in known(document, "postgresql", ()):
        for take, finding in _LISTED:
            found = [
                f"{name}: {one}" for name, database in cluster["databases"].items() for one in take(database)
            ]
            if found:
                yield Finding(**{**_fields(finding), **at(found)})


def _fields(finding: Finding) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in Finding.__dataclass_fields__}


RULES = (listed,)
