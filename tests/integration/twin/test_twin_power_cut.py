# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that loses its power loses what no fsync has pushed out, and nothing else.

The proof needs both halves: a database that fsyncs keeps each commit that it acknowledged, and the same
database told not to loses some. Were the second not so, the first would say nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import cgroups, disks, mounts
from ansible_collections.anjianyun.datacenter.tests.integration.twin.twin_bench import (
    CONTROL,
    FAR,
    NEAR,
    PLAN,
    ROOT,
    SERVER,
    Twin,
    soon,
)

# A cluster as the distribution makes it, but open to the estate, and started with the machine.
_CLUSTER = """
set -e
pg_createcluster 15 proof -- --no-sync --wal-segsize=1 >/dev/null
cd /etc/postgresql/15/proof
echo "host all all 10.0.0.0/8 trust" >> pg_hba.conf
echo "listen_addresses = '*'" >> postgresql.conf
systemctl start postgresql@15-proof
runuser -u postgres -- psql -qc 'CREATE TABLE reports (id int PRIMARY KEY)'
sync
"""


class Writer(threading.Thread):
    """Commits one row after the other, and writes down on its own disk which were acknowledged."""

    def __init__(self, twin: Twin, record: Path, first: int) -> None:
        super().__init__(daemon=True)
        self.record, self.first = record, first
        self.acknowledged = 0
        address = twin.spec().nodes[SERVER].address
        self.session = subprocess.Popen(
            [
                "nsenter", f"--net=/run/netns/{twin.names.namespace(CONTROL)}", "--",
                "psql", "-qAtX", "-h", address, "-U", "postgres", "postgres",
            ],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self) -> None:
        assert self.session.stdin is not None
        assert self.session.stdout is not None
        with self.record.open("a") as record:
            for number in count(self.first):
                self.session.stdin.write(f"INSERT INTO reports VALUES ({number}) RETURNING id;\n")
                self.session.stdin.flush()
                if self.session.stdout.readline().strip() != str(number):
                    return
                record.write(f"{number}\n")
                record.flush()
                os.fsync(record.fileno())
                self.acknowledged += 1

    def end(self) -> None:
        self.session.kill()
        self.session.wait()
        self.join(10)
        for stream in (self.session.stdout, self.session.stderr):
            assert stream is not None
            stream.close()


@pytest.fixture
def database(twin: Twin) -> Iterator[Twin]:
    """A database server with a database."""
    soon(lambda: twin.answers(SERVER), "the server is reached over the routers")
    made = twin.ssh(SERVER, _CLUSTER)
    assert made.returncode == 0, made.stderr
    yield twin
    twin.faults.lift_all()
    if twin.power(SERVER) == "off":
        on(twin)
    twin.ssh(SERVER, "pg_dropcluster --stop 15 proof; rm -rf /etc/postgresql/15/proof")


def on(twin: Twin) -> None:
    assert twin.bmc(SERVER, "chassis", "power", "on").returncode == 0
    soon(lambda: twin.answers(SERVER), "it has booted")


def sql(twin: Twin, statement: str) -> subprocess.CompletedProcess[str]:
    return twin.ssh(SERVER, f'runuser -u postgres -- psql -qAtXc "{statement}"')


def lost(twin: Twin, fault: str, record: Path) -> set[int]:
    """Break it under a writer, boot it; the commits that were acknowledged and are not there any more.

    All of them, when the database does not start.
    """
    told = {int(line) for line in record.read_text().split()} if record.exists() else set()
    writer = Writer(twin, record, first=max(told, default=0) + 1000)
    writer.start()
    try:
        soon(lambda: writer.acknowledged >= 200, "the writer writes")
        twin.faults.inject(fault, SERVER)
        assert twin.processes(SERVER) == 0
        assert twin.power(SERVER) == "off"
        if fault == "power_cut":
            writer.join(0.5)
            assert writer.is_alive(), "no power, no word: nobody closes a connection"
    finally:
        writer.end()
    assert twin.present().left_off == [SERVER]
    assert twin.faults.lift(fault, SERVER)
    on(twin)
    # Debian's unit says it has started when the server accepts connections, or has failed.
    twin.ssh(SERVER, "systemctl start postgresql@15-proof")
    found = sql(twin, "SELECT id FROM reports")
    there = {int(line) for line in found.stdout.split()}
    return {int(line) for line in record.read_text().split()} - there


