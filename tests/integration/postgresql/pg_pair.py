# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real primary and a real standby, on sockets in a temporary directory: no port, no default cluster.

Needs PostgreSQL's programs and, when the tests run as root, the user postgres.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from slow_line import SlowLine

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import (
    Cluster,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.demote import demote
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.promote import promote
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.rejoin import (
    Peer,
    rejoin,
)

ROLES = """
CREATE ROLE dc_replication LOGIN REPLICATION;
CREATE ROLE dc_rewind LOGIN;
GRANT EXECUTE ON FUNCTION pg_ls_dir(text, boolean, boolean), pg_stat_file(text, boolean),
  pg_read_binary_file(text), pg_read_binary_file(text, bigint, bigint, boolean) TO dc_rewind;
GRANT pg_checkpoint TO dc_rewind;
CREATE ROLE dc_guard LOGIN;
CREATE TABLE reports (report_id int PRIMARY KEY);
"""

SETTINGS = """
unix_socket_directories = '{directory}'
listen_addresses = ''
port = {port}
max_connections = 30
shared_buffers = 8MB
wal_log_hints = on
wal_keep_size = 64MB
archive_mode = on
archive_command = '/bin/true'
max_slot_wal_keep_size = 256MB
wal_retrieve_retry_interval = 200ms
wal_receiver_status_interval = 1
wal_sender_timeout = 3s
wal_receiver_timeout = 3s
hot_standby = on
logging_collector = off
cluster_name = '{name}'
primary_conninfo = 'host={peer} port={peer_port} user=dc_replication application_name={name}'
primary_slot_name = '{name}'
include_dir = 'conf.d'
"""


def bin_directory() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if not found:
        pytest.fail("PostgreSQL's server programs are needed (see bindep.txt)")
    return found[-1].parent


class Pair:
    """Two nodes, ``a`` and ``b``; ``a`` begins as the primary."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.uid, self.gid = os.getuid(), os.getgid()
        if self.uid == 0:
            owner = pwd.getpwnam("postgres")
            self.uid, self.gid = owner.pw_uid, owner.pw_gid
            os.chown(root, self.uid, self.gid)
        self.bin = bin_directory()
        self.a = self._node("a", "b", 5501, 5502)
        self.b = self._node("b", "a", 5502, 5501)

    def _directory(self, path: Path) -> Path:
        path.mkdir(mode=0o700)
        os.chown(path, self.uid, self.gid)
        return path

    def _node(self, name: str, peer: str, port: int, peer_port: int) -> Cluster:
        """Write the configuration beside the data directory, as Debian has it; the data come later."""
        base = self._directory(self.root / name)
        etc = self._directory(base / "etc")
        self._directory(etc / "conf.d")
        self._write(
            etc / "postgresql.conf",
            f"data_directory = '{base / 'data'}'\nhba_file = '{etc / 'hba.conf'}'\n"
            f"ident_file = '{etc / 'ident.conf'}'\n"
            + SETTINGS.format(
                directory=base, name=name, peer=self.root / peer, port=port, peer_port=peer_port
            ),
        )
        self._write(etc / "hba.conf", "local all all trust\nlocal replication all trust\n")
        self._write(etc / "ident.conf", "")
        return Cluster(
            version=self.bin.parts[4],
            name=name,
            data_directory=base / "data",
            config_directory=etc,
            bin_directory=self.bin,
            socket_directory=str(base),
            port=port,
            unit=None,
            log_file=base / "log",
        )

    def _write(self, path: Path, text: str) -> None:
        path.write_text(text, encoding="utf-8")
        os.chown(path, self.uid, self.gid)

    def build(self) -> None:
        self._run("initdb", "-D", str(self.a.data_directory), "-U", self.owner, "--data-checksums",
                  "-A", "trust", "--no-sync", "--wal-segsize=4")  # fmt: skip
        self.a.start(20)
        self.a.psql(ROLES)
        self.a.psql("SELECT pg_create_physical_replication_slot('b', true);")
        self._run("pg_basebackup", "-D", str(self.b.data_directory), "-X", "stream", "-c", "fast", "-S", "b",
                  "-h", self.a.socket_directory, "-p", str(self.a.port), "-U", "dc_replication")  # fmt: skip
        self.b.write(self.b.standby_signal, "")
        self.b.start(20)
        self.wait_streaming(self.a)

    @property
    def owner(self) -> str:
        return pwd.getpwuid(self.uid).pw_name

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self.bin / program), *arguments],
            check=True,
            capture_output=True,
            cwd="/",
            user=self.uid,
            group=self.gid,
            extra_groups=[],
        )

    @staticmethod
    def wait_streaming(primary: Cluster) -> None:
        primary.wait_for(
            lambda: primary.psql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "1",
            15,
            "nobody streams",
        )

    def options(self, node: Cluster) -> dict[str, str | int]:
        """Module options that name a node."""
        return {
            "cluster": node.name,
            "data_directory": str(node.data_directory),
            "config_directory": str(node.config_directory),
            "bin_directory": str(self.bin),
            "log_file": str(node.log_file),
        }

    def peer(self, node: Cluster) -> Peer:
        return Peer(
            host=node.socket_directory,
            port=node.port,
            rewind_user="dc_rewind",
            replication_user="dc_replication",
            sslmode="prefer",
            sslrootcert=None,
        )

    def write(self, node: Cluster, first: int, last: int) -> None:
        node.psql(f"INSERT INTO reports SELECT generate_series({first}, {last});")

    def count(self, node: Cluster) -> int:
        return int(node.psql("SELECT count(*) FROM reports;"))

    @contextlib.contextmanager
    def slow_line(self, seconds: float) -> Iterator[None]:
        """Until the block ends, what ``a`` tells ``b`` arrives so much later. Behind it ``b`` streams so."""
        place = self._directory(self.root / "line")
        sockets = [directory / f".s.PGSQL.{self.a.port}" for directory in (place, self.root / "a")]
        with SlowLine(sockets[0], sockets[1], (self.uid, self.gid), seconds):
            self.b.psql(
                f"ALTER SYSTEM SET primary_conninfo = 'host={place} port={self.a.port}"
                " user=dc_replication application_name=b'"
            )
            self.b.psql("SELECT pg_reload_conf()")
            slow = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming' AND sender_host = "
            self.b.wait_for(lambda: self.b.psql(f"{slow}'{place}'") == "1", 30, "it does not use the line")
            yield

    @contextlib.contextmanager
    def committing(self, node: Cluster) -> Iterator[None]:
        """Until the block ends, ten small commits a second."""
        script = (
            "DO $$ BEGIN FOR i IN 1..3000 LOOP INSERT INTO reports VALUES (100000 + i); COMMIT;"
            " PERFORM pg_sleep(0.1); END LOOP; END $$"
        )
        session = subprocess.Popen(
            [str(self.bin / "psql"), "-X", "-h", node.socket_directory, "-p", str(node.port),
             "-d", "postgres", "-c", script],
            cwd="/", user=self.uid, group=self.gid, extra_groups=[], stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield
        finally:
            session.terminate()
            session.wait(10)

    def kill(self, node: Cluster) -> None:
        """SIGKILL of the whole server at once: the postmaster first, then all that it left."""
        pid = node.postmaster()
        assert pid is not None
        children = subprocess.run(["pgrep", "-P", str(pid)], check=False, capture_output=True, text=True)
        os.kill(pid, signal.SIGKILL)
        for child in children.stdout.split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        node.wait_for(lambda: node.postmaster() is None, 5, "the server survived SIGKILL")
        # Where nobody reaps the dead postmaster its lock on the socket looks alive.
        for lock in Path(node.socket_directory).glob(".s.PGSQL.*"):
            lock.unlink()

    def destroy(self) -> None:
        for node in (self.a, self.b):
            pid = node.postmaster()
            if pid is not None:
                os.kill(pid, signal.SIGQUIT)
                deadline = time.monotonic() + 10
                while node.postmaster() is not None and time.monotonic() < deadline:
                    time.sleep(0.01)


def hand_over(old: Cluster, new: Cluster, name: str) -> dict[str, Any]:
    demoted = demote(old, standby=name, max_lag_bytes=1 << 24, timeout_s=20, dry_run=False)
    return promote(
        new, proof=demoted["proof"], slots=[old.name], timeout_s=10, max_proof_age_s=60, dry_run=False
    )


def come_back(pair: Pair, node: Cluster, upstream: Cluster, **options: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "slot": None, "allow_rewind": True, "allow_rebuild": False, "keep_old": True, "timeout_s": 30,
        "dry_run": False, **options,
    }  # fmt: skip
    return rejoin(node, pair.peer(upstream), **arguments)


def attested() -> dict[str, Any]:
    data = {"by": "the tester", "risk": "two writers", "expires_at": time.time() + 60}
    return {"method": "attested", "data": data}
