# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hidden-danger reports (隐患排查): HTTP in, rows out, acknowledged only when committed.

Stands for the administration's existing reporting system. A report carries its own id, so a client
that got no answer sends it again, and it is stored once. While no database accepts writes a request
is held instead of failed: a switchover of the database is a pause for the client, not an error.

    report_app.py serve     the service
    report_app.py migrate   create what is missing in the database; prints what it made
    report_app.py outbound  one run of the outbound job (in exactly one centre: see the timer)

Standard library and psycopg2.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import select
import signal
import socket
import socketserver
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg2
from report_database import SEARCH_S, Databases, Node, within

CONFIG = "/etc/anjianyun/report_app.json"
MAXIMUM_BODY_BYTES = 65536
HEARTBEAT_S = 1.0
# What a backend says whose commit reached this server only: it is not a commit in two centres.
NOT_REPLICATED = "might not have been replicated"

# A repeated report is written, too (attempts): its commit then waits for the standby as the first one
# should have, so with synchronous replication nothing is acknowledged that only one centre holds.
STORE = """
INSERT INTO reports (report_id, enterprise, county, description, submitted_at)
VALUES (%(report_id)s, %(enterprise)s, %(county)s, %(description)s, %(submitted_at)s)
ON CONFLICT (report_id) DO UPDATE SET attempts = reports.attempts + 1
RETURNING attempts, extract(epoch FROM received_at)::float8,
  ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int
"""

TABLES = {
    "reports": """CREATE TABLE reports (report_id uuid PRIMARY KEY, enterprise text NOT NULL, county text,
        description text NOT NULL, submitted_at timestamptz, received_at timestamptz NOT NULL
        DEFAULT clock_timestamp(), attempts integer NOT NULL DEFAULT 1)""",
    "heartbeat": "CREATE TABLE heartbeat (application text PRIMARY KEY, at timestamptz NOT NULL)",
    "outbox_sent": """CREATE TABLE outbox_sent (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        centre text NOT NULL, host text NOT NULL, sent_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        reports bigint NOT NULL)""",
    "drill_probe": """CREATE TABLE drill_probe (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        probe text NOT NULL, node text NOT NULL, written_at timestamptz NOT NULL
        DEFAULT clock_timestamp())""",
}
GRANTS = {"drill_probe": ("dc_probe", "INSERT, SELECT"), "reports": ("dc_probe", "SELECT")}


class Held(Exception):
    """No database accepted the write within the time a request is held."""


class ClientGone(Exception):
    """Whoever asked has hung up; it will send the same report again."""


