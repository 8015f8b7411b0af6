# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sensor that cannot be read is never fine, and a look costs no question more than it must."""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls.facts import SENSOR
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi import sdr
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.bmc import IpmiBmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import VERDICTS, Sensor
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.sensors import Limit, Sweep, sweep
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Target
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import bmc_records

DEVICE, INFO, RESERVE, RECORD = (6, 1), (10, 0x20), (10, 0x22), (10, 0x23)
THRESHOLDS, READING, FACTORS = (4, 0x27), (4, 0x2D), (4, 0x23)
OK, ON = 0x00, 0x40
INLET, FAN, RAIL = [sensor for sensor in bmc_records.sensors() if sensor.number in (1, 4, 8)][:3]
SUPPLY = bmc_records.supply_status_record(13, "PSU2 Status", 2)


def full(sensor: bmc_records.Sensor) -> bytes:
    return sensor.record()


class FakeBmc(IpmiBmc):
    """Sensor records and readings in memory.

    :param readings: answer to *get sensor reading* by number; an error is raised.
    :param most: bytes of a record that it gives at once.
    """

    name = "db"
    target = Target("db", "192.0.2.1", "ops", "secret")

    def __init__(self, records: list[bytes], readings: dict[int, Any], most: int = 255) -> None:
        self.records = [struct.pack("<H", n) + record[2:] for n, record in enumerate(records, start=1)]
        self.readings = readings
        self.most = most
        self.thresholds: dict[int, bytes] = {}
        self.changed_at = 1764000000
        self.reservation = 0
        self.lose_reservation = 0
        self.asked: list[tuple[int, int]] = []
        self.deadline = None
        self.session: Any = self

    def command(
        self, what: str, netfn: int, command: int, data: Any = (), *, once: bool = False, lun: int = 0
    ) -> bytes:
        asked = (netfn, command)
        self.asked.append(asked)
        if asked == DEVICE:
            return bytes(15)
        if asked == INFO:
            return b"\x51" + struct.pack("<HHIIB", len(self.records), 9, self.changed_at, 0, 2)
        if asked == RESERVE:
            self.reservation += 1
            return struct.pack("<H", self.reservation)
        if asked == RECORD:
            return self._record(what, bytes(data))
        found = (self.readings if asked == READING else self.thresholds).get(data[0], 0xCB)
        if isinstance(found, int):
            raise errors.command_failed("db", what, found)
        return bytes(found)

    def _record(self, what: str, data: bytes) -> bytes:
        reservation, number, offset, size = struct.unpack("<HHBB", data)
        if self.lose_reservation and offset:
            self.lose_reservation -= 1
            self.reservation += 1
        if offset and reservation != self.reservation:
            raise errors.command_failed("db", what, 0xC5)
        record = self.records[max(number, 1) - 1]
        if min(size, len(record) - offset) > self.most:
            raise errors.command_failed("db", what, 0xCA)
        following = number + 1 if number else 2
        last = following > len(self.records)
        return struct.pack("<H", 0xFFFF if last else following) + record[offset : offset + size]


def one(record: bytes, reading: Any, **how: Any) -> Sensor:
    (sensor,) = FakeBmc([record], {record[7]: reading}).read_sensors(**how)
    return sensor


# Reading --------------------------------------------------------------------------------


def test_a_reading_in_its_unit_with_its_thresholds() -> None:
    inlet = one(full(INLET), [23, 0xC0, OK])
    assert (inlet.name, inlet.type, inlet.reading, inlet.unit) == ("Inlet Temp", "Temperature", 23.0, "°C")
    assert (inlet.verdict, inlet.crossed, inlet.thresholds_from) == ("ok", None, "record")
    assert inlet.thresholds == {
        "upper_non_critical": 38, "upper_critical": 42, "upper_non_recoverable": 47,
    }  # fmt: skip
    rail = one(full(RAIL), [202, 0xC0, OK])
    assert (rail.reading, rail.unit, rail.thresholds["lower_critical"]) == (12.12, "V", 10.8)


