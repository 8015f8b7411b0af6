# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One PostgreSQL cluster on this host: where it lives, and how its programs are run.

Everything runs as the owner of the data directory. The modules arrive as root (or as the
owner), so the way down is setuid in the child, not sudo: it costs nothing, and the path
between 'writes stop' and 'writes open' is short of milliseconds. Standard library, Python 3.9.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pwd
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.control import (
    ControlData,
    parse_controldata,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.durable import sync_directory
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
    Unreachable,
)

DEBIAN_ETC = Path("/etc/postgresql")
DEBIAN_LIB = Path("/usr/lib/postgresql")
POLL_S = 0.005
# A server that has written no lock file after this many seconds will not do so any more.
START_GRACE_S = 3
SETTING = re.compile(r"^\s*([A-Za-z_.]+)\s*(?:=\s*|\s)\s*('(?:[^']|'')*'|[^\s#]+)")


@dataclasses.dataclass(frozen=True)
class Cluster:
    """Where one cluster lives. ``unit`` is its systemd unit, None when systemd does not run it."""

    version: str
    name: str
    data_directory: Path
    config_directory: Path
    bin_directory: Path
    socket_directory: str
    port: int
    unit: str | None
    log_file: Path

    @property
    def device(self) -> str:
        """How messages name it."""
        return f"PostgreSQL {self.version}/{self.name}"

    @property
    def state_directory(self) -> Path:
        """Beside the data directory: what must survive a rewind, which empties what it does not know."""
        return self.data_directory.with_name(self.data_directory.name + ".anjianyun")

    @property
    def fence_marker(self) -> Path:
        return self.state_directory / "fenced.json"

    @property
    def rejoin_progress(self) -> Path:
        return self.state_directory / "rejoin.json"

    @property
    def standby_signal(self) -> Path:
        return self.data_directory / "standby.signal"

    @property
    def synchronous_file(self) -> Path:
        return self.config_directory / "conf.d" / "anjianyun-synchronous.conf"

    def owner(self) -> pwd.struct_passwd:
        """Whose cluster it is; the data directory itself may be missing in the middle of a swap."""
        for path in (self.data_directory, self.state_directory, self.data_directory.parent):
            if path.exists():
                return pwd.getpwuid(path.stat().st_uid)
        raise DatacenterError("there is no data directory", device=str(self.data_directory))

    def identity(self) -> dict[str, Any]:
        """What a result says about which cluster it means."""
        return {
            "version": self.version,
            "name": self.name,
            "data_directory": str(self.data_directory),
            "port": self.port,
            "unit": self.unit,
        }

    # Running programs ------------------------------------------------------------------

    def program(self, name: str) -> str:
        return str(self.bin_directory / name)

    def run(
        self, command: Sequence[str], *, timeout_s: float, stdin: str | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run one program as the owner; never through a shell.

        :raises DeadlineExceeded: when it does not end in time (it is killed).
        :raises DatacenterError: when it fails and ``check`` is set; the cause is what it printed.
        """
        try:
            done = subprocess.run(
                list(command),
                input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout_s,
                cwd="/",
                env=self._environment(),
                check=False,
                **self._credentials(),
            )
        except subprocess.TimeoutExpired as error:
            raise DeadlineExceeded(
                f"{Path(command[0]).name} did not end within {timeout_s:g} s", device=self.device
            ) from error
        except OSError as error:
            raise DatacenterError(
                f"{command[0]} cannot be run", device=self.device, cause=str(error)
            ) from error
        if check and done.returncode != 0:
            raise DatacenterError(
                f"{Path(command[0]).name} failed ({done.returncode})",
                device=self.device,
                cause=(done.stderr or done.stdout).strip()[-2000:] or "it said nothing",
            )
        return done

    def _credentials(self) -> dict[str, Any]:
        owner = self.owner()
        if os.geteuid() == owner.pw_uid:
            return {}
        return {
            "user": owner.pw_uid,
            "group": owner.pw_gid,
            "extra_groups": os.getgrouplist(owner.pw_name, owner.pw_gid),
        }

    def _environment(self) -> dict[str, str]:
        owner = self.owner()
        return {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C",
            "TZ": "UTC",
            "HOME": owner.pw_dir,
            "USER": owner.pw_name,
            "PGCONNECT_TIMEOUT": "3",
        }

    def psql(self, script: str, *, timeout_s: float = 5, conninfo: str | None = None) -> str:
        """Run SQL in one session and return what it printed, unaligned and without headers.

        :param conninfo: libpq conninfo of another server; None is this cluster's socket. It
            never holds a password: those stand in the owner's .pgpass.
        :raises Unreachable: when no session comes about or none answers in time.
        """
        target = conninfo or f"host={self.socket_directory} port={self.port} dbname=postgres"
        command = [self.program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-w", "-d", target, "-f", "-"]
        try:
            done = self.run(command, timeout_s=timeout_s, stdin=script, check=False)
        except DeadlineExceeded as error:
            raise Unreachable("no answer from the database", device=self.device, cause=str(error)) from error
        # 2: the connection went bad (psql's manual page, 'Exit Status').
        if done.returncode == 2:
            raise Unreachable("no session with the database", device=self.device, cause=done.stderr.strip())
        if done.returncode != 0:
            raise DatacenterError("an SQL command failed", device=self.device, cause=done.stderr.strip())
        return done.stdout.strip()

    def query(self, sql: str, *, timeout_s: float = 5, conninfo: str | None = None) -> Any:
        """The value of a query that yields one JSON document."""
        text = self.psql(sql, timeout_s=timeout_s, conninfo=conninfo)
        try:
            return json.loads(text)
        except ValueError as error:
            raise DatacenterError(
                "the database's answer cannot be read", device=self.device, cause=text[:200]
            ) from error

    # State -----------------------------------------------------------------------------

    def control(self) -> ControlData:
        done = self.run([self.program("pg_controldata"), "-D", str(self.data_directory)], timeout_s=10)
        return parse_controldata(done.stdout)

    def postmaster(self) -> int | None:
        """The running server's process id, None when there is none. A zombie is none."""
        try:
            pid = int((self.data_directory / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            command = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            return None
        if fields[0] == "Z" or command not in ("postgres", "postmaster"):
            return None
        return pid

    def clear_stale_pid(self) -> None:
        """Remove the lock file of a server that is dead; PostgreSQL takes a zombie for a living one.

        :raises DatacenterError: while any process works in the data directory: children outlive a
            killed server for a moment, and a second server beside them destroys the data.
        """
        lock = self.data_directory / "postmaster.pid"
        if not lock.exists() or self.postmaster() is not None:
            return
        deadline = time.monotonic() + 5
        while strays := processes_in(self.data_directory):
            if time.monotonic() > deadline:
                raise DatacenterError(
                    "processes of a dead server still work in the data directory",
                    device=self.device,
                    cause=f"process ids {', '.join(map(str, strays))}",
                    next_step="end them, then run this again",
                )
            time.sleep(0.05)
        lock.unlink(missing_ok=True)

    # Starting and stopping -------------------------------------------------------------

    def stop_fast(self, timeout_s: float) -> float:
        """Clean fast stop by SIGINT to the postmaster; returns the seconds it took.

        pg_ctl and systemctl poll every 100 ms and more; this looks every 5 ms. systemd sees
        its main process end with status 0 and calls the unit inactive, as after its own stop.
        """
        pid = self.postmaster()
        began = time.monotonic()
        if pid is None:
            return 0.0
        os.kill(pid, signal.SIGINT)
        self.wait_for(lambda: self.postmaster() is None, timeout_s, "the server did not stop")
        return time.monotonic() - began

    def start(self, timeout_s: float) -> None:
        """Start the server, through systemd where it is systemd's, and wait until it accepts sessions."""
        self.clear_stale_pid()
        if self.postmaster() is not None:
            return
        if self.unit is not None:
            # A unit that waits for its automatic restart would make the start wait, too: 'stop' ends that.
            for verb in ("stop", "reset-failed"):
                subprocess.run(["systemctl", verb, self.unit], check=False, capture_output=True)
            done = subprocess.run(
                ["systemctl", "start", self.unit], check=False, capture_output=True, text=True
            )
            if done.returncode != 0:
                raise DatacenterError(
                    "the server was not started",
                    device=self.device,
                    cause=done.stderr.strip(),
                    next_step=f"read journalctl -u {self.unit} and /var/log/anjianyun/guard.log",
                )
        else:
            config = self.config_directory / "postgresql.conf"
            self.run(
                [self.program("pg_ctl"), "start", "-W", "-s", "-D", str(self.data_directory),
                 "-l", str(self.log_file), "-o", f"-c config_file={config}"],
                timeout_s=timeout_s,
            )  # fmt: skip
        grace = time.monotonic() + START_GRACE_S

        def up_or_dead() -> bool:
            if time.monotonic() > grace and self.postmaster() is None:
                raise DatacenterError(
                    "the server ended while it started", device=self.device, cause=self.log_tail()
                )
            return self.ready()

        self.wait_for(up_or_dead, timeout_s, "the server does not accept sessions")

    def ready(self) -> bool:
        try:
            return self.psql("SELECT 1;", timeout_s=2) == "1"
        except DatacenterError:
            return False

    def wait_for(self, condition: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Look at a condition every few milliseconds.

        :raises DeadlineExceeded: with ``what`` and the last lines of the server's log.
        """
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                raise DeadlineExceeded(
                    f"{what} within {timeout_s:g} s", device=self.device, cause=self.log_tail()
                )
            time.sleep(POLL_S)

    def log_tail(self, lines: int = 5) -> str | None:
        try:
            with self.log_file.open("rb") as stream:
                stream.seek(max(0, os.fstat(stream.fileno()).st_size - 4096))
                return " | ".join(stream.read().decode("utf-8", "replace").splitlines()[-lines:]) or None
        except OSError:
            return None

    # Files -----------------------------------------------------------------------------

    def write(self, path: Path, text: str, mode: int = 0o640) -> None:
        """Write a file whole or not at all, owned by the owner, on the disk when this returns."""
        owner = self.owner()
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o700, parents=True)
            os.chown(path.parent, owner.pw_uid, owner.pw_gid)
        temporary = path.with_name(f".{path.name}.new")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            os.fchown(stream.fileno(), owner.pw_uid, owner.pw_gid)
            os.fsync(stream.fileno())
        os.replace(temporary, path)
        sync_directory(path.parent)


def processes_in(directory: Path) -> list[int]:
    """Processes whose working directory that is: a server and its children, whatever its lock file says."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            inside = os.path.samefile(f"/proc/{entry}/cwd", directory)
        except OSError:
            continue
        if inside:
            found.append(int(entry))
    return found


def read_settings(config_directory: Path) -> dict[str, str]:
    """Settings of postgresql.conf and conf.d/*.conf, the last one of a name wins.

    Reads what a person can read, not what the server has loaded: it serves to find a cluster
    that may be stopped.
    """
    settings: dict[str, str] = {}
    files = [config_directory / "postgresql.conf", *sorted((config_directory / "conf.d").glob("*.conf"))]
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")
        except OSError:
            continue
        for line in text.splitlines():
            match = SETTING.match(line)
            if match:
                value = match.group(2)
                if value.startswith("'"):
                    value = value[1:-1].replace("''", "'")
                settings[match.group(1).lower()] = value
    return settings


def has_cluster(options: Mapping[str, Any]) -> bool:
    """Is there a cluster of that name (and version, if one is given) with a data directory?"""
    try:
        cluster = find_cluster(options)
    except DatacenterError:
        if list(DEBIAN_ETC.glob(f"*/{options.get('cluster') or 'main'}/postgresql.conf")):
            raise
        return False
    return (cluster.data_directory / "PG_VERSION").exists()


def find_cluster(options: Mapping[str, Any]) -> Cluster:
    """The cluster that the options name; without any, the only one called ``main``.

    :param options: version, cluster, data_directory, config_directory, bin_directory,
        socket_directory, port, log_file; all optional. Giving ``data_directory`` means a
        cluster outside Debian's layout, which systemd does not run.
    :raises DatacenterError: when there is none, or more than one to choose from.
    """
    name = options.get("cluster") or "main"
    if options.get("data_directory"):
        return _explicit_cluster(options, name)
    wanted = options.get("version")
    found = sorted(
        path.parent for path in DEBIAN_ETC.glob(f"*/{name}/postgresql.conf")
        if wanted in (None, "", path.parent.parent.name)
    )  # fmt: skip
    if len(found) != 1:
        versions = ", ".join(path.parent.name for path in found) or "none"
        raise DatacenterError(
            f"exactly one PostgreSQL cluster named {name} was expected",
            device=str(DEBIAN_ETC),
            cause=f"found: {versions}",
            next_step="name the version" if found else "deploy it with the role postgresql_ha",
        )
    config, version = found[0], found[0].parent.name
    settings = read_settings(config)
    return Cluster(
        version=version,
        name=name,
        data_directory=Path(settings.get("data_directory", f"/var/lib/postgresql/{version}/{name}")),
        config_directory=config,
        bin_directory=DEBIAN_LIB / version / "bin",
        socket_directory=settings.get("unix_socket_directories", "/var/run/postgresql").split(",")[0].strip(),
        port=int(settings.get("port", "5432")),
        unit=f"postgresql@{version}-{name}.service",
        log_file=Path(f"/var/log/postgresql/postgresql-{version}-{name}.log"),
    )


def _explicit_cluster(options: Mapping[str, Any], name: str) -> Cluster:
    data = Path(options["data_directory"])
    config = Path(options.get("config_directory") or data)
    settings = read_settings(config)
    try:
        version = (data / "PG_VERSION").read_text(encoding="utf-8").strip()
    except OSError as error:
        raise DatacenterError("this is no data directory", device=str(data), cause=str(error)) from error
    return Cluster(
        version=version,
        name=name,
        data_directory=data,
        config_directory=config,
        bin_directory=Path(options.get("bin_directory") or DEBIAN_LIB / version / "bin"),
        socket_directory=options.get("socket_directory")
        or settings.get("unix_socket_directories", "/var/run/postgresql").split(",")[0].strip(),
        port=int(options.get("port") or settings.get("port", "5432")),
        unit=None,
        log_file=Path(options.get("log_file") or data.with_name(data.name + ".log")),
    )
