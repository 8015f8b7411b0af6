# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of a network device, with the rollback armed on the device, against the emulated EOS switch.

The driver is NAPALM's own; the switch really becomes silent, and really takes back by itself.
"""

from __future__ import annotations

import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eos_device import Fault
from eos_emulator import PASSWORD, USER, Emulator

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice import change
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.archive import Archive
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.change import (
    Change,
    NotConfirmed,
    Undecided,
    apply_change,
    confirm_pending,
    roll_back_pending,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.checks import Check
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.session import (
    ConfigurationRefused,
    Device,
    open_session,
)

GOOD = "interface Ethernet2\n   description to the archive\n   ip address 10.0.1.1/24\n"
CUT = "interface Management1\n   shutdown\n"


def device(eos: Emulator, timeout_s: float = 5, password: str = PASSWORD) -> Device:
    return Device("nn-sw-01", "eos", "127.0.0.1", USER, password, port=eos.port, timeout_s=timeout_s)


def running(eos: Emulator) -> str:
    """The configuration in force, as the switch has it: no reading over its own protocol."""
    with eos.switch.changed:
        return eos.switch.text(eos.switch.running, "")


def armed(eos: Emulator) -> bool:
    return eos.switch.armed is not None


def left_open(eos: Emulator) -> list[str]:
    return [session.name for session in eos.switch.sessions.values() if session.state == "pending"]


def wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def told(error: DatacenterError) -> dict[str, Any]:
    """The error's parts; each has to be there for whoever reads it at night."""
    fields = error.fields()
    assert fields["device"] == "nn-sw-01"
    assert fields["cause"]
    assert fields["next_step"]
    return fields


def test_a_good_change_is_shown_made_confirmed_and_archived(eos: Emulator, tmp_path: Path) -> None:
    before, wanted = running(eos), Change(GOOD, confirm_s=60)
    shown = apply_change(device(eos), wanted, dry_run=True)
    assert shown["changed"]
    assert "+   ip address 10.0.1.1/24" in shown["diff_text"]
    assert (running(eos), left_open(eos)) == (before, [])

    made = apply_change(device(eos), wanted, archive=Archive(tmp_path))
    assert (made["changed"], made["confirmed"]) == (True, True)
    assert not armed(eos)
    assert "ip address 10.0.1.1/24" in running(eos)
    assert eos.switch.startup == eos.switch.running
    kept = Path(made["archive"]["path"])
    assert kept.read_text().splitlines()[2:] == before.splitlines()[2:]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600

    again = apply_change(device(eos), wanted)
    assert not again["changed"]
    assert left_open(eos) == []

    apply_change(device(eos), Change(kept.read_text(), mode="replace", confirm_s=60))
    assert running(eos) == before


def test_the_device_saves_itself_from_a_change_that_cuts_its_way(eos: Emulator) -> None:
    before = running(eos)
    with pytest.raises(NotConfirmed) as refused:
        apply_change(device(eos, timeout_s=1), Change(CUT, confirm_s=2))
    assert running(eos) == before
    assert eos.switch.log[-1].startswith("CONFIG_SESSION_COMMIT_TIMER_EXPIRED")
    assert left_open(eos) == []
    assert (refused.value.result["rolled_back_by"], refused.value.result["confirmed"]) == ("device", False)
    assert "timed out" in told(refused.value)["cause"]
    with open_session(device(eos)) as session:
        assert session.get_facts()["hostname"] == "eos1"


def test_a_neighbour_of_bfd_decides_whether_a_change_stays(eos: Emulator) -> None:
    before, check = running(eos), Check("neighbor_up", "10.0.1.2", device(eos), protocol="bfd")
    eos.switch.bfd = {("10.0.1.3", "Ethernet3"): "up", ("10.0.1.2", "Ethernet2"): "down"}
    with pytest.raises(NotConfirmed, match="10.0.1.2 down"):
        apply_change(device(eos), Change(GOOD, confirm_s=3), checks=[check])
    assert running(eos) == before

    eos.switch.bfd[("10.0.1.2", "Ethernet2")] = "up"
    made = apply_change(device(eos), Change(GOOD, confirm_s=60), checks=[check])
    assert made["confirmed"]


