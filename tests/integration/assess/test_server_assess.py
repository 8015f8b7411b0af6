# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real databases with everything awkward in them, on sockets in a temporary directory; the real scripts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess import collect, document, judge

MARK = "5e1f"
#: What does not depend on how large the machine is; the others are asked once, by the playbook.
PROBES = tuple(
    name for name in collect.PROBES if name not in ("packages", "changed", "certificates", "references")
)
BIN = Path(sys.executable).parent
OLD = sorted(Path("/root/.pyenv/versions").glob("3.6.*/bin/python3.6"))
#: Python 3.6 where the machine has one; else that of the tests, and a unit test reads the script as 3.6 does.
RUNNERS = {"python 3.6": OLD[-1]} if OLD else {"python": Path(sys.executable).resolve()}

POSTGRESQL = """
CREATE ROLE old_app LOGIN;
SET password_encryption = 'md5';
ALTER ROLE old_app PASSWORD 'not-to-be-seen';
SET password_encryption = 'scram-sha-256';
CREATE ROLE new_app LOGIN PASSWORD 'not-to-be-seen';
ALTER ROLE old_app SET work_mem = '8MB';
SELECT pg_create_physical_replication_slot('left_behind', true);
"""
REPORTS = """
CREATE EXTENSION adminpack;
CREATE TABLE reports (report_id serial PRIMARY KEY, place text);
CREATE TABLE "日志" (line text);
INSERT INTO "日志" VALUES ('a');
CREATE UNLOGGED TABLE scratch (id int PRIMARY KEY);
CREATE TABLE by_place (place text) PARTITION BY RANGE (place);
CREATE VIEW v AS SELECT 1;
SELECT lo_create(4711);
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touch BEFORE INSERT ON reports FOR EACH ROW EXECUTE FUNCTION touched();
ALTER TABLE reports ENABLE ALWAYS TRIGGER touch;
BEGIN;
INSERT INTO reports (place) VALUES ('Nanning');
PREPARE TRANSACTION 'forgotten';
"""
MARIADB = """
CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;
USE shop;
CREATE TABLE firm (id INT PRIMARY KEY, name VARCHAR(40), UNIQUE KEY name (name)) ENGINE=InnoDB;
INSERT INTO firm VALUES (1, '\uff21厂'), (2, 'A厂');
CREATE TABLE place (id INT PRIMARY KEY, name VARCHAR(40), UNIQUE KEY name (name)) ENGINE=InnoDB;
INSERT INTO place VALUES (1, 'Nanning'), (2, 'Liuzhou');
CREATE TABLE visits (at DATETIME) ENGINE=MyISAM;
CREATE TABLE risks (risk FLOAT);
CREATE TABLE old_words (id INT PRIMARY KEY, w VARCHAR(10) CHARACTER SET latin1,
  u VARCHAR(10) CHARACTER SET utf8mb3);
CREATE TABLE balance (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING;
CREATE DEFINER='gone'@'%' VIEW left_over AS SELECT 1 AS one;
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM visits;
CREATE USER app@'10.%' IDENTIFIED BY 'not-to-be-seen';
CREATE USER nobody@'%' IDENTIFIED BY '';
SET GLOBAL event_scheduler = OFF;
XA START 'forgotten';
INSERT INTO place VALUES (3, 'Guilin');
XA END 'forgotten';
XA PREPARE 'forgotten';
"""


