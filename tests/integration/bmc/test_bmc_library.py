# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The library against a simulated BMC, with ipmitool and the power script as witnesses."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from bmc_bench import PASSWORD, VIEWER, Simulated

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.chassis import (
    set_boot,
    set_restore_policy,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.fence import fence, recorder
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.info import DEFAULT, gather
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.bmc import IpmiBmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Boot
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.power import Confirmation, set_power
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Deadline
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DeadlineExceeded,
    Refused,
    Unreachable,
)

QUICK = Confirmation(interval_s=0.1, deadline_s=1.2)
THREE = Confirmation(readings=3, interval_s=0.1, deadline_s=4.0)


def power(sim: Simulated, verb: str, how: Confirmation = QUICK, **options: Any) -> dict[str, Any]:
    with connect(sim.target(), Deadline(how.deadline_s)) as bmc:
        return set_power(bmc, verb, how, **options)


def fenced(sim: Simulated, how: Confirmation = THREE, **options: Any) -> dict[str, Any]:
    with connect(sim.target(), Deadline(how.deadline_s)) as bmc:
        return fence(bmc, how, **options)


# Verbs ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "verb", "after"), [("on", "off", "off"), ("off", "on", "on"),
                                                       ("on", "soft", "off")])  # fmt: skip
def test_a_verb_in_four_runs(sim: Simulated, before: str, verb: str, after: str) -> None:
    sim.power = before
    told = {"soft": "shutdown"}.get(verb, verb)

    foretold = power(sim, verb, check=True)
    assert (foretold["changed"], foretold["after"], foretold["confirmed"]) == (True, after, False)
    assert sim.calls == []
    assert f"Power is {before}" in sim.ipmitool("power", "status")

    done = power(sim, verb, THREE)
    assert (done["changed"], done["before"], done["after"], done["confirmed"]) == (True, before, after, True)
    assert [reading["state"] for reading in done["readings"][-3:]] == [after] * 3
    assert done["commands"] == foretold["commands"]
    assert sim.calls == [told]
    assert f"Power is {after}" in sim.ipmitool("power", "status")

    for again in (power(sim, verb), power(sim, verb, check=True)):
        assert (again["changed"], again["commands"], again["confirmed"]) == (False, [], True)
    assert sim.calls == [told]
    assert sim.power == after


def test_a_cycle_counts_when_off_was_seen_in_between(sim: Simulated) -> None:
    done = power(sim, "cycle", Confirmation(readings=2, interval_s=0.1, deadline_s=5))
    states = [reading["state"] for reading in done["readings"]]
    assert done["confirmed"]
    assert "off" in states
    assert states[-2:] == ["on", "on"]
    assert sim.calls == ["off", "on"]


def test_a_reset_is_done_and_never_called_confirmed(sim: Simulated) -> None:
    done = power(sim, "reset")
    assert (done["changed"], done["confirmed"], done["after"]) == (True, False, "on")
    assert sim.calls == ["off", "on"]


@pytest.mark.parametrize("verb", ["cycle", "reset"])
def test_a_server_that_is_off_is_neither_cycled_nor_reset(sim: Simulated, verb: str) -> None:
    sim.power = "off"
    with pytest.raises(Refused, match="the server is off") as error:
        power(sim, verb)
    assert error.value.result["changed"] is False
    assert sim.calls == []


@pytest.mark.parametrize("policy", ["always-off", "previous"])
def test_the_restore_policy_in_four_runs(sim: Simulated, policy: str) -> None:
    with connect(sim.target()) as bmc:
        assert set_restore_policy(bmc, policy, check=True)["changed"] is True
        assert "always-on" in sim.ipmitool("chassis", "status")
        assert set_restore_policy(bmc, policy)["before"] == "always-on"
        assert f"Policy : {policy}" in sim.ipmitool("chassis", "status")
        assert (sim.bmc / "restore_policy").read_text() == policy + "\n"
        for check in (False, True):
            assert set_restore_policy(bmc, policy, check=check)["changed"] is False


def test_the_restore_policy_survives_a_restart_of_the_bmc(sim: Simulated) -> None:
    with connect(sim.target()) as bmc:
        set_restore_policy(bmc, "previous")
    sim.stop()
    sim.start()
    assert "Policy : previous" in sim.ipmitool("chassis", "status")


