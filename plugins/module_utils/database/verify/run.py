# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two databases compared from end to end: what they are made of, and what is in them."""

from __future__ import annotations

import fnmatch
import json
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import (
    POSTGRESQL,
    Server,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import SqlError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify import (
    large_objects,
    mariadb_schema,
    postgresql_schema,
    schema,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.compare import (
    Care,
    Named,
    Outcome,
    Sides,
    compare_range,
    compare_whole,
    ranges,
    width_of,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.ledger import (
    Done,
    Ledger,
    Progress,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.model import (
    NOTHING,
    Buckets,
    Digest,
    Found,
    Part,
    Plan,
    Range,
    Reader,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.sides import (
    Opened,
    limits,
    opened,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.throttle import Throttle
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused

#: So many differences stand in a result; all of them in the report.
IN_RESULT = 100

IDENTICAL, DIFFERENT, UNSETTLED, NOT_COMPARED = "identical", "different", "unsettled", "not_compared"


@dataclass(frozen=True)
class Wanted:
    """What is compared, and how.

    :param schemas: of PostgreSQL's database, or MariaDB's databases; empty: all.
    :param exclude: patterns of ``schema.name`` that are left out.
    :param sequences: ``equal``; ``not_behind``: the target's may be ahead; ``ignored``.
    """

    schemas: Sequence[str] = ()
    exclude: Sequence[str] = ()
    jobs: int = 2
    care: Care = field(default_factory=Care)
    sequences: str = schema.NOT_BEHIND
    report: str | None = None
    progress: str | None = None
    resume: str | None = None
    max_lag_s: float | None = None
    max_running: int | None = None
    rest_s: float = 0.0
    patience_s: float = 3600.0

    def has(self, schema_name: str, name: str) -> bool:
        if self.schemas and schema_name not in self.schemas:
            return False
        return not any(fnmatch.fnmatchcase(f"{schema_name}.{name}", pattern) for pattern in self.exclude)


@dataclass
class Content:
    """A table that both sides have, and what came out."""

    plan: Plan
    marks: tuple[str, str]
    named: Named
    source: Digest = NOTHING
    target: Digest = NOTHING
    parts: int = 0
    resumed: int = 0
    width: int = 0
    #: How many parts are to be read; not known until all of them have been found.
    handed_out: int | None = None
    found: list[Found] = field(default_factory=list)
    error: str = ""

    @property
    def state(self) -> str:
        if self.error:
            return NOT_COMPARED
        if any(one.settled for one in self.found):
            return DIFFERENT
        return UNSETTLED if self.found else IDENTICAL

    def told(self) -> dict[str, Any]:
        told = {
            "table": self.plan.table, "state": self.state, "rows": self.source.rows,
            "target_rows": self.target.rows, "digest": self.source.told(),
            "target_digest": self.target.told(), "parts": self.parts, "resumed": self.resumed,
            "by": "key" if self.plan.ordered else "content",
        }  # fmt: skip
        return {**told, "error": self.error} if self.error else told


def verify(source: Server, target: Server, wanted: Wanted) -> dict[str, Any]:
    """Compare, and say what differs.

    :raises DatacenterError: it could not be compared; ``result`` then has what came out before.
    """
    begun = wanted.care.clock()
    quiet = not wanted.care.settle_s
    with opened(source, target, quiet) as both:
        differences, forgiven = _made_of(both, wanted)
        contents, alone = _contents(both, wanted)
        if not contents and not differences and not alone:
            raise Refused(
                "nothing was found to compare", device=source.name, next_step="see schemas and exclude"
            )
        ledger = Ledger(wanted.resume, _about(source, target, wanted))
        expected = sum(one.plan.rows for one in contents)
        with (
            limits(source, target, wanted.max_lag_s, wanted.max_running) as watched,
            Progress(wanted.progress, expected, len(contents), wanted.care.clock) as progress,
        ):
            throttle = Throttle(
                watched, wanted.rest_s, wanted.patience_s, wanted.care.clock, wanted.care.sleep
            )
            _Work(both, wanted, contents, ledger, progress, throttle).run()
        changed = _changed(both, contents) if quiet else []
    ledger.close()
    spent = max(wanted.care.clock() - begun, 0.001)
    result = _result(contents, differences, spent)
    result.update(
        forgiven=forgiven, quiet=quiet, changed_meanwhile=changed, waited_s=round(throttle.waited_s, 1)
    )
    if wanted.report:
        _write(wanted.report, result)
    result["differences"] = result["differences"][:IN_RESULT]
    return result


def _contents(both: Opened, wanted: Wanted) -> tuple[list[Content], list[str]]:
    """The tables that both have, the largest first, and the names of those that one has."""
    here, there = both.tables()
    wanted_here = {name: one for name, one in here.items() if wanted.has(one.schema, one.name)}
    wanted_there = {name: one for name, one in there.items() if wanted.has(one.schema, one.name)}
    contents = [
        Content(both.plan(one, there[name]), (one.mark, there[name].mark), Named(wanted.care.name_rows))
        for name, one in wanted_here.items()
        if name in wanted_there
    ]
    if both.source.server.engine == POSTGRESQL and wanted.has("pg_catalog", "pg_largeobject"):
        plan = large_objects.plan(both.source.lead, both.target.lead)
        if plan is not None:
            contents.append(Content(plan, ("", ""), Named(wanted.care.name_rows)))
    contents.sort(key=lambda one: -one.plan.rows)
    return contents, sorted(wanted_here.keys() ^ wanted_there.keys())


def _made_of(both: Opened, wanted: Wanted) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    engine = postgresql_schema if both.source.server.engine == POSTGRESQL else mariadb_schema
    return schema.compare(
        engine.read(both.source.lead), engine.read(both.target.lead), wanted.has, wanted.sequences,
        engine.SPELLINGS,
    )  # fmt: skip


def _about(source: Server, target: Server, wanted: Wanted) -> dict[str, Any]:
    return {
        "format": 1,
        "source": [source.host, source.port, source.database],
        "target": [target.host, target.port, target.database],
        "chunk_rows": wanted.care.chunk_rows,
    }


def _changed(both: Opened, contents: Sequence[Content]) -> list[str]:
    """Tables that somebody wrote to while they were compared, as far as the servers count that."""
    for side in (both.source, both.target):
        side.lead.do("ROLLBACK")
    here, there = both.tables()
    return sorted(
        one.plan.table
        for one in contents
        if one.plan.table in here
        and one.plan.table in there
        and (here[one.plan.table].mark, there[one.plan.table].mark) != one.marks
    )


class _Work:
    """The parts of all tables, done by several pairs of sessions."""

    def __init__(
        self,
        both: Opened,
        wanted: Wanted,
        contents: Sequence[Content],
        ledger: Ledger,
        progress: Progress,
        throttle: Throttle,
    ) -> None:
        self._both, self._wanted, self._contents = both, wanted, contents
        self._ledger, self._progress, self._throttle = ledger, progress, throttle
        self._parts: queue.Queue[tuple[Content, Part] | None] = queue.Queue(maxsize=4 * wanted.jobs)
        self._lock = threading.Lock()
        self._broken = threading.Event()
        self._error: BaseException | None = None

    def run(self) -> None:
        workers = [
            threading.Thread(target=self._kept, args=(self._serve,), daemon=True)
            for _number in range(max(1, self._wanted.jobs))
        ]
        for worker in workers:
            worker.start()
        self._kept(self._hand_out)
        for _worker in workers:
            self._put(None)
        for worker in workers:
            worker.join()
        self._count_tables()
        if isinstance(self._error, DatacenterError):
            self._error.result.update(_result(self._contents, [], 1.0), differences=[])
        if self._error is not None:
            raise self._error

    def _kept(self, act: Callable[[], None]) -> None:
        """The first error ends all of it."""
        try:
            act()
        except BaseException as error:
            with self._lock:
                self._error = self._error or error
            self._broken.set()

    def _put(self, item: tuple[Content, Part] | None) -> None:
        while not self._broken.is_set():
            try:
                self._parts.put(item, timeout=0.5)
                return
            except queue.Full:
                continue

    def _hand_out(self) -> None:
        with self._both.leading() as (leading, again):
            for content in self._contents:
                done = self._ledger.done(content.plan, content.marks, not self._both.source.quiet)
                for digest in done.digests:
                    content.source, content.target = content.source.plus(digest), content.target.plus(digest)
                content.resumed = len(done.digests)
                try:
                    count = 0
                    for part in self._parts_of(content, leading, done):
                        self._put((content, part))
                        count += 1
                        if self._broken.is_set() or content.error:
                            break
                    content.handed_out = count
                except SqlError as error:
                    content.error = str(error)
                    again()

    def _parts_of(self, content: Content, leading: Reader, done: Done) -> Iterator[Part]:
        if not content.plan.ordered:
            return iter(() if done.whole else (Buckets(1),))
        chunk_rows = self._wanted.care.chunk_rows
        width = done.width
        content.width = width_of(leading, content.plan, chunk_rows) if width is None else width
        return ranges(leading, content.plan, content.width, chunk_rows, done.ends)

    def _serve(self) -> None:
        with self._both.sides() as (sides, again):
            while not self._broken.is_set():
                try:
                    item = self._parts.get(timeout=0.5)
                except queue.Empty:
                    continue
                if item is None:
                    return
                self._throttle.wait(self._say)
                try:
                    self._finish(item[0], self._compare(sides, *item))
                except SqlError as error:
                    # One table that cannot be read does not keep the others from being compared.
                    item[0].error = str(error)
                    again()

    def _say(self, why: str) -> None:
        self._progress.waiting = why

    def _compare(self, sides: Sides, content: Content, part: Part) -> Outcome:
        if isinstance(part, Range):
            return compare_range(sides, content.plan, part, self._wanted.care, content.named)
        return compare_whole(sides, content.plan, self._wanted.care, content.named)

    def _finish(self, content: Content, outcome: Outcome) -> None:
        with self._lock:
            content.source = content.source.plus(outcome.source)
            content.target = content.target.plus(outcome.target)
            content.parts += 1
            content.found += outcome.found
        if outcome.source == outcome.target:
            self._ledger.add(content.plan, content.marks, content.width, outcome)
        self._progress.add(outcome, content.plan.table)
        self._count_tables()

    def _count_tables(self) -> None:
        self._progress.tables_done = sum(one.handed_out == one.parts for one in self._contents)


def _result(
    contents: Sequence[Content], differences: Sequence[Mapping[str, Any]], spent: float
) -> dict[str, Any]:
    tables = sorted((one.told() for one in contents), key=lambda told: str(told["table"]))
    rows = sum(max(one.source.rows, one.target.rows) for one in contents)
    found = [one for content in contents for one in content.found]
    settled = [one.told() for one in found if one.settled]
    unsettled = [one.told() for one in found if not one.settled]
    not_compared = [{"table": one.plan.table, "error": one.error} for one in contents if one.error]
    return {
        "identical": not (differences or found or not_compared),
        "tables": tables,
        "differences": [*differences, *settled],
        "difference_count": len(differences) + len(settled),
        "unsettled": unsettled[:IN_RESULT],
        "unsettled_count": len(unsettled),
        "not_compared": not_compared,
        "rows": rows,
        "seconds": round(spent, 3),
        "rows_per_s": round(rows / spent),
    }


def _write(path: str, result: Mapping[str, Any]) -> None:
    try:
        Path(path).write_text(json.dumps(dict(result), indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise DatacenterError(
            "the report cannot be written", device=path, cause=error.strerror, result=result
        ) from error


def wanted_from(given: Mapping[str, Any]) -> Wanted:
    """From a module's options.

    :raises Refused: with them nothing would be compared, or without end.
    """
    for name, least in (("jobs", 1), ("chunk_rows", 1), ("name_rows", 1), ("settle_s", 0)):
        if given[name] < least:
            raise Refused(f"{name} is {given[name]}", next_step=f"give at least {least}")
    care = Care(given["chunk_rows"], given["name_rows"], given["settle_s"], given["give_up_s"])
    same = {
        name: given[name]
        for name in ("schemas", "exclude", "jobs", "sequences", "report", "progress", "resume", "max_lag_s",
                     "max_running", "rest_s", "patience_s")
    }  # fmt: skip
    return Wanted(care=care, **same)


def demand_identical(result: Mapping[str, Any], target: Server) -> None:
    """
    :raises DatacenterError: they are not; with the result.
    """
    if result["identical"]:
        return
    first = [*result["differences"], *result["unsettled"], *result["not_compared"]][0]
    said = ", ".join(f"{name} {value}" for name, value in first.items() if value not in (None, "", [], {}))
    raise DatacenterError(
        "it is not the same as its source",
        device=target.name,
        cause=f"{result['difference_count']} differences, {result['unsettled_count']} rows that do not"
        f" settle, {len(result['not_compared'])} tables that could not be compared; the first: {said}",
        next_step="see differences in the result, and all of them in the report",
        result=result,
    )