class Databases:
    """A PostgreSQL and a MariaDB that nobody outside of this directory can reach."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.postgresql, self.mariadb = root / "pg", root / "my"
        servers = sorted(
            Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4])
        )
        assert servers, "PostgreSQL's server programs are needed (see bindep.txt)"
        self.bin = servers[-1].parent
        self.hashes: list[str] = []
        self._server: subprocess.Popen[bytes] | None = None

    def build(self) -> None:
        subprocess.run(["chown", "postgres", self.root], check=True)
        self._as_postgres("initdb", "-D", str(self.postgresql), "-A", "peer", "--no-sync", "--locale=C.UTF-8")
        options = (
            f"-k {self.root} -p 5499 -c listen_addresses= -c max_prepared_transactions=3 -c wal_level=replica"
            " -c fsync=off"
        )
        self._as_postgres(
            "pg_ctl",
            "-D",
            str(self.postgresql),
            "-w",
            "-l",
            str(self.root / "pg.log"),
            "-o",
            options,
            "start",
        )
        self.psql("postgres", POSTGRESQL)
        self.psql("postgres", 'CREATE DATABASE "事故上报"')
        self.psql("事故上报", REPORTS)
        self.hashes += self.psql(
            "postgres", "SELECT rolpassword FROM pg_authid WHERE rolpassword <> ''"
        ).split()
        self._build_mariadb()

    def _build_mariadb(self) -> None:
        subprocess.run(["chmod", "o+x", self.root], check=True)
        self.mariadb.mkdir()
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", f"--datadir={self.mariadb}", "--user=root",
             "--skip-test-db",
             "--auth-root-authentication-method=socket"], check=True, **quiet,
        )  # fmt: skip
        # In a namespace of mounts of its own, as systemd starts it (ProtectSystem).
        self._server = subprocess.Popen(
            ["unshare", "-m", "mariadbd", "--no-defaults", f"--datadir={self.mariadb}", "--user=root",
             "--skip-networking", f"--socket={self.mariadb}/s", "--innodb-flush-log-at-trx-commit=0",
             f"--pid-file={self.mariadb}/p",
             "--character-set-server=utf8mb4", "--sql-mode=", "--innodb-buffer-pool-size=16M"], **quiet,
        )  # fmt: skip
        for _second in range(60):
            if (self.mariadb / "s").exists():
                break
            time.sleep(0.25)
        self.sql(MARIADB)
        self.hashes += self.sql("SELECT Password FROM mysql.user WHERE User = 'app'").split()

    def _as_postgres(self, program: str, *arguments: str, said: str = "") -> str:
        done = subprocess.run(
            ["runuser", "-u", "postgres", "--", str(self.bin / program), *arguments],
            input=said, capture_output=True, text=True, check=False, cwd="/", timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def psql(self, database: str, sql: str) -> str:
        return self._as_postgres(
            "psql",
            "-XAtq",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            str(self.root),
            "-p",
            "5499",
            "-d",
            database,
            said=sql,
        )

    def sql(self, sql: str) -> str:
        done = subprocess.run(
            ["mariadb", "--no-defaults", "-u", "root", f"--socket={self.mariadb}/s", "-BN",
             "--default-character-set=utf8mb4"],
            input=sql, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stop(self) -> None:
        if (self.postgresql / "postmaster.pid").exists():
            self._as_postgres("pg_ctl", "-D", str(self.postgresql), "-m", "immediate", "-w", "stop")
        if self._server is not None:
            self._server.kill()
            self._server.wait(20)


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    # Paths of sockets are short, and everybody has to pass through the directories above.
    made = Databases(Path(tempfile.mkdtemp(prefix="assess.", dir="/tmp")))
    try:
        made.build()
        yield made
    finally:
        made.stop()
        subprocess.run(["rm", "-rf", made.root], check=True)


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An application's root with what copies get wrong."""
    root = tmp_path_factory.mktemp("srv")
    app = root / "app"
    app.mkdir()
    (app / "上传.pdf").write_bytes(b"x" * 5000)
    (app / "tool").write_bytes(b"#!")
    (app / "tool").chmod(0o4755)
    os.link(app / "上传.pdf", app / "again.pdf")
    os.truncate(app / "tool", 3_000_000)
    for name in ("listed", "of nobody", "capable"):
        (app / name).write_text("")
    subprocess.run(["setfacl", "-m", "u:1234:r", str(app / "listed")], check=True)
    os.chown(app / "of nobody", 54321, 54321)
    (app / "capable").chmod(0o755)
    subprocess.run(["setcap", "cap_net_bind_service+ep", str(app / "capable")], check=True)
    return root


def assess(shell: str, directory: Path, roots: Path, python: bool) -> tuple[dict[str, Any], str]:
    """The document, and all that came back. What is found in PATH is what lies in that directory."""
    command = collect.command(
        MARK, sample_s=1, verify=False, long_s=60, roots=[str(roots)], probes=PROBES, python=python
    )
    done = subprocess.run(
        [shell, "-c", command], capture_output=True, text=True, check=False, timeout=240,
        env={"PATH": str(directory), "TMPDIR": str(directory)},
    )  # fmt: skip
    answer = collect.read(done.stdout, MARK, "old-01")
    said = "\n".join(section.out + section.err for section in answer.sections.values())
    return document.build("old-01", answer, time.time(), 1), said


@pytest.fixture(scope="module")
def answers(
    databases: Databases, application: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[dict[str, Any], str]]:
    """The same server, read by each runner."""
    found = {}
    for name, interpreter in {**RUNNERS, "sh": None}.items():
        directory = tmp_path_factory.mktemp("path")
        (directory / "tr").symlink_to("/usr/bin/tr")
        if interpreter is not None:
            (directory / "python3").symlink_to(interpreter)
        before = directory.stat().st_mtime_ns
        found[name] = assess("/bin/dash", directory, application, python=True)
        # The shells and programs put nothing into the directory for temporary files.
        assert directory.stat().st_mtime_ns == before
    return found


BY = [*RUNNERS, "sh"]


