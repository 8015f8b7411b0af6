# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role promises, read from the servers by other means than the role's own."""

from __future__ import annotations

import json
from typing import Any

import pytest


def sql(host: Any, query: str) -> str:
    done = host.run("su postgres -c %s", f"psql -XAtc {json.dumps(query)}")
    assert done.rc == 0, done.stderr
    return str(done.stdout).strip()


def is_primary(host: Any) -> bool:
    return sql(host, "SELECT pg_is_in_recovery()") == "f"


def test_checksums_tls_and_archive_are_on(host: Any) -> None:
    for name in ("data_checksums", "ssl", "fsync", "full_page_writes", "wal_log_hints", "archive_mode"):
        assert sql(host, f"SHOW {name}") == "on", name
    assert sql(host, "SHOW max_slot_wal_keep_size") != "-1"
    assert sql(host, "SHOW wal_segment_size") == "4MB"


def test_the_standby_streams_through_its_slot_and_tls(host: Any) -> None:
    if is_primary(host):
        rows = sql(host, "SELECT r.state, s.ssl FROM pg_stat_replication r JOIN pg_stat_ssl s USING (pid)")
        assert rows == "streaming|t"
        assert (
            sql(host, "SELECT count(*) FROM pg_replication_slots WHERE active AND wal_status <> 'lost'")
            == "1"
        )
    else:
        assert sql(host, "SELECT status FROM pg_stat_wal_receiver") == "streaming"
        assert host.file("/var/lib/postgresql/15/main/standby.signal").exists


def test_passwords_are_scram_only_and_no_role_is_a_superuser(host: Any) -> None:
    bad = "SELECT count(*) FROM pg_authid WHERE rolname LIKE 'dc\\_%' AND"
    assert sql(host, f"{bad} (rolsuper OR rolpassword NOT LIKE 'SCRAM-SHA-256%')") == "0"


@pytest.mark.parametrize("path", ["/var/lib/postgresql/.pgpass", "/etc/anjianyun/postgresql/server.key"])
def test_secrets_are_the_owners_alone(host: Any, path: str) -> None:
    file = host.file(path)
    assert (file.user, file.mode) == ("postgres", 0o600)


def test_nobody_comes_in_without_tls(host: Any) -> None:
    address = host.interface("lan0").addresses[0] if host.interface("lan0").exists else "127.0.0.1"
    done = host.run(
        "psql -w %s -c 'SELECT 1'", f"host={address} user=dc_app dbname=hidden_danger sslmode=disable"
    )
    assert done.rc != 0
    assert "pg_hba.conf" in done.stderr


def test_the_guard_stands_before_the_server_and_can_ask(host: Any) -> None:
    unit = host.run("systemctl show -p ExecStartPre postgresql@15-main.service").stdout
    assert "/usr/local/sbin/anjianyun-guard start" in unit
    verdict = json.loads(host.run("anjianyun-guard check").stdout)
    assert verdict["opens"] is True
    assert ("the other centre is a standby" if is_primary(host) else "opens as a standby") in verdict[
        "reason"
    ]


def test_a_fence_keeps_the_primary_down_and_no_standby(host: Any) -> None:
    assert host.run("anjianyun-guard fence --reason test").rc == 0
    try:
        # A standby writes nothing of its own: it may open, fenced or not.
        assert host.run("anjianyun-guard check").rc == (1 if is_primary(host) else 0)
    finally:
        assert host.run("anjianyun-guard unfence --reason test").rc == 0
    assert host.run("anjianyun-guard check").rc == 0
