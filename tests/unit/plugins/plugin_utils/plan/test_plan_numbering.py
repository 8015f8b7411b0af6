# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses follow from ids alone: whatever comes, goes or is stated elsewhere renumbers nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan import addressing
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.load import load_source
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.source import Source

TITLE = {"en": "Somewhere", "zh": "某处"}
#: What a plan may hold besides its two centres: kind and id, each once.
THINGS = st.one_of(
    st.tuples(st.just("city"), st.integers(1, 99)),
    st.tuples(st.just("county"), st.tuples(st.integers(1, 99), st.integers(1, 99))),
    st.tuples(st.just("server"), st.tuples(st.sampled_from(["nn", "dr"]), st.integers(11, 254))),
    st.tuples(st.just("router"), st.tuples(st.sampled_from(["nn", "dr"]), st.integers(2, 254))),
    st.tuples(st.just("line"), st.integers(1, 16383)),
)


def _centre(number: int, code: str) -> dict[str, Any]:
    gateway = f"{code}-rt-001"
    return {
        "number": number,
        "code": code,
        "title": TITLE,
        "networks": {
            "servers": {"number": 10, "purpose": "servers", "gateway": gateway},
            "bmc": {"number": 20, "purpose": "bmc", "gateway": gateway},
        },
        "hosts": {gateway: {"kind": "router", "number": 1}},
    }


def _plan(things: list[tuple[str, Any]]) -> dict[str, Any]:
    """A plan that holds these things, stated in this order."""
    centres = {"nanning": _centre(1, "nn"), "dr": _centre(2, "dr")}
    by_code = {centre["code"]: centre for centre in centres.values()}
    plan: dict[str, Any] = {
        "plan": {"format": 1, "name": "numbers", "title": TITLE},
        "limits": {"oversubscription": 1e6},
        "centres": centres,
        "carriers": {"gx": {"number": 1, "title": TITLE, "nodes": {"gx-edge-01": {"number": 1}}}},
        "lines": {
            name: {"number": 16000 + number, "a": f"{code}-rt-001", "b": "gx-edge-01", "rate_mbit": 100}
            for number, (name, code) in enumerate((("nn-edge", "nn"), ("dr-edge", "dr")))
        },
        "cities": {},
    }

    def city(number: int) -> dict[str, Any]:
        uplink = {"to": "gx-edge-01", "rate_mbit": 50}
        fresh = {"code": f"45{number:02}00", "title": TITLE, "uplink": uplink, "counties": {}}
        return plan["cities"].setdefault(f"c{number}", fresh)

    for kind, of in things:
        if kind == "city":
            city(of)
        elif kind == "county":
            code = f"45{of[0]:02}{of[1]:02}"
            county = {"code": code, "title": TITLE, "uplink": {"rate_mbit": 20}}
            city(of[0])["counties"][f"u{code}"] = county
        elif kind == "server":
            by_code[of[0]]["hosts"][f"{of[0]}-pm-{of[1]:03}"] = {"kind": "physical_server", "number": of[1]}
        elif kind == "router":
            by_code[of[0]]["hosts"][f"{of[0]}-rt-{of[1]:03}"] = {"kind": "router", "number": of[1]}
        elif of not in (16000, 16001):
            line = {"number": of, "a": "nn-rt-001", "b": "dr-rt-001", "rate_mbit": 10}
            plan["lines"][f"l{of}"] = line
    return plan


def _addresses(things: list[tuple[str, Any]]) -> dict[str, str]:
    """Every address of the plan, by what has it."""
    data = load_source(Source(Path("plan"), data=_plan(things))).inventory()
    found: dict[str, str] = {}
    for host, values in data.hosts.items():
        for interface in values["dc_interfaces"]:
            found[f"{host} {interface['name']}"] = interface["address"].partition("/")[0]
        if "dc_bmc" in values:
            found[f"{host} bmc"] = values["dc_bmc"]["address"]
    return found


@given(data=st.data(), things=st.lists(THINGS, max_size=12, unique=True))
def test_adding_and_removing_in_any_order_renumbers_nothing(
    data: st.DataObject, things: list[tuple[str, Any]]
) -> None:
    before = _addresses(things)
    assert len(set(before.values())) == len(before), "two things share an address"
    kept = data.draw(st.lists(st.sampled_from(things), unique=True) if things else st.just([]))
    new = data.draw(st.lists(THINGS, max_size=4, unique=True))
    after = _addresses(data.draw(st.permutations([*kept, *(thing for thing in new if thing not in kept)])))
    assert {what: after[what] for what in before.keys() & after.keys()} == {
        what: before[what] for what in before.keys() & after.keys()
    }


@given(code=st.tuples(st.integers(1, 99), st.integers(0, 99)), number=st.integers(1, 16383))
def test_no_uplink_shares_a_pair_of_addresses_with_a_stated_line(code: tuple[int, int], number: int) -> None:
    uplink = addressing.uplink_index(f"45{code[0]:02}{code[1]:02}")
    assert uplink < addressing.line_index(number) < 1 << 15


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("7", [range(7, 8)]),
        ("101-103,107", [range(101, 104), range(107, 108)]),
        ("9-7", [range(9, 8)]),
    ],
)
def test_ranges_of_numbers(text: str, ranges: list[range]) -> None:
    assert addressing.number_ranges(text) == ranges