def test_the_boot_device_in_four_runs(sim: Simulated) -> None:
    wanted = Boot("pxe", persistent=True, uefi=True)
    with connect(sim.target()) as bmc:
        assert set_boot(bmc, wanted, check=True)["changed"] is True
        assert bmc.read_boot() == Boot()
        assert set_boot(bmc, wanted)["after"] == {"device": "pxe", "persistent": True, "uefi": True}
        witness = sim.ipmitool("chassis", "bootparam", "get", "5")
        for line in ("Force PXE", "all future boots", "EFI boot"):
            assert line in witness
        for check in (False, True):
            assert set_boot(bmc, wanted, check=check)["changed"] is False
        assert set_boot(bmc, Boot())["changed"] is True
    assert "Boot Flag Invalid" in sim.ipmitool("chassis", "bootparam", "get", "5")


def test_a_boot_device_for_one_start_is_used_up_by_it(sim: Simulated) -> None:
    with connect(sim.target()) as bmc:
        set_boot(bmc, Boot("pxe"))
        set_power(bmc, "reset", QUICK)
        assert bmc.read_boot() == Boot()
    assert (sim.bmc / "boot_used").read_text().startswith("80")


# Fence ----------------------------------------------------------------------------------


def test_a_fence_in_four_runs(sim: Simulated) -> None:
    foretold = fenced(sim, check=True)
    assert (foretold["changed"], foretold["fenced"]) == (True, False)
    assert sim.calls == []
    assert "always-on" in sim.ipmitool("chassis", "status")

    done = fenced(sim)
    assert (done["changed"], done["fenced"], done["policy_before"]) == (True, True, "always-on")
    assert [reading["state"] for reading in done["readings"]] == ["off"] * 3
    moments = [reading["at"] for reading in done["readings"]]
    assert moments == sorted(set(moments))
    assert done["commands"] == foretold["commands"]
    witness = sim.ipmitool("chassis", "status")
    assert "System Power         : off" in witness
    assert "Policy : always-off" in witness
    assert sim.power == "off"

    for check in (False, True):
        again = fenced(sim, check=check)
        assert (again["changed"], again["fenced"], len(again["readings"])) == (False, True, 3)
    assert sim.calls == ["off"]


def test_a_fence_costs_under_a_second(sim: Simulated) -> None:
    start = time.monotonic()
    fenced(sim, Confirmation(readings=3, interval_s=0.2, deadline_s=5))
    assert time.monotonic() - start < 1.0


def test_what_the_fence_found_is_on_disk_before_anything_is_changed(sim: Simulated, tmp_path: Path) -> None:
    path = tmp_path / "found.jsonl"
    seen_by_then = []
    record = recorder(str(path), "nn-db-01")
    assert record is not None

    def spy(observed: dict[str, Any]) -> None:
        record(observed)
        seen_by_then.append((sim.power, (sim.bmc / "restore_policy").read_text().strip()))

    fenced(sim, before_change=spy)
    assert seen_by_then == [("on", "always-on")]
    line = json.loads(path.read_text())
    assert (line["device"], line["policy_before"], line["power_before"]) == ("nn-db-01", "always-on", "on")


def test_a_record_that_cannot_be_written_stops_the_fence(sim: Simulated, tmp_path: Path) -> None:
    with pytest.raises(errors.DatacenterError, match="nothing was changed"):
        fenced(sim, before_change=recorder(str(tmp_path / "no" / "folder"), "nn-db-01"))
    assert (sim.power, sim.calls) == ("on", [])
    assert "always-on" in sim.ipmitool("chassis", "status")


def test_a_fence_on_unknown_does_nothing(sim: Simulated) -> None:
    sim.power = "burning"
    with pytest.raises(errors.StateUnknown) as error:
        fenced(sim)
    assert error.value.result["readings"][0]["state"] == "unknown"
    assert sim.calls == []
    assert (sim.bmc / "restore_policy").read_text() == "always-on\n"


