# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A burn-in judged: when it may begin, what ends it, and that silence and unknown never pass."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.burn_in import (
    fit,
    gone,
    judged,
    unburned,
    watched,
)

READY = {
    "burn_in_host": "a", "program": "/usr/bin/stress-ng", "running": False, "left": [], "memory_mb": 1000,
    "disk_mb": 512,
}  # fmt: skip
CPU, VM, HDD = (
    f"  - {{stressor: {name}, bogo-ops: {ops}, bogo-ops-per-second-real-time: {ops / 2}}}\n"
    for name, ops in (("cpu", 392), ("vm", 256), ("hdd", 2048))
)
METRICS = f"metrics:\n{CPU}{VM}{HDD}"
SAID = {"asked_s": 60, "seconds": 61, "result": "success", "status": "0", "metrics": METRICS, "failures": []}


def bmc(celsius: float = 50, *alarms: dict[str, Any], **more: Any) -> dict[str, Any]:
    sensor = {"name": "CPU1 Temp", "type": "Temperature", "reading": celsius, "unit": "°C"}
    return {"verdict": "ok", "sensors": [sensor], "alarms": list(alarms), "unmatched": [], **more}


def alarm(verdict: str, threshold: str | None = "upper_critical") -> dict[str, Any]:
    return {
        "sensor": "CPU1 Temp", "verdict": verdict, "reading": 95.0, "unit": "°C", "threshold": threshold,
        "limit": 90.0, "states": [],
    }  # fmt: skip


SILENT = {"unreachable": True, "msg": "no answer"}


@pytest.mark.parametrize(
    ("host", "sensors", "ok", "said"),
    [
        (READY, bmc(), True, "its sensors are well"),
        ({**READY, "program": None}, bmc(), False, "no stress-ng"),
        ({**READY, "running": True}, bmc(), False, "a burn-in runs"),
        ({**READY, "memory_mb": 127}, bmc(), False, "63 MiB of it are loaded"),
        ({**READY, "disk_mb": 511}, bmc(), False, "511 MiB of disk"),
        ({"burn_in_host": "a", "unreachable": True, "msg": "no way"}, bmc(), None, "not known: no way"),
        (READY, SILENT, None, "not known: no answer"),
        (READY, bmc(95, alarm("critical")), False, "CPU1 Temp is critical: 95 °C, upper_critical is 90"),
        (READY, bmc(verdict="unknown"), None, "not known"),
        (READY, bmc(verdict="unknown", unmatched=["GPU*"]), False, "no sensor is called GPU*"),
    ],
)
def test_a_load_begins_only_where_all_is_known_and_well(
    host: dict[str, Any], sensors: dict[str, Any], ok: bool | None, said: str
) -> None:
    found = fit(["a"], [host], {"a": sensors}, disk_mb=256, memory_share=0.5)

    assert [one for one in found if one["ok"] is not True] == [
        one for one in found if said in one["reading"] and ok is not True
    ]
    assert any(one["ok"] is ok and said in one["reading"] for one in found)


def test_a_host_nobody_told_of_is_not_known() -> None:
    assert [one["ok"] for one in fit(["a"], [], {}, disk_mb=1, memory_share=0.5)] == [None, None]


def look(watch: dict[str, Any], at: float, **answers: Any) -> dict[str, Any]:
    return watched(watch, answers, ["a", "b"], at=at, silent_s=30)


def test_the_hottest_of_all_looks_is_kept() -> None:
    watch = look({}, 0, a=bmc(50), b=bmc(40))
    watch = look(watch, 10, a=bmc(71), b=bmc(39))
    watch = look(watch, 20, a=bmc(60), b=bmc(41))

    assert {host: peaks["CPU1 Temp"]["reading"] for host, peaks in watch["peaks"].items()} == {
        "a": 71,
        "b": 41,
    }
    assert (watch["looks"], watch["aborted"]) == (3, {})


@pytest.mark.parametrize(
    ("one", "ends"),
    [
        (alarm("warning", "upper_non_critical"), False),
        (alarm("warning", "max"), True),
        (alarm("critical"), True),
        (alarm("failed", None), True),
    ],
)
def test_what_is_critical_or_beyond_an_own_limit_ends_it(one: dict[str, Any], ends: bool) -> None:
    watch = look(look({}, 0, a=bmc(), b=bmc()), 10, a=bmc(95, one), b=bmc())

    assert list(watch["aborted"]) == (["a"] if ends else [])


@pytest.mark.parametrize("silence", [SILENT, None, bmc(verdict="unknown"), bmc(sensors=[])])
def test_a_bmc_may_be_silent_for_a_while_and_not_for_longer(silence: Any) -> None:
    watch = look({}, 0, a=bmc(), b=bmc())
    watch = look(watch, 20, a=silence, b=bmc())
    watch = look(watch, 30, a=silence, b=bmc())
    assert watch["aborted"] == {}
    assert look(watch, 31, a=bmc(), b=bmc())["aborted"] == {}
    assert "silent for 31 s" in look(watch, 31, a=silence, b=bmc())["aborted"]["a"]


