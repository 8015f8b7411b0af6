# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old servers with every awkward thing at once: all of it is named, nothing is done before all is resolved.

Each thing is resolved as its message says, which makes that message go and no other; then all is copied and
compared.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from servers import PASSWORD, Maria, Postgres, maria, postgres

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.call import (
    copy,
    follow_argument_spec,
    remove,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.run import Wanted, verify
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess import collect, document, judge

#: What its objection says, and what is done about it.
Ways = list[tuple[tuple[str, ...], Callable[[], object]]]


def found_by_assessment(kind: str, server: Postgres | Maria) -> dict[str, judge.Finding]:
    """The findings of one server alone: others may run on this machine, and may be frozen by their tests."""
    assert server.process is not None
    command = collect.command("a1b2", sample_s=1, verify=False, long_s=30, roots=[], probes=[kind])
    command = command.replace("/proc/[0-9]*/exe", f"/proc/{server.process.pid}/exe")
    said = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, check=False, timeout=60
    ).stdout
    read = document.build("old", collect.read(said, "a1b2", "old"), time.time(), 1)
    assert [one["directory"] for one in read[kind]] == [str(server.data)]
    read["system"] = {"libc": "glibc 2.31", "machine": "x86_64", "os": {"id": "debian"}}
    return {one.name: one for one in judge.findings(read, "debian-13")}


class Move:
    """db_copy, as the module calls it."""

    def __init__(self, old: Server, new: Server, **options: Any) -> None:
        spec = {name: one.get("default") for name, one in follow_argument_spec().items()}
        self.given = {**spec, "engine": old.engine, "jobs": 2, "progress": None, "give_up": True,
                      "migration": "awkward", "source": vars(old), "target": vars(new),
                      **options}  # fmt: skip

    def read(self) -> tuple[list[str], list[str]]:
        told = copy(self.given, check=True)
        return told["objections"], told["warnings_told"]

    def resolve(self, ways: Ways) -> None:
        """Each as its message says: those that are concerned go, and all others stay."""
        left, _told = self.read()
        for words, act in ways:
            concerned = {one for one in left if any(word in one for word in words)}
            for word in words:
                assert any(word in one for one in concerned), (word, left)
            act()
            before, (left, _told) = left, self.read()
            assert set(left) == set(before) - concerned, (words, left)
            if len(left) == 1:
                # One is enough.
                with pytest.raises(Refused):
                    copy(self.given, check=False)
        assert left == []


def at(server: Server, *statements: str) -> Callable[[], None]:
    """As its administrator, in one session, when it is called."""

    def act() -> None:
        with session(server) as root:
            for statement in statements:
                root.do(statement)

    return act


def same(old: Server, new: Server, **wanted: Any) -> None:
    told = verify(old, new, Wanted(**wanted))
    assert told["identical"], told["differences"]


@pytest.fixture(scope="module")
def locale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where there is a zh_CN.UTF-8: C's by this name, which is made in less time and is as unknown."""
    place = Path(tempfile.mkdtemp(prefix="ajyloc-", dir="/tmp"))
    place.chmod(0o755)
    subprocess.run(
        ["localedef", "--no-archive", "-i", "C", "-f", "UTF-8", str(place / "zh_CN.UTF-8")], check=False
    )
    yield f"{place}:/usr/lib/locale"
    subprocess.run(["rm", "-rf", str(place)], check=True)


class Extension:
    """One that nobody else has."""

    name = f"awkward_{os.getpid()}"

    def __init__(self, version: str) -> None:
        place = Path("/usr/share/postgresql") / version / "extension"
        self.files = {
            place / f"{self.name}.control": "default_version = '1.0'\n",
            place
            / f"{self.name}--1.0.sql": "CREATE FUNCTION graded(int) RETURNS int LANGUAGE sql AS 'SELECT 1';",
        }

    def install(self) -> None:
        for path, text in self.files.items():
            path.write_text(text)

    def remove(self) -> None:
        for path in self.files:
            path.unlink(missing_ok=True)


