# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a base backup of the cluster on this host, and keep the newest few. Run by a timer, or by the role.

A backup is made under a name that begins with a dot, compared with its manifest, and gets its own name when
all of it is on the disk. Only then older ones go. So whoever is killed leaves the former backups, and at most
one directory with a dot, which the next run removes. ``pg_backup_proof`` reads what stands here.

Standard library only, Python 3.9; one file, so that nothing else has to be whole after a disaster.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Iterator

NAME = re.compile(r"^\d{8}T\d{6}Z$")
LEFTOVER = re.compile(r"^\.\d{8}T\d{6}Z\.(partial|removed)$")
# A backup from further in the future than this was dated by a wrong clock, and its age says nothing.
CLOCKS_S = 60

QUESTION = """
SELECT json_build_object('in_recovery', pg_is_in_recovery(),
 'receiver', (SELECT status FROM pg_stat_wal_receiver),
 'bytes', (SELECT sum(pg_database_size(oid)) FROM pg_database)
          + pg_tablespace_size('pg_global'),
 'segment_bytes', (SELECT bytes_per_wal_segment FROM pg_control_init()),
 'system_identifier', (SELECT system_identifier::text FROM pg_control_system()),
 'tablespaces', (SELECT coalesce(json_agg(spcname), '[]') FROM pg_tablespace
                 WHERE pg_tablespace_location(oid) <> ''))
"""


class BackupError(Exception):
    """What failed, why, and what to do next, in one sentence."""


@dataclasses.dataclass(frozen=True)
class Config:
    """``/etc/anjianyun/backup/<service>.json``, written by the role."""

    service: str
    directory: Path
    bin_directory: Path
    socket_directory: str
    port: int
    keep: int
    reserve_mib: int
    max_rate_mib_s: int
    timeout_s: float

    @classmethod
    def read(cls, path: Path) -> Config:
        words = json.loads(path.read_text(encoding="utf-8"))
        for name in ("directory", "bin_directory"):
            words[name] = Path(words[name])
        config = cls(**words)
        if config.keep < 1:
            raise BackupError(f"{path}: keep is {config.keep}; the last good backup is never deleted")
        return config


