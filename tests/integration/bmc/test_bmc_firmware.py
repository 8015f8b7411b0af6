# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions that a simulated BMC tells, beside ipmitool's words for them."""

from __future__ import annotations

from bmc_bench import Simulated

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.firmware import info


def test_versions_are_what_two_witnesses_say(elsewhere: Simulated) -> None:
    sim = elsewhere
    with connect(sim.target(privilege="administrator")) as bmc:
        found = info(bmc, {"bmc": "4.22", "bios": "TWIN 2.20"})
    told = sim.ipmitool("mc", "info")
    assert f"Firmware Revision         : {found['components']['bmc']}" in told
    assert f"Manufacturer ID           : {found['manufacturer_id']}" in told
    assert f"IPMI Version              : {found['ipmi_version']}" in told
    bios = found["components"]["bios"]
    assert bios in sim.ipmitool("mc", "getsysinfo", "system_fw_version")
    assert bios in sim.freeipmi("bmc-info", "--get-system-info", "--privilege-level=ADMIN")
    assert found["product"] == "Twin R740"
    (older,) = found["differences"]
    assert (older["component"], older["cause"], found["meets"]) == ("bios", "it is older", False)


def test_a_bios_that_nobody_told_is_not_known(sim: Simulated) -> None:
    (sim.bmc / "bios").unlink()
    with connect(sim.target(privilege="administrator")) as bmc:
        found = info(bmc, {"bios": "1"})
    assert (found["components"]["bios"], found["meets"]) == (None, False)
    assert "does not know this parameter" in found["unsupported"]["bios"]


def test_what_an_account_may_not_ask_is_not_known(sim: Simulated) -> None:
    """The simulator gives system info to administrators alone."""
    with connect(sim.target()) as bmc:
        found = info(bmc, {"bmc": "4.22"})
    assert (found["components"]["bios"], found["meets"]) == (None, True)
    assert "privilege does not reach" in found["unsupported"]["bios"]
