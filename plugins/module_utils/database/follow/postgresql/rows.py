# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the first copy: from psql to psql, several tables and parts of large ones at a time.

What the source's session writes is a script of COPY commands with their rows, which ends with COMMIT: one
that was cut off anywhere is not committed.
"""

from __future__ import annotations

import math
import subprocess
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.blobs import (
    MADE,
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
#: Small tables go together in one pair of sessions.
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
    return sorted(single, key=lambda batch: -batch[0].bytes) + _batches(small)


def _split(part: Part, blocks: int, jobs: int) -> list[Part]:
    pieces = max(2, min(math.ceil(part.bytes / _PART_BYTES), 4 * jobs))
    edges = [blocks * piece // pieces for piece in range(pieces)]
    found = []
    for first, behind in zip(edges, [*edges[1:], None]):
        where = f"ctid >= '({first},0)'" + ("" if behind is None else f" AND ctid < '({behind},0)'")
        found.append(Part(part.table, part.columns, part.bytes // pieces, where, whole=False))
    return found


def _batches(small: Sequence[Part]) -> list[list[Part]]:
    found: list[list[Part]] = []
    size = 0
    for part in small:
        if not found or size + part.bytes > _BATCH_BYTES or len(found[-1]) >= _BATCH_TABLES:
            found.append([])
            size = 0
        found[-1].append(part)
        size += part.bytes
    return found


def _echo(text: str) -> str:
    """A line of the script that the source's session writes."""
    return "\\echo '" + text.replace("\\", "\\\\").replace("'", "''") + "'\n"


def script(batch: Sequence[Part], snapshot: str) -> str:
    """For the source's psql; what it writes is for the target's."""
    lines = [
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n",
        f"SET TRANSACTION SNAPSHOT '{snapshot}';\n",
        _echo("BEGIN;"),
    ]
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
    return "".join([*lines, _echo("COMMIT;")])


def blobs_script(objects: Sequence[int], snapshot: str) -> str:
    """Large objects, as pages of a table of the target's session."""
    these = ", ".join(map(str, objects))
    return "".join((
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n",
        f"SET TRANSACTION SNAPSHOT '{snapshot}';\n",
        _echo("BEGIN; CREATE TEMP TABLE pages (loid oid, pageno bigint, data bytea) ON COMMIT DROP;"),
        f"{MADE} WHERE oid IN ({these});\n",
        _echo("COPY pages FROM stdin;"),
        f"COPY (SELECT loid, pageno, data FROM pg_largeobject WHERE loid IN ({these})) TO STDOUT;\n",
        _echo("\\."),
        _echo("DO $$BEGIN PERFORM pg_catalog.lo_put(loid, pageno * 2048, data) FROM pages; END$$;"),
        _echo("COMMIT;"),
    ))  # fmt: skip


def blob_batches(side: Side) -> list[list[int]]:
    found = [
        int(row[0]) for row in side.rows("SELECT oid FROM pg_largeobject_metadata ORDER BY oid", (), 300)
    ]
    return [found[first : first + _BLOBS_AT_ONCE] for first in range(0, len(found), _BLOBS_AT_ONCE)]


class Pump:
    """Runs scripts, several at a time, each through a pair of sessions."""

    def __init__(self, made: Programs, source: Side, target: Side) -> None:
        self._made, self._source, self._target = made, source, target
        # Once, before there are several threads: it writes a file.
        self._reading = made.environment(source.server)
        self._loading = made.environment(target.server, loading=True)
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._ended = False

    def run(
        self, scripts: Sequence[str], jobs: int, tick: Callable[[int], None], every_s: float = 1.0
    ) -> None:
        """All of them, in this order.

        :param tick: told now and then how many are done.
        :raises DatacenterError: one failed; the others are ended.
        """
        numbered = list(enumerate(scripts))
        with ThreadPoolExecutor(max(1, jobs)) as pool:
            pending = {pool.submit(self._one, number, text) for number, text in numbered}
            try:
                while pending:
                    done, pending = wait(pending, every_s, FIRST_EXCEPTION)
                    for one in done:
                        one.result()
                    tick(len(scripts) - len(pending))
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

    def _one(self, number: int, text: str) -> None:
        made, psql = self._made, [self._made.find("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-f", "-"]
        given = made.scratch / f"script-{number}"
        given.write_text(text)
        said = [made.scratch / f"said-{number}-{side}" for side in ("source", "target")]
        with self._lock, given.open() as stdin, said[0].open("w") as reads, said[1].open("w") as loads:
            if self._ended:
                return
            reader = subprocess.Popen(
                psql,
                env=self._reading,
                pass_fds=made.handles,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=reads,
            )
            loader = subprocess.Popen(
                psql, env=self._loading, pass_fds=made.handles, stdin=reader.stdout,
                stdout=subprocess.DEVNULL, stderr=loads,
            )  # fmt: skip
            self._running |= {reader, loader}
        if reader.stdout is not None:
            # So that the reader is told when the loader has ended.
            reader.stdout.close()
        codes = loader.wait(), reader.wait()
        with self._lock:
            self._running -= {reader, loader}
        self._judge(codes, [path.read_text() for path in said])
        for path in (given, *said):
            path.unlink()

    def _judge(self, codes: tuple[int, int], said: Sequence[str]) -> None:
        loaded, read = codes
        if self._ended or not (loaded or read):
            return
        # A loader that ends takes its reader with it, and a reader that ends leaves the loader half a script:
        # the one that has something to say is the cause.
        if loaded and said[1].strip():
            raise failed("loading rows", self._target.server, said[1])
        raise failed("reading rows", self._source.server, said[0])
