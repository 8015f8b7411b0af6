# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the two legacy applications have in common: HTTP in, a file and a row out, then the answer.

A report carries its own id, so one that was not answered is sent again and stored once. It is acknowledged
when its upload is on the disk and its row is committed. Standard library, Python 3.9.
"""

from __future__ import annotations

import argparse
import base64
import configparser
import contextlib
import json
import os
import queue
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MAXIMUM_BODY_BYTES = 4 << 20
POOL = 8
WAIT_S = 3.0


class Pool:
    """Sessions with the database, kept open; one in which anything failed is not used again."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self.connect = connect
        self.idle: queue.LifoQueue[Any] = queue.LifoQueue()
        self.free = threading.Semaphore(POOL)

    @contextlib.contextmanager
    def session(self) -> Iterator[Any]:
        """A session, committed at the end.

        :raises TimeoutError: when all are in use for too long.
        """
        if not self.free.acquire(timeout=WAIT_S):
            raise TimeoutError("all sessions are in use")
        try:
            try:
                session = self.idle.get_nowait()
            except queue.Empty:
                session = self.connect()
            try:
                yield session
                session.commit()
            except BaseException:
                with contextlib.suppress(Exception):
                    session.close()
                raise
            self.idle.put(session)
        finally:
            self.free.release()

    def close(self) -> None:
        """Those that are in use end with their request."""
        with contextlib.suppress(queue.Empty):
            while True:
                session = self.idle.get_nowait()
                with contextlib.suppress(Exception):
                    session.close()


class Application:
    """What an application adds: its database and its tables."""

    #: What its database's library raises.
    errors: tuple[type[BaseException], ...] = ()

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings = configparser.ConfigParser(interpolation=None)
        self.pool = Pool(self.connect)
        self.read_settings()

    def read_settings(self) -> None:
        """Read at the start and at SIGHUP: so the database's address can be changed under a running one."""
        settings = configparser.ConfigParser(interpolation=None)
        with self.path.open(encoding="utf-8") as stream:
            settings.read_file(stream)
        before, self.settings, self.pool = self.pool, settings, Pool(self.connect)
        before.close()

    def connect(self) -> Any:
        raise NotImplementedError

    def store(self, session: Any, report: dict[str, Any]) -> dict[str, Any]:
        """Write one report; returns what of it is told to who sent it."""
        raise NotImplementedError

    def find(self, session: Any, report_id: str) -> dict[str, Any] | None:
        raise NotImplementedError

    def unsent(self, session: Any) -> list[str]:
        """Reports of which the ministry has not been told yet, marked as told."""
        raise NotImplementedError

    def accept(self, report: dict[str, Any]) -> dict[str, Any]:
        """The upload first: a row never names a file that is not there."""
        report["attachment"] = keep(Path(self.settings["site"]["uploads"]), report)
        with self.pool.session() as session:
            told = self.store(session, report)
        return {"report_id": report["report_id"], "attachment": report["attachment"], **told}

    def outbound(self) -> int:
        """One run of the job that must run on one machine only: each line is a message that left."""
        spool = Path(self.settings["site"]["outbound"])
        with self.pool.session() as session:
            ids = self.unsent(session)
            with spool.open("a", encoding="utf-8") as stream:
                for report_id in ids:
                    stream.write(f"{time.time():.3f} {os.uname().nodename} {report_id}\n")
        print(json.dumps({"sent": len(ids)}))
        return 0


def keep(uploads: Path, report: dict[str, Any]) -> str | None:
    """Put an upload on the disk, whole or not at all; its path below the uploads."""
    upload = report.get("upload")
    if not upload:
        return None
    content = base64.b64decode(upload["content"])
    # A month's folder, named as people here name it.
    relative = Path(time.strftime("%Y年%m月")) / os.path.basename(str(upload["name"]))
    folder = uploads / relative.parent
    folder.mkdir(mode=0o2775, parents=True, exist_ok=True)
    part = folder / f".{report['report_id']}-{threading.get_ident()}.part"
    with part.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    part.rename(folder / relative.name)
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return str(relative)


class Handler(BaseHTTPRequestHandler):
    """HTTP/1.1 with keep-alive; one thread a connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 60
    application: Application

    def do_GET(self) -> None:
        if self.path == "/health":
            self._answer(200, {"ok": True})
        elif self.path.startswith("/reports/"):
            self._guarded(self._find)
        else:
            self._answer(404, {"error": "there is nothing here"})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAXIMUM_BODY_BYTES or self.path != "/reports":
            self.close_connection = True
            self._answer(404, {"error": "reports go to /reports"})
            return
        body = self.rfile.read(length)
        self._guarded(lambda: self._answer(201, self.application.accept(parse(body))))

    def _find(self) -> None:
        with self.application.pool.session() as session:
            found = self.application.find(session, str(uuid.UUID(self.path.rpartition("/")[2])))
        self._answer(200 if found else 404, found or {"error": "no such report"})

    def _guarded(self, work: Callable[[], None]) -> None:
        failures: tuple[type[BaseException], ...] = (*self.application.errors, OSError)
        try:
            work()
        except (ValueError, KeyError, TypeError) as error:
            self._answer(400, {"error": f"{type(error).__name__}: {error}"})
        except failures as error:
            self._answer(503, {"error": f"{type(error).__name__}: {error}"[:300]})

    def _answer(self, status: int, data: dict[str, Any]) -> None:
        body = json.dumps(data, ensure_ascii=False, default=str).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        with contextlib.suppress(OSError):
            self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged one by one: the database holds them."""


def parse(body: bytes) -> dict[str, Any]:
    """:raises ValueError, KeyError, TypeError: when it is no report."""
    report = json.loads(body)
    return {
        "report_id": str(uuid.UUID(report["report_id"])),
        "enterprise": str(report["enterprise"]),
        "county": report.get("county"),
        "description": str(report["description"]),
        "upload": report.get("upload"),
    }


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle is no news; anything else is."""
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError)):
            print(f"request of {client_address[0]} failed: {error!r}", file=sys.stderr, flush=True)


def serve(application: Application) -> int:
    handler = type("BoundHandler", (Handler,), {"application": application})
    server = Server(("0.0.0.0", int(application.settings["site"]["port"])), handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGHUP, lambda *_: application.read_settings())
    server.serve_forever()
    return 0


def main(kind: type[Application]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("command", choices=("serve", "outbound"))
    arguments = parser.parse_args()
    application = kind(arguments.settings)
    return serve(application) if arguments.command == "serve" else application.outbound()
