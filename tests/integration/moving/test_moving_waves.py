# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waves moved by migration.yml while a county reports: killed inside every act, taken back, confirmed.

They come after the tests of the stage, and leave both systems moved.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from campaign.acts import PLAYBOOKS, Act, acts_of, tasks_of
from campaign.run import Run
from moving_estate import ROOT, Moving
from moving_wave import PEOPLE, REPORT, SERVED_S, SITE, Killed, Wave, waits

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.logs import ClientLog

pytestmark = pytest.mark.slow

ACTS = acts_of("migration", parts=("block", "always"))
#: Where an act is killed whose beginning is no good: in which second, or as which task of its role begins.
MOMENTS: dict[str, float | str] = {
    "each system's place": 1.0,
    # Its settings are written, and it has not read them.
    "each engine": "Start it, with what has changed",
    "the database is copied, and follows": 1.5,
    "single files, and what they say otherwise": 0.8,
    "the old server stops serving": "held on legacy-report-01",
    "the writes move to the new database": 0.8,
    "the writes go back to the old database": 0.8,
}
AT_ONCE_S = 0.25


def moment(act: Act) -> float | str:
    return MOMENTS.get(act.name, AT_ONCE_S)


FORWARD = [act for act in ACTS if act.step != ACTS[-1].step]
#: The last play's file of tasks that confirm comes before the one that takes back.
_CONFIRMING = yaml.safe_load((PLAYBOOKS / "tasks/migration_confirm_one.yml").read_text())
_DECIDED = ACTS[len(FORWARD) :]
_COUNT = sum(task["name"].startswith("Act | ") for task in tasks_of(_CONFIRMING, PLAYBOOKS / "tasks"))
CONFIRM, BACK = _DECIDED[:_COUNT], _DECIDED[_COUNT:]


@pytest.fixture(scope="module")
def ready(moving: Moving) -> Moving:
    """The people of the old systems have done their part."""
    for host, command in PEOPLE.items():
        moving.ssh(host, command)
    moving.must("tests/stage/mover.yml")
    return moving


def is_at_home(wave: Wave) -> None:
    """Everything of the system runs at the old server, and nothing at the new one."""
    system = wave.system
    assert wave.writers() == [system.source]
    for unit in (system.unit, system.timer):
        assert wave.active(system.source, unit)
        assert not wave.active(system.application, unit)
    assert wave.has(system.source, system.job)
    assert not wave.has(system.application, system.job)


def has_moved(wave: Wave) -> None:
    """Everything of the system runs at the new server, and nothing at the old one."""
    system = wave.system
    assert wave.writers() == [system.database]
    for unit in (system.unit, system.timer):
        assert wave.active(system.application, unit)
        assert not wave.active(system.source, unit)
    assert wave.has(system.application, system.job)
    assert not wave.has(system.source, system.job)
    assert "200" in wave.moving.ssh(
        "liujiang-pc-01",
        f"python3 -c 'import urllib.request as u; print(u.urlopen(\"http://{system.address}:{system.port}"
        f"/health\", timeout=5).status)'",
    )


def left_over(wave: Wave) -> str:
    """What is there of a move that is over: on the old server, and what works or is half done anywhere."""
    system, found = wave.system, []
    for host in (system.source, system.application, system.database):
        # A job of Ansible's that nobody waits for, a key, half a file.
        found += wave.moving.ssh(
            host,
            "pgrep -af 'AnsiballZ|async_wrapper|rsync' | grep -v pgrep;"
            " grep -h anjianyun-migration /root/.ssh/authorized_keys;"
            " ls -d /root/.ssh/anjianyun_migration_* /run/anjianyun/progress/*.job 2>/dev/null; true",
        ).splitlines()
    return "\n".join(found)


def proof(wave: Wave) -> dict[str, Any]:
    """What the proof says of the system."""
    report = json.loads((wave.directory / "run/report.json").read_text())
    said: dict[str, Any] = report["systems"][wave.system.name]
    return said