class Service:
    """What the requests share."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.databases = Databases(
            [Node(node["name"], {**config["database"], **node["conninfo"]}) for node in config["nodes"]]
        )
        self.held = 0
        self.acknowledged = 0
        self.lock = threading.Lock()

    def store(self, report: dict[str, Any], client: socket.socket) -> dict[str, Any]:
        """Write one report and return what its acknowledgement says.

        Whatever goes wrong in the middle (a cut session, a server that turned read-only or froze)
        leaves it open whether the report was committed; the same id is simply written again.
        """
        deadline = time.monotonic() + float(self.config["hold_s"])
        with self._counted():
            while True:
                node = self.databases.wait_writable(SEARCH_S * 5)
                if node is not None:
                    try:
                        return self._store_once(node, report)
                    except (psycopg2.DataError, psycopg2.ProgrammingError):
                        raise
                    except psycopg2.Error as error:
                        self.databases.failed(node, " ".join(str(error).split()), writing=True)
                        time.sleep(SEARCH_S)
                if time.monotonic() > deadline:
                    raise Held
                if _hung_up(client):
                    raise ClientGone

    def _store_once(self, node: Node, report: dict[str, Any]) -> dict[str, Any]:
        with self.databases.session(node) as session:
            del session.notices[:]
            with session.cursor() as cursor:
                cursor.execute(STORE, report)
                attempts, received_at, timeline = cursor.fetchone()
            if any(NOT_REPLICATED in notice for notice in session.notices):
                raise psycopg2.OperationalError("committed in one centre only")
        self.databases.wrote(node)
        with self.lock:
            self.acknowledged += 1
        return {
            "report_id": report["report_id"],
            "committed_at": time.time(),
            "received_at": received_at,
            "repeated": attempts > 1,
            "timeline": timeline,
            "database": node.name,
            "application": self.config["name"],
            "centre": self.config["centre"],
        }

    @contextlib.contextmanager
    def _counted(self) -> Any:
        with self.lock:
            self.held += 1
        try:
            yield
        finally:
            with self.lock:
                self.held -= 1

    def find(self, report_id: str) -> dict[str, Any] | None:
        """One report from the database that accepts writes."""
        node = self.databases.wait_writable(float(self.config["hold_s"]))
        if node is None:
            raise Held
        with self.databases.session(node) as session, session.cursor() as cursor:
            cursor.execute(
                "SELECT enterprise, county, description, extract(epoch FROM received_at)::float8, attempts"
                " FROM reports WHERE report_id = %s",
                (report_id,),
            )
            row = cursor.fetchone()
        names = ("enterprise", "county", "description", "received_at", "attempts")
        return {"report_id": report_id, **dict(zip(names, row))} if row else None

    def status(self) -> dict[str, Any]:
        node = self.databases.writable()
        return {
            "application": self.config["name"],
            "centre": self.config["centre"],
            "writable": node.name if node else None,
            "timeline": node.timeline if node else None,
            "databases": {one.name: one.said for one in self.databases.nodes},
            "pending": self.held,
            "acknowledged": self.acknowledged,
        }

    def beat(self) -> None:
        """One commit a second, so that a standby can say how old its newest commit is."""
        while True:
            time.sleep(HEARTBEAT_S)
            node = self.databases.writable()
            if node is None:
                continue
            with (
                contextlib.suppress(psycopg2.Error),
                self.databases.session(node) as session,
                session.cursor() as cursor,
            ):
                cursor.execute(
                    "INSERT INTO heartbeat VALUES (%s, clock_timestamp())"
                    " ON CONFLICT (application) DO UPDATE SET at = excluded.at",
                    (self.config["name"],),
                )


def _hung_up(client: socket.socket) -> bool:
    """Has the client closed its side? Looks without taking anything from the stream."""
    poller = select.poll()
    poller.register(client, select.POLLIN | select.POLLHUP)
    if not poller.poll(0):
        return False
    try:
        return client.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


class BadReport(Exception):
    """The request's body is no report."""


def parse_report(body: bytes) -> dict[str, Any]:
    """:raises BadReport: with a sentence that the client gets to read."""
    try:
        report = json.loads(body)
        report_id = str(uuid.UUID(report["report_id"]))
        enterprise, description = report["enterprise"], report["description"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadReport(f"a report has report_id (a UUID), enterprise and description: {error}") from error
    if (
        not isinstance(enterprise, str)
        or not isinstance(description, str)
        or "\0" in enterprise + description
    ):
        raise BadReport("enterprise and description are text")
    return {
        "report_id": report_id,
        "enterprise": enterprise,
        "description": description,
        "county": report.get("county"),
        "submitted_at": report.get("submitted_at"),
    }


class Handler(BaseHTTPRequestHandler):
    """HTTP/1.1 with keep-alive; one thread a connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 60
    service: Service

    def do_GET(self) -> None:
        if self.path == "/health":
            self._answer(200, {"ok": True, "writable": self.service.databases.writable() is not None})
        elif self.path == "/status":
            self._answer(200, self.service.status())
        elif self.path.startswith("/reports/"):
            self._guarded(self._get_report)
        else:
            self._answer(404, {"error": "there is nothing here"})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAXIMUM_BODY_BYTES:
            self.close_connection = True
            self._answer(413, {"error": f"a report has at most {MAXIMUM_BODY_BYTES} bytes"})
            return
        body = self.rfile.read(length)
        if self.path != "/reports":
            self._answer(404, {"error": "reports go to /reports"})
            return
        self._guarded(lambda: self._answer(201, self.service.store(parse_report(body), self.connection)))

    def _get_report(self) -> None:
        try:
            report_id = str(uuid.UUID(self.path.rpartition("/")[2]))
        except ValueError as error:
            raise BadReport(str(error)) from error
        report = self.service.find(report_id)
        self._answer(200 if report else 404, report or {"error": "no such report"})

    def _guarded(self, work: Any) -> None:
        try:
            work()
        except (BadReport, psycopg2.DataError) as error:
            self._answer(400, {"error": str(error).strip()})
        except ClientGone:
            self.close_connection = True
        except (Held, psycopg2.Error) as error:
            self._answer(503, {"error": "no database accepts writes", "detail": str(error).strip()})

    def _answer(self, status: int, data: dict[str, Any]) -> None:
        body = json.dumps(data, ensure_ascii=False).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        with contextlib.suppress(OSError):
            self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged one by one: the database holds them."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def server_bind(self) -> None:
        """As the base class, without asking a name server for our own name: it may be in the lost centre."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle is no news; anything else is."""
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError)):
            print(f"request of {client_address[0]} failed: {error!r}", file=sys.stderr, flush=True)


