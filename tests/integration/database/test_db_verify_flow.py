# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparing while changes flow, after a break, under a limit, and as a module."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from servers import maria, postgres

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify import run
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.compare import Care
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.run import Wanted, verify
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
    Refused,
)

pytestmark = pytest.mark.slow

Sides = tuple[Server, Server]
ROOT = Path(__file__).resolve().parents[3]
MODULE = "ansible_collections.anjianyun.datacenter.plugins.modules.db_verify"
ROWS = 20_000
LAG_S = 0.4


def _do(server: Server, *statements: str) -> None:
    with session(server) as asked:
        for statement in statements:
            asked.do(statement)


@pytest.fixture(scope="module")
def pg() -> Iterator[Sides]:
    with postgres("pg") as made:
        for name in ("old", "new"):
            _do(made.server(), f"CREATE DATABASE {name}")
            _do(
                made.server(name),
                "CREATE SCHEMA app",
                "CREATE TABLE app.t (id int PRIMARY KEY, v text)",
                "CREATE TABLE app.keyless (v text)",
                f"INSERT INTO app.t SELECT g, 'v' || g FROM generate_series(1, {ROWS}) g",
                "INSERT INTO app.keyless SELECT 'v' || g FROM generate_series(1, 500) g",
                "INSERT INTO app.keyless VALUES ('quiet')",
                # The larger table is begun with, where the server knows which that is.
                "ANALYZE",
            )
        yield made.server("old"), made.server("new")


@pytest.fixture(scope="module")
def ma() -> Iterator[Sides]:
    with maria("old-ma") as old, maria("new-ma") as new:
        for made in (old, new):
            _do(
                made.server(),
                "CREATE DATABASE app",
                "CREATE TABLE app.t (id int PRIMARY KEY, v varchar(200))",
                "CREATE TABLE app.keyless (v varchar(200))",
                f"INSERT INTO app.t SELECT seq, CONCAT('v', seq) FROM app.seq_1_to_{ROWS}",
                "INSERT INTO app.keyless SELECT CONCAT('v', seq) FROM app.seq_1_to_500",
                "INSERT INTO app.keyless VALUES ('quiet')",
            )
        yield old.server(), new.server()


@pytest.fixture(params=["pg", "ma"])
def sides(request: pytest.FixtureRequest) -> Sides:
    made: Sides = request.getfixturevalue(request.param)
    return made


@contextlib.contextmanager
def _writing(sides: Sides) -> Iterator[list[int]]:
    """Rows change at the source all the time, and later in the same order at the target."""
    over, written = threading.Event(), [0]
    waiting: deque[tuple[float, str]] = deque()

    def write() -> None:
        with session(sides[0]) as source, session(sides[1]) as target:
            number = 0
            while not over.is_set() or waiting:
                if not over.is_set():
                    number += 1
                    # Two rows in three are anywhere; one is written to again and again.
                    key = 17 if number % 3 == 0 else number * 7919 % (ROWS - 10) + 1
                    for statement in (
                        f"UPDATE app.t SET v = 'w{number}' WHERE id = {key}",
                        f"INSERT INTO app.t VALUES ({ROWS + number}, 'new')",
                        f"UPDATE app.keyless SET v = 'w{number}' WHERE v = 'v{number}'",
                    ):
                        source.do(statement)
                        waiting.append((time.monotonic() + LAG_S, statement))
                while waiting and (over.is_set() or waiting[0][0] <= time.monotonic()):
                    target.do(waiting.popleft()[1])
                written[0] = number
                time.sleep(0.005)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield written
    finally:
        over.set()
        writer.join()


def test_changes_under_way_are_no_differences_and_real_ones_are_found(sides: Sides) -> None:
    care = Care(chunk_rows=5000, leaf_rows=500, settle_s=2.0, give_up_s=4.0)
    with _writing(sides) as written:
        time.sleep(2 * LAG_S)
        before = written[0]
        well = verify(*sides, Wanted(care=care))
        assert written[0] > before
        _do(
            sides[1],
            "UPDATE app.t SET v = 'wrong' WHERE id = 20000",
            "DELETE FROM app.keyless WHERE v = 'quiet'",
        )
        ill = verify(*sides, Wanted(care=care))
    assert well["differences"] == []
    # The one row that never stands still may be all that is left.
    assert [one["key"] for one in well["unsettled"]] in ([], [{"id": 17}], [{"id": "17"}])
    found = [(one["table"], one["where"], [str(value) for value in one["key"].values()])
             for one in ill["differences"]]  # fmt: skip
    assert sorted(found) == [("app.keyless", "source", ["quiet"]), ("app.t", "both", ["20000"])]
    _do(
        sides[1], "UPDATE app.t SET v = 'v20000' WHERE id = 20000", "INSERT INTO app.keyless VALUES ('quiet')"
    )
    after = verify(*sides, Wanted())
    assert after["differences"] == []
    assert after["identical"]


