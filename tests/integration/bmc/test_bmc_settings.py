# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of a simulated BMC, beside what ipmitool and freeipmi see of them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from bmc_bench import Simulated

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.settings import apply

TARGET: dict[str, Any] = {"destination": 2, "address": "10.1.0.20", "acknowledged": True, "enabled": True}
CLOCK: dict[str, Any] = {"clock": {"tolerance_s": 3}}


def settle(sim: Simulated, check: bool = False, **wanted: Any) -> dict[str, Any]:
    with connect(sim.target(privilege="administrator")) as bmc:
        return apply(bmc, wanted, check=check)


def clock(sim: Simulated) -> float:
    """Seconds since 1970 by the event log's clock, as ipmitool reads it."""
    answer = bytes.fromhex(sim.ipmitool("raw", "0x0a", "0x48"))
    return int.from_bytes(answer, "little")


def test_a_clock_in_four_runs(sim: Simulated) -> None:
    sim.ipmitool("raw", "0x0a", "0x49", "0x00", "0x00", "0x00", "0x60")
    assert settle(sim, check=True, **CLOCK)["changed"] is True
    assert time.time() - clock(sim) > 1000
    done = settle(sim, **CLOCK)
    assert done["commands"] == ["set clock"]
    assert done["before"]["clock"]["ahead_s"] < -1000
    assert abs(done["after"]["clock"]["ahead_s"]) < 2
    assert abs(time.time() - clock(sim)) < 2
    for check in (False, True):
        assert settle(sim, check, **CLOCK)["changed"] is False


def test_a_clock_that_was_never_set_is_set(sim: Simulated) -> None:
    sim.ipmitool("raw", "0x0a", "0x49", "0x05", "0x00", "0x00", "0x00")
    done = settle(sim, **CLOCK)
    assert (done["before"]["clock"]["ahead_s"], done["changed"]) == (None, True)
    assert abs(time.time() - clock(sim)) < 2


def test_a_destination_of_alerts_in_four_runs(sim: Simulated) -> None:
    assert settle(sim, check=True, alert=TARGET)["changed"] is True
    assert "10.1.0.20" not in sim.ipmitool("lan", "alert", "print", "1", "2")
    done = settle(sim, alert=TARGET)
    assert done["after"]["alert"] == TARGET
    assert done["before"]["alert"]["enabled"] is False
    told = sim.ipmitool("lan", "alert", "print", "1", "2")
    assert "10.1.0.20" in told
    assert "Acknowledged" in told
    policy = sim.ipmitool("raw", "0x04", "0x13", "9", "1", "0").split()
    assert policy[2:4] == ["18", "12"]  # policy 1, on; channel 1, destination 2
    for check in (False, True):
        assert settle(sim, check, alert=TARGET)["changed"] is False
    off = {**TARGET, "enabled": False}
    assert settle(sim, alert=off)["after"]["alert"] == off
    assert sim.ipmitool("raw", "0x04", "0x13", "9", "1", "0").split()[2] == "10"


def test_what_ipmi_cannot_set_is_refused_by_name_before_anything_is_written(sim: Simulated) -> None:
    sim.ipmitool("raw", "0x0a", "0x49", "0x00", "0x00", "0x00", "0x60")
    wanted = {
        **CLOCK,
        "ntp": ["10.1.0.1"],
        "session_timeout_s": 300,
        "services": {"ipmi": True, "ssh": False},
    }
    with pytest.raises(errors.CommandUnsupported, match="nothing was") as error:
        settle(sim, **wanted)
    assert set(error.value.result["refused"]) == {"ntp", "session_timeout_s", "services"}
    assert "no command for ssh" in str(error.value)
    assert time.time() - clock(sim) > 1000


@pytest.mark.parametrize("cut", [{"services": {"ipmi": False}}, {"channels": {1: "disabled"}}])
def test_the_channel_that_is_spoken_over_is_never_cut(sim: Simulated, cut: dict[str, Any]) -> None:
    with pytest.raises(errors.CommandUnsupported, match="this very session comes over channel 1"):
        settle(sim, **cut)


def test_a_channel_that_is_not_there_is_refused(sim: Simulated) -> None:
    with pytest.raises(errors.BmcError, match="channel 5"):
        settle(sim, channels={5: "disabled"})
    assert settle(sim, channels={1: "always_available"}, services={"ipmi": True})["changed"] is False


def test_a_fifth_destination_is_refused(sim: Simulated) -> None:
    with pytest.raises(errors.CommandUnsupported, match="4 alert destinations, and none with number 5"):
        settle(sim, alert={**TARGET, "destination": 5})


def test_a_bmc_that_says_yes_and_does_nothing_is_found_out(sim: Simulated) -> None:
    sim.ipmitool("raw", "0x0a", "0x49", "0x00", "0x00", "0x00", "0x60")
    sim.fault("ignore")
    with pytest.raises(errors.NotConfirmed, match="alert reads") as error:
        settle(sim, alert=TARGET, **CLOCK)
    # The clock, which the fault leaves alone, was done before.
    assert error.value.result["commands"][0] == "set clock"
    assert abs(time.time() - clock(sim)) < 2


def test_an_operator_may_not_set_where_alerts_go(sim: Simulated) -> None:
    with connect(sim.target()) as bmc, pytest.raises(errors.PrivilegeTooLow):
        apply(bmc, {"alert": TARGET})
    assert "10.1.0.20" not in sim.ipmitool("lan", "alert", "print", "1", "2")
