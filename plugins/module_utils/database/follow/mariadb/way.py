# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A way: a replica connection with a name, from one server to the other, for our databases only.

It follows by GTID, so a killed server goes on where it was. The connection, its account and its place
outlive a restart of the server that follows; which databases flow does not, for MariaDB keeps that in its
configuration alone. So a file with that line is written where the follower runs on this host, and a way
that has lost its filter is told as broken, and mended before anything relies on it.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.side import Side
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import Way
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import (
    ENCRYPTED,
    PLAIN,
    Server,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import (
    Session,
    SqlError,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
    Refused,
)

#: There is no connection of that name.
_NO_CONNECTION = frozenset({"1617", "1618"})
#: A connection runs there, and would have to be stopped first.
MUST_STOP = "1198"
_SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"
#: From here on sessions have a default collation for each character set, which older servers do not know.
_COLLATIONS_BY_SET = (11, 2)
#: Transactions that a follower applies at a time, in the leader's order. One by one, each made durable for
#: itself, it falls behind a few writers whose commits the leader makes durable together.
_AT_A_TIME = 8
#: Seconds within which another connection that runs has caught up.
_CATCH_UP_S = 5.0


@dataclass(frozen=True)
class Line:
    """Between whom, and how the follower reaches the leader.

    :param leader_address: the leader as the follower's host sees it; user and password are not used.
    :param options: where the follower reads its configuration from, when that is on this host.
    """

    direction: str
    leader: Side
    follower: Side
    leader_address: Server
    options: Path | None = None

    @property
    def name(self) -> str:
        return self.leader.names.of(self.direction)

    @property
    def databases(self) -> Sequence[str]:
        return self.leader.databases

    @property
    def filter(self) -> str:
        """For replicate_wild_do_table: our databases, and the canary."""
        names = self.leader.names
        ours = f"{_literal(names.prefix)}.{_literal(names.canary)}"
        return ",".join([*(f"{_literal(database)}.%" for database in self.databases), ours])

    @property
    def options_file(self) -> Path | None:
        return self.options / f"90-{self.name}.cnf" if self.options else None


def _literal(name: str) -> str:
    return re.sub(r"([\\_%])", r"\\\1", name)


def status(way: Line) -> dict[str, Any]:
    """What SHOW SLAVE STATUS says, by its column's name; empty: there is no such connection."""
    columns = (
        "Slave_IO_Running", "Slave_SQL_Running", "Last_IO_Error", "Last_SQL_Error", "Seconds_Behind_Master",
        "Relay_Master_Log_File", "Exec_Master_Log_Pos", "Replicate_Wild_Do_Table",
    )  # fmt: skip
    try:
        rows = way.follower.sql.rows(f"SHOW SLAVE '{way.name}' STATUS")
    except SqlError as error:
        if error.code in _NO_CONNECTION:
            return {}
        raise
    # The order has stood since 10.0; columns are only ever added at its end (sql/slave.cc).
    return dict(zip(columns, (rows[0][at] for at in (10, 11, 35, 37, 32, 9, 21, 16)))) if rows else {}


def _connections(follower: Session) -> dict[str, tuple[bool, bool]]:
    """Of each connection by which a server follows another: whether it receives, and whether it applies.

    The first two columns of SHOW ALL SLAVES STATUS are those that :func:`status` has not.
    """
    rows = follower.rows("SHOW ALL SLAVES STATUS")
    return {str(row[0]): (row[12] == "Yes", row[13] == "Yes") for row in rows}


def read(way: Line) -> Way:
    """How it stands.

    The leader is asked first: what it wrote between the two questions does not count as lag.
    """
    ahead = str(way.leader.sql.value("SELECT @@GLOBAL.gtid_binlog_pos"))
    # A server that writes no binary log says nothing, and nobody follows it.
    log, at = [*way.leader.sql.rows("SHOW MASTER STATUS"), ("", 0)][0][:2]
    said = status(way)
    if not said:
        return Way(way.direction, exists=False, running=False, armed=False)
    running = said["Slave_IO_Running"] == "Yes" and said["Slave_SQL_Running"] == "Yes"
    error = said["Last_SQL_Error"] or said["Last_IO_Error"] or None
    if said["Replicate_Wild_Do_Table"] != way.filter:
        error = "a restart made it lose which databases flow; run the copy again, which mends it"
    behind = None
    if said["Relay_Master_Log_File"] == log:
        behind = max(0, int(at) - int(said["Exec_Master_Log_Pos"]))
    elif said["Relay_Master_Log_File"]:
        behind = _bytes_between(way, str(said["Relay_Master_Log_File"]), int(said["Exec_Master_Log_Pos"]))
    seconds = None
    if running and reached(way, ahead, 0):
        # Its place in the log is that of the last event that it was sent, which may be long before.
        seconds, behind = 0.0, 0
    elif running and said["Seconds_Behind_Master"] is not None:
        seconds = float(said["Seconds_Behind_Master"])
    return Way(
        way.direction, exists=True, running=running, lag_bytes=behind, lag_s=seconds, error=error,
        armed=running and error is None,
    )  # fmt: skip


def _bytes_between(way: Line, log: str, position: int) -> int | None:
    """What the leader has written since, over several of its logs."""
    logs = {str(row[0]): int(row[1]) for row in way.leader.sql.rows("SHOW BINARY LOGS")}
    if log not in logs:
        return None
    names = list(logs)
    return sum(logs[name] for name in names[names.index(log) :]) - position


def reached(way: Line, position: str, within_s: float) -> bool:
    """Wait until the follower has applied all up to a GTID position of the leader's."""
    if not position:
        return True
    got = way.follower.sql.value(
        "SELECT MASTER_GTID_WAIT(%s, %s)", [position, within_s], answer_s=within_s + 10
    )
    return got == 0


def prepare(way: Line, position: str | None, still: bool = False) -> None:
    """The account at the leader and the connection at the follower, without starting it. Done again: anew.

    :param position: GTIDs of the leader's from which it follows; ``None``: from where the follower is. A
        connection that is there has its position: it is set first.
    :param still: no application writes at the leader: to follow from later on is the same.
    """
    leader, follower = way.leader.sql, way.follower.sql
    password = f"{secrets.token_urlsafe(24)}.aA1"
    plain = way.leader_address.tls == PLAIN
    leader.do(
        f"CREATE OR REPLACE USER {leader.quote(way.name)}@'%%' IDENTIFIED BY %s"
        + ("" if plain else " REQUIRE SSL"),
        [password],
    )
    leader.do(f"GRANT REPLICATION SLAVE ON *.* TO {leader.quote(way.name)}@'%'")
    if status(way):
        follower.do(f"STOP SLAVE '{way.name}'", answer_s=60)
    if position is not None:
        _set_position(way, position, still)
    _apply_many(way.follower)
    follower.do(
        f"CHANGE MASTER '{way.name}' TO MASTER_HOST = %s, MASTER_PORT = {way.leader_address.port},"
        " MASTER_USER = %s, MASTER_PASSWORD = %s, MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1,"
        f" MASTER_HEARTBEAT_PERIOD = 5, {_tls(way.leader_address)}",
        [way.leader_address.host, way.name, password],
    )
    _set_filter(way)


def _apply_many(follower: Side) -> None:
    """Have it apply several transactions at a time, unless somebody has said how many.

    Where another way runs, which would have to be stopped for it, it stays as it is.
    """
    if follower.variable("slave_parallel_threads") != "0":
        return
    if any(applies for _receives, applies in _connections(follower.sql).values()):
        return
    follower.keep("setting", "slave_parallel_threads", "0")
    follower.sql.do(f"SET GLOBAL slave_parallel_threads = {_AT_A_TIME}")


def _tls(leader: Server) -> str:
    if leader.tls == PLAIN:
        # Said, and not left out: from 11.4 on a follower demands it by itself.
        return "MASTER_SSL = 0, MASTER_SSL_VERIFY_SERVER_CERT = 0"
    if leader.tls == ENCRYPTED:
        return "MASTER_SSL = 1, MASTER_SSL_VERIFY_SERVER_CERT = 0"
    ca = (leader.ca or _SYSTEM_CA).replace("\\", "\\\\").replace("'", "''")
    return f"MASTER_SSL = 1, MASTER_SSL_VERIFY_SERVER_CERT = 1, MASTER_SSL_CA = '{ca}'".replace("%", "%%")


def _set_filter(way: Line) -> None:
    follower = way.follower.sql
    follower.do("SET SESSION default_master_connection = %s", [way.name])
    try:
        follower.do("SET GLOBAL replicate_wild_do_table = %s", [way.filter])
    finally:
        follower.do("SET SESSION default_master_connection = ''")
    if way.options_file:
        way.options_file.write_text(
            f"# Of a migration that is under way; without it a restart would let every database flow.\n"
            f"[mariadbd]\n{way.name}.replicate_wild_do_table={way.filter}\n".replace("\\", "\\\\")
        )


def start(way: Line, within_s: float = 10.0) -> None:
    """Let it run.

    :raises DatacenterError: it does not run, in the server's own words.
    """
    way.follower.sql.do(f"START SLAVE '{way.name}'")
    end = time.monotonic() + within_s
    while True:
        said = status(way)
        if said.get("Slave_IO_Running") == "Yes" and said.get("Slave_SQL_Running") == "Yes":
            return
        error = said.get("Last_SQL_Error") or said.get("Last_IO_Error")
        if error or time.monotonic() > end:
            raise DatacenterError(
                f"the way {way.direction} does not run",
                device=way.follower.name,
                cause=str(error or f"no session with {way.leader_address.host} within {within_s:g} s"),
                next_step="see that the server reaches the other's address and port, and its certificate",
            )
        time.sleep(0.01)


def domains(position: str) -> list[str]:
    """Of a GTID position."""
    return [part.split("-", 1)[0] for part in position.split(",") if part]


def disputed(way: Line, position: str) -> tuple[list[str], list[str]]:
    """Domains of a position that another connection of the follower may use as well, and those connections.

    A follower has one place in a domain, whoever brings it there. Ours are those that were set for us; of
    another it is not known, so it may have any that has a place; and one like ours keeps its own.
    """
    others = [name for name in _connections(way.follower.sql) if name != way.name]
    if not others:
        return [], []
    now = str(way.follower.sql.value("SELECT @@GLOBAL.gtid_slave_pos") or "")
    theirs = set(domains(now)) - set(way.follower.kept("domain"))
    for name in others:
        schema = name.rpartition("_")[0]
        if schema:
            theirs |= set(way.follower.kept_of(schema, "domain"))
    return [domain for domain in domains(position) if domain in theirs], others


def _set_position(way: Line, position: str, still: bool) -> None:
    """The follower's place in the leader's domains; those of other connections stay, which pause for it.

    :raises Refused: another connection would go on from a wrong place.
    """
    follower = way.follower.sql
    shared, others = disputed(way, position)
    parts = [part for part in position.split(",") if part]
    left = [part for part in parts if part.split("-", 1)[0] in shared]
    # What the follower wrote itself does not come to it.
    itself = way.follower.variable("server_id")
    comes = ",".join(part for part in left if part.split("-")[1] != itself)
    # Where nothing of ours is written after it, a place that the other connection has passed is as good.
    if left and not (still and reached(way, comes, _CATCH_UP_S)):
        raise Refused(
            f"the way {way.direction} has no place of its own to begin at",
            device=way.follower.name,
            cause=f"the GTID domain {', '.join(shared)} of {way.leader.name} is one of another connection's"
            f" there ({', '.join(others)}), which would go on from a wrong place",
            next_step="end that migration first; or move without a way back",
        )
    ours = [part for part in parts if part not in left]
    for domain in domains(",".join(ours)):
        way.follower.keep("domain", domain, "")
    paused = [name for name, runs in _connections(follower).items() if name != way.name and any(runs)]
    for name in paused:
        follower.do(f"STOP SLAVE '{name}'", answer_s=60)
    try:
        # Not before: they were going on.
        now = str(follower.value("SELECT @@GLOBAL.gtid_slave_pos") or "").split(",")
        stay = [part for part in now if part and part.split("-", 1)[0] not in domains(",".join(ours))]
        follower.do("SET GLOBAL gtid_slave_pos = %s", [",".join([*stay, *ours])])
    finally:
        for name in paused:
            follower.do(f"START SLAVE '{name}'")


def mend(way: Line) -> None:
    """One that exists runs, with its filter."""
    said = status(way)
    if said and said["Replicate_Wild_Do_Table"] != way.filter:
        way.follower.sql.do(f"STOP SLAVE '{way.name}'", answer_s=60)
        _set_filter(way)
    if said:
        start(way)


def stop(way: Line) -> None:
    if status(way):
        way.follower.sql.do(f"STOP SLAVE '{way.name}'", answer_s=60)


def drop(way: Line) -> list[str]:
    """Both ends of it, and the file; what there was, by name. An end that is gone already is none."""
    gone = []
    if status(way):
        stop(way)
        way.follower.sql.do(f"RESET SLAVE '{way.name}' ALL")
        gone.append(f"replica connection {way.name} on {way.follower.name}")
    if way.options_file and way.options_file.exists():
        way.options_file.unlink()
        gone.append(str(way.options_file))
    if has_account(way):
        leader = way.leader.sql
        leader.do(f"DROP USER {leader.quote(way.name)}@'%'")
        gone.append(f"account {way.name} on {way.leader.name}")
    return gone


def has_account(way: Line) -> bool:
    return bool(way.leader.sql.rows("SELECT 1 FROM mysql.global_priv WHERE User = %s", [way.name]))


def canary(way: Line, within_s: float) -> None:
    """A row made at the leader is seen at the follower.

    :raises DeadlineExceeded: it is not.
    """
    names = way.leader.names
    token = secrets.token_hex(8)
    table = way.leader.sql.quote(names.prefix, names.canary)
    way.leader.sql.do("SET SESSION sql_log_bin = 1")
    try:
        way.leader.sql.do(f"INSERT INTO {table} VALUES (%s)", [token])
    finally:
        way.leader.sql.do("SET SESSION sql_log_bin = 0")
    end = time.monotonic() + within_s
    while way.follower.sql.value(f"SELECT COUNT(*) FROM {table} WHERE id = %s", [token]) != 1:
        if time.monotonic() > end:
            raise DeadlineExceeded(
                f"the way {way.direction} carries no row",
                device=way.follower.name,
                cause=status(way).get("Last_SQL_Error") or f"the canary was not seen within {within_s:g} s",
            )
        time.sleep(0.01)


def speak_old(follower_is_older: bool, leader: Side) -> None:
    """Have the leader write what an older follower understands: collations that it knows.

    Not supported by MariaDB (a follower older than its leader); tried here between 11.8 and 10.5.
    """
    if follower_is_older and leader.version >= _COLLATIONS_BY_SET:
        for name, value in (("character_set_collations", ""), ("collation_server", "utf8mb4_general_ci")):
            leader.keep("setting", name, leader.variable(name))
            leader.sql.do(f"SET GLOBAL {name} = %s", [value])