@pytest.mark.parametrize(
    ("bits", "verdict", "crossed"),
    [
        (0x01, "warning", "lower_non_critical"),
        (0x03, "critical", "lower_critical"),
        (0x07, "failed", "lower_non_recoverable"),
        (0x08, "warning", "upper_non_critical"),
        (0x18, "critical", "upper_critical"),
        (0x38, "failed", "upper_non_recoverable"),
    ],
)
def test_the_bmcs_comparison_is_the_verdict(bits: int, verdict: str, crossed: str) -> None:
    sensor = one(full(INLET), [44, 0xC0, bits])
    assert (sensor.verdict, sensor.crossed) == (verdict, crossed)
    assert VERDICTS[crossed] == verdict


@pytest.mark.parametrize(
    ("reading", "cause"),
    [
        ([0, 0xE0, OK], "no reading"),  # unavailable
        ([0, 0x80, OK], "no reading"),  # not scanned
        ([0], "no reading"),
        (0xCB, "no such sensor"),
        (0xCD, "completion code"),
    ],
)
def test_a_sensor_that_cannot_be_read_is_never_fine(reading: Any, cause: str) -> None:
    for record in (full(INLET), SUPPLY):
        sensor = one(record, reading)
        assert (sensor.verdict, sensor.reading) == ("unknown", None)
        assert cause in str(sensor.cause)


def test_no_comparison_is_no_verdict_unless_the_thresholds_tell() -> None:
    assert one(full(INLET), [44, ON]).verdict == "unknown"
    bmc = FakeBmc([full(INLET)], {1: [44, ON]})
    bmc.thresholds[1] = bytes([0x10, 0, 0, 0, 0, 42, 0])
    (sensor,) = bmc.read_sensors()
    assert (sensor.verdict, sensor.crossed) == ("critical", "upper_critical")


def test_a_supply_that_tells_no_states_is_not_fine() -> None:
    silent = one(SUPPLY, [0, ON])
    assert (silent.verdict, silent.states, silent.cause) == ("unknown", (), "the BMC tells no state of it")
    assert one(SUPPLY, [0, ON, 0x01, 0x80]).verdict == "ok"


@pytest.mark.parametrize("linearization", [1, 7])  # logarithm, 1/x
def test_a_raw_reading_without_a_number_is_not_zero(linearization: int) -> None:
    record = bytearray(full(INLET))
    record[23] = linearization
    record[26] = record[27] = 0  # no constant beside the factor
    nothing = one(bytes(record), [0, 0xC0, OK])
    assert (nothing.reading, nothing.verdict) == (None, "unknown")
    assert "no number" in str(nothing.cause)
    assert all(isinstance(value, float) for value in nothing.thresholds.values())
    # What the BMC says to be bad is.
    assert one(bytes(record), [0, 0xC0, 0x10]).verdict == "critical"


def test_one_that_is_beyond_names_the_threshold_in_force() -> None:
    bmc = FakeBmc([full(INLET), full(FAN)], {1: [31, 0xC0, 0x08], 4: [90, 0xC0, OK]})
    bmc.thresholds[1] = bytes([0x38, 0, 0, 0, 30, 35, 47])
    hot, fan = bmc.read_sensors()
    assert (hot.thresholds["upper_non_critical"], hot.thresholds_from) == (30, "sensor")
    assert fan.thresholds_from == "record"
    assert bmc.asked.count(THRESHOLDS) == 1


def test_states_of_a_supply() -> None:
    fine = one(SUPPLY, [0, 0xC0, 0x01, 0x80])
    assert (fine.verdict, fine.states, fine.reading) == ("ok", ("Present",), None)
    lost = one(SUPPLY, [0, 0xC0, 0x09, 0x80])
    assert lost.verdict == "critical"
    strange = one(SUPPLY, [0, 0xC0, 0x01, 0xC0])
    assert (strange.verdict, strange.states[-1]) == ("unknown", "state 14")


