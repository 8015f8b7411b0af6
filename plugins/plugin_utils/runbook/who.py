# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who runs this and where, as the operating system says; and one run at a time for each service."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import pwd
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, TextIO

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused

_UNSET = 0xFFFFFFFF


@dataclass(frozen=True)
class Identity:
    """Who somebody is, and who says so.

    :param source: ``login`` (the kernel's audit, which nobody changes without being seen), ``process`` (the
        process's own account), ``environment`` (a variable that whoever starts the process can set), or
        ``root``, which may be anybody.
    """

    name: str
    source: str

    @property
    def one_person(self) -> bool:
        """Whether it tells one person from another. Accounts do not: one person may become several."""
        return self.source == "login"


def operator() -> str:
    """The name of the person who runs this."""
    return identity().name


def identity(
    environment: Mapping[str, str] | None = None, loginuid: Path = Path("/proc/self/loginuid")
) -> Identity:
    """The person: the login's own, the one behind sudo, or the process's."""
    environment = os.environ if environment is None else environment
    source = "process"
    uid = os.getuid()
    try:
        audited = int(loginuid.read_text())
    except (OSError, ValueError):
        audited = _UNSET
    if audited != _UNSET:
        uid, source = audited, "login"
    elif environment.get("SUDO_UID", "").isdigit():
        uid, source = int(environment["SUDO_UID"]), "environment"
    if uid == 0:
        source = "root"
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = f"uid {uid}"
    acting = pwd.getpwuid(os.getuid()).pw_name if uid != os.getuid() else ""
    return Identity(f"{name} (as {acting})" if acting else name, source)


@dataclass(frozen=True)
class Node:
    """The control node that something is run on.

    :param machine: tells two of one name apart; a digest, because machine-id(5) asks not to tell the id
        itself. Empty where there is none.
    """

    name: str
    machine: str


def control_node(said: str = "", machine_id: Path = Path("/etc/machine-id")) -> Node:
    """This control node: its host name, or what it is said to be called.

    :param said: for one that has another host name at every start, as a container has.
    """
    if said:
        return Node(said, "")
    try:
        digest = hashlib.sha256(b"anjianyun.datacenter:" + machine_id.read_bytes().strip()).hexdigest()[:16]
    except OSError:
        digest = ""
    return Node(platform.node() or "unknown", digest)


def private(directory: Path, person: str, account: str, homes: Iterable[str]) -> bool:
    """Whether a directory is in the home of an account that is one person's own, where others do not look.

    :param account: as whom it is run; one that several persons become by sudo is nobody's own.
    """
    return account == person and any(
        directory.is_relative_to(home) for home in homes if home not in ("", "/")
    )


def started(pid: int) -> str | None:
    """When a process began, in ticks since boot; None when it is gone. Tells a number used again apart."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


class Lock:
    """One file a service and world. It names the process that holds it; a dead holder holds nothing."""

    def __init__(self, directory: Path, name: str) -> None:
        self.path = directory / f"{name}.lock"

    def take(self, pid: int, run: str) -> None:
        """Take it, also from a holder that died, and again from oneself.

        :raises Refused: while another process lives that holds it.
        """
        mine = {"pid": pid, "started": started(pid), "run": run, "operator": operator(), "at": time.time()}
        with self._alone() as file:
            holder = _living(file.read())
            if holder and holder["pid"] != pid:
                since = time.strftime("%H:%M:%S", time.localtime(holder["at"]))
                raise Refused(
                    "another run works on this service",
                    device=str(holder["run"]),
                    cause=f"process {holder['pid']} of {holder['operator']}, since {since}",
                    next_step="let it end, or end it; what it has done stays done, this run goes on there",
                )
            file.seek(0)
            file.truncate()
            json.dump(mine, file)

    def holder(self) -> dict[str, Any] | None:
        """Who holds it and lives."""
        try:
            return _living(self.path.read_text())
        except OSError:
            return None

    def release(self, pid: int) -> None:
        """Let it go, if it is this process that holds it, or nobody any more."""
        with self._alone() as file:
            holder = _living(file.read())
            if holder is None or holder["pid"] == pid:
                self.path.unlink()

    @contextmanager
    def _alone(self) -> Iterator[TextIO]:
        """The file, and nobody else between reading and writing it.

        Two runs that find the same dead holder would else both take the lock, each from the other.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            while True:
                with self._open() as file:
                    fcntl.flock(file, fcntl.LOCK_EX)
                    if self._is(file):
                        yield file
                        return
        except OSError as error:
            raise DatacenterError(
                "the lock of this service cannot be taken",
                device=str(self.path),
                cause=str(error),
                next_step="see whose file it is and whether his run lives; if it does not, remove the file",
            ) from error

    def _open(self) -> TextIO:
        try:
            return self.path.open("r+")
        except FileNotFoundError:
            # Only a new file is created: in a folder open to all, the kernel may refuse to open somebody
            # else's file for creation even to root (fs.protected_regular).
            with suppress(FileExistsError):
                return self.path.open("x+")
        return self.path.open("r+")

    def _is(self, file: TextIO) -> bool:
        """Whether what was opened still is the file of that name, and not one released meanwhile."""
        try:
            return os.path.samestat(os.fstat(file.fileno()), self.path.stat())
        except FileNotFoundError:
            return False


def _living(text: str) -> dict[str, Any] | None:
    """The holder that a lock's text names, if it lives."""
    try:
        said: dict[str, Any] = json.loads(text)
        return said if said["started"] and started(int(said["pid"])) == said["started"] else None
    except (ValueError, KeyError, TypeError):
        return None
