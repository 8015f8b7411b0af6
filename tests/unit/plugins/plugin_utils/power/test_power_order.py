# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of power of the shipped plans, what is refused, and what is printed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.action.power_schedule import racks
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.load import load_plan
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power import sheet, variables
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.graph import build
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.house import (
    House,
    Starts,
    Tier,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.refusals import cut
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.schedule import Schedule, schedule

ROOT = Path(__file__).resolve().parents[5]


@cache
def variables_of(estate: str) -> tuple[dict[str, Any], dict[str, Any]]:
    data = load_plan(ROOT / "inventory" / estate / "plan").inventory()
    return data.hosts, {**data.variables["all"], **data.variables["estate_wide"]}


def house(estate: str = "rehearsal") -> House:
    return variables.house(*variables_of(estate))


def centre(of: House, name: str = "nanning") -> list[str]:
    return [device.name for device in of.devices.values() if device.centre == name and of.ours(device)]


def planned(of: House, direction: str, hosts: list[str], **more: Any) -> Schedule:
    # What is not asked for is on: it serves on the way up, and is left running on the way down.
    state = {"up": "off", "down": "on"}[direction]
    asked = dict.fromkeys([*hosts, *of.carried(hosts)], state)
    reality = dict.fromkeys(of.devices, "on") | asked | more.pop("reality", {})
    return schedule(of, direction, hosts, reality, more.pop("node", "dr-ctl-01"), **more)


def acted(found: Schedule) -> list[str]:
    return [name for step in found.steps for name in step.hosts]


def test_a_whole_room_goes_down_with_the_control_path_last() -> None:
    found = planned(house(), "down", centre(house()))

    assert found.refusals == []
    assert [(step.action, set(step.hosts)) for step in found.steps] == [
        ("shutdown", {"nn-old-01", "nn-old-02"}),
        ("shutdown", {"nn-app-01"}),
        ("shutdown", {"nn-db-01"}),
        ("shutdown", {"nn-ctl-01"}),
        ("hand", {"nn-rt-01", "nn-fw-01"}),
    ]
    rooms = [load.drawn for step in found.steps for load in step.loads if load.kind == "room"]
    # 2300 W: two routers' worth of network, a control node, two servers, two old ones; less by each step.
    assert rooms == [1500, 1000, 500, 350, 0]


def test_it_comes_up_with_the_control_path_first_and_says_which_charge_it_waits_for() -> None:
    found = planned(house(), "up", centre(house()))

    assert set(acted(found)[:2]) == {"nn-rt-01", "nn-fw-01"}
    assert acted(found)[2:5] == ["nn-ctl-01", "nn-db-01", "nn-app-01"]
    assert [(ups.name, ups.charge_percent) for ups in found.ups] == [("nn-ups-a", 50), ("nn-ups-b", 50)]


def test_a_servers_cloud_hosts_go_before_it_and_come_after_it() -> None:
    whole = house("guangxi")
    down = planned(whole, "down", ["nn-pm-09", "nn-pm-10"])
    up = planned(whole, "up", ["nn-pm-09", "nn-pm-10"])

    assert acted(down)[:2] == ["nn-vm-180", "nn-vm-179"]
    assert [step.action for step in up.steps] == ["on", "on", "comes", "comes"]
    assert acted(up)[2:] == ["nn-vm-179", "nn-vm-180"], "the vault needs the name service"
    assert "nn-vm-179 goes with nn-pm-09, which carries it" in down.remarks


def test_what_services_depend_on_comes_first_and_draws_its_carrier_forward() -> None:
    whole = house("guangxi")
    whole.devices["nn-pm-09"] = replace(whole.devices["nn-pm-09"], roles=())
    whole.devices["nn-vm-179"] = replace(whole.devices["nn-vm-179"], roles=())

    assert {"nn-pm-09", "nn-vm-179"} <= build(whole, "dr-ctl-01").hosts_before("nn-pm-01")
    assert "nn-pm-07" not in build(whole, "dr-ctl-01").hosts_before("nn-pm-01")


def test_two_start_at_once_on_a_pdu_and_one_every_five_seconds_in_the_room() -> None:
    whole = house("guangxi")
    servers = [name for name in centre(whole) if whole.devices[name].rack == "r21"]
    for name in servers:
        whole.devices[name] = replace(whole.devices[name], bmc="nn-bmc")
    key = ("nanning", "main")
    paced = planned(whole, "up", servers)
    whole.rooms[key] = replace(whole.rooms[key], starts=Starts(per_pdu=2, per_second=9, inrush_s=10))
    quick = planned(whole, "up", servers)

    assert [step.at_s for step in paced.steps] == [0, 5, 10, 15]
    assert [(step.at_s, len(step.hosts)) for step in quick.steps] == [(0, 2), (10, 2)]


def test_a_budget_delays_a_start_until_the_inrush_before_it_is_over() -> None:
    whole = house()
    key = ("nanning", "main")
    room = whole.rooms[key]
    starts = Starts(per_pdu=9, per_second=9, inrush_s=7)
    # r02 holds two servers of 400 W: 600 + 400 fit, 600 + 600 do not.
    racks = {**room.racks, "r02": replace(room.racks["r02"], watts=1000)}
    whole.rooms[key] = replace(room, starts=starts, racks=racks)

    found = planned(whole, "up", ["nn-old-01", "nn-old-02"])

    assert [(step.at_s, step.hosts) for step in found.steps] == [(0, ("nn-old-01",)), (7, ("nn-old-02",))]
    assert [load.drawn for step in found.steps for load in step.loads if load.name.endswith("r02/A")] == [
        600,
        1000,
    ]


def test_a_server_that_cannot_be_started_is_refused_with_the_watts() -> None:
    whole = house()
    key = ("nanning", "main")
    room = whole.rooms[key]
    whole.rooms[key] = replace(room, racks={**room.racks, "r02": replace(room.racks["r02"], watts=900)})

    found = planned(whole, "up", ["nn-old-01", "nn-old-02"])

    assert [s for s in found.refusals if "nn-old-02" in s and "would carry 1000 of 900 W" in s]


def test_what_a_provider_carries_is_refused_with_whom_to_call() -> None:
    found = planned(house("guangxi"), "down", ["nn-vm-101", "nn-pm-01"])

    assert found.refusals == [
        "nn-vm-101: carried by The carrier's resource pool, whose power is not ours. "
        "Next: call the duty desk of the carrier's resource pool, and leave them out here"
    ]
    assert acted(found) == ["nn-pm-01"]


@pytest.mark.parametrize("state", ["unknown", "silent", "", None])
def test_what_is_not_known_is_neither_on_nor_off(state: Any) -> None:
    reality = {"nn-app-01": state}
    for direction in ("up", "down"):
        found = planned(house(), direction, ["nn-db-01", "nn-app-01"], reality=reality)

        assert any(s.startswith("nn-app-01: not known whether on or off") for s in found.refusals)
        assert not any("nn-db-01" in s for s in found.refusals)


def test_in_a_dark_room_the_way_to_the_bmcs_is_switched_on_first_and_the_rest_read_after_it() -> None:
    dark = dict.fromkeys(("nn-db-01", "nn-app-01"), "unknown")
    found = planned(house(), "up", centre(house()), reality=dark)
    lit = planned(house(), "up", centre(house()), reality={"nn-rt-01": "on", "nn-fw-01": "on", **dark})

    assert found.refusals == []
    assert acted(found) == ["nn-rt-01"]
    assert {"nn-db-01", "nn-app-01", "nn-fw-01"} <= set(found.later)
    assert any("nn-rt-01 can be passed" in remark for remark in found.remarks)
    assert any("nn-db-01, nn-app-01: not known" in sentence for sentence in lit.refusals)
    assert lit.later == []


def test_a_host_that_nobody_asked_about_is_not_known() -> None:
    found = schedule(house(), "up", ["nn-db-01"], {}, "dr-ctl-01")

    assert any("nn-db-01: not known" in sentence for sentence in found.refusals)


def test_silence_is_no_proof_that_something_is_off() -> None:
    found = planned(house(), "down", ["nn-old-01", "nn-old-02"], reality={"nn-old-01": "silent"})

    assert [s for s in found.refusals if s.startswith("nn-old-01: not known whether on or off")]
    assert found.already == []


@pytest.mark.parametrize(("carrier", "off"), [("off", True), ("on", False), ("unknown", False)])
def test_a_cloud_host_is_off_when_it_is_silent_and_its_server_is_off(carrier: str, off: bool) -> None:
    reality = {"nn-pm-09": carrier, "nn-vm-179": "silent"}
    found = planned(house("guangxi"), "down", ["nn-pm-09"], reality=reality)

    assert ("nn-vm-179" in found.already) is off
    assert any("nn-vm-179" in s for s in found.refusals) is not off


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (
            "off",
            "nn-rt-01: off, and needed by what is to be switched on. Next: add it to the hosts (power_hosts)",
        ),
        ("unknown", "nn-rt-01: needed by what is to be switched on, and not known to be on"),
    ],
)
def test_what_is_needed_beside_the_hosts_has_to_be_on_before_they_start(state: str, said: str) -> None:
    found = planned(house(), "up", ["nn-app-01", "nn-db-01"], reality={"nn-rt-01": state})

    assert "nn-rt-01" in found.around
    assert [s for s in found.missing if s.startswith(said)]
    assert planned(house(), "up", ["nn-app-01", "nn-db-01"]).missing == []


