# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A county's view of the service: reports all day, each acknowledgement written down.

Twenty connections; each sends a report, waits at most a second, and sends the same report (the same
id) again 100 ms after a failure, until it is acknowledged. The log holds one line an acknowledged
report: what the surviving database must hold afterwards. Standard library, Python 3.9.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import http.client
import json
import random
import sys
import threading
import time
import uuid
from typing import Any
from urllib.parse import urlsplit

import drill_process

TIMEOUT_S = 1.0
RETRY_S = 0.1


class Connection:
    """One of the client's connections: keeps it open while it works, opens it anew when it does not."""

    def __init__(self, url: str, number: int) -> None:
        parts = urlsplit(url)
        self.host, self.port, self.path = str(parts.hostname), parts.port or 80, parts.path
        self.number = number
        self.http: http.client.HTTPConnection | None = None

    def send(self, body: bytes) -> dict[str, Any]:
        """One attempt, at most TIMEOUT_S seconds in all.

        :raises OSError, http.client.HTTPException, ValueError: when it was not acknowledged.
        """
        deadline = time.monotonic() + TIMEOUT_S
        if self.http is None:
            self.http = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_S)
            self.http.connect()
        self.http.sock.settimeout(max(0.01, deadline - time.monotonic()))
        self.http.request("POST", self.path, body, {"Content-Type": "application/json"})
        answer = self.http.getresponse()
        text = answer.read()
        if answer.status != 201:
            raise ValueError(f"HTTP {answer.status}")
        acknowledged: dict[str, Any] = json.loads(text)
        return acknowledged

    def close(self) -> None:
        if self.http is not None:
            self.http.close()
            self.http = None


def upload_of(report_id: str, size: int) -> dict[str, str]:
    """A file that goes with a report: its name and content follow from the id, so it can be proved later."""
    content = hashlib.shake_128(report_id.encode()).digest(size)
    return {"name": f"现场照片-{report_id}.jpg", "content": base64.b64encode(content).decode()}


def body_of(report_id: str, number: int, arguments: argparse.Namespace) -> bytes:
    """What is sent for one report."""
    report: dict[str, Any] = {
        "report_id": report_id,
        "enterprise": f"drill-{number:02d}",
        "county": arguments.county,
        "description": "演练 drill",
    }
    if arguments.upload:
        report["upload"] = upload_of(report_id, arguments.upload)
    return json.dumps(report).encode()


def report_loop(
    connection: Connection, arguments: argparse.Namespace, log: drill_process.Log, stop: threading.Event
) -> None:
    """Report after report; one that the end cuts off is logged as pending, not as acknowledged."""
    pause = 1.0 / arguments.rate
    # The connections are spread over the first pause, so that they do not all ask at once.
    stop.wait(random.random() * pause)
    while not stop.is_set():
        report_id = str(uuid.uuid4())
        body = body_of(report_id, connection.number, arguments)
        sent, sent_monotonic = time.time(), time.monotonic()
        attempts = 0
        while True:
            attempts += 1
            try:
                answer = connection.send(body)
            except (OSError, http.client.HTTPException, ValueError) as error:
                connection.close()
                log.write("retry", report_id=report_id, error=f"{type(error).__name__}: {error}"[:120],
                          attempt=attempts, **drill_process.moments())  # fmt: skip
                if stop.wait(RETRY_S):
                    log.write("pending", report_id=report_id, sent=sent, attempts=attempts)
                    return
                continue
            log.write(
                "ack", report_id=report_id, connection=connection.number, sent=sent,
                sent_monotonic=sent_monotonic, acked=time.time(), acked_monotonic=time.monotonic(),
                attempts=attempts, timeline=answer.get("timeline"), database=answer.get("database"),
                centre=answer.get("centre"),
            )  # fmt: skip
            break
        stop.wait(max(0.0, pause - (time.monotonic() - sent_monotonic)))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    drill_process.add_arguments(parser)
    parser.add_argument("--url", default="http://127.0.0.1:8080/reports")
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--rate", type=float, default=10, help="reports a second on each connection, at most")
    parser.add_argument("--county", default="")
    parser.add_argument("--upload", type=int, default=0, help="bytes of a file that goes with each report")
    arguments = parser.parse_args()

    def work(log: drill_process.Log, stop: threading.Event) -> None:
        log.write("start", url=arguments.url, connections=arguments.connections, rate=arguments.rate,
                  upload=arguments.upload, timeout_s=TIMEOUT_S, retry_s=RETRY_S,
                  **drill_process.moments())  # fmt: skip
        threads = []
        for number in range(arguments.connections):
            connection = Connection(arguments.url, number)
            thread = threading.Thread(
                target=report_loop, args=(connection, arguments, log, stop), daemon=True
            )
            thread.start()
            threads.append(thread)
        stop.wait()
        for thread in threads:
            thread.join(TIMEOUT_S + RETRY_S + 1)
        log.write("end", **drill_process.moments())

    return int(drill_process.command(arguments, "report_client", work))


if __name__ == "__main__":
    sys.exit(main())
