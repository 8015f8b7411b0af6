# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An authority of the tests' own, and Redfish services with certificates of it: sushy-tools', and ours."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import bcrypt
from bmc_bench import ANSWER_S, PASSWORD, USER, VIEWER
from redfish_service import Service

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Target

#: Where our service listens, if nothing else is said.
SERVICE_PORT = 8443


@dataclass
class Authority:
    """Signs certificates with openssl."""

    directory: Path

    def __post_init__(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        _openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", "/CN=test authority", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-keyout", str(self.directory / "ca.key"), "-out", str(self.ca_file),
        )  # fmt: skip

    @property
    def ca_file(self) -> Path:
        return self.directory / "ca.pem"

    def sign(self, name: str, *, subject: str = "IP:127.0.0.1", days: int = 2) -> tuple[Path, Path]:
        """:returns: a certificate for this subject, and its key."""
        certificate, key = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        if certificate.exists():
            return certificate, key
        request, extensions = self.directory / f"{name}.csr", self.directory / f"{name}.ext"
        extensions.write_text(f"subjectAltName={subject}\nauthorityKeyIdentifier=keyid\n")
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-subj", f"/CN={name}", "-keyout", str(key), "-out", str(request))  # fmt: skip
        _openssl("x509", "-req", "-in", str(request), "-CA", str(self.ca_file), "-CAkey",
                 str(self.directory / "ca.key"), "-CAcreateserial", "-days", str(days),
                 "-extfile", str(extensions), "-out", str(certificate))  # fmt: skip
        return certificate, key


def _openssl(*words: str) -> None:
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


def target_of(authority: Authority, https_port: int, **options: Any) -> Target:
    fields: dict[str, Any] = {
        "name": "nn-db-01",
        "address": "127.0.0.1",
        "user": USER,
        "password": PASSWORD,
        "answer_s": ANSWER_S,
        "protocol": "redfish",
        "https_port": https_port,
        "ca_file": str(authority.ca_file),
    }
    return Target(**{**fields, **options})


def curl(authority: Authority, port: int, path: str, *words: str, user: str | None = None) -> Any:
    """The witness: another client, another TLS library, the same authority."""
    config = f'user = "{user}:{PASSWORD}"\n' if user else ""
    done = subprocess.run(
        ["curl", "-sS", "--noproxy", "*", "--cacert", str(authority.ca_file), "--max-time", "10", "-K", "-",
         f"https://127.0.0.1:{port}{path}", *words],
        capture_output=True, text=True, timeout=20, check=False, input=config,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else {}


@contextlib.contextmanager
def our_service(directory: Path, authority: Authority, port: int, **options: Any) -> Iterator[Service]:
    """The mock-up, with an administrator and somebody who may only look."""
    service = Service(directory, {USER: PASSWORD, VIEWER: PASSWORD}, port, **options)
    service.start(*authority.sign("bmc"))
    try:
        yield service
    finally:
        service.stop()


@dataclass
class Sushy:
    """sushy-tools' emulator with its fake driver. It tells each change of power to a file, over HTTP."""

    directory: Path
    authority: Authority
    port: int
    names: tuple[str, ...] = ("nn-db-01",)
    process: subprocess.Popen[bytes] | None = None
    #: What it was told of, in order: (name, power state).
    told: list[tuple[str, str]] = field(default_factory=list)

    def uuid(self, name: str) -> str:
        return f"00000000-0000-4000-8000-{self.names.index(name):012d}"

    def start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self._listener = HTTPServer(("127.0.0.1", 0), self._recorder())
        threading.Thread(target=self._listener.serve_forever, args=(0.02,), daemon=True).start()
        certificate, key = self.authority.sign("bmc")
        users = self.directory / "users"
        users.touch(mode=0o600)
        users.write_text(f"{USER}:{bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()}\n")
        systems = [
            {"uuid": self.uuid(name), "name": name, "power_state": "On", "external_notifier": True,
             "nics": [{"mac": "00:5c:52:31:3a:9c", "ip": "172.22.0.100"}]}
            for name in self.names
        ]  # fmt: skip
        settings = {
            "SUSHY_EMULATOR_LISTEN_IP": "127.0.0.1",
            "SUSHY_EMULATOR_LISTEN_PORT": self.port,
            "SUSHY_EMULATOR_SSL_CERT": str(certificate),
            "SUSHY_EMULATOR_SSL_KEY": str(key),
            "SUSHY_EMULATOR_AUTH_FILE": str(users),
            "SUSHY_EMULATOR_STATE_DIR": str(self.directory),
            "SUSHY_EMULATOR_FAKE_SYSTEMS": systems,
            "EXTERNAL_NOTIFICATION_URL": f"http://127.0.0.1:{self._listener.server_address[1]}/",
        }
        config = self.directory / "emulator.conf"
        config.write_text("".join(f"{name} = {value!r}\n" for name, value in settings.items()))
        program = Path(sys.executable).parent / "sushy-emulator"
        log = (self.directory / "log").open("wb")
        self.process = subprocess.Popen(
            [str(program), "--config", str(config), "--fake"],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
        )
        self._await_port()

    def _recorder(self) -> type[BaseHTTPRequestHandler]:
        emulator = self

        class Recorder(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                emulator.told.append((told["name"], told["power_state"]))
                (emulator.directory / f"{told['name']}.power").write_text(told["power_state"])
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        return Recorder

    def _await_port(self) -> None:
        end = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            assert self.process is not None
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"sushy-emulator did not start: {(self.directory / 'log').read_text()}")
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self._listener.shutdown()
        self._listener.server_close()

    def power(self, name: str) -> str:
        """What the machine behind it was told last."""
        path = self.directory / f"{name}.power"
        return path.read_text() if path.exists() else "On"