def users_were_served(log: ClientLog, kills: list[Killed], stops: str, answers: str) -> None:
    """Wherever the run lies dead but between these two acts; and between them nothing is done at length."""
    names = [kill.act.name for kill in kills]
    first, last = names.index(stops), names.index(answers)
    for number, kill in enumerate(kills):
        if number < first or number > last:
            assert waits(log, kill.at) < SERVED_S, f"killed in {kill.act.name!r}, users waited"
        elif number > first + 1:
            # One that is killed while it stops the old server may leave it running, and is copied once more.
            # A task that its condition leaves out begins, too, and comes to nothing.
            done = {event["name"] for event in kill.run.events() if event["event"] == "ok"}
            long = done & {"Act | the database is copied, and follows", "Read | both databases"}
            assert not long, f"killed in {kill.act.name!r}, the run did at length: {long}\n{kill.run.text}"


def nothing_lost(wave: Wave, log: ClientLog, database: str, application: str) -> None:
    rows, uploads = wave.lost(log, database, application)
    assert rows == set(), f"{len(rows)} of {len(log.acks)} acknowledged reports have no row"
    assert uploads == set(), f"{len(uploads)} of {len(log.acks)} acknowledged uploads are not as sent"


def test_a_wave_killed_inside_every_act_goes_there_and_back_and_loses_nothing(ready: Moving) -> None:
    """Each act of migration.yml in both directions."""
    wave = Wave(ready, REPORT, 1, "CHG-KILLED")
    load = ready.begin_load(load_systems=[REPORT.load], load_address={REPORT.load: REPORT.address})

    wave.kill_in(FORWARD, moment)
    wave.must()
    has_moved(wave)
    moved = time.time()
    wave.kill_in(BACK, moment, "back")
    wave.must("back")
    is_at_home(wave)
    returned = time.time()
    log = ready.end_load(load, [REPORT.load])[REPORT.load]

    nothing_lost(wave, log, REPORT.source, REPORT.source)
    assert any(moved < ack.acked < returned for ack in log.acks), "nobody wrote at the new server"
    there, back = wave.kills[: len(FORWARD)], wave.kills[len(FORWARD) :]
    users_were_served(
        log, there, "the old server stops serving", "the address leads to the new server",
    )  # fmt: skip
    users_were_served(
        log, back, "nothing sends from the new server any more", "the address leads to the old server",
    )  # fmt: skip


def test_a_wave_killed_inside_every_act_of_its_confirmation_stays_and_loses_nothing(ready: Moving) -> None:
    """It had gone there and back before, in the test above."""
    wave = Wave(ready, REPORT, 1, "CHG-AGAIN")
    load = ready.begin_load(load_systems=[REPORT.load], load_address={REPORT.load: REPORT.address})

    wave.must()
    has_moved(wave)
    wave.kill_in(CONFIRM, moment, "confirm")
    wave.must("confirm")
    has_moved(wave)
    log = ready.end_load(load, [REPORT.load], load_stored={REPORT.load: REPORT.database})[REPORT.load]

    nothing_lost(wave, log, REPORT.database, REPORT.application)
    for kill in wave.kills:
        assert kill.writers == [REPORT.database]
        assert waits(log, kill.at) < SERVED_S
    said = proof(wave)
    assert said["state"] == "confirmed"
    assert said["rows"]["identical"]
    assert left_over(wave) == ""


#: What a check says of the second wave's cutover, in these words.
FORETOLD = (
    (SITE.source, "what sends by itself is held at the old server"),
    (SITE.source, "the jobs of cron are held at the old server"),
    (SITE.source, "the old server stops serving"),
    (SITE.database, "the writes move to the new database"),
    (SITE.application, "the new server serves"),
    (SITE.application, "what sends by itself does so from the new server"),
    (SITE.application, "the jobs of cron are begun at the new server"),
)


