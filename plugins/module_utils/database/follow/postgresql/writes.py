# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applications' writes at one side: refused, proved to be refused, and let in again as they were.

A database with the connection limit 0 takes no session of anybody but superusers. Sessions that are there are
ended. The limit is looked at while a session begins, under a lock on the database that is seen in pg_locks;
so, when the limit is committed, and after that nobody holds that lock, and after that no session is there,
there is none and there will be none. Superusers are not held by the limit: those that are not known are a
reason to refuse, others are kept out by NOLOGIN.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.choices import (
    Choices,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.side import (
    Side,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.postgresql import quoted
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
    Refused,
)

#: Key of what is kept.
CLOSED = "closed"

_LIMIT = "SELECT datconnlimit FROM pg_database WHERE datname = current_database()"
#: A session begins under it. It is taken before the limit is read, and held until the session is in
#: pg_stat_activity.
_BEGINNING = """
SELECT count(*) FROM pg_locks WHERE locktype = 'object' AND classid = 'pg_database'::regclass
   AND objid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()
"""
#: Walsenders read; parallel workers end with their leader; our own subscription's workers apply what the
#: other side has written.
_SESSIONS = """
SELECT a.pid, a.backend_type, coalesce(a.usename, ''), coalesce(r.rolsuper, true),
       coalesce(a.application_name, ''), coalesce(host(a.client_addr), 'a local socket')
  FROM pg_stat_activity a LEFT JOIN pg_roles r ON r.oid = a.usesysid
 WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
   AND a.backend_type NOT IN ('walsender', 'parallel worker', 'autovacuum worker',
                              'logical replication parallel worker')
   AND a.pid NOT IN (SELECT pid FROM pg_stat_subscription WHERE pid IS NOT NULL)
"""


@dataclass(frozen=True)
class Other:
    """A session that is not ours."""

    pid: int
    kind: str
    role: str
    superuser: bool
    application: str
    address: str

    def trusted(self, choices: Choices) -> bool:
        return self.kind in choices.trust or (self.superuser and self.role in choices.trust)

    def __str__(self) -> str:
        who = f"superuser {self.role}" if self.superuser and self.role else self.role or self.kind
        told = f" ({self.application})" if self.application else ""
        return f"{who}{told} from {self.address}, pid {self.pid}"


def others(side: Side) -> list[Other]:
    return [Other(*row) for row in side.rows(_SESSIONS)]


def accepts(side: Side) -> bool:
    """Whether applications can write: the database takes sessions, or has some that are no superuser's."""
    return side.value(_LIMIT) != 0 or any(not one.superuser for one in others(side))


def not_held(side: Side, choices: Choices) -> list[str]:
    """Whose sessions no limit would keep out: each a reason not to begin."""
    found = []
    mine = side.value("SELECT session_user")
    if mine in choices.lock:
        found.append(
            f"{side.device}: {mine} is this account itself: lock others, and move with an account of its own"
        )
    for one in others(side):
        if one.trusted(choices) or (one.kind == "client backend" and not one.superuser):
            continue
        if one.kind != "client backend":
            found.append(
                f"{side.device}: a background worker may write ({one}): stop it, or trust {one.kind!r}"
            )
        elif one.role not in choices.lock:
            found.append(
                f"{side.device}: a session that no connection limit keeps out ({one}): end what uses it, "
                "give it an account that is no superuser, or name the role in lock (it cannot log in then) "
                "or trust (it only reads)"
            )
    return sorted(set(found))


def close(side: Side, choices: Choices, wait_s: float = 10.0) -> None:
    """Refuse writes, end sessions, and prove that none is left. Done again, it proves again.

    :raises DeadlineExceeded: somebody is still there.
    """
    side.repeat(lambda: _shut(side, choices))
    end = time.monotonic() + wait_s
    while True:
        # In this order: see the module's docstring.
        beginning = side.value(_BEGINNING)
        there = [one for one in others(side) if not one.trusted(choices)]
        if not beginning and not there:
            return
        for one in there:
            side.value("SELECT pg_terminate_backend(%s)", [one.pid])
        if time.monotonic() > end:
            raise DeadlineExceeded(
                "sessions do not end",
                device=side.device,
                cause="; ".join(map(str, there)) or "a session keeps beginning",
                next_step="end what holds them, and run this again",
            )
        time.sleep(0.005)


def _shut(side: Side, choices: Choices) -> None:
    kept = side.kept().get(CLOSED)
    locked = side.names_of(
        "SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname = ANY (%s)", [list(choices.lock)]
    )
    before = kept or {"limit": side.value(_LIMIT), "locked": []}
    side.keep({CLOSED: {**before, "locked": sorted({*before["locked"], *locked})}})
    side.do(f"ALTER DATABASE {quoted(side.database)} CONNECTION LIMIT 0")
    for role in locked:
        side.do(f"ALTER ROLE {quoted(role)} NOLOGIN")


def limit_when_open(side: Side) -> int:
    closed = side.kept().get(CLOSED)
    return int(closed["limit"] if closed else side.value(_LIMIT))


def keep_limit(side: Side, limit: int) -> None:
    """What the limit is to be when a closed side is opened."""
    closed = side.kept().get(CLOSED, {"locked": []})
    side.keep({CLOSED: {**closed, "limit": limit}})


def reopen(side: Side, more: dict[str, object] | None = None) -> None:
    """Let applications in again, as it was before :func:`close`. The caller has made sure of the other side.

    :param more: what is kept here in the same transaction.
    """

    def act() -> None:
        closed = side.kept().get(CLOSED)
        side.keep({**(more or {}), CLOSED: None})
        if closed:
            side.do(f"ALTER DATABASE {quoted(side.database)} CONNECTION LIMIT {int(closed['limit'])}")
            for role in closed["locked"]:
                side.do(f"ALTER ROLE {quoted(role)} LOGIN")

    side.repeat(act)


def only_side(side: Side, other: Side) -> None:
    """:raises Refused: the other side accepts writes, or cannot be asked."""
    try:
        open_there = accepts(other)
    except DatacenterError as error:
        raise Refused(
            f"writes are not opened at the {side.word}",
            device=side.device,
            cause=f"whether the {other.word} accepts them is not known: {error}",
            next_step=f"see to it that the {other.word} answers",
        ) from error
    if open_there:
        raise Refused(
            f"writes are not opened at the {side.word}",
            device=side.device,
            cause=f"the {other.word} ({other.device}) accepts them",
            next_step=f"close the {other.word}, or cut over",
        )
