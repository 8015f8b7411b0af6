# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The locator of a simulated BMC, and what ipmitool and freeipmi see and do of it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from bmc_bench import Simulated

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.identify import set_identify


def light(sim: Simulated, seconds: int | None, **options: Any) -> dict[str, Any]:
    with connect(sim.target()) as bmc:
        return set_identify(bmc, seconds, **options)


def state(sim: Simulated) -> str:
    with connect(sim.target()) as bmc:
        return bmc.read_identify()


def seen_by_ipmitool(sim: Simulated) -> str:
    """The third byte of the chassis status."""
    return sim.ipmitool("raw", "0x00", "0x01").split()[2]


def test_a_locator_in_four_runs(sim: Simulated) -> None:
    for seconds, after, byte in ((None, "on", "60"), (0, "off", "40")):
        assert light(sim, seconds, check=True)["changed"] is True
        assert seen_by_ipmitool(sim) != byte
        done = light(sim, seconds)
        assert (done["changed"], done["after"], done["confirmed"]) == (True, after, True)
        assert seen_by_ipmitool(sim) == byte
        for check in (False, True):
            assert light(sim, seconds, check=check)["changed"] is False


def test_it_goes_out_by_itself(sim: Simulated) -> None:
    assert light(sim, 2)["after"] == "timed"
    assert seen_by_ipmitool(sim) == "50"
    end = time.monotonic() + 6
    while state(sim) != "off":
        assert time.monotonic() < end
        time.sleep(0.2)
    assert (sim.bmc / "identify").read_text() == "2 0\n"


def test_other_clients_light_it_and_it_is_seen(sim: Simulated) -> None:
    sim.ipmitool("chassis", "identify", "force")
    assert state(sim) == "on"
    sim.ipmitool("chassis", "identify", "0")
    assert state(sim) == "off"
    sim.ipmitool("chassis", "identify")
    assert state(sim) == "timed"


def test_freeipmi_lights_it_and_it_is_seen(elsewhere: Simulated) -> None:
    elsewhere.freeipmi("ipmi-chassis", "--chassis-identify=FORCE")
    assert state(elsewhere) == "on"
    light(elsewhere, 0)
    assert "off" in elsewhere.freeipmi("ipmi-chassis", "--get-chassis-status").split("dentify")[-1].lower()


def test_a_bmc_that_ignores_it_is_found_out(sim: Simulated) -> None:
    sim.fault("ignore")
    with pytest.raises(errors.NotConfirmed, match="is off after it was told on"):
        light(sim, None)
    assert not (sim.bmc / "identify").exists()