def judge(said: dict[str, Any] | None, aborted: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    watch = {**look(look({}, 0, a=bmc(), b=bmc()), 9, a=bmc(71), b=bmc()), "aborted": aborted or {}}
    return judged(["a"], [{"burn_in_host": "a", "said": said}], watch, seconds=60, **more)


def test_what_passed_tells_its_heat_and_its_throughput() -> None:
    found = judge(SAID)

    assert found["readings"][0]["ok"] is True
    assert (
        found["readings"][0]["reading"]
        == "a was under load for 61 s: hottest CPU1 Temp 71 °C; bogo ops: cpu 392, vm 256, hdd 2048"
    )
    assert found["result"]["aborted"] is None
    assert found["result"]["hosts"]["a"]["throughput"]["cpu"] == {"bogo_ops": 392, "bogo_ops_per_s": 196.0}


@pytest.mark.parametrize(
    ("said", "ok", "reading"),
    [
        (None, None, "tells nothing of its load"),
        ({**SAID, "result": None}, None, "tells nothing of its load"),
        ({**SAID, "metrics": None}, None, "what it did"),
        ({**SAID, "metrics": ": {"}, None, "what it did"),
        # What it says of memory that nobody could pass over: a run that was successful.
        ({**SAID, "metrics": METRICS.replace("256", "0")}, None, "vm did nothing that counts"),
        ({**SAID, "metrics": METRICS.replace(HDD, "")}, None, "hdd did nothing that counts"),
        ({**SAID, "metrics": METRICS.replace(CPU, "")}, None, "cpu did nothing that counts"),
        ({**SAID, "skipped": ["skipped: 1: vm (1)"]}, None, "skipped: 1: vm (1)"),
        ({**SAID, "failures": ["vm: detected 1 bit error"]}, False, "1 bit error"),
        ({**SAID, "result": "exit-code"}, False, "with exit-code"),
        ({**SAID, "result": "timeout"}, False, "with timeout"),
        ({**SAID, "seconds": 20}, False, "for 20 s only"),
    ],
)
def test_what_failed_and_what_is_not_known_do_not_pass(said: Any, ok: bool | None, reading: str) -> None:
    found = judge(said)["readings"][0]

    assert found["ok"] is ok
    assert reading in found["reading"]


def test_what_did_nothing_says_what_to_give_it() -> None:
    found = judge({**SAID, "metrics": METRICS.replace("256", "0")})

    assert "burn_in_memory_share" in found["readings"][0]["reading"]
    assert found["result"]["passed"] == []


def test_whose_fault_it_was_fails_and_the_others_are_not_known() -> None:
    culprit = judge(SAID, {"a": "too hot"})
    other = judge({**SAID, "seconds": 20}, {"b": "too hot"})
    broken = judge(SAID, broke="a task failed")

    assert culprit["readings"][0]["ok"] is False
    assert "too hot" in culprit["readings"][0]["reading"]
    assert other["readings"][0]["ok"] is None
    assert "b: too hot" in other["readings"][0]["reading"]
    assert broken["readings"][0]["ok"] is None
    assert (culprit["result"]["passed"], other["result"]["passed"]) == ([], [])
    assert judge(SAID)["result"]["passed"] == ["a"]
    assert (other["result"]["aborted"], broken["result"]["aborted"]) == ("b: too hot", "a task failed")


def test_a_load_that_nobody_watched_is_not_known() -> None:
    watch = look(look({}, 0, a=bmc(), b=bmc()), 9, a=SILENT, b=bmc())

    found = judged(["a"], [{"burn_in_host": "a", "said": SAID}], watch, seconds=60)

    assert found["readings"][0]["ok"] is None


def test_a_failure_counts_also_when_another_server_ended_it() -> None:
    found = judge({**SAID, "failures": ["vm: detected 1 bit error"]}, {"b": "too hot"})

    assert found["readings"][0]["ok"] is False


@pytest.mark.parametrize(
    ("one", "ok"),
    [
        (READY, True),
        ({**READY, "running": True}, False),
        ({**READY, "left": ["/var/tmp/x"]}, False),
        ({"burn_in_host": "a", "msg": "no way"}, None),
    ],
)
def test_what_is_left_is_told(one: dict[str, Any], ok: bool | None) -> None:
    assert gone([one])[0]["ok"] is ok


def test_who_was_asked_for_by_nobody_is_told_too() -> None:
    assert unburned(["a", "b"], ["a"], ["a", "b"], [], ["a"]) == {
        "b": "b: not burned in: not among room_burn_in_hosts"
    }
