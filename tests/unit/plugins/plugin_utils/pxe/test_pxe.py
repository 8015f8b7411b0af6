# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that are installed over the network: what is known, whether they may be, how far they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.pxe.hosts import pxe_hosts
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.pxe.ready import pxe_ready
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.pxe.seen import pxe_seen

HOST: dict[str, Any] = {
    "ansible_host": "10.1.10.11",
    "dc_mac": "02:00:5e:10:00:01",
    "dc_os": "debian-12",
    "dc_gateway": "10.1.10.1",
    "dc_hardware": {"serial": "AJY-1"},
    "dc_interfaces": [{"kind": "loopback"}, {"kind": "lan", "address": "10.1.10.11/24"}],
    "bare_metal_disk": "/dev/sda",
}
BMC = {"power": {"power": "off"}, "fru": {"serial_number": "AJY-1"}}
KNOWN = pxe_hosts(["nn-pm-01"], {"nn-pm-01": HOST})
SINCE, LEASE_S = 1000.0, 3600


def test_a_server_is_known_from_its_plan() -> None:
    assert KNOWN == [
        {
            "name": "nn-pm-01", "mac": "02:00:5e:10:00:01", "disk": "/dev/sda", "serial": "AJY-1",
            "gateway": "10.1.10.1", "address": "10.1.10.11", "netmask": "255.255.255.0",
            "network": "10.1.10.0",
        }
    ]  # fmt: skip


def test_all_that_is_missing_is_told_at_once() -> None:
    lacking = {key: value for key, value in HOST.items() if key not in ("dc_mac", "bare_metal_disk")}
    with pytest.raises(DatacenterError) as told:
        pxe_hosts(["nn-pm-01", "nn-pm-02"], {"nn-pm-01": lacking})
    said = str(told.value)
    assert "nn-pm-01 has no dc_mac and no bare_metal_disk" in said
    assert "nn-pm-02 has no dc_mac" in said
    assert (
        pxe_hosts(["a"], {"a": {**lacking, "dc_mac": "02:00:5e:10:00:02"}}, "/dev/vda")[0]["disk"]
        == "/dev/vda"
    )


def ready(
    host: dict[str, Any] | None = None, bmc: dict[str, Any] | None = None, state: str = "silent"
) -> dict[str, bool | None]:
    answers = [{"name": "a", "state": state}]
    readings = pxe_ready(["a"], {"a": {**HOST, **(host or {})}}, {"a": {**BMC, **(bmc or {})}}, answers)
    return {reading["reading"]: reading["ok"] for reading in readings}


@pytest.mark.parametrize(
    ("host", "bmc", "state", "wrong"),
    [
        ({}, {}, "silent", {}),
        ({"dc_mac": None}, {}, "silent", {"the plan states no MAC address and debian-12 for a": False}),
        ({"dc_os": "kylin-v10"}, {}, "silent",
         {"the plan states 02:00:5e:10:00:01 and kylin-v10 for a": False}),
        ({}, {"fru": {"serial_number": "AJY-2"}}, "silent",
         {"the BMC of a is in the server AJY-2; the plan says AJY-1": False}),
        ({}, {"fru": None}, "silent",
         {"the BMC of a is in the server that it does not name; the plan says AJY-1": None}),
        ({"dc_hardware": {}}, {}, "silent",
         {"the BMC of a is in the server AJY-1; the plan says nothing": None}),
        ({}, {"power": {"power": "on"}}, "alive", {"a is on": False}),
        ({}, {"power": {"power": "unknown"}}, "silent", {"a is unknown": None}),
        ({}, {"power": None}, "silent", {"a is unknown": None}),
        ({}, {}, "alive", {"10.1.10.11, the address of a, is alive while a is off": False}),
        ({}, {}, "refused", {"10.1.10.11, the address of a, is refused while a is off": False}),
    ],
)  # fmt: skip
def test_what_is_not_as_planned_is_not_installed(
    host: dict[str, Any], bmc: dict[str, Any], state: str, wrong: dict[str, bool | None]
) -> None:
    assert {reading: ok for reading, ok in ready(host, bmc, state).items() if ok is not True} == wrong


