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
        self._passfiles: dict[str, int] = {}

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
            told["PGPASSFILE"] = self._passfile(server.password)
        if not server.local:
            told["PGSSLMODE"] = {ENCRYPTED: "require", PLAIN: "disable"}.get(server.tls, "verify-full")
            if told["PGSSLMODE"] == "verify-full":
                told["PGSSLROOTCERT"] = server.ca or "/etc/ssl/certs/ca-certificates.crt"
        return told

    def _passfile(self, password: str) -> str:
        """A file that has no name, so that none is left after kill -9."""
        if password not in self._passfiles:
            escaped = password.replace("\\", "\\\\").replace(":", "\\:")
            handle = os.memfd_create("pgpass")
            os.fchmod(handle, 0o600)
            os.write(handle, f"*:*:*:*:{escaped}\n".encode())
            self._passfiles[password] = handle
        return f"/proc/self/fd/{self._passfiles[password]}"

    @property
    def handles(self) -> tuple[int, ...]:
        """What a program has to inherit."""
        return tuple(self._passfiles.values())

    def close(self) -> None:
        for handle in self._passfiles.values():
            os.close(handle)
        self._passfiles.clear()

    def run(self, server: Server, name: str, *arguments: str, loading: bool = False) -> str:
        """Run one to its end, which may be hours away.

        :raises DatacenterError: it failed, with its own last words.
        """
        with (self.scratch / f"said-{time.monotonic_ns()}").open("w+") as said:
            environment = self.environment(server, loading)
            done = subprocess.run(
                [self.find(name), *arguments],
                env=environment,
                pass_fds=self.handles,
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


def _prefix(called: str) -> str:
    return f"ajy-copy-{called}."


def sweep(called: str) -> None:
    """Remove what a killed run left on this host."""
    for left in Path(tempfile.gettempdir()).glob(f"{_prefix(called)}*"):
        if left.lstat().st_uid == os.getuid():
            shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def programs(version: int, given: str | None, called: str) -> Iterator[Programs]:
    """They, and a directory that is removed afterwards.

    :param called: the migration, of which only one run is at work.
    """
    with tempfile.TemporaryDirectory(prefix=_prefix(called)) as scratch:
        made = Programs(version, given, Path(scratch))
        try:
            yield made
        finally:
            made.close()


@contextlib.contextmanager
def snapshot(
    made: Programs, server: Server, slot: str, wait_s: float, tick: Callable[[], None]
) -> Iterator[str]:
    """Make a slot, and hold the snapshot of the very place in the log at which it begins.

    A server makes it when all transactions that write at this moment have ended.

    :param tick: called now and then while that is waited for.
    """
    with (made.scratch / "slot-said").open("w+") as said:
        environment = made.environment(server)
        psql = subprocess.Popen(
            [made.find("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", "replication=database"],
            env=environment, pass_fds=made.handles, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=said,
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