def test_a_database_that_is_left_off_keeps_its_application_off() -> None:
    found = planned(house(), "up", ["nn-app-01"], reality={"nn-db-01": "off"})

    assert [s for s in found.missing if s.startswith("nn-db-01: off, and needed")]


def test_a_sequence_that_takes_down_where_it_is_run_from_is_refused() -> None:
    found = planned(house(), "down", centre(house()), node="nn-ctl-01")

    assert len(found.refusals) == 1
    assert found.refusals[0].startswith("nn-ctl-01: the sequence is run from it and would cut itself off")
    assert planned(house(), "down", ["nn-db-01"], node="nn-ctl-01").refusals == []


@pytest.mark.parametrize("node", [None, "laptop"])
def test_it_must_be_known_where_it_is_run_from(node: str | None) -> None:
    found = planned(house(), "up", ["nn-db-01"], node=node)

    assert any("not known from which control node" in sentence for sentence in found.refusals)


def test_what_the_control_node_cannot_do_without_stays() -> None:
    whole = house("guangxi")
    both = ["nn-pm-09", "nn-pm-10", "dr-pm-09", "dr-pm-10"]

    found = planned(whole, "down", both)

    assert any(s.startswith("vault: dr-ctl-01, from which this is run, needs it") for s in found.refusals)
    assert planned(whole, "down", both[:2]).refusals == []


