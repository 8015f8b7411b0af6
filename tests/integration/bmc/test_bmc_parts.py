# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a simulated server, beside what ipmitool and freeipmi say: there, gone, not to be read."""

from __future__ import annotations

import subprocess
import time
from typing import Any

import pytest
from bmc_bench import Simulated

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Deadline
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Unreachable
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import bmc_sim


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


def test_a_third_client_sees_the_same_parts(elsewhere: Simulated) -> None:
    found = fru(elsewhere)
    said = elsewhere.freeipmi("ipmi-fru", "--sdr-cache-recreate", privilege="USER")

    for one in [*found["memory"], *found["drives"]]:
        assert one["slot"] in said
        assert one["serial_number"] in said


def test_another_server_is_told_at_once_and_the_same_one_again_afterwards(sim: Simulated) -> None:
    spec = bmc_sim.BmcSpec("nn-db-01", "127.0.0.1", "u", "p", "TWIN-test", serial="AJY2026001")
    before = fru(sim)
    (sim.bmc / "serial").write_text("AJY-SWAPPED\n")
    bmc_sim.write_identity(sim.bmc, spec)

    assert fru(sim) == {**before, **{key: value.replace("AJY2026001", "AJY-SWAPPED") for key, value in
                                     before.items() if isinstance(value, str)}}  # fmt: skip
    assert "AJY-SWAPPED" in witness(sim, 0)

    (sim.bmc / "serial").unlink()
    bmc_sim.write_identity(sim.bmc, spec)
    assert fru(sim) == before
    assert "AJY2026001" in witness(sim, 0)


def test_a_bmc_that_falls_silent_is_waited_for_until_the_deadline_and_no_longer(sim: Simulated) -> None:
    with connect(sim.target(), Deadline(2.0)) as bmc:
        started = time.monotonic()
        sim.hang()
        with pytest.raises(Unreachable):
            bmc.fru()
    assert time.monotonic() - started < 4
