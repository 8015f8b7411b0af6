# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server draws, as its BMC says it and as ipmitool reads it.

DCMI lets a user ask; ``ipmi_sim`` knows no privilege for group extensions and wants an administrator.
"""

from __future__ import annotations

from bmc_bench import Simulated

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.info import gather
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Deadline


def test_the_watts_are_those_that_ipmitool_reads(sim: Simulated) -> None:
    (sim.bmc / "watts").write_text("437\n")

    with connect(sim.target(privilege="administrator"), Deadline(6)) as bmc:
        found = gather(bmc, ["power_reading"])["power_reading"]

    assert {key: value for key, value in found.items() if key != "at"} == {
        "watts": 437, "min_watts": 437, "max_watts": 437, "average_watts": 437, "period_s": 1.0,
    }  # fmt: skip
    assert "437 Watts" in sim.ipmitool("dcmi", "power", "reading")


def test_a_bmc_without_dcmi_says_so_and_the_rest_is_told(sim: Simulated) -> None:
    with connect(sim.target(privilege="administrator"), Deadline(6)) as bmc:
        found = gather(bmc, ["power", "power_reading"])

    assert found["power"]["power"] == "on"
    assert found["power_reading"] is None
    assert "does not know the command" in found["unsupported"]["power_reading"]
