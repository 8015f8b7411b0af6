# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One upgrade of a rack, under a county's reports, with a fault before each step that should see it.

Each test takes the run a piece further, and the next one goes on: so it is also shown that the same command
goes on after every stop. Each fault is caught by the step that is there for it, in its words; and a step
whose act does nothing fails by its own verify.
"""

from __future__ import annotations

import os
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from estate import AWAY, HOME, ROOT, Estate
from left_out import without

OUT = ROOT / "build/room"
#: Of an upgrade of the same servers under another ticket.
OTHER = OUT.with_name("room-other")
SEEN = "/var/tmp/anjianyun/room"
DATABASE, APPLICATION = "nn-db-01", "nn-app-01"
# The servers of another rack stay on, of whom the plan says that they need the database's.
DOWN = {"dr_approvals": ["room_down", "switchover", "undrilled", "leave_behind", "by_hand"]}
UP = {"dr_approvals": ["power_up", "switchover"]}
AGAIN = {"dr_approvals": [*UP["dr_approvals"], "power_again"]}
HOT = "Inlet Temp=55"
MET = "8.1.1.2.a"
#: Add SEL Entry (IPMI 2.0, 31.6): a power supply has lost its input, and nothing says that it has it again.
_RECORD = (0, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 8, 12, 0x6F, 3, 0xFF, 0xFF)
LOST_INPUT = ("0x0a", "0x44", *(f"0x{byte:02x}" for byte in _RECORD))


def window() -> str:
    now = datetime.now(UTC)
    return "/".join(
        when.isoformat(timespec="seconds") for when in (now - timedelta(minutes=5), now + timedelta(hours=8))
    )


class Room:
    """The upgrade of one rack, and what it said last."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.variables: dict[str, Any] = {
            "room_centre": HOME,
            "room_rack": "r01",
            "room_ticket": "CHG-MOLECULE",
            "room_window": window(),
            "room_run_directory": str(OUT),
            "room_answers": "",
            # Those of a twin share this machine's name.
            "dr_control_node": "dr-ctl-01",
            "room_burn_in_s": 15,
            "room_line_rate_s": 2,
            # The only backup is too young to measure by.
            "room_hold_hours": 1,
            "room_growth_mib_h": 100,
            # Its servers share this machine's cores with everything else of the twin.
            "burn_in_cpus": 1,
            # Each of them sees the memory of the whole machine; half of it is not passed over in seconds.
            "burn_in_memory_share": 0.02,
            "burn_in_disk_mb": 32,
            "burn_in_poll_s": 2,
            # A twin boots in seconds, so what does not come needs no minutes to be missed.
            "power_sequence_stop_s": 15,
            "power_sequence_soft_s": 5,
            "power_sequence_patience": 1,
            "power_sequence_poll_s": 1,
        }

    def upgrade(self, playbooks: Path | None = None, **more: Any) -> subprocess.CompletedProcess[str]:
        path = (playbooks or ROOT / "playbooks") / "room_upgrade.yml"
        # A reading of the batteries holds for a quarter of an hour.
        read = {"percent": 90, "at": datetime.now(UTC).isoformat(timespec="seconds")}
        charge = {"power_sequence_ups_charge": dict.fromkeys(("nn-ups-a", "nn-ups-b"), read)}
        return self.estate.play(path, **{**self.variables, **charge, **more})

    def stops(self, step: str, *said: str, playbooks: Path | None = None, **more: Any) -> None:
        """It stops in that step, and says these things."""
        done = self.upgrade(playbooks, **more)
        assert done.returncode != 0, f"nothing stopped it:\n{done.stdout[-4000:]}"
        last = [line for line in done.stdout.splitlines() if " step " in line][-1]
        assert step in last, done.stdout[-4000:]
        # Lines are wrapped nowhere, but a sentence may be anywhere in them.
        for words in said:
            assert words in done.stdout, f"{words!r} is not said:\n{done.stdout[-4000:]}"

    def goes_on(self, *said: str, **more: Any) -> None:
        done = self.upgrade(**more)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        for words in said:
            assert words in done.stdout, f"{words!r} is not said:\n{done.stdout[-4000:]}"


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    found = Estate(os.environ["TWIN"], Path(tmp_path_factory.mktemp("operator")))
    # Molecule's settings are for its own plays; the runbooks are run as an operator runs them.
    for name in [name for name in found.environment if name.startswith(("ANSIBLE_", "MOLECULE_"))]:
        del found.environment[name]
    found.must("service.yml")
    found.must("dr_watch.yml", drill_directory=SEEN)
    return found


