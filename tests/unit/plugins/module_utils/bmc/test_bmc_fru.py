# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server's parts out of FRU data: which place is for what, and what nobody said."""

from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi import fru, sdr
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import bmc_records

MEMORY, DRIVE, SUPPLY, INVENTORY, EEPROM, SPD = 32, 4, 10, 0x10, 0x0B, 0x01
SERVER = bmc_records.fru("Maker", "Model", "S1", "A1")


class Units:
    """A BMC whose units are these bytes, or this refusal."""

    def __init__(self, **units: bytes | int) -> None:
        # What pyghmi's decoders hang themselves up on.
        self.wire = SimpleNamespace()
        self.name = "b"
        self.deadline = None
        self.target = SimpleNamespace(address="192.0.2.1", answer_s=1.0)
        self.units: dict[int, bytes | int] = {0: SERVER}
        self.units.update({int(name.removeprefix("u")): unit for name, unit in units.items()})

    def command(self, _what: str, _netfn: int, command: int, data: list[int]) -> bytes:
        unit = self.units[data[0]]
        if isinstance(unit, int):
            raise errors.command_failed("b", "read it", unit)
        if command == 0x10:
            return struct.pack("<HB", len(unit), 0)
        offset = data[1] | data[2] << 8
        piece = unit[offset : offset + data[3]]
        return bytes([len(piece)]) + piece


def place(number: int, entity: int, name: str, kind: int = INVENTORY, modifier: int = 0) -> sdr.Locator:
    return sdr.Locator(number, entity, number, kind, modifier, name)


def part(serial: str) -> bytes:
    return bmc_records.parts()[0].fru(serial)


def read(places: list[sdr.Locator], **units: bytes | int) -> dict[str, Any]:
    return fru.fru(Units(**units), places)  # type: ignore[arg-type]


def test_without_places_nothing_is_said_of_parts() -> None:
    assert not {"processors", "memory", "drives", "not_told"} & read([]).keys()


def test_parts_stand_under_what_their_places_are_for() -> None:
    found = read(
        [place(1, MEMORY, "A1"), place(2, DRIVE, "Bay 0"), place(3, SUPPLY, "PSU1")],
        u1=part("M1"), u2=part("D1"), u3=part("P1"),
    )  # fmt: skip

    assert [(one["slot"], one["serial_number"]) for one in found["memory"]] == [("A1", "M1")]
    assert [(one["slot"], one["serial_number"]) for one in found["drives"]] == [("Bay 0", "D1")]


def test_an_empty_place_is_none_and_an_unread_one_is_not_known() -> None:
    places = [place(1, MEMORY, "A1"), place(2, MEMORY, "A2")]

    gone = read(places, u1=part("M1"), u2=0xCB)
    assert [one["slot"] for one in gone["memory"]] == ["A1"]
    assert "not_told" not in gone

    unread = read(places, u1=part("M1"), u2=0xC0)
    assert "memory" not in unread
    assert "A2" in unread["not_told"]["memory"]


def test_all_places_empty_is_no_part_at_all() -> None:
    assert read([place(1, MEMORY, "A1")], u1=0xCB)["memory"] == []


def test_a_memory_that_nobody_has_programmed_is_a_part_without_a_name() -> None:
    (found,) = read([place(1, MEMORY, "A1")], u1=bytes(256))["memory"]

    assert found["slot"] == "A1"
    assert found["serial_number"] is None


def test_a_module_with_spd_data_tells_its_size_and_number() -> None:
    # JEDEC 21-C, annex L: DDR4, 8 Gbit, one rank of x8, 64 bits wide.
    spd = bytearray(512)
    spd[2], spd[4], spd[12], spd[13], spd[18] = 12, 0b0101, 0b001, 0b011, 10
    spd[325:329] = bytes.fromhex("0000beef")
    spd[329:349] = b"M393A1G40DB0-CPB    "

    (found,) = read([place(1, MEMORY, "A1", EEPROM, SPD)], u1=bytes(spd))["memory"]

    assert found["mib"] == 8192
    assert found["serial_number"] == "0000beef"
    assert found["part_number"] == "M393A1G40DB0-CPB"


def test_the_twins_locators_say_what_the_decoder_reads() -> None:
    records = sdr.decode([one.locator() for one in bmc_records.parts()])

    assert [(one.number, one.entity, one.name) for one in records.locators] == [
        (1, MEMORY, "DIMM_A1"), (2, MEMORY, "DIMM_A2"), (3, DRIVE, "DRIVE_0"),
    ]  # fmt: skip
    assert records.unreadable == ()


@pytest.mark.parametrize("reading", [21.0, 55.0])
def test_a_sensor_reads_what_it_is_told_and_again_what_it_read(tmp_path: Any, reading: float) -> None:
    from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import bmc_sim

    (tmp_path / "sensors").mkdir()
    path = tmp_path / "sensors/inlet_temp"
    path.write_text("23\n")

    bmc_sim.set_reading(tmp_path, "Inlet Temp", reading)
    bmc_sim.set_reading(tmp_path, "inlet temp", reading + 1)
    assert path.read_text() == f"{reading + 1:g}\n"
    bmc_sim.mend_readings(tmp_path)
    assert path.read_text() == "23\n"
