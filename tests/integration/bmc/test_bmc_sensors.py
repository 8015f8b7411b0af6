# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sensors of a simulated BMC, beside what ipmitool and freeipmi say of them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from bmc_bench import VIEWER, Simulated

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import THRESHOLDS
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.sensors import Limit, Sweep, sweep
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import bmc_records

SENSORS = 13


def look(sim: Simulated, **how: Any) -> dict[str, Any]:
    with connect(sim.target(user=VIEWER, privilege="user")) as bmc:
        return sweep(bmc, Sweep(**how))


def becomes(sim: Simulated, name: str, value: str, verdict: str) -> dict[str, Any]:
    """Change what a sensor measures, and wait until the simulator has looked at it."""
    (sim.bmc / "sensors" / name.lower().replace(" ", "_")).write_text(value + "\n")
    end = time.monotonic() + 6
    while (found := look(sim, names=[name])["sensors"][0])["verdict"] != verdict:
        assert time.monotonic() < end, found
        time.sleep(0.2)
    assert isinstance(found, dict)
    return found


def test_three_clients_see_the_same(elsewhere: Simulated) -> None:
    sim = elsewhere
    becomes(sim, "Inlet Temp", "44", "critical")
    becomes(sim, "Fan2", "1500", "warning")
    found = {sensor["name"]: sensor for sensor in look(sim)["sensors"]}
    assert len(found) == SENSORS

    rows = [line.split("|") for line in sim.ipmitool("sensor", "list").splitlines()]
    words = {"ok": "ok", "warning": "nc", "critical": "cr", "failed": "nr"}
    for name, reading, _unit, state, *limits in ([cell.strip() for cell in row] for row in rows):
        sensor = found[name]
        if sensor["reading"] is None:
            continue
        assert float(reading) == pytest.approx(sensor["reading"], abs=0.01)
        assert state == words[sensor["verdict"]]
        told = {key: float(value) for key, value in zip(THRESHOLDS, limits, strict=True) if value != "na"}
        assert told == pytest.approx(sensor["thresholds"], abs=0.01)

    options = ("--comma-separated-output", "--no-header-output", f"--sdr-cache-directory={sim.directory}")
    lines = [line.split(",") for line in sim.freeipmi("ipmi-sensors", *options).splitlines()]
    events = {line[1]: line[-1] for line in lines}
    assert set(events) == set(found)
    assert (events["CPU1 Temp"], events["PSU1 Status"]) == ("'OK'", "'Presence detected'")
    assert "Upper Critical" in events["Inlet Temp"]
    assert "Lower Non-Critical" in events["Fan2"]


def test_a_threshold_that_somebody_changed_is_the_one_that_is_told(sim: Simulated) -> None:
    sim.ipmitool("sensor", "thresh", "Inlet Temp", "unc", "20")
    found = becomes(sim, "Inlet Temp", "23", "warning")
    assert (found["crossed"], found["thresholds"]["upper_non_critical"]) == ("upper_non_critical", 20)
    assert found["thresholds_from"] == "sensor"
    with pytest.raises(errors.SensorAlarm, match="23 °C, upper_non_critical is 20 °C"):
        look(sim, fail_at="warning")


def test_an_own_limit_and_a_lost_supply(sim: Simulated) -> None:
    with pytest.raises(errors.SensorAlarm, match="Inlet Temp is critical: 23 °C, max is 20 °C"):
        look(sim, types=["Fan"], limits=[Limit("Inlet Temp", max=20)], fail_at="critical")
    (sim.bmc / "sensors" / "psu1_status").write_text("9\n")
    found = becomes(sim, "PSU1 Status", "9", "critical")
    assert found["reading"] is None
    assert "lost" in " ".join(found["states"]).lower()


def test_the_cache_changes_nothing_but_the_number_of_questions(
    sim: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import Session

    asked: list[str] = []
    command = Session.command

    def counted(session: Session, what: str, *rest: Any, **more: Any) -> bytes:
        asked.append(what)
        return command(session, what, *rest, **more)

    monkeypatch.setattr(Session, "command", counted)
    results, questions = [], []
    for cache in (None, tmp_path, tmp_path):
        asked.clear()
        results.append(look(sim, cache=cache))
        questions.append(len(asked) - 1)  # the privilege level is claimed first
    assert results[0] == results[1] == results[2]
    # It gives 32 bytes of a record at once, and says so when it is asked for more: two a sensor's record.
    # One of a part's place is no longer than that.
    records = 2 * SENSORS + 2 + len(bmc_records.parts())
    assert questions == [records + SENSORS, records + SENSORS + 2, SENSORS + 2]
