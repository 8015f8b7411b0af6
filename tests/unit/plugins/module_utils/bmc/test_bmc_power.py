# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as on, as off, and as neither; what is done then, and what is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Union

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import arguments, errors, info
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls import chassis as calls
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls.chassis import FENCE
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.chassis import (
    set_boot,
    set_restore_policy,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.fence import fence
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.info import power
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.bmc import IpmiBmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.chassis import boot_flags
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import BOOT_DEVICES, Boot
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.power import (
    Confirmation,
    Watch,
    set_power,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Deadline, Target
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
    Refused,
    Unreachable,
)

STATUS, CONTROL, POLICY, SET_BOOT, GET_BOOT = 0x01, 0x02, 0x06, 0x08, 0x09
ALWAYS_OFF, ALWAYS_ON = 0x00, 0x40
NO_ANSWER = Unreachable("read", device="db", cause="no answer within 1 s")
FAILED = errors.command_failed("db", "read", 0xFF)

#: Evaluated when it is defined, unlike an annotation.
Answer = Union[bytes, DatacenterError, Callable[["FakeBmc", list[int]], bytes]]  # noqa: UP007


class FakeBmc(IpmiBmc):
    """Answers chassis status from a script (the last entry stays), the rest from a table."""

    name = "db"

    def __init__(self, *statuses: bytes | DatacenterError, **answers: Answer) -> None:
        self.statuses = list(statuses)
        self.answers = answers
        self.written: list[tuple[int, list[int], bool]] = []
        self.deadline: Deadline | None = None
        self.session: Any = self

    def command(self, what: str, netfn: int, command: int, data: Any = (), *, once: bool = False) -> bytes:
        assert netfn == 0
        answer: Answer
        if command == STATUS:
            answer = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        else:
            if command != GET_BOOT:
                self.written.append((command, list(data), once))
            answer = self.answers.get(f"c{command:02x}", b"")
        if isinstance(answer, DatacenterError):
            raise answer
        return answer if isinstance(answer, bytes) else answer(self, list(data))


def test_a_bmc_that_tells_nothing_has_no_state() -> None:
    for nothing in (NO_ANSWER, FAILED, b"\x01"):
        with pytest.raises(errors.StateUnknown):
            info.power(FakeBmc(nothing))


def status(on: bool, policy: int = ALWAYS_ON) -> bytes:
    return bytes([policy | on, 0, 0])


ON, OFF = status(True), status(False)
FENCED = status(False, ALWAYS_OFF)
THREE = Confirmation(readings=3, interval_s=0.001, deadline_s=0.1)
ONE = Confirmation(interval_s=0.001, deadline_s=0.05)


def no_sleep(_seconds: float) -> None:
    pass


def act(bmc: FakeBmc, verb: str, how: Confirmation = ONE, **options: Any) -> dict[str, Any]:
    return set_power(bmc, verb, how, sleep=no_sleep, **options)


@pytest.mark.parametrize(
    ("answer", "power", "policy", "cause"),
    [
        (ON, "on", "always-on", None),
        (FENCED, "off", "always-off", None),
        (bytes([0x20, 0, 0]), "off", "previous", None),
        (bytes([0x61, 0, 0]), "on", "unknown", None),
        (b"\x01", "unknown", "unknown", "1 bytes of 3"),
        (NO_ANSWER, "unknown", "unknown", "no answer"),
        (FAILED, "unknown", "unknown", "0xff"),
    ],
)
def test_a_reading(answer: bytes | DatacenterError, power: str, policy: str, cause: str | None) -> None:
    got = FakeBmc(answer).read_status()
    assert (got.power, got.restore_policy) == (power, policy)
    assert (cause is None and got.cause is None) or (cause is not None and cause in str(got.cause))


@pytest.mark.parametrize("verb", ["on", "off", "soft", "cycle", "reset"])
@pytest.mark.parametrize("statuses", [(NO_ANSWER,), (FAILED,), (ON, FAILED), (ON, OFF, ON), (OFF, ON, OFF)])
def test_nothing_is_done_on_unknown_or_contradictory(verb: str, statuses: tuple[Any, ...]) -> None:
    bmc = FakeBmc(*statuses)
    with pytest.raises(errors.StateUnknown) as error:
        act(bmc, verb, THREE)
    assert bmc.written == []
    assert error.value.result["changed"] is False
    assert error.value.result["readings"]


def test_a_contradiction_names_what_was_read() -> None:
    with pytest.raises(errors.StateUnknown, match="contradict each other: off, on"):
        act(FakeBmc(ON, OFF), "cycle", THREE)


def test_a_cycle_looks_twice_even_when_asked_to_look_once() -> None:
    with pytest.raises(errors.StateUnknown):
        act(FakeBmc(ON, OFF, ON), "cycle", ONE)


@pytest.mark.parametrize(("verb", "code", "once"), [("off", 0, False), ("on", 1, False), ("soft", 5, False),
                                                    ("cycle", 2, True), ("reset", 3, True)])  # fmt: skip
def test_what_is_sent(verb: str, code: int, once: bool) -> None:
    before, after = (OFF, ON) if verb == "on" else (ON, OFF)
    script = [before] * (2 if once else 1) + ([OFF, ON] if verb == "cycle" else [after])
    bmc = FakeBmc(*([ON] if verb == "reset" else script))
    act(bmc, verb)
    assert bmc.written == [(CONTROL, [code], once)]


@pytest.mark.parametrize("verb", ["on", "off", "soft", "cycle", "reset"])
def test_check_mode_reads_and_writes_nothing(verb: str) -> None:
    bmc = FakeBmc(OFF if verb == "on" else ON)
    assert act(bmc, verb, check=True)["commands"] == [f"chassis power {verb}"]
    assert bmc.written == []


def test_confirmation_wants_readings_in_a_row() -> None:
    bmc = FakeBmc(ON, OFF, OFF, ON, OFF, NO_ANSWER, OFF, OFF, OFF)
    done = act(bmc, "off", Confirmation(readings=1, interval_s=0.001, deadline_s=1))
    assert len(done["readings"]) == 2

    bmc = FakeBmc(OFF, OFF, ON, OFF, NO_ANSWER, OFF, OFF, OFF)
    watch = Watch(bmc, Confirmation(3, 0.001, 1), no_sleep)
    watch.until("off", "fence")
    assert [reading["state"] for reading in watch.readings] == [
        "off", "off", "on", "off", "unknown", "off", "off", "off",
    ]  # fmt: skip


def test_a_command_that_must_not_happen_twice_and_was_not_answered_says_so() -> None:
    bmc = FakeBmc(ON, c02=NO_ANSWER)
    with pytest.raises(Unreachable, match="is not known") as error:
        act(bmc, "reset")
    assert error.value.result["changed"] is True


def test_an_off_that_was_not_answered_is_judged_by_reading() -> None:
    assert act(FakeBmc(ON, OFF, c02=NO_ANSWER), "off")["confirmed"]
    with pytest.raises(DeadlineExceeded):
        act(FakeBmc(ON, c02=NO_ANSWER), "off")


def test_a_refused_command_carries_the_readings() -> None:
    with pytest.raises(errors.NotNow) as error:
        act(FakeBmc(ON, c02=errors.command_failed("db", "power off", 0xD5)), "off")
    assert error.value.result["readings"][0]["state"] == "on"
    assert error.value.result["changed"] is False


@pytest.mark.parametrize("verb", ["cycle", "reset"])
def test_a_server_that_is_off_is_left_alone(verb: str) -> None:
    bmc = FakeBmc(OFF)
    with pytest.raises(Refused):
        act(bmc, verb)
    assert bmc.written == []


# Restore policy and boot ------------------------------------------------------------------


def test_a_policy_taken_without_effect_is_found_out() -> None:
    with pytest.raises(errors.NotConfirmed) as error:
        set_restore_policy(FakeBmc(ON), "always-off")
    assert error.value.result["after"] == "always-on"


@pytest.mark.parametrize("device", BOOT_DEVICES)
@pytest.mark.parametrize("persistent", [True, False])
def test_boot_flags_read_back_as_written(device: str, persistent: bool) -> None:
    wanted = Boot(device, persistent=persistent, uefi=True)
    bmc = FakeBmc(ON, c09=bytes([1, 5, *boot_flags(wanted)]))
    assert bmc.read_boot() == (wanted if device != "none" else Boot())


def test_a_boot_device_taken_without_effect_is_found_out() -> None:
    bmc = FakeBmc(ON, c09=bytes([1, 5, 0, 0, 0, 0, 0]))
    with pytest.raises(errors.NotConfirmed, match="reads"):
        set_boot(bmc, Boot("pxe"))


def test_a_bmc_that_cannot_keep_the_flags_is_told_the_device_all_the_same() -> None:
    def pretend(bmc: FakeBmc, data: list[int]) -> bytes:
        if data[0] == 3:
            raise errors.command_failed("db", "keep", 0x80)
        bmc.answers["c09"] = bytes([1, *data])
        return b""

    bmc = FakeBmc(ON, c08=pretend, c09=bytes([1, 5, 0, 0, 0, 0, 0]))
    assert set_boot(bmc, Boot("pxe"))["changed"] is True


# Fence ------------------------------------------------------------------------------------


def test_the_policy_comes_before_the_power() -> None:
    bmc = FakeBmc(ON, FENCED)
    done = fence(bmc, THREE, sleep=no_sleep)
    assert [(command, data) for command, data, _once in bmc.written] == [(POLICY, [0]), (CONTROL, [0])]
    assert (done["fenced"], done["policy_before"], done["power_before"]) == (True, "always-on", "on")


def test_a_fenced_server_is_only_read() -> None:
    bmc = FakeBmc(FENCED)
    done = fence(bmc, THREE, sleep=no_sleep)
    assert (done["changed"], done["fenced"], len(done["readings"]), bmc.written) == (False, True, 3, [])


def test_without_the_policy_nothing_is_switched_off_unless_asked() -> None:
    refusal = errors.command_failed("db", "policy", 0xC1)
    bmc = FakeBmc(ON, OFF, c06=refusal)
    with pytest.raises(errors.CommandUnsupported, match="was not fenced") as error:
        fence(bmc, THREE, sleep=no_sleep)
    assert [command for command, _data, _once in bmc.written] == [POLICY]
    assert error.value.result["policy_before"] == "always-on"

    bmc = FakeBmc(ON, OFF, c06=refusal)
    done = fence(bmc, THREE, require_policy=False, sleep=no_sleep)
    assert (done["fenced"], done["policy_after"]) == (True, "always-on")
    assert done["commands"] == ["chassis power off"]


def test_off_with_the_old_policy_is_no_fence() -> None:
    with pytest.raises(errors.NotConfirmed) as error:
        fence(FakeBmc(ON, OFF), THREE, sleep=no_sleep)
    assert error.value.result["fenced"] is False


def test_each_reading_that_counts_says_the_policy_too() -> None:
    """A policy that reads now so, now so is no policy; one that comes late is waited for."""
    late = fence(FakeBmc(ON, OFF, FENCED), THREE, sleep=no_sleep)
    assert (late["fenced"], len(late["readings"])) == (True, 4)
    wavering = [ON, *[FENCED, OFF, FENCED, FENCED] * 10_000]
    with pytest.raises(errors.NotConfirmed, match="reads always-on"):
        fence(FakeBmc(*wavering), Confirmation(4, 0.001, 0.05), sleep=no_sleep)


def test_each_server_of_a_fleet_is_asked_on_its_own_second_path(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(calls, "answer", lambda address, **_more: asked.append(address))
    path = {"address": "10.0.0.7", "port": 22}
    one = {"name": "db", "address": "192.0.2.1", "second_path": path}
    spec = FENCE.spec()
    params = {name: option.get("default") for name, option in spec.items()}
    fleet = {**params, "targets": [one]}
    (own,) = arguments.params_of_each(fleet, [Target("db", "192.0.2.1", "ops", "x")], FENCE.own).values()
    assert spec["targets"]["options"]["second_path"]["options"]["port"]["default"] == 22
    FENCE.work(FakeBmc(FENCED), {**own, "deadline_s": 1.0}, False)
    assert "10.0.0.7" in asked
    # One server's silence says nothing of the others.
    assert FENCE.misfits is not None
    assert "each states its own" in FENCE.misfits({**fleet, "second_path": path})[0]
    assert FENCE.misfits({**params, "second_path": path}) == FENCE.misfits(fleet) == []


def test_a_fence_in_time_or_not_at_all() -> None:
    with pytest.raises(DeadlineExceeded) as error:
        fence(FakeBmc(ON), THREE, sleep=no_sleep)
    assert error.value.result["fenced"] is False
    assert error.value.result["commands"] == ["set power restore policy always-off", "chassis power off"]


def test_check_mode_of_the_fence_does_not_record() -> None:
    bmc = FakeBmc(ON)
    recorded: list[dict[str, Any]] = []
    done = fence(bmc, THREE, check=True, before_change=recorded.append)
    assert (done["changed"], done["fenced"], bmc.written, recorded) == (True, False, [], [])


def test_a_state_that_is_not_known_comes_with_what_to_do() -> None:
    with pytest.raises(errors.StateUnknown) as error:
        power(FakeBmc(NO_ANSWER))
    assert error.value.next_step
