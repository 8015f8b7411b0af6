# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alertmanager as Debian packages it, over TLS; amtool as the witness; and what is no Alertmanager."""

from __future__ import annotations

import contextlib
import ctypes
import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
PORT = 9093
START_S = 60


@contextlib.contextmanager
def own_namespace(name: str) -> Iterator[None]:
    """Put this thread, and what it starts, into a new network namespace."""
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        with open("/proc/thread-self/ns/net") as before, open(f"/run/netns/{name}") as ours:
            _enter(ours.fileno())
            try:
                yield
            finally:
                _enter(before.fileno())
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=30)


class Alerts:
    """One Alertmanager, its address and its authority."""

    url = f"https://127.0.0.1:{PORT}/alerts"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca_file = folder / "server.pem"
        _openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", "/CN=alerts", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", str(folder / "server.key"), "-out", str(self.ca_file),
        )  # fmt: skip
        (folder / "alertmanager.yml").write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
        (folder / "web.yml").write_text("tls_server_config: {cert_file: server.pem, key_file: server.key}\n")
        (folder / "amtool.yml").write_text(f"tls_config: {{ca_file: {self.ca_file}}}\n")

    @contextlib.contextmanager
    def running(self) -> Iterator[Alerts]:
        with open(self.folder / "log", "wb") as log:
            # Killed with this process, however that ends.
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "prometheus-alertmanager",
                 f"--config.file={self.folder}/alertmanager.yml", f"--storage.path={self.folder}/data",
                 f"--web.config.file={self.folder}/web.yml", f"--web.listen-address=127.0.0.1:{PORT}",
                 "--web.route-prefix=/alerts", f"--web.external-url={self.url}", "--cluster.listen-address="],
                stdout=log, stderr=log,
            )  # fmt: skip
        try:
            deadline = time.monotonic() + START_S
            while not self._answers():
                assert process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.2)
            yield self
        finally:
            process.kill()
            process.wait()

    def _answers(self) -> bool:
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", PORT)) == 0

    def amtool(self, *words: str) -> Any:
        """What the vendor's own program says."""
        done = subprocess.run(
            ["amtool", f"--alertmanager.url={self.url}", f"--http.config.file={self.folder}/amtool.yml",
             "--output=json", *words],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.startswith(("[", "{")) else done.stdout

    def silences(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.amtool("silence", "query")
        return found


@contextlib.contextmanager
def answering(port: int, status: int, body: bytes, **headers: str) -> Iterator[list[dict[str, str]]]:
    """Something else that speaks HTTP; what it was sent as headers."""
    seen: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(dict(self.headers))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
