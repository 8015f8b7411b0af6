# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""bmc_sel and its neighbours through ansible-playbook: once, again, in check mode, and on a fleet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bmc_bench import Simulated
from test_bmc_modules import Runner, task


@pytest.fixture
def run(sim: Simulated, tmp_path: Path) -> Runner:
    return Runner(tmp_path, sim)


def fleet(name: str, module: str, **options: Any) -> dict[str, Any]:
    """The simulated BMC, and one that does not answer."""
    targets = [{"address": "127.0.0.1", "name": "alive"}, {"address": "127.0.0.9", "name": "dead"}]
    alone = {"address": "{{ omit }}", "name": "{{ omit }}"}
    more = {"targets": targets, "on_failure": "hand_over", "answer_s": 0.5, "attempts": 1}
    return {"name": name, f"anjianyun.datacenter.{module}": {**alone, **more, **options}}


def changed(results: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {name: result.get("changed") for name, result in results.items()}


def test_event_logs(run: Runner, tmp_path: Path) -> None:
    folder = str(tmp_path / "sel")
    tasks = [
        task("read", "bmc_sel", severity="critical"),
        task("archived", "bmc_sel", state="archived", archive=folder),
        task("archived_again", "bmc_sel", state="archived", archive=folder),
        fleet("cleared", "bmc_sel", state="cleared", archive=folder),
        task("cleared_again", "bmc_sel", state="cleared", archive=folder),
    ]
    foretold = run(*tasks, arguments=("--check", "--diff"))
    assert changed(foretold.results) == {
        "read": False, "archived": True, "archived_again": True, "cleared": True, "cleared_again": True,
    }, foretold.output  # fmt: skip
    assert foretold.results["archived"]["diff"]["after"] == {"archived": 5, "in_the_log": 5}
    assert not (tmp_path / "sel").exists()

    done = run(*tasks).results
    assert changed(done) == {
        "read": False, "archived": True, "archived_again": False, "cleared": True, "cleared_again": False,
    }  # fmt: skip
    assert [event["severity"] for event in done["read"]["events"]] == ["critical"]
    shares = done["cleared"]["targets"]
    assert (shares["alive"]["cleared"], shares["dead"]["unreachable"]) == (5, True)
    assert done["cleared"]["failed_targets"] == ["dead"]
    for name in ("nn-db-01", "alive"):
        lines = (tmp_path / "sel" / f"{name}.jsonl").read_text().splitlines()
        assert sum("record" in json.loads(line) for line in lines) == 5
    assert "Entries          : 0" in run.sim.ipmitool("sel", "info")


def test_options_that_do_not_fit_are_told_before_any_bmc_is_asked(run: Runner) -> None:
    run.sim.stop()
    results = run(
        task("folder", "bmc_sel", state="cleared"), task("moment", "bmc_sel", since="last week")
    ).results
    assert "needs archive" in results["folder"]["msg"]
    assert "since is no moment" in results["moment"]["msg"]


def test_sensors(run: Runner, tmp_path: Path) -> None:
    hot = {"sensor": "Inlet Temp", "max": 20}
    done = run(
        task("fine", "bmc_sensor", types=["Temperature"], fail_at="warning"),
        task("hot", "bmc_sensor", limits=[hot], fail_at="critical"),
        task("only_told", "bmc_sensor", names=["Fan*"], limits=[hot]),
        fleet("all", "bmc_sensor", types=["Power Supply"], cache=str(tmp_path / "cache")),
        task("nothing", "bmc_sensor", limits=[{"sensor": "Fan1"}]),
        arguments=("--check",),
    ).results
    assert (done["fine"]["verdict"], len(done["fine"]["sensors"])) == ("ok", 3)
    assert done["hot"]["error"]["kind"] == "SensorAlarm"
    assert "Inlet Temp is critical: 23 °C, max is 20 °C" in done["hot"]["msg"]
    assert len(done["hot"]["sensors"]) == 13
    assert (done["only_told"]["verdict"], len(done["only_told"]["alarms"])) == ("critical", 1)
    assert done["all"]["failed_targets"] == ["dead"]
    states = [sensor["states"] for sensor in done["all"]["targets"]["alive"]["sensors"]]
    assert states == [["Present"], ["Present"]]
    assert "neither min nor max" in done["nothing"]["msg"]
    assert set(changed(done).values()) == {False}


def test_locators(run: Runner) -> None:
    tasks = [
        task("lit", "bmc_identify"),
        task("lit_again", "bmc_identify", state="on"),
        task("timed", "bmc_identify", seconds=200),
        fleet("out", "bmc_identify", state="off"),
        task("too_long", "bmc_identify", seconds=256),
        task("out_with_seconds", "bmc_identify", state="off", seconds=5),
    ]
    foretold = run(*tasks[:3], arguments=("--check", "--diff")).results
    assert set(changed(foretold).values()) == {True}
    assert foretold["lit"]["diff"] == {"before": {"identify": "off"}, "after": {"identify": "on"}}
    assert not (run.sim.bmc / "identify").exists()
    done = run(*tasks).results
    assert changed(done) == {
        "lit": True, "lit_again": False, "timed": True, "out": True, "too_long": False,
        "out_with_seconds": False,
    }  # fmt: skip
    assert (done["timed"]["before"], done["timed"]["after"]) == ("on", "timed")
    assert done["out"]["targets"]["alive"]["after"] == "off"
    assert "from 1 to 255" in done["too_long"]["msg"]
    assert "for state: on" in done["out_with_seconds"]["msg"]
    assert run.sim.ipmitool("raw", "0x00", "0x01").split()[2] == "40"


def test_firmware(run: Runner) -> None:
    done = run(
        task(
            "old", "bmc_firmware_info", privilege="administrator", expected={"bmc": "5.0", "bios": "TWIN 2.9"}
        ),
        fleet("all", "bmc_firmware_info"),
        arguments=("--check",),
    ).results
    assert [difference["component"] for difference in done["old"]["differences"]] == ["bmc"]
    assert (done["old"]["meets"], done["old"]["changed"]) == (False, False)
    assert done["all"]["targets"]["alive"]["product"] == "Twin R740"
    assert done["all"]["failed_targets"] == ["dead"]
