# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every finding is told of a server that has it, and none of one that has nothing."""

from __future__ import annotations

import ast
import inspect
from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess import (
    judge,
    rules_files,
    rules_mariadb,
    rules_postgresql,
    rules_postgresql_contents,
    rules_system,
)
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.plugin_utils.assess.assessed import (
    NOW,
    mariadb,
    postgresql,
    root,
    server,
)

Sections = dict[str, Any]


def _pg(databases: dict[str, dict[str, Any]] | None = None, **parts: Any) -> Sections:
    return {"postgresql": [postgresql(databases, **parts)]}


def _my(**parts: Any) -> Sections:
    return {"mariadb": [mariadb(**parts)]}


def _packages(*names: str, **more: Any) -> Sections:
    installed = [{"name": name, "version": "1", "arch": "amd64"} for name in names]
    return {
        "packages": {"kind": "dpkg", "installed": installed, "broken": [], "held": [], "sources": [], **more}
    }


def _user(name: str, uid: int, password: str = "sha512", shell: str = "/bin/bash") -> dict[str, Any]:
    return {"name": name, "uid": uid, "gid": uid, "home": "/", "shell": shell, "password": password}


def _users(*users: dict[str, Any]) -> Sections:
    return {"accounts": {"users": list(users), "groups": []}}


def _processes(**parts: Any) -> Sections:
    return {"processes": {"count": 1, "in_containers": 0, "of_deleted_files": [], "by_hand": [], **parts}}


def _time(**parts: Any) -> Sections:
    return {"time_locale": {**server()["time_locale"], **parts}}


def _certificate(days: float = 400, bits: int = 2048, signed: str = "sha256WithRSAEncryption") -> Sections:
    end = datetime.fromtimestamp(NOW + days * 86400, tz=UTC)
    one = {"path": "/etc/a.crt", "names": [], "bits": bits, "key": "rsaEncryption", "signed": signed}
    return {"certificates": [{**one, "not_after": f"{end:%b %d %H:%M:%S %Y} GMT"}]}


def _mounts(**parts: Any) -> Sections:
    return {"mounts": {"mounts": [], "sizes": [], "inodes": [], "fstab": [], "disks": [], **parts}}


def _unique(collation: str = "utf8mb4_general_ci", cut: int = 0) -> list[dict[str, Any]]:
    where = {"schema": "shop", "table": "firm", "key": "name"}
    return [{**where, "column": "name", "cut": cut, "collation": collation, "rows": 10}]


TABLE = {"schema": "public", "name": "t", "bytes": 1, "rows": 1}
LISTENER = {"protocol": "tcp", "address": "::", "port": 80, "process": "x", "unit": "", "exe": "/opt/x"}
DEFINER = {"schema": "shop", "name": "v", "definer": "gone@%"}
USER = {"name": "root", "host": "localhost", "plugin": "", "password": "unix_socket"}