def test_the_second_wave_moves_a_mariadb_behind_it_and_loses_nothing(ready: Moving) -> None:
    wave = Wave(ready, SITE, 2, "CHG-SITE")
    load = ready.begin_load(load_systems=[SITE.load], load_address={SITE.load: SITE.address})

    # A check before anything is prepared, and one within the window after the copy: both leave all as it is.
    assert "its new servers are not prepared" in wave.must("", "--check").text
    assert left_over(wave) == ""
    wave.opens(timedelta(hours=1))
    assert "WAITS" in wave.must().text
    wave.opens(timedelta(minutes=-1))
    foretold = wave.must("", "--check").text
    for device, act in FORETOLD:
        assert re.search(rf"^ +[0-9]+  {device} +{act}", foretold, re.M), f"{act}\n{foretold[-4000:]}"
    is_at_home(wave)
    wave.must()
    has_moved(wave)
    # What the move kept on the servers is gone by now, and the same words go on all the same.
    wave.kill_in([act for act in CONFIRM if act.name == "the old server is frozen"], moment, "confirm")
    wave.must("confirm")
    has_moved(wave)
    (killed,) = wave.kills
    assert killed.writers == [SITE.database]
    log = ready.end_load(load, [SITE.load], load_stored={SITE.load: SITE.database})[SITE.load]

    assert waits(log, killed.at) < SERVED_S
    assert len(log.acks) > 100
    assert wave.lost(log, SITE.database, SITE.application) == (set(), set())
    said = proof(wave)
    assert said["state"] == "confirmed"
    assert said["rows"]["identical"]
    # Writes refused for under 3 s with the way back armed.
    assert 0 < said["refused_s"] < 3
    assert left_over(wave) == ""


#: A program on another server that nobody has told: it goes on asking the old database.
CALLER = """systemd-run --quiet --unit=caller python3 -c 'import socket, time
while True:
    with socket.create_connection(("{address}", 3306)):
        time.sleep(2)'"""


def test_an_old_server_goes_when_its_days_are_over_and_nobody_talks_to_it(
    ready: Moving, tmp_path: Path
) -> None:
    """Its system moved, and was confirmed, in the test before."""
    host = SITE.source

    def words(**more: Any) -> list[str]:
        given = {"decommission_host": host, "decommission_ticket": "CHG-GONE", "decommission_watch_s": 5}
        given |= {"decommission_run_directory": str(tmp_path / "run")}
        return ready.playing("playbooks/decommission.yml", **given, **more)

    def decommission(**more: Any) -> subprocess.CompletedProcess[str]:
        return ready.inside(*words(**more))

    def refused(why: str, way_on: str, **more: Any) -> None:
        done = decommission(**more)
        said = " ".join((done.stdout + done.stderr).split())
        assert done.returncode != 0
        assert why in said, said[-3000:]
        assert way_on in said, said[-3000:]
        assert ready.ssh(host, "systemctl is-system-running || true") == "running"

    approved = {"dr_approvals": ["decommission"]}
    refused("is frozen for 0 of", "say decommission_early=true", **approved)
    early = {"decommission_early": True}
    address = ready.ssh(host, "hostname -I").split()[0]
    ready.ssh(REPORT.application, CALLER.format(address=address))
    try:
        refused(f"{host} has connections: ", "tell whoever they belong to", **early, **approved)
    finally:
        ready.ssh(REPORT.application, "systemctl stop caller")
    # A connection that has ended is seen for a minute.
    time.sleep(61)
    refused("is taken down for good, before its days are over", "-e dr_approvals=decommission", **early)

    argv = ready.entering(*words(**early, **approved))
    killed = Run(argv, ROOT, ready.environment, tmp_path / "killed")
    goes = next(act for act in acts_of("decommission") if act.name == "it goes down")
    begun = killed.wait_inside(goes, 1.0, AT_ONCE_S, 120)
    killed.kill("main")
    assert begun, killed.text[-4000:]
    gone = decommission(**early, **approved)
    assert gone.returncode == 0, gone.stdout[-4000:] + gone.stderr[-1000:]
    assert ready.inside("ping", "-c1", "-W2", address).returncode != 0
    # A run that is over does not say why a server is silent to another one.
    again = decommission(**early, **approved)
    assert again.returncode != 0
    assert "when it is gone, take it out of the plan" in " ".join(again.stdout.split())
