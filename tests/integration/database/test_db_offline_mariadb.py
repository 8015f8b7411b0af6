# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A MariaDB database whose server writes no binary log moves in its window, or stays where it is."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import pymysql
import pytest
from mariadb_move import Application, add_mover, children, silent
from pymysql.connections import Connection
from servers import PASSWORD, Maria, free_port, maria

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.offline import (
    OfflineMariadb,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import (
    BACK,
    FORWARD,
    Names,
    Terms,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused

TERMS = Terms(stop_s=120)


class Pair(NamedTuple):
    old: Maria
    new: Maria

    def moved(self, name: str, database: str, *accept: str) -> OfflineMariadb:
        return OfflineMariadb(
            self.old.over_tls("mover"), self.new.over_tls("mover"), Names(name), [database], jobs=2,
            accept=accept,
        )  # fmt: skip

    def asked(self, side: int, query: str) -> list[tuple[Any, ...]]:
        with session(self[side].over_tls("mover")) as opened:
            return [tuple(row) for row in opened.rows(query)]

    def application(self, database: str) -> Application:
        """Its account, its tables (one of them knows no transactions), an event and a trigger."""
        for server in self:
            with session(server.over_tls("mover")) as opened:
                # What a test before has closed stays so.
                opened.do("SET GLOBAL read_only = 0")
        with session(self.old.over_tls("mover")) as old:
            for statement in (
                f"CREATE DATABASE {database}",
                f"USE {database}",
                "CREATE TABLE written (id INT AUTO_INCREMENT PRIMARY KEY, number INT, at DATETIME(6)"
                " DEFAULT NOW(6))",
                "CREATE TABLE counted (number INT) ENGINE = MyISAM",
                "CREATE TABLE `报告` (id INT PRIMARY KEY, share FLOAT, text TEXT)",
                "INSERT INTO `报告` SELECT seq, seq / 7, CONCAT('a\\tb', seq) FROM seq_1_to_500",
                "CREATE TRIGGER count_it AFTER INSERT ON written FOR EACH ROW INSERT INTO counted VALUES"
                " (NEW.number)",
                "CREATE EVENT hourly ON SCHEDULE EVERY 1 HOUR DO DELETE FROM written WHERE 0",
                f"CREATE USER {database}@localhost IDENTIFIED BY '{PASSWORD}'",
                f"GRANT ALL PRIVILEGES ON {database}.* TO {database}@localhost",
            ):
                old.do(statement)
        return Application(self, database, database)


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with maria("old", "event-scheduler=ON") as old, maria("new", "event-scheduler=ON") as new:
        for server in (old, new):
            add_mover(server)
        yield Pair(old, new)


def killed(moved: OfflineMariadb, what: str, act: str) -> None:
    """Run a verb in a process of its own that is killed with -9 as an act begins."""
    given = {
        "old": asdict(moved.source), "new": asdict(moved.target), "name": moved.names.migration,
        "database": moved.databases[0], "what": what, "act": act,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(Path(__file__)), json.dumps(given)],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, (act, done.stdout, done.stderr[-2000:])


def test_it_moves_in_its_window_and_loses_nothing(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    app = pair.application("offline")
    moved = pair.moved("o1", "offline")
    events = "SELECT status FROM information_schema.events"
    assert pair.asked(0, "SELECT @@log_bin") == [(0,)]
    assert moved.objections() == []
    assert "rehearse it" in "\n".join(moved.not_ready(TERMS, FORWARD))
    with app.writing():
        app.more()
        moved.copy(2, silent)
        app.more()
        state = moved.read()
        assert (state.copied, state.writes, state.ways) == (True, {"source": True, "target": False}, {})
        # Nothing of the move is at the source before its window.
        assert list(state.left_behind) == []
        assert state.estimate_s
        with pytest.raises(Refused, match="the window is too short"):
            moved.cut_over(Terms(stop_s=state.estimate_s), FORWARD)
        app.more()
        done = moved.cut_over(TERMS, FORWARD)
        app.more()
        assert moved.read().writes == {"source": False, "target": True}
        assert done.compared
        assert done.compared["identical"]
        assert (pair.asked(0, events), pair.asked(1, events)) == (
            [("SLAVESIDE_DISABLED",)], [("ENABLED",)],
        )  # fmt: skip
        again = moved.cut_over(TERMS, FORWARD)
        assert (again.acts, again.compared and again.compared["identical"]) == ([], True)
        assert done.refused_s
        assert again.refused_s == pytest.approx(done.refused_s, abs=5)
    assert app.changes == 1
    assert app.missing_and_twice(pair.new.over_tls("mover"), "offline") == (set(), set())
    written, counted = ({row[0] for row in pair.asked(1, f"SELECT number FROM offline.{name}")}
                        for name in ("written", "counted"))  # fmt: skip
    # What knows no transactions keeps what a statement did that was ended in its middle.
    assert written <= counted <= written | app.unknown
    with pytest.raises(Refused, match="rows that were written there from 2.* would stay there"):
        moved.cut_over(TERMS, BACK)
    assert moved.read().writes == {"source": False, "target": True}
    accepting = pair.moved("o1", "offline", "rows_at_target")
    with monkeypatch.context() as broken:
        real = moved._remove_from
        broken.setattr(moved, "_remove_from", lambda side: real(side) if side.role == "source" else 1 / 0)
        with pytest.raises(ZeroDivisionError):
            moved.remove()
    with pytest.raises(Refused, match="the move was confirmed: nothing flows back"):
        accepting.cut_over(TERMS, BACK)
    assert moved.cut_over(TERMS, FORWARD).compared
    assert moved.remove()
    # Confirmed by a run that broke before it was told, and asked for once more.
    assert moved.read().writes == {"source": False, "target": True}
    assert moved.cut_over(TERMS, FORWARD).acts == [("writes were open already", 0.0)]
    moved.copy(2, silent)
    assert "nothing flows back" in "".join(accepting.not_ready(TERMS, BACK))
    with pytest.raises(Refused, match="the move was confirmed: nothing flows back"):
        accepting.cut_over(TERMS, BACK)
    assert moved.read().writes == {"source": False, "target": True}
    assert pair.asked(1, "SHOW DATABASES LIKE 'ajy%'") == []


def test_what_is_at_the_target_already_is_not_taken_for_moved(pair: Pair) -> None:
    pair.application("there")
    with session(pair.new.over_tls("mover")) as new:
        new.do("CREATE DATABASE there")
    moved = pair.moved("o5", "there")
    assert moved.read().writes == {"source": True, "target": False}
    with session(pair.new.over_tls("mover")) as new:
        new.do("CREATE TABLE there.another (id INT)")
    with pytest.raises(Refused, match="not empty"):
        moved.copy(2, silent)
    assert moved.not_ready(TERMS, FORWARD)
    with pytest.raises(Refused, match="both sides accept writes"):
        moved.cut_over(TERMS, FORWARD)


ACTS = ("refuse", "copy", "copied", "compare", "prove", "open")


@pytest.mark.slow
def test_killed_in_any_act_it_is_gone_on_with(pair: Pair) -> None:
    app = pair.application("broken")
    moved = pair.moved("o2", "broken", "rows_at_target")
    with app.writing():
        app.more()
        killed(moved, "copy", "copied")
        app.more()
        moved.copy(2, silent)
        for act in ACTS:
            killed(moved, FORWARD, act)
            assert children(moved) == []
            assert moved.read().writes["target"] is False, act
        done = moved.cut_over(TERMS, FORWARD)
        app.more()
        assert [act for act, second in done.acts] == ["refuse", "compare", "prove", "open"]
        assert app.missing_and_twice(pair.new.over_tls("mover"), "broken") == (set(), set())
        assert pair.moved("o2", "broken").not_ready(TERMS, BACK)
        moved.cut_over(TERMS, BACK)
        app.more()
    assert moved.read().writes == {"source": True, "target": False}
    # And forward again: those rows are asked for once more.
    with pytest.raises(Refused, match="take their place"):
        pair.moved("o2", "broken").cut_over(TERMS, FORWARD)
    assert moved.read().writes == {"source": True, "target": False}


@pytest.mark.slow
def test_what_fails_gives_the_writes_back(pair: Pair) -> None:
    app = pair.application("fails")

    def spoil(act: str) -> None:
        if act == "compare":
            with session(pair.new.over_tls("mover")) as root:
                root.do("SET SESSION sql_log_bin = 0")
                root.do("UPDATE fails.`报告` SET share = share + 0.001 WHERE id = 7")

    moved = pair.moved("o3", "fails")
    with app.writing():
        app.more()
        moved.copy(2, silent)
        with session(pair.new.over_tls("mover")) as root:
            # There are other databases, so this move does not set it.
            root.do("CREATE DATABASE IF NOT EXISTS another")
            root.do("SET GLOBAL read_only = 1")
            # As it would be found by a move that begins now.
            root.do("DELETE FROM ajy_o3.kept WHERE what = 'read_only'")
            with pytest.raises(Refused, match="new is read_only, and was not made so by this move"):
                moved.cut_over(TERMS, FORWARD)
            root.do("SET GLOBAL read_only = 0")
        moved._tell = spoil
        with pytest.raises(DatacenterError, match="报告") as caught:
            moved.cut_over(TERMS, FORWARD)
        assert "open again at old" in caught.value.result["writes"]
        app.more()
        needed = moved.read().estimate_s or 0.0
        moved._tell = lambda act: time.sleep(needed + 0.5) if act == "compare" else None
        with pytest.raises(DatacenterError, match="the window is over") as caught:
            moved.cut_over(Terms(stop_s=needed + 3.2), FORWARD)
        assert "open again at old" in caught.value.result["writes"]
        app.more()
        moved._tell = lambda act: None
        moved.cut_over(TERMS, FORWARD)
        app.more()
    assert app.missing_and_twice(pair.new.over_tls("mover"), "fails") == (set(), set())


def test_who_was_logging_in_as_the_account_was_locked_writes_nothing(pair: Pair) -> None:
    pair.application("shut")
    looked_up, locked = threading.Event(), threading.Event()
    driver: Any = Connection

    def names_another_way(self: Any) -> None:
        driver._get_server_information(self)
        # So that the server asks once more for the proof of its password.
        self._auth_plugin_name = "another"

    def hesitates(self: Any, *told: Any) -> Any:
        # By now the server has looked up its account, and found it open.
        looked_up.set()
        locked.wait(20)
        return driver._process_auth(self, *told)

    own = {"_get_server_information": names_another_way, "_process_auth": hesitates}
    hesitant: Any = type("Hesitant", (Connection,), own)

    def write() -> None:
        server = pair.old.server()
        with (
            contextlib.suppress(pymysql.Error),
            contextlib.closing(
                hesitant(unix_socket=server.host, user="shut", password=PASSWORD, database="shut")
            ) as opened,
        ):
            opened.cursor().execute("INSERT INTO written (number) VALUES (1)")
            opened.commit()

    with session(pair.old.over_tls("mover")) as old:
        # What else lives there is not to be stopped: there is no read_only.
        old.do("CREATE DATABASE IF NOT EXISTS another")
    writer = threading.Thread(target=write)
    writer.start()
    assert looked_up.wait(20)
    pair.moved("o4", "shut").close_writes("source")
    locked.set()
    writer.join(20)

    assert pair.asked(0, "SELECT number FROM shut.written") == []


def test_the_target_says_what_it_has_while_the_source_is_silent(pair: Pair) -> None:
    pair.application("silent")
    moved = pair.moved("o0", "silent")
    nobody = replace(moved.source, port=free_port())
    alone = OfflineMariadb(nobody, moved.target, Names("o0"), ["silent"])
    assert (alone.read().copied, alone.read().writes) == (False, {"source": None, "target": False})
    moved.copy(2, silent)
    assert (alone.read().copied, alone.read().estimate_s) == (True, None)
    moved.remove()


def _killed(given: dict[str, Any]) -> None:
    """What runs in that process."""

    def tell(act: str) -> None:
        if act == given["act"]:
            os.kill(os.getpid(), signal.SIGKILL)

    moved = OfflineMariadb(
        Server(**given["old"]), Server(**given["new"]), Names(given["name"]), [given["database"]], jobs=2,
        tell=tell,
    )  # fmt: skip
    if given["what"] == "copy":
        moved.copy(2, silent)
    else:
        moved.cut_over(TERMS, given["what"])


if __name__ == "__main__":
    _killed(json.loads(sys.argv[1]))