def test_another_controllers_sensor_is_not_taken_for_the_bmcs() -> None:
    record = bytearray(full(INLET))
    record[5] = 0x2C
    assert "another controller (0x2c)" in str(one(bytes(record), [23, 0xC0, OK]).cause)


def test_a_record_for_several_sensors_is_several_sensors() -> None:
    record = bytearray(SUPPLY)
    record[23], record[24] = 0x10 | 3, 1
    bmc = FakeBmc([bytes(record)], {13: [0, 0xC0, 1], 14: [0, 0xC0, 9], 15: 0xCB})
    found = {sensor.name[-1]: sensor.verdict for sensor in bmc.read_sensors()}
    assert found == {"B": "ok", "C": "critical", "D": "unknown"}


def test_signed_readings() -> None:
    record = bytearray(full(INLET))
    record[20] = 0x80
    assert one(bytes(record), [0xFB, 0xC0, OK]).reading == -5


def test_a_record_that_cannot_be_decoded_hides_no_other() -> None:
    broken = bytearray(full(INLET))
    broken[2] = 0x42
    bmc = FakeBmc([bytes(broken), full(FAN)], {4: [90, 0xC0, OK]})
    assert [sensor.name for sensor in bmc.read_sensors()] == ["Fan1"]
    assert sdr.decode([bytes(broken)]).unreadable == (bytes(broken).hex(),)


# What it costs --------------------------------------------------------------------------

READINGS = {1: [23, 0xC0, OK], 4: [90, 0xC0, OK], 8: [202, 0xC0, OK], 13: [0, 0xC0, 1]}
RECORDS = [full(INLET), full(FAN), full(RAIL), SUPPLY]


def cost(bmc: FakeBmc, how: Sweep) -> dict[tuple[int, int], int]:
    bmc.asked = []
    bmc._records = None  # as in another session
    sweep(bmc, how)
    return dict(Counter(bmc.asked))


def test_a_look_costs_a_question_a_record_and_one_a_sensor() -> None:
    bmc = FakeBmc(RECORDS, READINGS)
    assert cost(bmc, Sweep()) == {RECORD: 4, READING: 4}
    assert cost(bmc, Sweep(types=["fan"])) == {RECORD: 4, READING: 1}


def test_the_records_are_read_once_a_session() -> None:
    bmc = FakeBmc(RECORDS, READINGS)
    cost(bmc, Sweep())
    sweep(bmc, Sweep())
    assert (bmc.asked.count(RECORD), bmc.asked.count(READING)) == (4, 8)


def test_the_cache_saves_the_records_until_they_change(tmp_path: Path) -> None:
    bmc = FakeBmc(RECORDS, READINGS)
    how = Sweep(cache=tmp_path / "cache")
    assert cost(bmc, how) == {DEVICE: 1, INFO: 1, RECORD: 4, READING: 4}
    assert cost(bmc, how) == {DEVICE: 1, INFO: 1, READING: 4}
    bmc.changed_at += 1
    assert cost(bmc, how)[RECORD] == 4
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_text("not ours")
    assert cost(bmc, how)[RECORD] == 4


def test_check_mode_writes_no_cache(tmp_path: Path) -> None:
    params = {name: option.get("default") for name, option in SENSOR.options.items()}
    for check in (True, False):
        bmc = FakeBmc([full(INLET)], {1: [23, 0xC0, OK]})
        found = SENSOR.work(bmc, {**params, "cache": str(tmp_path / "kept")}, check)
        assert found["verdict"] == "ok"
        assert (tmp_path / "kept").exists() is not check


@pytest.mark.parametrize("most", [9, 16, 40])
def test_a_bmc_that_gives_little_at_once_is_read_in_pieces(most: int) -> None:
    bmc = FakeBmc(RECORDS, READINGS, most)
    bmc.lose_reservation = 2
    assert [sensor.name for sensor in bmc.read_sensors()] == ["Inlet Temp", "Fan1", "12V", "PSU2 Status"]


# Judging --------------------------------------------------------------------------------

