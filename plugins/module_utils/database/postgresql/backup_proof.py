# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove that the newest base backup can be restored: a copy is started apart, asked, and removed.

The copy never meets the living database. It has a configuration of its own and none of the backup's, no
address, a socket in its own directory, no archive, nobody to follow. It starts as a standby of nobody: it
replays the WAL of the backup, is read-only, and begins no timeline. Standard library, Python 3.9.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Iterator

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.backup import (
    TAKE_ANOTHER,
    Backup,
    directory_lock,
    log_positions,
    newest_backup,
    programs_for,
    require_files_only,
    require_room,
    verify,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import (
    Cluster,
    processes_in,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Unreachable

#: Stays free beside the copy: the disk belongs to the living database first.
RESERVE = 256 << 20
#: In the directory of the backups, so that whoever comes next finds it.
SCRATCH = ".proof"

# A standby needs at least what the server had of these when the WAL was written ("Hot Standby
# Parameter Reference" in PostgreSQL's manual), or it does not start. The control file knows them.
AT_LEAST = {
    "max_connections setting": "max_connections",
    "max_worker_processes setting": "max_worker_processes",
    "max_wal_senders setting": "max_wal_senders",
    "max_prepared_xacts setting": "max_prepared_transactions",
    "max_locks_per_xact setting": "max_locks_per_transaction",
}

#: What keeps it apart; read back from the running server before it is asked anything.
APART = {
    "listen_addresses": "",
    "archive_mode": "off",
    "archive_cleanup_command": "",
    "restore_command": "",
    "recovery_end_command": "",
    "primary_conninfo": "",
    "primary_slot_name": "",
    "max_replication_slots": "0",
    "shared_preload_libraries": "",
    "session_preload_libraries": "",
}

SETTINGS = {
    **APART,
    "archive_command": "",
    "hot_standby": "on",
    "recovery_target_timeline": "latest",
    "cluster_name": "backup proof",
    # Its files are thrown away: nothing of it needs to reach the disk.
    "fsync": "off",
    "shared_buffers": "16MB",
    "huge_pages": "off",
    # In the data directory instead of /dev/shm: it goes with the scratch, however the server ends.
    "dynamic_shared_memory_type": "mmap",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "ssl": "off",
    "logging_collector": "off",
    "log_destination": "stderr",
    "lc_messages": "C",
    "unix_socket_permissions": "0700",
}

INVENTORY = """
SELECT json_build_object('tables', count(*), 'rows', coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint,
 'last_commit_at', extract(epoch FROM pg_last_xact_replay_timestamp()))
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema';
"""

READ_BACK = """
SELECT json_build_object('in_recovery', pg_is_in_recovery(), 'settings',
 (SELECT json_object_agg(name, setting) FROM pg_settings WHERE name = ANY ('{@NAMES@}')));
""".replace("@NAMES@", ",".join(APART))


def step_back() -> None:
    """Let everything else on this host go first; for this process and all that it starts."""
    os.nice(19)
    # Priorities of input and output are no function of Python's; without the program it is nice alone.
    if shutil.which("ionice"):
        subprocess.run(["ionice", "-c3", "-p", str(os.getpid())], check=False, capture_output=True)


def prove(
    directory: Path,
    *,
    database: str,
    query: str | None,
    bin_directory: str | None,
    timeout_s: float,
    dry_run: bool,
) -> dict[str, Any]:
    """Restore the newest complete backup apart, ask it, remove it.

    :param dry_run: verify it and look for room, start nothing: then nothing is proved, nor refuted.
    :raises DatacenterError: when there is none, when it is corrupted, does not start, or cannot be asked, and
        when there is no room; ``result`` says which one it was and how old it is.
    """
    began = time.monotonic()
    with directory_lock(directory, timeout_s):
        scratch = directory / SCRATCH
        if not dry_run:
            sweep(scratch)
        backup, incomplete = newest_backup(directory)
        result: dict[str, Any] = {
            "changed": False,
            "proved": None if dry_run else False,
            "name": backup.name,
            "age_s": round(backup.age_s(), 3),
            "source": backup.source,
            "incomplete": incomplete,
            "positions": log_positions(directory),
            "tables": None,
            "rows": None,
            "answer": None,
            "last_commit_at": None,
        }
        try:
            result["bytes"] = require_files_only(backup)
            verify(backup, _cluster(backup, backup.data, bin_directory), timeout_s)
            require_room(directory, result["bytes"], RESERVE, "a copy of the backup to start")
            if not dry_run:
                result.update(_restore(backup, scratch, database, query, bin_directory, timeout_s))
        except DatacenterError as error:
            error.result = {**result, "seconds": round(time.monotonic() - began, 3), **error.result}
            raise
        except OSError as error:
            raise DatacenterError(
                "the backup cannot be copied",
                device=str(backup.path),
                cause=str(error),
                next_step="look at the disk, then run this again",
                result=result,
            ) from error
    return {**result, "seconds": round(time.monotonic() - began, 3)}


def _cluster(backup: Backup, data: Path, bin_directory: str | None) -> Cluster:
    return Cluster(
        version=backup.version,
        name=f"backup {backup.name}",
        data_directory=data,
        config_directory=data.parent,
        bin_directory=programs_for(backup.version, bin_directory),
        socket_directory=str(data.parent),
        port=5432,
        unit=None,
        log_file=data.parent / "log",
    )


def _restore(
    backup: Backup,
    scratch: Path,
    database: str,
    query: str | None,
    bin_directory: str | None,
    timeout_s: float,
) -> dict[str, Any]:
    server = _cluster(backup, scratch / "data", bin_directory)
    try:
        _copy(backup, scratch)
        _configure(server)
        try:
            server.start(timeout_s)
        except DatacenterError as error:
            error.next_step = f"read the cause; {TAKE_ANOTHER}"
            raise
        _require_apart(server)
        found = _ask(server, database, query, timeout_s)
        server.stop_fast(timeout_s)
        return {**found, "proved": True}
    finally:
        sweep(scratch)


@contextlib.contextmanager
def _as_owner(path: Path) -> Iterator[None]:
    """Do what follows with the rights of that path's owner: who may write there must not lead root astray."""
    owner = path.stat()
    if os.geteuid() == owner.st_uid:
        yield
        return
    before = (os.getgroups(), os.getegid(), os.geteuid())
    os.setgroups([owner.st_gid])
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(before[2])
        os.setegid(before[1])
        os.setgroups(before[0])


def _copy(backup: Backup, scratch: Path) -> None:
    """Copied by this process and no other: a copy ends with it, and nobody writes behind the next run."""
    with _as_owner(backup.data):
        scratch.mkdir(mode=0o700)
        for folder, _directories, files in os.walk(backup.data):
            target = scratch / "data" / os.path.relpath(folder, backup.data)
            target.mkdir(mode=0o700)
            for name in files:
                shutil.copyfile(os.path.join(folder, name), target / name)
                os.chmod(target / name, 0o600)


def _configure(server: Cluster) -> None:
    """Its own settings and none of those that came with the backup."""
    done = server.run([server.program("pg_controldata"), "-D", str(server.data_directory)], timeout_s=60)
    settings = {
        **SETTINGS,
        "data_directory": str(server.data_directory),
        "hba_file": str(server.config_directory / "hba.conf"),
        "ident_file": str(server.config_directory / "ident.conf"),
        "unix_socket_directories": server.socket_directory,
        "port": str(server.port),
        **at_least(done.stdout),
    }
    lines = [f"{name} = {_quoted(value)}\n" for name, value in settings.items()]
    with _as_owner(server.data_directory):
        server.write(server.config_directory / "postgresql.conf", "".join(lines))
        server.write(server.config_directory / "hba.conf", "local all all peer\n")
        server.write(server.config_directory / "ident.conf", "")
        # What ALTER SYSTEM once said would overrule the file above, whom to follow included.
        server.write(server.data_directory / "postgresql.auto.conf", "", 0o600)
        (server.data_directory / "recovery.signal").unlink(missing_ok=True)
        server.write(server.standby_signal, "", 0o600)


def at_least(controldata: str) -> dict[str, str]:
    """Settings that the server must have had when the backup was taken, from pg_controldata's text."""
    found = {}
    for line in controldata.splitlines():
        name, _colon, value = line.partition(":")
        if name.strip() in AT_LEAST:
            found[AT_LEAST[name.strip()]] = value.strip()
    return found


def _quoted(value: str) -> str:
    """A value as postgresql.conf has it."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _require_apart(server: Cluster) -> None:
    """:raises DatacenterError: when the server is not what was written for it; nothing is asked then."""
    said = server.query(READ_BACK, timeout_s=30)
    wrong = [f"{name} is {value!r}" for name, value in said["settings"].items() if value != APART[name]]
    if not said["in_recovery"]:
        wrong.append("it accepts writes")
    if wrong:
        raise DatacenterError(
            "the restored copy is not kept apart", device=server.device, cause=", ".join(sorted(wrong))
        )


def _ask(server: Cluster, database: str, query: str | None, timeout_s: float) -> dict[str, Any]:
    words = database.replace("\\", "\\\\").replace("'", "\\'")
    conninfo = f"host={server.socket_directory} port={server.port} dbname='{words}'"
    try:
        found: dict[str, Any] = json.loads(server.psql(INVENTORY, conninfo=conninfo, timeout_s=timeout_s))
        if query:
            script = f"SET default_transaction_read_only = on;\n{query.rstrip().rstrip(';')};\n"
            found["answer"] = server.psql(script, conninfo=conninfo, timeout_s=timeout_s)
    except Unreachable as error:
        raise DatacenterError(
            f"the restored copy does not let into the database {database}",
            device=server.device,
            cause=error.cause,
            next_step="name a database that the service has",
        ) from error
    except DatacenterError as error:
        error.what = "the restored copy does not answer the query"
        error.next_step = "look whether the query fits the database"
        raise
    return found


def sweep(scratch: Path) -> None:
    """End whatever runs in the scratch, and remove it; what a killed run left goes the same way.

    Processes are known by the directory they work in, never by the number in a lock file: after a power cut
    that number may be the living database's.

    :raises DatacenterError: when a process does not go, or the files do not.
    """
    if not scratch.exists():
        return
    data = scratch / "data"
    # SIGQUIT first: PostgreSQL takes its shared memory away with it.
    for number, wait_s in ((signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + wait_s
        signalled: set[int] = set()
        while (pids := processes_in(data)) and time.monotonic() < deadline:
            for pid in set(pids) - signalled:
                _signal(pid, number)
            signalled |= set(pids)
            time.sleep(0.02)
    pids = processes_in(data)
    try:
        if pids:
            raise OSError(f"processes {', '.join(map(str, pids))} do not end")
        shutil.rmtree(scratch)
    except OSError as error:
        raise DatacenterError(
            "the copy that was started is not removed",
            device=str(scratch),
            cause=str(error),
            next_step="remove it by hand: it takes the room of a database",
        ) from error


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