def test_fsync_keeps_each_acknowledged_commit_and_without_it_some_are_lost(
    database: Twin, tmp_path: Path
) -> None:
    record = tmp_path / "acknowledged"
    assert lost(database, "power_cut", record) == set()

    assert sql(database, "ALTER SYSTEM SET fsync = off").returncode == 0
    assert sql(database, "SELECT pg_reload_conf()").stdout == "t\n"
    assert database.ssh(SERVER, "sync").returncode == 0
    assert lost(database, "machine_killed", record) == set(), "a machine that is killed keeps its page cache"

    assert database.ssh(SERVER, "sync").returncode == 0
    gone = lost(database, "power_cut", record)
    print(f"without fsync {len(gone)} acknowledged commits were lost")
    assert len(gone) >= 100


@pytest.fixture
def bystander() -> Iterator[None]:
    """A program with a private copy of this host's mounts, hidden below a mount of its own."""
    hide = "mount -t tmpfs tmpfs /run && echo hidden && exec sleep 300"
    held = subprocess.Popen(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", hide],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert held.stdout is not None
    assert held.stdout.readline() == "hidden\n"
    yield
    held.kill()
    held.wait()
    held.stdout.close()


@pytest.mark.usefixtures("bystander")
@pytest.mark.parametrize(("fault", "target"), [("power_cut", SERVER), ("centre_lost", "nanning")])
def test_files_are_there_as_they_were_synced(twin: Twin, fault: str, target: str) -> None:
    soon(lambda: twin.answers(SERVER), "the server is reached over the routers")
    boot = twin.boot(SERVER)
    write = "cd /root; rm -f lost; echo old > replaced; sync; echo synced > kept; sync kept .;"
    write += "echo new > replaced.new; mv replaced.new replaced; echo lost > lost; grep . kept replaced lost"
    assert twin.ssh(SERVER, write).stdout == "kept:synced\nreplaced:new\nlost:lost\n"
    assert twin.faults.inject(fault, target)
    assert not twin.faults.inject(fault, target)
    assert twin.faults.lift(fault, target)
    if fault == "power_cut":
        assert twin.power(SERVER) == "off"
        assert twin.bmc(SERVER, "chassis", "power", "on").returncode == 0
    soon(lambda: twin.answers(SERVER), "it has booted")
    assert twin.boot(SERVER) not in ("", boot)
    assert twin.ssh(SERVER, "cd /root; grep . kept replaced lost").stdout == "kept:synced\nreplaced:old\n"


_COPY = f"""
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.import_tasks: {ROOT}/playbooks/tasks/dr_copy.yml
"""


def test_the_copy_of_a_journal_stands_when_the_power_goes_right_behind_it(twin: Twin, tmp_path: Path) -> None:
    soon(lambda: twin.answers(SERVER), "the server is reached over the routers")
    journal = '{"seq":1}\n{"text":"断电 {{ no template }}"}\n'
    (tmp_path / "journal.jsonl").write_text(journal)
    (tmp_path / "copy.yml").write_text(_COPY)
    known = {
        "dr_run_directory": str(tmp_path), "dr_run_id": "cut", "dr_alive": [SERVER],
        "dr_old": {"application": SERVER}, "dr_new": {"application": FAR},
    }  # fmt: skip
    done = twin.inside(
        CONTROL, "ansible-playbook", "-i", str(PLAN), str(tmp_path / "copy.yml"),
        "-e", f"@{twin.names.vars_file}", "-e", json.dumps(known),
        ANSIBLE_STDOUT_CALLBACK="ansible.builtin.default", ANSIBLE_NOCOLOR="1",
    )  # fmt: skip
    twin.faults.inject("power_cut", SERVER)
    assert "ok=1    changed=1" in done.stdout, done.stdout + done.stderr
    twin.faults.lift("power_cut", SERVER)
    on(twin)
    assert twin.ssh(SERVER, "cat /var/lib/anjianyun/runs/cut/journal.jsonl").stdout == journal


def test_a_cut_that_was_itself_killed_is_finished_by_the_next_run(twin: Twin) -> None:
    disk = str(twin.names.disk(SERVER))

    def stopped() -> list[bool]:
        return [m.stopped for m in mounts.table() if m.point == disk]

    cgroups.kill(twin.names.node_group(SERVER))
    disks.cut(twin.names, SERVER)
    assert stopped() == [True]
    assert {"disks: mount_disk nn-db-01", "boot: switch_on nn-db-01"} <= set(twin.present().actions)
    assert stopped() == [False]
    soon(lambda: twin.answers(SERVER), "it has booted")


def test_an_appliance_has_no_disk_to_lose(twin: Twin) -> None:
    with pytest.raises(DatacenterError, match="its target is a machine: nn-db-01"):
        twin.faults.inject("power_cut", NEAR)