def test_only_that_a_server_is_on_can_be_approved() -> None:
    bad = {"power": {"power": "on"}, "fru": {"serial_number": "AJY-2"}}
    readings = pxe_ready(["a"], {"a": {**HOST, "dc_mac": None}}, {"a": bad}, [])
    assert [reading.get("approval") for reading in readings if not reading["ok"]] == [
        None,
        None,
        "switch_off",
    ]


def line(asked: str, at: float = 2000.0, sender: str = "10.1.10.11", **other: Any) -> str:
    said = {
        "at": at,
        "from": sender,
        "method": "GET",
        "asked": asked,
        "served": asked,
        "status": 200,
        "bytes": 1,
    }
    return json.dumps({**said, **other})


LEASE = f"{int(SINCE) + LEASE_S + 5} 02:00:5e:10:00:01 10.1.10.11 nn-pm-01 *"
BEGAN = line("/hosts/nn-pm-01/said/began", status=204)


@pytest.mark.parametrize(
    ("lines", "wanted", "stage", "over"),
    [
        ([], "began", "none", False),
        ([LEASE], "began", "lease", False),
        ([LEASE, BEGAN], "began", "began", True),
        ([BEGAN], "began", "began", False),
        ([LEASE.replace("00:01", "00:02"), BEGAN], "began", "began", False),
        ([LEASE, BEGAN[:-9]], "began", "lease", False),
        ([LEASE, line("/hosts/nn-pm-01/said/began", at=999.0, status=204)], "began", "lease", False),
        (
            [f"{int(SINCE) + LEASE_S - 5} 02:00:5e:10:00:01 10.1.10.11 nn-pm-01 *", BEGAN],
            "began",
            "began",
            False,
        ),
        (
            [LEASE, line("/hosts/nn-pm-01/said/began", status=204, sender="10.1.10.99")],
            "began",
            "lease",
            False,
        ),
        ([LEASE, line("/installer/initrd.gz", status=403)], "initrd", "lease", False),
        ([LEASE, line("/installer/initrd.gz")], "initrd", "initrd", True),
        ([line("/boot/nn-pm-01.ipxe", method="DELETE", status=204)], "installed", "installed", True),
        ([line("/boot/nn-pm-01.ipxe", method="DELETE", status=403)], "installed", "none", False),
    ],
)
def test_a_stage_counts_when_it_was_seen_from_that_server_since(
    lines: list[str], wanted: str, stage: str, over: bool
) -> None:
    found = pxe_seen(KNOWN, "\n".join(lines), SINCE, LEASE_S, wanted)
    assert (found["hosts"]["nn-pm-01"]["stage"], found["over"]) == (stage, over)
    assert found["readings"][0]["ok"] is over


def test_a_refusal_of_the_installer_ends_the_wait_and_is_told() -> None:
    said = line("/hosts/nn-pm-01/said/disk-not-empty", status=204)
    found = pxe_seen(KNOWN, "\n".join([LEASE, BEGAN, said]), SINCE, LEASE_S, "installed")
    assert (found["over"], found["readings"][0]["ok"]) == (True, False)
    assert "something stands on the disk" in found["readings"][0]["reading"]


def test_a_server_that_is_sent_to_its_disk_is_told() -> None:
    sent = line("/hosts/nn-pm-01/boot.ipxe", served="/boot/disk.ipxe")
    found = pxe_seen(KNOWN, "\n".join([LEASE, sent]), SINCE, LEASE_S, "began")
    assert (
        found["readings"][0]["reading"]
        == "nn-pm-01 was seen as far as: lease, and was sent to its disk 1 times"
    )


def test_a_yes_to_the_end_of_one_server_is_none_to_anothers() -> None:
    on = {**BMC, "power": {"power": "on"}}
    readings = pxe_ready(["a", "b"], {"a": HOST, "b": HOST}, {"a": on, "b": on}, [])
    asked = [reading for reading in readings if reading.get("approval") == "switch_off"]
    assert [(one["this_risk"], one["risk"].split()[0]) for one in asked] == [(True, "a"), (True, "b")]
