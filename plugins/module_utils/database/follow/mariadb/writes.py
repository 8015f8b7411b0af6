# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who accepts writes of applications: closing a side, proving it, opening it.

Three bolts, for none of them is enough. Accounts that may write are locked: that outlives a restart of the
server, and stops those whom ``read_only`` does not. Their sessions are killed: a lock keeps only new ones
out. ``read_only`` stops everybody else, where no other database lives on the server. Events are held as a
replica holds them. Only what we have bolted is opened again.
"""

from __future__ import annotations

import json
import time

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.accounts import (
    lock,
    unlock,
    writers,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.side import (
    TARGET,
    Side,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import SqlError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DeadlineExceeded

#: No such session: it ended by itself.
_NO_SUCH_SESSION = "1094"
#: No such event.
_NO_SUCH_EVENT = "1539"
#: A transaction that has changed more rows is not cut off: taking it back would last longer than the window.
_LARGE_TRANSACTION = 100_000
_REPLICATION = ("Binlog Dump", "Slave_IO", "Slave_SQL", "Slave_worker", "Daemon")


def accepts(side: Side) -> bool:
    """Whether an application could write there now."""
    read_only = side.variable("read_only") != "OFF"
    if side.role == TARGET and not side.kept("schema"):
        if not side.filled:
            # Before the copy: there is nothing to write to.
            return False
        if not side.has_ours:
            # After the end: which accounts came is not known any more, and none of them is locked by us.
            return not read_only
    able = writers(side)
    if not able:
        # Nobody to lock out: it is as closed as it was said to be.
        return not (read_only or "closed" in side.kept("closed"))
    return any(not account.locked and (account.bypass or not read_only) for account in able)


def close(side: Side, within_s: float = 10.0) -> None:
    """Bolt it, end the sessions, prove that none is left.

    :raises DeadlineExceeded: a session does not end, or an account was opened again by somebody.
    """
    end = time.monotonic() + within_s
    side.keep("closed", "closed", str(side.sql.value("SELECT UNIX_TIMESTAMP(NOW(6))")))
    if not side.others:
        side.keep("read_only", "read_only", side.variable("read_only"))
    able = writers(side)
    for account in able:
        if not account.locked:
            lock(side, account)
    _hold_events(side)
    users = sorted({account.user for account in able})
    while users and _kill(side, users):
        if time.monotonic() > end:
            raise DeadlineExceeded(
                "a session of an application does not end",
                device=side.name,
                cause=f"killed again and again for {within_s:g} s; it may be rolling back a long transaction",
                next_step="see SHOW PROCESSLIST there, and run this again in a calmer hour",
            )
        time.sleep(0.01)
    if side.kept("read_only"):
        # Last, for it waits for statements that run; none of theirs does any more.
        side.sql.do("SET GLOBAL read_only = 1", answer_s=within_s)
    if accepts(side):
        raise DeadlineExceeded(
            "the server accepts writes although it was closed",
            device=side.name,
            cause="somebody opens its accounts or its read_only again",
            next_step="find out who, and run this again",
        )


def _kill(side: Side, users: list[str]) -> int:
    """End what sessions they have; how many there were."""
    user, host = side.us
    ids = [
        int(row[0])
        for row in side.sql.rows(
            "SELECT id FROM information_schema.processlist WHERE user IN %s AND command NOT IN %s"
            # Not ours: an account of the same name and another host may be among the locked ones.
            " AND NOT (user = %s AND SUBSTRING_INDEX(host, ':', 1) LIKE %s)",
            [users, _REPLICATION, user, host],
        )
    ]
    for number in ids:
        try:
            side.sql.do(f"KILL CONNECTION {number}")
        except SqlError as error:
            if error.code != _NO_SUCH_SESSION:
                raise
    return len(ids)


def open_again(side: Side) -> None:
    """Undo the bolts. What a break leaves undone the next run undoes."""
    for _name, was in side.kept("read_only").items():
        side.sql.do(f"SET GLOBAL read_only = {0 if was == 'OFF' else 1}")
    unlock(side)
    _release_events(side)
    side.forget("read_only", "read_only")
    side.forget("closed", "closed")


def note_open(target: Side, role: str) -> None:
    """Keep at the target which side is, or is about to be, the only one that is open.

    A broken cutover leaves both closed, whichever way it went; and all rows are at the one that was open.
    """
    if target.kept("writes").get("at") != role:
        target.note("writes", "at", role)


def last_open(target: Side) -> str | None:
    """The role of the side that was open last; ``None``: nobody has kept it."""
    return target.kept("writes").get("at")


def cannot_move(old: Side, new: Side) -> list[str]:
    """Why writes cannot be refused at the one side now, or would be at the other for good."""
    found = []
    # What was before we came is put back at the opening.
    was = next(iter(new.kept("read_only").values()), new.variable("read_only"))
    if was != "OFF":
        found.append(
            f"{new.name} is read_only, and was not made so by this move: SET GLOBAL read_only = 0, and take"
            " it out of its configuration, or end the move that has set it"
        )
    large = old.sql.value(
        "SELECT MAX(trx_rows_modified) FROM information_schema.innodb_trx WHERE trx_mysql_thread_id <> 0"
    )
    if large and int(large) > _LARGE_TRANSACTION:
        found.append(f"a transaction has changed {large} rows, and to end it would take each of them back")
    return found


def _events(side: Side) -> list[tuple[str, str, str, str]]:
    rows = side.sql.rows(
        "SELECT event_schema, event_name, definer, status FROM information_schema.events"
        " WHERE event_schema IN %s",
        [side.databases],
    )
    return [(str(a), str(b), str(c), str(d)) for a, b, c, d in rows]


def _hold_events(side: Side) -> None:
    for database, name, definer, status in _events(side):
        if status == "ENABLED":
            side.keep("event", json.dumps([database, name], ensure_ascii=False), status)
            _alter(side, database, name, definer, "DISABLE ON SLAVE")


def _release_events(side: Side) -> None:
    held = side.kept("event")
    for database, name, definer, status in _events(side):
        key = json.dumps([database, name], ensure_ascii=False)
        # One that an application has disabled since stays so.
        if key in held and status == "SLAVESIDE_DISABLED":
            _alter(side, database, name, definer, "ENABLE")
    for key in held:
        side.forget("event", key)


def hand_events(closed: Side, opening: Side) -> None:
    """What ran at the one side shall run at the other; events that came by replication included."""
    for key, status in closed.kept("event").items():
        opening.keep("event", key, status)


def _alter(side: Side, database: str, name: str, definer: str, state: str) -> None:
    user, host = definer.rsplit("@", 1)
    event = side.sql.quote(database, name)
    owner = f"{side.sql.quote(user)}@{side.sql.quote(host)}"
    try:
        # Without the definer it would become ours.
        side.sql.do(f"ALTER DEFINER = {owner} EVENT {event} {state}")
    except SqlError as error:
        if error.code != _NO_SUCH_EVENT:
            raise