@pytest.mark.parametrize("name", BY)
def test_it_ran_under_what_was_there(answers: dict[str, tuple[dict[str, Any], str]], name: str) -> None:
    found = answers[name][0]
    assert found["by"].startswith(name)
    assert found["system"]["as_root"] is True
    assert found["packages"] == {"unknown": "it was not asked for"}
    assert found["performance"]["seconds"] >= 1


def _cluster(found: dict[str, Any], databases: Databases) -> dict[str, Any]:
    return next(one for one in found["postgresql"] if one["directory"] == str(databases.postgresql))


def _server(found: dict[str, Any], databases: Databases) -> dict[str, Any]:
    return next(one for one in found["mariadb"] if one["directory"] == str(databases.mariadb))


def _only(found: dict[str, Any], databases: Databases) -> dict[str, Any]:
    """The document with the test's own databases alone: others may run on this machine."""
    own = {"postgresql": [_cluster(found, databases)], "mariadb": [_server(found, databases)]}
    return {**found, **own}


@pytest.mark.parametrize("name", BY)
def test_postgresql_says_what_it_holds(
    answers: dict[str, tuple[dict[str, Any], str]], databases: Databases, name: str
) -> None:
    cluster = _cluster(answers[name][0], databases)
    assert not cluster["unknown"]
    assert set(cluster["databases"]) == {"postgres", "事故上报"}
    reports = cluster["databases"]["事故上报"]
    assert not reports["unknown"]
    assert reports["encoding"] == "UTF8"
    witness = databases.psql("postgres", "SELECT pg_database_size('事故上报')")
    assert abs(reports["bytes"] - int(witness)) < 1_000_000
    assert sorted(one["name"] for one in reports["without_key"]) == ["by_place", "日志"]
    assert reports["large_objects"][0]["n"] == 1
    assert {"triggers": 1, "functions": 1, "definers": 1}.items() <= reports["counts"][0].items()
    kept = {one["name"]: one["password"] for one in cluster["roles"]}
    assert kept == {"postgres": "none", "old_app": "md5", "new_app": "scram"}
    assert cluster["role_settings"] == [{"role": "old_app", "database": "", "name": "work_mem"}]
    assert cluster["written_bytes_s"] is not None


@pytest.mark.parametrize("name", BY)
def test_mariadb_says_what_it_holds(
    answers: dict[str, tuple[dict[str, Any], str]], databases: Databases, name: str
) -> None:
    server = _server(answers[name][0], databases)
    assert not server["unknown"]
    assert server["variables"]["version"].startswith("10.11")
    assert [one["name"] for one in server["schema"]] == ["shop"]
    kept = {
        one["name"]: one["password"] for one in server["user"] if one["name"] in ("app", "nobody", "root")
    }
    assert kept == {"app": "mysql_native_password", "nobody": "empty", "root": "unusable"}
    collisions = {one["table"]: one["groups"] for one in server["collision"]}
    # A full-width letter and a half-width one: two firms here, one under the default of 11.8.
    assert collisions == {"firm": 1, "place": 0}
    assert len(server["xa"]) == 1


@pytest.mark.parametrize("name", BY)
def test_what_is_awkward_is_found_by_name(
    answers: dict[str, tuple[dict[str, Any], str]], databases: Databases, name: str
) -> None:
    found = judge.findings(_only(answers[name][0], databases), "debian-13")
    told = {one.name for one in found}
    assert {
        "pg_wal_level", "pg_max_slot_wal_keep_size", "pg_table_without_key", "pg_large_objects",
        "pg_unlogged_table",
        "pg_sequences", "pg_md5_password", "pg_prepared_transaction", "pg_extension_missing", "pg_slot_idle",
        "pg_ssl_off", "my_uca1400_collision", "my_table_not_transactional", "my_utf8_of_three_bytes",
        "my_bytes_in_latin1", "my_system_versioned", "my_definer_missing", "my_xa_prepared", "my_log_bin_off",
        "my_empty_password", "my_sql_mode_lenient", "my_ssl_off", "file_names_not_ascii", "set_id_files",
        "hard_links", "files_of_nobody", "files_with_acl", "files_with_holes", "file_capabilities",
        "my_float_without_key", "pg_replica_trigger",
    } <= told  # fmt: skip
    assert not {"pg_unknown", "my_unknown", "estimate_unknown"} & told


def _shape(value: Any) -> Any:
    """Names and kinds without values; of a list what its entries have."""
    if isinstance(value, dict):
        return {key: _shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_shape(value[0])] if value else []
    return type(value).__name__


def test_both_give_the_same_document(
    answers: dict[str, tuple[dict[str, Any], str]], databases: Databases
) -> None:
    one, other = (_only(answers[name][0], databases) for name in BY)
    assert set(one) == set(other)
    for section in (
        "system",
        "accounts",
        "roots",
        "time_locale",
        "mandatory_access",
        "postgresql",
        "mariadb",
    ):
        assert _shape(one[section]) == _shape(other[section]), section
    assert one["accounts"] == other["accounts"]
    assert one["roots"] == other["roots"]


