# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real database servers in a temporary directory, on sockets, and on loopback ports where a test wants TLS.

Needs the programs of PostgreSQL and MariaDB and, when the tests run as root, their users.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import (
    MARIADB,
    POSTGRESQL,
    Server,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

START_S = 30
#: Benches may want a disk, or memory.
PLACE = os.environ.get("DB_PLACE", "/tmp")
PASSWORD = "s0urce,Secret:pw"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def certificate(directory: Path, owner: pwd.struct_passwd) -> Path:
    """A key and its own certificate for 127.0.0.1, as ``server.key`` and ``server.crt``."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
         "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
         str(directory / "server.key"), "-out", str(directory / "server.crt")],
        check=True, capture_output=True,
    )  # fmt: skip
    for name in ("server.key", "server.crt"):
        os.chown(directory / name, owner.pw_uid, owner.pw_gid)
    return directory / "server.crt"


class _Process:
    """A server program that a test starts and ends."""

    def __init__(self, root: Path, user: str) -> None:
        self.root = root
        self.owner = pwd.getpwnam(user) if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        self.process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        os.chown(root, self.owner.pw_uid, self.owner.pw_gid)

    def run(self, *command: str) -> None:
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, **self._as_owner)
        if done.returncode:
            raise AssertionError(f"{command[0]}: {done.stderr or done.stdout}")

    @property
    def _as_owner(self) -> dict[str, Any]:
        # Its home is not ours: a server that opens sessions looks there for certificates.
        home = {**os.environ, "HOME": str(self.root)}
        return {"user": self.owner.pw_uid, "group": self.owner.pw_gid, "extra_groups": [], "env": home}

    def launch(self, command: Sequence[str], server: Server) -> None:
        """Start it, and wait until it takes sessions."""
        with (self.root / "log").open("ab") as log:
            self.process = subprocess.Popen(
                list(command), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", **self._as_owner
            )
        end = time.monotonic() + START_S
        while True:
            try:
                with session(server):
                    return
            except DatacenterError as error:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise AssertionError(f"{error}: {(self.root / 'log').read_text()[-2000:]}") from error
                time.sleep(0.05)

    def stop(self, how: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(how)
            self.process.wait(START_S)
            self.process = None


class Postgres(_Process):
    """A cluster of its own.

    :param version: the major version whose programs are used; the newest that is installed by default.
    :param settings: lines for postgresql.conf.
    """

    def __init__(self, root: Path, name: str, version: str = "*", settings: str = "") -> None:
        super().__init__(root, "postgres")
        found = sorted(Path("/usr/lib/postgresql").glob(f"{version}/bin"), key=lambda one: int(one.parts[4]))
        if not found:
            pytest.fail("PostgreSQL's server programs are needed (see bindep.txt)")
        self.name, self.bin, self.data = name, found[-1], root / "data"
        self.run(str(self.bin / "initdb"), "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E",
                 "UTF8", "--locale=C.UTF-8", "--no-sync")  # fmt: skip
        self.ca = certificate(root, self.owner)
        with (self.data / "postgresql.conf").open("a") as config:
            config.write(
                f"unix_socket_directories = '{root}'\nport = {self.port}\nlisten_addresses = '127.0.0.1'\n"
                f"ssl = on\nssl_cert_file = '{self.ca}'\nssl_key_file = '{root / 'server.key'}'\n"
                "fsync = off\nshared_buffers = 16MB\nmax_connections = 40\nwal_level = logical\n"
                f"{settings}\n"
            )
        (self.data / "pg_hba.conf").write_text(
            "local all all trust\nlocal replication all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
        )
        self.start()

    def start(self) -> None:
        self.launch([str(self.bin / "postgres"), "-D", str(self.data)], self.server())

    def server(self, database: str = "postgres") -> Server:
        """Its superuser, over the socket."""
        return Server(POSTGRESQL, self.name, str(self.root), self.port, "postgres", database)

    def over_tls(self, user: str, database: str = "postgres") -> Server:
        """An account with :data:`PASSWORD`, over TLS on loopback, verified."""
        return Server(
            POSTGRESQL, self.name, "127.0.0.1", self.port, user, database, PASSWORD, ca=str(self.ca)
        )


class Maria(_Process):
    """A server of its own.

    :param settings: options for mariadbd, without the dashes.
    """

    def __init__(self, root: Path, name: str, *settings: str) -> None:
        super().__init__(root, "nobody")
        self.name, self.data = name, root / "data"
        self.settings = settings
        self.run("mariadb-install-db", "--no-defaults", f"--datadir={self.data}", "--skip-test-db",
                 "--auth-root-authentication-method=normal")  # fmt: skip
        self.ca = certificate(root, self.owner)
        self.start()

    def start(self) -> None:
        self.launch(
            ["/usr/sbin/mariadbd", "--no-defaults", f"--datadir={self.data}", f"--socket={self.socket}",
             f"--port={self.port}", "--bind-address=127.0.0.1", f"--pid-file={self.root / 'pid'}",
             f"--tmpdir={self.root}", "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=16M",
             "--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve",
             f"--ssl-cert={self.ca}", f"--ssl-key={self.root / 'server.key'}",
             *(f"--{setting}" for setting in self.settings)],
            self.server(),
        )  # fmt: skip

    @property
    def socket(self) -> Path:
        return self.root / "s"

    def server(self, database: str = "") -> Server:
        """Its root, over the socket."""
        return Server(MARIADB, self.name, str(self.socket), self.port, "root", database)

    def over_tls(self, user: str, database: str = "") -> Server:
        """An account with :data:`PASSWORD`, over TLS on loopback, verified."""
        return Server(MARIADB, self.name, "127.0.0.1", self.port, user, database, PASSWORD, ca=str(self.ca))


@contextlib.contextmanager
def postgres(name: str, version: str = "*", settings: str = "") -> Iterator[Postgres]:
    """A cluster for a block. Its directory is short, for sockets have short names."""
    root = Path(tempfile.mkdtemp(prefix="ajypg-", dir=PLACE))
    made = None
    try:
        made = Postgres(root, name, version, settings)
        yield made
    finally:
        if made is not None:
            # SIGQUIT: immediately; nothing of it is needed again.
            made.stop(signal.SIGQUIT)
        shutil.rmtree(root)


@contextlib.contextmanager
def maria(name: str, *settings: str) -> Iterator[Maria]:
    """A server for a block."""
    root = Path(tempfile.mkdtemp(prefix="ajyma-", dir=PLACE))
    made = None
    try:
        made = Maria(root, name, *settings)
        yield made
    finally:
        if made is not None:
            made.stop(signal.SIGKILL)
        shutil.rmtree(root)
