# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reporting application over a pair of databases that change roles, seen by the drill's client."""

from __future__ import annotations

import concurrent.futures
import contextlib
import itertools
import json
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pg_pair import Pair, attested, come_back, hand_over

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.promote import promote

ROLES = Path(__file__).parents[3] / "roles"
APPLICATION = ROLES / "report_app" / "files" / "report_app.py"
CLIENT = ROLES / "drill_client" / "files" / "report_client.py"
PROBE = ROLES / "drill_client" / "files" / "write_probe.py"
# psycopg2 is the distribution's package, so the distribution's Python runs what needs it.
PYTHON = "/usr/bin/python3"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Application:
    """The service on a free port of the loopback, with the pair's two databases."""

    def __init__(self, pair: Pair) -> None:
        self.pair, self.port = pair, free_port()
        self.nodes: list[dict[str, Any]] = [
            {"name": node.name, "conninfo": {"host": node.socket_directory, "port": node.port}}
            for node in (pair.a, pair.b)
        ]
        self.config = pair.root / "report_app.json"
        self.config.write_text(
            json.dumps(
                {
                    "name": "app-01", "centre": "nanning", "listen": "127.0.0.1", "port": self.port,
                    "hold_s": 8,
                    "database": {"dbname": "postgres", "user": pair.owner}, "nodes": self.nodes,
                }
            ),
            encoding="utf-8",
        )  # fmt: skip
        pair.a.psql("DROP TABLE reports; CREATE ROLE dc_probe;")
        self.made = [json.loads(self.run("migrate")) for _time in range(2)]
        self.process = subprocess.Popen([PYTHON, str(APPLICATION), "--config", str(self.config), "serve"])
        self.wait_writable("a")

    def run(self, command: str) -> str:
        done = subprocess.run(
            [PYTHON, str(APPLICATION), "--config", str(self.config), command],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=12) as answer:
            return json.load(answer)

    def post(self, **changes: Any) -> Any:
        report = {"report_id": str(uuid.uuid4()), "enterprise": "e", "description": "d", **changes}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/reports", json.dumps(report).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=12) as answer:
            assert answer.status == 201
            return json.load(answer)

    def wait_writable(self, name: str | None) -> None:
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError):
                if self.get("/status")["writable"] == name:
                    return
            assert time.monotonic() < deadline, f"{name} is not what accepts writes"
            time.sleep(0.05)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)


@pytest.fixture
def application(pair: Pair) -> Iterator[Application]:
    made = Application(pair)
    try:
        yield made
    finally:
        made.stop()


@contextlib.contextmanager
def program(file: Path, directory: Path, *arguments: str) -> Iterator[Path]:
    """A drill program, started and stopped as the role does it; yields its log."""

    def call(command: str) -> Any:
        done = subprocess.run(
            [PYTHON, str(file), command, "--directory", str(directory), *arguments],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return json.loads(done.stdout)

    assert call("start")["changed"] is True
    assert call("start")["changed"] is False
    try:
        yield directory / f"{file.stem}.jsonl"
    finally:
        assert call("stop")["changed"] is True
        assert call("stop")["changed"] is False


def lines(log: Path, kind: str) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if row["type"] == kind]


def outage(acks: list[dict[str, Any]]) -> float:
    times = sorted(row["acked_monotonic"] for row in acks)
    return max(float(later - earlier) for earlier, later in itertools.pairwise(times))


def test_a_report_is_stored_once_however_often_it_is_sent(application: Application) -> None:
    assert [bool(made["made"]) for made in application.made] == [True, False]
    report_id = str(uuid.uuid4())

    first = application.post(report_id=report_id, description="瓦斯超限")
    second = application.post(report_id=report_id, description="瓦斯超限")

    assert (first["repeated"], second["repeated"]) == (False, True)
    assert (first["timeline"], first["database"], first["centre"]) == (1, "a", "nanning")
    assert application.get(f"/reports/{report_id}")["description"] == "瓦斯超限"
    assert application.get("/health")["writable"] is True
    assert application.pair.a.psql("SELECT count(*) FROM reports;") == "1"


@pytest.mark.parametrize(
    "changes", [{"report_id": "7"}, {"enterprise": None}, {"submitted_at": "some day"}, {"description": "\0"}]
)
def test_what_is_no_report_is_refused(application: Application, changes: dict[str, Any]) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        application.post(**changes)
    assert caught.value.code == 400
    assert application.pair.a.psql("SELECT count(*) FROM reports;") == "0"


