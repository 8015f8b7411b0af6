# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a change, on a device in memory that misbehaves on demand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice import change as changes
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.archive import (
    Archive,
    read_archive,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.change import (
    Change,
    NotConfirmed,
    Undecided,
    apply_change,
    confirm_pending,
    roll_back_pending,
    same,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.checks import Check
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.session import (
    ConfigurationRefused,
    Device,
    Unsupported,
)
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.module_utils.netdevice.memory_driver import (
    DEVICE,
    FakeClock,
    Hardware,
    MemoryDriver,
    opener_of,
)

CHECK = Check("ping", "192.0.2.9")


@pytest.fixture
def hardware() -> Hardware:
    return Hardware(FakeClock())


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What the checks say, one after the other; the last one for ever."""
    answers = [True]
    monkeypatch.setattr(
        changes, "run_check", lambda *_a: (answers.pop(0) if len(answers) > 1 else answers[0], "seen")
    )
    return answers


def run(hardware: Hardware, text: str = "route a", **words: Any) -> dict[str, Any]:
    outside = {name: words.pop(name) for name in ("checks", "archive", "dry_run") if name in words}
    change = Change(text, **{"confirm_s": 30, **words})
    return apply_change(
        words.get("device", DEVICE), change, opener=opener_of(hardware), clock=hardware.clock, **outside
    )


def test_a_change_that_holds_is_confirmed_in_a_new_session(hardware: Hardware, checked: list[bool]) -> None:
    checked[:] = [False, False, True]
    sessions = MemoryDriver.serial
    result = run(hardware, checks=[CHECK])
    assert (result["changed"], result["confirmed"]) == (True, True)
    assert hardware.boot == ["hostname r1", "route a"]
    assert hardware.owner is None
    assert MemoryDriver.serial - sessions >= 2
    # The session that made it was closed, and that took nothing back.
    assert "aborted by closing" not in hardware.log


def test_nothing_is_committed_where_nothing_differs_or_only_looked_at(hardware: Hardware) -> None:
    assert run(hardware, "hostname r1") == {
        "changed": False, "diff_text": "", "confirmed": None, "checks": [], "resets": [], "archive": None,
    }  # fmt: skip
    seen = run(hardware, dry_run=True)
    assert (seen["changed"], seen["diff_text"], seen["confirmed"]) == (True, "+ route a", None)
    assert hardware.lines == ["hostname r1"]
    assert hardware.log == ["discarded", "discarded"]


def test_a_change_that_cuts_the_way_is_taken_back_by_the_device(hardware: Hardware) -> None:
    with pytest.raises(NotConfirmed, match="the device has taken it back by itself") as failed:
        run(hardware, "cut")
    assert hardware.lines == ["hostname r1"]
    assert hardware.log.count("fired") == 1
    assert "rollback" not in hardware.log
    assert failed.value.result["rolled_back"] is True
    assert "no route to host" in failed.value.result["session_lost"]
    assert hardware.clock.now() >= 30


def test_a_check_that_does_not_hold_confirms_nothing(hardware: Hardware, checked: list[bool]) -> None:
    checked[:] = [False]
    with pytest.raises(NotConfirmed, match="192.0.2.9 answers a ping, seen from the control node: seen"):
        run(hardware, checks=[CHECK])
    assert (hardware.lines, hardware.boot) == (["hostname r1"], [])
    assert hardware.log.count("fired") == 1


@pytest.mark.parametrize(
    ("driver", "protocol", "way_on"),
    [("ios", "bfd", "the protocol that BFD protects"), ("eos", "isis", "check one of bgp, ospf, bfd")],
)
def test_a_check_that_a_device_cannot_be_asked_is_refused_before_the_commit(
    hardware: Hardware, driver: str, protocol: str, way_on: str
) -> None:
    """Made afterwards it never holds, and each good change would be taken back."""
    asked = Device("r2", driver, "192.0.2.2", "root")
    with pytest.raises(Unsupported) as refused:
        run(hardware, "new line", checks=[Check("neighbor_up", "10.0.1.2", asked, protocol=protocol)])
    assert way_on in refused.value.fields()["next_step"]
    assert hardware.log == []
    assert hardware.lines == ["hostname r1"]


def test_a_change_that_was_taken_in_part_is_not_confirmed(hardware: Hardware) -> None:
    hardware.ignored = ("route b",)
    with pytest.raises(NotConfirmed, match=r"is not what was committed: \+ route b"):
        run(hardware, "route a\nroute b")
    assert hardware.lines == ["hostname r1"]


def test_a_second_change_is_refused_before_anything_is_loaded(hardware: Hardware) -> None:
    hardware.owner, hardware.due, hardware.before = "somebody", 1000.0, ["hostname r1"]
    with pytest.raises(Refused, match="waits for its confirmation already"):
        run(hardware)
    assert hardware.log == []


@pytest.mark.parametrize("refusal", ["Pending commit confirm already in process!", "the flash is busy"])
@pytest.mark.parametrize("confirm_s", [30, 0])
def test_the_loser_of_a_race_leaves_the_winners_commit_alone(
    hardware: Hardware, refusal: str, confirm_s: int
) -> None:
    """Both saw that nothing waits; whatever the device says to the second."""

    def win() -> None:
        hardware.owner, hardware.due, hardware.before = "somebody", 1000.0, hardware.lines
        hardware.lines, hardware.rival = ["hostname r1", "of somebody"], None

    hardware.rival, hardware.refusal = win, refusal
    known = "Pending" in refusal
    with pytest.raises(Refused if known else Undecided) as failed:
        run(hardware, confirm_s=confirm_s)
    assert failed.value.result["changed"] is not known
    assert (hardware.owner, hardware.lines) == ("somebody", ["hostname r1", "of somebody"])


def test_a_commit_of_another_run_is_not_confirmed_in_place_of_ones_own(
    hardware: Hardware, checked: list[bool]
) -> None:
    def replaced() -> None:
        if hardware.clock.now() > 1 and hardware.owner != "somebody":
            hardware.owner, hardware.due, hardware.before = "somebody", 1000.0, ["hostname r1"]

    hardware.on_commit = lambda: setattr(hardware.clock, "seconds", 2.0)
    before = opener_of(hardware)

    def opener(device: Device, timeout_s: float | None = None) -> Any:
        replaced()
        return before(device, timeout_s)

    with pytest.raises(Undecided):
        apply_change(DEVICE, Change("route a", confirm_s=30), opener=opener, clock=hardware.clock)
    assert hardware.owner == "somebody"
    assert hardware.boot == []
    assert hardware.lines == ["hostname r1", "route a"]


def test_a_rollback_by_hand_that_fails_is_tried_again(hardware: Hardware, checked: list[bool]) -> None:
    hardware.timer_works, checked[:], hardware.failing_rollbacks = False, [False], 2
    with pytest.raises(NotConfirmed, match="taken back by this run"):
        run(hardware, checks=[CHECK])
    assert hardware.log.count("rollback") == 3
    assert hardware.lines == ["hostname r1"]


def test_a_candidate_that_is_not_taken_is_discarded(hardware: Hardware, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationRefused, match="invalid: typo"):
        run(hardware, "typo", archive=Archive(tmp_path))
    assert hardware.log == ["discarded"]
    assert not list(tmp_path.iterdir())


def test_sessions_are_reset_with_approval_alone(hardware: Hardware) -> None:
    hardware.resets = ("timers 9",)
    assert "will be refused" in run(hardware, "timers 9", dry_run=True)["warnings"][0]
    with pytest.raises(Refused, match="timers 9") as refused:
        run(hardware, "timers 9")
    assert refused.value.result["resets"] == ["timers 9"]
    assert hardware.lines == ["hostname r1"]
    assert run(hardware, "timers 9", allow_session_reset=True)["confirmed"]


def test_a_device_whose_own_rollback_does_not_come_is_taken_back_by_hand(
    hardware: Hardware, checked: list[bool]
) -> None:
    hardware.timer_works, checked[:] = False, [False]
    with pytest.raises(NotConfirmed, match="taken back by this run") as failed:
        run(hardware, checks=[CHECK])
    assert failed.value.result["rolled_back_by"] == "this run"
    assert hardware.lines == ["hostname r1"]


def test_a_device_that_stays_away_is_not_called_rolled_back(hardware: Hardware, tmp_path: Path) -> None:
    hardware.timer_works = False
    with pytest.raises(Undecided, match="could not be seen") as failed:
        run(hardware, "cut", archive=Archive(tmp_path))
    assert failed.value.result["rolled_back"] is None
    assert failed.value.result["changed"] is True
    assert str(tmp_path) in str(failed.value.next_step)


def test_a_confirmation_whose_answer_was_lost_is_looked_up(hardware: Hardware) -> None:
    hardware.confirm_answers = False
    assert run(hardware)["confirmed"]
    assert hardware.boot == ["hostname r1", "route a"]


def test_somebody_else_who_changed_it_meanwhile_is_not_taken_for_a_rollback(hardware: Hardware) -> None:
    hardware.on_commit = lambda: hardware.lines.append("cut") or hardware.before.append("of another")  # type: ignore[func-returns-value]
    with pytest.raises(Undecided, match="another than before"):
        run(hardware)


def test_a_device_that_was_faster_is_said_to_have_been(hardware: Hardware) -> None:
    def slow() -> None:
        hardware.clock.seconds += 31

    hardware.on_commit = slow
    with pytest.raises(NotConfirmed, match="no time was left|before it could be confirmed"):
        run(hardware)
    assert hardware.lines == ["hostname r1"]


def test_without_a_timer_a_failed_check_takes_it_back_at_once(
    hardware: Hardware, checked: list[bool]
) -> None:
    checked[:] = [False]
    with pytest.raises(NotConfirmed, match="taken back by this run"):
        run(hardware, checks=[CHECK], confirm_s=0)
    assert "rollback" in hardware.log
    assert hardware.lines == ["hostname r1"]


@pytest.mark.parametrize(
    ("driver", "seconds", "message"),
    [
        ("nxos_ssh", 60, "cannot be armed on this device"),
        ("napalm.ios", 90, "give 120"),
        ("junos", 61, "give 120"),
        ("eos", -1, "negative"),
    ],
)
def test_a_timer_that_a_device_does_not_have_is_refused_first(
    hardware: Hardware, driver: str, seconds: int, message: str
) -> None:
    device = Device("r1", driver, "192.0.2.1", "root")
    with pytest.raises(DatacenterError, match=message):
        apply_change(device, Change("x", confirm_s=seconds), opener=opener_of(hardware))
    assert hardware.log == []


def test_a_pending_change_of_another_run_can_be_decided_on(hardware: Hardware) -> None:
    opener = opener_of(hardware)
    assert confirm_pending(DEVICE, opener=opener) == {"changed": False, "confirmed": False}
    hardware.owner, hardware.due, hardware.before = "somebody", 1000.0, ["hostname r0"]
    assert confirm_pending(DEVICE, dry_run=True, opener=opener)["changed"]
    assert hardware.owner
    assert confirm_pending(DEVICE, opener=opener) == {"changed": True, "confirmed": True}
    hardware.owner = "somebody"
    assert roll_back_pending(DEVICE, opener=opener) == {"changed": True, "rolled_back": True}
    assert hardware.lines == ["hostname r0"]


def test_what_was_replaced_is_kept_and_a_changed_file_is_not_restored(
    hardware: Hardware, tmp_path: Path
) -> None:
    kept = run(hardware, archive=Archive(tmp_path))["archive"]
    path = Path(kept["path"])
    assert Archive(tmp_path).newest("r1") == path
    assert read_archive(path, "r1") == "hostname r1"
    assert path.stat().st_mode & 0o077 == 0
    path.write_text("hostname r2")
    with pytest.raises(DatacenterError, match="not what its name says"):
        read_archive(path, "r1")


def test_devices_whose_names_are_no_names_of_files_have_archives_of_their_own(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    names = ("南宁一号路由", "灾备一号路由", "..", "r1")
    for name in names:
        archive.keep(name, f"hostname {name}")
    assert [read_archive(archive.newest(name), name) for name in names] == [f"hostname {n}" for n in names]
    assert (tmp_path / "r1").is_dir()
    assert {path.parent.parent for path in tmp_path.rglob("*.conf")} == {tmp_path}


def test_nothing_is_replaced_that_could_not_be_kept(hardware: Hardware, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatacenterError, match="cannot be archived, so nothing was changed"):
        run(hardware, archive=Archive(tmp_path / "file"))
    assert hardware.lines == ["hostname r1"]


def test_passwords_are_not_shown(hardware: Hardware) -> None:
    result = run(hardware, "neighbor 192.0.2.7 password hunter2", dry_run=True)
    assert result["diff_text"] == "+ neighbor 192.0.2.7 password <removed>"


def test_times_and_greetings_are_no_difference() -> None:
    assert same("! at 10:00\n\nhostname a\n", "Building configuration...\nhostname a \n! at 11:00\n")
    assert not same("hostname a", "hostname b")