#: What a server has, by the finding that has to be told of it.
CASES: dict[str, Sections] = {
    "machine_differs": {"system": {"machine": "aarch64", "os": {"id": "debian"}}},
    "other_distribution": {"system": {"machine": "x86_64", "os": {"id": "centos", "name": "CentOS 7"}}},
    "package_removed": _packages("python2.7"),
    "runtime_changes": _packages("php7.4"),
    "package_broken": _packages(broken=["x"]),
    "package_held": _packages(held=["x"]),
    "package_source_foreign": _packages(sources=["http://repo.mysql.com/apt/debian"]),
    "file_changed": {"changed": [{"path": "/bin/ls", "what": "other", "configuration": False}]},
    "configuration_changed": {"changed": [{"path": "/etc/a", "what": "other", "configuration": True}]},
    "service_by_hand": {
        **_processes(by_hand=[("x", "/opt/x")]),
        "sockets": {"listening": [LISTENER], "connections": []},
    },
    "program_deleted": _processes(of_deleted_files=["/usr/sbin/nginx"]),
    "container_found": _processes(in_containers=3),
    "service_failed": {"services": {"units": [{"name": "a.service", "active": "failed", "state": "failed"}]}},
    "user_id_in_system_range": _users(
        _user("app", 500), {**_user("postgres", 105, "locked"), "home": "/var/lib/postgresql"}
    ),
    "user_id_shared": _users(_user("a", 1001), _user("b", 1001)),
    "user_password_weak": _users(_user("a", 1001, "des")),
    "job_sends": {"cron": [{"file": "/etc/cron.d/x", "line": "0 2 * * * root rsync -a /srv/ 10.1.1.9::x"}]},
    "time_zone_unclear": _time(zone_file="UTC"),
    "time_zone_unnamed": _time(zone=""),
    "time_zone_differs": _time(zone="UTC", zone_file="UTC"),
    "locale_not_utf8": _time(default={"LANG": "zh_CN.GB18030"}),
    "clock_not_set": _time(clock_by=[]),
    "selinux_enforcing": {"mandatory_access": {"selinux": "Enforcing"}},
    "apparmor_changed": {"mandatory_access": {"local": ["/etc/apparmor.d/local/usr.sbin.mysqld"]}},
    "certificate_expired": _certificate(-1),
    "certificate_ends_soon": _certificate(30),
    "certificate_weak": _certificate(bits=1024),
    "files_not_measured": {"roots": [root("/srv", None, 1)]},
    "file_names_not_ascii": {"roots": [root("/srv", 1, 1, odd_names=2)]},
    "set_id_files": {"roots": [root("/srv", 1, 1, set_id=1)]},
    "files_of_nobody": {"roots": [root("/srv", 1, 1, nobodys=1)]},
    "files_with_acl": {"roots": [root("/srv", 1, 1, access_lists=1)]},
    "files_with_holes": {"roots": [root("/srv", 1, 1, holes=1)]},
    "file_capabilities": {"roots": [root("/srv", 1, 1, capable=1)]},
    "hard_links": {"roots": [root("/srv", 1, 1, linked=2)]},
    "mount_remote": _mounts(mounts=[{"device": "10.9.9.9:/x", "path": "/x", "type": "nfs4", "options": ""}]),
    "disk_nearly_full": _mounts(
        sizes=[{"device": "/dev/sda1", "path": "/", "total": 100, "used": 95, "free": 5}]
    ),
    "own_address_written": {"references": [{"file": "/etc/nginx/a.conf", "address": "10.1.1.1"}]},
    "pg_unknown": _pg(unknown={"cluster": "no password supplied"}),
    "pg_too_old_for_logical": _pg(version=90624),
    "pg_wal_level": _pg(settings={"wal_level": "replica"}),
    "pg_max_slot_wal_keep_size": _pg(settings={"max_slot_wal_keep_size": "-1"}),
    "pg_time_zone": _pg(settings={"TimeZone": "Etc/UTC"}),
    "pg_ssl_off": _pg(settings={"ssl": "off"}),
    "pg_no_slot_free": _pg(settings={"max_replication_slots": "2"}),
    "pg_slot_idle": _pg(slots=[{"slot_name": "old", "active": False}]),
    "pg_replicates_already": _pg(standbys=[{"application_name": "b", "client_addr": None}]),
    "pg_is_standby": _pg(state=[{"in_recovery": True}]),
    "pg_prepared_transaction": _pg(
        prepared=[{"gid": "g", "database": "d", "prepared": "2026", "owner": "o"}]
    ),
    "pg_md5_password": _pg(roles=[{"name": "app", "password": "md5"}]),
    "pg_trust": _pg(
        hba=[
            {
                "type": "host",
                "database": ["all"],
                "user_name": ["all"],
                "address": "0/0",
                "auth_method": "trust",
            }
        ]
    ),
    "pg_encoding_sql_ascii": _pg({"a": {"encoding": "SQL_ASCII"}}),
    "pg_encoding_not_utf8": _pg({"a": {"encoding": "EUC_CN"}}),
    "pg_collation_change": _pg({"a": {"collate": "zh_CN.UTF-8"}}),
    "pg_setting_removed": _pg(
        changed_settings=[{"name": "stats_temp_directory", "source": "configuration file"}]
    ),
    "pg_extension_missing": _pg({"a": {"extensions": [{"name": "adminpack", "version": "2.1"}]}}),
    "pg_extension_packages": _pg({"a": {"extensions": [{"name": "postgis", "version": "3.1"}]}}),
    "pg_table_without_key": _pg({"a": {"without_key": [TABLE]}}),
    "pg_large_objects": _pg({"a": {"large_objects": [{"n": 3, "bytes": 1}]}}),
    "pg_replica_trigger": _pg({"a": {"replica_triggers": [TABLE]}}),
    "pg_unlogged_table": _pg({"a": {"unlogged": [TABLE]}}),
    "pg_sequences": _pg({"a": {"kinds": [{"kind": "S", "n": 2, "bytes": 1}]}}),
    "pg_event_trigger": _pg({"a": {"event_triggers": [{"name": "e", "event": "ddl_command_end"}]}}),
    "pg_foreign_server": _pg({"a": {"foreign_servers": [{"name": "f", "wrapper": "postgres_fdw"}]}}),
    "pg_published_already": _pg({"a": {"publications": [{"name": "p"}]}}),
    "pg_type_removed": _pg({"a": {"removed_types": [TABLE]}}),
    "pg_with_oids": _pg({"a": {"with_oids": [TABLE]}}),
    "pg_ddl_during_copy": _pg(),
    "pg_tablespace": _pg(tablespaces=[{"name": "fast", "location": "/ssd", "bytes": 1}]),
    "my_unknown": _my(unknown={"user": "denied"}),
    "my_log_bin_off": _my(variables={"log_bin": "OFF"}),
    "my_binlog_format": _my(variables={"binlog_format": "MIXED"}),
    "my_binlog_kept_short": _my(variables={"expire_logs_days": "1"}),
    "my_ssl_off": _my(variables={"have_ssl": "DISABLED"}),
    "my_replicates_already": _my(replica={"Master_Host": "10.9.9.9"}),
    "my_time_zone": _my(variables={"time_zone": "SYSTEM", "system_time_zone": "UTC"}),
    "my_float_without_key": _my(float_without_key=[TABLE]),
    "my_xa_prepared": _my(xa=[{"format": "1", "global_length": "1", "branch_length": "0", "data": "x"}]),
    "my_table_without_key": _my(without_key=[TABLE]),
    "my_engine_missing": _my(other_engine=[{"schema": "s", "name": "t", "engine": "TokuDB"}]),
    "my_table_not_transactional": _my(other_engine=[{"schema": "s", "name": "t", "engine": "MyISAM"}]),
    "my_system_versioned": _my(versioned=[TABLE]),
    "my_utf8_of_three_bytes": _my(
        collation=[{"schema": "s", "charset": "utf8mb3", "collation": "utf8mb3_general_ci", "columns": 1}]
    ),
    "my_bytes_in_latin1": _my(
        collation=[{"schema": "s", "charset": "latin1", "collation": "latin1_swedish_ci", "columns": 1}]
    ),
    "my_collations_mixed": _my(
        collation=[
            {"schema": "s", "charset": "utf8mb4", "collation": f"utf8mb4_{name}", "columns": 1}
            for name in ("general_ci", "unicode_ci")
        ]
    ),
    "my_uca1400_collision": _my(collision=[{"schema": "s", "table": "t", "key": "k", "groups": 1}]),
    "my_uca1400_unique_key": _my(unique_key=_unique()),
    "my_definer_missing": _my(user=[USER], view=[DEFINER]),
    "my_event_runs_twice": _my(
        user=[USER],
        variables={"event_scheduler": "ON"},
        event=[{"schema": "s", "name": "e", "definer": "root@localhost", "status": "ENABLED"}],
    ),
    "my_old_password": _my(user=[{**USER, "password": "mysql_old_password"}]),
    "my_empty_password": _my(user=[{**USER, "password": "empty"}]),
    "my_authentication_plugin": _my(user=[{**USER, "password": "pam"}]),
    "my_option_removed": _my(options=["innodb_support_xa"]),
    "my_option_ignored": _my(options=["innodb_file_format"]),
    "my_sql_mode_lenient": _my(variables={"sql_mode": ""}),
    "my_lower_case_table_names": _my(variables={"lower_case_table_names": "1"}),
    "my_plugin": _my(plugin=[{"name": "SERVER_AUDIT", "type": "AUDIT", "library": "server_audit.so"}]),
}