# Faults ---------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["on", "off", "soft", "cycle", "reset"])
def test_nothing_is_done_on_unknown(sim: Simulated, verb: str) -> None:
    sim.power = "burning"
    with pytest.raises(errors.StateUnknown, match="nothing was done"):
        power(sim, verb)
    assert sim.calls == []


@pytest.mark.parametrize("verb", ["off", "soft", "cycle"])
def test_a_bmc_that_says_yes_and_does_nothing_is_found_out(sim: Simulated, verb: str) -> None:
    sim.fault("ignore")
    expected = errors.NotConfirmed if verb == "cycle" else DeadlineExceeded
    start = time.monotonic()
    with pytest.raises(expected) as error:
        power(sim, verb)
    assert time.monotonic() - start < QUICK.deadline_s + 0.6
    states = [reading["state"] for reading in error.value.result["readings"]]
    # The last one may be cut short by the end of the time.
    assert set(states[:-1]) == {"on"}
    assert states[-1] != "off"
    assert (sim.power, sim.calls) == ("on", [])


def test_a_fence_does_not_believe_a_bmc_that_ignores_it(sim: Simulated) -> None:
    sim.fault("ignore")
    with pytest.raises(DeadlineExceeded) as error:
        fenced(sim, Confirmation(readings=3, interval_s=0.1, deadline_s=1))
    assert error.value.result["fenced"] is False
    assert error.value.result["policy_before"] == "always-on"
    assert sim.power == "on"


def test_a_bmc_that_lies_about_off_is_given_away_by_the_policy(sim: Simulated) -> None:
    sim.fault("lie:off")
    with pytest.raises(errors.NotConfirmed, match="policy reads always-on"):
        fenced(sim)
    assert sim.power == "on"


def test_a_bmc_that_lies_about_on_never_confirms_off(sim: Simulated) -> None:
    sim.fault("lie:on")
    with pytest.raises(DeadlineExceeded):
        power(sim, "off")


def test_a_slow_bmc_is_waited_for(sim: Simulated) -> None:
    sim.fault("slow:0.7")
    done = power(sim, "off", Confirmation(deadline_s=6))
    assert done["confirmed"]
    assert sim.power == "off"


def test_a_bmc_slower_than_allowed_is_unknown_and_the_deadline_holds(sim: Simulated) -> None:
    sim.fault("slow:4")
    start = time.monotonic()
    with pytest.raises(errors.StateUnknown):
        power(sim, "off", Confirmation(deadline_s=1.5))
    assert time.monotonic() - start < 2.3
    assert sim.calls == []


def test_a_bmc_that_dies_in_the_middle_leaves_unknown(sim: Simulated) -> None:
    sim.fault("ignore")
    with connect(sim.target(answer_s=0.3), Deadline(1.5)) as bmc:

        def dies(_seconds: float) -> None:
            sim.hang()

        with pytest.raises(DeadlineExceeded) as error:
            set_power(bmc, "off", Confirmation(deadline_s=1.5), sleep=dies)
    states = [reading["state"] for reading in error.value.result["readings"]]
    assert states[0] == "on"
    assert states[-1] == "unknown"


# Who may talk ---------------------------------------------------------------------------


def seconds_of(sim: Simulated, **options: Any) -> tuple[Exception, float]:
    """The error of a log-in that has to fail, and what it took."""
    start = time.monotonic()
    with pytest.raises(errors.DatacenterError) as error, connect(sim.target(**options)):
        pass
    return error.value, time.monotonic() - start


@pytest.mark.parametrize(
    ("options", "kind", "hint"),
    [
        ({"password": "wrong"}, errors.WrongPassword, "check the user and password"),
        ({"user": "nobody"}, errors.WrongPassword, "check the user and password"),
        ({"cipher_suite": 17}, errors.CipherRefused, "cipher_suite: 3"),
    ],
)
def test_a_refusal_is_told_apart_at_once(
    sim: Simulated, options: dict[str, Any], kind: type[Exception], hint: str
) -> None:
    error, seconds = seconds_of(sim, **options)
    assert error.__class__ is kind
    assert hint in str(error)
    assert PASSWORD not in str(error)
    assert seconds < 0.5