def test_a_router_that_is_switched_by_its_own_path_is_refused_by_name() -> None:
    whole = house()
    whole.devices["nn-rt-01"] = replace(whole.devices["nn-rt-01"], bmc="nn-bmc")

    found = planned(whole, "down", ["nn-rt-01", "nn-db-01"])

    assert len(found.refusals) == 1
    assert found.refusals[0].startswith(
        "nn-rt-01: the way from dr-ctl-01 to the BMCs of nn-rt-01 leads over it"
    )
    assert "switch it off by hand" in found.refusals[0]


def test_a_router_before_the_servers_behind_it_is_refused_and_after_them_it_is_not() -> None:
    assert "nn-rt-01" in cut(house(), "dr-ctl-01", [["nn-rt-01"], ["nn-db-01"]])[0]
    assert cut(house(), "dr-ctl-01", [["nn-db-01"], ["nn-rt-01"]]) == []


def test_a_second_router_that_carries_on_is_no_cut() -> None:
    whole = house()
    whole.devices["nn-rt-02"] = replace(whole.devices["nn-rt-01"], name="nn-rt-02")
    whole.join("dr-rt-01", "nn-rt-02", 10)
    whole.join("nn-rt-02", "nn-fw-01", 10)
    whole.gateways["nn-bmc"] = "nn-fw-01"

    assert cut(whole, "dr-ctl-01", [["nn-rt-01"], ["nn-db-01"]]) == []
    assert cut(whole, "dr-ctl-01", [["nn-rt-01"], ["nn-rt-02"], ["nn-db-01"]]) != []


def test_tiers_that_put_the_router_behind_its_servers_are_refused() -> None:
    whole = house()
    whole.tiers = [Tier("servers", ("physical_server",)), Tier("network", ("router", "firewall"))]

    found = planned(whole, "down", ["nn-db-01"])

    assert [s for s in found.refusals if "the plan allows no order" in s and "dr-ctl-01 reaches" in s]


def test_who_stays_on_without_what_he_needs_is_said() -> None:
    found = planned(house(), "down", ["nn-db-01"], reality={"nn-old-01": "off", "nn-old-02": "unknown"})

    assert found.left == [
        "nn-app-01 stays on: hidden_danger on nn-app-01 needs its database on nn-db-01",
        "nn-old-02 is not known to be off: nn-old-02 is of the later tier others",
    ]


