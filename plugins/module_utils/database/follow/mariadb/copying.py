# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first copy: a consistent snapshot of the given databases, streamed from server to server in parallel.

``mariadb-dump`` of this host reads, ``mariadb`` writes, and nothing lies on a disk between. All readers
begin their transaction within one short global read lock, so they see one and the same moment, whose GTID
is where the following begins. See decision 16 for why it is not mydumper.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb import (
    floats,
    keys,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.programs import (
    Pipe,
    folder,
    option_file,
    program,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.side import Side
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import Progress
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import SqlError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
    Refused,
)

#: A table is read by several when it is so large, and larger than half of one reader's share: its keys are
#: made when the last of them has ended, best while others still read.
_SPLIT_BYTES = 64 << 20
#: Seconds that the readers may take to begin, while the source's writers wait.
_BEGIN_S = 15.0
_TELL_S = 5.0
#: information_schema.innodb_trx answers from a copy as long as it is asked more often than each 0.1 s.
_LOOK_S = 0.12
_INTEGERS = ("tinyint", "smallint", "mediumint", "int", "bigint")
#: The source's writers waited for the lock longer than we let them.
_LOCK_TIMEOUT = "1205"

Say = Callable[[Progress], None]


@dataclass(frozen=True)
class Table:
    """A table with rows."""

    database: str
    name: str
    size: int
    transactional: bool

    @property
    def key(self) -> str:
        return f"{self.database}.{self.name}"


@dataclass
class Reader:
    """What one process of mariadb-dump reads: whole tables of any database, or a part of one."""

    tables: list[Table] = field(default_factory=list)
    where: str | None = None
    held: bool = False

    @property
    def size(self) -> int:
        return sum(table.size for table in self.tables)


def tables(side: Side) -> list[Table]:
    rows = side.sql.rows(
        "SELECT t.table_schema, t.table_name, COALESCE(t.data_length, 0), COALESCE(e.transactions, 'NO')"
        " FROM information_schema.tables t LEFT JOIN information_schema.engines e ON e.engine = t.engine"
        " WHERE t.table_schema IN %s AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')"
        " ORDER BY t.table_schema, t.table_name",
        [side.databases],
        answer_s=300,
    )
    return [Table(str(a), str(b), int(c), d == "YES") for a, b, c, d in rows]


def shares(source: Side, found: Sequence[Table], jobs: int) -> list[Reader]:
    """Who reads what: large tables in ranges of their key, the rest so that all have the same to do."""
    whole = [Reader() for _job in range(jobs)]
    large = max(sum(table.size for table in found) // jobs // 2, _SPLIT_BYTES)
    parts: list[Reader] = []
    held = Reader(held=True)
    for table in sorted(found, key=lambda one: -one.size):
        ranges = _ranges(source, table, min(jobs, math.ceil(table.size / large)))
        if not table.transactional:
            held.tables.append(table)
        elif len(ranges) > 1:
            part = Table(table.database, table.name, table.size // len(ranges), True)
            parts += [Reader([part], where) for where in ranges]
        else:
            min(whole, key=lambda one: one.size).tables.append(table)
    return [reader for reader in [*whole, *parts, held] if reader.tables]


def _ranges(source: Side, table: Table, count: int) -> list[str]:
    """Conditions that part a table; empty for a single one, and when its key begins with no integer."""
    if count < 2:
        return []
    rows = source.sql.rows(
        "SELECT c.column_name FROM information_schema.statistics s JOIN information_schema.columns c"
        " USING (table_schema, table_name, column_name) WHERE s.table_schema = %s AND s.table_name = %s"
        " AND s.index_name = 'PRIMARY' AND s.seq_in_index = 1 AND c.data_type IN %s",
        [table.database, table.name, _INTEGERS],
    )
    if not rows:
        return []
    column = source.sql.quote(str(rows[0][0]))
    where = source.sql.quote(table.database, table.name)
    low, high = source.sql.rows(f"SELECT MIN({column}), MAX({column}) FROM {where}")[0]
    if low is None or high - low < count:
        return []
    bounds = [low + (high - low) * at // count for at in range(1, count)]
    # Open at both ends: rows may come between this question and the snapshot.
    inner = [f"{column} >= {a} AND {column} < {b}" for a, b in zip(bounds, bounds[1:])]
    return [f"{column} < {bounds[0]}", *inner, f"{column} >= {bounds[-1]}"]


class Copying:
    """One copy. The target's databases are there, empty or not at all."""

    #: Of mariadb-dump, which then says where in the binary log its snapshot is.
    PLACE: Sequence[str] = ("--master-data=2",)

    def __init__(self, source: Side, target: Side, jobs: int, say: Say) -> None:
        self.source = source
        self.target = target
        self.jobs = max(1, jobs)
        self._say = say
        self._progress = Progress()
        self._begun = time.monotonic()
        self._lock = threading.Lock()
        self._keys = keys.Keys(target)

    def run(self) -> str:
        """All of it; the GTID position of the snapshot.

        :raises DatacenterError: it broke; or a table's shape was changed meanwhile.
        """
        shape = self._shape()
        with folder(self.source.names.migration, self.target.server) as here:
            for name in self.target.databases:
                self._create(name)
            self._tell("routines")
            self._objects(here, "routines", "--no-create-info", "--skip-triggers", "--routines")
            self._tell("tables and views")
            self._objects(here, "tables", "--skip-triggers")
            position = self._rows(here)
            self._tell("triggers")
            self._objects(here, "triggers", "--no-create-info", "--triggers")
        self._tell("events")
        copy_events(self.source, self.target)
        if self._shape() != shape:
            raise DatacenterError(
                "a table was changed in its shape while it was copied",
                device=self.source.name,
                cause="a CREATE, ALTER or DROP ran at the source after the copy had begun",
                next_step="run it again while nobody changes tables; what was copied is removed"
                " and begun anew",
            )
        return position

    def _tell(self, doing: str) -> None:
        with self._lock:
            self._progress.doing = doing
            self._progress.seconds = time.monotonic() - self._begun
        self._say(self._progress)

    def _create(self, name: str) -> None:
        charset, collation = self.source.sql.rows(
            "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata"
            " WHERE schema_name = %s",
            [name],
        )[0]
        self.target.sql.do(
            f"CREATE DATABASE IF NOT EXISTS {self.target.sql.quote(name)} CHARACTER SET {charset}"
            f" COLLATE {collation}"
        )

    def _shape(self) -> str:
        rows = self.source.sql.rows(
            "SELECT table_schema, table_name, ordinal_position, column_name, column_type, collation_name,"
            " is_nullable, column_default, extra FROM information_schema.columns WHERE table_schema IN %s"
            " ORDER BY 1, 2, 3",
            [self.source.databases],
            answer_s=300,
        )
        return hashlib.sha256(repr([tuple(row) for row in rows]).encode()).hexdigest()

    # Programs

    def _dump(self, here: Path, name: str, lines: Sequence[str], *more: str) -> list[str]:
        options = [
            # Locks are ours; a table that several write may not be locked by one.
            "[mysqldump]", "skip-lock-tables", "skip-add-locks", "skip-disable-keys", "quick", "hex-blob",
            "max-allowed-packet=1G", "default-character-set=utf8mb4", *lines,
        ]  # fmt: skip
        file = option_file(here / f"{name}.from", self.source.server, options)
        return [program("mariadb-dump"), f"--defaults-file={file}", *more]

    def _load(self, here: Path, name: str, database: str = "") -> list[str]:
        settings = [
            "sql_log_bin = 0", "foreign_key_checks = 0", "time_zone = '+00:00'", "lock_wait_timeout = 3600",
            # Days that no calendar has are kept as well: the 31st of February of an old, lenient server.
            "sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'", "net_read_timeout = 3600",
        ]  # fmt: skip
        if self.target.variable("innodb_change_buffering") in ("", "none"):
            # The first rows of a table are sorted as a whole then. A value that is there twice is found all
            # the same where no change of a key waits outside of it.
            settings.append("unique_checks = 0")
        if self.target.variable("character_set_collations"):
            # A table without a COLLATE of its own keeps the source's, not the target's newer default.
            settings.append("character_set_collations = ''")
        sets = ", ".join(f"SESSION {setting}" for setting in settings)
        lines = [
            "[mysql]",
            "max-allowed-packet=1G",
            "default-character-set=utf8mb4",
            f'init-command="SET {sets}"',
        ]
        file = option_file(here / f"{name}.to", self.target.server, lines)
        return [
            program("mariadb"),
            f"--defaults-file={file}",
            "--batch",
            *([f"--database={database}"] if database else []),
        ]

    def _objects(self, here: Path, name: str, *what: str) -> None:
        ours = self.source.databases
        dump = self._dump(here, name, [], "--no-data", "--no-create-db", *what, "--databases", "--", *ours)
        Pipe(dump, self._load(here, name), here / f"{name}.log").run()

    # Rows

    def _tables(self) -> list[Table]:
        return tables(self.source)

    def _rows(self, here: Path) -> str:
        found = self._tables()
        readers = shares(self.source, found, self.jobs)
        for table in found:
            if table.transactional and table.size >= keys.LARGE_BYTES:
                self._keys.set_aside(table.database, table.name)
        with self._lock:
            self._progress.tables_total = len(found)
            self._progress.bytes_total = sum(table.size for table in found)
        commands = [
            (
                self._rows_of(here, at, reader, found),
                self._load(here, f"rows{at}", reader.tables[0].database if reader.where else ""),
            )
            for at, reader in enumerate(readers)
        ]
        pipes: list[Pipe] = []
        exact = floats.tables_with_floats(self.source)
        with contextlib.ExitStack() as undo:
            # Reads the same moment as the others, when they are done.
            again = undo.enter_context(self.source.logged())
            with self._held_still() as (position, log):
                if exact:
                    again.do("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
                before = self._snapshots()
                for at, (dump, load) in enumerate(commands):
                    pipes.append(Pipe(dump, load, here / f"rows{at}.log"))
                    undo.callback(pipes[-1].end)
                self._await(before, [pipe for reader, pipe in zip(readers, pipes) if not reader.held])
                for reader, pipe in zip(readers, pipes):
                    if reader.held:
                        # What knows no transactions is copied while nobody writes.
                        self._tell("tables without transactions, under the lock")
                        pipe.run(self._moved)
                        self._done(reader)
            self._tell("rows and their keys")
            self._carry([(r, p) for r, p in zip(readers, pipes) if not r.held], log)
            self._tell("all digits of FLOAT columns")
            floats.carry(again, self.target, exact)
        return position

    def _rows_of(self, here: Path, at: int, reader: Reader, found: Sequence[Table]) -> list[str]:
        what = ["--no-create-info", "--skip-triggers", "--no-create-db", "--compact"]
        if not reader.held:
            what += ["--single-transaction", *self.PLACE]
        if reader.where:
            table = reader.tables[0]
            return self._dump(
                here, f"rows{at}", [], *what, f"--where={reader.where}", "--", table.database, table.name,
            )  # fmt: skip
        mine = {table.key for table in reader.tables}
        ignored = [f'ignore-table="{table.key}"' for table in found if table.key not in mine]
        ours = sorted({table.database for table in reader.tables})
        return self._dump(here, f"rows{at}", ignored, *what, "--databases", "--", *ours)

    @contextlib.contextmanager
    def _held_still(self) -> Iterator[tuple[str, bytes]]:
        """Nobody writes at the source for this block; its GTID, and how a dump writes its place."""
        with self.source.logged() as holder:
            holder.do("SET SESSION lock_wait_timeout = 5")
            try:
                holder.do("FLUSH TABLES WITH READ LOCK", answer_s=60)
            except SqlError as error:
                if error.code != _LOCK_TIMEOUT:
                    raise
                raise Refused(
                    "the source could not be held still for the beginning of the copy",
                    device=self.source.name,
                    cause="a statement has run for over 5 s, and everybody would have waited"
                    " behind us for it",
                    next_step="run it again in a calmer hour, or end that statement (SHOW PROCESSLIST)",
                ) from error
            # Ends with the session, too.
            file, place = holder.rows("SHOW MASTER STATUS")[0][:2]
            log = f"MASTER_LOG_FILE='{file}', MASTER_LOG_POS={place};"
            yield str(holder.value("SELECT @@GLOBAL.gtid_binlog_pos")), log.encode()
            holder.do("UNLOCK TABLES")

    def _snapshots(self) -> set[int]:
        """Sessions of our account that have a transaction."""
        rows = self.source.sql.rows(
            "SELECT p.id FROM information_schema.innodb_trx t JOIN information_schema.processlist p"
            " ON p.id = t.trx_mysql_thread_id WHERE p.user = %s",
            [self.source.us[0]],
        )
        return {int(row[0]) for row in rows}

    def _await(self, before: set[int], pipes: Sequence[Pipe]) -> None:
        """Until each reader has its snapshot, or has read all it had to.

        Each one's own word is compared later.
        """
        end = time.monotonic() + _BEGIN_S
        while True:
            time.sleep(_LOOK_S)
            if sum(pipe.reads for pipe in pipes) <= len(self._snapshots() - before):
                return
            if time.monotonic() > end:
                raise DeadlineExceeded(
                    "the readers of the copy did not begin",
                    device=self.source.name,
                    cause=f"not all of {len(pipes)} within {_BEGIN_S:g} s; the source writes again",
                    next_step="see max_connections there, and that mariadb-dump reaches it from this host",
                )

    def _moved(self, count: int) -> None:
        with self._lock:
            self._progress.bytes_done += count
            # The total is the server's estimate of what the tables take there; the text may be longer.
            self._progress.bytes_total = max(self._progress.bytes_total, self._progress.bytes_done)

    def _done(self, reader: Reader) -> None:
        with self._lock:
            self._progress.tables_done += len(reader.tables) if reader.where is None else 0

    def _carry(self, pairs: Sequence[tuple[Reader, Pipe]], log: bytes) -> None:
        def same_moment(piece: bytes) -> None:
            if log not in piece:
                raise DatacenterError(
                    "the readers of the copy do not see the same moment",
                    device=self.source.name,
                    cause="one began after the lock was gone",
                    next_step="run it again; what was copied is removed and begun anew",
                )

        left = Counter(table.key for reader, pipe in pairs for table in reader.tables)

        def one(reader: Reader, pipe: Pipe) -> None:
            pipe.run(self._moved, same_moment)
            self._done(reader)
            for table in reader.tables:
                with self._lock:
                    left[table.key] -= 1
                    whole = not left[table.key]
                if whole:
                    # Whoever brings the last rows of a table makes its keys.
                    self._keys.make(table.database, table.name)

        with ThreadPoolExecutor(max(1, len(pairs))) as pool:
            pending = {pool.submit(one, reader, pipe) for reader, pipe in pairs}
            try:
                while pending:
                    done, pending = wait(pending, timeout=_TELL_S, return_when=FIRST_EXCEPTION)
                    self._tell("rows and their keys")
                    for future in done:
                        future.result()
            except BaseException:
                for _reader, pipe in pairs:
                    pipe.end()
                keys.stop(self.target)
                raise


def copy_events(source: Side, target: Side) -> None:
    """As a replica has them: there, and not running until writes are opened on that side."""
    rows = source.sql.rows(
        "SELECT event_schema, event_name FROM information_schema.events WHERE event_schema IN %s",
        [source.databases],
    )
    for database, name in rows:
        made = source.sql.rows(f"SHOW CREATE EVENT {source.sql.quote(str(database), str(name))}")[0]
        mode, zone, statement, charset, collation = (str(made[at]) for at in (1, 2, 3, 4, 5))
        target.sql.do(f"USE {target.sql.quote(str(database))}")
        settings = (
            "SET SESSION sql_mode = %s, SESSION time_zone = %s, SESSION character_set_client = %s,"
            " SESSION collation_connection = %s"
        )
        target.sql.do(settings, [mode, zone, charset, collation])
        try:
            target.sql.do(_not_running(statement))
        finally:
            target.sql.do(
                "SET SESSION sql_mode = DEFAULT, SESSION time_zone = '+00:00',"
                " SESSION character_set_client = utf8mb4, SESSION collation_connection = utf8mb4_general_ci"
            )


def _not_running(statement: str) -> str:
    """SHOW CREATE EVENT writes the state after ON COMPLETION, before COMMENT and DO."""
    head, kind, rest = statement.partition(" PRESERVE ")
    if not kind:
        return statement
    return f"{head}{kind}" + (
        "DISABLE ON SLAVE " + rest[len("ENABLE ") :] if rest.startswith("ENABLE ") else rest
    )