def test_suite_17_refused_sends_no_weaker_proposal(sim: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.wire import WireSession

    proposals: list[int] = []
    ask = WireSession._open_rmcpplus_request

    def recorded(session: WireSession) -> Any:
        proposals.append(session.attemptedhash)
        return ask(session)

    monkeypatch.setattr(WireSession, "_open_rmcpplus_request", recorded)
    seconds_of(sim, cipher_suite=17)
    assert proposals == [256]


def test_a_viewer_may_look(sim: Simulated) -> None:
    with connect(sim.target(user=VIEWER, privilege="user")) as bmc:
        assert gather(bmc, ["chassis"])["chassis"]["power"] == "on"
        with pytest.raises(errors.PrivilegeTooLow):
            set_power(bmc, "off", QUICK)
    assert sim.calls == []


@pytest.mark.parametrize("address", ["127.0.0.9", "192.0.2.1", "no-such-bmc.invalid"])
def test_a_dead_address_costs_seconds(sim: Simulated, address: str) -> None:
    error, seconds = seconds_of(sim, address=address, answer_s=1.0)
    assert error.__class__ is Unreachable
    assert seconds < 1.5


def test_a_bmc_that_hangs_costs_seconds(sim: Simulated) -> None:
    sim.hang()
    error, seconds = seconds_of(sim, answer_s=1.0)
    assert error.__class__ is Unreachable
    assert seconds < 1.5


def test_an_unsupported_command_says_so(sim: Simulated) -> None:
    power_on_hours = 0x0F
    with connect(sim.target()) as bmc:
        assert isinstance(bmc, IpmiBmc)
        with pytest.raises(errors.CommandUnsupported, match="0xc1"):
            bmc.session.command("read the hours of operation", 0x00, power_on_hours)


def test_sessions_are_given_back(sim: Simulated) -> None:
    """The viewer may have one session; a forgotten one would lock the next out."""
    for _session in range(5):
        with connect(sim.target(user=VIEWER, privilege="user")):
            pass
        with (
            pytest.raises(ZeroDivisionError),
            connect(sim.target(user=VIEWER, privilege="user")),
        ):
            raise ZeroDivisionError


# What it knows --------------------------------------------------------------------------


def test_everything_it_knows(sim: Simulated) -> None:
    with connect(sim.target()) as bmc:
        facts = gather(bmc, ["power", *DEFAULT])
    assert facts["unsupported"] == {}
    assert facts["chassis"]["restore_policy"] == "always-on"
    assert facts["firmware"]["version"] == "4.22"
    assert facts["firmware"]["session"]["cipher_suite"] == 3
    assert (facts["lan"]["address"], facts["lan"]["prefix_length"]) == ("127.0.0.1", 24)
    assert (facts["fru"]["serial_number"], facts["fru"]["asset_number"]) == ("AJY2026001", "TWIN-test")
    inlet = facts["sensors"][0]
    assert (inlet["name"], inlet["reading"], inlet["verdict"]) == ("Inlet Temp", 23.0, "ok")
    assert (facts["sel"]["entries"], facts["sel"]["by_severity"]) == (5, {"critical": 1, "ok": 4})
    assert f"Product Serial        : {facts['fru']['serial_number']}" in sim.ipmitool("fru", "print", "0")
    assert len(sim.ipmitool("sdr", "list").splitlines()) == len(facts["sensors"])
    assert len(sim.ipmitool("sel", "list").splitlines()) == facts["sel"]["entries"]


def test_a_hot_inlet_is_seen_and_logged(sim: Simulated) -> None:
    (sim.bmc / "sensors" / "inlet_temp").write_text("44\n")
    end = time.monotonic() + 5
    with connect(sim.target()) as bmc:
        while (inlet := gather(bmc, ["sensors"])["sensors"][0])["reading"] != 44.0:
            assert time.monotonic() < end
            time.sleep(0.2)
    assert inlet["verdict"] == "critical"
    assert sim.ipmitool("sdr", "list").splitlines()[0].split("|")[-1].strip() == "cr"
    assert "Upper Critical going high" in sim.ipmitool("sel", "list").splitlines()[-1]


def test_freeipmi_agrees(sim: Simulated) -> None:
    power(sim, "off")
    assert "off" in sim.freeipmi("ipmipower", "--stat")
    assert "always-on" in (sim.bmc / "restore_policy").read_text()
