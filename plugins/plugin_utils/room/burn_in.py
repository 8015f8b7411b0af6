# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A burn-in judged: whether it can begin, whether it may go on, and what it showed.

What is not known is neither good nor bad.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import yaml

Reading = dict[str, Any]

#: Verdicts of a sensor that end a burn-in.
_ENDING = ("critical", "failed")
#: How an alarm names the two sides of a limit of the user's own; a BMC's thresholds have other names.
_OWN_LIMITS = ("min", "max")
#: What has to have done something, and what to give it when it has not. stress-ng counts a worker of memory
#: from its first pass on: with more memory than one passes over in time, it ends well and counted nothing.
STRESSORS = {
    "cpu": "give more seconds",
    "vm": "give more seconds, or less memory with burn_in_memory_share",
    "hdd": "give more seconds, or a smaller file with burn_in_disk_mb",
}
#: Least memory that is worth loading.
LEAST_MEMORY_MB = 64


def troubles(answer: Mapping[str, Any]) -> list[str]:
    """What a BMC says of its sensors that ends a burn-in."""
    found = []
    for alarm in answer.get("alarms") or ():
        if alarm["verdict"] not in _ENDING and alarm.get("threshold") not in _OWN_LIMITS:
            continue
        text = f"{alarm['sensor']} is {alarm['verdict']}"
        if alarm.get("reading") is not None:
            text += f": {alarm['reading']:g} {alarm.get('unit') or ''}".rstrip()
            if alarm.get("limit") is not None:
                text += f", {alarm['threshold']} is {alarm['limit']:g}"
        elif alarm.get("states"):
            text += ": " + ", ".join(alarm["states"])
        found.append(text)
    return found


def heard(answer: Mapping[str, Any] | None) -> bool:
    """Whether a BMC told what it was asked: that a limit's sensor cannot be read is silence, too."""
    return bool(answer and answer.get("sensors")) and (answer or {}).get("verdict") != "unknown"


def fit(
    hosts: Sequence[str],
    told: Iterable[Mapping[str, Any]],
    sensors: Mapping[str, Any],
    *,
    disk_mb: int,
    memory_share: float,
) -> list[Reading]:
    """Whether the load may begin, several readings a host.

    :param told: what the module burn_in says of each host, in a loop over ``burn_in_host``.
    :param sensors: ``targets`` of bmc_sensor.
    """
    by_host = {one.get("burn_in_host"): one for one in told}
    found = []
    for host in hosts:
        found += _ready(host, by_host.get(host) or {}, disk_mb, memory_share)
        answer = sensors.get(host)
        bad = troubles(answer or {}) + [
            f"no sensor is called {name}" for name in (answer or {}).get("unmatched") or ()
        ]
        known = heard(answer) or bool(bad)
        found.append(
            {
                "ok": not bad if known else None,
                "reading": f"{host}: {'; '.join(bad) or 'its sensors are well'}"
                if known
                else f"{host}: what its sensors say is not known: "
                f"{(answer or {}).get('msg') or 'its BMC was not asked'}",
                "way_on": "see to it first, or leave the server out of burn_in_hosts",
            }
        )
    return found


def _ready(host: str, one: Mapping[str, Any], disk_mb: int, memory_share: float) -> list[Reading]:
    if "running" not in one:
        why = one.get("msg") or "it did not answer"
        return [{"ok": None, "reading": f"{host}: whether it can be loaded is not known: {why}"}]
    memory = int(one["memory_mb"] * memory_share)
    return [
        {
            "ok": one["program"] is not None,
            "reading": f"{host} has {one['program'] or 'no stress-ng'}",
            "way_on": f"on {host}: apt install stress-ng",
        },
        {
            "ok": not one["running"],
            "reading": f"{host}: {'a burn-in runs' if one['running'] else 'no burn-in runs'}",
            "way_on": "it ends by itself; or on the server: systemctl stop anjianyun-burn-in",
        },
        {
            "ok": memory >= LEAST_MEMORY_MB,
            "reading": f"{host} has {one['memory_mb']} MiB of memory free, {memory} MiB of it are loaded",
            "expected": f"{LEAST_MEMORY_MB} MiB to load",
            "way_on": "stop what takes the memory, or raise burn_in_memory_share",
        },
        {
            "ok": one["disk_mb"] >= 2 * disk_mb,
            "reading": f"{host} has {one['disk_mb']} MiB of disk free, {disk_mb} MiB are loaded",
            "expected": "at least as much that stays free",
            "way_on": "make room, or lower burn_in_disk_mb",
        },
    ]