@pytest.mark.parametrize("name", BY)
def test_no_hash_leaves_the_server(
    answers: dict[str, tuple[dict[str, Any], str]], databases: Databases, name: str
) -> None:
    assert len(databases.hashes) == 3
    said = answers[name][1]
    assert not [one for one in (*databases.hashes, "not-to-be-seen") if one in said or one[3:] in said]


@pytest.mark.parametrize("name", BY)
def test_roots_are_measured(
    answers: dict[str, tuple[dict[str, Any], str]], application: Path, name: str
) -> None:
    [app] = [one for one in answers[name][0]["roots"] if one["path"] == str(application / "app")]
    assert (app["files"], app["odd_names"], app["set_id"], app["linked"]) == (7, 1, 1, 2)
    assert (app["access_lists"], app["holes"], app["nobodys"], app["capable"]) == (1, 1, 1, 1)
    assert 5000 <= app["bytes"] < 100_000


def test_a_certificate_is_read_and_its_key_is_not(tmp_path: Path) -> None:
    key, certificate = tmp_path / "etc" / "a.key", tmp_path / "etc" / "a.crt"
    key.parent.mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-days", "10", "-subj",
         "/CN=old.example",
         "-addext", "subjectAltName=DNS:old.example,IP:10.1.1.1", "-keyout", str(key), "-out",
         str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    (key.parent / "combined.pem").write_text(key.read_text() + certificate.read_text())
    probe = (
        (collect.SOURCE / "probes.sh").read_text().replace("find /etc /opt", f"find {key.parent} /nowhere")
    )
    done = subprocess.run(
        ["dash", "-c", probe + "\nA_LONG=20 probe_certificates"], capture_output=True, text=True, check=True
    )
    answer = collect.Answer("sh", {"certificates": collect.Section(0, done.stdout)})
    [found] = [
        one
        for one in document.build("old-01", answer, time.time(), 1)["certificates"]
        if str(key.parent) in one["path"]
    ]
    assert found["path"] == str(certificate)
    assert (found["bits"], found["key"], found["names"]) == (
        1024,
        "rsaEncryption",
        ["old.example", "10.1.1.1"],
    )
    told = {one.name for one in judge.findings(document.build("x", answer, time.time(), 1), "debian-13")}
    assert {"certificate_ends_soon", "certificate_weak"} <= told


PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Read | the server
      anjianyun.datacenter.server_assess:
        dest: "{{ out }}/"
        target: debian-13
        sample_s: 1
        search_s: 60
        roots: ["{{ root }}"]
        verify_packages: false
        interpreter: "{{ interpreter }}"
    - name: Read | the waves
      anjianyun.datacenter.migration_waves:
        paths: ["{{ out }}"]
        target: debian-13
        mbit_s: 500
        svg: "{{ out }}/waves.svg"
        dest: "{{ out }}/plan.json"
        language: zh
"""


def test_a_playbook_assesses_and_plans(application: Path, tmp_path: Path) -> None:
    play, out = tmp_path / "play.yml", tmp_path / "out"
    play.write_text(PLAY)
    out.mkdir()

    def run(interpreter: str, *options: str) -> str:
        extra = json.dumps({"out": str(out), "root": str(application), "interpreter": interpreter})
        # An interpreter that is not there: a module of Ansible's would need it, this does not.
        inventory = "old-01 ansible_connection=local ansible_python_interpreter=/nowhere/python"
        (tmp_path / "hosts").write_text(inventory + "\n")
        done = subprocess.run(
            [str(BIN / "ansible-playbook"), "-i", str(tmp_path / "hosts"), str(play), "-e", extra, *options],
            capture_output=True, text=True, check=False, timeout=240, cwd=Path(__file__).parents[3],
            env={**os.environ, "ANSIBLE_STDOUT_CALLBACK": "default", "ANSIBLE_NOCOLOR": "1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("auto")
    read = json.loads((out / "old-01.json").read_text())
    assert read["by"].startswith("python 3.")
    names = {one["name"] for one in read["packages"]["installed"]}
    assert {"dpkg", "bash"} <= names
    plan = json.loads((out / "plan.json").read_text())
    assert plan["waves"][0]["systems"] == ["old-01"]
    assert plan["estimates"]["old-01"]["file_bytes"] == read["roots"][0]["bytes"]
    assert (out / "waves.svg").read_text().startswith("<svg")

    # A check reads, and writes nothing.
    (out / "waves.svg").unlink()
    assert "changed=1" in run("sh", "--check")
    assert json.loads((out / "old-01.json").read_text())["by"] == read["by"]
    assert not (out / "waves.svg").exists()
