# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL's own programs, of the target's version, with either server. No password on a command line."""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import (
    ENCRYPTED,
    PLAIN,
    Server,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
)

_DEBIAN = Path("/usr/lib/postgresql")
#: For what loads rows and makes indexes: what is lost in a crash is copied again.
_LOADING = "-c synchronous_commit=off -c maintenance_work_mem=256MB"
#: Of a session that only waits with its snapshot, or reads for hours.
_READING = "-c idle_in_transaction_session_timeout=0 -c statement_timeout=0 -c lock_timeout=0"
_SNAPSHOT = re.compile(r"^[^|]+\|[0-9A-F]+/[0-9A-F]+\|([0-9A-F-]+)\|", re.MULTILINE)


class Programs:
    """What is started on this host, and a directory of its own while it runs.

    :param version: the target's major version.
    :param given: their directory; ``None``: Debian's of that version, or the path's.
    """

    def __init__(self, version: int, given: str | None, scratch: Path) -> None:
        self._version, self._given, self.scratch = version, given, scratch

    def find(self, name: str) -> str:
        """:raises DatacenterError: it is not here."""
        places = [Path(self._given)] if self._given else [_DEBIAN / str(self._version) / "bin"]
        for place in places:
            if os.access(place / name, os.X_OK):
                return str(place / name)
        found = None if self._given else shutil.which(name)
        if found and self._major(found) >= self._version:
            return found
        raise DatacenterError(
            f"{name} of version {self._version} is not on this host",
            cause=f"looked for in {', '.join(map(str, places))} and in the path",
            next_step=f"install postgresql-client-{self._version} here, or name its directory",
        )

    @staticmethod
    def _major(program: str) -> int:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=20)
        found = re.search(r"(\d+)(\.\d+)?", done.stdout)
        return int(found.group(1)) if found else 0

    def environment(self, server: Server, loading: bool = False) -> dict[str, str]:
        """By which libpq finds the server; the password stands in a file that its owner alone reads."""
        told = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LC_ALL": "C.UTF-8",
            "PGHOST": server.host,
            "PGPORT": str(server.port),
            "PGUSER": server.user,
            "PGDATABASE": server.database,
            "PGCLIENTENCODING": "UTF8",
            "PGAPPNAME": "anjianyun",
            "PGCONNECT_TIMEOUT": "10",
            "PGOPTIONS": f"{_READING} {_LOADING}" if loading else _READING,
        }
        if server.password:
            told["PGPASSFILE"] = str(self._passfile(server))
        if not server.local:
            told["PGSSLMODE"] = {ENCRYPTED: "require", PLAIN: "disable"}.get(server.tls, "verify-full")
            if told["PGSSLMODE"] == "verify-full":
                told["PGSSLROOTCERT"] = server.ca or "/etc/ssl/certs/ca-certificates.crt"
        return told

    def _passfile(self, server: Server) -> Path:
        path = self.scratch / f"pass-{re.sub('[^A-Za-z0-9]', '_', server.name)}-{server.port}"
        if not path.exists():
            escaped = server.password.replace("\\", "\\\\").replace(":", "\\:")
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(f"*:*:*:*:{escaped}\n")
        return path

    def run(self, server: Server, name: str, *arguments: str, loading: bool = False) -> str:
        """Run one to its end, which may be hours away.

        :raises DatacenterError: it failed, with its own last words.
        """
        with (self.scratch / f"said-{time.monotonic_ns()}").open("w+") as said:
            done = subprocess.run(
                [self.find(name), *arguments],
                env=self.environment(server, loading),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                check=False,
            )
            said.seek(0)
            if done.returncode:
                raise failed(name, server, said.read())
        return done.stdout


def failed(name: str, server: Server, said: str) -> DatacenterError:
    """Its last words, without the server's address lines."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return DatacenterError(f"{name} failed", device=server.name, cause=" / ".join(lines[:3] + lines[3:][-3:]))


@contextlib.contextmanager
def programs(version: int, given: str | None) -> Iterator[Programs]:
    """They, and a directory that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="ajy-copy-") as scratch:
        yield Programs(version, given, Path(scratch))


@contextlib.contextmanager
def snapshot(
    made: Programs, server: Server, slot: str, wait_s: float, tick: Callable[[], None]
) -> Iterator[str]:
    """Make a slot, and hold the snapshot of the very place in the log at which it begins.

    A server makes it when all transactions that write at this moment have ended.

    :param tick: called now and then while that is waited for.
    """
    with (made.scratch / "slot-said").open("w+") as said:
        psql = subprocess.Popen(
            [made.find("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", "replication=database"],
            env=made.environment(server), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said,
        )  # fmt: skip
        try:
            make = f'CREATE_REPLICATION_SLOT "{slot}" LOGICAL pgoutput EXPORT_SNAPSHOT;\n'
            answer = _answer(psql, make, wait_s, tick)
            found = _SNAPSHOT.search(answer or "")
            if answer is None:
                raise DeadlineExceeded(
                    "no snapshot yet",
                    device=server.name,
                    cause=f"transactions that write there did not end within {wait_s:g} s",
                    next_step="end the long ones (pg_stat_activity, backend_xid), and run this again",
                )
            if not found:
                said.seek(0)
                raise failed("making a slot", server, said.read() or answer)
            yield found.group(1)
        finally:
            psql.kill()
            psql.communicate()


def _answer(
    psql: subprocess.Popen[bytes], statement: str, wait_s: float, tick: Callable[[], None]
) -> str | None:
    """The first line that comes; empty when it ended; ``None`` when none came in time."""
    stdin, stdout = psql.stdin, psql.stdout
    if stdin is None or stdout is None:
        return ""
    stdin.write(statement.encode())
    stdin.flush()
    end = time.monotonic() + wait_s
    while not select.select([stdout], [], [], 1.0)[0]:
        tick()
        if time.monotonic() > end:
            return None
    return stdout.readline().decode()
