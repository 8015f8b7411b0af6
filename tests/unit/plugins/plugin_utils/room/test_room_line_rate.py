# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A measured rate against the plan: which line it is held against, and that no figure never passes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.line_rate import (
    judged,
    lines_between,
)

HOSTVARS = {
    "nn-rt": {"dc_centre": "nanning"},
    "dr-rt": {"dc_centre": "dr"},
    "nn-fw": {"dc_centre": "nanning"},
    "edge": {},
}


def line(a: str, b: str, cost: int, rate: int = 500) -> dict[str, Any]:
    return {
        "a": {"host": a, "interface": f"to-{b}-{cost}"}, "b": {"host": b, "interface": f"to-{a}-{cost}"},
        "rate_mbit": rate, "ospf_cost": cost,
    }  # fmt: skip


LINES = {
    "slow": line("dr-rt", "nn-rt", 20, 100),
    "fast": line("nn-rt", "dr-rt", 10),
    "patch": line("nn-rt", "nn-fw", 1),
    "edge": line("nn-rt", "edge", 1),
    "out": {"a": {"host": "nn-rt", "interface": "x"}, "rate_mbit": 1, "ospf_cost": 1},
}
BETWEEN = lines_between(LINES, "nanning", "dr", HOSTVARS)
WAY = {"from": "nn-db", "to": "dr-db", "reverse": False}


def ran(mbit: float | None = None, **more: Any) -> dict[str, Any]:
    told = {"end": {"sum_received": {"bits_per_second": mbit and mbit * 1e6}, "sum_sent": {"retransmits": 3}}}
    return {"line_rate_way": WAY, "stdout": json.dumps(told), **more}


def route(*interfaces: str) -> dict[str, Any]:
    hops = [{"interface": name} for name in interfaces]
    return {"line_rate_router": "nn-rt", "route": {"next_hops": hops}}


def test_lines_between_centres_are_told_from_our_end_and_the_cheapest_first() -> None:
    assert [(one["name"], one["router"], one["interface"]) for one in BETWEEN] == [
        ("fast", "nn-rt", "to-dr-rt-10"),
        ("slow", "nn-rt", "to-dr-rt-20"),
    ]


@pytest.mark.parametrize(
    ("routes", "mbit", "ok"),
    [
        ([route("to-dr-rt-10")], 400, True),
        ([route("to-dr-rt-10")], 399.9, False),
        # By the slow line, that is what can be asked for; by both, too.
        ([route("to-dr-rt-20")], 80, True),
        ([route("to-dr-rt-10", "to-dr-rt-20")], 80, True),
        # Nobody says it: the cheapest of the plan.
        ([{"line_rate_router": "nn-rt", "msg": "no way"}], 80, False),
        ([{"line_rate_router": "nn-rt", "route": None}], 400, True),
    ],
)
def test_the_rate_is_held_against_the_line_that_the_route_takes(
    routes: list[dict[str, Any]], mbit: float, ok: bool
) -> None:
    found = judged([ran(mbit)], BETWEEN, routes, share=0.8)

    assert found["readings"][0]["ok"] is ok
    assert found["result"]["line_known"] is bool(routes[0].get("route"))


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (ran(None), "counted nothing"),
        ({"line_rate_way": WAY, "stdout": '{"error": "unable to connect"}'}, "unable to connect"),
        ({"line_rate_way": WAY, "stdout": "", "stderr": "iperf3: killed"}, "killed"),
        ({"line_rate_way": WAY, "unreachable": True, "msg": "no way in"}, "no way in"),
    ],
)
def test_without_a_figure_nothing_passes(one: dict[str, Any], why: str) -> None:
    found = judged([one], BETWEEN, [], share=0.8)

    assert found["readings"][0]["ok"] is None
    assert why in found["readings"][0]["reading"]


def test_without_a_line_in_the_plan_nothing_passes() -> None:
    assert judged([ran(900)], [], [], share=0.8)["readings"][0]["ok"] is None