def _names_in_rules() -> set[str]:
    """The first argument of every ``Finding(...)`` in the rules."""
    found: set[str] = set()
    for module in (
        rules_system, rules_files, rules_postgresql, rules_postgresql_contents, rules_mariadb,
    ):  # fmt: skip
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding" and node.args:
                assert isinstance(node.args[0], ast.Constant)
                found.add(str(node.args[0].value))
    return found


def test_every_finding_has_a_case() -> None:
    assert set(CASES) == _names_in_rules()


def told(target: str = "debian-13", **sections: Any) -> dict[str, Any]:
    return {one.name: one for one in judge.findings(server(**sections), target)}


def test_a_server_in_order_has_none() -> None:
    assert not told()
    assert not told("debian-12")
    # Nobody can see beforehand that nobody will change the schema.
    assert set(told(**_pg())) == {"pg_ddl_during_copy"}
    assert not told(**_my())


@pytest.mark.parametrize("name", CASES)
def test_it_is_told_with_why_and_how_to_go_on(name: str) -> None:
    found = told(**CASES[name])
    assert name in found
    one = found[name]
    assert one.what
    assert one.why
    assert one.rule
    assert one.next_step
    others = set(found) - {name, "pg_ddl_during_copy"}
    # One cause has one name: two would be settled twice.
    assert not others