@pytest.fixture(scope="module")
def room(estate: Estate) -> Room:
    subprocess.run(["rm", "-rf", str(OUT), str(OTHER)], check=True)
    OUT.mkdir(parents=True)
    return Room(estate)


# The way down


def test_what_the_run_leaves_to_people_is_told_first(room: Room) -> None:
    room.stops(
        "Open the run", "this run leaves them on", "nn-rt-01", "nn-fw-01", "nn-ctl-01", "by_hand", **DOWN
    )


def test_a_swapped_server_and_a_hot_one_are_seen_by_the_survey(room: Room) -> None:
    room.estate.fault("injected", "serial_swapped", DATABASE, "AJY-OTHER")
    room.estate.fault("injected", "sensor_beyond", APPLICATION, HOT)
    # The simulator looks at its sensors every other second.
    time.sleep(3)

    room.stops("Survey the servers", "AJY-OTHER", "Inlet Temp", **DOWN)

    room.estate.fault("lifted", "serial_swapped", DATABASE)
    room.estate.fault("lifted", "sensor_beyond", APPLICATION)
    time.sleep(3)


def test_a_critical_event_that_nothing_has_ended_is_seen_by_the_survey(room: Room) -> None:
    room.estate.ipmitool(APPLICATION, "raw", *LOST_INPUT)

    room.stops("Survey the servers", APPLICATION, "known_events", **DOWN)

    room.estate.ipmitool(APPLICATION, "sel", "clear")
    time.sleep(2)


def test_a_copy_that_does_not_follow_and_a_broken_backup_stop_it_before_anything_moves(room: Room) -> None:
    standby = "dr-db-01/postgresql@15-main.service"
    room.estate.fault("injected", "service_stopped", standby)
    room.stops("See that the other centre", "neither serves nor has a copy that follows", **DOWN)
    room.estate.fault("lifted", "service_stopped", standby)
    room.estate.ssh_until(
        "nn-db-01",
        "runuser -u postgres -- psql -XAtc 'SELECT state FROM pg_stat_replication' | grep streaming",
    )

    # One byte of the catalogue of every backup that is kept there.
    files = "$(find /var/backups/anjianyun/hidden_danger -path '*/data/base/*/1259')"
    spoil = "printf X | dd of=$f bs=1 seek=5000 conv=notrunc status=none"
    room.estate.ssh("dr-db-01", f"tar -cPf /var/tmp/kept.tar {files} && for f in {files}; do {spoil}; done")
    room.stops("See that the other centre", "no_backup", **DOWN)
    room.estate.ssh("dr-db-01", "tar -xPf /var/tmp/kept.tar && rm /var/tmp/kept.tar")
    assert room.estate.writers() == [HOME]


def test_a_silent_bmc_is_not_taken_for_a_well_one(room: Room) -> None:
    room.estate.fault("injected", "bmc_dead", APPLICATION)

    room.stops(
        "Survey the servers", f"not known: the event log of {APPLICATION}", room_bmc_deadline_s=8, **DOWN
    )

    room.estate.fault("lifted", "bmc_dead", APPLICATION)
    assert room.estate.writers() == [HOME]