PG_OLD = """
wal_level = replica
max_replication_slots = 1
max_prepared_transactions = 4
TimeZone = 'Asia/Shanghai'
DateStyle = 'ISO, YMD'
lc_monetary = 'C'
password_encryption = md5
force_parallel_mode = off
"""
PG_NEW = "TimeZone = 'UTC'\nmax_slot_wal_keep_size = 1GB\n"
PG_ROLES = f"""
SET password_encryption = 'scram-sha-256';
CREATE ROLE mover LOGIN PASSWORD '{PASSWORD}';
RESET password_encryption;
CREATE ROLE clerk LOGIN PASSWORD 'old,Secret';
CREATE ROLE readers LOGIN;
SELECT pg_create_physical_replication_slot('left_behind', true);
CREATE DATABASE accidents TEMPLATE template0 LC_COLLATE 'zh_CN.UTF-8' LC_CTYPE 'zh_CN.UTF-8' OWNER clerk;
"""
PG_CONTENT = """
CREATE EXTENSION {extension};
CREATE TABLE report (id bigserial PRIMARY KEY, at timestamp NOT NULL DEFAULT now(), said text DEFAULT '桂');
INSERT INTO report SELECT i, '2026-01-01'::timestamp + i * '1 minute'::interval, 'r' || i
  FROM generate_series(1, 300) i;
SELECT setval('report_id_seq', 300);
CREATE TABLE "日志" (said text);
INSERT INTO "日志" VALUES ('a'), ('a');
CREATE TABLE keyless (a int NOT NULL, b float8);
INSERT INTO keyless VALUES (1, 'NaN'), (2, '-0');
CREATE UNLOGGED TABLE cache (a int PRIMARY KEY);
INSERT INTO cache VALUES (7);
CREATE TABLE by_place (place text) PARTITION BY RANGE (place);
ALTER TABLE by_place REPLICA IDENTITY FULL;
CREATE TABLE watched (a int PRIMARY KEY);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER always BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION f();
ALTER TABLE watched ENABLE ALWAYS TRIGGER always;
CREATE FUNCTION noted() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE EVENT TRIGGER noted ON ddl_command_end EXECUTE FUNCTION noted();
CREATE MATERIALIZED VIEW by_hour AS SELECT date_part('hour', to_timestamp(0)) AS hour, count(*) FROM report;
CREATE VIEW late AS SELECT * FROM report WHERE at > '2026-01-01 04:00';
SELECT lo_from_bytea(4711, 'photograph');
GRANT SELECT ON report TO clerk;
CREATE SUBSCRIPTION leftover CONNECTION 'host=/nowhere' PUBLICATION gone WITH (connect = false);
ALTER SUBSCRIPTION leftover ENABLE;
BEGIN; INSERT INTO watched VALUES (1); PREPARE TRANSACTION 'half done';
"""
PG_NAMED = {
    "pg_wal_level", "pg_no_slot_free", "pg_slot_idle", "pg_max_slot_wal_keep_size", "pg_prepared_transaction",
    "pg_md5_password", "pg_extension_missing", "pg_table_without_key", "pg_large_objects",
    "pg_unlogged_table", "pg_sequences", "pg_event_trigger", "pg_collation_change",
    "pg_ddl_during_copy", "pg_replicates_already",
    "pg_setting_removed", "pg_replica_trigger",
}  # fmt: skip


def test_postgresql_with_everything_awkward(monkeypatch: pytest.MonkeyPatch, locale: str) -> None:
    monkeypatch.setenv("LOCPATH", locale)
    with postgres("old", settings=PG_OLD) as old:
        monkeypatch.delenv("LOCPATH")

        @contextlib.contextmanager
        def generated() -> Iterator[None]:
            monkeypatch.setenv("LOCPATH", locale)
            yield
            monkeypatch.delenv("LOCPATH")

        extension = Extension(old.bin.parts[4])
        extension.install()
        try:
            with postgres("new", settings=PG_NEW) as new:
                move = _postgresql_is_named(old, new, extension)
                _postgresql_is_resolved(move, old, new, extension, generated)
                _postgresql_is_the_same(move, old.server("accidents"), new.server("accidents"))
        finally:
            extension.remove()


def _postgresql_is_named(old: Postgres, new: Postgres, extension: Extension) -> Move:
    source, target = old.server("accidents"), new.server("accidents")
    at(old.server(), *PG_ROLES.strip().splitlines())()
    at(source, *PG_CONTENT.format(extension=extension.name).rstrip(";\n").split(";\n"))()
    extension.remove()
    at(new.server(), f"CREATE ROLE mover SUPERUSER LOGIN PASSWORD '{PASSWORD}'", "CREATE ROLE readers",
       "CREATE DATABASE accidents TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")()  # fmt: skip
    at(target, "CREATE TABLE stranger (a int)")()

    named = found_by_assessment("postgresql", old)
    assert set(named) >= PG_NAMED, PG_NAMED - set(named)
    assert all(one.next_step for one in named.values())

    move = Move(old.over_tls("mover", "accidents"), target)
    weak, _told = move.read()
    assert weak
    assert all("is no superuser" in one for one in weak)
    at(old.server(), "ALTER ROLE mover SUPERUSER")()
    _left, told = move.read()
    for words in (
        "TimeZone is 'Asia/Shanghai' at old and 'UTC' at new", "DateStyle is 'ISO, YMD'",
        "lc_monetary is 'C'", "kept as MD5", ": clerk", "1 large objects",
        "has already, and that stay as they are there",
    ):  # fmt: skip
        assert any(words in one for one in told), (words, told)
    return move