#: A run of its own, whose check never holds, so that it is killed between the commit and the end.
RUN = """
import sys
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice import change
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.checks import Check
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.session import Device
user, password, port, text = sys.argv[1:]
device = Device("nn-sw-01", "eos", "127.0.0.1", user, password, port=int(port))
check = Check("route_present", "10.77.0.0/16", device)
change.apply_change(device, change.Change(text, confirm_s=2), checks=[check])
"""


def test_the_device_saves_itself_when_the_run_is_killed(eos: Emulator) -> None:
    before = running(eos)
    with subprocess.Popen([sys.executable, "-c", RUN, USER, PASSWORD, str(eos.port), GOOD]) as process:
        wait(lambda: armed(eos))
        assert running(eos) != before
        process.kill()
    wait(lambda: running(eos) == before)
    assert eos.switch.log[-1].startswith("CONFIG_SESSION_COMMIT_TIMER_EXPIRED")


def test_a_rollback_that_does_not_come_is_made_by_hand(
    eos: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change, "MARGIN_S", 0.2)
    monkeypatch.setattr(eos.switch, "_expire", lambda name: None)
    before, wanted = running(eos), Check("route_present", "10.77.0.0/16", via=device(eos))
    with pytest.raises(NotConfirmed) as refused:
        apply_change(device(eos), Change(GOOD, confirm_s=1), checks=[wanted])
    assert refused.value.result["rolled_back_by"] == "this run"
    assert running(eos) == before
    assert not armed(eos)


