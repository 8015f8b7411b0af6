# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a simulated server, beside what ipmitool says of them: there, gone, and not to be read."""

from __future__ import annotations

import subprocess
from typing import Any

from bmc_bench import Simulated

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect


def fru(sim: Simulated) -> dict[str, Any]:
    with connect(sim.target()) as bmc:
        return bmc.fru()


def witness(sim: Simulated, number: int) -> str:
    """ipmitool's word; it ends with 1 where one of the units is not there."""
    try:
        return sim.ipmitool("fru", "print", str(number))
    except (AssertionError, subprocess.CalledProcessError) as error:
        return str(error)


def test_parts_are_told_with_their_places_and_numbers(sim: Simulated) -> None:
    found = fru(sim)

    assert found["serial_number"] == "AJY2026001"
    assert [one["slot"] for one in found["memory"]] == ["DIMM_A1", "DIMM_A2"]
    assert [one["slot"] for one in found["drives"]] == ["DRIVE_0"]
    # Of processors it has no place: that is not known, and not none.
    assert "processors" not in found
    assert "not_told" not in found
    numbers = [one["serial_number"] for one in [*found["memory"], *found["drives"]]]
    assert len(set(numbers)) == 3
    for number, serial in zip((1, 2, 3), numbers, strict=True):
        assert serial in witness(sim, number)
    assert found["memory"][0]["manufacturer"] == "Anjianyun"
    assert found["memory"][0]["part_number"] == "AJY-D4-512"


def test_a_part_that_was_taken_out_is_absent_and_no_error(sim: Simulated) -> None:
    before = fru(sim)
    (sim.bmc / "absent").mkdir()
    (sim.bmc / "absent" / "2").touch()

    found = fru(sim)

    assert [one["slot"] for one in found["memory"]] == ["DIMM_A1"]
    assert "not_told" not in found
    assert before["memory"][1]["serial_number"] not in witness(sim, 2)
    (sim.bmc / "absent" / "2").unlink()
    assert fru(sim) == before


def test_a_part_that_cannot_be_read_is_not_taken_for_absent(sim: Simulated) -> None:
    (sim.bmc / "fru-2.bin").unlink()

    found = fru(sim)

    # The other module was read, but which there are is not known.
    assert "memory" not in found
    assert "DIMM_A2" in found["not_told"]["memory"]
    assert [one["slot"] for one in found["drives"]] == ["DRIVE_0"]
