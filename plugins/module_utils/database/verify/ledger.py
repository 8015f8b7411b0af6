# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has been compared, so that a run that broke is gone on with, and what it is doing.

What a resumed run proves. Of the parts that it skips: that they were equal when they were read. Between
quiet sides that is as good as reading them again only when nobody has written since, so a table whose servers
count writes to it since (PostgreSQL's statistics, MariaDB's UPDATE_TIME), or were restarted, is read from its
beginning. While changes flow, an unbroken run says no more than a resumed one of parts that it read an hour
ago.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.compare import Outcome
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.model import (
    Digest,
    Key,
    Plan,
    Range,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

#: At least so often a line says how far it is.
TELL_S = 5.0


@dataclass
class Done:
    """What a former run has compared of a table, and found equal."""

    width: int | None = None
    ends: dict[Key | None, Key | None] = field(default_factory=dict)
    digests: list[Digest] = field(default_factory=list)
    whole: bool = False


class Ledger:
    """The file of parts that are equal: JSON lines, one a part.

    :param about: what is compared how; a file about something else is begun anew.
    """

    def __init__(self, path: str | None, about: Mapping[str, Any]) -> None:
        self._path = Path(path) if path else None
        self._lock = threading.Lock()
        self._lines: dict[str, list[dict[str, Any]]] = {}
        if self._path is None:
            return
        try:
            head, *lines = _read(self._path)
            if head == dict(about):
                for line in lines:
                    self._lines.setdefault(line["table"], []).append(line)
                return
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(dict(about)) + "\n")
        except OSError as error:
            raise DatacenterError(
                "the file of what is done cannot be kept", device=str(self._path), cause=error.strerror
            ) from error

    def done(self, plan: Plan, marks: tuple[str, str], flowing: bool) -> Done:
        """What need not be read again."""
        done = Done()
        for line in self._lines.get(plan.table, ()):
            if line["plan"] != _fingerprint(plan) or (not flowing and line["marks"] != list(marks)):
                continue
            done.digests.append(Digest(line["rows"], tuple(int(one) for one in line["digest"])))
            done.width = line["width"]
            done.whole = done.whole or "low" not in line
            if "low" in line:
                done.ends[_key(line["low"])] = _key(line["high"])
        return done

    def add(self, plan: Plan, marks: tuple[str, str], width: int, outcome: Outcome) -> None:
        """A part is equal."""
        if self._path is None:
            return
        line: dict[str, Any] = {
            "table": plan.table, "plan": _fingerprint(plan), "marks": marks, "width": width,
            "rows": outcome.source.rows, "digest": [str(one) for one in outcome.source.sums],
        }  # fmt: skip
        if isinstance(outcome.part, Range):
            line["low"], line["high"] = outcome.part.low, outcome.part.high
        with self._lock, self._path.open("a") as out:
            out.write(json.dumps(line) + "\n")

    def close(self) -> None:
        """All has been compared: the next run is one of its own."""
        if self._path is not None:
            self._path.unlink()


def _read(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return [{}]
    found = []
    for line in path.read_text().splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            # The last line of a run that was killed.
            break
    return found or [{}]


def _key(given: Any) -> Key | None:
    return None if given is None else tuple(given)


def _fingerprint(plan: Plan) -> str:
    return sha256(f"{plan.row}\n{plan.key}\n{plan.ordered}".encode()).hexdigest()[:16]


class Progress:
    """Says how far it is, in JSON lines."""

    def __init__(self, path: str | None, rows: int, tables: int, clock: Callable[[], float]) -> None:
        self._path = Path(path) if path else None
        self._expected, self._tables, self._clock = rows, tables, clock
        self._begun = clock()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tell_again, daemon=True)
        self.rows = self.tables_done = self.differing = 0
        self.now, self.waiting = "", ""

    def __enter__(self) -> Progress:
        if self._path is not None:
            self._tell()
            self._thread.start()
        return self

    def __exit__(self, *_error: Any) -> None:
        self._ended.set()
        if self._path is not None:
            self._thread.join()
            self._tell()

    def add(self, outcome: Outcome, table: str) -> None:
        with self._lock:
            self.rows += max(outcome.source.rows, outcome.target.rows)
            self.differing += len(outcome.found)
            self.now = table

    def _tell_again(self) -> None:
        while not self._ended.wait(TELL_S):
            self._tell()

    def _tell(self) -> None:
        spent = max(self._clock() - self._begun, 0.001)
        rate = self.rows / spent
        line = {
            "at": round(time.time(), 1), "table": self.now, "tables_done": self.tables_done,
            "tables": self._tables, "rows": self.rows, "rows_expected": self._expected,
            "rows_per_s": round(rate), "differences": self.differing, "waiting": self.waiting,
            "left_s": round(max(self._expected - self.rows, 0) / rate) if rate else None,
        }  # fmt: skip
        if self._path is not None:
            with self._path.open("a") as out:
                out.write(json.dumps(line, ensure_ascii=False) + "\n")
