# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first copy: from a snapshot of the very place in the log from which changes follow.

pg_dump and pg_restore carry the schema; rows go from session to session, without a file between, before
indexes and keys are made. A copy that broke is begun anew: its database is dropped, as ours and unfinished.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import Progress
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql import (
    blobs,
    catalog,
    rows,
    sequences,
    settings,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.programs import (  # noqa: E501
    Programs,
    snapshot,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.road import Road
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.side import (
    Side,
    literal,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.postgresql import quoted
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import SqlError

#: Keys of what is kept.
COPYING, COPIED, MARK, IDENTITY, WAL_KEEP = "copying", "copied", "mark", "identity", "wal_keep"
#: A source may have long transactions; the slot waits for those that are open when it is made.
_SLOT_S = 300.0
_DATABASE = """
SELECT to_jsonb(d) || jsonb_build_object('encoding', pg_encoding_to_char(encoding), 'owner',
pg_get_userbyid(datdba))
  FROM pg_database d WHERE datname = %s
"""
#: Since then a database says who sorts for it.
_PROVIDERS_SINCE = 15
_PROVIDERS = {"i": ("icu", "ICU_LOCALE"), "b": ("builtin", "BUILTIN_LOCALE")}
_SIZE = "SELECT pg_database_size(current_database())"
_VIEWS = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm' AND c.relispopulated ORDER BY c.oid
"""


class Teller:
    """Tells the progress of a copy: what it does, and how many bytes are at the target."""

    def __init__(self, source: Side, target: Side, say: Callable[[Progress], None]) -> None:
        # A session of its own: it tells while the other one waits.
        self._target = Side(target.word, target.server, target.names)
        self._say, self._began = say, time.monotonic()
        # An empty database is some megabytes already.
        self._empty = int(self._target.value(_SIZE))
        self.now = Progress(bytes_total=max(0, int(source.value(_SIZE)) - self._empty))
        self._told = 0.0

    def doing(self, what: str) -> None:
        self.now = replace(self.now, doing=what)
        self.tell(0.0)

    def close(self) -> None:
        self._target.close()

    def during(self, work: Callable[[], object], every_s: float = 5.0) -> None:
        """Do what may take hours, and tell meanwhile."""
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(work)
            while not wait([running], 0.5)[0]:
                self.tell(every_s)
            running.result()

    def tables(self, done: int, every_s: float = 5.0) -> None:
        self.now = replace(self.now, tables_done=done)
        self.tell(every_s)

    def tell(self, every_s: float) -> None:
        if time.monotonic() - self._told < every_s:
            return
        self._told = time.monotonic()
        size = int(self._target.value(_SIZE)) - self._empty
        self.now = replace(
            self.now,
            bytes_done=min(max(0, size), self.now.bytes_total),
            seconds=round(time.monotonic() - self._began, 1),
        )
        self._say(self.now)


def make_database(source: Side, target: Side, again: bool) -> None:
    """An empty one at the target.

    :param again: what is there is an unfinished copy of ours. It gives way to a new one, with what its
        maker had chosen; killed between the two, the new one is found by its name.
    """
    wide, name, spare = target.server_wide(), target.database, f"{target.names.prefix}_new"
    try:
        there = wide.rows(_DATABASE, [name])
        if there and not again:
            return
        if not wide.rows(_DATABASE, [spare]):
            asked = there or source.rows(_DATABASE, [source.database])
            wide.do(_creation(spare, asked[0][0], wide.version, owned=bool(there)), answer_s=120)
        if there:
            target.close()
            wide.do(f"DROP DATABASE {quoted(name)} WITH (FORCE)", answer_s=300)
        wide.do(f"ALTER DATABASE {quoted(spare)} RENAME TO {quoted(name)}")
    finally:
        wide.close()


def _creation(name: str, like: Mapping[str, Any], version: int, owned: bool) -> str:
    """A database that sorts and encodes as another one, maybe on an older server."""
    words = [
        f"CREATE DATABASE {quoted(name)} TEMPLATE template0 ENCODING {literal(like['encoding'])}",
        f"LC_COLLATE {literal(like['datcollate'])} LC_CTYPE {literal(like['datctype'])} CONNECTION LIMIT 0",
    ]
    if version >= _PROVIDERS_SINCE:
        provider, option = _PROVIDERS.get(like.get("datlocprovider", "c"), ("libc", ""))
        words.append(f"LOCALE_PROVIDER {provider}")
        if option:
            # Its column was called otherwise before 17.
            words.append(f"{option} {literal(like.get('datlocale') or like.get('daticulocale') or '')}")
    return " ".join(words + ([f"OWNER {quoted(like['owner'])}"] if owned else []))


def first_copy(
    road: Road,
    made: Programs,
    jobs: int,
    tell: Teller,
    before: Callable[[str], None],
    held: AbstractContextManager[str] | None = None,
) -> None:
    """Slot, snapshot, schema, rows, indexes.

    :param before: told each act as it begins.
    :param held: a snapshot that is there; nothing is to follow it. ``None``: that of the road's new slot.
    """
    source, target = road.begin, road.end
    if held is None:
        # Before the snapshot: what happens between the two is then told twice, not never.
        source.keep({MARK: blobs.moment(source)})
        catalog.remember(source)
        tell.doing("waiting for the transactions that write at the source")
    before("snapshot")
    with held or snapshot(made, source.server, road.name, _SLOT_S, lambda: tell.tell(5.0)) as seen:
        before("schema")
        tell.doing("schema")
        dump = str(made.scratch / "schema.dump")
        made.run(
            source.server, "pg_dump", "-Fc", "--schema-only", f"--snapshot={seen}", "--no-publications",
            "--no-subscriptions", "--no-tablespaces", f"--exclude-schema={target.names.prefix}", "-f", dump,
        )  # fmt: skip
        made.run(
            target.server, "pg_restore", "-e", "-d", target.database, "--section=pre-data", dump, loading=True
        )
        before("rows")
        tell.doing("rows")
        batches = rows.parts(source, jobs)
        objects = rows.blob_batches(source)
        tell.now = replace(tell.now, tables_total=sum(len(batch) for batch in batches))
        done = [0]
        for batch in batches:
            done.append(done[-1] + len(batch))
        loads = [rows.load(batch, seen) for batch in batches]
        loads += [rows.load_blobs(batch, seen) for batch in objects]
        rows.Pump(made, source, target).run(
            loads, jobs, lambda count: tell.tables(done[min(count, len(done) - 1)])
        )
    before("indexes")
    tell.doing("indexes and keys")
    indexes = ("pg_restore", "-e", "-d", target.database, "-j", str(jobs), "--section=post-data", dump)
    tell.during(lambda: made.run(target.server, *indexes, loading=True))
    tell.doing("sequences and materialized views")
    sequences.carry(source, target)
    tell.during(lambda: refresh(source, target))


def refresh(source: Side, target: Side) -> None:
    """Materialized views, under the settings by which the source makes them: an hour is of its time zone.

    One may read another that was made later: they are tried until none succeeds.
    """
    left = source.names_of(_VIEWS)
    under = settings.of_rows(source)
    while left:
        failed: list[tuple[str, SqlError]] = []
        for view in left:
            try:
                with target.transaction():
                    for name, value in under.items():
                        target.do("SELECT set_config(%s, %s, true)", [name, value])
                    target.do(f"REFRESH MATERIALIZED VIEW {view}", answer_s=3600)
            except SqlError as error:
                failed.append((view, error))
        if len(failed) == len(left):
            raise failed[0][1]
        left = [view for view, error in failed]


def set_identity(source: Side, tables: Iterable[str]) -> None:
    """Have changes of tables without a key name their row by all its columns; what stood before is kept."""
    kept = dict(source.kept().get(IDENTITY, {}))
    for table in tables:
        if table in kept:
            continue
        before = source.value("SELECT relreplident FROM pg_class WHERE oid = %s::regclass", [table])
        kept[table] = {"n": "NOTHING"}.get(before, "DEFAULT")
        with source.transaction():
            source.keep({IDENTITY: kept})
            source.do(f"ALTER TABLE {table} REPLICA IDENTITY FULL")


def limit_slots(source: Side, size: str) -> None:
    """Limit what a slot may hold back, where the server has no limit; what stood before is kept."""
    if source.value("SELECT setting FROM pg_settings WHERE name = 'max_slot_wal_keep_size'") != "-1":
        return
    by_system = source.value(
        "SELECT 1 FROM pg_file_settings WHERE name = 'max_slot_wal_keep_size' "
        "AND sourcefile LIKE '%/postgresql.auto.conf'"
    )
    source.keep({WAL_KEEP: "-1" if by_system else "reset"})
    source.do(f"ALTER SYSTEM SET max_slot_wal_keep_size = {literal(size)}")
    source.do("SELECT pg_reload_conf()")


def unlimit_slots(source: Side) -> bool:
    before = source.kept().get(WAL_KEEP)
    if before is None:
        return False
    source.do(
        "ALTER SYSTEM RESET max_slot_wal_keep_size"
        if before == "reset"
        else "ALTER SYSTEM SET max_slot_wal_keep_size = -1"
    )
    source.do("SELECT pg_reload_conf()")
    source.keep({WAL_KEEP: None})
    return True