@contextlib.contextmanager
def alone(config: Config) -> Iterator[int]:
    """The directory's lock. Programs started under it inherit it: one that outlives us keeps the next out."""
    try:
        descriptor = os.open(config.directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise BackupError(f"{config.directory} cannot be opened: {error}") from error
    deadline = time.monotonic() + config.timeout_s
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise BackupError(
                        f"{config.directory}: another backup or proof has been under way for "
                        f"{config.timeout_s:g} s (fuser -v {config.directory})"
                    ) from None
                time.sleep(0.1)
        yield descriptor
    finally:
        os.close(descriptor)


def run(config: Config, lock: int, program: str, *arguments: str, timeout_s: float, stdin: str = "") -> str:
    """One of PostgreSQL's programs, last in line for the processor and the disk."""
    words = ["nice", "-n", "19", "ionice", "-c3", str(config.bin_directory / program), *arguments]
    try:
        done = subprocess.run(
            words,
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            cwd="/",
            env={**os.environ, "LC_ALL": "C", "PGCONNECT_TIMEOUT": "5"},
            pass_fds=[lock],
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BackupError(f"{program} did not end within {timeout_s:g} s") from error
    except OSError as error:
        raise BackupError(f"{program} cannot be run: {error}") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-2000:] or "it said nothing"
        raise BackupError(f"{program} failed ({done.returncode}): {said}")
    return done.stdout


def complete(config: Config) -> list[tuple[str, float]]:
    """Names of the complete backups and when each was begun (epoch seconds), the newest first."""
    found = []
    for path in config.directory.iterdir():
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            if NAME.match(path.name) and (path / "data" / "backup_manifest").is_file():
                said = json.loads((path / "backup.json").read_text(encoding="utf-8"))
                found.append((path.name, float(said["started_at"])))
    return sorted(found, reverse=True)


def sweep(config: Config) -> list[str]:
    """Remove what a killed run left; the lock says that nobody is at it."""
    left = sorted(path.name for path in config.directory.iterdir() if LEFTOVER.match(path.name))
    for name in left:
        shutil.rmtree(config.directory / name)
    return left


def prune(config: Config) -> list[str]:
    """Remove complete backups beyond the newest ``keep``; called when a new one has just been compared."""
    gone = [name for name, _started in complete(config)[config.keep :]]
    for name in gone:
        # Not half a backup under a backup's name, whenever this is broken off.
        hidden = config.directory / f".{name}.removed"
        os.rename(config.directory / name, hidden)
        shutil.rmtree(hidden)
    return gone


def ask(config: Config, lock: int) -> dict[str, Any]:
    """What the cluster says of itself, when it is one that a backup may be taken of."""
    target = f"host={config.socket_directory} port={config.port} dbname=postgres"
    text = run(
        config, lock, "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-w", "-d", target, "-f", "-",
        timeout_s=30, stdin=QUESTION,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(text)
    if found["tablespaces"]:
        raise BackupError(
            f"tablespaces lie outside of the data directory ({', '.join(found['tablespaces'])}): a backup "
            "would not hold them; move their tables back first"
        )
    if found["in_recovery"] and found["receiver"] != "streaming":
        raise BackupError(
            "this standby does not stream from its primary: a backup would carry today's date and old data. "
            "Next: let it follow again (pg_rejoin), or take the backup on the primary"
        )
    return found


def require_room(config: Config, source: dict[str, Any]) -> None:
    found = os.statvfs(config.directory)
    free = found.f_bavail * found.f_frsize
    # The log that is written meanwhile comes on top; a fifth of the data, and at least four files of it.
    needed = source["bytes"] + max(source["bytes"] // 5, 4 * source["segment_bytes"])
    if free < needed + (config.reserve_mib << 20):
        raise BackupError(
            f"{config.directory} has no room for a backup: {needed >> 20} MiB are needed and "
            f"{config.reserve_mib} MiB stay free for the database, {free >> 20} MiB are free. "
            f"Next: make room; {len(complete(config))} backups are kept there of {config.keep} that may be"
        )


def sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy(config: Config, lock: int, source: dict[str, Any]) -> dict[str, Any]:
    """One new backup, compared with its manifest and durable when this returns."""
    started_at = time.time()
    name = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(started_at))
    if (config.directory / name).exists():
        raise BackupError(f"{config.directory / name} is there already: look at this host's clock")
    partial = config.directory / f".{name}.partial"
    partial.mkdir(mode=0o700)
    try:
        rate = [f"--max-rate={config.max_rate_mib_s}M"] if config.max_rate_mib_s else []
        # It puts all files on the disk before it ends; --status-interval lets the log's stream end at once.
        run(
            config, lock, "pg_basebackup", "-D", str(partial / "data"), "-X", "stream", "-c", "fast", "-w",
            "--status-interval=1", f"--label=anjianyun {name}", "-h", config.socket_directory,
            "-p", str(config.port), *rate, timeout_s=config.timeout_s,
        )  # fmt: skip
        run(config, lock, "pg_verifybackup", "-q", str(partial / "data"), timeout_s=config.timeout_s)
        said = {
            "service": config.service,
            "name": name,
            "started_at": started_at,
            "ended_at": time.time(),
            "source": "standby" if source["in_recovery"] else "primary",
            "system_identifier": source["system_identifier"],
        }
        (partial / "backup.json").write_text(json.dumps(said) + "\n", encoding="utf-8")
        sync(partial / "backup.json")
        sync(partial)
        os.rename(partial, config.directory / name)
        sync(config.directory)
    except (BackupError, OSError):
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return said


def take(config: Config, younger_s: float, dry_run: bool) -> dict[str, Any]:
    """A new backup, unless one is younger than ``younger_s``. With ``dry_run`` it says what it would do."""
    began = time.monotonic()
    with alone(config) as lock:
        cleaned = [] if dry_run else sweep(config)
        result: dict[str, Any] = {
            "taken": False,
            "name": None,
            "age_s": None,
            "removed": [],
            "cleaned": cleaned,
        }
        found = complete(config)
        if found:
            result.update(name=found[0][0], age_s=round(time.time() - found[0][1], 3))
            if -CLOCKS_S <= result["age_s"] < younger_s:
                return result
        source = ask(config, lock)
        require_room(config, source)
        result["taken"] = True
        if not dry_run:
            said = copy(config, lock, source)
            result.update(name=said["name"], age_s=round(time.time() - said["started_at"], 3))
            result.update(source=said["source"], removed=prune(config))
    return {**result, "seconds": round(time.monotonic() - began, 3)}


def main() -> int:
    parser = argparse.ArgumentParser(description="Take a base backup of the cluster on this host.")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--younger-s", type=float, default=0, help="a backup younger than this is enough")
    parser.add_argument("--dry-run", action="store_true", help="say whether one would be taken")
    arguments = parser.parse_args()
    try:
        result = take(Config.read(arguments.config), arguments.younger_s, arguments.dry_run)
    except (BackupError, OSError, ValueError, TypeError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{json.dumps(result)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
