# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application that writes wherever it is let, and remembers what was taken; a probe of both sides."""

from __future__ import annotations

import contextlib
import threading
import time
from types import TracebackType

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import (
    Session,
    connect,
    session,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


class Writer:
    """Numbers go into the table ``line``, one a transaction; ``tried`` takes the probe's rows."""

    def __init__(self, source: Server, target: Server) -> None:
        self.sides = {"source": source, "target": target}
        self.acknowledged: set[int] = set()
        #: Sent, and nobody knows whether they were done.
        self.unknown: set[int] = set()
        self.both_open: list[float] = []
        self._last: dict[str, float] = {"source": 0.0, "target": 0.0}
        self._end = threading.Event()
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._write, self._probe)]

    def __enter__(self) -> Writer:
        for thread in self._threads:
            thread.start()
        self.writes_at("source")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(20)

    def _write(self) -> None:
        number, side = 0, "source"
        open_session: Session | None = None
        while not self._end.is_set():
            number += 1
            try:
                open_session = open_session or connect(self.sides[side], 3)
            except DatacenterError:
                side = "target" if side == "source" else "source"
                time.sleep(0.01)
                continue
            try:
                open_session.do("INSERT INTO line (n) VALUES (%s)", [number], answer_s=3)
                self.acknowledged.add(number)
                self._last[side] = time.monotonic()
                time.sleep(0.004)
            except DatacenterError:
                self.unknown.add(number)
                open_session.close()
                open_session = None
        if open_session is not None:
            open_session.close()

    def _probe(self) -> None:
        """Each round asks one side, the other, and the first again: both accept writes when all three do."""
        while not self._end.is_set():
            for order in (("source", "target"), ("target", "source")):
                if all(self._accepts(side) for side in (*order, order[0])):
                    self.both_open.append(time.monotonic())
            time.sleep(0.02)

    def _accepts(self, side: str) -> bool:
        with contextlib.suppress(DatacenterError), session(self.sides[side], 2) as opened:
            opened.do("INSERT INTO tried DEFAULT VALUES", answer_s=2)
            return True
        return False

    def writes_at(self, side: str) -> None:
        """Wait until it does, from now on."""
        now, end = time.monotonic(), time.monotonic() + 10
        while self._last[side] < now:
            assert time.monotonic() < end, f"no write at the {side}"
            time.sleep(0.01)

    def judge(self, server: Server) -> None:
        assert not self.both_open
        assert len(self.acknowledged) > 20
        with session(server) as asked:
            there = [int(row[0]) for row in asked.rows("SELECT n FROM line")]
            assert len(there) == len(set(there))
            assert self.acknowledged - set(there) == set(), server.name
            assert set(there) - self.acknowledged - self.unknown == set(), server.name
            # A trigger of the application writes these; where rows arrive it must not fire again.
            assert asked.value("SELECT rows FROM counted") == len(there)
            assert sorted(int(row[0]) for row in asked.rows("SELECT n FROM seen")) == sorted(there)
