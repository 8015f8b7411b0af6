# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The road of rows in one direction: a publication and a slot where it begins, a subscription where it ends.

Both directions' roads are there and run before the cutover; which of them carries rows is what its
publication publishes. A decoder takes a publication as it was at the place in the log that it decodes: what
was written before a road was armed never goes over it, so that rows that came by the one never go back by
the other. Nothing has to start while writes are refused.

A canary has a table of its own for each direction. It is logged where its road begins, and unlogged where it
ends: so it does not come back by the other road.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import (
    BACK,
    Names,
    Way,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.side import (
    UNWRITTEN,
    Side,
    literal,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.postgresql import quoted
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import (
    ENCRYPTED,
    PLAIN,
    Server,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import SqlError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
)

#: First version whose subscriptions tell rows that came from elsewhere from the server's own.
ORIGIN_SINCE = 16
_USER_TIMEOUT_SINCE = 12
EVERYTHING = "insert, update, delete, truncate"
_GRANTED = """
SELECT 1 FROM pg_database d, aclexplode(d.datacl) a JOIN pg_roles r ON r.oid = a.grantee
 WHERE d.datname = current_database() AND r.rolname = %s
"""
_SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"


@dataclass(frozen=True)
class Road:
    """
    :param reach: the beginning, as the server at the end reaches it.
    """

    direction: str
    begin: Side
    end: Side
    reach: Server
    names: Names

    @property
    def name(self) -> str:
        return self.names.of(self.direction)

    @property
    def role(self) -> str:
        """By which the end reads at the beginning."""
        return self.names.prefix

    @property
    def canary(self) -> str:
        return f"{quoted(self.names.prefix)}.canary_{self.direction}"

    @property
    def canary_publication(self) -> str:
        return f"{self.name}_canary"

    # Making.

    def make_tables(self) -> None:
        for side, kind in ((self.begin, ""), (self.end, "UNLOGGED ")):
            side.do(f"CREATE SCHEMA IF NOT EXISTS {side.schema}")
            side.do(f"CREATE {kind}TABLE IF NOT EXISTS {self.canary} (token text NOT NULL)")

    def make_publications(self, publish: str) -> None:
        """Before the slot: a decoder must find them from its first place on."""
        there = self.begin.names_of("SELECT pubname FROM pg_publication")
        if self.name not in there:
            self.begin.do(
                f"CREATE PUBLICATION {quoted(self.name)} FOR ALL TABLES WITH (publish = {literal(publish)})"
            )
        if self.canary_publication not in there:
            self.begin.do(f"CREATE PUBLICATION {quoted(self.canary_publication)} FOR TABLE {self.canary}")

    def make_role(self) -> str:
        """The account by which the end reads; its new password, which no server's log has seen."""
        password = secrets.token_urlsafe(24)
        verb = (
            "ALTER"
            if self.begin.value("SELECT 1 FROM pg_roles WHERE rolname = %s", [self.role])
            else "CREATE"
        )
        self.begin.secretly(
            f"{verb} ROLE {quoted(self.role)} LOGIN REPLICATION PASSWORD {literal(verifier(password))}"
        )
        if not self.begin.value(
            "SELECT has_database_privilege(%s, current_database(), 'CONNECT')", [self.role]
        ):
            self.begin.do(f"GRANT CONNECT ON DATABASE {quoted(self.begin.database)} TO {quoted(self.role)}")
        return password

    def try_connection(self, password: str) -> None:
        """Have the end open a session with the beginning, and forget about it.

        :raises DatacenterError: it cannot.
        """
        statement = self._create("probe", password, "enabled = false", [self.canary_publication])
        try:
            with self.end.transaction():
                self.end.do(UNWRITTEN)
                self.end.do(statement)
                raise _Undo
        except _Undo:
            return
        except SqlError as error:
            raise DatacenterError(
                f"{self.end.device} cannot read from {self.begin.device}",
                device=self.end.device,
                cause=error.cause,
                next_step=f"let it in by pg_hba.conf of {self.begin.device} (role {self.role}, database "
                f"{self.begin.database}), and see the address, the port and TLS that it is to use",
            ) from error

    def make_slot(self) -> None:
        if not self._slot():
            self.begin.do(
                "SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", [self.name], answer_s=60
            )

    def subscribe(self, password: str) -> None:
        """From the slot that is there, without a copy of rows."""
        self.drop_subscription()
        statement = self._create(
            self.name, password, f"slot_name = {literal(self.name)}", [self.name, self.canary_publication]
        )
        self.end.secretly(statement)

    def _create(self, name: str, password: str, more: str, publications: list[str]) -> str:
        options = ["create_slot = false", "copy_data = false", more]
        if self.end.version >= ORIGIN_SINCE and self.begin.version >= ORIGIN_SINCE:
            options.append("origin = none")
        return (
            f"CREATE SUBSCRIPTION {quoted(name)} CONNECTION {literal(self._conninfo(password))} "
            f"PUBLICATION {', '.join(map(quoted, publications))} WITH ({', '.join(options)})"
        )

    def _conninfo(self, password: str) -> str:
        parts = {
            "host": self.reach.host,
            "port": str(self.reach.port),
            "dbname": self.begin.database,
            "user": self.role,
            "password": password,
            "connect_timeout": "10",
            "keepalives_idle": "10",
            "keepalives_interval": "5",
            "keepalives_count": "3",
        }
        if self.end.version >= _USER_TIMEOUT_SINCE:
            # The receiving worker heeds no connect_timeout: what nobody answers ends with this.
            parts["tcp_user_timeout"] = "25000"
        if not self.reach.local:
            parts["sslmode"] = {ENCRYPTED: "require", PLAIN: "disable"}.get(self.reach.tls, "verify-full")
            if parts["sslmode"] == "verify-full":
                parts["sslrootcert"] = self.reach.ca or _SYSTEM_CA
        escaped = {word: value.replace("\\", "\\\\").replace("'", "\\'") for word, value in parts.items()}
        return " ".join(f"{word}='{value}'" for word, value in escaped.items())

    # What it carries.

    def arm(self, carries: bool) -> None:
        publish = EVERYTHING if carries else ""
        self.begin.do(f"ALTER PUBLICATION {quoted(self.name)} SET (publish = {literal(publish)})")

    def armed(self) -> bool:
        return bool(self.begin.value("SELECT pubinsert FROM pg_publication WHERE pubname = %s", [self.name]))

    def send(self) -> str:
        """Put a canary on the road."""
        token = secrets.token_hex(8)
        self.begin.do(f"INSERT INTO {self.canary} VALUES (%s)", [token])
        return token

    def await_canary(self, token: str, until: float, wait_s: float = 0.004) -> None:
        """:raises DeadlineExceeded: it is not seen at the end in time; with what is known of the reason."""
        while not self.end.value(f"SELECT 1 FROM {self.canary} WHERE token = %s", [token]):
            if time.monotonic() > until:
                way = self.read()
                raise DeadlineExceeded(
                    f"rows do not arrive at {self.end.device}",
                    device=self.begin.device,
                    cause=way.error or f"{way.lag_bytes} bytes are not there yet",
                )
            time.sleep(wait_s)
            wait_s = min(wait_s * 1.2, 0.1)

    def await_worker(self, until: float) -> None:
        """A server before 16 starts no worker within ``wal_retrieve_retry_interval`` (5 s) of the last one.

        :raises DeadlineExceeded: it does not run in time; with what is known of the reason.
        """
        while not (way := self.read()).running:
            if time.monotonic() > until:
                raise DeadlineExceeded(
                    f"rows do not flow from {self.begin.device} to {self.end.device}",
                    device=self.end.device,
                    cause=way.error or "there is no subscription",
                )
            time.sleep(0.1)

    # Reading.

    def _slot(self) -> bool:
        return bool(self.begin.value("SELECT 1 FROM pg_replication_slots WHERE slot_name = %s", [self.name]))

    def read(self) -> Way:
        """By both servers; what the one that does not answer would have told is not known."""
        slot, publication, subscribed, worker, lag_bytes, lag_s = None, None, None, None, None, None
        error = None
        try:
            publication = self.begin.value(
                "SELECT pubinsert FROM pg_publication WHERE pubname = %s", [self.name]
            )
            found = self.begin.rows(
                # The slot's own place is confirmed each ten seconds only.
                "SELECT s.active, s.wal_status, pg_wal_lsn_diff(pg_current_wal_lsn(), "
                "greatest(s.confirmed_flush_lsn, r.replay_lsn))::bigint, "
                "extract(epoch FROM r.replay_lag)::float8 FROM pg_replication_slots s "
                "LEFT JOIN pg_stat_replication r ON r.pid = s.active_pid WHERE s.slot_name = %s",
                [self.name],
            )
            if found:
                slot, kept, lag_bytes, lag_s = bool(found[0][0]), str(found[0][1]), found[0][2], found[0][3]
                if kept == "lost":
                    error = self._lost("its slot was held back too long, and has lost its log", publication)
            elif publication and self.direction == BACK:
                # Armed it is after its slot was made only; the way forward is armed before.
                error = self._lost("its slot is gone", publication)
        except DatacenterError as unknown:
            error = str(unknown)
        try:
            row = self.end.rows(
                "SELECT u.subenabled, s.pid FROM pg_subscription u LEFT JOIN pg_stat_subscription s "
                "ON s.subid = u.oid AND s.relid IS NULL WHERE u.subname = %s",
                [self.name],
            )
            subscribed, worker = (bool(row[0][0]), row[0][1]) if row else (None, None)
        except DatacenterError as unknown:
            error = error or str(unknown)
        running = bool(slot and worker)
        if subscribed is not None and not running and error is None:
            error = f"its worker at {self.end.device} does not run: see the logs of both servers"
            if not subscribed:
                error = f"its subscription {self.name} at {self.end.device} is disabled: enable it"
        return Way(
            self.direction,
            exists=slot is not None or publication is not None or subscribed is not None,
            running=running,
            lag_bytes=None if lag_bytes is None else int(lag_bytes),
            # A road on which nothing is under way tells no time.
            lag_s=0.0 if lag_s is None and running and lag_bytes == 0 else lag_s,
            error=error,
            armed=bool(publication),
        )

    def _lost(self, why: str, armed: bool | None) -> str:
        """With what can be done about it: no slot reads what was written before it was made."""
        if not armed:
            return f"{why}: the next cutover makes it anew"
        if self.direction == BACK:
            begin, end = self.begin.device, self.end.device
            return (
                f"{why}: what was written at {begin} since the cutover does not flow back to {end} any more, "
                f"and writes stay at {begin}. Either go on at {begin}, and end the move there (db_left); or "
                f"close it (db_writes), compare both (db_verify), bring over by hand what is needed, and "
                f"open {end} (db_writes)"
            )
        return f"{why}: give the move up (db_left, give_up) and copy again"

    def has_subscription(self) -> bool:
        return bool(self.end.value("SELECT 1 FROM pg_subscription WHERE subname = %s", [self.name]))

    def whole(self) -> bool:
        """Whether all of it is there and runs."""
        way = self.read()
        both = self.begin.value(
            "SELECT count(*) FROM pg_publication WHERE pubname IN (%s, %s)",
            [self.name, self.canary_publication],
        )
        return way.running and both == 2

    # Removing.

    def drop_subscription(self) -> bool:
        if not self.has_subscription():
            return False
        name = quoted(self.name)
        # Without its slot, or the end would ask the beginning for it, which may be dead.
        self.end.do(f"ALTER SUBSCRIPTION {name} DISABLE")
        self.end.do(f"ALTER SUBSCRIPTION {name} SET (slot_name = NONE)")
        self.end.do(f"DROP SUBSCRIPTION {name}")
        return True

    def drop_slot(self, wait_s: float = 10.0) -> bool:
        if not self._slot():
            return False
        end = time.monotonic() + wait_s
        while True:
            self.begin.do(
                "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = %s "
                "AND active_pid IS NOT NULL",
                [self.name],
            )
            try:
                self.begin.do("SELECT pg_drop_replication_slot(%s)", [self.name])
                return True
            except SqlError as error:
                # 55006: it is in use.
                if error.code != "55006" or time.monotonic() > end:
                    raise
            time.sleep(0.05)

    def remove(self) -> list[str]:
        """All of it but for the canary's tables; what was there, by name."""
        removed: list[str] = []

        def note(what: str, side: Side, done: bool) -> None:
            if done:
                removed.append(f"{what} at {side.device}")

        note(f"subscription {self.name}", self.end, self.drop_subscription())
        note(f"slot {self.name}", self.begin, self.drop_slot())
        for publication in (self.name, self.canary_publication):
            there = self.begin.value("SELECT 1 FROM pg_publication WHERE pubname = %s", [publication])
            if there:
                self.begin.do(f"DROP PUBLICATION {quoted(publication)}")
            note(f"publication {publication}", self.begin, bool(there))
        if self.begin.value("SELECT 1 FROM pg_roles WHERE rolname = %s", [self.role]):
            # Only when it was granted: a REVOKE would write down rights that were the default's.
            if self.begin.value(_GRANTED, [self.role]):
                self.begin.do(
                    f"REVOKE CONNECT ON DATABASE {quoted(self.begin.database)} FROM {quoted(self.role)}"
                )
            self.begin.do(f"DROP ROLE {quoted(self.role)}")
            note(f"role {self.role}", self.begin, True)
        return removed

    def left_at(self, asked: Side) -> list[str]:
        """What of it is at one side, by name."""
        found = []
        for side, what, query in (
            (self.end, "subscription", "SELECT subname FROM pg_subscription WHERE subname = %s"),
            (self.begin, "slot", "SELECT slot_name FROM pg_replication_slots WHERE slot_name = %s"),
            (self.begin, "publication", "SELECT pubname FROM pg_publication WHERE pubname IN (%s, %s)"),
            (self.begin, "role", "SELECT rolname FROM pg_roles WHERE rolname = %s"),
        ):
            names = {"publication": [self.name, self.canary_publication], "role": [self.role]}.get(
                what, [self.name]
            )
            if side is asked:
                found += [f"{what} {name} at {side.device}" for name in side.names_of(query, names)]
        return found


class _Undo(Exception):
    """Ends a transaction without doing it."""


def verifier(password: str, salt: bytes | None = None, rounds: int = 4096) -> str:
    """What a server keeps of a password (RFC 5803, SCRAM-SHA-256): so the password itself is never sent."""
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)

    def keyed(key: bytes, word: bytes) -> bytes:
        return hmac.new(key, word, "sha256").digest()

    stored = hashlib.sha256(keyed(salted, b"Client Key")).digest()
    server = keyed(salted, b"Server Key")
    told = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return "SCRAM-SHA-256${}:{}${}:{}".format(rounds, *told)


#: Told each act as it begins.
Tell = Callable[[str], None]
