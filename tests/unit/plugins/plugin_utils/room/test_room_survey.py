# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One shape for what many calls told: what is missing has its reason, and is never taken for nothing."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.filter.room_survey import room_survey
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.survey import OF_THE_BMC

AT = "2026-12-01T22:00:00Z"
INFO = {
    "power": {"at": AT, "power": "on", "restore_policy": "previous"},
    "fru": {"serial_number": "S1", "product_name": "NF", "manufacturer": "Inspur", "asset_number": "A",
            "memory": [{"slot": "A1"}], "not_told": {"drives": "no answer in time"}},
    "lan": {"address": "10.1.20.11", "mac": "aa:bb"},
    "unsupported": {},
}  # fmt: skip
FAILED = {"changed": False, "failed": True, "msg": "s: no session: the password is not the BMC's. Next: see"}


def calls(**of: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What the fleet told of the host s."""
    return {what: {"targets": {"s": share}} for what, share in of.items()}


def one(
    fleet: dict[str, dict[str, Any]], hardware: list[dict[str, Any]] | None = None, **more: Any
) -> dict[str, Any]:
    options: dict[str, Any] = {**fleet, "hardware": hardware, **more}
    found: dict[str, Any] = room_survey(["s"], AT, **options)["s"]
    assert json.loads(json.dumps(found)) == found
    return found


def test_what_all_calls_told_stands_in_one_place() -> None:
    alarm = {"sensor": "Inlet", "verdict": "warning", "reading": 41.0, "unit": "degrees C", "threshold": "x"}
    bad = {"id": "1", "raw": "aa", "at": AT, "sensor": "PSU1", "event": "lost", "severity": "critical",
           "asserted": True, "detail": None}  # fmt: skip
    found = one(
        calls(
            info=INFO,
            firmware={"components": {"bmc": "4.1", "bios": None}, "unsupported": {"bios": "nobody told it"}},
            sensors={"verdict": "warning", "alarms": [alarm]},
            log={
                "log": {"entries": 9},
                "events": [{**bad, "sensor": "PSU2"}, bad],
                "open": [bad],
            },
            accounts={"accounts": [{"slot": 2, "name": "ops", "enabled": True, "privilege": "operator"}]},
        )
    )

    assert found["identity"] == {"serial": "S1", "product": "NF", "manufacturer": "Inspur", "asset_tag": "A"}
    assert found["firmware"] == {"bmc": "4.1"}
    assert found["bmc"] == {
        "address": "10.1.20.11", "mac": "aa:bb", "restore_policy": "previous",
        "users": [{"name": "ops", "enabled": True, "privilege": "operator"}],
    }  # fmt: skip
    assert found["sensors"] == {
        "verdict": "warning",
        "beyond": [{"name": "Inlet", "reading": 41.0, "unit": "degrees C", "verdict": "warning"}],
    }
    assert found["events"]["entries"] == 9
    assert [one["sensor"] for one in found["events"]["critical"]] == ["PSU1"]
    assert found["memory"] == [{"slot": "A1"}]
    assert found["drives"] is None
    assert found["not_told"]["drives"] == "no answer in time"
    assert found["not_told"]["processors"] == "its BMC tells no parts of this kind"
    assert found["not_told"]["firmware bios"] == "nobody told it"


def test_a_bmc_that_failed_stands_with_its_reason_for_everything() -> None:
    found = one(calls(info=FAILED))

    assert {found["not_told"][part] for part in OF_THE_BMC} == {FAILED["msg"]}
    assert found["identity"]["serial"] is None
    assert (found["power"], found["bmc"]["restore_policy"], found["bmc"]["users"]) == (
        "unknown",
        "unknown",
        None,
    )


def test_a_call_that_failed_takes_nothing_else_with_it() -> None:
    found = one(calls(info=INFO, sensors=FAILED, accounts=FAILED, log=FAILED, firmware=FAILED))

    assert found["identity"]["serial"] == "S1"
    assert (found["sensors"], found["events"], found["bmc"]["users"], found["firmware"]) == (
        None,
        None,
        None,
        {},
    )
    for part in ("sensors", "events", "bmc users", "firmware"):
        assert found["not_told"][part] == FAILED["msg"]


def test_a_host_without_a_bmc_says_so() -> None:
    assert "no BMC" in one({"info": {"targets": {}}})["not_told"]["identity"]
    assert "no BMC" in one({"info": {"skipped": True}})["not_told"]["power"]


def test_a_subset_that_the_bmc_does_not_know_is_not_told() -> None:
    info = {**INFO, "fru": None, "unsupported": {"fru": "it does not know the command"}}

    found = one(calls(info=info))

    assert found["not_told"]["identity"] == "it does not know the command"
    assert found["not_told"]["memory"] == "it does not know the command"
    assert found["power"] == "on"


def test_what_is_inside_is_told_or_has_its_reason() -> None:
    metal = {
        "item": "s",
        "changed": False,
        "invocation": {},
        "kind": "metal",
        "disks": [],
        "not_told": {"smart": "x"},
    }

    told = one(calls(info=INFO), [metal])
    assert told["inside"] == {"kind": "metal", "disks": [], "not_told": {"smart": "x"}}
    assert told["not_told"]["inside smart"] == "x"

    gone = [{"item": "s", "unreachable": True, "msg": "Connection timed out"}]
    assert one({}, gone)["not_told"]["inside"] == "Connection timed out"
    silent = [{"name": "s", "state": "silent", "cause": "timed out"}]
    assert (
        one({}, [], reach=silent)["not_told"]["inside"] == "its operating system does not answer (timed out)"
    )
    assert "no operating system" in one({})["not_told"]["inside"]