def watched(
    before: Mapping[str, Any],
    sensors: Mapping[str, Any],
    hosts: Sequence[str],
    *,
    at: float,
    silent_s: float,
) -> dict[str, Any]:
    """The watch after one more look.

    :param before: the watch so far; empty at the first look, from which on silence counts.
    :param sensors: ``targets`` of bmc_sensor.
    :param at: when it was, in seconds of the clock.
    :param silent_s: how long a BMC may tell nothing.
    :returns: ``began``, ``at``, ``looks``, by host ``heard`` (when it told something last) and ``peaks`` (the
        hottest of each temperature sensor), and ``aborted``: why the load has to end, by host.
    """
    began = before.get("began", at)
    last = dict(before.get("heard") or {})
    peaks = {host: dict(found) for host, found in (before.get("peaks") or {}).items()}
    aborted = dict(before.get("aborted") or {})
    for host in hosts:
        answer = sensors.get(host)
        if answer and answer.get("sensors"):
            peaks[host] = _hotter(peaks.get(host) or {}, answer["sensors"])
        if heard(answer):
            last[host] = at
        bad = troubles(answer or {})
        silence = at - last.get(host, began)
        if silence > silent_s:
            why = (answer or {}).get("msg") or "nothing it says is known"
            bad.append(f"its BMC has been silent for {silence:.0f} s: {why}")
        if bad:
            aborted.setdefault(host, "; ".join(bad))
    return {
        "began": began,
        "at": at,
        "looks": before.get("looks", 0) + 1,
        "heard": last,
        "peaks": peaks,
        "aborted": aborted,
    }


