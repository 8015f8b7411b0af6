# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records a simulated BMC gives, decoded by a library that is not ours."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyghmi.ipmi.fru import FRU

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import bmc_records, bmc_sim

SPEC = bmc_sim.BmcSpec(node="nn-db-01", address="10.1.20.11", user="ops", password="pw,1", asset_tag="TWIN-a")


@pytest.mark.parametrize("serial", ["AJY1", "A" * 30, "X"])
def test_the_fru_says_who_the_server_is(serial: str) -> None:
    info = FRU(rawdata=bytearray(bmc_records.fru("Anjianyun", "R740", serial, "TWIN-a"))).info
    assert info["Serial Number"].strip() == serial
    assert info["Asset Number"] == "TWIN-a"
    assert info["Product name"] == "R740"


def test_every_reading_lies_between_its_thresholds() -> None:
    for sensor in bmc_records.sensors():
        raw = sensor.raw(sensor.value)
        assert sensor.upper is None or raw < sensor.raw(sensor.upper[0])
        assert sensor.lower is None or raw > sensor.raw(sensor.lower[0])
        record = sensor.record()
        assert record[4] == len(record) - 5


def test_sensor_numbers_are_unique() -> None:
    numbers = [s.number for s in bmc_records.sensors()] + [supply[0] for supply in bmc_records.SUPPLIES]
    assert len(numbers) == len(set(numbers))


def test_events_are_full_records_in_order() -> None:
    records = bmc_records.events(1_800_000_000)
    assert {len(record) for record in records} == {16}
    text = bmc_records.persisted_events(records, 1_800_000_000).splitlines()
    assert [line.split(":")[0] for line in text[:5]] == ["5", "4", "3", "2", "1"]


def test_files_with_the_password_are_private_and_memory_stays(tmp_path: Path) -> None:
    directory = tmp_path / "bmc"
    command = bmc_sim.prepare(directory, SPEC, Path("/x/power"), Path("/x/plugin.so"))
    assert SPEC.password not in " ".join(command)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    for path in directory.rglob("*"):
        if path.is_file() and SPEC.password in path.read_text(errors="replace"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    (directory / "restore_policy").write_text("previous\n")
    bmc_sim.prepare(directory, SPEC, Path("/x/power"), Path("/x/plugin.so"))
    assert (directory / "restore_policy").read_text() == "previous\n"
    assert SPEC.password not in repr(SPEC)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("password", "with blank", "password needs"),
        ("password", "", "password needs"),
        ("password", "p" * 21, "password needs 1 to 20"),
        ("user", "u" * 17, "user needs 1 to 16"),
        ("serial", 'a"b', "serial has a quote"),
        ("restore_policy", "never", "never is none of"),
    ],
)
def test_what_ipmi_sim_cannot_take_is_refused(tmp_path: Path, field: str, value: str, says: str) -> None:
    changed: dict[str, Any] = {field: value}
    with pytest.raises(DatacenterError, match=says):
        bmc_sim.prepare(tmp_path, replace(SPEC, **changed), Path("/x/power"), Path("/x/p.so"))
    assert list(tmp_path.iterdir()) == []