def test_a_rollback_that_restores_nothing_is_not_believed(
    eos: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forget(name: str) -> None:
        with eos.switch.changed:
            eos.switch.disarm()

    monkeypatch.setattr(change, "GRACE_S", 1.0)
    monkeypatch.setattr(eos.switch, "_expire", forget)
    wanted = Check("route_present", "10.77.0.0/16", via=device(eos))
    with pytest.raises(Undecided) as undecided:
        apply_change(device(eos), Change(GOOD, confirm_s=1), checks=[wanted])
    assert "another than before" in told(undecided.value)["cause"]


def test_what_cannot_be_seen_is_not_said(
    eos: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device that went away and did not come back: nobody knows, and the archive is what there is."""
    monkeypatch.setattr(change, "GRACE_S", 1.0)
    monkeypatch.setattr(eos.switch, "_expire", lambda name: None)
    with pytest.raises(Undecided) as undecided:
        apply_change(device(eos, timeout_s=1), Change(CUT, confirm_s=1), archive=Archive(tmp_path))
    assert undecided.value.result["rolled_back"] is None
    assert str(next(tmp_path.glob("*/*.conf"))) in told(undecided.value)["next_step"]


def test_a_check_that_does_not_hold_takes_the_change_back(eos: Emulator) -> None:
    before = running(eos)
    wanted = Check("route_present", "10.77.0.0/16", via=device(eos))
    with pytest.raises(NotConfirmed) as refused:
        apply_change(device(eos), Change(GOOD, confirm_s=2), checks=[wanted])
    assert "route to 10.77.0.0/16" in told(refused.value)["cause"]
    assert running(eos) == before

    route = Change(GOOD + "ip route 10.77.0.0/16 10.0.1.9\n", confirm_s=60)
    made = apply_change(device(eos), route, checks=[wanted, Check("ping", "10.77.1.1", via=device(eos))])
    assert [check["passed"] for check in made["checks"]] == [True, True]
    assert "10.77.0.0/16" in running(eos)


def test_the_loser_of_a_race_leaves_the_winners_commit_alone(eos: Emulator) -> None:
    """Both saw that nothing waits; the second to commit takes back nothing but its own candidate."""

    class Rival(Archive):
        def keep(self, device: str, text: str) -> dict[str, Any]:
            options = {"lock_disable": True}
            rival = Device("rival", "eos", "127.0.0.1", USER, PASSWORD, port=eos.port, optional_args=options)
            with open_session(rival) as session:
                session.load_merge_candidate(config=GOOD)
                session.commit_config(revert_in=60)
            return {"path": "", "sha256": ""}

    with pytest.raises(Refused) as refused:
        apply_change(device(eos), Change("hostname other\n", confirm_s=60), archive=Rival(Path()))
    assert "waits for its confirmation already" in told(refused.value)["what"]
    assert armed(eos)
    assert "description to the archive" in running(eos)
    assert left_open(eos) == []


def test_a_commit_that_never_arrived_leaves_no_candidate(eos: Emulator) -> None:
    before = running(eos)
    eos.switch.faults += [Fault("reset", "copy startup"), Fault("error", "commit timer", "it was not done")]
    with pytest.raises(NotConfirmed):
        apply_change(device(eos), Change(GOOD, confirm_s=2))
    assert (running(eos), left_open(eos)) == (before, [])


def test_a_rollback_by_hand_that_is_refused_leaves_no_candidate_and_is_tried_again(
    eos: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unmet(*_given: Any) -> tuple[bool, str]:
        if not eos.switch.faults:
            eos.switch.faults.append(Fault("error", "commit$", "busy"))
        return False, "seen"

    monkeypatch.setattr(change, "UNARMED_S", 0.5)
    monkeypatch.setattr(change, "run_check", unmet)
    before = running(eos)
    with pytest.raises(NotConfirmed) as refused:
        apply_change(device(eos), Change(GOOD, confirm_s=0), checks=[Check("ping", "10.77.1.1")])
    assert refused.value.result["rolled_back_by"] == "this run"
    assert eos.switch.faults[0].times == 0
    assert (running(eos), left_open(eos)) == (before, [])


def test_a_slow_device_has_the_time_that_it_was_given(eos: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers at once whether it is there, and takes its time over a configuration."""
    monkeypatch.setattr(change, "TRY_S", 1.0)
    eos.switch.faults.append(Fault("slow", "diffs", 2.0, times=99))
    assert apply_change(device(eos, timeout_s=10), Change(GOOD, confirm_s=60))["confirmed"]


def test_a_second_change_waits_for_the_first(eos: Emulator) -> None:
    with open_session(device(eos)) as session:
        session.load_merge_candidate(config=GOOD)
        session.commit_config(revert_in=60)
    pending = running(eos)
    assert armed(eos)
    with pytest.raises(Refused) as refused:
        apply_change(device(eos), Change("hostname other\n"))
    assert "waits for its confirmation" in told(refused.value)["what"]
    assert (running(eos), left_open(eos)) == (pending, [])

    assert confirm_pending(device(eos)) == {"changed": True, "confirmed": True}
    assert not armed(eos)
    assert running(eos) == pending
    assert confirm_pending(device(eos)) == {"changed": False, "confirmed": False}


def test_a_pending_change_can_be_taken_back_by_hand(eos: Emulator) -> None:
    before = running(eos)
    with open_session(device(eos)) as session:
        session.load_merge_candidate(config=GOOD)
        session.commit_config(revert_in=60)
    assert roll_back_pending(device(eos)) == {"changed": True, "rolled_back": True}
    assert running(eos) == before
    assert not armed(eos)


@pytest.mark.parametrize("mode", ["merge", "replace"])
def test_a_line_that_the_device_refuses_leaves_nothing(eos: Emulator, mode: str) -> None:
    before = running(eos)
    with pytest.raises(ConfigurationRefused) as refused:
        apply_change(
            device(eos), Change("hostname other\ninterface Ethernet2\n   ip adress 1.2.3.4/8\n", mode)
        )
    assert "Invalid input (at token 1: 'adress')" in told(refused.value)["cause"]
    assert (running(eos), left_open(eos)) == (before, [])


def test_a_difference_that_cannot_be_read_leaves_nothing(eos: Emulator) -> None:
    before = running(eos)
    eos.switch.faults.append(Fault("error", "diffs", "ConfigAgent is restarting"))
    with pytest.raises(DatacenterError) as failed:
        apply_change(device(eos), Change(GOOD))
    assert "ConfigAgent is restarting" in str(failed.value)
    assert (running(eos), left_open(eos)) == (before, [])


@pytest.mark.parametrize("mode", ["merge", "replace"])
def test_a_change_taken_in_part_is_found_and_taken_back(eos: Emulator, mode: str) -> None:
    before = running(eos)
    eos.switch.faults.append(Fault("skip", "commit timer", "description to the archive"))
    # What a device shows ends with "end"; lines after it would belong to no configuration.
    text = GOOD if mode == "merge" else before.removesuffix("end\n") + GOOD
    with pytest.raises(NotConfirmed) as refused:
        apply_change(device(eos), Change(text, mode, confirm_s=2))
    assert "description to the archive" in told(refused.value)["cause"]
    assert (running(eos), left_open(eos)) == (before, [])


def test_a_commit_that_the_device_refuses_leaves_nothing(eos: Emulator) -> None:
    before = running(eos)
    eos.switch.faults.append(Fault("error", "commit timer", "no space left on flash"))
    with pytest.raises(DatacenterError) as refused:
        apply_change(device(eos), Change(GOOD, confirm_s=1))
    assert "no space left on flash" in told(refused.value)["cause"]
    assert (running(eos), left_open(eos)) == (before, [])
    assert apply_change(device(eos), Change(GOOD, confirm_s=60))["confirmed"]


@pytest.mark.parametrize("lost", ["commit timer", "commit$"])
def test_an_answer_that_breaks_off_is_asked_for_again(eos: Emulator, lost: str) -> None:
    """The commit's, and the confirmation's: what the device has done is read from it, not guessed."""
    eos.switch.faults.append(Fault("reset", lost))
    made = apply_change(device(eos), Change(GOOD, confirm_s=60))
    assert made["confirmed"]
    assert eos.switch.faults[0].times == 0
    assert not armed(eos)
    assert "ip address 10.0.1.1/24" in running(eos)


def test_a_device_that_is_silent_from_the_start_is_named(eos: Emulator) -> None:
    with eos.switch.changed:
        eos.switch.running["interface Management1"]["shutdown"] = {}
        eos.switch.put(eos.switch.running)
    began = time.monotonic()
    with pytest.raises(DatacenterError) as unreachable:
        apply_change(device(eos, timeout_s=1), Change(GOOD))
    assert time.monotonic() - began < 10
    assert told(unreachable.value)["kind"] == "Unreachable"


def test_a_wrong_password_is_called_so(eos: Emulator) -> None:
    with pytest.raises(DatacenterError) as refused:
        apply_change(device(eos, password="wrong"), Change(GOOD))
    assert "refuses the user" in told(refused.value)["what"]


def test_without_a_timer_this_run_takes_back_what_fails(
    eos: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was running and not saved is what has to come back, not what was saved at some time."""
    monkeypatch.setattr(change, "UNARMED_S", 0.5)
    with eos.switch.changed:
        eos.switch.running["ntp server 192.0.2.124"] = {}
    before = running(eos)
    wanted = Check("route_present", "10.77.0.0/16", via=device(eos))
    with pytest.raises(NotConfirmed) as refused:
        apply_change(device(eos), Change(GOOD, confirm_s=0), checks=[wanted])
    assert refused.value.result["rolled_back_by"] == "this run"
    assert running(eos) == before