def _hotter(peaks: Mapping[str, Any], sensors: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    found = dict(peaks)
    for sensor in sensors:
        reading = sensor.get("reading")
        if sensor.get("type") != "Temperature" or reading is None:
            continue
        if sensor["name"] not in found or reading > found[sensor["name"]]["reading"]:
            found[sensor["name"]] = {"reading": reading, "unit": sensor.get("unit")}
    return found


def judged(
    hosts: Sequence[str],
    ended: Iterable[Mapping[str, Any]],
    watch: Mapping[str, Any],
    *,
    seconds: int,
    broke: str = "",
) -> dict[str, Any]:
    """What it showed.

    :param ended: what the module burn_in says at the end, in a loop over ``burn_in_host``.
    :param broke: why it broke off, besides what the watch saw.
    :returns: ``readings``, one a host, and ``result`` for a note.
    """
    by_host = {one.get("burn_in_host"): one for one in ended}
    aborted = dict(watch.get("aborted") or {})
    readings, results = [], {}
    for host in hosts:
        one = by_host.get(host) or {}
        said = one.get("said") or {}
        found = {
            "seconds": said.get("seconds"),
            "ended": said.get("result"),
            "failures": list(said.get("failures") or ()) if said else None,
            "skipped": list(said.get("skipped") or ()),
            "throughput": throughput(said.get("metrics")),
            "peaks": (watch.get("peaks") or {}).get(host) or {},
            # The first look was before the load.
            "watched": (watch.get("heard") or {}).get(host, 0) > watch.get("began", 0),
        }
        results[host] = found
        readings.append(_reading(host, one, found, aborted, seconds, broke))
    if not broke and aborted:
        broke = "; ".join(f"{host}: {why}" for host, why in aborted.items())
    return {
        "readings": readings,
        "result": {
            "asked_s": seconds,
            "looks": watch.get("looks", 0),
            "aborted": broke or None,
            "passed": [host for host, one in zip(hosts, readings, strict=True) if one["ok"] is True],
            "hosts": results,
        },
    }


def _reading(
    host: str,
    one: Mapping[str, Any],
    found: Mapping[str, Any],
    aborted: Mapping[str, str],
    seconds: int,
    broke: str,
) -> Reading:
    ok, text = _told(one, found, aborted.get(host), seconds)
    # Ended from outside, only what stress-ng had found by then speaks against a server.
    if (aborted or broke) and host not in aborted and not found["failures"]:
        ok = None
        text = f"was ended after {_seconds(found)} for another reason: " + (
            "; ".join(f"{name}: {why}" for name, why in aborted.items()) or broke
        )
    return {
        "ok": ok,
        "reading": f"{host} {text}",
        "expected": f"{seconds} s under load without a failure, all sensors within their limits",
        "way_on": "see to the server, and run the burn-in again",
    }


def _told(
    one: Mapping[str, Any], found: Mapping[str, Any], aborted: str | None, seconds: int
) -> tuple[bool | None, str]:
    if aborted:
        return False, f"was ended after {_seconds(found)}: {aborted}"
    if found["failures"]:
        return False, f"failed under load: {'; '.join(found['failures'])}"
    if found["ended"] is None:
        return None, f"tells nothing of its load: {one.get('msg') or 'nothing was left of it'}"
    if found["ended"] != "success":
        return False, f"ended its load after {_seconds(found)} with {found['ended']}"
    if not found["throughput"]:
        return None, "tells nothing of what it did under load"
    if found["seconds"] is None or found["seconds"] < seconds - 1:
        return False, f"was under load for {_seconds(found)} only"
    if found["skipped"]:
        return None, f"did not do all of its load: {'; '.join(found['skipped'])}"
    idle = [name for name in STRESSORS if not (found["throughput"].get(name) or {}).get("bogo_ops")]
    if idle:
        more = "; ".join(f"for {name}: {STRESSORS[name]}" for name in idle)
        return None, (
            f"was under load for {_seconds(found)}, and {', '.join(idle)} did nothing that counts ({more})"
        )
    if not found["watched"]:
        return None, "was under load and its BMC told nothing meanwhile"
    hottest = max(found["peaks"].items(), key=lambda item: item[1]["reading"], default=None)
    heat = (
        f"hottest {hottest[0]} {hottest[1]['reading']:g} {hottest[1]['unit'] or ''}".rstrip()
        if hottest
        else "no temperature known"
    )
    done = ", ".join(f"{name} {what['bogo_ops']}" for name, what in found["throughput"].items())
    return True, f"was under load for {_seconds(found)}: {heat}; bogo ops: {done}"


def unburned(
    members: Iterable[str],
    passed: Collection[str],
    with_bmc: Collection[str],
    slept: Collection[str],
    meant: Collection[str],
) -> dict[str, str]:
    """Who came back and bore no load, each with a sentence that says why.

    :param passed: who bore it.
    :param slept: who is off as before.
    :param meant: who was to be loaded: without having passed, somebody left him out by name.
    """
    found = {}
    for host in members:
        if host in passed:
            continue
        why = (
            "no BMC" if host not in with_bmc
            else "off as before" if host in slept
            else f"left out by its name (unburned_{host})" if host in meant
            else "not among room_burn_in_hosts"
        )  # fmt: skip
        found[host] = f"{host}: not burned in: {why}"
    return found


def _seconds(found: Mapping[str, Any]) -> str:
    return "a time not known" if found["seconds"] is None else f"{found['seconds']} s"


def gone(told: Iterable[Mapping[str, Any]]) -> list[Reading]:
    """Whether nothing runs and nothing is left, a reading a host, of what the module burn_in says."""
    found = []
    for one in told:
        known = "running" in one
        still = (["its load"] if one.get("running") else []) + list(one.get("left") or ())
        text = f"{', '.join(still)} is still there" if still else "nothing of the load is there"
        found.append(
            {
                "ok": not still if known else None,
                "reading": f"{one.get('burn_in_host')}: "
                + (text if known else f"not known what is there: {one.get('msg') or 'it did not answer'}"),
                "expected": "nothing of the load is there",
                "way_on": "the load ends by itself; or on the server: systemctl stop anjianyun-burn-in",
            }
        )
    return found


def throughput(metrics: str | None) -> dict[str, dict[str, Any]]:
    """What stress-ng's YAML says it did, by stressor; empty when it does not say it."""
    try:
        told = yaml.safe_load(metrics or "")
    except yaml.YAMLError:
        return {}
    if not isinstance(told, dict):
        return {}
    return {
        one["stressor"]: {
            "bogo_ops": one.get("bogo-ops"),
            "bogo_ops_per_s": round(one.get("bogo-ops-per-second-real-time") or 0, 1),
        }
        for one in told.get("metrics") or ()
        if isinstance(one, dict) and "stressor" in one
    }