def _postgresql_is_resolved(
    move: Move, old: Postgres, new: Postgres, extension: Extension, generated: Callable[[], Any]
) -> None:
    source = old.server("accidents")

    def choose(**options: Any) -> Callable[[], None]:
        return lambda: move.given.update(options)

    def again(server: Postgres, settings: str = "") -> None:
        """With the locale, which the old server has and the new one gets."""
        with (server.data / "postgresql.conf").open("a") as file:
            file.write(settings)
        server.stop(signal.SIGINT)
        with generated():
            server.start()

    move.resolve([
        (("wal_level is replica", "replication slots are in use"),
         lambda: again(old, "wal_level = logical\nmax_replication_slots = 10\n")),
        (("does not know the source's locale zh_CN.UTF-8",), lambda: again(new)),
        (("prepared transaction ('half done'",), at(source, "ROLLBACK PREPARED 'half done'")),
        (("public.keyless has no primary key",), at(source, "ALTER TABLE keyless ADD PRIMARY KEY (a)")),
        (('public."日志" has no primary key',), choose(keyless="full")),
        (("public.cache is unlogged",), at(source, "ALTER TABLE cache SET LOGGED")),
        (("public.watched.always fires",), at(source, "ALTER TABLE watched ENABLE TRIGGER always")),
        (("subscription leftover writes",), at(source, "ALTER SUBSCRIPTION leftover DISABLE")),
        (("max_slot_wal_keep_size is not set",), choose(wal_keep="1GB")),
        ((f"lacks the extension {extension.name}",), extension.install),
        (("is not empty (public.stranger)", "its encoding is SQL_ASCII"),
         at(new.server(), "DROP DATABASE accidents")),
    ])  # fmt: skip
    # Of all that was refused nothing has reached either server.
    dump = subprocess.check_output(
        [str(old.bin / "pg_dumpall"), "-h", str(old.root), "-p", str(old.port), "-U", "postgres", "-s"]
    )
    assert b"ajy_" not in dump
    with session(new.server()) as root:
        assert root.rows("SELECT datname FROM pg_database WHERE datname LIKE 'a%'") == []
        assert root.rows("SELECT rolname FROM pg_roles WHERE rolname = 'clerk'") == []


def _postgresql_is_the_same(move: Move, source: Server, target: Server) -> None:
    done = copy(move.given, check=False)
    assert done["copied"]
    same(source, target, exclude=["ajy_awkward.*"])
    with session(source) as here, session(target) as there:
        for query in (
            "SHOW TimeZone", "SHOW DateStyle", "TABLE by_hour", "SELECT lo_get(4711)::text", "TABLE cache",
            "SELECT rolpassword FROM pg_authid WHERE rolname = 'clerk'",
            "SELECT last_value FROM report_id_seq", "SELECT extname FROM pg_extension ORDER BY 1",
            "SELECT evtname FROM pg_event_trigger",
        ):  # fmt: skip
            assert here.rows(query) == there.rows(query), query
        # An hour that a default makes is of the zone that the application has always had.
        hour = "SELECT extract(epoch FROM now()::timestamp - clock_timestamp() AT TIME ZONE 'Asia/Shanghai')"
        assert abs(float(there.value(hour))) < 60
    assert copy(move.given, check=True)["warnings_told"] == []
    assert remove(move.given, check=False)["left_behind"] == []