def test_what_carries_the_way_to_bmcs_is_needed_by_those_left_on() -> None:
    found = planned(house(), "down", ["nn-rt-01"])

    assert {"nn-db-01", "nn-app-01", "nn-ctl-01"} <= {sentence.split()[0] for sentence in found.left}
    assert planned(house(), "down", ["nn-app-01", "nn-old-01", "nn-old-02"]).left == []


def test_an_unknown_name_is_refused() -> None:
    assert "nn-db-99, liujiang-pc-01: no host of a centre" in planned(
        house(), "up", ["nn-db-99", "liujiang-pc-01"]
    ).refusals[0]  # fmt: skip


def test_the_table_says_times_watts_and_limits() -> None:
    text = "\n".join(sheet.schedule_lines(planned(house(), "up", ["nn-db-01", "nn-app-01"])))

    assert "Power up, run from dr-ctl-01" in text
    assert "before: UPS nn-ups-a has at least 50 %" in text
    # The network and the control node run (500 W), and a server of 500 W starts at one and a half times that.
    assert "00:00:00  1 databases     switch on  nn-db-01   PDU nanning/main/r01/A 1250/4000 W" in text
    assert "00:00:30  2 applications  switch on  nn-app-01  PDU nanning/main/r01/A 1750/4000 W" in text
    assert text.splitlines()[-1] == "  00:01:00  ends"


def test_nothing_to_do_and_refusals_are_said() -> None:
    done = planned(house(), "up", ["nn-db-01"], reality={"nn-db-01": "on"})
    refused = planned(house(), "up", ["nn-db-01"], reality={"nn-db-01": "unknown"})

    assert "  nothing to do: everything is so already" in sheet.schedule_lines(done)
    assert "  nothing to do: everything is so already" not in sheet.schedule_lines(refused)
    assert "  must not be done:" in sheet.schedule_lines(refused)


def test_the_columns_of_a_chinese_table_stand_below_each_other() -> None:
    lines = sheet.schedule_lines(planned(house(), "up", centre(house())), "zh")
    rows = [line for line in lines if "开机" in line or "人工操作" in line]

    assert len({sheet._width(line[: line.index("nn-")]) for line in rows}) == 1


@pytest.mark.parametrize(("language", "free"), [("en", "free"), ("zh", "空")])
def test_a_rack_sheet_has_units_serial_numbers_feeds_and_cables(language: str, free: str) -> None:
    text = sheet.rack_sheet(house(), "nanning", "main", "r01", language)

    assert "| 2-3 | nn-db-01 | AJY-NN-0011 | 500 W | A, B |" in text
    assert f"| 6-35 | {free} |" in text
    assert "| nn-rt-01 | nn-core | nn-core | nn-fw-01 nn-core |" in text
    assert "1500" in text.split("|", maxsplit=1)[0], "what each PDU carries"


def test_both_languages_have_the_same_words() -> None:
    assert set(sheet.WORDS["en"]) == set(sheet.WORDS["zh"])


@pytest.mark.parametrize(
    ("direction", "language", "said"),
    [
        ("down", "en", "BY HAND, behind all of these: nn-rt-01, nn-ctl-01"),
        ("up", "en", "BY HAND, before any of these: nn-rt-01, nn-ctl-01"),
        ("down", "zh", "人工操作（在以上全部之后）: nn-rt-01, nn-ctl-01"),
    ],
)
def test_what_people_switch_beside_it_is_listed_with_the_schedule(
    direction: str, language: str, said: str
) -> None:
    found = planned(house(), direction, ["nn-db-01"])

    assert f"  {said}" in sheet.schedule_lines(found, language, ["nn-rt-01", "nn-ctl-01"])
    assert said not in "\n".join(sheet.schedule_lines(found, language))


def test_what_people_switch_is_marked_on_its_rack_and_its_rack_has_a_sheet() -> None:
    found = racks(house(), ["nn-old-01"], ["nn-rt-01"])

    assert list(found) == ["nanning/main/r01", "nanning/main/r02"]
    assert "| 40 | nn-rt-01 (BY HAND) |" in found["nanning/main/r01"]["en"]
    assert "| nn-rt-01 (人工操作) |" in found["nanning/main/r01"]["zh"]
    assert "nn-db-01 (" not in found["nanning/main/r01"]["en"]