def test_a_run_that_broke_is_gone_on_with(
    sides: Sides, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resume = str(tmp_path / "done")
    compared: list[Any] = []
    whole = run.compare_range

    def breaks(*given: Any) -> Any:
        if len(compared) == 6:
            raise DatacenterError("the line is cut")
        compared.append(given[2])
        return whole(*given)

    wanted = Wanted(jobs=1, care=Care(chunk_rows=1000), resume=resume)
    monkeypatch.setattr(run, "compare_range", breaks)
    with pytest.raises(DatacenterError, match="the line is cut"):
        verify(*sides, wanted)
    monkeypatch.setattr(run, "compare_range", whole)
    # PostgreSQL counts what a session has written within a second of its end.
    time.sleep(1.2)
    found = verify(*sides, wanted)
    assert found["identical"]
    table = next(one for one in found["tables"] if one["table"] == "app.t")
    assert table["resumed"] == 6
    assert table["digest"] == verify(*sides, Wanted())["tables"][1]["digest"]
    assert not Path(resume).exists()


def test_what_was_written_to_since_is_read_again(
    sides: Sides, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run.compare_whole
    wanted = Wanted(jobs=1, care=Care(chunk_rows=1000), resume=str(tmp_path / "done"))
    time.sleep(1.2)

    def breaks(*_given: Any) -> Any:
        raise DatacenterError("the line is cut")

    monkeypatch.setattr(run, "compare_whole", breaks)
    with pytest.raises(DatacenterError, match="the line is cut"):
        verify(*sides, wanted)
    monkeypatch.setattr(run, "compare_whole", whole)
    assert "app.t" in (tmp_path / "done").read_text()
    _do(sides[1], "UPDATE app.t SET v = 'changed' WHERE id = 3")
    time.sleep(1.2)
    found = verify(*sides, wanted)
    _do(sides[1], "UPDATE app.t SET v = (SELECT 'v3') WHERE id = 3")
    assert [str(one["key"]["id"]) for one in found["differences"]] == ["3"]


@contextlib.contextmanager
def _busy(server: Server) -> Iterator[Callable[[], None]]:
    """A statement of somebody else runs there; yields what ends it."""
    postgresql = server.engine == "postgresql"
    with session(server) as other, session(server) as own:
        if postgresql:
            # Under our own name it would be one of ours.
            other.do("SET application_name = 'accounts'")

        def work() -> None:
            with contextlib.suppress(DatacenterError):
                other.rows("SELECT pg_sleep(60)" if postgresql else "SELECT SLEEP(60)", answer_s=70)

        one_at_a_time = threading.Lock()
        cancel = f"SELECT pg_cancel_backend({other.number})" if postgresql else f"KILL QUERY {other.number}"

        def end() -> None:
            # Each worker that rests calls it.
            with one_at_a_time:
                own.do(cancel)

        working = threading.Thread(target=work)
        working.start()
        time.sleep(0.5)
        try:
            yield end
        finally:
            end()
            working.join()


def test_it_rests_while_the_servers_have_much_to_do(sides: Sides, tmp_path: Path) -> None:
    progress = tmp_path / "progress"
    with _busy(sides[0]) as end:

        def sleep(seconds: float) -> None:
            end()
            time.sleep(seconds)

        found = verify(*sides, Wanted(max_running=0, progress=str(progress), care=Care(sleep=sleep)))
    assert found["identical"]
    assert found["waited_s"] >= 2
    with _busy(sides[0]), pytest.raises(DeadlineExceeded, match="held up"):
        verify(*sides, Wanted(max_running=0, patience_s=0.5))
    lines = [json.loads(line) for line in progress.read_text().splitlines()]
    assert lines[0]["rows"] == 0
    assert (lines[-1]["tables_done"], lines[-1]["tables"]) == (2, 2)
    assert lines[-1]["rows"] == found["rows"]


def test_the_module_names_what_differs_and_fails(sides: Sides, tmp_path: Path) -> None:
    def call(**more: Any) -> dict[str, Any]:
        given = {
            "engine": sides[0].engine, "report": str(tmp_path / "report"), "schemas": ["app"], **more,
            **{name: {key: value for key, value in asdict(one).items() if key != "engine" and value}
               for name, one in (("source", sides[0]), ("target", sides[1]))},
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", MODULE],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": given}), capture_output=True, text=True, check=False,
            cwd=ROOT,
        )  # fmt: skip
        return dict(json.loads(done.stdout))

    assert call(_ansible_check_mode=True)["identical"]
    _do(sides[1], "DELETE FROM app.t WHERE id BETWEEN 101 AND 250")
    failed = call()
    loud = call(fail_on_difference=False)
    with session(sides[0]) as source, session(sides[1]) as target:
        for row in source.rows("SELECT id, v FROM app.t WHERE id BETWEEN 101 AND 250"):
            target.do("INSERT INTO app.t VALUES (%s, %s)", row)
    assert failed["failed"]
    assert "150 differences" in failed["msg"]
    assert "app.t" in failed["msg"]
    assert failed["changed"] is False
    assert (len(loud["differences"]), loud["difference_count"], loud["identical"]) == (100, 150, False)
    report = json.loads((tmp_path / "report").read_text())
    assert sorted(int(one["key"]["id"]) for one in report["differences"]) == list(range(101, 251))


def test_a_schema_that_is_not_there_is_no_proof(sides: Sides) -> None:
    with pytest.raises(Refused, match="no such schema or database: typo"):
        verify(*sides, Wanted(schemas=["app", "typo"]))
    with pytest.raises(Refused, match="nothing was found"):
        verify(*sides, Wanted(exclude=["*"]))


def test_a_table_that_may_not_be_read_is_no_proof(pg: Sides) -> None:
    _do(pg[0], "CREATE ROLE reader LOGIN", "GRANT USAGE ON SCHEMA app TO reader",
        "GRANT SELECT ON app.keyless TO reader")  # fmt: skip
    found = verify(Server("postgresql", "old", pg[0].host, pg[0].port, "reader", "old"), pg[1], Wanted())
    assert not found["identical"]
    assert [one["table"] for one in found["not_compared"]] == ["app.t"]
    assert {one["table"]: one["state"] for one in found["tables"]}["app.keyless"] == "identical"