MARIA_OLD = (
    "server-id=1", "binlog-format=MIXED", "binlog-row-image=MINIMAL", "expire-logs-days=1", "sql-mode=",
    "character-set-server=latin1", "default-time-zone=+08:00", "max-allowed-packet=64M", "skip-ssl",
    "event-scheduler=ON",
)  # fmt: skip
MARIA_OLD_MENDED = (
    "log-bin=b", "server-id=1", "binlog-format=ROW", "binlog-row-image=FULL", "expire-logs-days=7",
    "sql-mode=", "character-set-server=latin1", "default-time-zone=+08:00", "max-allowed-packet=64M",
    "event-scheduler=ON",
)  # fmt: skip
#: A default like that of MariaDB 11.8, under which texts are equal that differ at the source.
MARIA_NEW = (
    "log-bin=b", "server-id=1", "binlog-format=ROW", "max-allowed-packet=16M", "unix-socket=OFF",
    "character-set-server=utf8mb4", "collation-server=utf8mb4_uca1400_ai_ci", "default-time-zone=+00:00",
)  # fmt: skip
MARIA_NEW_MENDED = (
    "log-bin=b", "server-id=2", "gtid-domain-id=2", "binlog-format=ROW", "max-allowed-packet=64M",
    "character-set-server=utf8mb4", "collation-server=utf8mb4_uca1400_ai_ci", "default-time-zone=+00:00",
    "log-slave-updates=ON",
)  # fmt: skip
MARIA_CONTENT = (
    "CREATE DATABASE elsewhere",
    "CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
    "USE shop",
    "CREATE TABLE firm (id INT PRIMARY KEY, name VARCHAR(40), UNIQUE KEY name (name))",
    "INSERT INTO firm VALUES (1, '\uff21厂'), (2, 'A厂')",
    "CREATE TABLE visits (id INT, at TIMESTAMP NULL, day DATE) ENGINE=MyISAM",
    "INSERT INTO visits VALUES (1, '2026-01-01 00:00:00', '0000-00-00'), (1, NULL, '2010-02-31')",
    "CREATE TABLE log (said TEXT) ENGINE=Aria",
    "INSERT INTO log VALUES ('a'), ('a')",
    "CREATE TABLE words (id INT PRIMARY KEY, w VARCHAR(10) CHARACTER SET latin1, u VARCHAR(10) CHARACTER SET"
    " utf8mb3)",
    "INSERT INTO words VALUES (1, 'é', '桂')",
    "CREATE TABLE balance (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING",
    "INSERT INTO balance VALUES (1, 2)",
    "CREATE TABLE measured (place VARCHAR(20), risk FLOAT)",
    "INSERT INTO measured VALUES ('柳江', 0.30000001192092896)",
    "CREATE TABLE stock (id INT AUTO_INCREMENT PRIMARY KEY, n INT)",
    "INSERT INTO stock (n) VALUES (1), (2)",
    "CREATE SEQUENCE numbers START WITH 100",
    "CREATE DEFINER='gone'@'%' VIEW left_over AS SELECT 1 AS one",
    "CREATE DEFINER='gone'@'%' TRIGGER stamped BEFORE INSERT ON log FOR EACH ROW SET NEW.said"
    " = UPPER(NEW.said)",
    "CREATE DEFINER='gone'@'%' EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DO DELETE FROM log",
    "CREATE DEFINER='gone'@'%' FUNCTION twice(a INT) RETURNS INT DETERMINISTIC RETURN a * 2",
    f"CREATE USER app@'10.%' IDENTIFIED BY '{PASSWORD}'",
    "GRANT ALL ON shop.* TO app@'10.%'",
    "CREATE USER nobody@'%' IDENTIFIED BY ''",
    "CREATE USER postman@localhost IDENTIFIED VIA unix_socket",
    f"CREATE USER mover@localhost IDENTIFIED BY '{PASSWORD}'",
    "GRANT SELECT ON *.* TO mover@localhost",
    "CHANGE MASTER 'forgotten' TO MASTER_HOST = '127.0.0.1', MASTER_USER = 'x'",
    "XA START 'half done'",
    "INSERT INTO stock (n) VALUES (3)",
    "XA END 'half done'",
    "XA PREPARE 'half done'",
)
MARIA_NAMED = {
    "my_log_bin_off", "my_ssl_off", "my_replicates_already", "my_xa_prepared", "my_table_without_key",
    "my_table_not_transactional", "my_system_versioned", "my_utf8_of_three_bytes", "my_bytes_in_latin1",
    "my_uca1400_collision", "my_definer_missing", "my_event_runs_twice", "my_empty_password",
    "my_sql_mode_lenient", "my_float_without_key",
}  # fmt: skip


def test_mariadb_with_everything_awkward() -> None:
    with maria("old", *MARIA_OLD) as old, maria("new", *MARIA_NEW) as new:
        move = _mariadb_is_named(old, new)
        _mariadb_is_resolved(move, old, new)
        _mariadb_is_the_same(move, old.server("shop"), new.server("shop"))


