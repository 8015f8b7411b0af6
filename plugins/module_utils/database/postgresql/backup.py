# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base backups as the role postgresql_backup leaves them: which there are, and whether one is whole.

    <directory>/<UTC time>/backup.json     who took it when; written last, so its presence says 'complete'
    <directory>/<UTC time>/data/           what pg_basebackup wrote, with its manifest and its WAL
    <directory>/.<...>                     what a killed run left; the next one removes it

The directory itself is the lock (flock) of all who write there. Standard library, Python 3.9.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import re
import time
from pathlib import Path
from typing import Any, Iterator

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import (
    DEBIAN_LIB,
    Cluster,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused
from ansible_collections.anjianyun.datacenter.plugins.module_utils.locks import taken

#: 20261201T020000Z. ISO 8601's basic form: the order of the names is the order of the times.
NAME = re.compile(r"^\d{8}T\d{6}Z$")
#: The first line of backup_label ("Making a Base Backup Using the Low Level API" in PostgreSQL's manual).
_LABEL = re.compile(r"^START WAL LOCATION: ([0-9A-F]{1,8}/[0-9A-F]{1,8}) ", re.MULTILINE)
TAKE_ANOTHER = "take one with the role postgresql_backup (postgresql_backup_now: true)"


@dataclasses.dataclass(frozen=True)
class Backup:
    """One complete backup. ``started_at`` is epoch seconds: nothing later is promised to be in it."""

    path: Path
    started_at: float
    version: str
    source: str | None

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def data(self) -> Path:
        return self.path / "data"

    def age_s(self, now: float | None = None) -> float:
        """Seconds since it was begun; negative when one of the clocks was wrong."""
        return (time.time() if now is None else now) - self.started_at


def read_backup(path: Path) -> Backup | None:
    """The backup in that directory, or None when it is not complete."""
    try:
        said: dict[str, Any] = json.loads((path / "backup.json").read_text(encoding="utf-8"))
        version = (path / "data" / "PG_VERSION").read_text(encoding="utf-8").strip()
        if not (path / "data" / "backup_manifest").is_file():
            return None
        return Backup(path, float(said["started_at"]), version, said.get("source"))
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError, AttributeError):
        return None


def list_backups(directory: Path) -> tuple[list[Backup], list[str]]:
    """Complete backups, the newest first, and the names of directories that are none.

    :raises DatacenterError: when the directory cannot be read.
    """
    try:
        paths = sorted((path for path in directory.iterdir() if NAME.match(path.name)), reverse=True)
        pairs = [(path, read_backup(path)) for path in paths]
    except OSError as error:
        raise DatacenterError(
            "no backups can be looked for", device=str(directory), cause=str(error), next_step=TAKE_ANOTHER
        ) from error
    return [found for _path, found in pairs if found], [path.name for path, found in pairs if not found]


def log_positions(directory: Path) -> list[dict[str, Any]]:
    """Where the database's log was when each complete backup was begun, the newest first.

    :returns: ``name``, ``started_at`` (epoch seconds) and ``lsn``, null where its label does not tell it.
    """
    found = []
    for backup in list_backups(directory)[0]:
        label = None
        with contextlib.suppress(OSError, UnicodeDecodeError):
            label = _LABEL.search((backup.data / "backup_label").read_text(encoding="utf-8"))
        lsn = label.group(1) if label else None
        found.append({"name": backup.name, "started_at": backup.started_at, "lsn": lsn})
    return found


def newest_backup(directory: Path) -> tuple[Backup, list[str]]:
    """The newest complete backup, and the names of those that were passed over as incomplete.

    :raises DatacenterError: when there is none.
    """
    found, incomplete = list_backups(directory)
    if not found:
        cause = f"only incomplete ones: {', '.join(incomplete)}" if incomplete else "there is none"
        raise DatacenterError(
            "no complete backup", device=str(directory), cause=cause, next_step=TAKE_ANOTHER
        )
    return found[0], incomplete


@contextlib.contextmanager
def directory_lock(directory: Path, wait_s: float) -> Iterator[None]:
    """Keep the taking of backups, their removal and other proofs out; the kernel lets go when we die.

    :raises Refused: when somebody else has the directory for longer than ``wait_s`` seconds.
    """
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise DatacenterError(
            "no complete backup", device=str(directory), cause=str(error), next_step=TAKE_ANOTHER
        ) from error
    try:
        if not taken(lambda: fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB), wait_s):
            raise Refused(
                "another backup or proof is under way",
                device=str(directory),
                cause=f"it has kept the directory locked for more than {wait_s:g} s",
                next_step=f"wait for it, or end it (fuser -v {directory}), then run this again",
            )
        yield
    finally:
        os.close(descriptor)


def require_files_only(backup: Backup) -> int:
    """Bytes of the backup.

    :raises Refused: when there is anything but files and directories in it. A link (a tablespace is one)
        leads out of the backup, into the living database: a copy of it would be no copy.
    """
    total = 0
    for folder, directories, files in os.walk(backup.data):
        for name in [*directories, *files]:
            path = Path(folder, name)
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise Refused(
                    "this backup is not started",
                    device=str(backup.path),
                    cause=f"{path.relative_to(backup.data)} leads out of it",
                    next_step="prove it by hand on a host without the living database",
                )
        total += sum(os.stat(os.path.join(folder, name)).st_size for name in files)
    return total


def verify(backup: Backup, cluster: Cluster, timeout_s: float) -> None:
    """Every file against the manifest, and whether its WAL can be read (pg_verifybackup, PostgreSQL 13 on).

    :raises DatacenterError: naming the files that differ.
    """
    done = cluster.run(
        [cluster.program("pg_verifybackup"), "--quiet", str(backup.data)], timeout_s=timeout_s, check=False
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).replace("pg_verifybackup: error: ", "").strip()
        raise DatacenterError(
            "this backup is corrupted",
            device=str(backup.path),
            cause="; ".join(said.splitlines()[:5]) or f"pg_verifybackup ended with {done.returncode}",
            next_step=f"look at the disk, {TAKE_ANOTHER}; older ones may be good",
        )


def require_room(directory: Path, needed: int, reserve: int, what: str) -> None:
    """:raises DatacenterError: with the sizes, when ``needed`` bytes leave less than ``reserve`` free."""
    found = os.statvfs(directory)
    # Not what is kept back for root: the database does not run as root.
    free = found.f_bavail * found.f_frsize
    if free < needed + reserve:
        raise DatacenterError(
            f"no room for {what}",
            device=str(directory),
            cause=f"{mib(needed)} are needed and {mib(reserve)} stay free for the database, "
            f"{mib(free)} are free",
            next_step="make room there, then run this again",
        )


def mib(size: int) -> str:
    return f"{size / (1 << 20):.0f} MiB"


def programs_for(version: str, given: str | None) -> Path:
    """Directory of the programs of that major version.

    :raises DatacenterError: when this host has none: another version cannot read the data.
    """
    folder = Path(given) if given else DEBIAN_LIB / version / "bin"
    missing = [name for name in ("postgres", "pg_ctl", "pg_verifybackup") if not (folder / name).exists()]
    if missing:
        raise DatacenterError(
            f"the programs of PostgreSQL {version} are not here",
            device=str(folder),
            cause=f"there is no {', '.join(missing)}",
            next_step=f"install postgresql-{version}, or name its bin_directory",
        )
    return folder