def test_a_program_that_the_last_hour_needs_is_missed_before_anything_moves(room: Room) -> None:
    room.estate.ssh(APPLICATION, "mv /usr/bin/stress-ng /usr/bin/stress-ng.away")

    room.stops(
        "See that the other centre",
        f"{APPLICATION} lacks stress-ng (the burn-in)", f"on {APPLICATION}: apt install stress-ng",
        **DOWN,
    )  # fmt: skip
    assert room.estate.writers() == [HOME]

    room.estate.ssh(APPLICATION, "mv /usr/bin/stress-ng.away /usr/bin/stress-ng")


def test_a_hold_that_log_and_disk_do_not_outlast_is_told_before_anything_moves(room: Room) -> None:
    room.stops(
        "See that the other centre", "keeps 512 MiB of log", "copied_anew", "disk_short", room_hold_hours=240,
        **DOWN,
    )  # fmt: skip
    room.stops("See that the other centre", "room_growth_mib_h", room_growth_mib_h="", **DOWN)
    assert room.estate.writers() == [HOME]


def test_nothing_goes_dark_without_a_yes_or_outside_of_the_window(room: Room) -> None:
    room.stops("See that the other centre", "room_down", dr_approvals=["switchover", "undrilled", "by_hand"])
    room.stops(
        "Open the run", "outside_window",
        room_window="2020-01-01T00:00+08:00/2020-01-01T06:00+08:00", **DOWN,
    )  # fmt: skip
    assert room.estate.writers() == [HOME]


def test_a_bmc_that_says_yes_and_does_nothing_is_seen(room: Room) -> None:
    room.estate.fault("injected", "bmc_lying", APPLICATION, "on")

    room.stops("Take the power down", "1 of 2 BMCs failed", APPLICATION, "always-off", **DOWN)
    # The service is away, and nothing was switched.
    assert room.estate.writers() == [AWAY]
    assert room.estate.bmc_power(DATABASE) == "on"

    room.estate.fault("lifted", "bmc_lying", APPLICATION)


def test_servers_that_would_start_by_themselves_are_seen(room: Room, tmp_path: Path) -> None:
    # It also tells what stays on; the yes to that was given beforehand and counts from now on.
    room.stops(
        "Take the power down",
        "restores_itself",
        "leave_behind",
        playbooks=without("power that returns starts nothing", tmp_path),
        **DOWN,
    )


def test_a_power_down_that_does_nothing_is_seen(room: Room, tmp_path: Path) -> None:
    room.stops("Take the power down", "expected: off", playbooks=without("down in order", tmp_path), **DOWN)


def test_it_waits_for_people_and_ends_well(room: Room) -> None:
    room.goes_on("the run waits", "answers.yml", **DOWN)

    for host in (DATABASE, APPLICATION):
        assert room.estate.bmc_policy(host) == "always-off"
        assert room.estate.bmc_power(host) == "off"
    # Again, before anybody answered: it waits on, and does nothing.
    room.goes_on("the run waits")


def test_nobody_else_gives_power_to_what_people_have_opened(room: Room) -> None:
    # No process runs and no lock is held; the other centre's copy of the journal says it.
    refused = room.estate.play("power.yml", power_direction="up", power_hosts=[DATABASE])
    assert refused.returncode != 0
    assert f"{DATABASE}: dark since" in refused.stdout
    assert "CHG-MOLECULE" in refused.stdout
    assert "dr_approvals=held" in refused.stdout

    other: dict[str, Any] = {
        "room_ticket": "CHG-OTHER",
        "room_run_directory": str(OTHER),
        # One that may have its journal is in the dark.
        "dr_attestations": ["nobody_else_runs_it"],
    }
    # A run of its own: a yes to what it leaves to people counts from when it has told them.
    room.stops("Open the run", "by_hand", **other, **DOWN)
    room.stops("Open the run", "dark since", "room_abandon.yml", **other, **DOWN)
    for host in (DATABASE, APPLICATION):
        assert room.estate.bmc_power(host) == "off"


# The way up


def test_answers_with_mistakes_are_not_recorded(room: Room) -> None:
    answers = OUT / "wrong.yml"
    answers.write_text(
        "8.1.1.1.a: {state: fine, by: Li, at: 2026-01-01T00:00:00+08:00}\n9.9.9: {state: met}\n"
    )

    room.stops(
        "Wait while people work", "state is 'fine'", "is no clause of the list", room_answers=str(answers)
    )


