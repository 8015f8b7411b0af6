# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The application's way to the database that accepts writes, whichever centre it is in.

libpq can walk a list of hosts itself (``target_session_attrs=read-write``), one after the other: a
dead host in front costs each new connection its time-out. Here a thread a host keeps a session and
asks it in parallel with the others, so the one that accepts writes is known within milliseconds of
its promotion, and a dead or frozen one costs nobody anything. Needs psycopg2.
"""

from __future__ import annotations

import contextlib
import dataclasses
import select
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg2
import psycopg2.extensions

# Seconds an answer may take before its server counts as dead: a frozen one acknowledges TCP for ever.
ANSWER_S = 1.0
# Seconds a new session may take: nobody waits for it but the host's own thread, and a busy host needs them.
CONNECT_S = 3.0
# Pause between two questions to a host: while nobody accepts writes, and otherwise.
SEARCH_S = 0.02
WATCH_S = 0.25
# Pause before a host that refused is tried again; one that is about to be promoted has its session already.
RECONNECT_S = 0.1
# A server may say that it is the primary and fail the writes: its disk is full, it crashes at each commit.
# The pause before another try grows by a quarter each time, so that it adds a quarter to an outage at most.
DISTRUST_GROWTH = 1.25
DISTRUST_MOST_S = 1.0
# Sessions kept open to each host beforehand, and at most. A standby's survive its promotion.
WARM_SESSIONS = 8
MAXIMUM_SESSIONS = 24

STATE = """
SELECT pg_is_in_recovery(), CASE WHEN pg_is_in_recovery() THEN NULL
  ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END
"""

_thread = threading.local()


class Silent(psycopg2.OperationalError):
    """The server did not answer in time."""


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Everything this thread asks of a database inside must be answered in that many seconds."""
    _thread.deadline = time.monotonic() + seconds
    try:
        yield
    finally:
        _thread.deadline = None


def _wait(connection: Any) -> None:
    """psycopg2's wait callback: also a connection attempt and a frozen server end at the deadline."""
    deadline = getattr(_thread, "deadline", None) or time.monotonic() + ANSWER_S
    while True:
        state = connection.poll()
        if state == psycopg2.extensions.POLL_OK:
            return
        left = deadline - time.monotonic()
        poller = select.poll()
        poller.register(
            connection.fileno(), select.POLLIN if state == psycopg2.extensions.POLL_READ else select.POLLOUT
        )
        if left <= 0 or not poller.poll(left * 1000):
            raise Silent("the server did not answer in time")


psycopg2.extensions.set_wait_callback(_wait)


@dataclasses.dataclass
class Node:
    """One database server and what is known of it now."""

    name: str
    conninfo: dict[str, Any]
    timeline: int | None = None
    """The timeline it accepts writes on; None when it does not, or is not known to."""
    said: str = "not asked yet"
    pause_s: float = 0.0
    """How long it is not believed after a write that failed; 0 when the last one went well."""
    believed_from: float = 0.0
    """Monotonic time from which on it is believed again."""
    idle: list[Any] = dataclasses.field(default_factory=list)
    busy: int = 0


class Databases:
    """The servers of one service; gives out sessions with the one that accepts writes."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes
        self.changed = threading.Condition()
        self.stopping = False

    def start(self) -> None:
        for node in self.nodes:
            threading.Thread(target=self._watch, args=(node,), name=f"watch-{node.name}", daemon=True).start()

    # Who accepts writes ------------------------------------------------------------------

    def writable(self) -> Node | None:
        """The one that accepts writes; of two (one of them not yet fenced) the newer timeline."""
        candidates = [node for node in self.nodes if node.timeline is not None]
        return max(candidates, key=lambda node: node.timeline or 0, default=None)

    def wait_writable(self, seconds: float) -> Node | None:
        """As :meth:`writable`, waiting up to that many seconds for one."""
        with self.changed:
            self.changed.wait_for(lambda: self.writable() is not None, seconds)
            return self.writable()

    def failed(self, node: Node, why: str, *, writing: bool = False) -> None:
        """A session with it failed: it counts as not writable until it is asked again.

        :param writing: it was a write; what the server says of itself is then not believed for a while.
        """
        with self.changed:
            node.timeline = None
            node.said = why
            # Those who tried together have tried once.
            if writing and time.monotonic() >= node.believed_from:
                node.pause_s = min(max(DISTRUST_GROWTH * node.pause_s, SEARCH_S), DISTRUST_MOST_S)
                node.believed_from = time.monotonic() + node.pause_s
            dead, node.idle = node.idle, []
            self.changed.notify_all()
        for session in dead:
            _close(session)

    def wrote(self, node: Node) -> None:
        """A write went well: it is believed at once again."""
        if node.pause_s:
            with self.changed:
                node.pause_s = node.believed_from = 0.0

    def _watch(self, node: Node) -> None:
        while not self.stopping:
            session = None
            try:
                with within(CONNECT_S):
                    session = connect(node)
                while not self.stopping:
                    with within(ANSWER_S), session.cursor() as cursor:
                        cursor.execute(STATE)
                        in_recovery, timeline = cursor.fetchone()
                    self._heard(node, timeline, "standby" if in_recovery else "primary")
                    self._keep_warm(node)
                    self._pause()
            except psycopg2.Error as error:
                self.failed(node, " ".join(str(error).split()) or type(error).__name__)
                time.sleep(RECONNECT_S)
            finally:
                _close(session)

    def _heard(self, node: Node, timeline: int | None, said: str) -> None:
        with self.changed:
            if timeline is not None and time.monotonic() < node.believed_from:
                return
            news = (node.timeline, node.said) != (timeline, said)
            node.timeline, node.said = timeline, said
            if news:
                self.changed.notify_all()

    def _pause(self) -> None:
        """Watch calmly while somebody accepts writes; a failed session ends the calm at once."""
        with self.changed:
            if self.writable() is None:
                self.changed.wait(SEARCH_S)
            else:
                self.changed.wait_for(lambda: self.writable() is None, WATCH_S)

    def _keep_warm(self, node: Node) -> None:
        if len(node.idle) + node.busy >= WARM_SESSIONS:
            return
        with within(CONNECT_S):
            session = connect(node)
        with self.changed:
            node.idle.append(session)

    # Sessions ----------------------------------------------------------------------------

    @contextlib.contextmanager
    def session(self, node: Node) -> Iterator[Any]:
        """A session with a node; one in which anything failed is not used again."""
        with self.changed:
            self.changed.wait_for(lambda: node.busy < MAXIMUM_SESSIONS, ANSWER_S)
            session = node.idle.pop() if node.idle else None
            node.busy += 1
        whole = False
        try:
            with within(ANSWER_S):
                if session is None:
                    session = connect(node)
                yield session
            whole = True
        finally:
            with self.changed:
                node.busy -= 1
                if whole:
                    node.idle.append(session)
                self.changed.notify_all()
            if not whole:
                _close(session)


def connect(node: Node) -> Any:
    """A session in which every statement is a transaction of its own."""
    session = psycopg2.connect(
        **node.conninfo,
        application_name="report-app",
        keepalives_idle=1,
        keepalives_interval=1,
        keepalives_count=2,
        tcp_user_timeout=1000,
    )
    session.autocommit = True
    return session


def _close(session: Any) -> None:
    if session is not None:
        with contextlib.suppress(psycopg2.Error):
            session.close()