@pytest.mark.parametrize(
    ("target", "refused"),
    [("debian-12", set()), ("debian-13", {"my_option_removed"})],
    ids=str,
)
def test_options_are_those_of_the_target(target: str, refused: set[str]) -> None:
    assert set(told(target, **_my(options=["old_alter_table"]))) == refused


def test_collisions_concern_the_target_with_that_collation_alone() -> None:
    assert "my_uca1400_unique_key" not in told("debian-12", **_my(unique_key=_unique()))
    assert not told(**_my(unique_key=_unique("utf8mb4_bin")))
    assert not told(**_my(unique_key=_unique("utf8mb4_uca1400_ai_ci")))


def test_a_key_that_was_asked_and_does_not_collide_is_not_told() -> None:
    asked = [{"schema": "shop", "table": "firm", "key": "name", "groups": 0}]
    assert not told(**_my(unique_key=_unique(), collision=asked))


def test_the_proof_of_a_collision_can_be_run() -> None:
    one = told(**_my(unique_key=_unique(cut=10)))["my_uca1400_unique_key"]
    folded = "CONVERT(LEFT(`name`, 10) USING utf8mb4) COLLATE utf8mb4_uca1400_ai_ci"
    assert one.proof == (
        f"SELECT {folded}, COUNT(*) FROM `shop`.`firm` WHERE `name` IS NOT NULL GROUP BY {folded} "
        "HAVING COUNT(*) > 1",
    )


def test_a_release_without_the_limit_is_no_release_with_it() -> None:
    cluster = postgresql(version=120022)
    del cluster["settings"]["max_slot_wal_keep_size"]
    assert "cannot limit" in told(postgresql=[cluster])["pg_max_slot_wal_keep_size"].what


def test_texts_as_partition_keys_make_the_collation_a_blocker() -> None:
    cluster = _pg({"a": {"collate": "zh_CN.UTF-8", "text_partitions": [TABLE]}})
    assert told(**cluster)["pg_collation_change"].severity == judge.BLOCKER
    same: Sections = {"system": {**server()["system"], "libc": "glibc 2.41"}}
    assert "pg_collation_change" not in told(**cluster, **same)


@pytest.mark.parametrize("section", ["postgresql", "mariadb", "roots", "cron", "certificates"])
def test_what_is_not_known_is_told(section: str) -> None:
    missing: Sections = {section: {"unknown": "the probe ended with 127"}}
    found = told(**missing)
    assert set(found) == {f"unknown_{section}"}
    needed = section in ("postgresql", "mariadb", "roots")
    assert found[f"unknown_{section}"].severity == (judge.BLOCKER if needed else judge.WARNING)


def test_what_is_known_in_part_is_told() -> None:
    assert set(told(in_part={"changed": "not done within 60 s"})) == {"in_part_changed"}


def test_a_user_of_a_package_is_no_person() -> None:
    assert told(**CASES["user_id_in_system_range"])["user_id_in_system_range"].where == ("app (500)",)