def test_the_outbound_job_says_where_it_ran(application: Application) -> None:
    application.post()
    assert json.loads(application.run("outbound"))["reports"] == 1
    assert json.loads(application.run("outbound"))["reports"] == 0
    assert application.pair.a.psql("SELECT DISTINCT centre, host FROM outbox_sent;") == "nanning|app-01"


def test_a_switchover_is_a_pause_for_the_client_and_loses_nothing(
    application: Application, tmp_path: Path
) -> None:
    pair = application.pair
    probe_config = tmp_path / "probe.json"
    base = {"dbname": "postgres", "user": pair.owner}
    nodes = [{"name": node["name"], "conninfo": {**base, **node["conninfo"]}} for node in application.nodes]
    probe_config.write_text(json.dumps({"name": "t", "nodes": nodes}), encoding="utf-8")
    url = f"http://127.0.0.1:{application.port}/reports"
    with (
        program(PROBE, tmp_path, "--config", str(probe_config)) as probe_log,
        program(CLIENT, tmp_path, "--url", url, "--county", "450221") as client_log,
    ):
        time.sleep(1.5)
        hand_over(pair.a, pair.b, "b")
        time.sleep(1.5)
        come_back(pair, pair.a, pair.b)
        time.sleep(0.5)

    acks = lines(client_log, "ack")
    pair.b.write(pair.root / "acked.txt", "\n".join(row["report_id"] for row in acks))
    lost = pair.b.psql(
        f"CREATE TEMP TABLE acked (id uuid); COPY acked FROM '{pair.root / 'acked.txt'}';"
        " SELECT count(*) FROM acked WHERE id NOT IN (SELECT report_id FROM reports);"
    )
    assert lost == "0"
    assert len(acks) == len({row["report_id"] for row in acks}) > 200
    assert {row["database"] for row in acks} == {"a", "b"}
    assert max(row["attempts"] for row in acks) == 1, lines(client_log, "retry")[:3]
    print(f"outage as the client sees it: {outage(acks):.3f} s")
    assert outage(acks) < 1.5

    writes = lines(probe_log, "write")
    last_old = max(row["ended"] for row in writes if row["timeline"] == 1)
    first_new = min(row["started"] for row in writes if row["timeline"] == 2)
    assert last_old < first_new
    refusals = [row["refusals"] for row in lines(probe_log, "count") if row["node"] == "b"]
    assert any("read_only" in row for row in refusals)


def test_a_frozen_primary_is_left_for_the_promoted_one(application: Application) -> None:
    pair = application.pair
    server = pair.a.postmaster()
    application.post()
    subprocess.run(["pkill", "-STOP", "-P", str(server)], check=True)
    subprocess.run(["kill", "-STOP", str(server)], check=True)
    try:
        application.wait_writable(None)
        promote(pair.b, proof=attested(), slots=["a"], timeout_s=10, max_proof_age_s=60, dry_run=False)
        began = time.monotonic()
        assert application.post()["database"] == "b"
        assert time.monotonic() - began < 1.5
    finally:
        subprocess.run(["kill", "-CONT", str(server)], check=True)
        subprocess.run(["pkill", "-CONT", "-P", str(server)], check=True)
    # It woke up and believes it is the primary: the newer timeline is the one that counts.
    application.wait_writable("b")
    assert application.post()["timeline"] == 2


def test_a_primary_that_fails_every_write_is_not_run_over(application: Application) -> None:
    """Clients that wait, all together, must not keep such a server, and the machine, from being mended."""
    node = application.pair.a
    node.psql("""CREATE SEQUENCE tries;
        CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          PERFORM nextval('tries'); RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full';
        END $$;
        CREATE TRIGGER no_space BEFORE INSERT ON reports FOR EACH ROW EXECUTE FUNCTION no_space();""")
    clients, wait_s = 8, 3.0
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        answers = [pool.submit(application.post) for _client in range(clients)]
        time.sleep(wait_s)
        tries = int(node.psql("SELECT last_value FROM tries"))
        node.psql("DROP TRIGGER no_space ON reports")
        mended = time.monotonic()
        assert {answer.result()["database"] for answer in answers} == {"a"}
    assert clients < tries < 25 * clients
    # The pause before the next try is a quarter of the time that is over.
    assert time.monotonic() - mended < 0.4 * wait_s


def test_a_held_request_ends_with_a_clear_no(application: Application) -> None:
    application.pair.a.stop_fast(20)
    began = time.monotonic()
    with pytest.raises(urllib.error.HTTPError) as caught:
        application.post()
    assert caught.value.code == 503
    assert 7 < time.monotonic() - began < 11
