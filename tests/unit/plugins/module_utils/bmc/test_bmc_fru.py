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
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.bmc import IpmiBmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Unreachable
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
        self.claim = lambda: None
        self.units: dict[int, bytes | int] = {0: SERVER}
        self.units.update({int(name.removeprefix("u")): unit for name, unit in units.items()})

    def command(self, _what: str, _netfn: int, command: int, data: list[int], *, lun: int = 0) -> bytes:
        unit = self.units[data[0] + 1000 * lun]
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


@pytest.mark.parametrize("kind", [EEPROM, INVENTORY])
def test_a_module_with_spd_data_tells_its_size_and_number(kind: int) -> None:
    # JEDEC 21-C, annex L: DDR4, 8 Gbit, one rank of x8, 64 bits wide.
    spd = bytearray(512)
    spd[2], spd[4], spd[12], spd[13], spd[18] = 12, 0b0101, 0b001, 0b011, 10
    spd[325:329] = bytes.fromhex("0000beef")
    spd[329:349] = b"M393A1G40DB0-CPB    "

    (found,) = read([place(1, MEMORY, "A1", kind, SPD)], u1=bytes(spd))["memory"]

    assert found["mib"] == 8192
    assert found["serial_number"] == "0000beef"
    assert found["part_number"] == "M393A1G40DB0-CPB"


def test_a_part_whose_data_nobody_here_understands_is_not_taken_for_one_without_a_name() -> None:
    # SPD data whose place does not say that it is.
    found = read([place(1, MEMORY, "A1")], u1=bytes([0x23, 0x11, 0x0C]) + bytes(253))

    assert "memory" not in found
    assert found["not_told"]["memory"] == "A1: its data is no FRU data (its first byte is 0x23)"
    assert read([place(1, MEMORY, "A1")], u1=b"\xff" * 256)["memory"][0]["serial_number"] is None


def test_a_part_behind_another_controller_is_not_read_from_the_bmcs_own_units() -> None:
    foreign = sdr.Locator(1, MEMORY, 1, INVENTORY, 0, "B1", owner=0x2C)

    found = read([place(1, DRIVE, "Bay 0"), foreign], u1=part("D1"))

    assert [one["serial_number"] for one in found["drives"]] == ["D1"]
    assert "memory" not in found
    assert "0x2c" in found["not_told"]["memory"]


def test_a_part_is_read_at_the_unit_of_the_bmc_that_its_place_names() -> None:
    beside = sdr.Locator(0, MEMORY, 1, INVENTORY, 0, "A1", lun=2)

    assert read([beside], u2000=part("M1"))["memory"][0]["serial_number"] == "M1"


def test_a_locators_controller_and_unit_are_in_its_record() -> None:
    record = bytearray(bmc_records.parts()[0].locator())
    assert (sdr.decode([bytes(record)]).locators[0].owner, record[5]) == (sdr.BMC, 0x20)
    record[5], record[7] = 0x2C, 0x80 | 2 << 3
    (found,) = sdr.decode([bytes(record)]).locators
    assert (found.owner, found.lun) == (0x2C, 2)
    record[5] = 0
    assert sdr.decode([bytes(record)]).locators[0].owner == sdr.BMC


@pytest.mark.parametrize(("code", "told"), [(0xC1, False), (0xCE, True), (0xFF, True)])
def test_records_that_cannot_be_read_hide_nothing_of_which_server_it_is(
    monkeypatch: pytest.MonkeyPatch, code: int, told: bool
) -> None:
    def refuses(*_arguments: Any) -> sdr.Records:
        raise errors.command_failed("b", "read a sensor record", code)

    monkeypatch.setattr(sdr, "read", refuses)
    found = IpmiBmc(Units()).fru()  # type: ignore[arg-type]

    assert found["serial_number"] == "S1"
    assert not {"processors", "memory", "drives"} & found.keys()
    # Who has no records has no places; who did not give them may have.
    assert set(found.get("not_told", {})) == ({"processors", "memory", "drives"} if told else set())


def test_a_bmc_that_went_silent_is_not_asked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_arguments: Any) -> sdr.Records:
        raise errors.silent("b", "read a sensor record", "no answer")

    monkeypatch.setattr(sdr, "read", silent)
    with pytest.raises(Unreachable):
        IpmiBmc(Units()).fru()  # type: ignore[arg-type]


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