def serve(service: Service) -> int:
    service.databases.start()
    threading.Thread(target=service.beat, name="heartbeat", daemon=True).start()
    handler = type("BoundHandler", (Handler,), {"service": service})
    server = Server((service.config["listen"], int(service.config["port"])), handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(
        f"{service.config['name']} listens on {service.config['listen']}:{service.config['port']}", flush=True
    )
    server.serve_forever()
    return 0


def _one_session(service: Service, seconds: float) -> Any:
    """For the commands that end: a session with the database that accepts writes."""
    service.databases.start()
    node = service.databases.wait_writable(seconds)
    if node is None:
        raise SystemExit("no database accepts writes: " + json.dumps(service.status()["databases"]))
    return service.databases.session(node)


def migrate(service: Service) -> int:
    """Create what is missing; prints the names of what it made."""
    made = []
    with _one_session(service, 10) as session, session.cursor() as cursor, within(30):
        for table, create in TABLES.items():
            cursor.execute("SELECT to_regclass(%s)", (table,))
            if cursor.fetchone()[0] is None:
                cursor.execute(create)
                made.append(table)
        for table, (role, privileges) in GRANTS.items():
            cursor.execute(
                "SELECT 1 FROM pg_roles WHERE rolname = %s AND NOT has_table_privilege(rolname, %s, %s)",
                (role, table, privileges.partition(",")[0]),
            )
            if cursor.fetchone():
                cursor.execute(f"GRANT {privileges} ON {table} TO {role}")
                made.append(f"grant on {table}")
    print(json.dumps({"made": made}))
    return 0


def outbound(service: Service) -> int:
    """One run of the job that must run in one centre only: counts what is new and says it was sent."""
    with _one_session(service, 10) as session, session.cursor() as cursor:
        cursor.execute(
            "INSERT INTO outbox_sent (centre, host, reports) SELECT %s, %s, count(*) FROM reports"
            " WHERE received_at > (SELECT coalesce(max(sent_at), '-infinity') FROM outbox_sent)"
            " RETURNING id, reports",
            (service.config["centre"], service.config["name"]),
        )
        number, reports = cursor.fetchone()
    print(json.dumps({"id": number, "reports": reports}))
    return 0


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--config", default=CONFIG)
    parser.add_argument("command", choices=("serve", "migrate", "outbound"))
    arguments = parser.parse_args(argv)
    service = Service(json.loads(Path(arguments.config).read_text(encoding="utf-8")))
    return {"serve": serve, "migrate": migrate, "outbound": outbound}[arguments.command](service)


if __name__ == "__main__":
    sys.exit(main())
