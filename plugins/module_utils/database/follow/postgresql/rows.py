# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the first copy: from psql to psql, several tables and parts of large ones at a time.

What the source's session writes is a script of COPY commands with their rows, which ends with COMMIT: one
that was cut off anywhere is not committed.
"""

from __future__ import annotations

import math
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.blobs import (
    MADE,
    PAGE_BYTES,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.programs import (  # noqa: E501
    Programs,
    failed,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.side import (
    Side,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.postgresql import quoted

#: From here on ranges of a table's blocks are read without reading all before them.
_RANGES_SINCE = 14
_PART_BYTES = 512 << 20
#: Small tables go together in one pair of sessions, and so do large objects, which lie in a temporary table
#: of the target meanwhile.
_BATCH_BYTES = 32 << 20
_BATCH_TABLES = 100
_BLOBS_AT_ONCE = 500

#: Tables with rows of their own. Those of an extension only when it says that their rows are the user's
#: (extconfig), with its condition.
_TABLES = r"""
SELECT n.nspname, c.relname, pg_table_size(c.oid)::bigint, pg_relation_size(c.oid)::bigint,
       current_setting('block_size')::int, coalesce(x.condition, ''),
       (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_depend e ON e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e'
  LEFT JOIN (SELECT unnest(extconfig) AS oid, unnest(extcondition) AS condition FROM pg_extension) x
         ON x.oid = c.oid
 WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname <> %s
   AND n.nspname NOT LIKE 'pg\_%%' AND (e.objid IS NULL OR x.oid IS NOT NULL) ORDER BY 3 DESC, 1, 2
"""
#: Pages of a hundred gigabytes are counted by reading them, where nobody vacuums.
_COUNTED_S = 3600
_BLOBS = """
SELECT m.oid, count(p.loid) FROM pg_largeobject_metadata m LEFT JOIN pg_largeobject p ON p.loid = m.oid
 GROUP BY 1 ORDER BY 1
"""
_One = TypeVar("_One")
#: What they say of what went wrong.
_READS, _LOADS = "said-", "loader-said"


@dataclass(frozen=True)
class Part:
    """Rows of one table.

    :param where: ``None``: all of it.
    """

    table: str
    columns: tuple[str, ...]
    bytes: int
    where: str | None = None
    whole: bool = True


@dataclass(frozen=True)
class Load:
    """What is loaded in one transaction of the target.

    :param script: for the source's psql; what that writes is the script of the target's.
    :param pages: for another one at the source; what that writes is the input of the target's.
    """

    script: str
    pages: str | None = None


def parts(side: Side, jobs: int) -> list[list[Part]]:
    """What one pair of sessions each copies, the largest first."""
    single: list[list[Part]] = []
    small: list[Part] = []
    for schema, name, size, heap, block, condition, columns in side.rows(_TABLES, [side.names.prefix], 120):
        where = condition.strip().removeprefix("WHERE ").strip() or None
        part = Part(quoted(schema, name), tuple(columns or ()), int(size), where, whole=not condition)
        if size > _PART_BYTES and jobs > 1 and where is None and side.version >= _RANGES_SINCE:
            single += [[one] for one in _split(part, int(heap) // int(block), jobs)]
        elif size > _BATCH_BYTES:
            single.append([part])
        else:
            small.append(part)
    single.sort(key=lambda batch: -batch[0].bytes)
    return single + _batches(((part, part.bytes) for part in small), _BATCH_TABLES)


def _split(part: Part, blocks: int, jobs: int) -> list[Part]:
    pieces = max(2, min(math.ceil(part.bytes / _PART_BYTES), 4 * jobs))
    edges = [blocks * piece // pieces for piece in range(pieces)]
    found = []
    for first, behind in zip(edges, [*edges[1:], None]):
        where = f"ctid >= '({first},0)'" + ("" if behind is None else f" AND ctid < '({behind},0)'")
        found.append(Part(part.table, part.columns, part.bytes // pieces, where, whole=False))
    return found


def _batches(sized: Iterable[tuple[_One, int]], most: int) -> list[list[_One]]:
    """What is copied at once, in its order.

    :param sized: each with its bytes, of which a batch has not too many, unless a single one has.
    :param most: in a batch.
    """
    found: list[list[_One]] = []
    size = 0
    for one, takes in sized:
        if not found or size + takes > _BATCH_BYTES or len(found[-1]) >= most:
            found.append([])
            size = 0
        found[-1].append(one)
        size += takes
    return found


def _echo(text: str) -> str:
    """A line of the script that the source's session writes."""
    return "\\echo '" + text.replace("\\", "\\\\").replace("'", "''") + "'\n"


def load(batch: Sequence[Part], snapshot: str) -> Load:
    """Rows, as COPY commands of the target's script."""
    lines = [_at(snapshot), _echo("BEGIN;")]
    for part in batch:
        columns = f"({', '.join(map(quoted, part.columns))})" if part.columns else ""
        wanted = ", ".join(map(quoted, part.columns))
        if part.whole:
            # In the transaction that emptied the table rows are written as if they had always been there:
            # no VACUUM has to rewrite them.
            lines.append(_echo(f"TRUNCATE ONLY {part.table};"))
        lines.append(
            _echo(f"COPY {part.table} {columns} FROM stdin{' WITH (FREEZE)' if part.whole else ''};")
        )
        if part.where is None:
            lines.append(f"COPY {part.table} {columns} TO STDOUT;\n")
        else:
            lines.append(f"COPY (SELECT {wanted} FROM ONLY {part.table} WHERE {part.where}) TO STDOUT;\n")
        lines.append(_echo("\\."))
    return Load("".join([*lines, _echo("COMMIT;")]))


def _at(snapshot: str) -> str:
    return f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\nSET TRANSACTION SNAPSHOT '{snapshot}';\n"


def load_blobs(objects: Sequence[int], snapshot: str) -> Load:
    """Large objects, as pages of a table of the target's session.

    They come in the binary format, of which text is twice as much. Its end need not be there for a server:
    they are counted.
    """
    these = ", ".join(map(str, objects))
    script = (
        _at(snapshot),
        _echo("BEGIN; CREATE TEMP TABLE pages (loid oid, pageno int, data bytea) ON COMMIT DROP;"),
        # Nothing that is read once is worth being compressed.
        _echo("ALTER TABLE pages ALTER data SET STORAGE EXTERNAL;"),
        f"{MADE} WHERE oid IN ({these});\n",
        _echo("\\copy pages FROM pstdin WITH (FORMAT binary)"),
        "SELECT 'DO $$BEGIN IF (SELECT count(*) FROM pages) <> ' || count(*) || ' THEN RAISE ''pages of large"
        " objects are missing''; END IF; END$$;'"
        f" FROM pg_largeobject WHERE loid IN ({these});\n",
        _echo(
            f"DO $$BEGIN PERFORM pg_catalog.lo_put(loid, pageno::bigint * {PAGE_BYTES}, data) FROM pages;"
            " END$$;"
        ),
        _echo("COMMIT;"),
    )
    wanted = f"SELECT loid, pageno, data FROM pg_largeobject WHERE loid IN ({these})"
    return Load("".join(script), f"{_at(snapshot)}COPY ({wanted}) TO STDOUT WITH (FORMAT binary);\n")


def blob_batches(side: Side) -> list[list[int]]:
    """Large objects, by number: what one transaction makes each."""
    found = side.rows(_BLOBS, (), _COUNTED_S)
    return _batches(((int(one), int(pages) * PAGE_BYTES) for one, pages in found), _BLOBS_AT_ONCE)


class Pump:
    """Loads, several at a time."""

    def __init__(self, made: Programs, source: Side, target: Side) -> None:
        self._made, self._source, self._target = made, source, target
        self._psql = [made.find("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-f"]
        # Once, before there are several threads: it writes a file.
        self._reading = made.environment(source.server)
        self._loading = made.environment(target.server, loading=True)
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._ended = False

    def run(
        self, loads: Sequence[Load], jobs: int, tick: Callable[[int], None], every_s: float = 1.0
    ) -> None:
        """All of them, in this order.

        :param tick: told now and then how many are done.
        :raises DatacenterError: one failed; the others are ended.
        """
        with ThreadPoolExecutor(max(1, jobs)) as pool:
            pending = {pool.submit(self._one, one) for one in loads}
            try:
                while pending:
                    done, pending = wait(pending, every_s, FIRST_EXCEPTION)
                    for one in done:
                        one.result()
                    tick(len(loads) - len(pending))
            except BaseException:
                self._end()
                for one in pending:
                    one.cancel()
                raise

    def _end(self) -> None:
        with self._lock:
            self._ended = True
            for process in self._running:
                process.kill()

    def _one(self, load: Load) -> None:
        place = Path(tempfile.mkdtemp(dir=self._made.scratch))
        with self._lock:
            if self._ended:
                return
            script = self._reader(place, "script", load.script)
            pages = self._reader(place, "pages", load.pages) if load.pages else None
            readers = [script] if pages is None else [script, pages]
            loader = self._loader(place, script, pages)
        loaded, read = loader.wait(), [one.wait() for one in readers]
        with self._lock:
            self._running -= {*readers, loader}
        self._judge(place, loaded, read)
        shutil.rmtree(place)

    def _reader(self, place: Path, name: str, text: str) -> subprocess.Popen[bytes]:
        given = place / name
        given.write_text(text)
        with given.open() as stdin, (place / f"{_READS}{name}").open("w") as said:
            reader = subprocess.Popen(
                [*self._psql, "-"],
                env=self._reading,
                pass_fds=self._made.handles,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=said,
            )
        # At once: it is ended when the next one cannot be started.
        self._running.add(reader)
        return reader

    def _loader(
        self, place: Path, script: subprocess.Popen[bytes], pages: subprocess.Popen[bytes] | None
    ) -> subprocess.Popen[bytes]:
        given = script.stdout.fileno() if script.stdout else -1
        with (place / _LOADS).open("w") as said:
            loader = subprocess.Popen(
                [*self._psql, f"/dev/fd/{given}"],
                env=self._loading,
                pass_fds=(*self._made.handles, given),
                stdin=pages.stdout if pages else subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
            )
        self._running.add(loader)
        for reader in (script, pages):
            if reader and reader.stdout:
                # So that a reader is told when the loader has ended.
                reader.stdout.close()
        return loader

    def _judge(self, place: Path, loaded: int, read: Sequence[int]) -> None:
        if self._ended or not (loaded or any(read)):
            return
        # A reader that ends leaves the loader half of what it needs, and a loader that ends takes its readers
        # with it, without a word of theirs.
        if set(read) - {0, -signal.SIGPIPE}:
            said = "".join(path.read_text() for path in sorted(place.glob(f"{_READS}*")))
            raise failed("reading rows", self._source.server, said)
        raise failed("loading rows", self._target.server, (place / _LOADS).read_text())