def test_a_server_that_does_not_come_back_is_seen(room: Room) -> None:
    subprocess.run(
        ["python", "tools/room_answers.py", str(OUT / "answers.yml")], cwd=ROOT, check=True,
        env=room.estate.environment,
    )  # fmt: skip
    # One clause is met, with a photograph, so that evidence travels through a whole run.
    (OUT / "door.jpg").write_bytes(b"a photograph")
    answers = yaml.safe_load((OUT / "answers.yml").read_text())
    answers[MET] |= {"state": "met", "evidence": ["door.jpg"]}
    (OUT / "answers.yml").write_text(yaml.safe_dump(answers, allow_unicode=True))
    room.variables["room_answers"] = str(OUT / "answers.yml")
    room.stops("Wait while people work", "power_up")
    # While people worked, somebody kept a memory module, and a server came back from repair as another.
    room.estate.fault("injected", "dimm_missing", DATABASE)
    room.estate.fault("injected", "serial_swapped", APPLICATION, "AJY-LOAN")
    room.estate.fault("injected", "server_dead", APPLICATION)

    room.stops("Give the power back", f"{APPLICATION} is silent", **UP)

    room.estate.fault("lifted", "server_dead", APPLICATION)


def test_power_comes_a_second_time_only_with_a_yes(room: Room) -> None:
    room.stops("Give the power back", f"{APPLICATION} would get power", "power_again", **UP)


def test_a_power_up_that_does_nothing_is_seen(room: Room, tmp_path: Path) -> None:
    room.stops(
        "Give the power back", f"{APPLICATION} is off", playbooks=without("up in order", tmp_path), **AGAIN
    )


def test_a_missing_module_and_a_swapped_server_are_seen_by_the_comparison(room: Room) -> None:
    room.stops("Compare with the survey", "DIMM_A2", "AJY-LOAN", **AGAIN)

    room.estate.fault("lifted", "dimm_missing", DATABASE)
    room.estate.fault("lifted", "serial_swapped", APPLICATION)


def test_a_server_that_gets_hot_under_load_ends_the_burn_in(room: Room) -> None:
    arguments = room.estate.playing("room_upgrade.yml", **{**room.variables, **UP, "room_burn_in_s": 60})
    with subprocess.Popen(
        arguments, cwd=ROOT, env=room.estate.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    ) as running:  # fmt: skip
        assert running.stdout is not None
        said = []
        for line in running.stdout:
            said.append(line)
            if "Act | load on" in line:
                room.estate.fault("injected", "sensor_beyond", DATABASE, HOT)
    room.estate.fault("lifted", "sensor_beyond", DATABASE)

    assert running.returncode != 0, "".join(said)
    assert "Inlet Temp" in "".join(said)
    assert any("step" in line and "Burn in" in line for line in said)
    for host in (DATABASE, APPLICATION):
        assert room.estate.ssh(host, "pgrep -c stress-ng") == "0"
    time.sleep(3)


def test_a_restore_policy_that_stays_changed_is_seen(room: Room, tmp_path: Path) -> None:
    room.stops(
        "Let them start by themselves again", "expected: on, and always-on",
        playbooks=without("power that returns does what", tmp_path), **UP,
    )  # fmt: skip


def test_in_the_end_the_service_is_home_and_the_room_as_it_was(room: Room) -> None:
    room.goes_on(**UP)

    assert room.estate.writers() == [HOME]
    for host in (DATABASE, APPLICATION):
        assert room.estate.bmc_policy(host) == "always-on"
        assert room.estate.bmc_power(host) == "on"
    room.estate.must("dr_unwatch.yml", drill_directory=SEEN, dr_run_directory=str(OUT))
    subprocess.run(["python", "tools/report.py", str(OUT)], cwd=ROOT, check=True, env=room.estate.environment)
