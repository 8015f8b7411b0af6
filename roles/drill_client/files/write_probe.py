# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does more than one database accept writes? Tried every 100 ms, straight at both, in parallel.

One line for each accepted write: node, when it began and ended, and the timeline it was written on.
Two accepted writes on different nodes that overlap, or one on an older timeline after one on a newer,
are two writers; whoever reads the log computes that, this program only asks. What was not accepted is
counted by kind, one line a second. Standard library and psycopg2.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import select
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import drill_process
import psycopg2
import psycopg2.errors
import psycopg2.extensions

INTERVAL_S = 0.1
# An attempt that has no answer after this long is counted as silent.
ANSWER_S = 0.5
COUNT_EVERY_S = 1.0

WRITE = """
INSERT INTO drill_probe (probe, node) VALUES (%s, %s)
RETURNING id, ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int,
  pg_current_wal_insert_lsn()::text, (SELECT timeline_id FROM pg_control_checkpoint())
"""

_thread = threading.local()


def _wait(connection: Any) -> None:
    """psycopg2's wait callback: nothing takes longer than the thread's deadline."""
    while True:
        state = connection.poll()
        if state == psycopg2.extensions.POLL_OK:
            return
        left = _thread.deadline - time.monotonic()
        poller = select.poll()
        poller.register(
            connection.fileno(), select.POLLIN if state == psycopg2.extensions.POLL_READ else select.POLLOUT
        )
        if left <= 0 or not poller.poll(left * 1000):
            raise TimeoutError


def kind_of(error: BaseException) -> str:
    """Why a write was not accepted, in one word."""
    if isinstance(error, TimeoutError):
        return "silent"
    if isinstance(error, psycopg2.errors.ReadOnlySqlTransaction):
        return "read_only"
    if isinstance(error, psycopg2.OperationalError):
        return "refused" if "refused" in str(error) or "starting up" in str(error) else "unreachable"
    return type(error).__name__


class Probe:
    """One database, asked over one session that is opened anew when it breaks."""

    def __init__(self, node: dict[str, Any], name: str) -> None:
        self.node, self.name = node, name
        self.session: Any = None

    def write(self) -> dict[str, Any]:
        _thread.deadline = time.monotonic() + ANSWER_S
        if self.session is None:
            self.session = psycopg2.connect(**self.node["conninfo"], application_name="drill-probe")
            self.session.autocommit = True
        with self.session.cursor() as cursor:
            cursor.execute(WRITE, (self.name, self.node["name"]))
            number, timeline, lsn, control_timeline = cursor.fetchone()
        return {"id": number, "timeline": timeline, "lsn": lsn, "control_timeline": control_timeline}

    def close(self) -> None:
        with contextlib.suppress(psycopg2.Error):
            if self.session is not None:
                self.session.close()
        self.session = None

    def loop(self, log: drill_process.Log, stop: threading.Event) -> None:
        refusals: collections.Counter[str] = collections.Counter()
        attempts, counted = 0, time.monotonic()
        while not stop.is_set():
            started, began = time.time(), time.monotonic()
            attempts += 1
            try:
                written = self.write()
            except psycopg2.errors.ReadOnlySqlTransaction as error:
                refusals[kind_of(error)] += 1
            except (psycopg2.Error, TimeoutError) as error:
                refusals[kind_of(error)] += 1
                self.close()
            else:
                log.write("write", node=self.node["name"], started=started, ended=time.time(),
                          started_monotonic=began, ended_monotonic=time.monotonic(), **written)  # fmt: skip
            if time.monotonic() - counted >= COUNT_EVERY_S:
                self._count(log, attempts, refusals)
                attempts, counted = 0, time.monotonic()
                refusals.clear()
            stop.wait(max(0.0, INTERVAL_S - (time.monotonic() - began)))
        self._count(log, attempts, refusals)
        self.close()

    def _count(self, log: drill_process.Log, attempts: int, refusals: collections.Counter[str]) -> None:
        log.write("count", node=self.node["name"], attempts=attempts, refusals=dict(refusals),
                  **drill_process.moments())  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    drill_process.add_arguments(parser)
    parser.add_argument("--config", help="JSON file: name and nodes [{name, conninfo}]")
    arguments = parser.parse_args()

    def work(log: drill_process.Log, stop: threading.Event) -> None:
        psycopg2.extensions.set_wait_callback(_wait)
        config = json.loads(Path(arguments.config).read_text(encoding="utf-8"))
        name = f"{config['name']}-{uuid.uuid4().hex[:8]}"
        names = [node["name"] for node in config["nodes"]]
        log.write("start", probe=name, nodes=names, interval_s=INTERVAL_S,
                  answer_s=ANSWER_S, **drill_process.moments())  # fmt: skip
        threads = []
        for node in config["nodes"]:
            thread = threading.Thread(target=Probe(node, name).loop, args=(log, stop), daemon=True)
            thread.start()
            threads.append(thread)
        stop.wait()
        for thread in threads:
            thread.join(ANSWER_S + INTERVAL_S + 1)
        log.write("end", **drill_process.moments())

    return int(drill_process.command(arguments, "write_probe", work))


if __name__ == "__main__":
    sys.exit(main())
