# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MariaDB's own client programs, from this host to a server: their option file, their pipe, their end.

A password stands in a file that only we can read, never on a command line. A program dies with us: what a
killed run began would otherwise go on writing under the run that follows it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import (
    ENCRYPTED,
    PLAIN,
    Server,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

_SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"
_PIECE = 1 << 18
#: Names before MariaDB 10.5 gave its programs its own.
_PROGRAMS = {"mariadb-dump": "mysqldump", "mariadb": "mysql"}


def program(name: str) -> str:
    """Where it is.

    :raises DatacenterError: it is not installed here.
    """
    found = shutil.which(name) or shutil.which(_PROGRAMS[name])
    if found:
        return found
    raise DatacenterError(
        f"{name} is missing on this host",
        cause="a database is copied by MariaDB's own client programs",
        next_step="install mariadb-client here (nothing is installed on the source)",
    )


def _called(migration: str, target: Server) -> str:
    """How the folders of one migration begin: another one of the same name goes to another server."""
    return f"ajy-{migration}-{zlib.crc32(f'{target.host}:{target.port}'.encode()):08x}-"


def sweep(migration: str, target: Server) -> list[str]:
    """Remove the folders of killed runs, for passwords are in them; which."""
    gone = []
    for left in Path(tempfile.gettempdir()).glob(f"{_called(migration, target)}*"):
        if not left.is_symlink() and left.is_dir() and left.stat().st_uid == os.getuid():
            shutil.rmtree(left)
            gone.append(str(left))
    return gone


@contextlib.contextmanager
def folder(migration: str, target: Server) -> Iterator[Path]:
    """For option files; gone afterwards, and what a killed run left is gone before."""
    sweep(migration, target)
    made = Path(tempfile.mkdtemp(prefix=_called(migration, target)))
    try:
        yield made
    finally:
        shutil.rmtree(made)


def option_file(path: Path, server: Server, lines: Sequence[str] = ()) -> Path:
    """How a client program reaches a server, and what else it shall do, as ``--defaults-file``."""
    given = ["[client]", f"user={_value(server.user)}", f"password={_value(server.password)}"]
    if server.local:
        given.append(f"socket={_value(server.host)}")
    else:
        given += [f"host={_value(server.host)}", f"port={server.port}", "protocol=tcp", *_tls(server)]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join([*given, *lines, ""]))
    return path


def _tls(server: Server) -> list[str]:
    if server.tls == PLAIN:
        return ["ssl=0"]
    if server.tls == ENCRYPTED:
        return ["ssl=1", "ssl-verify-server-cert=0"]
    return [f"ssl-ca={_value(server.ca or _SYSTEM_CA)}", "ssl-verify-server-cert=1"]


def _value(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


#: How a server refuses rows that it sorted as a whole; it does not say which.
_SORTED = "during COMMIT"


class Pipe:
    """What one program writes is read by another; each ends when we do."""

    def __init__(self, dump: Sequence[str], load: Sequence[str], errors: Path) -> None:
        self._errors = errors
        self._log = errors.open("wb")
        with contextlib.ExitStack() as undo:
            undo.callback(self._log.close)
            self.reading = _child(dump, subprocess.DEVNULL, subprocess.PIPE, self._log.fileno())
            undo.callback(_end, self.reading)
            self.writing = _child(load, subprocess.PIPE, subprocess.DEVNULL, self._log.fileno())
            undo.pop_all()

    @property
    def reads(self) -> bool:
        """Whether its reader has not ended yet."""
        return self.reading.poll() is None

    def run(
        self,
        told: Callable[[int], None] | None = None,
        begins: Callable[[bytes], None] | None = None,
    ) -> None:
        """Carry everything across.

        :param told: so many bytes more.
        :param begins: looks at the first piece before it is written; what it raises ends the copy.

        :raises DatacenterError: one of the two failed, in its own words.
        """
        if self.reading.stdout is None or self.writing.stdin is None:
            raise DatacenterError("a client program was started without a pipe")
        try:
            with contextlib.suppress(BrokenPipeError), self.writing.stdin as sink:
                while piece := self.reading.stdout.read(_PIECE):
                    if begins:
                        begins(piece)
                        begins = None
                    sink.write(piece)
                    if told:
                        told(len(piece))
            results = (self.reading.wait(60), self.writing.wait(3600))
        finally:
            self.end()
        if any(results):
            said = self._errors.read_text(errors="replace").strip().splitlines()
            if any(_SORTED in line for line in said):
                said.append(
                    "the server did not take the first rows of a table: a unique key has a value twice"
                    " by its order, or there is no room to sort"
                )
            raise DatacenterError(
                "the copy broke",
                cause="; ".join(said[-3:])
                or f"mariadb-dump ended with {results[0]}, mariadb with {results[1]}",
                next_step="run it again; what was copied so far is removed and begun anew",
            )

    def end(self) -> None:
        for process in (self.reading, self.writing):
            _end(process)
        self._log.close()


def _child(command: Sequence[str], given: int, taken: int, errors: int) -> subprocess.Popen[bytes]:
    # util-linux' setpriv asks the kernel to end it when its parent dies, of whatever.
    return subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "--", *command],
        stdin=given, stdout=taken, stderr=errors, cwd="/", env={**os.environ, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait(30)
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