WARM = Sensor("Inlet Temp", "Temperature", 33.0, "°C", verdict="ok")
HOT = replace(WARM, verdict="critical", crossed="upper_critical", thresholds={"upper_critical": 32.0})
SILENT = Sensor("Inlet Temp", "Temperature", cause="no reading")
QUIET = Sensor("Fan1", "Fan", 5000.0, "RPM", verdict="ok")


class Told:
    """A BMC whose sensors are these."""

    name = "db"

    def __init__(self, *sensors: Sensor) -> None:
        self.sensors = sensors

    def read_sensors(self, wanted: Any, *, live: bool, cache: Path | None) -> list[Sensor]:
        return [sensor for sensor in self.sensors if wanted(sensor.name, sensor.type)]


def judged(*sensors: Sensor, **how: Any) -> dict[str, Any]:
    return sweep(Told(*sensors), Sweep(**how))  # type: ignore[arg-type]


def test_the_worst_that_is_known_is_the_verdict() -> None:
    assert judged(WARM, QUIET)["verdict"] == "ok"
    assert judged(HOT, QUIET)["verdict"] == "critical"
    assert (judged(SILENT, QUIET)["verdict"], judged(SILENT, QUIET)["unknown"]) == ("ok", ["Inlet Temp"])
    assert judged(SILENT)["verdict"] == "unknown"
    assert judged()["verdict"] == "unknown"
    assert judged(QUIET, names=["fan*", "Outlet*"])["verdict"] == "unknown"


def test_an_own_limit_counts_beside_the_bmcs_thresholds() -> None:
    strict = judged(WARM, QUIET, limits=[Limit("inlet*", max=30, verdict="warning")])
    assert (strict["verdict"], strict["alarms"][0]["threshold"], strict["alarms"][0]["limit"]) == (
        "warning",
        "max",
        30,
    )
    worse = judged(HOT, limits=[Limit("inlet*", max=30, verdict="warning")])
    assert (worse["verdict"], worse["alarms"][0]["threshold"]) == ("critical", "upper_critical")
    assert judged(QUIET, limits=[Limit("fan1", min=6000)])["verdict"] == "critical"
    assert judged(SILENT, limits=[Limit("inlet*", max=30)])["verdict"] == "unknown"
    assert judged(WARM, limits=[Limit("inlet*", min=10, max=40)])["verdict"] == "ok"


def test_a_limit_is_looked_at_whatever_the_filter_says() -> None:
    found = judged(WARM, QUIET, types=["Fan"], limits=[Limit("Inlet Temp", max=40)])
    assert [sensor["name"] for sensor in found["sensors"]] == ["Inlet Temp", "Fan1"]


@pytest.mark.parametrize(
    ("sensors", "how", "told"),
    [
        ([HOT], {"fail_at": "critical"}, "Inlet Temp is critical: 33 °C, upper_critical is 32 °C"),
        ([HOT], {"fail_at": "warning"}, "Inlet Temp is critical"),
        ([HOT], {"fail_at": "failed"}, None),
        ([HOT], {}, None),
        ([WARM], {"fail_at": "critical", "limits": [Limit("*", max=30)]}, "33 °C, max is 30 °C"),
        ([SILENT], {"fail_at": "critical"}, None),
        ([SILENT], {"fail_at": "critical", "limits": [Limit("*", max=30)]}, "not known .no reading"),
        ([SILENT], {"fail_unknown": True}, "Inlet Temp is not known"),
        ([QUIET], {"fail_at": "critical", "names": ["Fan1", "Fan2"]}, "no sensor is called Fan2"),
        ([], {"fail_at": "failed", "names": ["Fan2"]}, "there is no sensor to judge by"),
        ([], {"fail_at": "failed"}, "shows none of those"),
        ([], {}, None),
    ],
)
def test_what_fails(sensors: list[Sensor], how: dict[str, Any], told: str | None) -> None:
    if told is None:
        judged(*sensors, **how)
        return
    with pytest.raises(errors.SensorAlarm, match=told) as error:
        judged(*sensors, **how)
    assert len(error.value.result["sensors"]) == len(sensors)
