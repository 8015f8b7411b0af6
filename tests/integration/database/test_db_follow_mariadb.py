# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A MariaDB database moves between two real servers, while an application writes."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from mariadb_move import (
    TERMS,
    Application,
    Pair,
    application,
    asked,
    children,
    killed_at,
    silent,
)
from servers import PASSWORD

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb import (
    copying,
    cutover,
    programs,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.migration import (
    MariadbMigration,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.side import Side
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import (
    BACK,
    FORWARD,
    Names,
    Terms,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import (
    SqlError,
    session,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    Refused,
)


def test_nothing_is_lost_forward_and_back(pair: Pair) -> None:
    application(pair)
    with session(pair.old.over_tls("mover")) as old:
        # What an application may do that is more than an application: read_only does not stop it.
        old.do("GRANT SUPER, `READ_ONLY ADMIN` ON *.* TO app@localhost".replace("`", ""))
        old.do(
            "CREATE EVENT accidents.hourly ON SCHEDULE EVERY 1 HOUR DO DELETE FROM accidents.written WHERE 0"
        )
    moved = pair.moved("m1", "accidents")
    app = Application(pair, "app", "accidents")
    events = "SELECT status FROM information_schema.events"
    with app.writing():
        app.more()
        moved.copy(2, silent)
        app.more()
        state = moved.read()
        assert (state.copied, state.writes) == (True, {"source": True, "target": False})
        assert (asked(pair.old, events), asked(pair.new, events)) == (
            [("ENABLED",)], [("SLAVESIDE_DISABLED",)],
        )  # fmt: skip
        done = moved.cut_over(TERMS, FORWARD)
        app.more()
        state = moved.read()
        assert state.writes == {"source": False, "target": True}
        assert list(state.ways) == [BACK]
        assert state.ways[BACK].running
        assert (asked(pair.old, events), asked(pair.new, events)) == (
            [("SLAVESIDE_DISABLED",)], [("ENABLED",)],
        )  # fmt: skip
        back = moved.cut_over(TERMS, BACK)
        app.more()
        assert moved.read().writes == {"source": True, "target": False}
        again = moved.cut_over(TERMS, FORWARD)
        app.more()
    assert app.changes == 3
    assert app.missing_and_twice(pair.new.over_tls("mover"), "accidents") == (set(), set())
    # What it says it cost is what the application saw.
    said = max(one.refused_s or 99.0 for one in (done, back, again))
    assert abs(said - app.longest_gap) < 1.0
    assert moved.cut_over(TERMS, FORWARD).acts == [("writes were open already", 0.0)]


#: After which statement the run is killed: each act of a cutover, from its preparation to its last touch.
KILLS = (
    "CREATE OR REPLACE USER", "SELECT COUNT(*)", "ACCOUNT LOCK", "DISABLE ON SLAVE", "read_only = 1",
    "MASTER_GTID_WAIT", "RESET SLAVE", "DROP USER", "read_only = 0", "ACCOUNT UNLOCK", " ENABLE",
    "DELETE FROM",
)  # fmt: skip


def test_a_run_killed_within_any_act_is_finished_by_the_next(pair: Pair) -> None:
    application(pair)
    with session(pair.old.over_tls("mover")) as old:
        old.do(
            "CREATE EVENT accidents.hourly ON SCHEDULE EVERY 1 HOUR DO DELETE FROM accidents.written WHERE 0"
        )
    moved = pair.moved("m2", "accidents")
    app = Application(pair, "app", "accidents")
    with app.writing():
        moved.copy(2, silent)
        for at, words in enumerate(KILLS):
            direction, end = (FORWARD, "target") if at % 2 == 0 else (BACK, "source")
            killed_at(words, "cutover", moved, direction)
            moved.cut_over(TERMS, direction)
            writes = moved.read().writes
            assert [side for side in writes if writes[side]] == [end], words
            app.more(3)
    assert app.changes == len(KILLS)
    assert app.missing_and_twice(pair.old.over_tls("mover"), "accidents") == (set(), set())


# The second look at the transactions is the first while the client programs run.
@pytest.mark.parametrize(("words", "time"), [("innodb_trx", 2), ("CHANGE MASTER", 1)])
def test_a_killed_copy_is_begun_anew_or_gone_on_with(pair: Pair, words: str, time: int) -> None:
    application(pair)
    with session(pair.old.over_tls("mover")) as old:
        old.do("INSERT INTO accidents.written (number) SELECT seq FROM accidents.seq_1_to_20000")
    moved = pair.moved("m3", "accidents")
    killed_at(words, "copy", moved, times=time)
    # Its programs end with it, or they would write under the next run.
    assert children(moved) == []
    moved.copy(2, silent)
    way = moved.read().ways[FORWARD]
    assert (way.running, way.lag_bytes, way.lag_s) == (True, 0, 0.0)
    # Passwords were in it.
    assert list(Path(tempfile.gettempdir()).glob("ajy-m3-*")) == []
    count = "SELECT COUNT(*), SUM(number) FROM accidents.written"
    assert asked(pair.new, count) == asked(pair.old, count)


CONTENTS = (
    "CREATE DATABASE `事故` CHARACTER SET latin1",
    "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
    "CREATE TABLE `事故`.`报告` (id INT AUTO_INCREMENT PRIMARY KEY, `名称` VARCHAR(40) CHARACTER SET utf8mb4,"
    " old VARCHAR(20), narrow VARCHAR(20) CHARACTER SET utf8mb3, happened DATE, bytes BLOB, bits BIT(3),"
    " number DOUBLE, length INT AS (LENGTH(`名称`)) STORED, hidden INT INVISIBLE DEFAULT 7, address INET6,"
    " seen TIMESTAMP(6) DEFAULT '2020-01-01 00:00:00')",
    "INSERT INTO `事故`.`报告` (id, `名称`, old, narrow, happened, bytes, bits, number, address) VALUES"
    " (0, '桂林\\'\\\\', 'é€', '桂', '0000-00-00', x'00ff270a', b'101', 1e300, '::1'),"
    " (7, '𠀀', '', NULL, '2020-00-01', '', NULL, -0.1, NULL)",
    "INSERT INTO `事故`.`报告` (`名称`) SELECT CONCAT('a', seq) FROM `事故`.seq_1_to_5000",
    "DELETE FROM `事故`.`报告` WHERE id > 5000",
    "CREATE TABLE `事故`.journal (id INT, said TEXT) ENGINE = MyISAM",
    "INSERT INTO `事故`.journal VALUES (1, 'x'), (1, 'x')",
    "CREATE SEQUENCE `事故`.`编号` START WITH 100 CACHE 10",
    "SELECT NEXTVAL(`事故`.`编号`)",
    "CREATE FUNCTION `事故`.twice(a INT) RETURNS INT DETERMINISTIC RETURN a * 2",
    "CREATE VIEW `事故`.doubled AS SELECT `事故`.twice(id) AS id, `名称` FROM `事故`.`报告`",
    "CREATE DEFINER = gone@nowhere TRIGGER `事故`.stamped BEFORE INSERT ON `事故`.journal FOR EACH ROW"
    " SET NEW.said = CONCAT(NEW.said, '！')",
    "SET SESSION time_zone = '+08:00'",
    "CREATE DEFINER = clerk@localhost EVENT `事故`.`每日` ON SCHEDULE EVERY 1 DAY"
    " STARTS '2030-01-01 08:00:00'"
    " COMMENT 'ENABLE' DO DELETE FROM `事故`.journal",
    f"CREATE USER clerk@localhost IDENTIFIED BY '{PASSWORD}' WITH MAX_USER_CONNECTIONS 9",
    "CREATE USER `读者`@'10.%' IDENTIFIED BY 'another,Secret1' ACCOUNT LOCK",
    "CREATE ROLE inspectors",
    "GRANT SELECT, INSERT ON `事故`.* TO inspectors",
    "GRANT inspectors TO clerk@localhost",
    "GRANT EXECUTE ON FUNCTION `事故`.twice TO clerk@localhost",
    "GRANT SELECT (id), UPDATE (old) ON `事故`.`报告` TO `读者`@'10.%'",
    # A dump writes six digits of a FLOAT, and touches what is stamped.
    "CREATE TABLE `事故`.`风险` (id INT PRIMARY KEY, risk FLOAT,"
    " at TIMESTAMP NOT NULL DEFAULT '2014-01-01 00:00:00' ON UPDATE CURRENT_TIMESTAMP)",
    "INSERT INTO `事故`.`风险` (id, risk) VALUES (1, 0.10017465800046921), (2, 8.797825749e-13), (3, NULL),"
    " (4, 16777216)",
    "SET SESSION sql_mode = 'ALLOW_INVALID_DATES'",
    "CREATE TABLE `事故`.`成立` (id INT PRIMARY KEY, founded DATE NOT NULL)",
    "INSERT INTO `事故`.`成立` VALUES (1, '2010-02-31'), (2, '0000-00-00'), (3, '2010-02-28')",
    "CREATE TABLE `事故`.`测点` (name VARCHAR(20) PRIMARY KEY, value FLOAT NOT NULL)",
    "INSERT INTO `事故`.`测点` VALUES ('柳江', 0.30000001192092896), ('a', 1.2345678e-7)",
)
SAME = (
    "SELECT *, hidden, HEX(`名称`), HEX(old) FROM `事故`.`报告` ORDER BY id",
    "SELECT * FROM `事故`.journal",
    "SELECT * FROM `事故`.doubled ORDER BY 1 LIMIT 3",
    "SHOW CREATE TABLE `事故`.`报告`",
    "SHOW CREATE VIEW `事故`.doubled",
    "SHOW CREATE FUNCTION `事故`.twice",
    "SHOW CREATE SEQUENCE `事故`.`编号`",
    "SELECT trigger_name, action_statement, definer, sql_mode FROM information_schema.triggers"
    " WHERE trigger_schema = '事故'",
    "SELECT event_name, definer, time_zone, event_definition, starts, sql_mode, event_comment"
    " FROM information_schema.events",
    "SELECT id, CAST(risk AS DOUBLE), at FROM `事故`.`风险` ORDER BY id",
    "SELECT id, CAST(founded AS CHAR) FROM `事故`.`成立` ORDER BY id",
    "SELECT name, CAST(value AS DOUBLE) FROM `事故`.`测点` ORDER BY name",
    "SHOW GRANTS FOR clerk@localhost", "SHOW GRANTS FOR `读者`@'10.%'", "SHOW GRANTS FOR inspectors",
)  # fmt: skip


def test_everything_comes_along_and_nothing_else(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    with session(pair.old.over_tls("mover")) as old:
        for statement in CONTENTS:
            old.rows(statement)
        old.do("CREATE DATABASE stays")
        old.do("CREATE TABLE stays.here (id INT PRIMARY KEY)")
    monkeypatch.setattr(copying, "_SPLIT_BYTES", 1000)
    moved = pair.moved("m4", "事故")
    before = asked(pair.new, "SELECT @@GLOBAL.gtid_binlog_pos")
    moved.copy(3, silent)
    assert asked(pair.new, "SELECT @@GLOBAL.gtid_binlog_pos") == before
    with session(pair.old.over_tls("mover")) as old:
        old.do("INSERT INTO stays.here VALUES (1)")
        old.do("ALTER TABLE `事故`.journal ADD further INT DEFAULT 3")
        old.do("CREATE TABLE `事故`.`后来` (id INT PRIMARY KEY)")
        # Given out, and never stored.
        old.do("BEGIN")
        old.do("INSERT INTO `事故`.`报告` (id) VALUES (9000)")
        old.do("ROLLBACK")
        old.do("SET PASSWORD FOR clerk@localhost = PASSWORD('changed,Secret1')")
    moved.cut_over(TERMS, FORWARD)
    for query in SAME:
        assert asked(pair.new, query) == asked(pair.old, query), query
    assert asked(pair.new, "SHOW DATABASES LIKE 'stays'") == []
    assert asked(pair.new, "SELECT COUNT(*) FROM `事故`.`后来`") == [(0,)]
    locked = (
        "SELECT COALESCE(JSON_VALUE(Priv, '$.account_locked'), 0) FROM mysql.global_priv WHERE User = '%s'"
    )
    assert [asked(pair.new, locked % user)[0][0] for user in ("clerk", "读者")] == ["0", "1"]
    clerk = replace(pair.new.server(), user="clerk", password="changed,Secret1")
    with session(clerk) as opened:
        opened.do("SET ROLE inspectors")
        opened.do("INSERT INTO `事故`.`报告` (old) VALUES ('new')")
        assert opened.value("SELECT LAST_INSERT_ID()") > 9000
    with pytest.raises(DatacenterError, match="locked"), session(replace(clerk, host=pair.old.server().host)):
        pass


def test_what_stands_in_the_way_is_named(pair: Pair) -> None:
    application(pair)
    with session(pair.old.over_tls("mover")) as old, session(pair.new.over_tls("mover")) as new:
        old.do("CREATE TABLE accidents.plain (id INT) ENGINE = Aria")
        old.do("SET GLOBAL binlog_format = 'MIXED'")
        new.do("SET GLOBAL gtid_domain_id = 0")
        new.do("CREATE DATABASE accidents")
        new.do("CREATE TABLE accidents.another (id INT)")
        old.do("XA START 'left'")
        old.do("INSERT INTO accidents.written (number) VALUES (1)")
        old.do("XA END 'left'")
        old.do("XA PREPARE 'left'")
        moved = MariadbMigration(
            pair.old.over_tls("mover"), pair.new.over_tls("mover"), Names("m5"), ["accidents", "nowhere"]
        )
        try:
            found = "\n".join(moved.objections())
            with pytest.raises(Refused, match="binlog_format"):
                moved.copy(1, silent)
        finally:
            old.do("XA ROLLBACK 'left'")
            old.do("SET GLOBAL binlog_format = 'ROW'")
            new.do("SET GLOBAL gtid_domain_id = 2")
    for words in ("binlog_format MIXED", "gtid_domain_id 0", "accidents.plain", "not empty", "XA", "nowhere"):
        assert words in found
    assert "accidents.plain" in "\n".join(moved.remarks())
    # Nothing was touched.
    assert moved.read().left_behind == []
    weak = replace(moved.source, user="app", host=str(pair.old.socket))
    assert "REPLICATION SLAVE" in "\n".join(
        MariadbMigration(weak, moved.target, Names("m5"), ["a"]).objections()
    )


def test_a_break_before_the_opening_opens_the_old_side_again(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    application(pair)
    moved = pair.moved("m6", "accidents")
    app = Application(pair, "app", "accidents")
    new = pair.new.process
    assert new is not None

    def frozen(_old: Side, target: Side) -> list[str]:
        new.send_signal(signal.SIGSTOP)
        target.sql.value("SELECT 1")
        return []

    with app.writing():
        moved.copy(2, silent)
        monkeypatch.setattr(cutover, "raise_counters", frozen)
        try:
            with pytest.raises(DatacenterError):
                moved.cut_over(Terms(lag_s=5, stop_s=2), FORWARD)
            app.more(1)
            assert app.longest_gap < 2 + 3
        finally:
            new.send_signal(signal.SIGCONT)
        monkeypatch.undo()
        # The frozen server wakes up with the lock of the run that gave it up; the way goes on by itself.
        moved.copy(2, silent)
        moved.cut_over(TERMS, FORWARD)
        app.more()
    assert app.changes == 1
    assert app.missing_and_twice(pair.new.over_tls("mover"), "accidents") == (set(), set())


def test_a_restart_opens_nothing_and_a_lost_filter_is_mended(pair: Pair, tmp_path: Path) -> None:
    application(pair)
    moved = MariadbMigration(
        pair.old.server(), pair.new.server(), Names("m7"), ["accidents"], options=tmp_path
    )
    for server in pair:
        with session(server.server()) as root:
            # As a real server has it; the tests' own forget their last second when they are killed.
            root.do("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
    moved.copy(1, silent)
    pair.new.stop(signal.SIGKILL)
    pair.new.start()
    assert "which databases flow" in str(moved.read().ways[FORWARD].error)
    assert moved.read().writes["target"] is False
    with pytest.raises(Refused, match="which databases flow"):
        moved.cut_over(TERMS, FORWARD)
    # With the file that was written for its configuration it would not have lost it.
    (written,) = tmp_path.iterdir()
    line = written.read_text().splitlines()[-1]
    pair.new.stop(signal.SIGKILL)
    pair.new.settings, before = (*pair.new.settings, line.replace("\\\\", "\\")), pair.new.settings
    pair.new.start()
    pair.new.settings = before
    assert moved.read().ways[FORWARD].error is None
    moved.copy(1, silent)
    moved.cut_over(TERMS, FORWARD)
    pair.old.stop(signal.SIGKILL)
    pair.old.start()
    assert moved.read().writes == {"source": False, "target": True}
    moved.copy(1, silent)
    with session(pair.new.server()) as new:
        new.do("INSERT INTO accidents.written (number) VALUES (77)")
    moved.cut_over(TERMS, BACK)
    assert asked(pair.old, "SELECT number FROM accidents.written") == [(77,)]


def test_nothing_of_ours_is_left(pair: Pair, tmp_path: Path) -> None:
    application(pair)
    moved = MariadbMigration(
        pair.old.over_tls("mover"), pair.new.over_tls("mover"), Names("m8"), ["accidents"], options=tmp_path
    )
    looks = ("SHOW DATABASES", "SHOW ALL SLAVES STATUS", "SELECT User FROM mysql.global_priv ORDER BY 1")
    before = [asked(pair.old, look) for look in looks]
    moved.copy(1, silent)
    at_a_time = "SELECT @@slave_parallel_threads"
    assert (asked(pair.old, at_a_time), asked(pair.new, at_a_time)) == ([(0,)], [(8,)])
    with pytest.raises(Refused, match="accepts writes"):
        moved.open_writes("target")
    moved.cut_over(TERMS, FORWARD)
    assert asked(pair.old, at_a_time) == [(8,)]
    assert len(moved.read().left_behind) > 3
    removed = "\n".join(moved.remove())
    assert [asked(pair.old, look) for look in looks] == before
    assert asked(pair.new, "SHOW DATABASES") == asked(pair.old, "SHOW DATABASES")
    assert asked(pair.old, at_a_time) == asked(pair.new, at_a_time) == [(0,)]
    assert moved.read().left_behind == []
    assert list(tmp_path.iterdir()) == []
    assert "account 'app'@'localhost' of old stays locked" in removed
    app = replace(pair.old.server(), user="app", password=PASSWORD)
    with pytest.raises(DatacenterError, match="locked"), session(app):
        pass
    with session(replace(app, host=pair.new.server().host)) as opened, pytest.raises(SqlError):
        opened.do("INSERT INTO accidents.nothing VALUES (1)")


def test_a_move_that_was_given_up_can_be_made_again(pair: Pair) -> None:
    application(pair)
    with session(pair.new.over_tls("mover")) as new:
        # One of the target's own, that may write there and is locked meanwhile.
        new.do(f"CREATE USER own@localhost IDENTIFIED BY '{PASSWORD}'")
        new.do("GRANT INSERT ON accidents.* TO own@localhost")
    moved = pair.moved("m9", "accidents")
    moved.copy(1, silent)
    moved.cut_over(TERMS, FORWARD)
    moved.cut_over(TERMS, BACK)
    assert moved.remove()
    assert moved.remove() == []
    assert moved.read().writes == {"source": True, "target": False}
    assert (moved.read().left_behind, moved.read().copied, moved.read().ways) == ([], False, {})
    # The same again, with what was written meanwhile; by a run that breaks with the old side closed.
    with session(pair.old.over_tls("mover")) as old:
        old.do("INSERT INTO accidents.written (number) VALUES (7)")
    moved.copy(1, silent)
    killed_at("read_only = 1", "cutover", moved, FORWARD)
    assert moved.read().writes == {"source": False, "target": False}
    moved.remove()
    assert moved.read().writes == {"source": True, "target": False}
    moved.copy(1, silent)
    moved.cut_over(TERMS, FORWARD)
    for user, server in (("app", pair.new), ("own", pair.new)):
        with session(replace(server.server(), user=user, password=PASSWORD)) as opened:
            opened.do("INSERT INTO accidents.written (number) VALUES (8)")
    assert asked(pair.new, "SELECT number FROM accidents.written") == [(7,), (8,), (8,)]


def test_an_option_file_keeps_every_character_of_a_password(pair: Pair, tmp_path: Path) -> None:
    password = "a\"b\\c#d'e f;%s桂"
    with session(pair.old.over_tls("mover")) as old:
        old.do("CREATE USER odd@'127.0.0.1' IDENTIFIED BY %s REQUIRE SSL", [password])
    server = replace(pair.old.over_tls("odd"), password=password)
    file = programs.option_file(tmp_path / "options", server)
    assert file.stat().st_mode & 0o777 == 0o600
    command = [programs.program("mariadb"), f"--defaults-file={file}", "-Ne", "SELECT CURRENT_USER()"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("odd@127.0.0.1", "")