def _mariadb_is_named(old: Maria, new: Maria) -> Move:
    at(old.server(), *MARIA_CONTENT)()
    at(new.server(), f"CREATE USER mover@localhost IDENTIFIED BY '{PASSWORD}'",
       "GRANT ALL ON *.* TO mover@localhost WITH GRANT OPTION", "CREATE USER nobody@'%' IDENTIFIED BY ''",
       "CREATE DATABASE shop", "CREATE TABLE shop.stranger (a INT)")()  # fmt: skip

    named = found_by_assessment("mariadb", old)
    assert set(named) >= MARIA_NAMED, MARIA_NAMED - set(named)
    assert all(one.next_step for one in named.values())

    by_us = [replace(one.server("shop"), user="mover", password=PASSWORD) for one in (old, new)]
    seen = {"host": "127.0.0.1", "port": old.port, "tls": "encrypted", "ca": None}
    move = Move(by_us[0], by_us[1], databases=["shop"], source_seen=seen)
    weak, told = move.read()
    assert (len(weak), told) == (1, [])
    assert "our account lacks rights" in weak[0]
    at(old.server(), "GRANT ALL ON *.* TO mover@localhost WITH GRANT OPTION")()
    _left, told = move.read()
    for words in (
        "without a primary key follow slowly", "utf8mb3", "time_zone is '+08:00' at old",
        "STRICT_TRANS_TABLES", "collation_server is", "views whose definer", "triggers whose definer",
        "events whose definer",
        "routines whose definer", "other databases", "innodb_flush_log_at_trx_commit",
        "accounts that new has already, and that stay as they are there: 'nobody'@'%'",
    ):  # fmt: skip
        assert any(words in one for one in told), (words, told)
    return move


def _mariadb_is_resolved(move: Move, old: Maria, new: Maria) -> None:
    def again(server: Maria, settings: tuple[str, ...]) -> Callable[[], None]:
        def act() -> None:
            server.settings = settings
            server.stop(signal.SIGTERM)
            server.start()

        return act

    move.resolve([
        (("writes no binary log", "binlog_format MIXED", "logs parts of rows", "logs for 24 h", "no TLS"),
         again(old, MARIA_OLD_MENDED)),
        (("both servers have server_id", "both servers have gtid_domain_id", "would not log what comes",
          "max_allowed_packet", "'postman'@'localhost' comes by unix_socket"), again(new, MARIA_NEW_MENDED)),
        (("is itself a replica, by the connection 'forgotten'",),
         at(old.server(), "STOP SLAVE 'forgotten'", "RESET SLAVE 'forgotten' ALL")),
        (("prepared XA transaction 'half done'",), at(old.server(), "XA ROLLBACK 'half done'")),
        (("shop.balance",), at(old.server(), "ALTER TABLE shop.balance DROP SYSTEM VERSIONING")),
        (("shop.measured has FLOAT columns (risk)",),
         at(old.server(), "ALTER TABLE shop.measured ADD PRIMARY KEY (place)")),
        (("database shop that is not empty",), at(new.server(), "DROP DATABASE shop")),
        (("without transactions: shop.log, shop.visits",), lambda: move.given.update(hold_for_tables=True)),
    ])  # fmt: skip
    with session(new.server()) as root:
        assert root.rows("SHOW DATABASES LIKE 'shop'") == []
        assert root.rows("SELECT User FROM mysql.global_priv WHERE User = 'app'") == []
    with session(old.server()) as root:
        assert root.rows("SHOW DATABASES LIKE 'ajy%'") == []


def _mariadb_is_the_same(move: Move, source: Server, target: Server) -> None:
    done = copy(move.given, check=False)
    assert done["copied"]
    same(source, target, schemas=["shop"])
    with session(source) as here, session(target) as there:
        for query in (
            "SELECT id, HEX(name) FROM firm ORDER BY id", "SELECT *, CAST(day AS CHAR) FROM visits",
            "SHOW CREATE TABLE firm", "SHOW CREATE TABLE words", "SELECT CAST(risk AS DOUBLE) FROM measured",
            "SELECT definer FROM information_schema.triggers WHERE trigger_schema = 'shop'",
            "SELECT definer FROM information_schema.events WHERE event_schema = 'shop'",
            "SELECT definer FROM information_schema.views WHERE table_schema = 'shop'",
            "SHOW GRANTS FOR app@'10.%'",
        ):  # fmt: skip
            assert here.rows(query) == there.rows(query), query
    assert copy(move.given, check=True)["warnings_told"] == []
    remove(move.given, check=False)
