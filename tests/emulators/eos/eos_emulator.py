# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Arista switch's eAPI with configuration sessions, for what drives it through NAPALM.

    python3 tests/emulators/eos/eos_emulator.py --port 8443 --fault 'skip:commit timer:ntp server 192.0.2.9'

What it does: JSON-RPC ``runCmds`` over HTTPS (or HTTP) with basic authentication; sessions with commit,
timer, confirmation, abort, diffs, a limit; ``copy``, ``configure replace``, ``write memory``; the readings
behind get_facts, get_interfaces, get_interfaces_ip, get_config, get_route_to and ping. A configuration that
cuts the way to Management1 (shut, another address, an access list against ``client``) makes it silent:
requests for a connection are lost, connections that stand hear nothing more, until the way is back and TCP
has repeated itself. Without the eAPI's ``no shutdown`` connections are reset.

What it does not: VRFs, IPv6, neighbours, ACLs but by source, banners, comments, ``default``, checkpoints,
forwarding. The text of what it has as JSON is not in the vendor's layout.

Known from: pyeapi 1.0 ``eapilib`` (requests, answers, errors); NAPALM 5.2 ``eos`` (what is asked; times of a
timer count from the boot) and napalm#2166 (a pending timer in 4.31 and 4.32); Arista's EOS manual,
"Configure Session" (a commit overwrites what changed since the session began); ANTA's constants ("Invalid
input (at token 2: 'trident')", counted from 0); the log in SUNET/cnaas-nms#395 (aborting a session whose
timer runs rolls back at once). Not found anywhere, so the words are ours: what EOS says of an ended session
that is entered, committed or aborted, of a commit beside a running timer, of one session too many.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from eos_device import CliError, Fault, Shell, Switch

USER, PASSWORD = "admin", "arista"
STARTUP = Path(__file__).with_name("startup.cfg").read_text()


class _Broken(OSError):
    """The connection ends here without another word."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # Or each answer waits 40 ms for the acknowledgement of its head.
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the switch has a log of its own."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.arrive()
        if not self.server.switch.served():
            raise _Broken
        token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {token}":
            self._answer(401, b"Unable to authenticate user: Bad username/password combination")
        elif self.path != "/command-api":
            self._answer(404, b"")
        else:
            shell = Shell(self.server.switch)
            answer = json.dumps(rpc(shell, body)).encode()
            self.server.stopping.wait(shell.slow)
            self._answer(200, answer, cut=shell.resets)

    def _answer(self, status: int, body: bytes, cut: bool = False) -> None:
        self.server.arrive()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            raise _Broken


def rpc(shell: Shell, body: bytes) -> dict[str, Any]:
    """The answer to one request: the results of all its commands, or of those before the one that failed."""
    try:
        request = json.loads(body)
        params, number = request["params"], request.get("id")
        commands, form = list(params["cmds"]), params.get("format") or "json"
    except (ValueError, KeyError, TypeError) as error:
        return {
            "jsonrpc": "2.0",
            "id": None,
            "error": {"code": -32600, "message": f"Invalid request: {error}"},
        }
    if request.get("method") != "runCmds":
        return {"jsonrpc": "2.0", "id": number, "error": {"code": -32601, "message": "Method not found"}}
    results: list[dict[str, Any]] = []
    for place, command in enumerate(commands, 1):
        text = command["cmd"] if isinstance(command, dict) else command
        try:
            results.append(shell.run(text, form))
        except CliError as error:
            message = f"CLI command {place} of {len(commands)} '{text}' failed: {error.why}"
            failed = {"code": error.code, "message": message, "data": [*results, {"errors": [error.error]}]}
            return {"jsonrpc": "2.0", "id": number, "error": failed}
    return {"jsonrpc": "2.0", "id": number, "result": results}


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # So that closing the server waits for all of them.
    waiting = 64

    def __init__(self, switch: Switch, tls: ssl.SSLContext | None, port: int) -> None:
        self.switch, self.tls, self.stopping = switch, tls, threading.Event()
        self.open: set[socket.socket] = set()
        self.fillers: list[socket.socket] = []
        super().__init__(("127.0.0.1", port), _Handler)
        switch.notify = self.path_changed

    def path_changed(self) -> None:
        """Lose connection requests while no packet passes: the kernel drops them when its queue is full."""
        passing = self.switch.reachable()
        if passing == bool(self.fillers):
            self.socket.listen(self.waiting if passing else 0)
        while not passing and len(self.fillers) < 2:
            self.fillers.append(socket.socket())
            self.fillers[-1].setblocking(False)
            self.fillers[-1].connect_ex(self.server_address)
        while passing and self.fillers:
            self.fillers.pop().close()

    def arrive(self) -> None:
        """Wait until packets pass; they do not while the configuration says so."""
        with self.switch.changed:
            self.switch.changed.wait_for(lambda: self.stopping.is_set() or self.switch.reachable())
        if self.stopping.is_set():
            raise _Broken

    def get_request(self) -> tuple[socket.socket, Any]:
        self.arrive()
        request, address = super().get_request()
        if self.tls:  # The handshake comes with the first word, in the thread of the connection.
            request = self.tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        self.open.add(request)
        return request, address

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whatever went wrong: the other end sees a reset."""
        with contextlib.suppress(OSError):
            request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.close()


def _certificate() -> ssl.SSLContext:
    """A self-made certificate, as a switch has one out of the box."""
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = Path(folder, "key.pem"), Path(folder, "certificate.pem")
        make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=eos1"
        files = ["-keyout", str(key), "-out", str(certificate)]
        subprocess.run([*make.split(), *files], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    return context


class Emulator:
    """The switch with its eAPI on a port of the loopback, between ``with`` and the end of it."""

    def __init__(self, startup: str = STARTUP, *, tls: bool = True, port: int = 0, **switch: Any) -> None:
        self.switch = Switch(startup, **switch)
        self._server = _Server(self.switch, _certificate() if tls else None, port)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> Emulator:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self.switch.changed:
            self.switch.disarm()
            self._server.stopping.set()
            self.switch.changed.notify_all()
        self._server.shutdown()
        self._thread.join()
        for connection in [*self._server.open, *self._server.fillers]:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=8443)
    parser.add_argument("--http", action="store_true", help="without TLS")
    parser.add_argument("--startup", type=Path, help="file with the configuration to start with")
    parser.add_argument(
        "--version", default="4.35.0F", help="EOS; below 4.32 sessions are shown in the old form"
    )
    parser.add_argument("--fault", action="append", default=[], metavar="KIND:COMMAND[:VALUE]",
                        help="error, skip, slow or reset, once, for a command that matches")  # fmt: skip
    given = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # A shell's background job ignores the first.
        signal.signal(number, signal.default_int_handler)
    startup = given.startup.read_text() if given.startup else STARTUP
    with Emulator(startup, tls=not given.http, port=given.port, version=given.version) as emulator:
        for text in given.fault:
            kind, match, value = [*text.split(":", 2), ""][:3]
            emulator.switch.faults.append(Fault(kind, match, float(value) if kind == "slow" else value))
        print(f"eAPI on 127.0.0.1:{emulator.port}, {USER}/{PASSWORD}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("\n".join(emulator.switch.log))


if __name__ == "__main__":
    main()
