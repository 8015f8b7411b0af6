# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role database_migrate promises, asked with the engines' own programs from everywhere."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

At = Callable[[str], Any]
POSTGRESQL, MARIADB = "nn-db-02", "nn-db-01"
ADDRESS = {POSTGRESQL: "10.1.10.12", MARIADB: "10.1.10.11"}
USER = "ajy_mover"


def hidden(word: str) -> str:
    """Shell that yields it, without its being on a command line."""
    return f"$(printf %s {base64.b64encode(word.encode()).decode()} | base64 -d)"


def psql(host: Any, secret: str, tls: str) -> Any:
    return host.run(
        f"PGPASSWORD={hidden(secret)} psql -wXAtc 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'"
        f" 'host={ADDRESS[POSTGRESQL]} user={USER} dbname=postgres connect_timeout=5 sslmode={tls}'"
    )


def mariadb(host: Any, secret: str, *options: str) -> Any:
    return host.run(
        f"MYSQL_PWD={hidden(secret)} mariadb --no-defaults --connect-timeout=5"
        f" -h {ADDRESS[MARIADB]} -u {USER} {' '.join(options)} -Ne \"SHOW STATUS LIKE 'Ssl_cipher'\""
    )


def sql(at: At, query: str) -> str:
    return str(at(POSTGRESQL).check_output("cd /; runuser -u postgres -- psql -XAtc %s", query)).strip()


@pytest.mark.parametrize("name", ["legacy-report-01", POSTGRESQL, "nn-app-01"])
def test_postgresql_lets_in_the_old_server_itself_and_the_applications(
    at: At, name: str, secret: str
) -> None:
    assert psql(at(name), secret, "require").stdout.strip() == "t"
    assert psql(at(name), f"{secret}x", "require").rc != 0


@pytest.mark.parametrize("name", ["legacy-report-01", POSTGRESQL])
def test_postgresql_takes_no_session_in_clear_from_another_server(at: At, name: str, secret: str) -> None:
    done = psql(at(name), secret, "disable")
    assert done.rc != 0
    assert "pg_hba.conf" in done.stderr


@pytest.mark.parametrize("name", ["legacy-app-01", MARIADB])
@pytest.mark.parametrize("tls", ["require", "disable"])
def test_postgresql_lets_nobody_else_in(at: At, name: str, tls: str, secret: str) -> None:
    done = psql(at(name), secret, tls)
    assert done.rc != 0
    assert "pg_hba.conf" in done.stderr


@pytest.mark.parametrize("name", ["legacy-app-01", MARIADB])
def test_mariadb_lets_in_the_old_server_and_itself_over_tls_alone(at: At, name: str, secret: str) -> None:
    options = ("--ssl",) if name.startswith("legacy") else ("--ssl", "--skip-ssl-verify-server-cert")
    assert mariadb(at(name), secret, *options).stdout.split()[1:]
    assert "Access denied" in mariadb(at(name), secret, "--skip-ssl").stderr
    assert "Access denied" in mariadb(at(name), f"{secret}x", *options).stderr


@pytest.mark.parametrize("name", ["legacy-report-01", "nn-app-01", POSTGRESQL])
def test_mariadb_lets_nobody_else_in(at: At, name: str, secret: str) -> None:
    options = ("--ssl",) if name.startswith("legacy") else ("--ssl", "--skip-ssl-verify-server-cert")
    done = mariadb(at(name), secret, *options)
    assert done.rc != 0
    assert "Access denied" in done.stderr or "is not allowed to connect" in done.stderr


def test_postgresql_can_follow_and_be_followed(at: At) -> None:
    for name, value in {
        "wal_level": "logical", "ssl": "on", "data_checksums": "on", "password_encryption": "scram-sha-256",
        "server_encoding": "UTF8", "TimeZone": "Asia/Shanghai", "max_slot_wal_keep_size": "8GB",
    }.items():  # fmt: skip
        assert sql(at, f"SHOW {name}") == value, name
    assert int(sql(at, "SHOW max_logical_replication_workers")) >= 16
    assert sql(at, f"SELECT rolpassword LIKE 'SCRAM-SHA-256%' FROM pg_authid WHERE rolname = '{USER}'") == "t"
    assert at(POSTGRESQL).service("postgresql@17-main").is_enabled


def test_mariadb_can_follow_and_be_followed_and_is_another_server_than_the_old_one(at: At) -> None:
    query = (
        "mariadb -Ne 'SELECT @@server_id, @@gtid_domain_id, @@log_bin, @@binlog_format, @@log_slave_updates'"
    )
    new = at(MARIADB).check_output(query).split()
    old = at("legacy-app-01").check_output(query).split()
    assert new[2:] == ["1", "ROW", "1"]
    assert (new[0], new[1]) != (old[0], old[1])
    assert new[0] not in ("0", "1")
    assert new[1] != old[1]
    assert at(MARIADB).check_output("mariadb -Ne 'SELECT @@max_allowed_packet'") == str(64 << 20)
    assert at(MARIADB).service("mariadb").is_enabled


@pytest.mark.parametrize("host", [POSTGRESQL, MARIADB])
def test_keys_and_settings_are_the_engines_alone(at: At, host: str) -> None:
    found = {
        POSTGRESQL: (("/etc/postgresql/17/main/pg_hba.conf", "postgres", 0o640),),
        MARIADB: (
            ("/etc/mysql/anjianyun", "mysql", 0o750),
            ("/etc/mysql/anjianyun/server.key", "mysql", 0o600),
        ),
    }[host]
    for path, user, mode in found:
        assert (at(host).file(path).user, at(host).file(path).mode) == (user, mode)
